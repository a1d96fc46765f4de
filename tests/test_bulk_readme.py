"""The README's bulk section, run as written on a made-up export."""

import csv
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from codesuggest.cli import app
from codesuggest.settings import settings

SECTION = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8").split("## Bulk")[1].split("\n## ")[0]
COMMANDS = re.findall(r"^codesuggest (.+)$", SECTION, flags=re.MULTILINE)
STRING = "IMGW1/SEV2/EXP-MED/MOD-CT/MOD-CT/CHK.identity"


@pytest.fixture
def department(tmp_path: Path, model_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a Datix export in it, and the small model in use."""
    monkeypatch.setenv("CODESUGGEST_MODEL", str(model_dir))
    monkeypatch.setenv("CODESUGGEST_THREADS", "1")
    monkeypatch.setenv("CODESUGGEST_DATABASE_URL", f"sqlite:///{tmp_path}/store.db")
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    rows = [
        [str(n), f"Zebedee Quillfeather had the wrong CT in bay {n}. {STRING}", "03/02/2026", "Ann"] for n in range(9)
    ]
    for name in ("incidents.csv", "archive.csv"):
        with (tmp_path / name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["Ref", "Description", "Incident date", "Reporter"], *rows])
    yield tmp_path
    settings.cache_clear()


def run(command: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, shlex.split(command))
    return result.exit_code, result.stdout + result.stderr + str(result.exception or "")


def test_the_commands_of_the_readme_run_as_written(department: Path) -> None:
    assert [command.split()[:2] for command in COMMANDS] == [
        ["bulk", "incidents.csv"],
        ["bulk", "sample"],
        ["bulk", "sample"],
        ["bulk", "incidents.csv"],
    ]
    code, output = run(COMMANDS[0])
    assert code == 0, output
    assert "Pre-coded 9 of 9 rows" in output
    assert "In pre-coded.csv; none is confirmed." in output
    assert {path.name for path in department.glob("*pre-coded*")} == {
        "pre-coded.csv",
        "pre-coded.csv.manifest.json",
        "pre-coded.csv.repeats.csv",
    }
    code, output = run(COMMANDS[1])  # a model of a hundred incidents vouches for nothing, and says so
    assert code == 1
    assert "no axis of it was coded automatically" in output
    (department / "pre-coded.csv").unlink()
    code, output = run("db upgrade")
    assert code == 0, output
    code, output = run(COMMANDS[3])
    assert code == 0, output
    assert "To the review queue: 9 added, 0 there already, 0 not taken." in output
    harvest = re.findall(r"`codesuggest (harvest [^`]+)`", SECTION)
    code, output = run(harvest[0])
    assert code == 0, output
    assert "Harvested 9 coded narratives of 9 rows into archive.harvest.jsonl" in output


def test_nothing_that_bulk_and_harvest_leave_behind_or_print_holds_a_name(department: Path) -> None:
    printed = [run(command)[1] for command in (COMMANDS[0], "harvest archive.csv --preset datix")]
    made = [
        path for path in department.rglob("*") if path.is_file() and path.name not in ("incidents.csv", "archive.csv")
    ]
    assert len(made) == 5
    for content in [*printed, *(path.read_text(encoding="utf-8") for path in made)]:
        assert "quillfeather" not in content.casefold()
        assert "Reporter" not in content


def test_a_bulk_that_cannot_be_says_why_in_one_line(department: Path) -> None:
    code, output = run("bulk incidents.csv incidents.csv --preset datix")
    assert (code, "incidents.csv exists already" in output) == (1, True)
    code, output = run("bulk incidents.csv out.csv --preset datix --target 0.8")
    assert (code, "No rule for a precision of 0.8. There are 0.9, 0.95, 0.99." in output) == (1, True)
    code, output = run("bulk sample incidents.csv")
    assert (code, "incidents.csv.manifest.json: missing or damaged" in output) == (1, True)
