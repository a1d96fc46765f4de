"""What waits for whom, and in which orders it can be handed out."""

import datetime as dt
from collections.abc import Callable

from sqlalchemy import Select, Subquery, exists, func, or_, select, text, union_all
from sqlalchemy.orm import Session, aliased

from codesuggest.domain import Caller
from codesuggest.store.assignments import is_open
from codesuggest.store.incidents import seen_by
from codesuggest.store.log import now
from codesuggest.store.tables import Assignment, Confirmation, Incident


def lock_queue(session: Session) -> None:
    """Let one transaction at a time hand out incidents; on SQLite every writer is alone already."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(4711)"))


def first_waiting(session: Session, caller: Caller, coder_id: int, order: str) -> Incident | None:
    """The first incident that still wants a coding of this coder, in one of the orders of `ORDER`."""
    return session.scalar(ORDER[order](_wanted(caller, coder_id)).limit(1))


def is_wanted(session: Session, incident: Incident, caller: Caller, coder_id: int) -> bool:
    """Whether the incident still wants a coding of this coder, even one who skipped it."""
    query = _wanted(caller, coder_id, with_skipped=True).where(Incident.id == incident.id)
    return session.scalar(query) is not None


def n_waiting(session: Session, caller: Caller, coder_id: int) -> int:
    """How many incidents still want a coding of this coder."""
    return session.scalar(select(func.count()).select_from(_wanted(caller, coder_id).subquery())) or 0


def n_assigned(session: Session, coder_id: int) -> int:
    """How many incidents the coder was ever given."""
    return session.scalar(select(func.count()).where(Assignment.coder_id == coder_id)) or 0


def n_confirmed(session: Session, coder_id: int, since: dt.datetime) -> int:
    """How many incidents the coder has confirmed since a moment."""
    query = select(func.count(func.distinct(Confirmation.incident_id)))
    return session.scalar(query.where(Confirmation.coder_id == coder_id, Confirmation.confirmed_at >= since)) or 0


def has_coded(session: Session, incident_id: int, coder_id: int) -> bool:
    """Whether the coder has confirmed codes of the incident."""
    query = select(Confirmation.id).where(Confirmation.incident_id == incident_id, Confirmation.coder_id == coder_id)
    return session.scalar(query.limit(1)) is not None


def _wanted(caller: Caller, coder_id: int, *, with_skipped: bool = False) -> Select[Incident]:
    """The incidents that still want a coding that this coder may give. `with_skipped`: skipped ones too.

    Written so that it looks at few rows however many wait: only an incident that wants two coders can wait and be coded
    by one.
    """
    taken = _taken(coder_id)
    mine = exists().where(Confirmation.incident_id == Incident.id, Confirmation.coder_id == coder_id)
    skipped = exists().where(
        Assignment.incident_id == Incident.id, Assignment.coder_id == coder_id, Assignment.outcome == "skipped"
    )
    query = (
        select(Incident)
        .outerjoin(taken, taken.c.incident_id == Incident.id)
        .where(Incident.state == "waiting", seen_by(caller))
        .where(Incident.n_wanted > func.coalesce(taken.c.n, 0), or_(Incident.n_wanted == 1, ~mine))
    )
    return query if with_skipped else query.where(~skipped)


def _taken(coder_id: int) -> Subquery:
    """By incident, how many codings are given, or are in another coder's hands."""
    held = select(Assignment.incident_id).where(is_open(now()), Assignment.coder_id != coder_id)
    given = (
        select(Confirmation.incident_id)
        .join(Incident, Confirmation.incident_id == Incident.id)
        .where(Incident.state == "waiting", Incident.n_wanted > 1, Confirmation.supersedes_id.is_(None))
    )
    both = union_all(held, given).subquery()
    return select(both.c.incident_id, func.count().label("n")).group_by(both.c.incident_id).subquery()


def _by_site(query: Select[Incident]) -> Select[Incident]:
    """The site that waits most first, then the oldest of it."""
    other = aliased(Incident)
    waiting = (
        select(other.site, func.count().label("n")).where(other.state == "waiting").group_by(other.site).subquery()
    )
    query = query.join(waiting, waiting.c.site == Incident.site)
    return _oldest(query.order_by(waiting.c.n.desc(), Incident.site))


def _oldest(query: Select[Incident]) -> Select[Incident]:
    return query.order_by(Incident.reported.is_(None), Incident.reported, Incident.id)


ORDER: dict[str, Callable[[Select[Incident]], Select[Incident]]] = {
    "uncertain": lambda query: query.order_by(Incident.uncertainty.desc(), Incident.id),
    "random": lambda query: query.order_by(Incident.draw, Incident.id),
    "oldest": _oldest,
    "site": _by_site,
}
"""How each entry of the protocol's queue orders what waits."""
