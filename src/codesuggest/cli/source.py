"""What a command reads: a file, standard input, or one narrative given as the argument itself."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codesuggest.errors import ReadError

if TYPE_CHECKING:
    from codesuggest.domain import Narrative, Taxonomy
    from codesuggest.read import Columns, SkippedRow

Source = Annotated[
    str,
    typer.Argument(
        help="A file (.csv, .tsv, .xlsx, .jsonl, .parquet), `-` for standard input (JSON Lines, or one narrative), "
        "or the narrative itself in quotes."
    ),
]
IdColumn = Annotated[str, typer.Option("--id-column", help="Column that holds the incident's reference.")]
TextColumn = Annotated[
    list[str] | None,
    typer.Option(
        "--text-column",
        help="Column that holds the narrative; give it again for each further one.  [default: text]",
    ),
]
CodeColumn = Annotated[
    list[str] | None,
    typer.Option("--code-column", help="AXIS=COLUMN, where an axis's codes stand in a column of another name."),
]
Mapping = Annotated[Path | None, typer.Option("--mapping", help="TOML file of column names, instead of the options.")]
Sheet = Annotated[str, typer.Option("--sheet", help="Sheet of an Excel workbook.  [default: the first]")]
Encoding = Annotated[str, typer.Option("--encoding", help="Encoding of a CSV or JSON Lines file.")]

STANDARD_INPUT = "-"


def columns(
    mapping: Path | None,
    id_column: str,
    text_column: Sequence[str] | None,
    code_column: Sequence[str] | None,
    sheet: str,
    encoding: str,
) -> "Columns":
    """The columns that the options name, or those of the mapping file."""
    from codesuggest.read import Columns, load_columns

    if mapping:
        return load_columns(mapping)
    pairs = [pair.partition("=") for pair in code_column or ()]
    if wrong := [axis for axis, equals, column in pairs if not (axis and equals and column)]:
        raise typer.BadParameter(f"'{wrong[0]}': expected AXIS=COLUMN", param_hint="--code-column")
    codes = {axis: column for axis, _, column in pairs}
    return Columns(id=id_column, text=tuple(text_column or ("text",)), codes=codes, sheet=sheet, encoding=encoding)


def is_file(source: str) -> bool:
    """Whether the argument means a file: one that is there, or something that can only be a file's name."""
    from codesuggest.read.formats import FORMATS

    looks_like_one = len(source.split()) == 1 and Path(source).suffix.lower() in FORMATS
    try:
        return looks_like_one or (bool(source.strip()) and Path(source).exists())
    except OSError:  # longer than a file name can be
        return False


def read_source(source: str, columns: "Columns", taxonomy: "Taxonomy | None") -> "Iterator[Narrative | SkippedRow]":
    """The narratives of whatever the argument means. One narrative on its own is called `1`."""
    from codesuggest.read import NarrativeReader, read_narratives
    from codesuggest.settings import settings

    reader = NarrativeReader(taxonomy, max_chars=settings().max_narrative_chars)
    if source != STANDARD_INPUT and is_file(source):
        return read_narratives(Path(source), reader, columns, max_mb=settings().max_file_mb)
    text = _standard_input() if source == STANDARD_INPUT else source
    if source == STANDARD_INPUT and text.lstrip().startswith("{"):
        return _json_lines(text, reader, columns)
    return iter([reader.narrative("1", text)])


def list_skipped(source: str, skipped: "Sequence[SkippedRow]") -> str:
    """Write the skipped rows beside the input, or in the working folder where that cannot be written; say where."""
    from codesuggest.read import write_skipped

    if not is_file(source):
        return "; ".join(f"line {row.row}: {row.reason}" for row in skipped[:5])
    path = Path(source)
    beside = path if os.access(path.parent, os.W_OK) else Path(path.name)
    return f"listed in {write_skipped(beside, skipped)}"


def _standard_input() -> str:
    from codesuggest.settings import settings

    limit = settings().max_file_mb * 1_000_000
    content = sys.stdin.buffer.read(limit + 1)
    if len(content) > limit:
        raise ReadError(f"standard input: over {settings().max_file_mb:,} MB (CODESUGGEST_MAX_FILE_MB).")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    raise ReadError("standard input: not UTF-8 text. Convert it to UTF-8 first.")


def _json_lines(text: str, reader: object, columns: "Columns") -> "Iterator[Narrative | SkippedRow]":
    from codesuggest.read import NarrativeReader
    from codesuggest.read.files import read_rows
    from codesuggest.read.formats import json_row

    assert isinstance(reader, NarrativeReader)  # noqa: S101  narrows a type that is imported late
    rows = ((number, json_row(line)) for number, line in enumerate(text.splitlines(), start=1) if line.strip())
    return read_rows(rows, reader, columns, "standard input.jsonl")
