"""Nothing is lost: coders go on confirming while the server is killed again and again."""

import datetime as dt
import hashlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import select

from codesuggest.signin.secret import hashed
from codesuggest.store import tables
from codesuggest.store.database import Database
from codesuggest.store.log import now
from reviewers import CODES

START_S = 120


class Server:
    """`codesuggest serve`, really running, to be killed and started again on the same port."""

    def __init__(self, url: str, model_dir: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.environment = os.environ | {
            "CODESUGGEST_AUTH": "password",
            "CODESUGGEST_DATABASE_URL": url,
            "CODESUGGEST_MODEL": str(model_dir),
            "CODESUGGEST_REQUESTS_PER_MINUTE": "1000000",
            "CODESUGGEST_LOG_LEVEL": "error",
        }
        self.process = self._started()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait(self) -> None:
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            try:
                httpx2.get(f"{self.address}/healthz")
            except httpx2.TransportError:
                time.sleep(0.1)
            else:
                return
        raise TimeoutError

    def kill_and_restart(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = self._started()
        self.wait()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=60)

    def _started(self) -> "subprocess.Popen[bytes]":
        program = "from codesuggest.cli import main; main()"
        command = [sys.executable, "-c", program, "serve", "--port", str(self.port)]
        return subprocess.Popen(command, env=self.environment, stderr=subprocess.DEVNULL)


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
                    is_blind=number % 2 == 0,
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


def day_of(address: str, coder_id: int, secret: str, acknowledged: list[tuple[int, int, str]]) -> None:
    """A coder confirms until the queue is empty, and keeps what was acknowledged."""
    csrf = hashlib.sha256(f"csrf {secret}".encode()).hexdigest()
    cookie = {"Cookie": f"codesuggest_session={secret}", "X-CSRF-Token": csrf}
    with httpx2.Client(base_url=address, headers=cookie, timeout=30) as http:
        for number in range(10_000):
            incident = sent_until_answered(http, "/v1/next", None, "next-of-the-day").json()["incident"]
            if incident is None:
                return
            key = f"key-{coder_id}-{number}"
            body = {"version": incident["version"], "codes": CODES}
            answer = sent_until_answered(http, f"/v1/incidents/{incident['id']}/confirm", body, key)
            assert answer.status_code in (200, 201), answer.text
            acknowledged.append((incident["id"], coder_id, key))


def killer(server: Server, n_kills: int, seed: int, done: threading.Event) -> Iterator[int]:
    rng = random.Random(seed)  # noqa: S311  moments, not secrets
    for number in range(n_kills):
        if done.wait(rng.uniform(0.2, 2.5)):
            return
        server.kill_and_restart()
        yield number


def assert_nothing_is_lost(url: str, model_dir: Path, *, n_incidents: int, n_coders: int, n_kills: int) -> None:
    database = Database(url)
    coders = fill(database, n_incidents, n_coders)
    server, done = Server(url, model_dir), threading.Event()
    acknowledged: list[tuple[int, int, str]] = []
    try:
        server.wait()
        with ThreadPoolExecutor(n_coders + 1) as pool:
            kills = pool.submit(lambda: len(list(killer(server, n_kills, 7, done))))
            days = [pool.submit(day_of, server.address, id, secret, acknowledged) for id, secret in coders]
            for day in days:
                day.result(timeout=1500)
            done.set()
            assert kills.result() >= 1, "the server was never killed: too few incidents"
    finally:
        done.set()
        server.stop()
    with database.reading() as session:
        query = select(
            tables.Confirmation.incident_id, tables.Confirmation.coder_id, tables.Confirmation.idempotency_key
        )
        kept = [tuple(row) for row in session.execute(query)]
    database.close()
    assert Counter(kept) == Counter(acknowledged)
    assert Counter(id for id, _, _ in kept) == Counter(range(1, n_incidents + 1))


def test_a_few_confirmations_survive_a_killed_server(database_url: str, model_dir: Path) -> None:
    assert_nothing_is_lost(database_url, model_dir, n_incidents=120, n_coders=6, n_kills=1)


@pytest.mark.slow
def test_two_thousand_confirmations_of_twenty_coders_survive_a_server_killed_again_and_again(
    database_url: str, model_dir: Path
) -> None:
    assert_nothing_is_lost(database_url, model_dir, n_incidents=2000, n_coders=20, n_kills=12)


def test_told_to_stop_the_server_ends_in_order(sqlite_url: str, model_dir: Path) -> None:
    server = Server(sqlite_url, model_dir)
    server.wait()
    assert server.stop() == 0
