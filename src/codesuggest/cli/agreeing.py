"""`codesuggest agreement`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from codesuggest.audit import Coding


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(agreement)


def agreement(
    first: Annotated[Path, typer.Argument(help="Incidents as the first coder coded them.")],
    second: Annotated[Path, typer.Argument(help="The same incidents, or some of them, as a second coder did.")],
    taxonomy: Annotated[
        str, typer.Option("--taxonomy", help="Taxonomy of the codes: a name or a folder.")
    ] = "imaging-working-1",
    protocol: Annotated[
        Path | None, typer.Option("--protocol", help="Protocol file with the least agreement of each axis.")
    ] = None,
) -> None:
    """Compare two coders on every axis, with intervals.

    Example: codesuggest agreement annotation/sample/incidents.jsonl annotation/sample/second-coding.jsonl
    """
    from codesuggest.audit import agreement_of
    from codesuggest.protocol import load_protocol
    from codesuggest.report import agreement_table
    from codesuggest.taxonomy import load_taxonomy

    floors = load_protocol(protocol).agreement_floor if protocol else None
    typer.echo(agreement_table(agreement_of(read_coding(first), read_coding(second), load_taxonomy(taxonomy), floors)))


def read_coding(path: Path) -> "Coding":
    """The codes of each incident of a JSON Lines file."""
    from codesuggest.read import Columns
    from codesuggest.read.cells import split_codes
    from codesuggest.read.formats import open_rows

    return {
        str(row["id"]): {axis: split_codes(codes) for axis, codes in row["codes"].items()}
        for _, row in open_rows(path, Columns(), max_mb=2_000)
        if isinstance(row, dict) and isinstance(row.get("codes"), dict) and row.get("id")
    }
