"""The rows of a CSV, Excel, JSON Lines or Parquet file, one at a time, numbered as a person sees them.

A row is its cells by column name, or a sentence that says why it could not be read. Nothing raised here holds
a cell: the decoders' own exceptions do, so none of them is chained.
"""

import codecs
import csv
import datetime as dt
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO, TextIOWrapper
from pathlib import Path, PurePath
from typing import Any, BinaryIO

from codesuggest.errors import ReadError
from codesuggest.read.columns import Columns

Row = dict[str, Any] | str
NumberedRow = tuple[int, Row]

_SEVERAL = "|;"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came over the network. It is held in memory only: it holds raw narratives."""

    name: str
    content: bytes = field(repr=False)

    @property
    def suffix(self) -> str:
        """The ending of its name."""
        return PurePath(self.name).suffix

    def __str__(self) -> str:
        """Its name, for errors."""
        return self.name


File = Path | Upload


def open_rows(path: File, columns: Columns, max_mb: int) -> Iterator[NumberedRow]:
    """The rows of a file, by its ending.

    Raises ReadError if the file is missing, too large, of another kind, or not what its ending says.
    """
    reader = FORMATS.get(path.suffix.lower())
    if reader is None:
        raise ReadError(f"{path}: file ending not known. Expected one of {', '.join(FORMATS)}.")
    if isinstance(path, Path) and not path.is_file():
        raise ReadError(f"{path}: no such file.")
    size = path.stat().st_size if isinstance(path, Path) else len(path.content)
    if size == 0:
        raise ReadError(f"{path}: the file is empty.")
    if size > max_mb * 1_000_000:
        raise ReadError(f"{path}: over {max_mb:,} MB (CODESUGGEST_MAX_FILE_MB). Split it, or raise the limit.")
    return reader(path, columns)


def split_codes(cell: object) -> tuple[str, ...]:
    """The codes in one cell, separated by `|` or `;`, or in a list."""
    parts = cell if isinstance(cell, list) else str(cell).replace(_SEVERAL[1], _SEVERAL[0]).split(_SEVERAL[0])
    return tuple(dict.fromkeys(code for part in parts if (code := str(part).strip())))


def _csv_rows(path: File, columns: Columns) -> Iterator[NumberedRow]:
    csv.field_size_limit(2**31 - 1)
    lines = _lines(path, columns.encoding)
    reader = csv.reader(lines, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
    header = _header(path, next(reader, []))
    for number, cells in enumerate(reader, start=2):
        if not any(cells):
            continue
        if len(cells) != len(header):
            yield (
                number,
                f"has {len(cells)} cells where the header has {len(header)}; quote cells that hold commas",
            )
        else:
            yield number, dict(zip(header, cells, strict=True))


def _jsonl_rows(path: File, columns: Columns) -> Iterator[NumberedRow]:
    for number, line in enumerate(_lines(path, columns.encoding), start=1):
        if line.strip():
            yield number, json_row(line)


def json_row(line: str) -> Row:
    """One line of JSON Lines as a row."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return "is not valid JSON; expected one object a line"
    return row if isinstance(row, dict) else "is no JSON object; expected {...} on every line"


def _excel_rows(path: File, columns: Columns) -> Iterator[NumberedRow]:
    import openpyxl  # noqa: PLC0415  half a second that other formats need not pay

    try:
        book = openpyxl.load_workbook(_source(path), read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError):
        book = None
    if book is None:
        raise ReadError(f"{path}: not an Excel workbook. Save it as .xlsx, or as UTF-8 CSV.")
    if columns.sheet and columns.sheet not in book.sheetnames:
        raise ReadError(f"{path}: no sheet '{columns.sheet}'. It has {', '.join(book.sheetnames)}.")
    sheet = book[columns.sheet] if columns.sheet else book.worksheets[0]
    rows = sheet.iter_rows(values_only=True)
    header = _header(path, [_cell(value) for value in next(rows, ())])
    for number, values in enumerate(rows, start=2):
        cells = [_cell(value) for value in values]
        if any(cells):
            yield number, dict(zip(header, cells, strict=False))


def _parquet_rows(path: File, columns: Columns) -> Iterator[NumberedRow]:  # noqa: ARG001  same shape as the others
    try:
        import pyarrow  # noqa: PLC0415  an optional extra
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError as error:
        raise ReadError(f"{path}: reading Parquet needs pyarrow: pip install 'codesuggest[parquet]'.") from error
    try:
        file = pyarrow.parquet.ParquetFile(_source(path))
    except (pyarrow.ArrowException, OSError):
        file = None
    if file is None:
        raise ReadError(f"{path}: not a Parquet file.")
    number = 0
    for batch in file.iter_batches(batch_size=1024):
        for row in batch.to_pylist():
            number += 1
            yield (
                number,
                {key: value if isinstance(value, list) else _cell(value) for key, value in row.items()},
            )


def _lines(path: File, encoding: str) -> Iterator[str]:
    """The lines of a text file, decoded as they come; a byte-order mark at the start is dropped."""
    try:
        name = codecs.lookup(encoding).name
    except LookupError as error:
        raise ReadError(f"{path}: no encoding '{encoding}'. Expected utf-8, cp1252 or the like.") from error
    number, failed = 0, False
    with TextIOWrapper(_binary(path), encoding="utf-8-sig" if name == "utf-8" else name, newline="") as file:
        while not failed:
            try:
                line = file.readline()
            except UnicodeDecodeError:
                failed = True
                break
            if not line:
                return
            number += 1
            if "\0" in line:
                raise ReadError(f"{path}, line {number}: binary data. Expected a text file.")
            yield line
    raise ReadError(
        f"{path}, after line {number}: not {encoding}. Save it as UTF-8, or name its encoding: --encoding cp1252."
    )


def _source(path: File) -> Path | BytesIO:
    return path if isinstance(path, Path) else BytesIO(path.content)


def _binary(path: File) -> BinaryIO:
    return path.open("rb") if isinstance(path, Path) else BytesIO(path.content)


def _header(path: File, cells: list[str]) -> list[str]:
    header = [cell.strip() for cell in cells]
    if not any(header):
        raise ReadError(f"{path}, row 1: empty. Expected the names of the columns.")
    named = [cell for cell in header if cell]
    if len(set(named)) != len(named):
        twice = next(cell for cell in named if named.count(cell) > 1)
        raise ReadError(f"{path}, row 1: two columns are named '{twice}'. Rename one.")
    return header


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


FORMATS: dict[str, Callable[[File, Columns], Iterator[NumberedRow]]] = {
    ".csv": _csv_rows,
    ".tsv": _csv_rows,
    ".xlsx": _excel_rows,
    ".jsonl": _jsonl_rows,
    ".parquet": _parquet_rows,
}
