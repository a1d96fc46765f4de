"""The database: SQLite with a write-ahead log by default, PostgreSQL by URL. Every write is one transaction."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, exc
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    IntegrityError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
)
from sqlalchemy.orm import Session

from codesuggest.errors import ConflictError, SettingsError, StoreError

__all__ = ["Database", "Session"]

_READ_ONLY = "codesuggest_read_only"
_WAIT_S = 10
_POOL = {"pool_size": 20, "max_overflow": 20}
"""As many connections as the server has threads."""

_SQLITE = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON", "secure_delete=ON")
"""Survives a power cut, holds references, fires triggers on REPLACE too, and overwrites what is erased."""


class Database:
    """Where the store is. `reading` and `writing` give a session that is one transaction.

    Raises SettingsError if the URL cannot be used, StoreError if the database does not answer.
    """

    def __init__(self, url: str) -> None:
        self.url = _url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _engine(self.url)
        one_state = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        self._reader = self.engine.execution_options(**{_READ_ONLY: True}, **one_state)
        self._one_writer: AbstractContextManager[Any] = threading.Lock() if self.is_sqlite else nullcontext()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for reading, from one state of the database."""
        with _answering(), Session(self._reader) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session for writing: committed at the end, undone by any error. On SQLite one at a time."""
        with _answering(), self._one_writer, Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    def forget_erased(self) -> None:
        """Write over what was erased: SQLite's log is emptied, PostgreSQL's tables are vacuumed."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            allow_any_time(connection)
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)" if self.is_sqlite else "VACUUM")

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


def allow_any_time(connection: Connection) -> None:
    """Let what looks after the whole database take its time; a request's statements may not."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET statement_timeout = 0")


@contextmanager
def _answering() -> Iterator[None]:
    """A database that does not answer, as an error of ours that repeats none of the values."""
    refusal: StoreError | ConflictError
    try:
        yield
        return
    except IntegrityError:
        refusal = ConflictError("Another request did this first, or it is never done; nothing was changed. Look again.")
    except (OperationalError, InterfaceError, exc.TimeoutError) as error:
        kind = type(error).__name__
        refusal = StoreError(f"The database did not answer ({kind}), so nothing was changed. Try again shortly.")
    raise refusal


def _url(url: str) -> URL:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, NoSuchModuleError):
        backend = ""
    if backend == "sqlite":
        return parsed.set(drivername="sqlite+pysqlite")
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    raise SettingsError(
        "CODESUGGEST_DATABASE_URL: expected sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE."
    )


def _engine(url: URL) -> Engine:
    try:
        if url.get_backend_name() == "sqlite":
            engine = create_engine(url, hide_parameters=True, connect_args={"timeout": _WAIT_S}, **_POOL)
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        return create_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            **_POOL,
            connect_args={"connect_timeout": _WAIT_S, "options": f"-c statement_timeout={_WAIT_S * 1000}"},
        )
    except ImportError as error:
        raise SettingsError("PostgreSQL needs psycopg: pip install 'codesuggest[postgres]'.") from error


def _prepare_sqlite(connection: Any, _: object) -> None:
    """Transactions are begun by us, not by the driver."""
    connection.isolation_level = None
    for pragma in _SQLITE:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes its lock at once, so that what it has read is still so when it writes."""
    options = connection.get_execution_options()
    if options.get("isolation_level") == "AUTOCOMMIT":
        return
    is_read_only = options.get(_READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if is_read_only else "BEGIN IMMEDIATE")
