"""Holds tests/fixtures/calendar/working_days.txt against the package `chinesecalendar`.

The Rust tests hold the calendar of the program against that file, so the two never have to meet.
With --write the file is written anew from the package.
"""

import calendar
import datetime
import pathlib
import sys

import chinese_calendar

FIXTURE = pathlib.Path(__file__).parent.parent / "fixtures" / "calendar" / "working_days.txt"
HEAD = "# Month and, day by day, 1 if worked; from the Python package chinesecalendar 1.11.0.\n"
FIRST, LAST = (2018, 12), (2026, 12)


def months():
    year, month = FIRST
    while (year, month) <= LAST:
        yield year, month
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def line(year, month):
    days = range(1, calendar.monthrange(year, month)[1] + 1)
    marks = (chinese_calendar.is_workday(datetime.date(year, month, day)) for day in days)
    return f"{year}-{month:02} " + "".join("1" if mark else "0" for mark in marks) + "\n"


def main():
    package = [line(year, month) for year, month in months()]
    if sys.argv[1:] == ["--write"]:
        FIXTURE.write_text(HEAD + "".join(package), encoding="utf-8")
        return 0
    fixture = FIXTURE.read_text(encoding="utf-8").splitlines(keepends=True)[1:]
    failed = 0
    for published, kept in zip(package, fixture, strict=True):
        if published != kept:
            failed += 1
            print(f"the package says {published.strip()}, the fixture {kept.strip()}")
    print(f"{len(package) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
