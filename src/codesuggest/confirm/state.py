"""What an incident's state is after a decision, and whether one may be recorded at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codesuggest.domain import Caller, Codes
from codesuggest.errors import ConflictError, ForbiddenError
from codesuggest.store.database import Session
from codesuggest.store.decisions import differing_axes, state_from_decisions
from codesuggest.store.tables import Confirmation, Incident


@dataclass(frozen=True, slots=True)
class Sending:
    """Who sends a decision.

    key      the same for every sending of one decision: the first is recorded, the others are answered with it.
    version  the incident's version that the sender read.
    """

    by: Caller
    key: str
    version: int = 0

    @property
    def coder_id(self) -> int:
        """The coder. Raises ForbiddenError for a machine: only people decide."""
        if self.by.coder_id is None:
            raise ForbiddenError("A token cannot decide; sign in as a coder.")
        return self.by.coder_id


def require_open(incident: Incident, given: Sequence[Confirmation], coder_id: int) -> None:
    """Raises ConflictError if no further coding of the incident is wanted, or none of this coder."""
    if any(row.coder_id == coder_id for row in given):
        raise ConflictError(f"Incident {incident.id}: you have coded it already. Correct that coding instead.")
    if incident.state != "waiting" or len(given) >= incident.n_wanted:
        raise ConflictError(
            f"Incident {incident.id}: {incident.state} already, so nothing was recorded. Take the next."
        )


def require_same(incident_id: int, stored: Mapping[str, Sequence[str]], incident: Incident, codes: Codes) -> None:
    """Raises ConflictError if a key that was sent before came with another decision."""
    if incident_id != incident.id or differing_axes(stored, codes):
        raise ConflictError("This idempotency key was sent before with another decision. Send a new key.")


def settle(session: Session, incident: Incident) -> None:
    """Bring the incident's state up to date with the decisions that stand."""
    move(incident, state_from_decisions(session, incident))


def move(incident: Incident, state: str) -> None:
    """Put the incident in a state; what was read of it before is then out of date."""
    if incident.state != state or state == "adjudicated":
        incident.state = state
        incident.version += 1
