"""A store filled with sample incidents as if coders had coded them, without going through the service."""

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

from codesuggest.store import tables
from codesuggest.store.database import Database, Session

SAMPLE = Path(__file__).parents[1] / "annotation" / "sample" / "incidents.jsonl"
TAXONOMY = "imaging-working-1"
BEGAN = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
_NUMBERS = count(1)

Codes = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Coding:
    """One coder's decision. `shown`: what was on the screen; None: decided blind."""

    codes: Codes
    coder: int = 1
    shown: Codes | None = None
    taxonomy: str = TAXONOMY


def sample(n: int, first: int = 0) -> list[dict[str, object]]:
    """Incidents of the sample."""
    with SAMPLE.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in islice(lines, first, first + n)]


def fill(database: Database, rows: Sequence[Mapping[str, object]], *, blind_every: int = 2) -> None:
    """Incidents coded as the sample says by one coder; every second blind, or as asked; the others accepted all."""
    with database.writing() as session:
        add_coders(session, 2)
        for number, row in enumerate(rows):
            shown = None if number % blind_every == 0 else row["codes"]
            add(session, row, Coding(row["codes"], shown=shown))  # type: ignore[arg-type]


def add_coders(session: Session, n: int) -> None:
    """Coders 1 to n, if they are not there."""
    for number in range(1, n + 1):
        if session.get(tables.Coder, number) is None:
            coder = tables.Coder(id=number, name=f"coder-{number}", display_name="", role="coder", created_at=BEGAN)
            session.add(coder)
    session.flush()


def add(session: Session, row: Mapping[str, object], *codings: Coding, state: str = "coded", **more: object) -> int:
    """An incident with these codings; its id."""
    fields = {"existing_codes": {}, "redactor": "test-1", "received_at": BEGAN, "draw": 0.5, "n_wanted": len(codings)}
    incident = tables.Incident(
        reference=row["id"],
        site=row.get("site", ""),
        text=row["text"],
        reported=dt.date.fromisoformat(str(row.get("reported", "2026-03-02"))[:10]),
        state=state,
        is_blind=any(coding.shown is None for coding in codings),
        **(fields | more),
    )
    session.add(incident)
    session.flush()
    for position, coding in enumerate(codings, start=1):
        session.add(_confirmation(incident.id, position, coding))
    session.flush()
    return incident.id


def correct(session: Session, incident: int, earlier: tables.Confirmation, coding: Coding) -> None:
    """A correction that supersedes an earlier row."""
    row = _confirmation(incident, earlier.position, coding)
    row.supersedes_id, row.is_blind = earlier.id, False
    session.add(row)
    session.flush()


def settle(session: Session, incident: int, codes: Codes) -> None:
    """A lead's adjudication."""
    session.add(
        tables.Adjudication(
            incident_id=incident,
            lead_id=1,
            confirmations=[],
            taxonomy=TAXONOMY,
            codes={axis: list(given) for axis, given in codes.items()},
            unsaid=[],
            idempotency_key=f"key-{next(_NUMBERS):08d}",
            adjudicated_at=BEGAN,
        )
    )
    session.flush()


def texts(rows: Sequence[Mapping[str, object]]) -> Iterator[str]:
    """The narratives of rows."""
    yield from (str(row["text"]) for row in rows)


def _confirmation(incident: int, position: int, coding: Coding) -> tables.Confirmation:
    shown = {axis: list(codes) for axis, codes in (coding.shown or {}).items()}
    return tables.Confirmation(
        incident_id=incident,
        coder_id=coding.coder,
        position=position,
        taxonomy=coding.taxonomy,
        codes={axis: list(codes) for axis, codes in coding.codes.items()},
        unsaid=[],
        changed=[],
        is_blind=coding.shown is None,
        time_on_screen_ms=0,
        idempotency_key=f"key-{next(_NUMBERS):08d}",
        confirmed_at=BEGAN,
        shown=shown,
    )
