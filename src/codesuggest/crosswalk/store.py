"""The store's settled codings to another taxonomy: by themselves where they can, else to the leads' queue."""

from collections.abc import Sequence
from dataclasses import dataclass

from codesuggest.crosswalk.proposing import propose
from codesuggest.domain import Caller, RedactedNarrative, RedactedText
from codesuggest.errors import ForbiddenError, UnknownCodeError
from codesuggest.report import incident_json
from codesuggest.store import moves
from codesuggest.store.database import Database, Session
from codesuggest.store.incidents import keep_suggestion
from codesuggest.store.log import record
from codesuggest.store.people import coder_named
from codesuggest.store.tables import Incident
from codesuggest.suggest import Suggester
from codesuggest.taxonomy import Crosswalk, Moved, agreed

_CHUNK = 50


@dataclass(frozen=True, slots=True)
class MovedStore:
    """How many incidents moved by themselves, and how many wait for a lead. `refused`: incident's id to the reason."""

    n_moved: int
    n_queued: int
    refused: dict[int, str]


def move_store(database: Database, crosswalk: Crosswalk, ranked_by: Suggester | None, *, by: str) -> MovedStore:
    """Move every incident whose settled or disputed codes are in the old taxonomy, some at a time.

    No confirmation and no adjudication is changed: what moves by itself is recorded as an adjudication of the lead `by`
    in the new taxonomy; the rest waits among the disagreements, with proposals. Stopped at any moment, the same call
    goes on. Raises ForbiddenError if `by` is no lead of all sites.
    """
    with database.reading() as session:
        lead = _lead(session, by)
    n_moved = n_queued = 0
    refused: dict[int, str] = {}
    after = 0
    while True:
        with database.writing() as session:
            codings = moves.codings_in(session, crosswalk.old.name, after=after, limit=_CHUNK)
            if not codings:
                return MovedStore(n_moved, n_queued, refused)
            after = codings[-1].incident.id
            moved = [(coding, one) for coding in codings if (one := _moved(crosswalk, coding, refused)) is not None]
            sure = [(coding, one) for coding, one in moved if not one.open]
            for coding, one in sure:
                moves.record_move(session, coding, crosswalk.name, crosswalk.new.name, one, lead_id=lead.coder_id or 0)
            _queue(session, crosswalk, [pair for pair in moved if pair[1].open], ranked_by)
            counts = {"moved": len(sure), "queued": len(moved) - len(sure)}
            parts = {"from": crosswalk.old.name, "to": crosswalk.new.name}
            record(session, lead.name, moves.ACTION, crosswalk.name, **parts, **counts)
        n_moved, n_queued = n_moved + counts["moved"], n_queued + counts["queued"]


def _lead(session: Session, name: str) -> Caller:
    coder = coder_named(session, name)
    if coder is None or not coder.is_active or coder.role == "coder" or coder.site:
        raise ForbiddenError(f"'{name[:60]}' is no lead of all sites. A crosswalk is applied in the name of one.")
    return Caller(coder.name, coder.role, "", coder.id)


def _moved(crosswalk: Crosswalk, coding: moves.OldCoding, refused: dict[int, str]) -> Moved | None:
    try:
        return agreed([crosswalk.move(codes, unsaid) for codes, unsaid in coding.codings])
    except UnknownCodeError as error:
        refused[coding.incident.id] = str(error)
        return None


def _queue(
    session: Session,
    crosswalk: Crosswalk,
    waiting: Sequence[tuple[moves.OldCoding, Moved]],
    ranked_by: Suggester | None,
) -> None:
    narratives = [_redacted(coding.incident) for coding, _ in waiting]
    proposed = propose(crosswalk, narratives, [one for _, one in waiting], ranked_by)
    for (coding, _), suggested in zip(waiting, proposed, strict=True):
        keep_suggestion(session, coding.incident, suggested, incident_json(suggested))
        coding.incident.state = "disagreed"
        coding.incident.version += 1


def _redacted(incident: Incident) -> RedactedNarrative:
    return RedactedNarrative(incident.reference, RedactedText(incident.text or ""))
