"""Dates as exports write them."""

import datetime as dt
import re

_FIRST_SERIAL, _LAST_SERIAL = 20_000, 80_000
"""Numbers that are read as Excel's dates: the years 1954 to 2119."""

_EXCEL_EPOCH = dt.date(1899, 12, 30)
_SHAPES = ("%Y-%m-%d", "%d/%m/%Y", "%d/%m/%y", "%d-%m-%Y", "%d.%m.%Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y")
_TIME = re.compile(r"[T ]\d{1,2}:\d\d.*$")


def plain_date(cell: object) -> str:
    """The date in a cell as `2026-03-14`, day before month as in the UK; empty if it cannot be told.

    A number is taken for the count of days by which Excel stores a date.
    """
    text = _TIME.sub("", str(cell or "").strip())
    if not text:
        return ""
    if is_serial(text):
        return (_EXCEL_EPOCH + dt.timedelta(days=int(float(text)))).isoformat()
    for shape in _SHAPES:
        try:
            return dt.datetime.strptime(text, shape).date().isoformat()  # noqa: DTZ007  a day, of no time zone
        except ValueError:
            continue
    return ""


def is_serial(cell: object) -> bool:
    """Whether a cell holds a date as Excel stores it, a number of days."""
    text = str(cell or "").strip()
    return bool(re.fullmatch(r"\d{5}(\.\d+)?", text)) and _FIRST_SERIAL <= float(text) <= _LAST_SERIAL
