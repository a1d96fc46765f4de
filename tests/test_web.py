"""The service: the documented shape, clear refusals, and nothing of a narrative in any error or log."""

import logging
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from codesuggest import errors
from codesuggest.settings import Settings
from codesuggest.suggest import Suggester
from codesuggest.web import create_app
from codesuggest.web.problems import STATUS


@pytest.fixture
def client(suggester: Suggester) -> Iterator[TestClient]:
    with TestClient(create_app(suggester, Settings(max_narrative_chars=2000, max_batch=3))) as client:
        yield client


def test_one_narrative_is_answered_in_the_documented_shape(client: TestClient) -> None:
    answer = client.post("/v1/suggest", json={"id": "W1", "text": "Mrs Ada Example scanned twice", "top": 2})
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == [
        *("id", "redacted", "axes", "shortlists", "unsettled", "conflicts", "similar", "notice"),
        *("existing_codes", "model", "taxonomy"),
    ]
    assert [s["rank"] for s in body["axes"]["pathway"]] == [1, 2]
    assert "Example" not in answer.text


def test_several_narratives_are_answered_in_order(client: TestClient) -> None:
    narratives = [{"id": "b", "text": "Film lost"}, {"id": "a", "text": "Injector failed"}]
    body = client.post("/v1/suggest", json={"narratives": narratives}).json()
    assert [incident["id"] for incident in body["incidents"]] == ["b", "a"]


def test_taxonomy_and_probes(client: TestClient) -> None:
    taxonomy = client.get("/v1/taxonomy").json()
    assert taxonomy["name"] == "imaging-working-1"
    assert len(taxonomy["codes"]) == 95
    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz").json()
    assert (ready["status"], ready["model"]) == ("ready", "small")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b'{"text": "secretname"', 422),
        (b'{"txt": "secretname"}', 422),
        (b'{"text": ["secretname"]}', 422),
        (b'{"text": "secretname", "top": 0}', 422),
        (b'{"text": "  "}', 422),
        (b'{"text": "secretname\\u0000"}', 422),
        (b'{"text": "' + b"secretname " * 200 + b'"}', 413),
        (b'{"narratives": [' + b",".join([b'{"id": "1", "text": "secretname"}'] * 4) + b"]}", 413),
        (b"\xff\xfesecretname", 422),
        (b'{"text": "' + b"secretname" * 5000 + b'"}', 413),
        (b"", 422),
    ],
)
def test_bad_requests_are_problems_that_repeat_nothing(client: TestClient, content: bytes, status: int) -> None:
    answer = client.post("/v1/suggest", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) == {"type", "title", "status", "detail"}
    assert "secretname" not in answer.text


def test_unknown_paths_are_problems(client: TestClient) -> None:
    assert client.get("/nowhere").headers["content-type"] == "application/problem+json"
    assert client.get("/v1/suggest").status_code == 405


def test_an_unforeseen_error_leaves_no_trace_of_the_narrative(
    client: TestClient, suggester: Suggester, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("secretname")

    monkeypatch.setattr(suggester, "suggest", broken)
    with caplog.at_level(logging.DEBUG):
        answer = client.post("/v1/suggest", json={"text": "secretname"})
    assert answer.status_code == 500
    assert "secretname" not in answer.text + caplog.text
    assert "ValueError" in caplog.text


def test_every_error_has_a_status() -> None:
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert set(STATUS) == kinds - {errors.CodesuggestError}
