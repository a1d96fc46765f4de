"""What training takes from the store: of each incident the most trusted codes that stand, and where they come from."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from codesuggest.domain import Caller, Codes, Confirmation, RedactedText, TrainingIncident
from codesuggest.store import tables
from codesuggest.store.decisions import differing_axes, is_decided, standing_adjudications
from codesuggest.store.history import codes_of, confirmations

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Learnt:
    """The incidents to learn from, and by reason how many are left out.

    redactors     what redacted them.
    double_coded  the codings of each incident that two coders coded without seeing suggestions.
    """

    incidents: tuple[TrainingIncident, ...]
    left_out: Mapping[str, int]
    redactors: tuple[str, ...]
    double_coded: tuple[tuple[Codes, Codes], ...]


@dataclass(slots=True)
class _Tally:
    left_out: Counter[str] = field(default_factory=Counter)
    redactors: set[str] = field(default_factory=set)
    double_coded: list[tuple[Codes, Codes]] = field(default_factory=list)


def incidents_to_learn_from(session: Session, taxonomy: str) -> Learnt:
    """Every incident with codes that stand, of every site.

    A lead's adjudication counts over confirmations, two coders who agree over one, one who decided blind over one who
    saw suggestions; superseded rows count for nothing, and what a crosswalk moved counts as what it was. Codes of
    another taxonomy, unsettled disagreements, and incidents that were erased or are withdrawn are left out. An incident
    that nobody has coded here, and that came with codes, is `imported`.
    """
    tally = _Tally()
    found = tuple(_all(session, taxonomy, tally))
    return Learnt(found, dict(tally.left_out), tuple(sorted(tally.redactors)), tuple(tally.double_coded))


def erased_and_current(session: Session) -> tuple[frozenset[int], dict[tuple[str, str], str]]:
    """The ids of erased incidents; and by site and reference, the narrative of every other one as it stands."""
    query = select(
        tables.Incident.id, tables.Incident.state, tables.Incident.site, tables.Incident.reference, tables.Incident.text
    )
    rows = session.execute(query).all()
    erased = frozenset(row.id for row in rows if row.state == "erased")
    return erased, {(row.site, row.reference): row.text for row in rows if row.state != "erased"}


def _all(session: Session, taxonomy: str, tally: _Tally) -> Iterator[TrainingIncident]:
    after = 0
    while incidents := _incidents(session, after):
        ids = [incident.id for incident in incidents]
        query = standing_adjudications().where(tables.Adjudication.incident_id.in_(ids))
        adjudications = {row.incident_id: row for row in session.scalars(query)}
        given: dict[int, list[Confirmation]] = {id: [] for id in ids}
        for confirmation in confirmations(session, Caller("retrain"), incidents=ids):
            given[confirmation.incident_id].append(confirmation)
        for incident in incidents:
            blind = [row.codes for row in given[incident.id] if row.is_blind and row.taxonomy == taxonomy]
            if len(blind) > 1:
                tally.double_coded.append((blind[0], blind[1]))
            found = _found(incident, given[incident.id], adjudications.get(incident.id), taxonomy)
            if isinstance(found, TrainingIncident):
                tally.redactors.add(incident.redactor)
                yield found
            else:
                tally.left_out[found] += 1
        after = incidents[-1].id


def _incidents(session: Session, after: int) -> Sequence[tables.Incident]:
    query = select(tables.Incident).where(tables.Incident.id > after).order_by(tables.Incident.id).limit(_CHUNK)
    return session.scalars(query).all()


def _found(
    incident: tables.Incident,
    given: Sequence[Confirmation],
    adjudication: tables.Adjudication | None,
    taxonomy: str,
) -> TrainingIncident | str:
    """The incident as training takes it, or why it is left out."""
    if incident.state in ("erased", "withdrawn") or not incident.text:
        return incident.state
    if adjudication is not None and is_decided(adjudication):
        return _incident(incident, codes_of(adjudication.codes), "adjudicated", (), (adjudication.taxonomy, taxonomy))
    if not given:
        return _imported(incident)
    best = [row for row in given if row.is_blind] or list(given)
    if any(differing_axes(best[0].codes, row.codes) for row in best[1:]):
        return "disagreed"
    source = "agreed" if len(best) > 1 else ("blind" if best[0].is_blind else "assisted")
    accepted = tuple(axis for axis in best[0].codes if all(_is_accepted(row, axis) for row in best))
    stands = adjudication or best[0]  # what a crosswalk moved stays what it was, an echo too
    return _incident(incident, codes_of(stands.codes), source, accepted, (stands.taxonomy, taxonomy))


def _imported(incident: tables.Incident) -> TrainingIncident | str:
    codes = codes_of(incident.existing_codes)
    return _incident(incident, codes, "imported", (), ("", "")) if any(codes.values()) else "not coded"


def _incident(
    incident: tables.Incident, codes: Codes, source: str, accepted: tuple[str, ...], of: tuple[str, str]
) -> TrainingIncident | str:
    if of[0] != of[1]:
        return f"coded in {of[0]}"
    return TrainingIncident(
        reference=incident.reference,
        site=incident.site,
        reported=incident.reported or incident.occurred or incident.received_at.date(),
        text=RedactedText(incident.text or ""),
        codes=codes,
        source=source,
        accepted=accepted,
        incident=incident.id,
    )


def _is_accepted(row: Confirmation, axis: str) -> bool:
    """Whether the coder saw suggestions on the axis and took the first."""
    shown = row.shown.get(axis, ())
    return not row.is_blind and bool(shown) and shown[0] in row.codes[axis]
