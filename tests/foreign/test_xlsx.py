"""The workbook, read by openpyxl and calculated by LibreOffice."""

import random
import unittest

import openpyxl
from openpyxl.utils import get_column_letter

import reports
from reports import EXAMPLES, Figures

BALANCE = "第一项加第二项之和，等于第三项加第四项之和"
RESULT_SUM = "本年度办理结果总计等于各项结果之和"
ROW_SUM = "总计等于各类申请人之和"
REMEDY_SUM = "总计等于维持、纠正、其他结果与尚未审结之和"
HOLDS = "✓"
NOT_ASSESSABLE = "空白，无法核对"

HEADER_ROWS = 3
FIRST_ROW = 3
"""Of a table, below the titles of report and section."""
BODY_ROW = FIRST_ROW + HEADER_ROWS
LABELS = 3


def sheets(file, **how):
    """The three sheets of the form."""
    return openpyxl.load_workbook(file, **how).worksheets[:3]


def declared(sheet):
    """The figures of table two, in the order of the form."""
    spans = {}
    for merged in sheet.merged_cells.ranges:
        for column in range(merged.min_col, merged.max_col + 1):
            spans[(merged.min_row, column)] = merged
    figures = []
    for row in range(FIRST_ROW, sheet.max_row + 1):
        label = sheet.cell(row, 1).value
        if (row, 1) in spans or label == reports.CONTENT or label is None:
            continue
        for column in range(2, sheet.max_column + 1):
            merged = spans.get((row, column))
            if merged is None or merged.min_col == column:
                figures.append(sheet.cell(row, column).value)
    return figures


def counted(sheet, rows):
    """The figures of table three."""
    return [
        [sheet.cell(BODY_ROW + row, LABELS + 1 + column).value for column in range(7)]
        for row in range(rows)
    ]


def remedies(sheet):
    """The figures of table four."""
    return [sheet.cell(BODY_ROW, 1 + column).value for column in range(15)]


def row_below(sheet, statement):
    """The row under the line that says this."""
    for row in range(1, sheet.max_row + 1):
        if sheet.cell(row, 1).value == statement:
            return row + 1
    raise AssertionError(f"{statement} is not in {sheet.title}")


def column_under(sheet, statement):
    """The column whose head says this."""
    for column in range(1, sheet.max_column + 1):
        if sheet.cell(FIRST_ROW, column).value == statement:
            return column
    raise AssertionError(f"{statement} is not in {sheet.title}")


def assessed(left, right, totals):
    """What a check has to show, reckoned here."""
    if any(total is None for total in totals):
        return NOT_ASSESSABLE
    difference = sum(v or 0 for v in left) - sum(v or 0 for v in right)
    return HOLDS if difference == 0 else difference


def expected(applications, cases):
    """Every check by sheet and cell name, from the figures alone."""
    checks = {}
    *results, total, carried_out = applications[2:]
    for column in range(7):
        letter = get_column_letter(LABELS + 1 + column)
        received, carried_in = applications[0][column], applications[1][column]
        in_total = [received, carried_in, carried_out[column]] if column == 6 else []
        checks[(1, BALANCE, letter)] = assessed(
            [received, carried_in],
            [total[column], carried_out[column]],
            [total[column], *in_total],
        )
        parts = [row[column] for row in results]
        checks[(1, RESULT_SUM, letter)] = assessed(
            [total[column]], parts, [total[column], *(parts if column == 6 else [])]
        )
    for place, row in enumerate(applications):
        kinds = row[:6]
        is_total = place == len(applications) - 2
        checks[(1, ROW_SUM, BODY_ROW + place)] = assessed(
            [row[6]], kinds, [row[6], *(kinds if is_total else [])]
        )
    for block in range(3):
        *parts, total = cases[block * 5 : block * 5 + 5]
        letter = get_column_letter(block * 5 + 5)
        checks[(2, REMEDY_SUM, letter)] = assessed([total], parts, [total])
    return checks


def shown(file):
    """Every check as a file shows it without being calculated anew."""
    checks = {}
    for number, sheet in enumerate(sheets(file, data_only=True)):
        if number == 0:
            continue
        formulas = sheets(file)[number]
        below = {}
        for statement in [BALANCE, RESULT_SUM] if number == 1 else [REMEDY_SUM]:
            below[row_below(sheet, statement)] = statement
        beside = column_under(sheet, ROW_SUM) if number == 1 else None
        for row in formulas.iter_rows():
            for cell in row:
                if not (isinstance(cell.value, str) and cell.value.startswith("=")):
                    continue
                value = sheet[cell.coordinate].value
                if cell.column == beside:
                    checks[(number, ROW_SUM, cell.row)] = value
                else:
                    checks[(number, below[cell.row], cell.column_letter)] = value
    return checks


def calculated(file):
    """The same workbook with every formula calculated by LibreOffice and no result of ours."""
    book = openpyxl.load_workbook(file)
    bare = reports.SESSION.folder / f"{file.stem}-bare.xlsx"
    book.save(bare)
    return reports.converted(bare, "xlsx")


class XlsxTest(unittest.TestCase):
    def figures_of(self, file, form_rows):
        second, third, fourth = sheets(file, data_only=True)
        return declared(second), counted(third, form_rows), remedies(fourth)

    def test_every_figure_equals_the_json(self):
        for name in EXAMPLES:
            with self.subTest(name):
                figures = Figures(name)
                file = reports.SESSION.report(name, "xlsx")
                found = self.figures_of(file, len(figures.applications))
                expected = (figures.proactive, figures.applications, figures.remedies)
                self.assertEqual(found, expected)

    def test_the_sheet_for_programs_equals_the_json(self):
        for name in EXAMPLES:
            with self.subTest(name):
                book = openpyxl.load_workbook(reports.SESSION.report(name, "xlsx"))
                head, *lines = book["数据"].iter_rows(values_only=True)
                self.assertEqual(head, ("table", "row", "column", "cell", "label", "value"))
                tables = {"proactive": {}, "applications": {}, "remedies": {}}
                for table, row, column, cell, _, value in lines:
                    keys = ".".join(key for key in [table, row, column] if key)
                    self.assertEqual(cell, keys)
                    if table == "applications":
                        tables[table].setdefault(row, {})[column] = value
                    else:
                        tables[table][cell.removeprefix(f"{table}.")] = value
                self.assertEqual(tables, Figures(name).report["tables"])

    def test_cells_are_merged_as_on_the_form(self):
        for name in EXAMPLES:
            with self.subTest(name):
                _, third, fourth = sheets(reports.SESSION.report(name, "xlsx"))
                rows = len(Figures(name).applications)
                merged = {str(cells): third[str(cells).split(":")[0]].value
                          for cells in third.merged_cells.ranges}
                self.assertEqual(merged["A3:C5"], reports.CORNER)
                self.assertEqual(merged[f"A8:A{BODY_ROW + rows - 2}"], reports.RESULTS)
                self.assertEqual(merged["E4:I4"], reports.ORGANIZATIONS)
                merged = {str(cells) for cells in fourth.merged_cells.ranges}
                self.assertLessEqual({"A3:E3", "F3:O3", "F4:J4", "K4:O4", "A4:A5"}, merged)

    def test_the_stored_results_are_right(self):
        for name in EXAMPLES:
            with self.subTest(name):
                figures = Figures(name)
                file = reports.SESSION.report(name, "xlsx")
                self.assertEqual(shown(file), expected(figures.applications, figures.remedies))

    def test_libreoffice_finds_that_every_check_of_a_good_report_holds(self):
        for name in ["luoyang", "shanghai"]:
            with self.subTest(name):
                checks = shown(calculated(reports.SESSION.report(name, "xlsx")))
                rows = len(Figures(name).applications)
                self.assertEqual(len(checks), 7 + 7 + rows + 3)
                self.assertEqual(set(checks.values()), {HOLDS})

    def test_libreoffice_shows_the_difference_of_a_broken_report(self):
        for name in EXAMPLES:
            with self.subTest(name):
                file = reports.SESSION.report(name, "xlsx")
                rows = len(Figures(name).applications)
                book = openpyxl.load_workbook(file)
                dice = random.Random(name)
                cells = [
                    *(book.worksheets[1].cell(BODY_ROW + row, LABELS + 1 + column)
                      for row in range(rows) for column in range(7)),
                    *(book.worksheets[2].cell(BODY_ROW, 1 + column) for column in range(15)),
                ]
                for cell in cells:
                    cell.value = None if dice.random() < 0.02 else dice.randrange(1000)
                broken = reports.SESSION.folder / f"{name}-broken.xlsx"
                book.save(broken)
                file = reports.converted(broken, "xlsx")
                _, applications, cases = self.figures_of(file, rows)
                checks = shown(file)
                self.assertEqual(checks, expected(applications, cases))
                self.assertNotIn(HOLDS, checks.values())

    def test_libreoffice_prints_it(self):
        for name in EXAMPLES:
            with self.subTest(name):
                pdf = reports.converted(reports.SESSION.report(name, "xlsx"), "pdf")
                text, pages = reports.text_of_pdf(pdf)
                self.assertGreater(pages, 4)
                for expected in [Figures(name).title, *reports.SECTION_TITLES]:
                    self.assertIn(expected, text)

    def test_the_sheets_are_set_up_for_paper(self):
        book = openpyxl.load_workbook(reports.SESSION.report("shanghai", "xlsx"))
        for sheet in book.worksheets:
            self.assertEqual(int(sheet.page_setup.paperSize), 9)
            self.assertTrue(sheet.sheet_properties.pageSetUpPr.fitToPage)
            self.assertIsNotNone(sheet.freeze_panes)
        third = book.worksheets[1]
        self.assertEqual(third.print_title_rows, "$3:$5")
        self.assertEqual(third.freeze_panes, "D6")
        self.assertTrue(third.print_area.endswith("$A$1:$J$28"), third.print_area)
        self.assertEqual(book.properties.creator, "上海市人民政府办公厅")


if __name__ == "__main__":
    unittest.main()
