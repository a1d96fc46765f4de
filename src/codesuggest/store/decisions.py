"""Confirmations and adjudications as rows: those that stand, and those that a sending left."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from codesuggest.store.tables import Adjudication, Confirmation, Incident, ShownSuggestion

MOVE_MODEL = "crosswalk "
"""How the model is named whose suggestions are the proposals of a crosswalk."""

MOVE_KEY = "crosswalk/"
"""How the key of an adjudication starts that a crosswalk made by itself of what coders had confirmed."""

MOVED_DECISION_KEY = "crosswalk of a decision/"
"""The same, of what a lead had decided."""


def standing(session: Session, incident_id: int) -> Sequence[Confirmation]:
    """The confirmations of an incident that nobody has corrected, by position."""
    later = aliased(Confirmation)
    query = select(Confirmation).outerjoin(later, later.supersedes_id == Confirmation.id)
    query = query.where(Confirmation.incident_id == incident_id, later.id.is_(None))
    return session.scalars(query.order_by(Confirmation.position)).all()


def standing_adjudications() -> Select[Adjudication]:
    """The query of the adjudications that no later one superseded."""
    later = aliased(Adjudication)
    query = select(Adjudication).outerjoin(later, later.supersedes_id == Adjudication.id)
    return query.where(later.id.is_(None))


def standing_adjudication(session: Session, incident_id: int) -> Adjudication | None:
    """The adjudication of an incident that stands, if there is one."""
    return session.scalar(standing_adjudications().where(Adjudication.incident_id == incident_id))


def pending_move(session: Session, incident_id: int) -> ShownSuggestion | None:
    """The proposals by which an incident's codes are to move to another taxonomy, while a lead has not decided."""
    query = select(ShownSuggestion).where(
        ShownSuggestion.incident_id == incident_id, ShownSuggestion.model.startswith(MOVE_MODEL, autoescape=True)
    )
    row = session.scalar(query.order_by(ShownSuggestion.id.desc()).limit(1))
    settled = standing_adjudication(session, incident_id) if row is not None else None
    is_over = row is not None and settled is not None and settled.adjudicated_at >= row.made_at
    return None if is_over else row


def is_decided(adjudication: Adjudication) -> bool:
    """Whether a lead decided; otherwise a crosswalk moved, by itself, what coders had confirmed."""
    return not adjudication.idempotency_key.startswith(MOVE_KEY)


def confirmation_sent(session: Session, coder_id: int, key: str) -> Confirmation | None:
    """What a coder's earlier sending with this key left."""
    query = select(Confirmation).where(Confirmation.coder_id == coder_id, Confirmation.idempotency_key == key)
    return session.scalar(query)


def adjudication_sent(session: Session, lead_id: int, key: str) -> Adjudication | None:
    """What a lead's earlier sending with this key left."""
    query = select(Adjudication).where(Adjudication.lead_id == lead_id, Adjudication.idempotency_key == key)
    return session.scalar(query)


def is_corrected(session: Session, confirmation: Confirmation) -> bool:
    """Whether a later confirmation supersedes this one."""
    return session.scalar(select(Confirmation.id).where(Confirmation.supersedes_id == confirmation.id)) is not None


def state_from_decisions(session: Session, incident: Incident) -> str:
    """The state that the decisions on record put an incident in."""
    if pending_move(session, incident.id) is not None:
        return "disagreed"
    if standing_adjudication(session, incident.id) is not None:
        return "adjudicated"
    given = standing(session, incident.id)
    if len(given) < incident.n_wanted:
        return "waiting"
    return "disagreed" if any(differing_axes(given[0].codes, other.codes) for other in given[1:]) else "coded"


def differing_axes(first: Mapping[str, Sequence[str]], second: Mapping[str, Sequence[str]]) -> list[str]:
    """The axes on which two codings differ, whatever the order of the codes."""
    return [axis for axis in {**first, **second} if set(first.get(axis, ())) != set(second.get(axis, ()))]
