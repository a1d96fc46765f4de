"""Where words of incidents are kept, to take them out: the only place that empties columns of append-only tables."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from codesuggest.store.log import now
from codesuggest.store.tables import (
    Adjudication,
    Assignment,
    Confirmation,
    Erasure,
    Incident,
    RedactionMiss,
    ShownSuggestion,
)


def open_erasure(session: Session, incident_id: int, actor: str, cause: str) -> None:
    """Put an erasure on record; without it the database lets no word of a decision go."""
    session.add(Erasure(incident_id=incident_id, actor=actor, cause=cause, erased_at=now()))
    session.flush()


def empty_decisions(session: Session, incident_id: int) -> None:
    """Take comments, reasons and what was shown out of an incident's decisions."""
    where = Confirmation.incident_id == incident_id
    session.execute(update(Confirmation).where(where).values(shown=None, comment=None))
    session.execute(update(Adjudication).where(Adjudication.incident_id == incident_id).values(reason=None))


def empty_rest(session: Session, incident_id: int) -> None:
    """Take an incident's suggestions, reasons for skipping and redaction gold out."""
    session.execute(update(ShownSuggestion).where(ShownSuggestion.incident_id == incident_id).values(content=None))
    session.execute(update(Assignment).where(Assignment.incident_id == incident_id).values(reason=""))
    session.execute(update(RedactionMiss).where(RedactionMiss.incident_id == incident_id).values(template=None))


def scrub_suggestions(session: Session, incident_id: int) -> None:
    """Leave of an incident's suggestions the ranked codes only: nothing that quotes or points into its text."""
    query = select(ShownSuggestion).where(ShownSuggestion.incident_id == incident_id)
    for row in session.scalars(query.where(ShownSuggestion.content.is_not(None))):
        row.content = _ranks_only(row.content or {})


def decisions_with(session: Session, incident_id: int, value: str) -> bool:
    """Whether a comment or a reason of an incident's decisions holds a value."""
    queries = (
        select(Confirmation.comment).where(Confirmation.incident_id == incident_id),
        select(Adjudication.reason).where(Adjudication.incident_id == incident_id),
    )
    return any(value in (text or "") for query in queries for text in session.scalars(query))


def incidents_with(session: Session, value: str) -> Sequence[Incident]:
    """Every incident whose text holds a value, locked."""
    query = select(Incident).where(func.instr(Incident.text, value) > 0)
    if session.get_bind().dialect.name == "postgresql":
        query = select(Incident).where(func.strpos(Incident.text, value) > 0)
    return session.scalars(query.order_by(Incident.id).with_for_update()).all()


def reported_before(session: Session, day: dt.date) -> Sequence[Incident]:
    """The incidents reported, or where that is not known received, before a day, and not erased yet."""
    start = dt.datetime.combine(day, dt.time(), dt.UTC)
    old = or_(Incident.reported < day, Incident.reported.is_(None) & (Incident.received_at < start))
    return session.scalars(select(Incident).where(old, Incident.state != "erased").with_for_update()).all()


def misses(session: Session, *, after: int = 0) -> Sequence[RedactionMiss]:
    """The redaction misses that are gold: marked, and not erased."""
    query = select(RedactionMiss).where(RedactionMiss.template.is_not(None), RedactionMiss.id > after)
    return session.scalars(query.order_by(RedactionMiss.id)).all()


def _ranks_only(content: Mapping[str, Any]) -> dict[str, Any]:
    axes = {axis: [{**code, "words": []} for code in ranked] for axis, ranked in content.get("axes", {}).items()}
    empty: dict[str, Any] = {"redacted": "", "unsettled": {}, "conflicts": [], "similar": [], "notice": ""}
    return {**content, **empty, "axes": axes}
