"""The audit log: who did what to what, when. Never words of a narrative."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from codesuggest.store.tables import LogEntry


def now() -> dt.datetime:
    """This moment, in UTC."""
    return dt.datetime.now(dt.UTC)


def months_ago(months: int) -> dt.datetime:
    """When the month so many months back began."""
    at = now()
    month = at.year * 12 + at.month - 1 - months
    return dt.datetime(month // 12, month % 12 + 1, 1, tzinfo=dt.UTC)


def record(session: Session, actor: str, action: str, subject: str, **detail: Any) -> None:
    """Log that `actor` did `action` to `subject` (such as `incident 12`), in the transaction that does it."""
    session.add(LogEntry(at=now(), actor=actor, action=action, subject=subject, detail=detail))


def entries(session: Session, *, before: int | None = None, limit: int = 100) -> Sequence[LogEntry]:
    """The latest entries, newest first; `before` is the id of the last one seen."""
    query = select(LogEntry).order_by(LogEntry.id.desc()).limit(limit)
    return session.scalars(query.where(LogEntry.id < before) if before else query).all()
