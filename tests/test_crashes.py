"""A narrative that is being worked on when something crashes is in no dump, traceback or log of the crash."""

import logging
import os
import subprocess
import sys
import traceback

import pytest

from codesuggest.domain import Narrative
from codesuggest.errors import RedactionError
from codesuggest.redact import Redactor
from test_canary import TEXT, assert_clean

CRASH = """
import ctypes, logging, sys
from codesuggest.cli import main
from codesuggest.redact import Redactor

logging.basicConfig(level=logging.DEBUG)

def crash(self, narratives):
    text = [narrative.text for narrative in narratives][0]
    {how}

Redactor.redact_all = crash
sys.argv = ["codesuggest", "redact", sys.stdin.read()]
main()
"""


def crash(how: str) -> subprocess.CompletedProcess[str]:
    """The command line, brought down while it holds the narrative, with Python's fault handler on."""
    environment = {**os.environ, "PYTHONFAULTHANDLER": "1", "PYTHONDEVMODE": "0"}
    return subprocess.run(
        [sys.executable, "-c", CRASH.format(how=how)],
        input=TEXT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_dump_of_the_fault_handler_names_functions_and_no_values() -> None:
    done = crash("ctypes.string_at(0)")
    assert "Segmentation fault" in done.stderr
    assert "in crash" in done.stderr
    assert_clean(done.stdout + done.stderr, "dump of the fault handler")


def test_an_internal_error_is_reported_by_place_and_kind_alone() -> None:
    done = crash("raise ValueError(text)")
    assert done.returncode == 1
    assert "Internal error (ValueError)" in done.stderr
    assert_clean(done.stdout + done.stderr, "internal error")


@pytest.mark.parametrize("step", ["analyze", "engine"])
def test_a_traceback_with_locals_and_debug_logs_of_a_failed_redaction_hold_nothing(
    redactor: Redactor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, step: str
) -> None:
    def broken(given: object, *_: object, **__: object) -> None:
        raise ValueError(given)

    monkeypatch.setattr(redactor._analyzer, "analyze", broken)
    if step == "engine":
        monkeypatch.setattr(redactor._engine, "process_texts", broken)
    with caplog.at_level(logging.DEBUG), pytest.raises(RedactionError) as caught:
        redactor.redact(Narrative("7", TEXT))
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    shown = [line for line in frames.format() if "test_crashes.py" not in line]
    assert any("narrative = Narrative(id='7'" in line for line in shown)
    assert_clean("".join(shown), "traceback with locals")
    assert_clean(caplog.text, "logs")
