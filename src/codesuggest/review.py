"""Which incident next, to whom, with or without suggestions - as `annotation/protocol.toml` says."""

import datetime as dt
import hashlib
from dataclasses import dataclass

from codesuggest.domain import Caller
from codesuggest.errors import ConflictError, ForbiddenError
from codesuggest.protocol import Protocol
from codesuggest.store import queue
from codesuggest.store.assignments import assign, end_assignment, open_assignment
from codesuggest.store.database import Session
from codesuggest.store.incidents import incident_of
from codesuggest.store.log import now, record
from codesuggest.store.tables import Assignment, Incident


@dataclass(frozen=True, slots=True)
class Draw:
    """What the protocol's shares drew for an incident: whether it is coded blind, by how many, and its place."""

    is_blind: bool
    n_wanted: int
    place: float


@dataclass(frozen=True, slots=True)
class Progress:
    """A coder's day: incidents confirmed today, and those still waiting for this coder."""

    done_today: int
    waiting: int


def draw(site: str, reference: str, protocol: Protocol) -> Draw:
    """The draw of one incident: by its reference, so that it comes out the same whenever it is drawn."""
    digest = hashlib.sha256(f"{site}/{reference}".encode()).digest()
    blind, double, place = (int.from_bytes(digest[8 * i : 8 * i + 8]) / 2**64 for i in range(3))
    return Draw(blind < protocol.blind_share, 2 if double < protocol.double_coding_share else 1, place)


def next_for(
    session: Session, caller: Caller, protocol: Protocol, *, lasting: dt.timedelta
) -> tuple[Assignment, Incident] | None:
    """The incident that the coder has open, or else the next of the queue, now assigned; None if none is left.

    The entries of the protocol's `queue` take turns, assignment by assignment.
    """
    coder_id = _person(caller)
    queue.lock_queue(session)
    if (held := open_assignment(session, coder_id)) is not None:
        incident = session.get_one(Incident, held.incident_id)
        if incident.state == "waiting" and not queue.has_coded(session, incident.id, coder_id):
            return held, incident
        end_assignment(session, held.incident_id, coder_id, "expired")
    strategy = protocol.queue[queue.n_assigned(session, coder_id) % len(protocol.queue)]
    found = queue.first_waiting(session, caller, coder_id, strategy)
    if found is None:
        return None
    return assign(session, found.id, coder_id, strategy, lasting), found


def open_one(session: Session, incident_id: int, caller: Caller, *, lasting: dt.timedelta) -> Assignment:
    """Assign an incident that the coder looked up. Raises ConflictError if it is not wanted of this coder now."""
    coder_id = _person(caller)
    queue.lock_queue(session)
    incident = incident_of(session, incident_id, caller)
    if (held := open_assignment(session, coder_id, incident_id=incident.id)) is not None:
        return held
    if not queue.is_wanted(session, incident, caller, coder_id):
        raise ConflictError(f"Incident {incident.id}: coded already, or with another coder. Take the next.")
    return assign(session, incident.id, coder_id, "search", lasting)


def skip(session: Session, incident_id: int, caller: Caller, reason: str) -> None:
    """Give an incident back to the queue for others, with a redacted reason.

    Raises ConflictError if the coder does not have it open.
    """
    coder_id = _person(caller)
    incident = incident_of(session, incident_id, caller)
    ended = end_assignment(session, incident.id, coder_id, "skipped", reason)
    if ended is None:
        raise ConflictError(f"Incident {incident.id}: you do not have it open, so there is nothing to skip.")
    record(session, caller.name, "skip", f"incident {incident.id}", assignment=ended)


def may_see_suggestions(session: Session, incident: Incident, caller: Caller) -> bool:
    """Whether suggestions may be shown: not for an incident coded blind, until the coder's own codes are on record."""
    if not incident.is_blind or incident.state in ("coded", "adjudicated"):
        return True
    if caller.coder_id is not None and queue.has_coded(session, incident.id, caller.coder_id):
        return True
    return incident.state == "disagreed" and caller.role in ("lead", "administrator")


def may_see_codings(incident: Incident, caller: Caller) -> bool:
    """Whether others' codings may be shown: never to somebody who might still code the incident."""
    if incident.state in ("coded", "adjudicated"):
        return True
    return incident.state == "disagreed" and caller.role in ("lead", "administrator")


def progress(session: Session, caller: Caller) -> Progress:
    """The coder's day so far."""
    coder_id = _person(caller)
    midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
    return Progress(queue.n_confirmed(session, coder_id, midnight), queue.n_waiting(session, caller, coder_id))


def _person(caller: Caller) -> int:
    if caller.coder_id is None:
        raise ForbiddenError("A token has no queue; sign in as a coder.")
    return caller.coder_id
