"""`codesuggest suggest`."""

import csv
import json
import sys
from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from codesuggest.cli import source
from codesuggest.errors import ReadError

if TYPE_CHECKING:
    from codesuggest.domain import Narrative, SuggestedIncident
    from codesuggest.read import SkippedRow
    from codesuggest.suggest import Suggester

_BATCH = 128


class Format(StrEnum):
    """How suggestions are printed."""

    table = "table"
    jsonl = "jsonl"
    csv = "csv"


ModelOption = Annotated[
    str,
    typer.Option("--model", help="Model folder, or a name in the models folder.  [default: the one in use]"),
]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(suggest)


def suggest(
    narrative: source.Source,
    format: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.table,
    top: Annotated[int, typer.Option("--top", min=1, help="Codes per axis.")] = 5,
    model: ModelOption = "",
    reasons: Annotated[
        bool | None,
        typer.Option(
            "--reasons/--no-reasons", help="Name the words that raised each code.  [default: for one narrative]"
        ),
    ] = None,
    coverage: Annotated[
        float, typer.Option("--coverage", min=0.5, max=0.99, help="Share of shortlists that hold the right code.")
    ] = 0.9,
    id_column: source.IdColumn = "id",
    text_column: source.TextColumn = None,
    code_column: source.CodeColumn = None,
    mapping: source.Mapping = None,
    sheet: source.Sheet = "",
    encoding: source.Encoding = "utf-8",
) -> None:
    """Suggest codes for one narrative or for a file of them, redacted first.

    Example: codesuggest suggest "CT head done on the wrong patient, both called from bay 3" --top 3
    """
    columns = source.columns(mapping, id_column, text_column, code_column, sheet, encoding)
    suggester = load_suggester(model, coverage=coverage)
    is_explained = not source.is_file(narrative) if reasons is None else reasons
    rows = source.read_source(narrative, columns, suggester.model.taxonomy)
    printer = _Printer(format, suggester)
    skipped: list[SkippedRow] = []
    n_coded = 0
    for batch in _batches(rows, show_progress=source.is_file(narrative)):
        for incident in _suggest_batch(suggester, batch, skipped, top=top, reasons=is_explained):
            printer.print(incident)
            n_coded += 1
    if source.is_file(narrative) or skipped:
        _account(narrative, n_coded, skipped, suggester.model.manifest.name)


def load_suggester(model: str, *, coverage: float = 0.9) -> "Suggester":
    """The suggester of the model that is asked for, or of the one in use."""
    from codesuggest.registry import find_model, load_manifest
    from codesuggest.settings import settings

    folder = find_model(settings().models_dir, model or settings().model)
    name = load_manifest(folder).name
    typer.echo(f"Loading model {name} ...", err=True)
    from codesuggest.suggest import Suggester

    return Suggester.load(folder, embedder_dir=settings().embedder_dir, coverage=coverage)


def _batches(
    rows: "Iterator[Narrative | SkippedRow]", *, show_progress: bool
) -> "Iterator[list[Narrative | SkippedRow]]":
    from tqdm import tqdm

    progress = iter(tqdm(rows, desc="Suggesting", unit="narrative", disable=not show_progress))
    while batch := list(islice(progress, _BATCH)):
        yield batch


def _suggest_batch(
    suggester: "Suggester",
    batch: "list[Narrative | SkippedRow]",
    skipped: "list[SkippedRow]",
    *,
    top: int,
    reasons: bool,
) -> "list[SuggestedIncident]":
    from codesuggest.domain import Narrative
    from codesuggest.read import SkippedRow

    skipped += [row for row in batch if isinstance(row, SkippedRow)]
    narratives = [row for row in batch if isinstance(row, Narrative)]
    return suggester.suggest(narratives, top=top, reasons=reasons)


def _account(narrative: str, n_coded: int, skipped: "list[SkippedRow]", model: str) -> None:
    unreadable = f"; {len(skipped):,} unreadable, {source.list_skipped(narrative, skipped)}" if skipped else ""
    line = f"Coded {n_coded:,} of {n_coded + len(skipped):,} narratives{unreadable}. Model {model}."
    if n_coded == 0:
        raise ReadError(line)
    typer.echo(line, err=True)


class _Printer:
    def __init__(self, format: Format, suggester: "Suggester") -> None:
        from codesuggest.report import INCIDENT_COLUMNS

        self._format = format
        self._taxonomy = suggester.model.taxonomy
        self._csv = csv.writer(sys.stdout, lineterminator="\n")
        self._is_first = True
        if format is Format.csv:
            self._csv.writerow(INCIDENT_COLUMNS)

    def print(self, incident: "SuggestedIncident") -> None:
        from codesuggest.report import incident_json, incident_rows, incident_table

        if self._format is Format.jsonl:
            typer.echo(json.dumps(incident_json(incident), ensure_ascii=False))
        elif self._format is Format.csv:
            self._csv.writerows(incident_rows(incident))
        else:
            typer.echo(("" if self._is_first else "\n") + incident_table(incident, self._taxonomy))
        self._is_first = False
