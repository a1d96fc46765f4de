"""`codesuggest trends`."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codesuggest.cli import source
from codesuggest.cli.publishing import Report, Suppress, publish, today
from codesuggest.errors import ReadError

if TYPE_CHECKING:
    from codesuggest.domain import Codes, Narrative, RedactedNarrative, Taxonomy
    from codesuggest.trends import CodedIncident

_TaxonomyOption = Annotated[str, typer.Option("--taxonomy", help="Taxonomy of the codes: a name or a folder.")]
_ByOption = Annotated[
    list[str] | None,
    typer.Option(
        "--by",
        help="`month`, a column or an axis to break down by; repeatable.  "
        "[default: month, site, severity, performed_modality]",
    ),
]
_OccurredColumnOption = Annotated[
    str, typer.Option("--occurred-column", help="Column of the date on which it happened.")
]
_NationalOption = Annotated[
    Path | None, typer.Option("--national", help="Table of national counts: axis, code, count, period.")
]
_SubmissionOption = Annotated[
    Path | None, typer.Option("--submission", help="Also write an anonymised CSV for the national body.")
]
_RareOption = Annotated[
    int,
    typer.Option("--rare", min=0, help="Hold back incidents with a code that fewer than this have. 0: send them."),
]


_PARTS = ("month", "site", "severity", "performed_modality")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(trends)


def trends(
    file: Annotated[Path, typer.Argument(help="Coded incidents.")],
    taxonomy: _TaxonomyOption = "imaging-working-1",
    by: _ByOption = None,
    date_column: Annotated[str, typer.Option("--date-column", help="Column of the date reported.")] = "reported",
    occurred_column: _OccurredColumnOption = "occurred",
    national: _NationalOption = None,
    period: Annotated[str, typer.Option("--period", help="The period of the national table to compare with.")] = "",
    report: Report = None,
    suppress: Suppress = 0,
    submission: _SubmissionOption = None,
    rare: _RareOption = 5,
    id_column: source.IdColumn = "id",
    text_column: source.TextColumn = None,
    code_column: source.CodeColumn = None,
    mapping: source.Mapping = None,
    sheet: source.Sheet = "",
    encoding: source.Encoding = "utf-8",
) -> None:
    """Show what a department coded by month, place and severity, and beside a national table.

    Example: codesuggest trends annotation/sample/incidents.jsonl --by site
    """
    from codesuggest.read import SkippedRow
    from codesuggest.report.trending import trends_document
    from codesuggest.taxonomy import load_taxonomy
    from codesuggest.trends import beside_national, count_codes, read_national

    scheme = load_taxonomy(taxonomy)
    columns = source.columns(mapping, id_column, text_column, code_column, sheet, encoding)
    rows = list(source.read_source(str(file), columns, scheme))
    skipped = [row for row in rows if isinstance(row, SkippedRow)]
    read = [row for row in rows if not isinstance(row, SkippedRow)]
    if not read:
        raise ReadError(f"{file}: no readable row.")
    incidents = [_coded(row, scheme, date_column) for row in read]
    beside = beside_national(count_codes(incidents), read_national(national, scheme, period=period)) if national else ()
    parts = by or [key for key in _PARTS if key in scheme.axis or any(key in i.details for i in incidents)]
    document = trends_document(incidents, scheme, made=today(), by=parts, national=beside)
    publish(document, report, suppress)
    if submission:
        _submit(submission, read, scheme, (occurred_column, date_column), rare)
    listed = f"; {len(skipped):,} unreadable, {source.list_skipped(str(file), skipped)}" if skipped else ""
    typer.echo(f"Counted {len(read):,} of {len(rows):,} incidents{listed}.", err=True)


def _coded(row: "Narrative", taxonomy: "Taxonomy", date_column: str) -> "CodedIncident":
    from codesuggest.trends import CodedIncident

    month = {"month": row.details[date_column][:7]} if row.details.get(date_column) else {}
    return CodedIncident(row.id, _known(row.existing_codes, taxonomy), {**row.details, **month})


def _known(codes: "Codes", taxonomy: "Taxonomy") -> "Codes":
    """The codes that the taxonomy has, in its spelling."""
    spelled = {
        axis: tuple(known for code in given if (known := taxonomy.spelling(axis, code)))
        for axis, given in codes.items()
        if axis in taxonomy.axis
    }
    return {axis: given for axis, given in spelled.items() if given}


def _submit(path: Path, rows: "Sequence[Narrative]", taxonomy: "Taxonomy", dates: tuple[str, str], rare: int) -> None:
    from dataclasses import replace

    from codesuggest.trends import SUBMISSION_COLUMNS, submission

    redacted, leaks = _redacted_twice(rows)
    coded = [replace(narrative, existing_codes=_known(narrative.existing_codes, taxonomy)) for narrative in redacted]
    when = {row.id: (row.details.get(dates[0], ""), row.details.get(dates[1], "")) for row in rows}
    made = submission(coded, when, leaks, taxonomy, rare=rare)
    _write(path, SUBMISSION_COLUMNS, made.rows)
    held = path.with_name(f"{path.stem}.held-back.csv")
    _write(held, ("local_id", "reason"), [(row.id, row.reason) for row in made.held_back])
    reasons = ", ".join(f"{kind} {n:,}" for kind, n in made.n_held_back.items())
    typer.echo(
        f"{len(made.rows):,} of {len(rows):,} incidents in {path}; {len(made.held_back):,} held back"
        f"{f' ({reasons})' if reasons else ''}, in {held}. Read it before it is sent: redaction misses some names.",
        err=True,
    )


def _redacted_twice(rows: "Sequence[Narrative]") -> "tuple[list[RedactedNarrative], dict[str, str]]":
    """The narratives redacted, and what a second look still finds in which. Raises RedactionError."""
    from tqdm import tqdm

    from codesuggest.domain import Narrative
    from codesuggest.redact import Redactor

    redactor = Redactor().require_measured()
    redacted = [redactor.redact(row) for row in tqdm(rows, desc="Redacting", unit="narrative")]
    again = (redactor.redact(Narrative(n.id, n.text)) for n in tqdm(redacted, desc="Checking", unit="narrative"))
    return redacted, {n.id: n.spans[0].type for n in again if n.spans}


def _write(path: Path, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *rows])
