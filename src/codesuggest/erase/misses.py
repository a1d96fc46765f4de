"""Personal data that redaction left: taken out wherever it stands, and turned into gold that holds no value of it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from codesuggest.domain import Caller
from codesuggest.errors import CodingError, ConflictError, ForbiddenError
from codesuggest.store import words
from codesuggest.store.database import Session
from codesuggest.store.decisions import state_from_decisions
from codesuggest.store.incidents import incident_of, require_version
from codesuggest.store.log import now, record
from codesuggest.store.tables import Incident, RedactionMiss

TYPES = (
    "PERSON",
    "LOCATION",
    "ADDRESS",
    "UK_POSTCODE",
    "ORGANIZATION",
    "UK_NHS",
    "HOSPITAL_NUMBER",
    "ACCESSION_NUMBER",
    "DATE_OF_BIRTH",
    "PHONE_NUMBER",
    "BLEEP",
    "EMAIL_ADDRESS",
    "PROFESSIONAL_ID",
    "USER_NAME",
    "AGE",
)
"""What a coder can say was missed: types that the redactor knows."""

_PLACEHOLDER = re.compile(r"<([A-Z_]+?)(?:_(\d+))?>")


@dataclass(frozen=True, slots=True)
class MissedSpan:
    """Where personal data stands in a redacted narrative: offsets [start, end), and of which type."""

    start: int
    end: int
    type: str


def flag_miss(session: Session, incident_id: int, spans: Sequence[MissedSpan], *, by: Caller, version: int) -> Incident:
    """Take what was missed out of the incident, of every other that holds it, and of all that quotes them.

    Without spans the incident is withdrawn from everybody but leads, until one has marked what was missed.
    Raises CodingError if a span is no part of the text, ConflictError if the incident changed since.
    """
    incident = incident_of(session, incident_id, by, lock=True)
    require_version(incident, version)
    text = incident.text or ""
    _check(spans, text)
    if by.coder_id is None:
        raise ForbiddenError("A token cannot flag; sign in as a coder.")
    miss = RedactionMiss(
        incident_id=incident.id,
        coder_id=by.coder_id,
        template=_template(text, spans) if spans else None,
        types=sorted(span.type for span in spans),
        flagged_at=now(),
    )
    session.add(miss)
    if spans:
        values = {text[span.start : span.end]: span.type for span in spans}
        n_others = _take_out(session, incident, values, by.name)
        incident.state = state_from_decisions(session, incident)
    else:
        n_others, incident.state = 0, "withdrawn"
        incident.version += 1
    record(session, by.name, "flag miss", f"incident {incident.id}", types=miss.types, n_others=n_others)
    return incident


def nothing_missed(session: Session, incident_id: int, *, by: Caller, version: int) -> Incident:
    """Put an incident that was withdrawn back: a lead found nothing missed. Raises ConflictError if it was not."""
    incident = incident_of(session, incident_id, by, lock=True)
    require_version(incident, version)
    if incident.state != "withdrawn":
        raise ConflictError(f"Incident {incident.id}: {incident.state}, not withdrawn.")
    incident.state = state_from_decisions(session, incident)
    incident.version += 1
    record(session, by.name, "put back", f"incident {incident.id}")
    return incident


def misses_as_gold(session: Session) -> Iterator[Mapping[str, str]]:
    """Texts with slots, which `codesuggest redaction gold` fills with made-up values."""
    for miss in words.misses(session):
        yield {"text": miss.template or ""}


def _check(spans: Sequence[MissedSpan], text: str) -> None:
    placeholders = [match.span() for match in _PLACEHOLDER.finditer(text)]
    for span in spans:
        if span.type not in TYPES:
            raise CodingError(f"'type': expected one of {', '.join(TYPES)}.")
        if not 0 <= span.start < span.end <= len(text) or not text[span.start : span.end].strip():
            raise CodingError(f"Span {span.start}-{span.end}: no words of the narrative stand there.")
        if any(start < span.end and span.start < end for start, end in placeholders):
            raise CodingError(f"Span {span.start}-{span.end}: holds a placeholder. Mark the words beside it.")
    ordered = sorted(spans, key=lambda span: span.start)
    if any(first.end > second.start for first, second in pairwise(ordered)):
        raise CodingError("Two spans overlap. Mark each piece of personal data once.")


def _take_out(session: Session, incident: Incident, values: Mapping[str, str], actor: str) -> int:
    """Replace the values in every incident that holds one; how many others did.

    A single plain word is replaced in its own incident only: elsewhere it may be no name.
    """
    telling = {
        value: type for value, type in values.items() if len(value.split()) > 1 or any(c.isdigit() for c in value)
    }
    others = {other.id: other for value in telling for other in words.incidents_with(session, value)}
    others.pop(incident.id, None)
    _replace(session, incident, values, actor)
    for other in others.values():
        _replace(session, other, telling, actor)
    return len(others)


def _replace(session: Session, incident: Incident, values: Mapping[str, str], actor: str) -> None:
    for value, type in sorted(values.items(), key=lambda item: -len(item[0])):
        if words.decisions_with(session, incident.id, value):
            words.open_erasure(session, incident.id, actor, "redaction miss")
            words.empty_decisions(session, incident.id)
        text = incident.text or ""
        incident.text = _whole(value).sub(_placeholder(type, text), text)
    incident.version += 1
    words.scrub_suggestions(session, incident.id)


def _whole(value: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(value)}(?!\w)")


def _placeholder(type: str, text: str) -> str:
    if type != "PERSON":
        return f"<{type}>"
    numbers = [int(match[2]) for match in _PLACEHOLDER.finditer(text) if match[1] == "PERSON" and match[2]]
    return f"<PERSON_{max(numbers, default=0) + 1}>"


def _template(text: str, spans: Sequence[MissedSpan]) -> str:
    """The narrative with a slot at every placeholder and at every span: as the redactor's own corpus is written."""
    slots = [(*match.span(), _slot(match[1], match[2] or "")) for match in _PLACEHOLDER.finditer(text)]
    for number, span in enumerate(spans, start=1):
        is_full = len(text[span.start : span.end].split()) > 1
        slots.append((span.start, span.end, _slot(span.type, f"m{number}", is_full=is_full)))
    parts, position = [], 0
    for start, end, slot in sorted(slots):
        parts += [text[position:start].replace("{{", "{ {"), slot]
        position = end
    return "".join([*parts, text[position:].replace("{{", "{ {")])


def _slot(type: str, key: str, *, is_full: bool = True) -> str:
    form = ":full" if type == "PERSON" and is_full else ":last" if type == "PERSON" else ""
    return f"{{{{{type}{form}{f'#{key}' if key else ''}}}}}"
