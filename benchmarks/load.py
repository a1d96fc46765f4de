"""Measures the service with fifty reviewers at work: how long a page and a confirmation take, and what they cost.

Run: .venv/bin/python benchmarks/load.py   (after `make suggest`; about three minutes; --database URL for PostgreSQL)

The server is the command itself, on this machine, with the model in use; the reviewers are threads of this process. Each
takes the next incident, thinks ten seconds on average, confirms, and goes on.
"""

import argparse
import datetime as dt
import os
import platform
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import numpy as np
from speed import made_up

from codesuggest.settings import settings
from codesuggest.signin import CoderChange, add_coder
from codesuggest.signin.secret import hashed
from codesuggest.store import tables
from codesuggest.store.database import Database
from codesuggest.store.log import now
from codesuggest.store.schema import upgrade

ROOT = Path(__file__).parents[1]
WANTED_MS = 300


@contextmanager
def browser(address: str, secret: str) -> Iterator[httpx2.Client]:
    """A reviewer's browser, signed in."""
    headers = {"Cookie": f"codesuggest_session={secret}"}
    with httpx2.Client(base_url=address, headers=headers, timeout=60, follow_redirects=True) as http:
        http.headers["X-CSRF-Token"] = http.get("/v1/me").json()["csrf"]
        yield http


def sign_in_all(database: Database, n: int) -> list[str]:
    """An administrator and `n` coders, signed in; the secrets of their sessions, the administrator's first."""
    secrets = [f"secret-{number}" for number in range(n + 1)]
    with database.writing() as session:
        for number, secret in enumerate(secrets):
            role = "coder" if number else "administrator"
            coder = add_coder(session, f"coder{number}", CoderChange(role=role), by="benchmark")
            at = now()
            session.add(
                tables.Session(
                    coder_id=coder.id, secret_hash=hashed(secret), created_at=at, expires_at=at + dt.timedelta(hours=2)
                )
            )
    return secrets


def send_in(address: str, secret: str, n: int) -> float:
    """Send incidents in; seconds an incident."""
    started = time.perf_counter()
    rows = [{"id": row["id"], "text": row["text"]} for row in made_up(n)]
    with browser(address, secret) as http:
        for start in range(0, n, 50):
            http.post("/v1/incidents/batch", json={"incidents": rows[start : start + 50]}).raise_for_status()
    return (time.perf_counter() - started) / n


class Times:
    """Durations by what was asked, in milliseconds."""

    def __init__(self) -> None:
        self.by_name: dict[str, list[float]] = defaultdict(list)
        self.failures = 0

    def timed(self, name: str, http: httpx2.Client, method: str, path: str, **more: object) -> httpx2.Response:
        """One request, timed to the last byte of its answer."""
        started = time.perf_counter()
        answer = http.request(method, path, **more)  # type: ignore[arg-type]
        self.by_name[name].append(1000 * (time.perf_counter() - started))
        self.failures += answer.status_code >= 500
        return answer


def review(address: str, number: int, secret: str, times: Times, until: float) -> None:
    """One reviewer's work until the time is up."""
    rng = random.Random(number)  # noqa: S311  thinking times
    with browser(address, secret) as http:
        has_page = http.get("/review").status_code == 200
        time.sleep(rng.uniform(0, 10))
        while time.monotonic() < until:
            if has_page:
                times.timed("page", http, "GET", "/review")
            held = times.timed("next", http, "POST", "/v1/next").json()
            if held["incident"] is None:
                return
            time.sleep(rng.uniform(5, 15))
            first = {
                axis: [ranked[0]["code"]] for axis, ranked in (held["suggestions"] or {"axes": {}})["axes"].items()
            }
            body = {"version": held["incident"]["version"], "codes": first or BLIND, "time_on_screen_ms": 10_000}
            key = {"Idempotency-Key": f"key-{number:04d}-{rng.getrandbits(48)}"}
            times.timed(
                "confirm", http, "POST", f"/v1/incidents/{held['incident']['id']}/confirm", json=body, headers=key
            )


BLIND = {
    "severity": ["SEV2"],
    "exposure_type": ["EXP-MED"],
    "intended_modality": ["MOD-CT"],
    "performed_modality": ["MOD-CT"],
    "pathway": ["CHK.identity"],
    "contributory_factor": ["CF-IND.slip"],
}
"""What a reviewer gives without suggestions."""


def cpu_s(pid: int) -> float:
    """CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def serve(url: str, port: int) -> "subprocess.Popen[bytes]":
    """The server, ready."""
    environment = os.environ | {"CODESUGGEST_AUTH": "password", "CODESUGGEST_DATABASE_URL": url}
    program = "from codesuggest.cli import main; main()"
    command = [sys.executable, "-c", program, "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=environment)
    for _ in range(3000):
        if process.poll() is not None:
            sys.exit("The server did not start; see above.")
        try:
            httpx2.get(f"http://127.0.0.1:{port}/readyz").raise_for_status()
        except httpx2.HTTPError:
            time.sleep(0.1)
        else:
            return process
    raise TimeoutError


def table(times: Times, n: int, seconds: float, used: float, each: float) -> str:
    """The results as Markdown."""
    rows = ["| request | n | p50 ms | p95 ms | p99 ms | wanted p95 |", "|---|---|---|---|---|---|"]
    for name, durations in sorted(times.by_name.items()):
        p50, p95, p99 = np.percentile(durations, [50, 95, 99])
        rows.append(f"| {name} | {len(durations):,} | {p50:.0f} | {p95:.0f} | {p99:.0f} | under {WANTED_MS} |")
    n_requests = sum(map(len, times.by_name.values()))
    load = os.getloadavg()[0]
    return "\n".join(
        [
            *rows,
            "",
            f"{n} reviewers, {seconds:.0f} s, {n_requests:,} requests ({n_requests / seconds:.1f} a second), "
            f"{times.failures} failed; {1000 * used / n_requests:.1f} CPU ms of the server a request, so one core has "
            f"room for {n_requests / used:.0f} a second. Taking an incident in, redacted and suggested for: {1000 * each:.0f} ms.",
            f"Load average of the machine at the end: {load:.1f} on {os.cpu_count()} cores.",
        ]
    )


def measure(url: str, n: int, seconds: float, n_incidents: int) -> str:
    """Fill a store, let the reviewers work, and say what it took."""
    database = Database(url)
    upgrade(database)
    secrets = sign_in_all(database, n)
    database.close()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server, times, address = serve(url, port), Times(), f"http://127.0.0.1:{port}"
    try:
        each = send_in(address, secrets[0], n_incidents)
        before, until = cpu_s(server.pid), time.monotonic() + seconds
        with ThreadPoolExecutor(n) as pool:
            work = [pool.submit(review, address, k, secret, times, until) for k, secret in enumerate(secrets[1:])]
        for one in work:
            one.result()
        return table(times, n, seconds, cpu_s(server.pid) - before, each)
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    """Measure on SQLite, or on the database named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", default="", help="URL of an empty database.  [default: a new SQLite file]")
    parser.add_argument("--reviewers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--incidents", type=int, default=700)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "load.md")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = chosen.database or f"sqlite:///{folder}/store.db"
        results = measure(url, chosen.reviewers, chosen.seconds, chosen.incidents)
    kind = "PostgreSQL" if url.startswith("postgresql") else "SQLite"
    day = dt.datetime.now(dt.UTC).date()
    head = f"# Reviewers at work\n\n{kind}, model {settings().model or 'in use'}, Python {platform.python_version()}, {day}."
    chosen.out.write_text(f"{head} Made by `python benchmarks/load.py`.\n\n{results}\n", encoding="utf-8")
    print(results)


if __name__ == "__main__":
    main()
