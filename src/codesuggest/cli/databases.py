"""`codesuggest db`: the store's schema, and its backups."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from codesuggest.store.database import Database

app = typer.Typer(help="Look after the database.", no_args_is_help=True)
To = Annotated[Path, typer.Argument(help="File to write; it must not exist yet.")]
From = Annotated[Path, typer.Argument(help="File that `codesuggest db backup` wrote.")]


@app.command()
def upgrade() -> None:
    """Bring the database's schema up to date; a new database is made.

    Example: codesuggest db upgrade
    """
    from codesuggest.store.schema import upgrade as upgrade_schema

    before, after = upgrade_schema(_database())
    typer.echo(f"Schema {after}: up to date already." if before == after else f"Schema {before or 'none'} -> {after}.")


@app.command()
def check() -> None:
    """Check the database: schema, integrity, and that confirmations cannot be changed.

    Example: codesuggest db check
    """
    from codesuggest.errors import StoreError
    from codesuggest.store.schema import check as check_store

    problems = check_store(_database())
    for problem in problems:
        typer.echo(problem)
    if problems:
        raise StoreError(f"{len(problems)} problems found. See serve/README.md, Restore.")
    typer.echo("All is well: schema, integrity and triggers.")


@app.command()
def backup(to: To) -> None:
    """Back the database up into one file, while the service runs.

    Example: codesuggest db backup backup-2026-03-14.db
    """
    from codesuggest.store.backup import backup as back_up

    n_bytes = back_up(_database(), to)
    typer.echo(f"Backed up to {to}, {n_bytes:,} bytes. It holds what the database holds: keep it as safe.")


@app.command()
def restore(backup: From) -> None:
    """Restore a backup into an empty or new database, with the service stopped.

    Example: codesuggest db restore backup-2026-03-14.db
    """
    from codesuggest.store.backup import restore as restore_backup

    version = restore_backup(_database(), backup)
    typer.echo(f"Restored {backup}: schema {version}. Run `codesuggest db upgrade`, then `codesuggest db check`.")


def _database() -> "Database":
    from codesuggest.settings import settings
    from codesuggest.store.database import Database

    return Database(settings().database_url)
