"""Nothing is lost: coders go on confirming while the server is killed again and again."""

import datetime as dt
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import httpx2
import pytest
import uvicorn
from sqlalchemy import select

from codesuggest.settings import Settings
from codesuggest.signin.secret import hashed
from codesuggest.store import tables
from codesuggest.store.database import Database
from codesuggest.store.log import now
from codesuggest.suggest import Suggester
from codesuggest.web import create_app
from reviewers import CODES

START_S = 120
FORK = get_context("fork")


class Server:
    """A server in a process of its own, to be killed and started again on the same port."""

    def __init__(self, start: Callable[[int], int]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._start = start
        self._pid = start(self.port)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait(self) -> None:
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            try:
                httpx2.get(f"{self.address}/healthz")
            except httpx2.TransportError:
                time.sleep(0.05)
            else:
                return
        raise TimeoutError

    def kill_and_restart(self) -> None:
        self.end(signal.SIGKILL)
        self._pid = self._start(self.port)
        self.wait()

    def end(self, how: signal.Signals) -> None:
        """Send the signal, and wait until nobody listens on the port any more."""
        os.kill(self._pid, how)
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)):
                    return
            time.sleep(0.05)


@contextmanager
def commands(url: str, model_dir: Path) -> Iterator[Callable[[int], int]]:
    """Starts `codesuggest serve`."""
    environment = os.environ | {
        "CODESUGGEST_AUTH": "password",
        "CODESUGGEST_DATABASE_URL": url,
        "CODESUGGEST_MODEL": str(model_dir),
        "CODESUGGEST_REQUESTS_PER_MINUTE": "1000000",
        "CODESUGGEST_LOG_LEVEL": "error",
    }
    started: list[subprocess.Popen[bytes]] = []

    def start(port: int) -> int:
        program = "from codesuggest.cli import main; main()"
        command = [sys.executable, "-c", program, "serve", "--port", str(port)]
        started.append(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL))
        return started[-1].pid

    yield start
    for process in started:
        process.kill()
        process.wait()


@contextmanager
def forks(url: str, suggester: Suggester) -> Iterator[Callable[[int], int]]:
    """Starts the application in a fork, in no time: everything is loaded already. Made before there are threads."""
    orders, theirs = FORK.Pipe()
    nurse = FORK.Process(target=_nurse, args=(theirs, url, suggester))
    nurse.start()

    def start(port: int) -> int:
        orders.send(port)
        return int(orders.recv())

    yield start
    orders.send(None)
    nurse.join()


def _nurse(orders: Connection, url: str, suggester: Suggester) -> None:
    children = []
    while (port := orders.recv()) is not None:
        children.append(FORK.Process(target=_serve, args=(url, suggester, port)))
        children[-1].start()
        orders.send(children[-1].pid)
    for child in children:
        child.kill()
        child.join()


def _serve(url: str, suggester: Suggester, port: int) -> None:
    settings = Settings(auth="password", database_url=url, requests_per_minute=1_000_000)
    uvicorn.run(create_app(suggester, settings), port=port, log_level="error")


def fill(database: Database, n_incidents: int, n_coders: int) -> list[tuple[int, str]]:
    """Incidents to code, and coders signed in: their ids and the secrets of their sessions."""
    at = now()
    with database.writing() as session:
        for number in range(n_incidents):
            session.add(
                tables.Incident(
                    reference=f"W{number}",
                    site="",
                    text=f"Film {number} lost on the way.",
                    existing_codes={},
                    redactor="r",
                    received_at=at,
                    draw=number / n_incidents,
                    is_blind=True,  # nothing is computed: only keeping is tested
                )
            )
        coders = [
            tables.Coder(name=f"coder{n}", display_name="c", role="coder", site="", created_at=at)
            for n in range(n_coders)
        ]
        session.add_all(coders)
        session.flush()
        secrets = [f"secret-of-{coder.name}" for coder in coders]
        for coder, secret in zip(coders, secrets, strict=True):
            until = at + dt.timedelta(hours=5)
            session.add(tables.Session(coder_id=coder.id, secret_hash=hashed(secret), created_at=at, expires_at=until))
    return [(coder.id, secret) for coder, secret in zip(coders, secrets, strict=True)]


def sent_until_answered(http: httpx2.Client, path: str, body: object, key: str) -> httpx2.Response:
    """As a careful client does it: the same request with the same key until the server answers."""
    while True:
        try:
            answer = http.post(path, json=body, headers={"Idempotency-Key": key})
        except httpx2.TransportError:
            time.sleep(0.05)
            continue
        if answer.status_code < 500:
            return answer
        time.sleep(0.05)


def token_of(http: httpx2.Client) -> str:
    """What a page sends back with every change; asked for until the server answers."""
    while True:
        try:
            answer = http.get("/v1/me")
        except httpx2.TransportError:
            time.sleep(0.05)
            continue
        if answer.status_code < 500:
            return str(answer.json()["csrf"])
        time.sleep(0.05)


def day_of(address: str, coder_id: int, secret: str, acknowledged: list[tuple[int, int, str]]) -> None:
    """A coder confirms until the queue is empty, and keeps what was acknowledged."""
    cookie = {"Cookie": f"codesuggest_session={secret}"}
    with httpx2.Client(base_url=address, headers=cookie, timeout=30) as http:
        http.headers["X-CSRF-Token"] = token_of(http)
        for number in range(10_000):
            incident = sent_until_answered(http, "/v1/next", None, "next-of-the-day").json()["incident"]
            if incident is None:
                return
            key = f"key-{coder_id:04d}-{number:06d}"
            body = {"version": incident["version"], "codes": CODES}
            answer = sent_until_answered(http, f"/v1/incidents/{incident['id']}/confirm", body, key)
            assert answer.status_code in (200, 201), answer.text
            acknowledged.append((incident["id"], coder_id, key))


def killer(server: Server, n_kills: int, seed: int, done: threading.Event) -> Iterator[int]:
    rng = random.Random(seed)  # noqa: S311  moments, not secrets
    for number in range(n_kills):
        if done.wait(rng.uniform(0.1, 1.0)):
            return
        server.kill_and_restart()
        yield number


def n_kills_survived(start: Callable[[int], int], url: str, *, n: int, n_coders: int, n_kills: int) -> int:
    """Let coders confirm and the server be killed; how often it was."""
    server, done = Server(start), threading.Event()
    database = Database(url)
    coders = fill(database, n, n_coders)
    acknowledged: list[tuple[int, int, str]] = []
    try:
        server.wait()
        with ThreadPoolExecutor(n_coders + 1) as pool:
            kills = pool.submit(lambda: len(list(killer(server, n_kills, 7, done))))
            days = [pool.submit(day_of, server.address, id, secret, acknowledged) for id, secret in coders]
            for day in days:
                day.result(timeout=1500)
            done.set()
            n_killed = kills.result()
    finally:
        done.set()
        server.end(signal.SIGTERM)
    with database.reading() as session:
        query = select(
            tables.Confirmation.incident_id, tables.Confirmation.coder_id, tables.Confirmation.idempotency_key
        )
        kept = [tuple(row) for row in session.execute(query)]
    database.close()
    assert Counter(kept) == Counter(acknowledged)
    assert Counter(id for id, _, _ in kept) == Counter(range(1, n + 1))
    return n_killed


def test_a_few_confirmations_survive_a_killed_server(database_url: str, suggester: Suggester) -> None:
    with forks(database_url, suggester) as start:
        assert n_kills_survived(start, database_url, n=200, n_coders=8, n_kills=3) >= 1


@pytest.mark.slow
def test_two_thousand_confirmations_of_twenty_coders_survive_a_server_killed_again_and_again(
    database_url: str, suggester: Suggester
) -> None:
    with forks(database_url, suggester) as start:
        assert n_kills_survived(start, database_url, n=2000, n_coders=20, n_kills=40) >= 10


@pytest.mark.slow
def test_the_command_itself_loses_nothing_either(database_url: str, model_dir: Path) -> None:
    with commands(database_url, model_dir) as start:
        assert n_kills_survived(start, database_url, n=300, n_coders=10, n_kills=1) == 1
