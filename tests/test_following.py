"""A service that runs follows the model in use, drops nothing, and says which model answered."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
import uvicorn
from fastapi.testclient import TestClient

from codesuggest.following import Follower
from codesuggest.promotion import Shelf, write_whole
from codesuggest.registry import Model, save_model
from codesuggest.settings import Settings
from codesuggest.suggest import Suggester
from codesuggest.web import create_app

TEXT = {"text": "Wrong patient scanned in CT.", "reasons": False, "top": 1}


@pytest.fixture(scope="module")
def shelf(small_model: Model, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Two models that differ in name only, and one of another taxonomy."""
    folder = tmp_path_factory.mktemp("following")
    for name in ("small", "next"):
        save_model(replace(small_model, manifest=replace(small_model.manifest, name=name)), folder / name)
    return Shelf(folder)


def use(shelf: Shelf, name: str) -> None:
    write_whole(shelf.folder / "in-use", f"{name}\n")


@contextmanager
def served(suggester: Suggester, shelf: Shelf) -> Iterator[str]:
    """A real server that follows the shelf; its address."""
    app = create_app(suggester, Settings(models_dir=shelf.folder), is_following=True)
    app.state.follower._every_s = 0.02
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="on"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def test_another_model_takes_over_under_requests_and_none_is_dropped(suggester: Suggester, shelf: Shelf) -> None:
    use(shelf, "small")
    answers: list[tuple[float, int, str]] = []
    done = threading.Event()
    with served(suggester, shelf) as address:

        def ask() -> None:
            with httpx2.Client(base_url=address, timeout=30) as client:
                while not done.is_set():
                    answer = client.post("/v1/suggest", json=TEXT)
                    answers.append((time.monotonic(), answer.status_code, answer.json()["model"]))

        askers = [threading.Thread(target=ask) for _ in range(4)]
        for asker in askers:
            asker.start()
        while len(answers) < 8:
            time.sleep(0.01)
        use(shelf, "next")
        until = time.monotonic() + 30
        while httpx2.get(f"{address}/readyz").json()["model"] != "next" and time.monotonic() < until:
            time.sleep(0.02)
        switched, enough = time.monotonic(), len(answers) + 8
        while len(answers) < enough and time.monotonic() < until:
            time.sleep(0.01)
        done.set()
        for asker in askers:
            asker.join()
    assert {status for _, status, _ in answers} == {200}
    counts = Counter(model for _, _, model in answers)
    assert counts["small"] >= 8
    assert counts["next"] >= 4
    late = [model for at, _, model in answers if at > switched]
    assert "small" not in late[8:]  # four requests at most were under way, and they end by the model they began with


def follower(suggester: Suggester, shelf: Shelf, taken: list[str]) -> Follower:
    return Follower(shelf, suggester, lambda new: taken.append(new.model.manifest.name))


def test_a_model_is_taken_over_once(suggester: Suggester, shelf: Shelf) -> None:
    taken: list[str] = []
    following = follower(suggester, shelf, taken)
    for name in ("small", "next", "next", "small"):
        use(shelf, name)
        following.look()
    assert taken == ["next", "small"]


@pytest.mark.parametrize("broken", ["damaged", "other taxonomy"])
def test_a_model_that_cannot_be_used_is_not_followed_and_the_log_says_why_once(
    suggester: Suggester, small_model: Model, shelf: Shelf, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    name = broken.replace(" ", "-")
    manifest = replace(small_model.manifest, name=name)
    folder = save_model(replace(small_model, manifest=manifest), shelf.folder / name)
    if broken == "damaged":
        (folder / "features.skops").write_bytes(b"nothing")
    at_hand = suggester
    if broken == "other taxonomy":
        other = replace(suggester.model.taxonomy, fingerprint="f", name="imaging-working-0")
        at_hand = Suggester(replace(suggester.model, taxonomy=other), suggester.embedder, suggester.redactor)
    taken: list[str] = []
    following = follower(at_hand, shelf, taken)
    use(shelf, name)
    with caplog.at_level(logging.ERROR):
        following.look()
        following.look()
    assert taken == []
    (line,) = [record.getMessage() for record in caplog.records]
    assert f"model {name} is in use but cannot be followed, small goes on answering" in line
    assert {"damaged": "altered", "other taxonomy": "Restart the service"}[broken] in line


def test_a_service_with_a_model_of_its_own_does_not_follow(suggester: Suggester, shelf: Shelf) -> None:
    use(shelf, "next")
    with TestClient(create_app(suggester, Settings(models_dir=shelf.folder))) as client:
        assert client.get("/readyz").json()["model"] == "small"
        assert client.app.state.follower is None  # type: ignore[attr-defined]


def test_an_empty_or_broken_pointer_changes_nothing(suggester: Suggester, shelf: Shelf, tmp_path: Path) -> None:
    taken: list[str] = []
    following = follower(suggester, Shelf(tmp_path), taken)
    following.look()
    (tmp_path / "in-use").write_text("no-such-model\n")
    following.look()
    assert taken == []
