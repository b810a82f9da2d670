"""Holds a report in PDF against the same report in JSON and CSV, through poppler's programs.

usage: test_pdf.py REPORT.pdf REPORT.json REPORT.csv

Needs pdftotext, pdffonts, pdfinfo and pdftoppm (Debian: poppler-utils).
"""

import csv
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path


def output(*command):
    """What a program prints; fails if it fails."""
    run = subprocess.run(command, check=True, capture_output=True)
    return run.stdout.decode("utf-8", "replace")


def squeezed(text):
    """Text without spaces and line breaks, which paper puts elsewhere."""
    return re.sub(r"\s+", "", text)


def printed(value):
    return "" if value is None else str(value)


class Report:
    def __init__(self, pdf, data, cells):
        self.pdf = pdf
        self.data = json.loads(Path(data).read_text(encoding="utf-8"), parse_float=str)
        with open(cells, encoding="utf-8-sig", newline="") as file:
            self.cells = list(csv.DictReader(file))
        # A sentence goes on on the next page, and the page number stands between.
        pages = output("pdftotext", "-raw", pdf, "-").split("\f")
        self.text = "".join(re.sub(r"—\d+—$", "", squeezed(page)) for page in pages)
        self.tables = self.read_tables()

    def read_tables(self):
        """Every official table of the document's structure as rows of (tag, text).

        It is they that say what they are about.
        """
        tables, official, tag = [], [], None
        for line in output("pdfinfo", "-struct-text", self.pdf).splitlines():
            line = line.strip()
            word = line.split(" ")[0].rstrip(":")
            if word == "Table":
                tables.append([])
            elif word == "/Summary":
                official.append(tables[-1])
            elif word == "TR":
                tables[-1].append([])
            elif word in ("TH", "TD"):
                tables[-1][-1].append([word, ""])
                tag = word
            elif line.startswith('"') and tag:
                tables[-1][-1][-1][1] += line[1:-1]
            elif not line.startswith("/"):
                tag = None
        return official

    def numbers(self, table):
        """The data cells of a table, in the order of reading; the corner of table three is one."""
        return [text for row in self.tables[table] for tag, text in row if tag == "TD"]


def test_every_font_is_embedded(report):
    rows = output("pdffonts", report.pdf).splitlines()[2:]
    assert rows, "no font"
    for row in rows:
        embedded, subset, unicode = row.split()[-5:-2]
        assert (embedded, subset, unicode) == ("yes", "yes", "yes"), row


def test_it_says_that_it_is_archive_quality_and_tagged(report):
    info = output("pdfinfo", report.pdf)
    assert re.search(r"^Tagged: +yes$", info, re.M), info
    agency, year = report.data["agency_name"], report.data["year"]
    assert re.search(rf"^Title: +{agency}{year}年", info, re.M), info
    meta = output("pdfinfo", "-meta", report.pdf)
    for part, value in (("part", "2"), ("conformance", "A")):
        assert re.search(rf"pdfaid:{part}>{value}<|pdfaid:{part}=\"{value}\"", meta), meta


def test_every_label_is_on_paper(report):
    labels = {label for cell in report.cells for label in cell["label"].split(" / ")}
    assert len(labels) > 40, labels
    for label in labels:
        assert squeezed(label) in report.text or any(
            squeezed(label) == squeezed(text)
            for table in report.tables
            for row in table
            for _, text in row
        ), label


def test_every_number_is_in_its_place(report):
    assert len(report.tables) == 3, len(report.tables)
    for table, of in enumerate(("proactive", "applications", "remedies")):
        expected = [cell["value"] for cell in report.cells if cell["table"] == of]
        found = report.numbers(table)
        if of == "applications":
            assert "勾稽关系" in found[0], found[0]
            found = found[1:]
        assert found == expected, (of, found, expected)


def test_the_numbers_are_those_of_the_json_report(report):
    tables = report.data["tables"]
    flat = list(tables["proactive"].values())
    flat += [value for row in tables["applications"].values() for value in row.values()]
    flat += list(tables["remedies"].values())
    assert [cell["value"] for cell in report.cells] == [printed(value) for value in flat]


def test_every_plain_sentence_of_the_narrative_is_on_paper(report):
    seen = 0
    for text in report.data["sections"].values():
        for line in (text or "").splitlines():
            if line and not re.search(r"[*`|<>\[\]#_~\\&]", line):
                line = re.sub(r"^\s*(\d+\.|-)\s+", "", line)
                assert squeezed(line) in report.text, line
                seen += 1
    assert seen > 0 or not any(report.data["sections"].values()), "no sentence"


def test_no_page_is_blank(report):
    with tempfile.TemporaryDirectory() as folder:
        output("pdftoppm", "-r", "30", "-gray", report.pdf, f"{folder}/page")
        pages = sorted(Path(folder).iterdir())
        assert pages, "no page"
        for page in pages:
            pixels = page.read_bytes()
            dark = sum(1 for pixel in pixels[20:] if pixel < 200)
            assert dark > 100, f"{page.name}: {dark} dark points"


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    report = Report(*sys.argv[1:])
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_")]
    failed = 0
    for name, test in tests:
        try:
            test(report)
            print(f"{name} ... ok")
        except AssertionError as error:
            failed += 1
            print(f"{name} ... FAILED: {error}")
    print(f"{len(tests) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
