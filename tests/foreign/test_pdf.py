"""The report in PDF, read by poppler's programs and held against the same report in JSON and CSV."""

import csv
import functools
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import reports
from reports import EXAMPLES, Figures, program


def output(name, *arguments):
    """What a program prints; skips the test if it is not installed.

    Among the UTF-8 of `pdfinfo` stand titles of headings in UTF-16, which are not looked at.
    """
    command = [program(name), *arguments]
    done = subprocess.run(command, capture_output=True, check=True, timeout=reports.TIMEOUT)
    return done.stdout.decode("utf-8", "replace")


def squeezed(text):
    """Text without spaces and line breaks, which paper puts elsewhere."""
    return re.sub(r"\s+", "", text)


def cells_of(name):
    """Every cell of the form with its labels and its printed value."""
    with open(reports.SESSION.report(name, "csv"), encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def text_of(pdf):
    """The text of all pages, without what parts a sentence that goes on on the next page."""
    pages = output("pdftotext", "-raw", pdf, "-").split("\f")
    return "".join(re.sub(r"—\d+—$", "", squeezed(page)) for page in pages)


def tables_of(pdf):
    """The tables of the form in the document's structure, as rows of (tag, text).

    It is they that say what they are about.
    """
    tables, official, tag = [], [], None
    for line in output("pdfinfo", "-struct-text", pdf).splitlines():
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


def for_each(test):
    """Tests every example's report: its name, and the file."""

    @functools.wraps(test)
    def tests(self):
        for name in EXAMPLES:
            with self.subTest(name):
                test(self, name, reports.SESSION.report(name, "pdf"))

    return tests


class PdfTest(unittest.TestCase):
    @for_each
    def test_every_font_is_embedded(self, name, pdf):
        rows = output("pdffonts", pdf).splitlines()[2:]
        self.assertTrue(rows)
        for row in rows:
            self.assertEqual(row.split()[-5:-2], ["yes", "yes", "yes"], row)

    @for_each
    def test_it_says_that_it_is_for_the_archive_and_tagged(self, name, pdf):
        info = output("pdfinfo", pdf)
        self.assertRegex(info, r"(?m)^Tagged: +yes$")
        self.assertRegex(info, rf"(?m)^Title: +{Figures(name).title}$")
        meta = output("pdfinfo", "-meta", pdf)
        for part, value in (("part", "2"), ("conformance", "A")):
            self.assertRegex(meta, rf"pdfaid:{part}(>|=\"){value}[<\"]")

    @for_each
    def test_every_label_is_on_paper(self, name, pdf):
        labels = {label for cell in cells_of(name) for label in cell["label"].split(" / ")}
        self.assertGreater(len(labels), 40)
        text = text_of(pdf)
        # What is broken within a cell is interrupted by its neighbours in the text of a page.
        told = {squeezed(cell) for table in tables_of(pdf) for row in table for _, cell in row}
        for label in map(squeezed, labels):
            self.assertTrue(label in text or label in told, label)
        for title in reports.SECTION_TITLES:
            self.assertIn(title, text)

    @for_each
    def test_every_number_is_in_its_place(self, name, pdf):
        tables = tables_of(pdf)
        self.assertEqual(len(tables), 3)
        for table, of in zip(tables, ("proactive", "applications", "remedies")):
            expected = [cell["value"] for cell in cells_of(name) if cell["table"] == of]
            found = [text for row in table for tag, text in row if tag == "TD"]
            if of == "applications":
                self.assertEqual(found.pop(0), reports.CORNER)
            self.assertEqual(found, expected)

    @for_each
    def test_the_numbers_are_those_of_the_json(self, name, pdf):
        figures = Figures(name)
        flat = figures.proactive + sum(figures.applications, []) + figures.remedies
        told = [float(cell["value"]) if cell["value"] else None for cell in cells_of(name)]
        self.assertEqual(told, flat)

    @for_each
    def test_every_plain_sentence_of_the_narrative_is_on_paper(self, name, pdf):
        text = text_of(pdf)
        sections = [section for section in Figures(name).report["sections"].values() if section]
        seen = 0
        for section in sections:
            for line in section.splitlines():
                if line and not re.search(r"[*`|<>\[\]{}#_~\\&]", line):
                    line = re.sub(r"^\s*(\d+\.|-)\s+", "", line)
                    self.assertIn(squeezed(line), text)
                    seen += 1
        self.assertGreaterEqual(seen, len(sections))

    @for_each
    def test_no_page_is_blank(self, name, pdf):
        with tempfile.TemporaryDirectory() as folder:
            output("pdftoppm", "-r", "30", "-gray", pdf, f"{folder}/page")
            pages = sorted(Path(folder).iterdir())
            self.assertTrue(pages)
            for page in pages:
                dark = sum(1 for pixel in page.read_bytes()[20:] if pixel < 200)
                self.assertGreater(dark, 100, page.name)


if __name__ == "__main__":
    unittest.main()
