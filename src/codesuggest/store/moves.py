"""Codings in a taxonomy that is being left, and the record of their move to another."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from codesuggest.domain import Codes
from codesuggest.errors import ModelError
from codesuggest.store.decisions import (
    MOVE_KEY,
    MOVED_DECISION_KEY,
    is_decided,
    pending_move,
    standing,
    standing_adjudications,
)
from codesuggest.store.history import codes_of
from codesuggest.store.log import now
from codesuggest.store.tables import Adjudication, Confirmation, Incident, LogEntry
from codesuggest.taxonomy import Moved

ACTION = "crosswalk"


@dataclass(frozen=True, slots=True)
class OldCoding:
    """An incident with what stands of it: one coding if it is settled, each coder's if they differ.

    codings  codes, and the axes on which the narrative does not say.
    """

    incident: Incident
    codings: tuple[tuple[Codes, tuple[str, ...]], ...]
    confirmations: tuple[int, ...]
    adjudication: Adjudication | None


def codings_in(session: Session, taxonomy: str, *, after: int, limit: int) -> list[OldCoding]:
    """The next incidents by id that are settled, or disputed, in a taxonomy; those queued for a move already left out.

    Fewer than `limit` may come before the last: an empty list is the end.
    """
    query = (
        select(Incident)
        .where(Incident.state.in_(("coded", "adjudicated", "disagreed")), Incident.id > after)
        .order_by(Incident.id)
    )
    found: list[OldCoding] = []
    for incident in session.scalars(query.execution_options(yield_per=limit)):
        coding = _coding(session, incident, taxonomy)
        if coding is not None:
            found.append(coding)
            if len(found) == limit:
                break
    return found


def record_move(
    session: Session, coding: OldCoding, name: str, taxonomy: str, moved: Moved, *, lead_id: int
) -> Adjudication:
    """Record a coding that moved by itself: a new row beside what stands, in the new taxonomy."""
    incident, before = coding.incident, coding.adjudication
    kind = MOVED_DECISION_KEY if before and is_decided(before) else MOVE_KEY
    row = Adjudication(
        incident_id=incident.id,
        lead_id=lead_id,
        supersedes_id=before.id if before else None,
        confirmations=list(coding.confirmations),
        taxonomy=taxonomy,
        codes={axis: list(codes) for axis, codes in moved.codes.items()},
        unsaid=list(moved.unsaid),
        idempotency_key=f"{kind}{incident.id}/{incident.version}",
        adjudicated_at=now(),
        reason=f"Crosswalk {name}: every code moves by itself.",
    )
    session.add(row)
    incident.state = "adjudicated"
    incident.version += 1
    return row


def require_unmoved(session: Session, taxonomy: str, model: str) -> None:
    """Raises ModelError if the store's codings have moved away from the taxonomy of this model."""
    query = select(LogEntry).where(LogEntry.action == ACTION).order_by(LogEntry.id.desc()).limit(1)
    latest = session.scalar(query)
    if latest is not None and latest.detail["from"] == taxonomy:
        raise ModelError(
            f"Model {model} was trained on taxonomy {taxonomy}, but the store's codings have moved to "
            f"{latest.detail['to']}. Train one on that, and name it: CODESUGGEST_MODEL."
        )


def _coding(session: Session, incident: Incident, taxonomy: str) -> OldCoding | None:
    """What stands of an incident, if it is in this taxonomy and not queued."""
    if pending_move(session, incident.id) is not None:
        return None
    given = standing(session, incident.id)
    settled = session.scalar(standing_adjudications().where(Adjudication.incident_id == incident.id))
    rows: Sequence[Adjudication | Confirmation] = given[:1] if incident.state == "coded" else given
    rows = rows if settled is None else [settled]
    if not rows or any(row.taxonomy != taxonomy for row in rows):
        return None
    codings = tuple((codes_of(row.codes), tuple(row.unsaid)) for row in rows)
    return OldCoding(incident, codings, tuple(row.id for row in given), settled)
