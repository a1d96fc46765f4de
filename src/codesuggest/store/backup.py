"""Backups: one file, made while the service runs, restored into an empty database only."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from codesuggest.errors import StoreError
from codesuggest.store.database import Database
from codesuggest.store.schema import require_current, schema_version


def backup(database: Database, to: Path) -> int:
    """Write a backup, readable by its owner only, whole or not at all. Returns its size in bytes.

    SQLite by its own online backup, PostgreSQL by pg_dump. Raises StoreError if the file exists or cannot be made.
    """
    require_current(database)
    if to.exists():
        raise StoreError(f"{to}: exists. Name another file: a backup is never written over.")
    work = to.with_name(f".{to.name}.part")
    work.unlink(missing_ok=True)
    try:
        os.close(os.open(work, os.O_CREAT | os.O_WRONLY, 0o600))
    except OSError as error:
        raise StoreError(f"{to}: cannot be written ({error.strerror}).") from error
    try:
        if database.is_sqlite:
            _copy_sqlite(_file(database), work)
        else:
            _run(database, "pg_dump", "--format=custom", f"--file={work}")
        work.rename(to)
    finally:
        work.unlink(missing_ok=True)
    return to.stat().st_size


def restore(database: Database, backup: Path) -> str:
    """Restore a backup into a database that holds nothing yet. Returns the schema version restored.

    Raises StoreError if the database holds something already, or the file is no backup.
    """
    if not backup.is_file():
        raise StoreError(f"{backup}: no such file.")
    if schema_version(database):
        raise StoreError(f"{database.url.render_as_string()}: holds a store already. Restore into a new database.")
    database.close()
    if database.is_sqlite:
        _restore_sqlite(database, backup)
    else:
        _run(database, "pg_restore", "--single-transaction", "--no-owner", str(backup))
    version = schema_version(database)
    if not version:
        raise StoreError(f"{backup}: holds no store.")
    return version


def _restore_sqlite(database: Database, backup: Path) -> None:
    with backup.open("rb") as file:
        if file.read(16) != b"SQLite format 3\0":
            raise StoreError(f"{backup}: not a backup of a SQLite store.")
    file_of = _file(database)
    for suffix in ("", "-wal", "-shm"):
        Path(f"{file_of}{suffix}").unlink(missing_ok=True)
    _copy_sqlite(backup, file_of)


def _copy_sqlite(source: Path, to: Path) -> None:
    failure = ""
    try:
        with closing(sqlite3.connect(source)) as ours, closing(sqlite3.connect(to)) as theirs:
            ours.backup(theirs)
    except sqlite3.Error as error:
        failure = type(error).__name__
    if failure:
        raise StoreError(f"{source}: cannot be copied to {to} ({failure}).")


def _file(database: Database) -> Path:
    if not database.url.database or database.url.database == ":memory:":
        raise StoreError("A database in memory has no backup.")
    return Path(database.url.database)


def _run(database: Database, program: str, *arguments: str) -> None:
    path = shutil.which(program)
    if path is None:
        raise StoreError(f"{program} is not installed here; it comes with PostgreSQL's client programs.")
    url = database.url
    named = {"PGHOST": url.host, "PGPORT": url.port, "PGUSER": url.username, "PGPASSWORD": url.password}
    environment = os.environ | {name: str(value) for name, value in named.items() if value}
    result = subprocess.run(  # noqa: S603  a program of PostgreSQL's, with no word of a user's
        [path, *arguments, f"--dbname={url.database}"], env=environment, capture_output=True, check=False
    )
    if result.returncode:
        raise StoreError(f"{program} failed with exit code {result.returncode}. Look into PostgreSQL's log.")
