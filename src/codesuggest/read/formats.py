"""The rows of a CSV, Excel, JSON Lines or Parquet file, one at a time, numbered as a person sees them.

A row is its cells by column name, or a sentence that says why it could not be read. Nothing raised here holds
a cell: the decoders' own exceptions do, so none of them is chained.
"""

import codecs
import csv
import hashlib
import json
from collections.abc import Callable, Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from codesuggest.errors import ReadError
from codesuggest.read.cells import checked_header, plain_cell
from codesuggest.read.columns import Columns
from codesuggest.read.excel import excel_rows
from codesuggest.read.upload import File, binary, source

Row = dict[str, Any] | str
NumberedRow = tuple[int, Row]


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


def header_of(path: Path, columns: Columns, max_mb: int) -> list[str]:
    """The names of a file's columns, as its first row that can be read has them."""
    return next(
        (
            [name for name in row if name]
            for _, row in open_rows(path, columns, max_mb)
            if row and not isinstance(row, str)
        ),
        [],
    )


def fingerprint(path: Path, columns: Columns) -> tuple[str, int]:
    """The sha256 of a file, and about how many rows it has.

    Raises ReadError if a text file is not of its encoding: better at once than after an hour.
    """
    digest, n_lines = hashlib.sha256(), 0
    decoder = codecs.getincrementaldecoder(_codec(path, columns.encoding))() if path.suffix.lower() in TEXT else None
    failed = False
    with path.open("rb") as file:
        while (piece := file.read(1 << 20)) and not failed:
            digest.update(piece)
            failed = decoder is not None and not _decodes(decoder, piece)
            if not failed:
                n_lines += piece.count(b"\n")
    if failed:
        raise ReadError(_wrong_encoding(path, n_lines, columns.encoding))
    return digest.hexdigest(), n_lines if decoder else _n_parquet_rows(path)


def _csv_rows(path: File, columns: Columns) -> Iterator[NumberedRow]:
    csv.field_size_limit(2**31 - 1)
    lines = _lines(path, columns.encoding)
    reader = csv.reader(lines, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
    header = checked_header(path, next(reader, []))
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


def _parquet_rows(path: File, columns: Columns) -> Iterator[NumberedRow]:  # noqa: ARG001  same shape as the others
    try:
        import pyarrow  # noqa: PLC0415  an optional extra
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError as error:
        raise ReadError(f"{path}: reading Parquet needs pyarrow: pip install 'codesuggest[parquet]'.") from error
    try:
        file = pyarrow.parquet.ParquetFile(source(path))
    except (pyarrow.ArrowException, OSError):
        file = None
    if file is None:
        raise ReadError(f"{path}: not a Parquet file.")
    number = 0
    for batch in file.iter_batches(batch_size=1024):
        for row in batch.to_pylist():
            number += 1
            yield number, arrow_cells(row)


def arrow_cells(row: dict[str, Any]) -> dict[str, Any]:
    """A row of Arrow's as every format gives it."""
    return {name: value if isinstance(value, list) else plain_cell(value) for name, value in row.items()}


def _lines(path: File, encoding: str) -> Iterator[str]:
    """The lines of a text file, decoded as they come; a byte-order mark at the start is dropped."""
    number, failed = 0, False
    with TextIOWrapper(binary(path), encoding=_codec(path, encoding), newline="") as file:
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
    raise ReadError(_wrong_encoding(path, number, encoding))


def _codec(path: File, encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
    except LookupError as error:
        raise ReadError(f"{path}: no encoding '{encoding}'. Expected utf-8, cp1252 or the like.") from error
    return "utf-8-sig" if name == "utf-8" else name


def _decodes(decoder: codecs.IncrementalDecoder, piece: bytes) -> bool:
    try:
        decoder.decode(piece)
    except UnicodeDecodeError:
        return False
    return True


def _wrong_encoding(path: File, number: int, encoding: str) -> str:
    return f"{path}, after line {number}: not {encoding}. Save it as UTF-8, or name its encoding: --encoding cp1252."


def _n_parquet_rows(path: Path) -> int:
    """How many rows a Parquet file says it has; 0 where that is not known without reading it all."""
    if path.suffix.lower() != ".parquet":
        return 0
    import pyarrow.parquet  # noqa: PLC0415  an optional extra

    return int(pyarrow.parquet.read_metadata(path).num_rows)


TEXT = (".csv", ".tsv", ".jsonl")

FORMATS: dict[str, Callable[[File, Columns], Iterator[NumberedRow]]] = {
    ".csv": _csv_rows,
    ".tsv": _csv_rows,
    ".xlsx": excel_rows,
    ".jsonl": _jsonl_rows,
    ".parquet": _parquet_rows,
}
