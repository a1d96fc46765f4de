"""What of a batch needs a person: the incidents with an axis that was not decided automatically."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from codesuggest.bulk.coding import codes_in
from codesuggest.bulk.work import FinishedChunk, rows_of
from codesuggest.domain import Arrival, RedactedNarrative, RedactedText
from codesuggest.read import Columns, plain_date
from codesuggest.suggest import Suggester

Send = Callable[[Suggester, Sequence[Arrival]], Any]


class PeopleQueue(Protocol):
    """Where incidents for people go. Sending one again must change nothing: a run that was stopped begins anew."""

    @property
    def send(self) -> Send:
        """Sends some, in a process that codes, so that it has to be picklable; gives what became of them."""
        ...

    def sent(self, outcome: Any) -> None:
        """Told, in the run's own process, what `send` gave."""
        ...


@dataclass(frozen=True, slots=True)
class Leftover:
    """A finished chunk on its way to a process that sends what is for people in it."""

    chunk: FinishedChunk
    columns: Columns
    send: Send


def send_leftover(suggester: Suggester, leftover: Leftover) -> Any:
    """Send what is for people in a chunk; gives what became of it."""
    return leftover.send(suggester, list(for_people(leftover.chunk, leftover.columns)))


def for_people(chunk: FinishedChunk, columns: Columns) -> Iterator[Arrival]:
    """The incidents of a chunk that a person has to read, redacted. What could not be coded is not among them."""
    for row in rows_of(chunk):
        if any(axis["decision"] != "auto" for axis in row["decisions"].values()):
            cells = row["cells"]
            narrative = RedactedNarrative(
                str(cells.get(columns.id) or "").strip(),
                RedactedText(cells["redacted_narrative"]),
                codes_in(cells["existing_codes"]),
            )
            site = str(cells.get(columns.site or "site") or "").strip()[:64]
            occurred, reported = (_day(cells.get(name)) for name in (columns.occurred, columns.reported))
            yield Arrival(narrative, site, occurred, reported)


def _day(cell: object) -> dt.date | None:
    return dt.date.fromisoformat(day) if (day := plain_date(cell)) else None
