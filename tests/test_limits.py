"""Limits of time and size."""

import asyncio

from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.types import Receive, Scope, Send

from codesuggest.web.limits import TimeLimit
from codesuggest.web.size import BodySizeLimit


async def slow(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.sleep(0.5)
    await FastAPI()(scope, receive, send)


def test_an_answer_that_takes_too_long_is_given_up_unless_its_path_may_take_longer() -> None:
    http = TestClient(TimeLimit(slow, 0.05, {"/long": 5}))
    assert http.get("/short").status_code == 503
    assert http.get("/long").status_code == 404


def test_a_path_may_take_more_than_others() -> None:
    http = TestClient(BodySizeLimit(FastAPI(), 10, {"/file": 100}))
    assert [http.post(path, content=b"x" * 50).status_code for path in ("/other", "/file")] == [413, 404]
    assert http.post("/file", content=b"x" * 101).status_code == 413
