"""Incidents as they are kept: found, locked and searched, each only within the caller's site."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, Text, func, or_, select, true, type_coerce
from sqlalchemy.orm import Session

from codesuggest.domain import Caller, SuggestedIncident
from codesuggest.errors import ConflictError, MissingError
from codesuggest.store.log import now
from codesuggest.store.tables import Adjudication, Confirmation, Incident, ShownSuggestion

STATES = ("waiting", "coded", "disagreed", "adjudicated", "withdrawn", "erased")
GONE = ("withdrawn", "erased")
"""States in which an incident is not shown to coders."""


@dataclass(frozen=True, slots=True)
class Search:
    """What to list: a state, words of the reference or of the redacted narrative, or a code given."""

    state: str = ""
    words: str = ""
    code: str = ""


def seen_by(caller: Caller) -> ColumnElement[bool]:
    """The condition that an incident is of a site that the caller sees."""
    return Incident.site == caller.site if caller.site else true()


def incident_of(session: Session, id: int, caller: Caller, *, lock: bool = False) -> Incident:
    """The incident. Raises MissingError if there is none that the caller may see. `lock` keeps others from it."""
    query = select(Incident).where(Incident.id == id, seen_by(caller))
    incident = session.scalar(query.with_for_update() if lock else query)
    hidden = incident is not None and incident.state == "withdrawn" and caller.role in ("", "coder")
    if incident is None or incident.state == "erased" or hidden:
        raise MissingError(f"Incident {id}: none that you may see. It may have been erased, or be of another site.")
    return incident


def require_version(incident: Incident, version: int) -> None:
    """Raises ConflictError if the incident has changed since the caller read `version` of it."""
    if incident.version != version:
        raise ConflictError(
            f"Incident {incident.id}: changed since you opened it (version {incident.version}, you have {version}). "
            "Open it again."
        )


def by_reference(session: Session, site: str, references: Sequence[str]) -> dict[str, Incident]:
    """The incidents of a site that have one of these references."""
    query = select(Incident).where(Incident.site == site, Incident.reference.in_(references))
    return {incident.reference: incident for incident in session.scalars(query)}


def search(
    session: Session, caller: Caller, wanted: Search, *, after: int | None = None, limit: int = 50
) -> Sequence[Incident]:
    """Incidents that match, newest first; `after` is the id of the last one seen."""
    hidden = GONE if caller.role in ("", "coder") else ("erased",)
    query = select(Incident).where(seen_by(caller), Incident.state.not_in(hidden))
    if wanted.state:
        query = query.where(Incident.state == wanted.state)
    if wanted.words:
        pattern = f"%{_literal(wanted.words)}%"
        query = query.where(
            or_(Incident.reference.ilike(pattern, escape="\\"), Incident.text.ilike(pattern, escape="\\"))
        )
    if wanted.code:
        query = query.where(Incident.id.in_(_given(wanted.code)), Incident.state.in_(("coded", "adjudicated")))
    if after:
        query = query.where(Incident.id < after)
    return session.scalars(query.order_by(Incident.id.desc()).limit(limit)).all()


def readable(session: Session, caller: Caller) -> Sequence[Incident]:
    """All incidents of the caller's sites that still have their words, by id."""
    query = select(Incident).where(seen_by(caller), Incident.state.not_in(GONE), Incident.text.is_not(None))
    return session.scalars(query.order_by(Incident.id)).all()


def counts_by_state(session: Session, caller: Caller) -> dict[str, int]:
    """How many incidents of the caller's sites are in each state."""
    query = select(Incident.state, func.count()).where(seen_by(caller)).group_by(Incident.state)
    return dict(session.execute(query).all())


def keep_suggestion(
    session: Session, incident: Incident, suggested: SuggestedIncident, content: object
) -> ShownSuggestion:
    """Keep suggestions as they are shown, and how uncertain they leave the incident."""
    first = [ranked[0].score for ranked in suggested.axes.values() if ranked]
    incident.uncertainty = round(1 - sum(first) / len(first), 6) if first else 1.0
    row = ShownSuggestion(
        incident_id=incident.id,
        content=content,
        model=suggested.model,
        taxonomy=suggested.taxonomy,
        redactor=incident.redactor,
        made_at=now(),
    )
    session.add(row)
    session.flush()
    return row


def latest_suggestion(session: Session, incident_id: int) -> ShownSuggestion | None:
    """The newest suggestions kept for an incident, if any."""
    query = select(ShownSuggestion).where(
        ShownSuggestion.incident_id == incident_id, ShownSuggestion.content.is_not(None)
    )
    return session.scalar(query.order_by(ShownSuggestion.id.desc()).limit(1))


def _given(code: str) -> Select[int]:
    """The incidents to which a code was given, by a coder or in an adjudication, corrected rows left out."""
    quoted = f'%"{_literal(code)}"%'
    corrected = select(Confirmation.supersedes_id).where(Confirmation.supersedes_id.is_not(None))
    overruled = select(Adjudication.supersedes_id).where(Adjudication.supersedes_id.is_not(None))
    settled = select(Adjudication.incident_id)
    confirmed = select(Confirmation.incident_id).where(
        type_coerce(Confirmation.codes, Text).like(quoted, escape="\\"),
        Confirmation.id.not_in(corrected),
        Confirmation.incident_id.not_in(settled),
    )
    adjudicated = select(Adjudication.incident_id).where(
        type_coerce(Adjudication.codes, Text).like(quoted, escape="\\"), Adjudication.id.not_in(overruled)
    )
    return select(Incident.id).where(or_(Incident.id.in_(confirmed), Incident.id.in_(adjudicated)))


def _literal(words: str) -> str:
    for special in ("\\", "%", "_"):
        words = words.replace(special, f"\\{special}")
    return words
