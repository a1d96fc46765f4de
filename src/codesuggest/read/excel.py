"""The rows of an Excel workbook, a row at a time, and what in it would be lost in silence: merged cells, and formulas
that were never calculated.
"""

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from codesuggest.errors import ReadError
from codesuggest.read.cells import checked_header, plain_cell
from codesuggest.read.columns import Columns
from codesuggest.read.upload import File, source

_MERGED = re.compile(rb'<mergeCell ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
_UNCALCULATED = re.compile(rb'<c r="([A-Z]+)(\d+)"[^>]*><f(?:[^>]*/>|[^>]*>[^<]*</f>)(?:<v\s*/>|<v></v>)?</c>')
_PIECE, _OVERLAP = 1 << 20, 1 << 14


def excel_rows(path: File, columns: Columns) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """The rows of one sheet. Raises ReadError if the file is no workbook or its header cannot be told."""
    with _opened(path) as book:
        sheet = _sheet(path, book, columns.sheet)
        problems = _problems(path, sheet)
        if 1 in problems:
            raise ReadError(f"{path}, row 1: {problems[1]}")
        rows = sheet.iter_rows(values_only=True)
        header = checked_header(path, [plain_cell(value) for value in next(rows, ())])
        for number, values in enumerate(rows, start=2):
            cells = [plain_cell(value) for value in values]
            if number in problems:
                yield number, problems[number]
            elif any(cells):
                yield number, dict(zip(header, cells, strict=False))


@contextmanager
def _opened(path: File) -> Iterator[Any]:
    import openpyxl  # noqa: PLC0415  half a second that other formats need not pay

    try:
        book = openpyxl.load_workbook(source(path), read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError):
        book = None
    if book is None:
        raise ReadError(f"{path}: not an Excel workbook. Save it as .xlsx, or as UTF-8 CSV.")
    try:
        yield book
    finally:
        book.close()


def _sheet(path: File, book: Any, name: str) -> Any:
    if name and name not in book.sheetnames:
        raise ReadError(f"{path}: no sheet '{name}'. It has {', '.join(book.sheetnames)}.")
    return book[name] if name else book.worksheets[0]


def _problems(path: File, sheet: Any) -> dict[int, str]:
    """By row, why its cells cannot be trusted."""
    found: dict[int, str] = {}
    for match in _matches(path, sheet._worksheet_path):  # openpyxl names the sheet's part nowhere else
        first_column, first_row, *rest = (part.decode() for part in match.groups())
        if not rest:
            found.setdefault(
                int(first_row),
                f"cell {first_column}{first_row} holds a formula that was never calculated; open the workbook in "
                "Excel and save it, or paste the values",
            )
            continue
        last_column, last_row = rest
        start = int(first_row) + (first_column == last_column)
        for row in range(start, int(last_row) + 1):
            found.setdefault(
                row,
                f"lies in merged cells {first_column}{first_row}:{last_column}{last_row}; unmerge them and fill each",
            )
    return found


def _matches(path: File, part: str) -> Iterator[re.Match[bytes]]:
    """Every merge and uncalculated formula of a sheet's XML, read in pieces that overlap."""
    with zipfile.ZipFile(source(path)) as archive, archive.open(part) as file:
        rest = b""
        while piece := file.read(_PIECE):
            text = rest + piece
            settled = len(text) - _OVERLAP if len(piece) == _PIECE else len(text)
            for pattern in (_MERGED, _UNCALCULATED):
                yield from (match for match in pattern.finditer(text) if match.start() < settled)
            rest = text[max(settled, 0) :]
