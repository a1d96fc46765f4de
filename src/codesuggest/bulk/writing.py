"""The output file, in the format of its ending, a row at a time. The same rows make the same bytes.

In CSV and Excel a cell that a spreadsheet would run as a formula is made harmless by an apostrophe in front.
"""

import csv
import json
import os
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from codesuggest.bulk.coding import as_text
from codesuggest.errors import BulkError

Write = Callable[[Mapping[str, Any]], None]

_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20\t\r]")
_NUMBER = re.compile(r"[+-]?\d[\d ,]*(\.\d+)?%?")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_EXCEL_ROWS, _EXCEL_CHARACTERS = 1_048_576, 32_767
_BATCH = 2_000


def harmless(text: str) -> str:
    """A cell's text that no spreadsheet takes for a formula; numbers stay numbers.

    Source: OWASP, CSV Injection.
    """
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


@contextmanager
def _csv_writer(path: Path, columns: Sequence[str]) -> Iterator[Write]:
    with path.open("w", encoding="utf-8-sig", newline="") as file:  # the mark by which Excel knows UTF-8
        writer = csv.writer(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",", lineterminator="\r\n")
        writer.writerow([harmless(column) for column in columns])
        yield lambda row: writer.writerow([harmless(as_text(row.get(column))) for column in columns])


@contextmanager
def _jsonl_writer(path: Path, columns: Sequence[str]) -> Iterator[Write]:
    with path.open("w", encoding="utf-8", newline="\n") as file:

        def write(row: Mapping[str, Any]) -> None:
            cells = {name: row[name] for name in columns if name in row}
            file.write(json.dumps(cells, ensure_ascii=False) + "\n")

        yield write


@contextmanager
def _parquet_writer(path: Path, columns: Sequence[str]) -> Iterator[Write]:
    try:
        import pyarrow as pa  # noqa: PLC0415  an optional extra
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError as error:
        raise BulkError(f"{path.name}: writing Parquet needs pyarrow: pip install 'codesuggest[parquet]'.") from error
    schema = pa.schema([(column, pa.string()) for column in columns])
    waiting: list[dict[str, str]] = []
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:

        def flush() -> None:
            writer.write_batch(pa.RecordBatch.from_pylist(waiting, schema=schema))
            waiting.clear()

        def write(row: Mapping[str, Any]) -> None:
            waiting.append({column: as_text(row.get(column)) for column in columns})
            if len(waiting) == _BATCH:
                flush()

        yield write
        flush()


@contextmanager
def _excel_writer(path: Path, columns: Sequence[str]) -> Iterator[Write]:
    import openpyxl  # noqa: PLC0415  half a second that other formats need not pay

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Pre-coded")
    sheet.append([harmless(column) for column in columns])
    n_rows = 1

    def write(row: Mapping[str, Any]) -> None:
        nonlocal n_rows
        n_rows += 1
        if n_rows > _EXCEL_ROWS:
            raise BulkError(
                f"{path.name}: over {_EXCEL_ROWS - 1:,} rows, the most that Excel holds. Write CSV instead."
            )
        sheet.append([_excel_cell(path, column, row) for column in columns])

    yield write
    loose = path.with_suffix(".loose")
    book.save(loose)
    _repack(loose, path)


def _excel_cell(path: Path, column: str, row: Mapping[str, Any]) -> str:
    text = harmless(_UNPRINTABLE.sub(" ", as_text(row.get(column))))
    if len(text) > _EXCEL_CHARACTERS:
        raise BulkError(
            f"{path.name}: '{column}' of row {row.get('source_row')} has {len(text):,} characters, more than Excel "
            "holds. Write CSV instead."
        )
    return text


def _repack(loose: Path, path: Path) -> None:
    """The same workbook without the time it was made, so that the same rows make the same bytes."""
    with zipfile.ZipFile(loose) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            with old.open(name) as source, new.open(entry, "w", force_zip64=True) as target:
                if name == "docProps/core.xml":
                    target.write(re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"1980-01-01T00:00:00Z", source.read()))
                else:
                    while piece := source.read(1 << 20):
                        target.write(piece)
    loose.unlink()


WRITERS: dict[str, Callable[[Path, Sequence[str]], Any]] = {
    ".csv": _csv_writer,
    ".tsv": _csv_writer,
    ".xlsx": _excel_writer,
    ".jsonl": _jsonl_writer,
    ".parquet": _parquet_writer,
}


def put_in_place(path: Path, place: Path) -> None:
    """Move what is finished to where it is looked for, in one step."""
    if path.is_file():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    path.rename(place)
