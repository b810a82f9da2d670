"""The HTML page in headless Chromium: what its accessibility tree tells, what it asks of the
network, and how it stands on a telephone and on paper.

Which headers a figure has is told by the roles that Chromium gives the cells and by where it put
them, and has to be the label that the report in CSV gives the same cell.
"""

import base64
import csv
import fcntl
import json
import os
import re
import select
import shutil
import subprocess
import time
import unittest

import reports
from reports import EXAMPLES

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--remote-debugging-pipe",
]

WAIT = 60
"""How long an answer of the browser may take: seconds."""

CELLS = """(() => [...document.querySelectorAll('td, th')].map((cell, number) => {
  cell.dataset.testNumber = number;
  const box = cell.getBoundingClientRect();
  return {
    number, tag: cell.tagName, figure: cell.dataset.cell ?? null, text: cell.textContent,
    table: [...document.querySelectorAll('table')].indexOf(cell.closest('table')),
    group: [...document.querySelectorAll('thead, tbody')].indexOf(cell.parentNode.parentNode),
    head: cell.parentNode.parentNode.tagName === 'THEAD',
    left: box.left, right: box.right, top: box.top, bottom: box.bottom,
  };
}))()"""


class Browser:
    """Chromium, spoken to by its debugging protocol."""

    def __init__(self):
        path = reports.program("chromium", "chromium-browser", "google-chrome")
        self.profile = reports.SESSION.folder / "chromium"
        # The browser listens at its descriptor 3 and answers at 4.
        ends = [pipe_end for pipe in (os.pipe(), os.pipe()) for pipe_end in pipe]
        above = [fcntl.fcntl(end, fcntl.F_DUPFD, 20) for end in ends]
        hears, self.asks, self.answers, speaks = above
        for end in ends:
            os.close(end)
        shell = ["bash", "-c", f'exec "$@" 3<&{hears} 4>&{speaks}', "chromium"]
        self.process = subprocess.Popen(
            [*shell, path, *FLAGS, f"--user-data-dir={self.profile}", "about:blank"],
            pass_fds=(hears, speaks), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        os.close(hears)
        os.close(speaks)
        self.read, self.events, self.last, self.session = b"", [], 0, None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ["Page", "Network", "Runtime", "Log", "DOM", "Accessibility"]:
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        self.last += 1
        message = {"id": self.last, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        question = json.dumps(message).encode() + b"\0"
        while question:
            question = question[os.write(self.asks, question):]
        while True:
            answer = json.loads(self.message())
            if answer.get("id") == self.last:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def message(self):
        while b"\0" not in self.read:
            ready, _, _ = select.select([self.answers], [], [], WAIT)
            more = os.read(self.answers, 1 << 20) if ready else b""
            if not more:
                raise RuntimeError("Chromium does not answer")
            self.read += more
        message, self.read = self.read.split(b"\0", 1)
        return message

    def open(self, file, width, height=900):
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1}
        self.call("Emulation.setDeviceMetricsOverride", mobile=width < 600, **metrics)
        self.events = []
        self.call("Page.navigate", url=file.as_uri())
        until = time.monotonic() + WAIT
        while self.evaluate("document.readyState + location.href") != f"complete{file.as_uri()}":
            if time.monotonic() > until:
                raise RuntimeError(f"{file} did not load")

    def evaluate(self, expression):
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in found:
            raise RuntimeError(found["exceptionDetails"])
        return found["result"].get("value")

    def named(self, name):
        """The parameters of every event of a name since the page was opened."""
        return [event["params"] for event in self.events if event.get("method") == name]

    def close(self):
        self.process.kill()
        os.close(self.asks)
        os.close(self.answers)
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)


def value(property):
    return (property or {}).get("value", "")


class HtmlTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()

    def open(self, name, width=1280):
        self.browser.open(reports.SESSION.report(name, "html"), width)
        return self.browser

    def tree(self):
        """The nodes of the accessibility tree that are not ignored."""
        nodes = self.browser.call("Accessibility.getFullAXTree")["nodes"]
        return [node for node in nodes if not node.get("ignored")]

    def roles(self):
        """The role that the accessibility tree gives each cell, by the cell's number."""
        browser = self.browser
        root = browser.call("DOM.getDocument", depth=-1, pierce=False)["root"]
        numbers, left = {}, [root]
        while left:
            node = left.pop()
            left += node.get("children", [])
            attributes = node.get("attributes", [])
            attributes = dict(zip(attributes[::2], attributes[1::2]))
            if "data-test-number" in attributes:
                numbers[node["backendNodeId"]] = int(attributes["data-test-number"])
        found = {}
        for node in self.tree():
            number = numbers.get(node.get("backendDOMNodeId"))
            if number is not None:
                found[number] = value(node.get("role"))
        return found

    def test_every_figure_has_the_headers_that_its_label_names(self):
        for name in EXAMPLES:
            with self.subTest(name):
                self.open(name)
                cells = self.browser.evaluate(CELLS)
                roles = self.roles()
                file = reports.SESSION.report(name, "csv")
                with file.open(encoding="utf-8-sig", newline="") as lines:
                    labels = {row["cell"]: row for row in csv.DictReader(lines)}
                figures = [cell for cell in cells if cell["figure"] is not None]
                self.assertEqual([cell["figure"] for cell in figures], list(labels))
                for figure in figures:
                    row = labels[figure["figure"]]
                    self.assertIn(roles.get(figure["number"]), ["cell", "gridcell"])
                    self.assertEqual(figure["text"], row["value"], figure["figure"])
                    headers = self.headers(figure, cells, roles)
                    self.assertEqual(headers, row["label"], figure["figure"])

    def headers(self, figure, cells, roles):
        """The labels of the headers of a figure: to its left or over its rows, then above it."""
        rows, columns = [], []
        for cell in cells:
            if cell["table"] != figure["table"]:
                continue
            role = roles.get(cell["number"])
            same_group = cell["group"] == figure["group"]
            beside = cell["top"] <= figure["top"] + 1 and figure["bottom"] <= cell["bottom"] + 1
            over = cell["left"] <= figure["left"] + 1 and figure["right"] <= cell["right"] + 1
            above = cell["bottom"] <= figure["top"] + 1
            if role == "rowheader" and same_group:
                if beside and cell["right"] <= figure["left"] + 1:
                    rows.append((cell["left"], cell["top"], cell["text"]))
                elif above and over:
                    # The caption of a block of rows.
                    rows.append((-1, cell["top"], cell["text"]))
            if role == "columnheader" and over and above and (same_group or cell["head"]):
                columns.append((cell["top"], cell["text"]))
        texts = [row[-1] for row in sorted(rows)] + [column[-1] for column in sorted(columns)]
        return " / ".join(texts)

    def test_tables_charts_and_headings_are_named(self):
        for name in EXAMPLES:
            with self.subTest(name):
                self.open(name)
                tree = self.tree()
                role = lambda wanted: [n for n in tree if value(n.get("role")) == wanted]
                self.assertEqual(len(role("main")), 1)
                tables = [value(node.get("name")) for node in role("table")]
                self.assertGreaterEqual(len(tables), 3)
                for title in reports.SECTION_TITLES[1:4]:
                    self.assertIn(title.split("、", 1)[1], tables)
                levels = [
                    int(value(prop["value"]))
                    for node in role("heading")
                    for prop in node.get("properties", [])
                    if prop["name"] == "level"
                ]
                self.assertEqual(levels[0], 1)
                self.assertEqual(levels.count(1), 1)
                for before, after in zip(levels, levels[1:]):
                    self.assertLessEqual(after, before + 1, levels)
                titles = [value(node.get("name")) for node in role("heading")]
                for title in reports.SECTION_TITLES:
                    self.assertIn(title, titles)

    def test_a_chart_is_an_image_with_its_title_and_its_figures_in_words(self):
        for name in EXAMPLES:
            with self.subTest(name):
                self.open(name)
                images = [n for n in self.tree() if value(n.get("role")) in ("image", "img")]
                titles = self.browser.evaluate(
                    "[...document.querySelectorAll('figcaption')].map(title => title.textContent)"
                )
                self.assertGreaterEqual(len(titles), 3)
                self.assertEqual(len(images), len(titles))
                for image, title in zip(images, titles):
                    pattern = re.escape(title) + r" .*年.*\d+件.*。"
                    self.assertRegex(value(image.get("name")), f"^{pattern}$")

    def test_nothing_is_fetched_run_or_complained_of(self):
        for name in EXAMPLES:
            with self.subTest(name):
                browser = self.open(name)
                browser.evaluate("1")
                asked = browser.named("Network.requestWillBeSent")
                asked = [event["request"]["url"] for event in asked]
                self.assertEqual(asked, [reports.SESSION.report(name, "html").as_uri()])
                complaints = browser.named("Log.entryAdded")
                complaints += browser.named("Runtime.consoleAPICalled")
                complaints += browser.named("Runtime.exceptionThrown")
                self.assertEqual(complaints, [])
                self.assertEqual(browser.evaluate("document.scripts.length"), 0)
                self.assertEqual(browser.evaluate("document.compatMode"), "CSS1Compat")

    def test_on_a_telephone_the_page_is_as_wide_as_the_screen_and_charts_can_be_read(self):
        for name in EXAMPLES:
            with self.subTest(name):
                browser = self.open(name, width=375)
                self.assertEqual(browser.evaluate("document.documentElement.scrollWidth"), 375)
                smallest = browser.evaluate(
                    "Math.min(...[...document.querySelectorAll('svg text')]"
                    ".map(text => text.getBoundingClientRect().height))"
                )
                self.assertGreater(smallest, 11)

    def test_words_in_charts_stand_apart_and_within(self):
        script = """(() => [...document.querySelectorAll('svg')].flatMap(svg => {
          const page = svg.getBoundingClientRect(), faults = [];
          const boxes = [...svg.querySelectorAll('text, rect')].filter(n => !n.closest('defs'))
            .map(node => ({node, box: node.getBoundingClientRect()}));
          for (const {node, box} of boxes) {
            if (box.left < page.left - 1 || box.right > page.right + 1
                || box.bottom > page.bottom + 1)
              faults.push('outside: ' + node.textContent);
            for (const other of boxes)
              if (node !== other.node && node.tagName === 'text'
                  && box.left < other.box.right - 1 && other.box.left < box.right - 1
                  && box.top + box.height / 4 < other.box.bottom - other.box.height / 4
                  && other.box.top + other.box.height / 4 < box.bottom - box.height / 4)
                faults.push(node.textContent + ' covers ' + other.node.textContent);
          }
          return faults;
        }))()"""
        for name in EXAMPLES:
            for width in [375, 1280]:
                with self.subTest(f"{name} at {width}"):
                    self.assertEqual(self.open(name, width).evaluate(script), [])

    def test_on_paper_every_figure_and_every_chart_is_printed(self):
        for name in EXAMPLES:
            with self.subTest(name):
                browser = self.open(name)
                printed = browser.call("Page.printToPDF", preferCSSPageSize=True)
                file = reports.SESSION.folder / f"{name}.printed.pdf"
                file.write_bytes(base64.b64decode(printed["data"]))
                text, pages = reports.text_of_pdf(file)
                self.assertLess(pages, 12)
                titles = browser.evaluate(
                    "[...document.querySelectorAll('h2, figcaption')].map(node => node.textContent)"
                )
                self.assertGreaterEqual(len(titles), 9)
                for title in titles:
                    self.assertIn(re.sub(r"\s+", "", title), text)


if __name__ == "__main__":
    unittest.main()
