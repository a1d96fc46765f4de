"""Incidents in: redact, suggest, draw, keep. What cannot be redacted is not kept, and every one is accounted for."""

import datetime as dt
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from codesuggest.domain import (
    Arrival,
    Caller,
    Codes,
    Narrative,
    RedactedNarrative,
    RedactedText,
    SuggestedIncident,
)
from codesuggest.errors import MissingError
from codesuggest.protocol import Protocol
from codesuggest.read import plain_date
from codesuggest.redact import Unredacted
from codesuggest.report import incident_json
from codesuggest.review import draw
from codesuggest.store import incidents as stored
from codesuggest.store.database import Database, Session
from codesuggest.store.decisions import MOVE_MODEL
from codesuggest.store.log import now, record
from codesuggest.store.queue import lock_queue
from codesuggest.store.tables import Incident, ShownSuggestion
from codesuggest.suggest import Suggester

_CHUNK = 16
"""So few at a time that somebody who confirms meanwhile waits little."""
_TOP = 10
_CODE = re.compile(r"[\w.\-]{1,30}")
"""What a code looks like: nothing of a narrative that came in the wrong column gets in as one."""
_REFERENCE = re.compile(r"[\w./:-]{1,64}")

Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True)
class Received:
    """What became of arrivals: every one is in one of these. A reference that occurs again, as those of several sites
    may, is told apart by a number: `W1 (2)`.

    added    reference to the incident's id.
    known    reference to the id of the incident that was there already, with the same redacted text.
    refused  reference to why nothing of it was kept.
    """

    added: dict[str, int] = field(default_factory=dict)
    known: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def add(self, other: "Received") -> None:
        """Add what became of others."""
        for mine, theirs in ((self.added, other.added), (self.known, other.known)):
            for reference, id in theirs.items():
                _tell(mine, reference, id)
        for reference, why in other.refused.items():
            _tell(self.refused, reference, why)


_ODD_REFERENCE = "its reference is empty, too long or odd; expected up to 64 letters, digits and . / : _ -"


class Intake:
    """Takes incidents in with one model. `lock` lets one computation run at a time."""

    def __init__(self, database: Database, suggester: Suggester, protocol: Protocol, lock: threading.Lock) -> None:
        self._database = database
        self._suggester = suggester
        self._protocol = protocol
        self._lock = lock

    def receive(self, arrivals: Sequence[Arrival], *, by: str) -> Received:
        """Take incidents in, some at a time: what is in stays in, and sending the rest again is safe."""
        received = Received()
        for start in range(0, len(arrivals), _CHUNK):
            self._receive(arrivals[start : start + _CHUNK], by, received)
        return received

    def suggestion(self, incident: Incident) -> ShownSuggestion:
        """The suggestions for an incident by the model in use, made anew if its text or the model has changed."""
        with self._database.reading() as session:
            latest = stored.latest_suggestion(session, incident.id)
        if latest is not None and self._is_current(latest, incident):
            return latest
        (suggested,) = self._suggest([_redacted(incident)])
        with self._database.writing() as session:
            held = session.get_one(Incident, incident.id)
            if held.text != suggested.redacted:
                raise MissingError(f"Incident {incident.id}: it changed meanwhile. Open it again.")
            return stored.keep_suggestion(session, held, suggested, incident_json(suggested))

    def _receive(self, arrivals: Sequence[Arrival], by: str, received: Received) -> None:
        kept: dict[tuple[str, str], tuple[Arrival, RedactedNarrative]] = {}
        for arrival, result in zip(arrivals, self._redact(arrivals), strict=True):
            if isinstance(result, Unredacted):
                _tell(received.refused, result.id, "it could not be redacted, so nothing of it was kept")
            elif not _REFERENCE.fullmatch(result.id):
                _tell(received.refused, result.id[:64], _ODD_REFERENCE)
            elif (arrival.site, result.id) in kept:
                _tell(received.refused, result.id, "its reference occurs twice in what was sent; the first was taken")
            else:
                kept[arrival.site, result.id] = arrival, result
        with self._database.reading() as session:
            self._leave_out_known(session, kept, received)
        suggested = self._suggest([redacted for _, redacted in kept.values()])
        made = dict(zip(kept, suggested, strict=True))
        with self._database.writing() as session:
            lock_queue(session)
            self._leave_out_known(session, kept, received)
            ids = [
                _tell(received.added, redacted.id, self._keep(session, arrival, redacted, made[key]))
                for key, (arrival, redacted) in kept.items()
            ]
            if ids:
                record(session, by, "receive", f"{len(ids)} incidents", first=min(ids))

    def _redact(self, arrivals: Sequence[Arrival]) -> list[RedactedNarrative | Unredacted]:
        """The narratives redacted; those that are already stay as they are."""
        raw = [of.narrative for of in arrivals if isinstance(of.narrative, Narrative)]
        with self._lock:
            redacted = iter(list(self._suggester.redactor.redact_all(raw)))
        return [next(redacted) if isinstance(of.narrative, Narrative) else of.narrative for of in arrivals]

    def _leave_out_known(
        self,
        session: Session,
        kept: dict[tuple[str, str], tuple[Arrival, RedactedNarrative]],
        received: Received,
    ) -> None:
        for site in {site for site, _ in kept}:
            references = [reference for at, reference in kept if at == site]
            for reference, there in stored.by_reference(session, site, references).items():
                _, redacted = kept.pop((site, reference))
                if there.text == redacted.text:
                    _tell(received.known, reference, there.id)
                else:
                    _tell(received.refused, reference, f"incident {there.id} has this reference and another text")

    def _keep(self, session: Session, arrival: Arrival, redacted: RedactedNarrative, made: SuggestedIncident) -> int:
        drawn = draw(arrival.site, redacted.id, self._protocol)
        incident = Incident(
            reference=redacted.id,
            site=arrival.site,
            text=redacted.text,
            occurred=arrival.occurred,
            reported=arrival.reported,
            existing_codes=_short(redacted.existing_codes),
            redactor=self._suggester.redactor.identity,
            received_at=now(),
            state="waiting",
            version=1,
            is_blind=drawn.is_blind,
            n_wanted=drawn.n_wanted,
            draw=drawn.place,
        )
        session.add(incident)
        session.flush()
        stored.keep_suggestion(session, incident, made, incident_json(made))
        return incident.id

    def _suggest(self, narratives: Sequence[RedactedNarrative]) -> list[SuggestedIncident]:
        with self._lock:
            return self._suggester.suggest_redacted(narratives, top=_TOP, reasons=True)

    def _is_current(self, latest: ShownSuggestion, incident: Incident) -> bool:
        content = latest.content or {}
        manifest = self._suggester.model.manifest
        is_proposal = latest.model.startswith(MOVE_MODEL) and latest.taxonomy == manifest.taxonomy
        return content.get("redacted") == incident.text and (is_proposal or latest.model == manifest.name)


def _tell(outcomes: dict[str, Outcome], reference: str, outcome: Outcome) -> Outcome:
    """Put on the list what became of a reference, also where it is on it already; gives the outcome."""
    name, n = reference, 1
    while name in outcomes:
        n += 1
        name = f"{reference} ({n})"
    outcomes[name] = outcome
    return outcome


def within_site(session: Session, content: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    """Suggestions as a caller may see them: of similar past incidents, those of the caller's own site only.

    Where the model does not know of which site a past incident was, its reference has to be one of that site.
    """
    if not caller.site:
        return dict(content)
    similar = content.get("similar", [])
    own = stored.by_reference(session, caller.site, [past["id"] for past in similar if not past.get("site")])
    seen = [past for past in similar if (past["site"] == caller.site if past.get("site") else past["id"] in own)]
    return {**content, "similar": seen}


def arrivals_of(narratives: Iterator[Narrative], site: str) -> Iterator[Arrival]:
    """Narratives of a file, with site and dates from its columns `site`, `occurred`, `reported` if it has them."""
    for narrative in narratives:
        details = {name.strip().casefold(): value for name, value in narrative.details.items()}
        yield Arrival(
            narrative,
            site or details.get("site", "").strip()[:64],
            _day(details.get("occurred", "")),
            _day(details.get("reported", "")),
        )


def _day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(day) if (day := plain_date(text)) else None


def _short(codes: Codes) -> dict[str, list[str]]:
    return {
        axis: kept
        for axis, given in codes.items()
        if (kept := [code for code in given if _CODE.fullmatch(code)]) and _CODE.fullmatch(axis)
    }


def _redacted(incident: Incident) -> RedactedNarrative:
    return RedactedNarrative(
        incident.reference,
        RedactedText(incident.text or ""),
        {axis: tuple(codes) for axis, codes in incident.existing_codes.items()},
    )
