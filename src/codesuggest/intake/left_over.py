"""What bulk leaves for a person, put into the review queue of a store."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from codesuggest.domain import Arrival
from codesuggest.intake.receiving import Intake, Received
from codesuggest.protocol import load_protocol
from codesuggest.store.database import Database
from codesuggest.store.schema import require_current
from codesuggest.suggest import Suggester

_LISTED = 20


@dataclass(frozen=True)
class Sending:
    """Puts incidents into the queue of the store at `url`, in whichever process it is called."""

    url: str
    protocol: Path

    def __call__(self, suggester: Suggester, arrivals: Sequence[Arrival]) -> Received:
        """What became of them; those that are there already stay as they are."""
        intake = Intake(_database(self.url), suggester, load_protocol(self.protocol), threading.Lock())
        return intake.receive(arrivals, by="bulk")


@dataclass(frozen=True)
class ReviewQueue:
    """A store's review queue, as bulk sends to it; `received` adds up what became of everything that was sent."""

    send: Sending
    received: Received = field(default_factory=Received)

    @classmethod
    def opened(cls, url: str, protocol: Path) -> "ReviewQueue":
        """The queue of the store at `url`. Raises StoreError at once if nothing could be put into it."""
        database = Database(url)
        require_current(database)
        database.close()
        load_protocol(protocol)
        return cls(Sending(url, protocol))

    def sent(self, received: Received) -> None:
        """Count what became of some."""
        self.received.add(received)

    def report(self) -> str:
        """How many were put in, and what became of the others, in words."""
        counts = self.received
        lines = [f"  {reference}: {why}" for reference, why in list(counts.refused.items())[:_LISTED]]
        if (more := len(counts.refused) - _LISTED) > 0:
            lines.append(f"  and {more:,} more.")
        head = f"To the review queue: {len(counts.added):,} added, {len(counts.known):,} there already"
        return "\n".join([f"{head}, {len(counts.refused):,} not taken{':' if lines else '.'}", *lines])


@cache
def _database(url: str) -> Database:
    """The store, opened once in each process that sends."""
    return Database(url)
