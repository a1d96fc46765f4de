"""The container, read as what builds it reads it: whatever can be known without building it."""

import json
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from codesuggest.settings import Settings
from codesuggest.web import stateless

ROOT = Path(__file__).parents[1]
SERVE = ROOT / "serve"
KNOWN = {"FROM", "ARG", "WORKDIR", "RUN", "ENV", "COPY", "USER", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "CMD"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
COMPOSE = yaml.safe_load((SERVE / "compose.yaml").read_text(encoding="utf-8"))["services"]


def steps() -> Iterator[tuple[str, str]]:
    """Each instruction of the container file with its arguments, continued lines joined."""
    lines = [line for line in (SERVE / "Containerfile").read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line.strip():
            instruction, _, rest = line.strip().partition(" ")
            yield instruction, rest.strip()


def stages() -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    for step in steps():
        if step[0] == "FROM":
            found.append([])
        found[-1].append(step)
    return found


def values(stage: list[tuple[str, str]], instruction: str) -> list[str]:
    return [rest for name, rest in stage if name == instruction]


def environment(stage: list[tuple[str, str]]) -> dict[str, str]:
    return dict(pair.split("=", 1) for line in values(stage, "ENV") for pair in shlex.split(line))


BUILD, FINAL = stages()


def test_every_instruction_is_one_and_every_shell_command_parses() -> None:
    assert {name for name, _ in steps()} <= KNOWN
    for _, rest in (step for step in steps() if step[0] == "RUN"):
        assert subprocess.run(["sh", "-n", "-c", rest], check=False).returncode == 0, rest


def test_it_runs_as_nobody_in_particular_and_nothing_after_that_needs_root() -> None:
    names = [name for name, _ in FINAL]
    (user,) = values(FINAL, "USER")
    assert int(user) >= 10_000
    assert f"--uid {user}" in " ".join(values(FINAL, "RUN"))
    assert not {"RUN", "COPY"} & set(names[names.index("USER") :])


def test_both_stages_are_of_one_image_so_that_what_is_built_runs() -> None:
    image = values(BUILD, "FROM")[0].split()[0]
    assert image == values(FINAL, "FROM")[0]
    version = re.search(r"python:(3\.\d+)", image)
    assert version is not None
    low, high = re.findall(r"3\.\d+", PROJECT["project"]["requires-python"])
    assert int(low[2:]) <= int(version[1][2:]) < int(high[2:])


def test_what_is_copied_is_there_and_is_all_that_the_package_is_built_of() -> None:
    copied = [source for line in values(BUILD, "COPY") for source in line.split()[:-1]]
    assert [source for source in copied if not (ROOT / source).exists()] == []
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = [*wheel["force-include"], *wheel["packages"], PROJECT["project"]["readme"], "pyproject.toml"]
    assert [n for n in needed if not any(n == source or n.startswith(f"{source}/") for source in copied)] == []


def test_pip_installs_extras_and_versions_that_the_project_names() -> None:
    installs = [shlex.split(line.split("pip install", 1)[1]) for line in values(BUILD, "RUN") if "pip install" in line]
    assert [arguments[0] for arguments in installs] == ["torch>=2.6,<2.14", ".[postgres]"]
    assert installs[0][0] in PROJECT["project"]["dependencies"]
    assert "postgres" in PROJECT["project"]["optional-dependencies"]


def test_it_starts_the_service_with_settings_that_there_are_and_asks_after_a_route_that_there_is() -> None:
    (command,) = values(FINAL, "CMD")
    assert json.loads(command)[0] in PROJECT["project"]["scripts"]
    copied = next(line for line in values(FINAL, "COPY") if "--from=build" in line).split()[-1]
    assert environment(FINAL)["PATH"].startswith(f"{copied}/bin:")
    everywhere = [*environment(FINAL), *COMPOSE["service"]["environment"], *COMPOSE["upgrade"]["environment"]]
    ours = {name.removeprefix("CODESUGGEST_").lower() for name in everywhere if name.startswith("CODESUGGEST_")}
    assert ours <= set(Settings.model_fields)
    (health,) = values(FINAL, "HEALTHCHECK")
    (path,) = re.findall(r"http://127\.0\.0\.1:8000(/\w+)", health)
    assert path in {getattr(route, "path", "") for route in stateless.router.routes}
    compile(json.loads(health.partition("CMD ")[2])[2], "health", "exec")


def test_the_composed_service_is_read_only_without_rights_and_reachable_from_this_machine_only() -> None:
    service = COMPOSE["service"]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["ports"] == ["127.0.0.1:8000:8000"]
    assert (SERVE / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    assert {volume.split(":")[2] for volume in service["volumes"]} == {"ro"}


@pytest.mark.skipif(not shutil.which("docker-compose"), reason="docker-compose is not installed")
def test_compose_accepts_its_file_and_refuses_to_go_without_a_password() -> None:
    command = ["docker-compose", "-f", str(SERVE / "compose.yaml"), "config"]
    made = subprocess.run(command, env={"POSTGRES_PASSWORD": "x", "PATH": "/usr/bin"}, capture_output=True, check=False)
    assert made.returncode == 0, made.stderr
    without = subprocess.run(command, env={"PATH": "/usr/bin"}, capture_output=True, check=False, text=True)
    assert "set POSTGRES_PASSWORD" in without.stderr
