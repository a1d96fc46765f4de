"""Confirmations and settled codes as values: what the page, training, audits and exports read."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from codesuggest.domain import (
    ArrivedIncident,
    Caller,
    Codes,
    Confirmation,
    RedactedText,
    SettledIncident,
    Suggestion,
)
from codesuggest.store import tables
from codesuggest.store.decisions import is_decided, standing_adjudications
from codesuggest.store.incidents import GONE, seen_by

_CHUNK = 500


def codes_of(stored: Mapping[str, Sequence[str]] | None) -> dict[str, tuple[str, ...]]:
    """Stored codes as `Codes`."""
    return {axis: tuple(given) for axis, given in (stored or {}).items()}


def confirmations(
    session: Session,
    caller: Caller,
    *,
    incidents: Sequence[int] | None = None,
    coder_id: int | None = None,
    with_superseded: bool = False,
    latest: int | None = None,
) -> list[Confirmation]:
    """The confirmations within the caller's sites, oldest first; corrected ones only if asked for.

    latest  so many of the latest only, newest first.
    """
    later = aliased(tables.Confirmation)
    query = (
        select(tables.Confirmation, tables.Incident, tables.Coder.name, tables.ShownSuggestion.model, later.id)
        .join(tables.Incident, tables.Confirmation.incident_id == tables.Incident.id)
        .join(tables.Coder, tables.Confirmation.coder_id == tables.Coder.id)
        .outerjoin(tables.ShownSuggestion, tables.Confirmation.suggestion_id == tables.ShownSuggestion.id)
        .outerjoin(later, later.supersedes_id == tables.Confirmation.id)
        .where(seen_by(caller))
        .order_by(tables.Confirmation.id if latest is None else tables.Confirmation.id.desc())
        .limit(latest)
    )
    if incidents is not None:
        query = query.where(tables.Confirmation.incident_id.in_(incidents))
    if coder_id is not None:
        query = query.where(tables.Confirmation.coder_id == coder_id)
    if not with_superseded:
        query = query.where(later.id.is_(None))
    return [
        _confirmation(row, incident, coder, model, by) for row, incident, coder, model, by in session.execute(query)
    ]


def settled_incidents(
    session: Session, caller: Caller, *, after: int = 0, limit: int | None = None
) -> Iterator[SettledIncident]:
    """The incidents whose codes are settled, by id; erased ones left out. `after` is the id of the last one seen."""
    n = 0
    while limit is None or n < limit:
        size = _CHUNK if limit is None else min(_CHUNK, limit - n)
        incidents = session.scalars(
            select(tables.Incident)
            .where(seen_by(caller), tables.Incident.state.in_(("coded", "adjudicated")), tables.Incident.id > after)
            .order_by(tables.Incident.id)
            .limit(size)
        ).all()
        if not incidents:
            return
        yield from _settled(session, caller, incidents)
        n, after = n + len(incidents), incidents[-1].id


def first_suggested(session: Session, incidents: Collection[int]) -> dict[int, dict[str, str]]:
    """By incident, the best-ranked code of every axis in the suggestions that were made of it first."""
    return {
        id: {axis: suggestion.code for axis, suggestion in _best(content).items()}
        for id, content in _first_contents(session, incidents)
    }


def arrived_incidents(session: Session, caller: Caller, *, since: dt.date) -> Iterator[ArrivedIncident]:
    """The incidents from a day on, by id; withdrawn and erased ones left out."""
    table = tables.Incident
    dated = func.coalesce(table.reported, table.occurred)
    midnight = dt.datetime.combine(since, dt.time(), dt.UTC)
    is_recent = (dated >= since) | (dated.is_(None) & (table.received_at >= midnight))
    query = select(table).where(seen_by(caller), table.state.not_in(GONE), is_recent).order_by(table.id)
    recent = {
        row.id: (row.reported or row.occurred or row.received_at.date(), row.text or "")
        for row in session.scalars(query)
    }
    contents = dict(_first_contents(session, recent))
    for id, (day, text) in recent.items():
        content = contents.get(id, {})
        likeness = max((past["similarity"] for past in content.get("similar", ())), default=None)
        yield ArrivedIncident(id, day, RedactedText(text), _best(content), likeness)


def _first_contents(session: Session, incidents: Collection[int]) -> Iterator[tuple[int, dict[str, Any]]]:
    """What was suggested for each incident first, in the documented shape; those without are left out."""
    wanted = sorted(incidents)
    seen: set[int] = set()
    for start in range(0, len(wanted), _CHUNK):
        query = select(tables.ShownSuggestion.incident_id, tables.ShownSuggestion.content).where(
            tables.ShownSuggestion.incident_id.in_(wanted[start : start + _CHUNK]),
            tables.ShownSuggestion.content.is_not(None),
        )
        for incident_id, content in session.execute(query.order_by(tables.ShownSuggestion.id)):
            if incident_id not in seen:
                seen.add(incident_id)
                yield incident_id, content


def _best(content: Mapping[str, Any]) -> dict[str, Suggestion]:
    return {
        axis: Suggestion(ranked[0]["code"], ranked[0]["label"], 1, ranked[0]["score"])
        for axis, ranked in content.get("axes", {}).items()
        if ranked
    }


def _settled(session: Session, caller: Caller, incidents: Sequence[tables.Incident]) -> Iterator[SettledIncident]:
    ids = [incident.id for incident in incidents]
    query = standing_adjudications().where(tables.Adjudication.incident_id.in_(ids))
    adjudications = {row.incident_id: row for row in session.scalars(query)}
    given: dict[int, list[Confirmation]] = {id: [] for id in ids}
    for confirmation in confirmations(session, caller, incidents=ids):
        given[confirmation.incident_id].append(confirmation)
    for incident in incidents:
        yield _settle(
            incident, sorted(given[incident.id], key=lambda row: row.position), adjudications.get(incident.id)
        )


def _settle(
    incident: tables.Incident, given: Sequence[Confirmation], adjudication: tables.Adjudication | None
) -> SettledIncident:
    first = given[0]
    how = "agreed" if len(given) > 1 else ("blind" if first.is_blind else "assisted")
    codes: Codes = codes_of(adjudication.codes) if adjudication else first.codes
    settled_at: dt.datetime = adjudication.adjudicated_at if adjudication else given[-1].confirmed_at
    return SettledIncident(
        incident_id=incident.id,
        reference=incident.reference,
        site=incident.site,
        text=RedactedText(incident.text or ""),
        occurred=incident.occurred,
        reported=incident.reported,
        codes=codes,
        unsaid=tuple(adjudication.unsaid) if adjudication else first.unsaid,
        settled_by="adjudicated" if adjudication is not None and is_decided(adjudication) else how,
        settled_at=settled_at,
        taxonomy=adjudication.taxonomy if adjudication else first.taxonomy,
        coders=tuple(confirmation.coder for confirmation in given),
    )


def _confirmation(
    row: tables.Confirmation, incident: tables.Incident, coder: str, model: Any, superseded_by: int | None
) -> Confirmation:
    return Confirmation(
        id=row.id,
        incident_id=incident.id,
        reference=incident.reference,
        site=incident.site,
        coder=coder,
        position=row.position,
        codes=codes_of(row.codes),
        unsaid=tuple(row.unsaid),
        is_blind=row.is_blind,
        shown=codes_of(row.shown),
        changed=tuple(row.changed),
        time_on_screen_ms=row.time_on_screen_ms,
        confirmed_at=row.confirmed_at,
        taxonomy=row.taxonomy,
        model=model or "",
        is_superseded=superseded_by is not None,
    )
