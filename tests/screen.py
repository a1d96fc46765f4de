"""The pages in a real browser, as tests use them: a server on a port, Chromium, axe-core, screenshots."""

import os
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from sqlalchemy import select

from codesuggest.store.tables import Incident, ShownSuggestion
from codesuggest.web.who import COOKIE
from reviewers import Department, Person

CHROMIUM = shutil.which("chromium")
SCREENSHOTS = Path(os.environ.get("CODESUGGEST_ARTIFACTS", Path(__file__).parents[1] / "artifacts")) / "screenshots"
"""Kept for people to look at: a CI job keeps the folder, whichever it names."""
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
_STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        flags = [*_FLAGS, "--disable-sync", "--no-first-run"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The address of the application on a port of this machine."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def page_of(browser: Browser, address: str, person: Person | None = None, **options: Any) -> Iterator[Page]:
    """A page of somebody signed in. Whatever the page's script or policy complains of fails the test."""
    context: BrowserContext = browser.new_context(
        base_url=address, viewport=options.pop("viewport", {"width": 1366, "height": 768}), **options
    )
    if person is not None:
        secret = person.http.cookies[COOKIE]
        context.add_cookies([{"name": COOKIE, "value": secret, "url": address, "sameSite": "Strict"}])
    context.set_default_timeout(30_000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if _is_complaint(line.text) else None)
    yield page
    context.close()
    assert complaints == []


def keep_screenshot(page: Page, name: str, *, whole: bool = False) -> None:
    """A picture for people to look at, of the whole page or of what fits the screen."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=whole)


def violations(page: Page) -> list[str]:
    """What axe-core finds against WCAG 2.2 AA: rule, element, and what to do."""
    run = {"runOnly": {"type": "tag", "values": _STANDARD}}
    found = Axe().run(page, options=run).response["violations"]
    return [f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in found for node in rule["nodes"]]


def overflow(page: Page) -> int:
    """How many pixels one has to scroll sideways for."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def enrich(ward: Department, ids: Sequence[int]) -> None:
    """Give kept suggestions everything that suggestions may carry, whatever the small model itself can tell."""
    with ward.database.writing() as session:
        for incident in session.scalars(select(Incident).where(Incident.id.in_(ids))):
            text = incident.text or ""
            words = [[place, place + len(word)] for word in text.split()[:2] if (place := text.index(word)) >= 0]
            for row in session.scalars(select(ShownSuggestion).where(ShownSuggestion.incident_id == incident.id)):
                row.content = _rich(dict(row.content or {}), words)


def _rich(content: dict[str, Any], words: list[list[int]]) -> dict[str, Any]:
    axes = {
        axis: [{**code, "words": words if code["rank"] <= 2 else []} for code in ranked]
        for axis, ranked in content["axes"].items()
    }
    first = {axis: [ranked[0]["code"]] for axis, ranked in axes.items()}
    return {
        **content,
        "axes": axes,
        "shortlists": {axis: [code["code"] for code in ranked[:3]] for axis, ranked in axes.items()},
        "unsettled": {"severity": {"reason": "No dose and no harm is named.", "question": "What was the dose?"}},
        "conflicts": [
            {
                "axes": ["exposure_type", "performed_modality"],
                "message": "Nobody exposed, and yet an examination was done.",
            }
        ],
        "similar": [{"id": "S0012", "similarity": 0.83, "codes": first}],
        "notice": "Only few incidents like this one were in training.",
    }


def _is_complaint(line: str) -> bool:
    return "Content Security Policy" in line or "Uncaught" in line
