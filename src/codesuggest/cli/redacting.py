"""`codesuggest redact`."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from codesuggest.cli import source

if TYPE_CHECKING:
    from codesuggest.domain import Narrative, RedactedNarrative


class Format(StrEnum):
    """How redacted narratives are printed."""

    text = "text"
    jsonl = "jsonl"


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(redact)


def redact(
    narrative: source.Source,
    format: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.text,
    review: Annotated[
        Path | None,
        typer.Option(
            "--review", help="Also write an HTML page that shows what was found. It holds the raw narratives."
        ),
    ] = None,
    id_column: source.IdColumn = "id",
    text_column: source.TextColumn = None,
    mapping: source.Mapping = None,
    sheet: source.Sheet = "",
    encoding: source.Encoding = "utf-8",
) -> None:
    """Replace the personal data in one narrative or in a file of them with placeholders.

    Example: codesuggest redact "Mrs Ada Example, DOB 1/2/1950, had two CT scans" --format jsonl
    """
    from codesuggest.read import SkippedRow
    from codesuggest.redact import Redactor, Unredacted, write_review

    columns = source.columns(mapping, id_column, text_column, None, sheet, encoding)
    rows = source.read_source(narrative, columns, None)
    redactor = Redactor()
    skipped: list[SkippedRow] = []
    shown: list[tuple[Narrative, RedactedNarrative]] = []
    n_redacted = 0
    for number, row in enumerate(rows, start=1):
        if isinstance(row, SkippedRow):
            skipped.append(row)
            continue
        (result,) = redactor.redact_all([row])
        if isinstance(result, Unredacted):
            skipped.append(SkippedRow(number, result.id, "redaction failed; nothing of it was kept"))
            continue
        n_redacted += 1
        if review:
            shown.append((row, result))
        typer.echo(_line(result) if format is Format.jsonl else f"{result.id}  {result.text}")
    if review:
        n_shown = write_review(review, shown)
        typer.echo(f"{n_shown:,} narratives, with their personal data, in {review}. Delete it when done.", err=True)
    if skipped or source.is_file(narrative):
        listed = f"; {len(skipped):,} left out, {source.list_skipped(narrative, skipped)}" if skipped else ""
        typer.echo(f"Redacted {n_redacted:,} of {n_redacted + len(skipped):,} narratives{listed}.", err=True)


def _line(narrative: Any) -> str:
    spans = [{"start": s.start, "end": s.end, "type": s.type, "score": s.score} for s in narrative.spans]
    return json.dumps({"id": narrative.id, "redacted": narrative.text, "spans": spans}, ensure_ascii=False)
