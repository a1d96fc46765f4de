"""The schema's version: brought up to date by migrations, and checked before anything is read."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DatabaseError

from codesuggest.errors import StoreError
from codesuggest.store.database import Database, allow_any_time
from codesuggest.store.tables import Table

_MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(database: Database) -> tuple[str, str]:
    """Bring the schema up to date, whole or not at all. Returns the version before (empty if new) and after."""
    before = schema_version(database)
    _refuse_newer(before)
    with database.engine.begin() as connection:
        allow_any_time(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return before, newest()


def check(database: Database) -> list[str]:
    """What is wrong with the store, in words; nothing if all is well."""
    version = schema_version(database)
    if version != newest():
        return [f"schema {version or 'none'}; expected {newest()}. Run: codesuggest db upgrade"]
    with database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Table.metadata)
        problems = [f"the schema differs from its version: {difference[0]}" for difference in differences]
        return problems + (_sqlite_problems(connection) if database.is_sqlite else []) + _missing_guards(connection)


def require_current(database: Database) -> Database:
    """The database, if its schema is this version's. Raises StoreError with the remedy otherwise."""
    version = schema_version(database)
    _refuse_newer(version)
    if version != newest():
        raise StoreError(
            f"The database has schema {version or 'none'}; {newest()} is needed. Run: codesuggest db upgrade."
        )
    return database


def newest() -> str:
    """The schema version of this release."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def schema_version(database: Database) -> str:
    """The database's schema version; empty where there is none yet. Raises StoreError if it is no database of ours."""
    try:
        with database.engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision() or ""
    except DatabaseError as error:
        kind = type(error.orig).__name__
    raise StoreError(f"{database.url.render_as_string()}: cannot be opened as a database ({kind}).")


def _refuse_newer(version: str) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if version and version not in known:
        raise StoreError(
            f"The database has schema {version}, of a newer release. Update codesuggest, or restore a backup."
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config


def _sqlite_problems(connection: Connection) -> list[str]:
    integrity = [row[0] for row in connection.execute(text("PRAGMA integrity_check")) if row[0] != "ok"]
    dangling = list(connection.execute(text("PRAGMA foreign_key_check")))
    return [f"damaged: {line}" for line in integrity] + (
        [f"{len(dangling):,} rows refer to rows that are gone"] if dangling else []
    )


def _missing_guards(connection: Connection) -> list[str]:
    """The tables whose trigger against changes is gone."""
    catalogue = (
        "sqlite_master WHERE type = 'trigger'"
        if connection.dialect.name == "sqlite"
        else "pg_trigger WHERE tgenabled <> 'D'"
    )
    name = "name" if connection.dialect.name == "sqlite" else "tgname"
    found = {row[0] for row in connection.execute(text(f"SELECT {name} FROM {catalogue}"))}  # noqa: S608  names are ours
    wanted = [
        f"{table}_no_{verb}"
        for table in ("confirmations", "adjudications", "erasures", "audit_log")
        for verb in ("update", "delete")
    ]
    return [
        f"trigger {trigger} is gone or off: confirmations are not safe" for trigger in wanted if trigger not in found
    ]
