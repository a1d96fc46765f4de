"""`codesuggest evaluate`."""

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codesuggest.cli import source
from codesuggest.cli.agreeing import read_coding
from codesuggest.cli.publishing import Log, Logbook, Report, Suppress, publish, today
from codesuggest.cli.suggesting import ModelOption, load_suggester
from codesuggest.errors import ReadError

if TYPE_CHECKING:
    from codesuggest.domain import Narrative, RedactedNarrative
    from codesuggest.evaluate.studies import Studies
    from codesuggest.report.document import Document
    from codesuggest.suggest import Suggester


class Format(StrEnum):
    """How an evaluation is printed."""

    table = "table"
    json = "json"


_WhereOption = Annotated[
    list[str] | None,
    typer.Option("--where", help="COLUMN=VALUE: only these rows; give it again for more columns."),
]
_SecondOption = Annotated[
    Path | None, typer.Option("--second", help="For the report: the same incidents as a second coder coded them.")
]
_SlicesOption = Annotated[
    list[str] | None,
    typer.Option("--slice", help="For the report: a column to tell incidents apart by; a date is cut to its month."),
]
_AgainstOption = Annotated[str, typer.Option("--against", help="For the report: a model to compare with.")]
_RecipeOption = Annotated[
    Path | None,
    typer.Option(
        "--recipe",
        help="For the report: the model's recipe, to train anew for the learning curve, a new site, a later time, and "
        "what redaction costs. Takes minutes.",
    ),
]
_MinutesOption = Annotated[float, typer.Option("--minutes", min=0, help="Minutes it takes you to code an incident.")]
_MinutesCheckedOption = Annotated[
    float, typer.Option("--minutes-checked", min=0, help="Minutes it takes you to check filled-in codes.")
]
_IncidentsOption = Annotated[int, typer.Option("--incidents", min=1, help="Incidents you code in a year.")]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(evaluate)


def evaluate(
    gold: Annotated[Path, typer.Option("--gold", help="File of narratives with settled codes.")],
    model: ModelOption = "",
    where: _WhereOption = None,
    format: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.table,
    report: Report = None,
    suppress: Suppress = 0,
    log: Log = False,
    second: _SecondOption = None,
    against: _AgainstOption = "",
    recipe: _RecipeOption = None,
    slices: _SlicesOption = None,
    minutes: _MinutesOption = 6,
    minutes_checked: _MinutesCheckedOption = 2,
    incidents: _IncidentsOption = 1000,
    id_column: source.IdColumn = "id",
    text_column: source.TextColumn = None,
    code_column: source.CodeColumn = None,
    mapping: source.Mapping = None,
    sheet: source.Sheet = "",
    encoding: source.Encoding = "utf-8",
) -> None:
    """Measure a model on gold, with intervals, beside ranking by frequency.

    Narratives that the model was trained on are left out, and counted. With --report, everything about it.

    Example: codesuggest evaluate --model starting --gold annotation/sample/incidents.jsonl
    """
    from codesuggest.evaluate import evaluate as evaluate_model
    from codesuggest.read import SkippedRow
    from codesuggest.report import evaluation_json, evaluation_table

    columns = source.columns(mapping, id_column, text_column, code_column, sheet, encoding)
    suggester = load_suggester(model)
    logbook = Logbook.of(suggester.model.manifest.name) if log else None
    rows = list(source.read_source(str(gold), columns, suggester.model.taxonomy))
    skipped = [row for row in rows if isinstance(row, SkippedRow)]
    chosen = [row for row in rows if not isinstance(row, SkippedRow) and _fits(row, where or [])]
    if not chosen:
        raise ReadError(f"{gold}: no readable row{' fits ' + ', '.join(where) if where else ''}.")
    redacted = _redacted(chosen, suggester)
    if report or logbook:
        options = _Options(slices or _SLICES, second, against, recipe, (minutes, minutes_checked, incidents))
        shown = publish(_document(suggester, chosen, redacted, options), report, suppress)
        return logbook.log(shown, "evaluation") if logbook else None
    evaluation = evaluate_model(suggester, redacted)
    if skipped:
        typer.echo(f"{len(skipped):,} rows unreadable, {source.list_skipped(str(gold), skipped)}.", err=True)
    is_json = format is Format.json
    return typer.echo(json.dumps(evaluation_json(evaluation), indent=1) if is_json else evaluation_table(evaluation))


_SLICES = ["site", "reported", "date", "reporter"]


@dataclass(frozen=True, slots=True)
class _Options:
    """What the report is to hold."""

    slices: list[str]
    second: Path | None
    against: str
    recipe: Path | None
    workload: tuple[float, float, int]


def _document(
    suggester: "Suggester", rows: "list[Narrative]", gold: "list[RedactedNarrative]", options: _Options
) -> "Document":
    from codesuggest.audit import agreement_of
    from codesuggest.evaluate import appraise
    from codesuggest.report.appraised import Workload
    from codesuggest.report.evaluating import evaluation_document

    taxonomy = suggester.model.taxonomy
    first = {row.id: row.existing_codes for row in rows}
    second = read_coding(options.second) if options.second else {}
    ceiling = agreement_of(first, second, taxonomy) if second else {}
    appraisal = appraise(
        suggester,
        gold,
        details={row.id: _details(row, options.slices) for row in rows},
        second=second,
        other=load_suggester(options.against) if options.against else None,
    )
    return evaluation_document(
        appraisal,
        taxonomy,
        made=today(),
        ceiling=ceiling,
        workload=Workload(*options.workload),
        studies=_studies(rows, gold, options) if options.recipe else None,
    )


def _studies(rows: "list[Narrative]", gold: "list[RedactedNarrative]", options: _Options) -> "Studies":
    from codesuggest.train import load_recipe
    from codesuggest.train.studying import Gold, studies

    assert options.recipe  # noqa: S101  the caller looked
    known = {name for row in rows for name in row.details}
    dates = [name for name in options.slices if any(_is_date(row.details.get(name, "")) for row in rows)]
    site = next((name for name in options.slices if name in known and name not in dates), "")
    measured = Gold(rows, gold, site, next(iter(dates), ""))
    return studies(load_recipe(options.recipe), measured, show_progress=True)


def _details(row: "Narrative", slices: list[str]) -> dict[str, str]:
    from codesuggest.evaluate.appraisal import length_band

    found = {"length": length_band(len(row.text.split()))}
    for name in slices:
        if value := row.details.get(name, ""):
            found["month" if _is_date(value) else name] = value[:7] if _is_date(value) else value
    return found


def _is_date(value: str) -> bool:
    return len(value) >= 10 and value[:4].isdigit() and value[4] == "-"


def _fits(row: "Narrative", where: list[str]) -> bool:
    return all(row.details.get(column) == value for column, _, value in (pair.partition("=") for pair in where))


def _redacted(rows: "list[Narrative]", suggester: "Suggester") -> "list[RedactedNarrative]":
    """The rows redacted, unless the model was trained on data declared to need no redaction: gold is like it."""
    from tqdm import tqdm

    from codesuggest.domain import RedactedNarrative, RedactedText
    from codesuggest.redact import Redactor
    from codesuggest.taxonomy import require_coded_in

    require_coded_in(rows, suggester.model.taxonomy)
    if suggester.model.manifest.data["declared_redacted"]:
        return [RedactedNarrative(row.id, RedactedText(row.text), row.existing_codes) for row in rows]
    redactor = Redactor()
    return [redactor.redact(row) for row in tqdm(rows, desc="Redacting", unit="narrative")]
