"""The settling of a disagreement by a lead."""

from codesuggest.confirm.coding import check_coding
from codesuggest.confirm.state import Sending, move, require_same
from codesuggest.domain import Decision, Taxonomy
from codesuggest.errors import ConflictError
from codesuggest.store.database import Session
from codesuggest.store.decisions import adjudication_sent, pending_move, standing, standing_adjudication
from codesuggest.store.incidents import incident_of, require_version
from codesuggest.store.log import now, record
from codesuggest.store.tables import Adjudication


def adjudicate(
    session: Session, incident_id: int, decision: Decision, sending: Sending, *, taxonomy: Taxonomy
) -> Adjudication:
    """Record a lead's settling of a disagreement, or of an earlier adjudication anew; `comment` is the reason.

    Raises ConflictError if the incident changed since its version was read, or nothing is to be settled.
    """
    incident = incident_of(session, incident_id, sending.by, lock=True)
    codes = check_coding(decision, taxonomy)
    if (earlier := adjudication_sent(session, sending.coder_id, sending.key)) is not None:
        require_same(earlier.incident_id, earlier.codes, incident, codes)
        return earlier
    require_version(incident, sending.version)
    if incident.state not in ("disagreed", "adjudicated"):
        raise ConflictError(f"Incident {incident.id}: {incident.state}; there is no disagreement to settle.")
    pending = pending_move(session, incident.id)
    if pending is not None and pending.taxonomy != taxonomy.name:
        raise ConflictError(
            f"Incident {incident.id}: its codes wait to be moved to {pending.taxonomy}, but {taxonomy.name} is in use."
        )
    before = standing_adjudication(session, incident.id)
    row = Adjudication(
        incident_id=incident.id,
        lead_id=sending.coder_id,
        supersedes_id=before.id if before else None,
        confirmations=[given.id for given in standing(session, incident.id)],
        taxonomy=taxonomy.name,
        codes={axis: list(given) for axis, given in codes.items()},
        unsaid=list(decision.unsaid),
        idempotency_key=sending.key,
        adjudicated_at=now(),
        reason=decision.comment or None,
    )
    session.add(row)
    session.flush()
    move(incident, "adjudicated")
    record(session, sending.by.name, "adjudicate", f"incident {incident.id}", adjudication=row.id)
    return row
