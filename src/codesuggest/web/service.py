"""What a request needs: never changed, but replaced whole when another model takes over."""

import datetime as dt
import threading
from dataclasses import dataclass, field

from fastapi import Request

from codesuggest.domain import Narrative, RedactedText
from codesuggest.errors import StoreError
from codesuggest.intake import Intake
from codesuggest.protocol import Protocol
from codesuggest.read import NarrativeReader
from codesuggest.settings import Settings
from codesuggest.store.database import Database
from codesuggest.suggest import Suggester
from codesuggest.web.limits import RateLimit


@dataclass(frozen=True)
class Service:
    """The parts of the service. `store` is None where nothing is kept; `secret` signs what pages send back;
    `lock` lets one computation run at a time."""

    settings: Settings
    suggester: Suggester
    reader: NarrativeReader
    protocol: Protocol
    rate: RateLimit
    store: Database | None = None
    secret: str = field(default="", repr=False)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def database(self) -> Database:
        """The store. Raises StoreError where the service keeps nothing."""
        if self.store is None:
            raise StoreError("This service keeps nothing (CODESUGGEST_AUTH is none).")
        return self.store

    @property
    def intake(self) -> Intake:
        """The way in for incidents."""
        return Intake(self.database, self.suggester, self.protocol, self.lock)

    @property
    def assignment_lasts(self) -> dt.timedelta:
        """How long an incident stays with a coder."""
        return dt.timedelta(hours=self.settings.assignment_hours)

    def redacted(self, words: str) -> RedactedText:
        """A coder's own words, redacted like a narrative. Raises RedactionError if that fails; nothing is then kept."""
        if not words.strip():
            return RedactedText("")
        with self.lock:
            return self.suggester.redactor.redact(Narrative("comment", words)).text


def service_of(request: Request) -> Service:
    """The service that the request came to."""
    service = request.app.state.service
    assert isinstance(service, Service)  # noqa: S101  nothing else is ever put there
    return service
