"""Confirm and supersede: each one transaction, and recorded once however often it is sent."""

from dataclasses import dataclass
from typing import Any

from codesuggest.confirm.coding import check_coding, overridden, shown_of
from codesuggest.confirm.state import Sending, require_open, require_same, settle
from codesuggest.domain import Codes, Decision, Taxonomy
from codesuggest.errors import ConflictError, MissingError
from codesuggest.store.assignments import end_assignment
from codesuggest.store.database import Session
from codesuggest.store.decisions import confirmation_sent, differing_axes, is_corrected, standing
from codesuggest.store.incidents import incident_of, latest_suggestion, require_version
from codesuggest.store.log import now, record
from codesuggest.store.tables import Confirmation, Incident


@dataclass(frozen=True, slots=True)
class Recorded:
    """A decision on record. `is_replay`: it was there already, from an earlier sending."""

    row: Confirmation
    incident: Incident
    is_replay: bool = False


def confirm(
    session: Session, incident_id: int, decision: Decision, sending: Sending, *, taxonomy: Taxonomy
) -> Recorded:
    """Record a coder's decision on an incident.

    Raises ConflictError if the incident changed since its version was read, if enough coders have coded it, or if this
    coder has; MissingError, UnknownCodeError and CodingError as `incident_of` and `check_coding` do.
    """
    coder_id = sending.coder_id
    incident = incident_of(session, incident_id, sending.by, lock=True)
    codes = check_coding(decision, taxonomy)
    if (earlier := confirmation_sent(session, sending.coder_id, sending.key)) is not None:
        require_same(earlier.incident_id, earlier.codes, incident, codes)
        return Recorded(earlier, incident, is_replay=True)
    given = standing(session, incident.id)
    require_open(incident, given, coder_id)
    require_version(incident, sending.version)
    suggestion = None if incident.is_blind else latest_suggestion(session, incident.id)
    shown = shown_of(suggestion.content if suggestion else None, decision, taxonomy)
    row = Confirmation(
        **_columns(decision, codes, sending, taxonomy),
        incident_id=incident.id,
        assignment_id=end_assignment(session, incident.id, coder_id, "confirmed"),
        suggestion_id=suggestion.id if suggestion else None,
        position=len(given) + 1,
        is_blind=incident.is_blind,
        shown=shown,
        changed=overridden(shown, codes),
    )
    return _keep(session, row, incident, sending, "confirm")


def supersede(
    session: Session, confirmation_id: int, decision: Decision, sending: Sending, *, taxonomy: Taxonomy
) -> Recorded:
    """Record a correction of the coder's own confirmation, which stays as it was.

    Raises ConflictError if that one was corrected already, or its incident was adjudicated since.
    """
    corrected = session.get(Confirmation, confirmation_id)
    if corrected is None or corrected.coder_id != sending.coder_id:
        raise MissingError(f"Confirmation {confirmation_id}: none of yours.")
    incident = incident_of(session, corrected.incident_id, sending.by, lock=True)
    codes = check_coding(decision, taxonomy)
    if (earlier := confirmation_sent(session, sending.coder_id, sending.key)) is not None:
        require_same(earlier.incident_id, earlier.codes, incident, codes)
        return Recorded(earlier, incident, is_replay=True)
    _require_correctable(session, corrected, incident)
    suggestion = latest_suggestion(session, incident.id)
    row = Confirmation(
        **_columns(decision, codes, sending, taxonomy),
        incident_id=incident.id,
        assignment_id=corrected.assignment_id,
        suggestion_id=suggestion.id if suggestion else None,
        supersedes_id=corrected.id,
        position=corrected.position,
        is_blind=False,
        shown=shown_of(suggestion.content if suggestion else None, decision, taxonomy),
        changed=differing_axes(corrected.codes, codes),
    )
    return _keep(session, row, incident, sending, "supersede")


def _require_correctable(session: Session, corrected: Confirmation, incident: Incident) -> None:
    if is_corrected(session, corrected):
        raise ConflictError(f"Confirmation {corrected.id}: corrected already. Correct the latest one.")
    if incident.state not in ("waiting", "coded", "disagreed"):
        raise ConflictError(f"Incident {incident.id}: {incident.state} since, so its codings stand.")


def _columns(decision: Decision, codes: Codes, sending: Sending, taxonomy: Taxonomy) -> dict[str, Any]:
    return {
        "coder_id": sending.coder_id,
        "idempotency_key": sending.key,
        "taxonomy": taxonomy.name,
        "codes": {axis: list(given) for axis, given in codes.items()},
        "unsaid": list(decision.unsaid),
        "comment": decision.comment or None,
        "time_on_screen_ms": decision.time_on_screen_ms,
        "confirmed_at": now(),
    }


def _keep(session: Session, row: Confirmation, incident: Incident, sending: Sending, action: str) -> Recorded:
    session.add(row)
    session.flush()
    settle(session, incident)
    record(session, sending.by.name, action, f"incident {incident.id}", confirmation=row.id)
    return Recorded(row, incident)
