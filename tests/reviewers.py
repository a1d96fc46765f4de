"""The service with people signed in, as tests use it."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from codesuggest.settings import Settings
from codesuggest.signin import CoderChange, add_coder
from codesuggest.signin.secret import hashed, new_secret
from codesuggest.store import tables
from codesuggest.store.database import Database
from codesuggest.store.log import now
from codesuggest.store.people import coder_named
from codesuggest.suggest import Suggester
from codesuggest.web import create_app
from codesuggest.web.who import COOKIE

CODES = {
    "severity": ["SEV2"],
    "exposure_type": ["EXP-MED"],
    "intended_modality": ["MOD-CT"],
    "performed_modality": ["MOD-CT"],
    "pathway": ["CHK.identity"],
    "contributory_factor": ["CF-IND.slip"],
}
OTHER = CODES | {"severity": ["SEV3"]}
_KEYS = count(1)


class Person:
    """Somebody signed in, with a browser of their own."""

    def __init__(self, app: FastAPI, name: str, secret: str) -> None:
        self.name = name
        self.http = TestClient(app, base_url="https://testserver", raise_server_exceptions=False)
        self.http.cookies.set(COOKIE, secret)
        self.http.headers["X-CSRF-Token"] = self.http.get("/v1/me").json()["csrf"]

    def get(self, path: str, **query: Any) -> Response:
        return self.http.get(path, params=query)

    def post(self, path: str, body: object = None, *, key: str = "") -> Response:
        return self.http.post(path, json=body, headers={"Idempotency-Key": key or f"key-{next(_KEYS):08d}"})

    def next(self) -> Any:
        return self.post("/v1/next").json()

    def confirm(self, incident: Any, codes: Any = CODES, *, key: str = "", **more: Any) -> Response:
        body = {"version": incident["version"], "codes": codes, **more}
        return self.post(f"/v1/incidents/{incident['id']}/confirm", body, key=key)


class Department:
    """A service over a store, and the people who use it."""

    def __init__(self, app: FastAPI, database: Database) -> None:
        self.app = app
        self.database = database

    def person(self, name: str, role: str = "coder", site: str = "") -> Person:
        """Somebody signed in already: hashing passwords is what takes long, and has tests of its own."""
        with self.database.writing() as session:
            add_coder(session, name, CoderChange(role=role, site=site), by="tests")
        return Person(self.app, name, self.another_session(name))

    def another_session(self, name: str) -> str:
        """The secret of a log-in of somebody known."""
        secret, at = new_secret(), now()
        with self.database.writing() as session:
            coder = coder_named(session, name)
            assert coder is not None
            until = at + dt.timedelta(hours=1)
            session.add(tables.Session(coder_id=coder.id, secret_hash=hashed(secret), created_at=at, expires_at=until))
        return secret

    def app_client(self) -> TestClient:
        """A browser, or a machine, that nobody has signed in."""
        return TestClient(self.app, base_url="https://testserver")

    def send_in(self, lead: Person, *texts: str, site: str = "", prefix: str = "W") -> list[int]:
        incidents = [{"id": f"{prefix}{n}", "text": text, "site": site} for n, text in enumerate(texts, start=1)]
        answer = lead.post("/v1/incidents/batch", {"incidents": incidents})
        assert answer.status_code == 201, answer.text
        return list(answer.json()["added"].values())


@contextmanager
def department(
    suggester: Suggester, url: str, *, blind: float = 0, double: float = 0, **settings: Any
) -> Iterator[Department]:
    """A service whose protocol has these shares."""
    app = create_app(suggester, Settings(auth="password", database_url=url, **settings))
    service = app.state.service
    shares = {"blind_share": blind, "double_coding_share": double}
    app.state.service = type(service)(**{**vars(service), "protocol": service.protocol.model_copy(update=shares)})
    try:
        yield Department(app, service.database)
    finally:
        service.database.close()
