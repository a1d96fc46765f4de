"""Which incident is with whom."""

import datetime as dt

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from codesuggest.store.log import now
from codesuggest.store.tables import Assignment


def is_open(at: dt.datetime) -> ColumnElement[bool]:
    """The condition that an assignment is neither ended nor expired."""
    return Assignment.ended_at.is_(None) & (Assignment.expires_at > at)


def open_assignment(session: Session, coder_id: int, *, incident_id: int | None = None) -> Assignment | None:
    """The coder's open assignment, if there is one: of that incident, or the oldest."""
    query = select(Assignment).where(Assignment.coder_id == coder_id, is_open(now())).order_by(Assignment.id)
    return session.scalar(query.where(Assignment.incident_id == incident_id) if incident_id else query.limit(1))


def assign(session: Session, incident_id: int, coder_id: int, strategy: str, lasting: dt.timedelta) -> Assignment:
    """Give an incident to a coder for a time."""
    at = now()
    row = Assignment(
        incident_id=incident_id, coder_id=coder_id, strategy=strategy, assigned_at=at, expires_at=at + lasting
    )
    session.add(row)
    session.flush()
    return row


def end_assignment(session: Session, incident_id: int, coder_id: int, outcome: str, reason: str = "") -> int | None:
    """Close the coder's latest assignment of an incident unless it is closed; its id, if there is one.

    One that has expired is closed too: the coder came back to it in time after all.
    """
    query = select(Assignment).where(Assignment.coder_id == coder_id, Assignment.incident_id == incident_id)
    row = session.scalar(query.where(Assignment.ended_at.is_(None)).order_by(Assignment.id.desc()).limit(1))
    if row is None:
        return None
    row.ended_at, row.outcome, row.reason = now(), outcome, reason
    return row.id
