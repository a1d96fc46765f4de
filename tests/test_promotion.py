"""Promotion: past the gate or by a named person's word, one step, written down first, and one command back."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from codesuggest.cli import app
from codesuggest.errors import GateError, ModelError
from codesuggest.promotion import Change, Shelf, promote, roll_back
from codesuggest.registry import Model
from codesuggest.settings import settings


@pytest.fixture
def shelf(tmp_path: Path, small_model: Model) -> Shelf:
    """Three models, of which `old` is in use; the gate lets `new` by, and not `bad`."""
    shelf = Shelf(tmp_path / "models")
    for name in ("old", "new", "bad"):  # the manifest is all that is looked at
        (shelf.folder / name).mkdir(parents=True)
        manifest = asdict(replace(small_model.manifest, name=name))
        (shelf.folder / name / "manifest.json").write_text(json.dumps(manifest))
    (shelf.folder / "in-use").write_text("old\n")
    decide(shelf, "new", is_promotable=True, reasons=["Better: axis severity."])
    decide(shelf, "bad", is_promotable=False, reasons=["axis pathway: worse."])
    return shelf


def decide(shelf: Shelf, model: str, *, champion: str = "old", **content: object) -> None:
    shelf.write_decision(model, {"model": model, "champion": champion, "snapshot": "abc", **content})


@pytest.fixture
def run(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Result]]:
    """Runs a command on the shelf."""
    monkeypatch.setenv("CODESUGGEST_MODELS_DIR", str(shelf.folder))
    settings.cache_clear()
    yield lambda *arguments: CliRunner().invoke(app, ["models", *arguments])
    settings.cache_clear()


def test_a_model_that_the_gate_lets_by_is_put_in_use_and_the_reasons_recorded(shelf: Shelf) -> None:
    promote(shelf, "new", by="A. Khan")
    (change,) = shelf.changes()
    assert shelf.in_use == "new"
    assert (change.kind, change.model, change.instead_of, change.by) == ("promoted", "new", "old", "A. Khan")
    assert change.reason == "Better: axis severity."


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("bad", "bad may not replace old. axis pathway: worse."),
        ("old", "in use already"),
        ("none", "the gate has not seen it"),
    ],
)
def test_any_other_is_refused_with_the_reason_and_the_champion_stays(shelf: Shelf, model: str, message: str) -> None:
    with pytest.raises(GateError, match=message):
        promote(shelf, model)
    assert (shelf.in_use, shelf.changes()) == ("old", [])


def test_a_decision_against_another_champion_is_out_of_date(shelf: Shelf) -> None:
    decide(shelf, "bad", is_promotable=True, reasons=[])
    promote(shelf, "new")
    with pytest.raises(GateError, match="compared with old, but new is in use now"):
        promote(shelf, "bad")


@pytest.mark.parametrize(("by", "reason"), [("", "urgent"), ("A. Khan", " "), ("", "")])
def test_a_forced_promotion_without_a_person_and_a_reason_is_refused(shelf: Shelf, by: str, reason: str) -> None:
    with pytest.raises(GateError, match="--by NAME --reason WORDS"):
        promote(shelf, "bad", by=by, reason=reason, is_forced=True)
    assert shelf.in_use == "old"


def test_a_forced_promotion_is_recorded_as_one(shelf: Shelf) -> None:
    promote(shelf, "bad", by="A. Khan", reason="the old one is withdrawn", is_forced=True)
    (change,) = shelf.changes()
    assert (shelf.in_use, change.kind, change.by) == ("bad", "forced", "A. Khan")
    assert change.reason == "the old one is withdrawn"


def test_a_model_that_is_not_there_cannot_be_forced(shelf: Shelf) -> None:
    with pytest.raises(ModelError, match="no model there"):
        promote(shelf, "none", by="A. Khan", reason="x", is_forced=True)
    assert (shelf.in_use, shelf.changes()) == ("old", [])


def test_rolling_back_goes_back_step_by_step_and_not_to_and_fro(shelf: Shelf) -> None:
    promote(shelf, "new")
    promote(shelf, "bad", by="A. Khan", reason="x", is_forced=True)
    assert roll_back(shelf).model == "new"
    assert roll_back(shelf).model == "old"
    with pytest.raises(GateError, match="nothing is recorded that it replaced"):
        roll_back(shelf)
    assert [change.kind for change in shelf.changes()] == ["promoted", "forced", "rolled back", "rolled back"]


def test_a_model_that_was_deleted_cannot_be_rolled_back_to(shelf: Shelf) -> None:
    promote(shelf, "new")
    os.rename(shelf.folder / "old", shelf.folder / ".gone")
    with pytest.raises(ModelError, match="no model there"):
        roll_back(shelf)
    assert shelf.in_use == "new"


@pytest.mark.parametrize("at", ["fsync", "replace"])
def test_a_stop_at_any_step_leaves_a_whole_model_in_use_and_nothing_unrecorded(
    shelf: Shelf, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call that reaches the disk is stopped in turn, as a kill would."""
    real = getattr(os, at)
    for stop_at in (1, 2, 3):
        calls = iter(range(1, 10))

        def stopping(*arguments: object, n: int = stop_at, count: Iterator[int] = calls) -> object:
            if next(count) == n:
                raise StoppedError
            return real(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(os, at, stopping)
            with suppress(StoppedError):
                promote(shelf, "new")
        if shelf.in_use == "new":
            assert shelf.changes()
            roll_back(shelf)
        assert shelf.in_use == "old"
    promote(shelf, "new")
    assert shelf.in_use == "new"


class StoppedError(Exception):
    """As if killed."""


def test_an_unfinished_record_does_not_mislead_a_roll_back(shelf: Shelf) -> None:
    promote(shelf, "new")
    lines = shelf.folder / "decisions" / "changes.jsonl"
    unfinished = Change("2026-03-01T00:00:00+00:00", "promoted", "bad", "new", "", "killed before it took effect")
    with lines.open("a") as file:
        file.write(json.dumps(asdict(unfinished)) + "\n")
    assert roll_back(shelf).model == "old"


def test_two_at_a_time_are_refused(shelf: Shelf) -> None:
    with shelf.alone(), pytest.raises(ModelError, match="somebody else"), Shelf(shelf.folder).alone():
        raise AssertionError


def test_the_list_says_which_is_in_use_and_what_the_gate_said(run: Callable[..., Result], shelf: Shelf) -> None:
    promote(shelf, "new")
    result = run("list")
    rows = {line.split()[0]: line for line in result.stdout.splitlines()}
    assert "may replace old" in rows["new"]
    assert "since 20" in rows["new"]
    assert "may not replace old" in rows["bad"]
    assert "not seen" in rows["old"]
    assert "3 models" in result.stderr


def test_promote_and_rollback_on_the_command_line(run: Callable[..., Result], shelf: Shelf) -> None:
    refused = run("promote", "bad")
    assert isinstance(refused.exception, GateError)
    assert "new put in use instead of old" in run("promote", "new").stdout
    forced = run("promote", "bad", "--force", "--by", "A. Khan", "--reason", "trial")
    assert "bad put in use past the gate instead of new by A. Khan: trial" in forced.stdout
    assert "new put back in use instead of bad" in run("rollback", "--reason", "overrides rose").stdout
    assert "overrides rose" in run("show", "new").stdout
    assert shelf.in_use == "new"
