"""The Word document, read by python-docx and printed by LibreOffice."""

import unittest

import docx
from docx.oxml.ns import qn
from docx.shared import Mm

import reports
from reports import EXAMPLES, Figures


def number(text):
    """A figure as JSON has it."""
    if text == "":
        return None
    return float(text) if "." in text else int(text)


def grid(table):
    """The cells of every row; a cell that covers several places is there once for each."""
    return [row.cells for row in table.rows]


def once(cells):
    """A row's cells, each once."""
    kept = []
    for cell in cells:
        if not kept or kept[-1]._tc is not cell._tc:
            kept.append(cell)
    return kept


class DocxTest(unittest.TestCase):
    def open(self, name):
        return docx.Document(str(reports.SESSION.report(name, "docx")))

    def tables(self, name):
        """The tables of the form; a table of the narrative has no caption."""
        document = self.open(name)
        official = [
            table
            for table in document.tables
            if table._tbl.tblPr.find(qn("w:tblCaption")) is not None
        ]
        self.assertEqual(len(official), 3)
        return official

    def test_every_figure_equals_the_json(self):
        for name in EXAMPLES:
            with self.subTest(name):
                figures = Figures(name)
                proactive, applications, remedies = map(grid, self.tables(name))
                declared = []
                for cells in map(once, proactive):
                    if len(cells) > 1 and cells[0].text != reports.CONTENT:
                        declared += [number(cell.text) for cell in cells[1:]]
                self.assertEqual(declared, figures.proactive)
                counted = [[number(cell.text) for cell in row[3:]] for row in applications[3:]]
                self.assertEqual(counted, figures.applications)
                self.assertEqual([number(cell.text) for cell in remedies[3]], figures.remedies)

    def test_cells_are_merged_as_on_the_form(self):
        for name in EXAMPLES:
            with self.subTest(name):
                rows = grid(self.tables(name)[1])
                covered = {}
                for row, cells in enumerate(rows):
                    for column, cell in enumerate(cells):
                        covered.setdefault(cell._tc, (cell.text, []))[1].append((row, column))
                extents = {text: places for text, places in covered.values()}
                corner = [(row, column) for row in range(3) for column in range(3)]
                self.assertEqual(extents[reports.CORNER], corner)
                results = [(row, 0) for row in range(5, len(rows) - 1)]
                self.assertEqual(extents[reports.RESULTS], results)
                organizations = [(1, column) for column in range(4, 9)]
                self.assertEqual(extents[reports.ORGANIZATIONS], organizations)

    def test_header_rows_are_repeated_on_every_page(self):
        for name in EXAMPLES:
            repeated = [
                sum(row._tr.trPr.find(qn("w:tblHeader")) is not None for row in table.rows)
                for table in self.tables(name)
            ]
            self.assertEqual(repeated, [0, 3, 3])

    def test_the_properties_name_report_and_agency(self):
        for name in EXAMPLES:
            properties = self.open(name).core_properties
            figures = Figures(name)
            self.assertEqual(properties.title, figures.title)
            self.assertEqual(properties.author, figures.report["agency_name"])

    def test_the_page_is_that_of_the_standard(self):
        document = self.open("luoyang")
        section = document.sections[0]
        extents = [
            (section.page_width, 210),
            (section.page_height, 297),
            (section.top_margin, 37),
            (section.left_margin, 28),
            (section.right_margin, 26),
            (section.bottom_margin, 35),
        ]
        for extent, millimetres in extents:
            self.assertAlmostEqual(extent / Mm(1), millimetres, places=1)
        self.assertTrue(document.settings.odd_and_even_pages_header_footer)

    def test_the_sections_are_headings_in_order(self):
        for name in EXAMPLES:
            paragraphs = self.open(name).paragraphs
            titles = [p.text for p in paragraphs if p.style.style_id == "Heading1"]
            self.assertEqual(titles, reports.SECTION_TITLES)

    def test_libreoffice_prints_it(self):
        for name in EXAMPLES:
            with self.subTest(name):
                pdf = reports.converted(reports.SESSION.report(name, "docx"), "pdf")
                text, pages = reports.text_of_pdf(pdf)
                figures = Figures(name)
                self.assertGreater(pages, 1)
                for expected in [figures.title, *reports.SECTION_TITLES]:
                    self.assertIn(expected, text)
                for page in range(1, pages + 1):
                    self.assertIn(f"—{page}—", text)
                for row in figures.applications:
                    shown = "".join("" if value is None else str(value) for value in row)
                    self.assertIn(shown, text)


if __name__ == "__main__":
    unittest.main()
