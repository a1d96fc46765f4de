"""What an operator is given: settings, container, commands."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from codesuggest.cli import app
from codesuggest.settings import settings, settings_example

SERVE = Path(__file__).parents[1] / "serve"


def test_the_settings_example_is_what_the_settings_say() -> None:
    assert (SERVE / "settings.env.example").read_text(encoding="utf-8") == settings_example()


def run(*arguments: str, given: str = "") -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments), input=given)
    return result.exit_code, result.output + str(result.exception or "")


@pytest.fixture
def new_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CODESUGGEST_DATABASE_URL", f"sqlite:///{tmp_path}/store.db")
    settings.cache_clear()
    return tmp_path


def test_a_store_is_made_checked_and_given_its_first_administrator(new_store: Path) -> None:
    assert "db upgrade" in run("coder", "add", "a.khan", "--no-password")[1]
    assert run("db", "upgrade")[0] == 0
    code, output = run(
        "coder", "add", "A.Khan", "--role", "administrator", "--password-stdin", given="three random words\n"
    )
    assert (code, output) == (0, "Added a.khan, administrator, all sites.\n")
    assert run("db", "check") == (0, "All is well: schema, integrity and triggers.\n")
    assert "one of that name" in run("coder", "add", "a.khan", "--no-password")[1]


def test_a_backup_and_its_restoring(new_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("db", "upgrade")
    assert run("db", "backup", str(new_store / "b"))[0] == 0
    monkeypatch.setenv("CODESUGGEST_DATABASE_URL", f"sqlite:///{new_store}/other.db")
    settings.cache_clear()
    assert run("db", "restore", str(new_store / "b"))[0] == 0
    assert run("db", "check")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["erase", "W1", "--yes"], "No incident W1"),
        (["erase", "--before", "yesterday", "--yes"], "no day"),
        (["erase", "--yes"], "not both"),
        (["erase", "W1"], "Erase for good?"),
    ],
)
def test_erasing_says_what_it_needs(new_store: Path, arguments: list[str], words: str) -> None:
    run("db", "upgrade")
    code, output = run(*arguments)
    assert code != 0
    assert words in output


def test_without_log_in_no_other_machine_is_served(
    model_dir: Path, new_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "CODESUGGEST_AUTH=password" in run("serve", "--host", "192.0.2.1", "--model", str(model_dir))[1]
