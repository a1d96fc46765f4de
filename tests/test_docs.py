"""Every command, option, setting and recipe key is documented, and every example runs."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer
from pydantic import BaseModel
from typer.testing import CliRunner

from codesuggest.cli import app
from codesuggest.protocol import Protocol
from codesuggest.redact.policy import Policy
from codesuggest.retrain.recipe import RetrainRecipe
from codesuggest.settings import Settings, settings
from codesuggest.train.recipe import Recipe

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NEEDS_MORE = {
    "retrain",
    "compare",
    "remake",
    "promote",
    "rollback",
    "serve",
    "backup",
    "restore",
    "train",
    "import",
    "derive",
    "gold",
    "bulk",
    "sample",
    "harvest",
    "apply",
    "move",
    "adapt",
    "adjudicate",
}
"""Examples that would listen for ever, take minutes, leave a file behind, or need one that the project has not."""


def commands(group: click.Group, path: str = "codesuggest") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if path.endswith(" bulk") and name == "run":  # `bulk IN OUT` is short for it
            yield path, command
            continue
        if hasattr(command, "commands"):
            yield from commands(command, f"{path} {name}")  # type: ignore[arg-type]
        else:
            yield f"{path} {name}", command


COMMANDS = dict(commands(typer.main.get_command(app)))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_starts_with_a_verb_ends_with_an_example_and_explains_its_options(name: str) -> None:
    command = COMMANDS[name]
    text = re.sub(r"\s+", " ", command.help or "")
    assert re.match(r"[A-Z][a-z]+ ", text)
    assert re.search(rf"Example: {name}( .+)?$", text), name
    missing = [parameter.name for parameter in command.params if not getattr(parameter, "help", None)]
    assert missing == []


@pytest.mark.parametrize(
    "name", [name for name in COMMANDS if name.split()[-1] not in NEEDS_MORE and name != "codesuggest models show"]
)
def test_examples_run(name: str, model_dir: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODESUGGEST_MODEL", str(model_dir))
    monkeypatch.setenv("CODESUGGEST_DATABASE_URL", sqlite_url)
    monkeypatch.chdir(ROOT)
    settings.cache_clear()
    example = re.sub(r"\s+", " ", COMMANDS[name].help or "").split("Example: codesuggest ")[1]
    arguments = shlex.split(example.replace("--model starting", f"--model {model_dir}"))
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme(name: str) -> None:
    assert name in README


def fields(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, str | None]]:
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel) and inner.__module__ == model.__module__:
            yield from fields(inner, f"{path}{name}.")
        else:
            yield f"{path}{name}", field.description


RETRAIN_KEYS = [key for key in fields(RetrainRecipe) if key[0].split(".")[0] not in Recipe.model_fields]


@pytest.mark.parametrize(("name", "description"), list(fields(Settings)))
def test_every_setting_is_explained_and_in_the_readme(name: str, description: str | None) -> None:
    assert description
    assert f"CODESUGGEST_{name.upper()}" in README


@pytest.mark.parametrize(("name", "description"), [*fields(Recipe), *RETRAIN_KEYS])
def test_every_recipe_key_is_explained_and_in_the_training_readme(name: str, description: str | None) -> None:
    assert description
    assert f"`{name}`" in (ROOT / "training" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "description"), list(fields(Policy)))
def test_every_policy_key_is_explained_and_in_the_redactors_readme(name: str, description: str | None) -> None:
    assert description
    assert f"`{name}`" in (ROOT / "models" / "redaction" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "description"), list(fields(Protocol)))
def test_every_protocol_key_is_explained_and_set(name: str, description: str | None) -> None:
    assert description
    assert name in (ROOT / "annotation" / "protocol.toml").read_text(encoding="utf-8")


def test_links_of_the_readmes_lead_somewhere() -> None:
    for readme in ROOT.glob("**/README.md"):
        if ".venv" in readme.parts:
            continue
        for target in re.findall(r"\]\(([^)#:]+)\)", readme.read_text(encoding="utf-8")):
            assert (readme.parent / target).exists(), f"{readme}: {target}"
