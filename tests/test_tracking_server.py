"""Retraining with a real `mlflow server` process on this machine, and with one that does not answer."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from codesuggest.registry import Model
from codesuggest.suggest import Suggester
from codesuggest.tracking import Tracking
from retraining import Ward

pytestmark = pytest.mark.slow
WATCHED = """
import json, socket, sys
from codesuggest.cli import main
met, connect = set(), socket.socket.connect
def noted(self, address):
    if self.family != socket.AF_UNIX:
        met.add(str(address[0]) + ":" + str(address[1]))
    return connect(self, address)
socket.socket.connect = noted
try:
    main()
finally:
    from mlflow.telemetry.client import get_telemetry_client
    print(json.dumps({"met": sorted(met), "telemetry": get_telemetry_client() is not None}))
"""
"""The command line, which says at the end whom it has spoken to."""
SILENCING = ("CI", "MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK", "PYTEST_CURRENT_TEST", "PYTEST_VERSION")
"""Variables by which MLflow would keep silent of itself."""

TEXT = "Pt attended CT, wristband not checked, wrong patient scanned."


@contextmanager
def running_server(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A tracking server with a SQLite file and an artefact folder; its address and its process, killed at the end."""
    folder.mkdir()
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/server.db", "--artifacts-destination", f"{folder}/kept"]
    with (folder / "log").open("wb") as log:
        environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}/health", server, folder / "log")
        yield f"http://127.0.0.1:{port}", server
    finally:
        kill(server)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_until_healthy(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert server.poll() is None, log.read_text()
        try:
            with urlopen(address, timeout=5) as answer:  # noqa: S310  our own server
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"The server did not start: {log.read_text()}")


def kill(server: subprocess.Popen[bytes]) -> None:
    """The server and its workers, which are a process group of their own."""
    if server.poll() is None:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


@pytest.fixture
def ward(tmp_path: Path, small_model: Model, sqlite_template: Path) -> Ward:
    return Ward.made(tmp_path, small_model, sqlite_template)


def test_a_retraining_goes_to_a_server_by_its_address_and_to_nobody_else(ward: Ward, tmp_path: Path) -> None:
    with running_server(tmp_path / "server") as (address, _):
        unsaid: dict[str, str | None] = dict.fromkeys(SILENCING)
        code, output, problem = ward.run(
            "retrain", "recipe.toml", program=WATCHED, CODESUGGEST_TRACKING_URL=address, **unsaid
        )
        assert code == 0, problem
        assert json.loads(output.splitlines()[-1]) == {"met": [address.removeprefix("http://")], "telemetry": False}
        (name,) = {path.parent.name for path in ward.shelf.folder.glob("ward-*/manifest.json")}
        assert_kept(address, ward, name)
        assert_answers_as_the_folder(address, ward.shelf.folder / name)
        forced = ("models", "promote", name, "--force", "--by", "lead", "--reason", "a trial")
        assert ward.run(*forced, CODESUGGEST_TRACKING_URL=address)[0] == 0
        assert Tracking(address).versions_of_aliases() == {"challenger": "1", "champion": "1"}
        assert not (ward.shelf.folder / "tracking").exists()
        kept = {path.name for path in (tmp_path / "server" / "kept").rglob("*")}
        assert {"decision.json", "card.md", "manifest.json"} <= kept


def assert_kept(address: str, ward: Ward, name: str) -> None:
    """The version that the registry holds is the run that the decision names, with its data and figures."""
    import mlflow

    decision = ward.shelf.decision(name)
    assert decision is not None
    client = mlflow.MlflowClient(address, address)
    version = client.get_model_version_by_alias("codesuggest", "challenger")
    assert (version.version, version.run_id, version.tags["name"]) == ("1", decision["run"], name)
    run = client.get_run(decision["run"])
    assert run.info.status == "FINISHED"
    assert run.data.tags["snapshot"] == decision["snapshot"]
    assert run.data.params["labels.accepted"] == "0.25"
    finding = next(one for one in decision["findings"] if one["about"] == "axis severity")
    assert run.data.metrics["gate/axis_severity/challenger"] == pytest.approx(finding["challenger"])


def assert_answers_as_the_folder(address: str, folder: Path) -> None:
    """The model as MLflow loads it, beside the folder that it came from."""
    with warnings.catch_warnings(action="ignore"):  # MLflow's of itself
        import mlflow.pyfunc
    import pandas as pd

    mlflow.set_tracking_uri(address)
    mlflow.set_registry_uri(address)
    served = mlflow.pyfunc.load_model("models:/codesuggest@challenger")
    (line,) = served.predict(pd.DataFrame({"narrative": [TEXT]}))
    (expected,) = Suggester.load(folder).suggest([TEXT])
    answer = json.loads(line)
    assert answer["model"] == folder.name
    for axis, ranked in expected.axes.items():
        assert [(one["code"], one["score"]) for one in answer["axes"][axis]] == [(s.code, s.score) for s in ranked]


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of what accepts a connection and never says a word."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        yield f"http://127.0.0.1:{one.getsockname()[1]}"


@pytest.mark.parametrize("kind", ["nobody there", "silent"])
def test_a_server_that_does_not_answer_stops_a_retraining_before_it_begins(ward: Ward, kind: str, silent: str) -> None:
    address = silent if kind == "silent" else f"http://127.0.0.1:{free_port()}"
    before = ward.in_use()
    quick = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": "2"}
    code, output, problem = ward.run("retrain", "recipe.toml", CODESUGGEST_TRACKING_URL=address, **quick)
    assert (code, output) == (1, "")
    assert re.search(rf"^Error: MLflow at {address} did not do as asked.*CODESUGGEST_TRACKING_URL", problem, re.M)
    assert "Traceback" not in problem
    assert ward.in_use() == before
    assert {path.name for path in ward.shelf.folder.glob("[!.]*")} == {"in-use", "small"}


def test_a_server_that_dies_meanwhile_leaves_the_champion_and_the_challenger_can_still_be_compared(
    ward: Ward, tmp_path: Path
) -> None:
    before = ward.in_use()
    with running_server(tmp_path / "server") as (address, server):
        run = ward.start(
            *("retrain", "recipe.toml", "--promote"),
            CODESUGGEST_TRACKING_URL=address,
            MLFLOW_HTTP_REQUEST_MAX_RETRIES="0",
        )
        assert run.stderr is not None
        while not run.stderr.readline().startswith("Training ward"):
            assert run.poll() is None
        kill(server)
        _, problem = run.communicate(timeout=300)
    assert run.returncode == 1
    assert re.search(rf"^Error: MLflow at {address} did not do as asked.*CODESUGGEST_TRACKING_URL", problem, re.M)
    assert ward.in_use() == before
    (name,) = (path.parent.name for path in ward.shelf.folder.glob("ward-*/manifest.json"))
    code, output, problem = ward.run("models", "compare", name, "--keep")
    assert code == 0, problem
    assert "axis severity" in output
