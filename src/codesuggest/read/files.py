"""A file of incidents to narratives, with every row that could not be read accounted for."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codesuggest.domain import Narrative
from codesuggest.errors import ReadError
from codesuggest.read.cells import split_codes
from codesuggest.read.columns import Columns
from codesuggest.read.formats import NumberedRow, open_rows
from codesuggest.read.identifiers import SeenIds
from codesuggest.read.narrative import NarrativeReader
from codesuggest.read.upload import File

_LONGEST_CODE = 60


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A row that could not be read: where it is and why, without its text."""

    row: int
    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A row as read, numbered as a person sees it; `problem` says why it cannot be a narrative, if that shows already.

    cells  by column name, raw text among them; empty where not even the cells could be told apart.
    """

    number: int
    id: str = ""
    cells: Mapping[str, Any] = field(default_factory=dict, repr=False)
    problem: str = ""


def read_narratives(
    path: File, reader: NarrativeReader, columns: Columns | None = None, *, max_mb: int = 2_000
) -> Iterator[Narrative | SkippedRow]:
    """The narratives of a file, in order; a row that cannot be read comes as a SkippedRow in its place.

    Raises ReadError if the file as a whole cannot be read, or lacks the id or text column.
    """
    columns = columns or Columns()
    return read_rows(open_rows(path, columns, max_mb), reader, columns, str(path))


def read_rows(
    rows: Iterable[NumberedRow], reader: NarrativeReader, columns: Columns, source: str
) -> Iterator[Narrative | SkippedRow]:
    """The narratives of numbered rows; `source` names them in errors."""
    for row in source_rows(rows, columns, source):
        yield to_narrative(row, reader, columns)


def source_rows(rows: Iterable[NumberedRow], columns: Columns, source: str) -> Iterator[SourceRow]:
    """Numbered rows with their ids, each id once; `source` names the file in errors.

    Raises ReadError at the first row that has cells if a column is missing.
    """
    seen = SeenIds()
    checked = source.endswith(".jsonl")
    for number, row in rows:
        if isinstance(row, str):
            yield SourceRow(number, problem=row)
            continue
        if not checked:
            _require(columns, row, source)
            checked = True
        yield source_row(number, row, columns, seen.first_row)


def source_row(
    number: int, cells: Mapping[str, Any], columns: Columns, first_row: Callable[[str, int], int]
) -> SourceRow:
    """A row with its id. `first_row` says, of an id and a row, in which row of the file that id stands first."""
    id = str(cells.get(columns.id) or "").strip()
    if not id:
        return SourceRow(number, "", cells, f"'{columns.id}' is empty; expected the incident's own reference")
    first = first_row(id, number)
    again = f"'{columns.id}' occurs in row {first} already; expected each incident once"
    return SourceRow(number, id, cells, "" if first == number else again)


def to_narrative(row: SourceRow, reader: NarrativeReader, columns: Columns) -> Narrative | SkippedRow:
    """The narrative of one row, or why there is none."""
    if row.problem:
        return SkippedRow(row.number, row.id, row.problem)
    try:
        return reader.narrative(
            row.id,
            _text(row.cells, columns),
            codes=_codes(row.cells, columns, reader.axes),
            details=_details(row.cells, columns, reader.axes),
        )
    except ReadError as error:
        return SkippedRow(row.number, row.id, str(error))


def skipped_path(path: Path) -> Path:
    """Where the rows skipped in reading `path` are listed: incidents.csv -> incidents.skipped.csv."""
    return path.with_name(f"{path.stem}.skipped.csv")


def write_skipped(path: Path, skipped: Iterable[SkippedRow]) -> Path:
    """List the skipped rows of input file `path` beside it, with row number and reason, never with text."""
    listing = skipped_path(path)
    with listing.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["row", "id", "reason"])
        writer.writerows([row.row, row.id, row.reason] for row in skipped)
    return listing


def _require(columns: Columns, row: Mapping[str, Any], source: str) -> None:
    for option, wanted in (("--id-column", (columns.id,)), ("--text-column", columns.text)):
        for column in wanted:
            if column not in row:
                found = ", ".join(name for name in row if name)
                raise ReadError(f"{source}: no column '{column}'. Name the right one with {option}; it has {found}.")
    for axis, column in columns.codes.items():
        if column not in row:
            raise ReadError(f"{source}: no column '{column}' for axis '{axis}'. Mend the mapping.")


def _text(row: Mapping[str, Any], columns: Columns) -> object:
    values = [row.get(column, "") for column in columns.text]
    if len(values) == 1:
        return values[0]
    return "\n".join(value for value in values if isinstance(value, str) and value.strip())


def _codes(row: Mapping[str, Any], columns: Columns, axes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    given = row.get("codes")
    if isinstance(given, dict):
        return {
            str(axis): codes for axis, cell in given.items() if (codes := _short(str(axis), split_codes(cell or "")))
        }
    if given:
        raise ReadError("'codes' is not a mapping; expected {axis: [code, ...]}")
    wanted = {axis: axis for axis in axes} | columns.codes
    cells = {axis: row.get(column) for axis, column in wanted.items()}
    return {axis: codes for axis, cell in cells.items() if cell and (codes := _short(axis, split_codes(cell)))}


def _short(axis: str, codes: tuple[str, ...]) -> tuple[str, ...]:
    """The codes, unless one is so long that it may be narrative in the wrong column: codes are shown unredacted."""
    if any(len(code) > _LONGEST_CODE for code in codes):
        raise ReadError(f"'{axis}' holds over {_LONGEST_CODE} characters; expected codes. Is it the right column?")
    return codes


def _details(row: Mapping[str, Any], columns: Columns, axes: Sequence[str]) -> dict[str, str]:
    known = {columns.id, "codes", *columns.text, *columns.codes.values(), *axes}
    return {name: str(value) for name, value in row.items() if name not in known and value not in (None, "")}
