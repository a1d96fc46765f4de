"""Cells and headers, whichever format they come from."""

import datetime as dt

from codesuggest.errors import ReadError
from codesuggest.read.upload import File

_SEVERAL = "|;"


def plain_cell(value: object) -> str:
    """A cell as text: dates as `2026-03-14`, whole numbers without a decimal point."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def split_codes(cell: object) -> tuple[str, ...]:
    """The codes in one cell, separated by `|` or `;`, or in a list."""
    parts = cell if isinstance(cell, list) else str(cell).replace(_SEVERAL[1], _SEVERAL[0]).split(_SEVERAL[0])
    return tuple(dict.fromkeys(code for part in parts if (code := str(part).strip())))


def checked_header(path: File, cells: list[str]) -> list[str]:
    """The names of the columns. Raises ReadError if there are none, or two of one name."""
    header = [cell.strip() for cell in cells]
    if not any(header):
        raise ReadError(f"{path}, row 1: empty. Expected the names of the columns.")
    named = [cell for cell in header if cell]
    if len(set(named)) != len(named):
        twice = next(cell for cell in named if named.count(cell) > 1)
        raise ReadError(f"{path}, row 1: two columns are named '{twice}'. Rename one.")
    return header
