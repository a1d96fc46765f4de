"""`codesuggest evaluate`."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codesuggest.cli import source
from codesuggest.cli.suggesting import ModelOption, load_suggester
from codesuggest.errors import ReadError

if TYPE_CHECKING:
    from codesuggest.domain import Narrative, RedactedNarrative


class Format(StrEnum):
    """How an evaluation is printed."""

    table = "table"
    json = "json"


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(evaluate)


def evaluate(
    gold: Annotated[Path, typer.Option("--gold", help="File of narratives with settled codes.")],
    model: ModelOption = "",
    where: Annotated[
        list[str] | None,
        typer.Option("--where", help="COLUMN=VALUE: only these rows; give it again for more columns."),
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.table,
    id_column: source.IdColumn = "id",
    text_column: source.TextColumn = None,
    code_column: source.CodeColumn = None,
    mapping: source.Mapping = None,
    sheet: source.Sheet = "",
    encoding: source.Encoding = "utf-8",
) -> None:
    """Measure a model on gold, with intervals, beside ranking by frequency.

    Narratives that the model was trained on are left out, and counted.

    Example: codesuggest evaluate --model starting --gold annotation/sample/incidents.jsonl
    """
    from codesuggest.evaluate import evaluate as evaluate_model
    from codesuggest.read import SkippedRow
    from codesuggest.report import evaluation_json, evaluation_table

    columns = source.columns(mapping, id_column, text_column, code_column, sheet, encoding)
    suggester = load_suggester(model)
    rows = list(source.read_source(str(gold), columns, suggester.model.taxonomy))
    skipped = [row for row in rows if isinstance(row, SkippedRow)]
    chosen = [row for row in rows if not isinstance(row, SkippedRow) and _fits(row, where or [])]
    if not chosen:
        raise ReadError(f"{gold}: no readable row{' fits ' + ', '.join(where) if where else ''}.")
    declared = bool(suggester.model.manifest.data["declared_redacted"])
    evaluation = evaluate_model(suggester, _redacted(chosen, is_declared=declared))
    if skipped:
        typer.echo(f"{len(skipped):,} rows unreadable, {source.list_skipped(str(gold), skipped)}.", err=True)
    if format is Format.json:
        typer.echo(json.dumps(evaluation_json(evaluation), indent=1))
    else:
        typer.echo(evaluation_table(evaluation))


def _fits(row: "Narrative", where: list[str]) -> bool:
    return all(row.details.get(column) == value for column, _, value in (pair.partition("=") for pair in where))


def _redacted(rows: "list[Narrative]", *, is_declared: bool) -> "list[RedactedNarrative]":
    """The rows redacted, unless the model was trained on data declared to need no redaction: gold is like it."""
    from tqdm import tqdm

    from codesuggest.domain import RedactedNarrative, RedactedText
    from codesuggest.redact import Redactor

    if is_declared:
        return [RedactedNarrative(row.id, RedactedText(row.text), row.existing_codes) for row in rows]
    redactor = Redactor()
    return [redactor.redact(row) for row in tqdm(rows, desc="Redacting", unit="narrative")]
