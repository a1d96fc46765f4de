"""`codesuggest audit`."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from codesuggest.audit import Confirmations
    from codesuggest.domain import Taxonomy
    from codesuggest.report.document import Document

Report = Annotated[
    list[Path] | None,
    typer.Option(
        "--report",
        help="File to write the report to, ending in .html, .md or .json; give it again for more.  "
        "[default: printed as Markdown]",
    ),
]
Suppress = Annotated[
    int,
    typer.Option(
        "--suppress", min=0, help="Withhold counts under this, and single incidents, for a report that leaves. 0: none."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(audit)


def audit(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Who coded what: tables with the columns coder, incident, axis, codes (and site, date, is_blind, "
            "shown_rank), or JSON Lines of id, coder, codes."
        ),
    ],
    taxonomy: Annotated[
        str, typer.Option("--taxonomy", help="Taxonomy of the codes: a name, a folder, or `seen`: those in the files.")
    ] = "imaging-working-1",
    column: Annotated[
        list[str] | None, typer.Option("--column", help="FIELD=COLUMN, where a column has another name; repeatable.")
    ] = None,
    protocol: Annotated[
        Path | None, typer.Option("--protocol", help="Protocol file with the least agreement of each axis.")
    ] = None,
    model_coder: Annotated[str, typer.Option("--model-coder", help="The coder in the files who is a model.")] = "",
    names: Annotated[bool, typer.Option("--names/--no-names", help="Name the coders, or number them.")] = True,
    rounds: Annotated[int, typer.Option("--rounds", min=100, help="Bootstrap rounds of each interval.")] = 1000,
    report: Report = None,
    suppress: Suppress = 0,
) -> None:
    """Audit how consistently coders code: agreement, confusions, habits, drift, and what suggestions do.

    Example: codesuggest audit annotation/sample/incidents.jsonl annotation/sample/second-coding.jsonl --rounds 100
    """
    from codesuggest.agreement import Bootstrap
    from codesuggest.audit import audit as audit_confirmations
    from codesuggest.protocol import load_protocol
    from codesuggest.report.auditing import audit_document

    confirmations, scheme = _read(files, column or (), taxonomy)
    found = audit_confirmations(
        confirmations,
        scheme,
        model=model_coder,
        floors=load_protocol(protocol).agreement_floor if protocol else None,
        bootstrap=Bootstrap(rounds),
        show_progress=True,
    )
    publish(audit_document(found, made=today(), are_named=names), report, suppress)
    _account(files, confirmations)


def publish(document: "Document", report: Sequence[Path] | None, suppress: int) -> None:
    """Write the report to each file named, or print it; with small counts withheld if asked for."""
    from codesuggest.report.document import suppressed
    from codesuggest.report.printing import to_markdown, write_report

    document = suppressed(document, under=suppress) if suppress else document
    for path in report or ():
        typer.echo(f"Report in {write_report(document, path)}.", err=True)
    if not report:
        typer.echo(to_markdown(document), nl=False)


def today() -> str:
    """The date of a report."""
    return dt.datetime.now(dt.UTC).date().isoformat()


def _read(files: Sequence[Path], column: Sequence[str], taxonomy: str) -> "tuple[Confirmations, Taxonomy]":
    from codesuggest.audit import read_confirmations, taxonomy_of
    from codesuggest.audit.confirmations import FIELDS
    from codesuggest.settings import settings
    from codesuggest.taxonomy import load_taxonomy

    pairs = [pair.partition("=") for pair in column]
    if wrong := [field for field, equals, name in pairs if field not in FIELDS or not (equals and name)]:
        raise typer.BadParameter(f"'{wrong[0]}': expected FIELD=COLUMN, of {', '.join(FIELDS)}", param_hint="--column")
    known = None if taxonomy == "seen" else load_taxonomy(taxonomy)
    columns = {field: name for field, _, name in pairs}
    confirmations = read_confirmations(files, columns, known, max_mb=settings().max_file_mb)
    return confirmations, known or taxonomy_of(confirmations)


def _account(files: Sequence[Path], confirmations: "Confirmations") -> None:
    from codesuggest.cli.source import list_skipped

    skipped = confirmations.skipped
    listed = f"; {len(skipped):,} rows unreadable, {list_skipped(str(files[0]), skipped)}" if skipped else ""
    typer.echo(f"Audited {len(confirmations.decisions):,} decisions{listed}.", err=True)
