"""Erasing an incident: its words, reference and dates go; that it was coded, by whom, when and how, stays."""

import datetime as dt

from codesuggest.store import words
from codesuggest.store.database import Session
from codesuggest.store.log import record
from codesuggest.store.tables import Incident


def erase_incident(session: Session, incident: Incident, *, by: str, cause: str) -> None:
    """Erase one incident for good. Backups made before still hold it; the audit log says when and by whom it went."""
    words.open_erasure(session, incident.id, by, cause)
    words.empty_decisions(session, incident.id)
    words.empty_rest(session, incident.id)
    incident.text, incident.reference = None, f"erased-{incident.id}"
    incident.occurred = incident.reported = None
    incident.existing_codes = {}
    incident.state = "erased"
    incident.version += 1
    record(session, by, "erase", f"incident {incident.id}", cause=cause)


def erase_reported_before(session: Session, day: dt.date, *, by: str) -> int:
    """Erase every incident reported, or else received, before a day: the retention rule. Returns how many."""
    old = words.reported_before(session, day)
    for incident in old:
        erase_incident(session, incident, by=by, cause="retention")
    return len(old)
