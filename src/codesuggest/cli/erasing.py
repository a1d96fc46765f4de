"""`codesuggest erase`."""

import datetime as dt
from typing import Annotated

import typer

from codesuggest.errors import MissingError, ReadError


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(erase)


def erase(
    reference: Annotated[str, typer.Argument(help="The incident's own reference. Empty with --before.")] = "",
    site: Annotated[str, typer.Option("--site", help="Its site, where there are several.")] = "",
    before: Annotated[
        str, typer.Option("--before", help="Erase every incident reported before this day, such as 2020-04-01.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase an incident's words, reference and dates for good; that it was coded, when and how, stays.

    Example: codesuggest erase --before 2001-01-01 --yes
    """
    from codesuggest.cli.retraining import forget_what_is_gone
    from codesuggest.erase import erase_incident, erase_reported_before
    from codesuggest.promotion import Shelf
    from codesuggest.settings import settings
    from codesuggest.store.database import Database
    from codesuggest.store.incidents import by_reference
    from codesuggest.store.schema import require_current

    if bool(reference) == bool(before):
        raise typer.BadParameter("give either an incident's reference or --before, not both", param_hint="REFERENCE")
    if not yes:
        typer.confirm("Erase for good? Nobody can bring it back, except from a backup", abort=True)
    database = require_current(Database(settings().database_url))
    with database.writing() as session:
        if before:
            n = erase_reported_before(session, _day(before), by="command line")
        else:
            incident = by_reference(session, site, [reference]).get(reference)
            if incident is None:
                raise MissingError(f"No incident {reference} of site '{site}'. Name its site: --site.")
            erase_incident(session, incident, by="command line", cause="asked for")
            n = 1
    database.forget_erased()
    shelf = Shelf(settings().models_dir)
    forget_what_is_gone(shelf, database)
    shelf.forget_vectors()
    typer.echo(f"Erased {n:,} {'incident' if n == 1 else 'incidents'}. Backups made before still hold them.")


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise ReadError(f"--before: '{text[:20]}' is no day; expected one such as 2020-04-01.") from error
