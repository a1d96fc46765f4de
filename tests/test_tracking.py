"""MLflow: a run and its model go in whole, come out working, pickle nothing, and hold nothing of a narrative."""

import json
import os
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from codesuggest.errors import SettingsError, TrackingError
from codesuggest.registry import Model
from codesuggest.tracking import Logged, RunRecord, Tracking, local_url

EXAMPLE = "Made-up: the wrong knee was scanned."


def record(folder: Path, name: str = "small-1") -> RunRecord:
    return RunRecord(
        name=name,
        parameters={"seed": 3, "ranker.n_folds": 2},
        metrics={"severity/hit_at_1": 0.61, "severity/hit_at_1_low": 0.5},
        texts={"decision.json": '{"is_promotable": false}', "figures/curve.svg": "<svg/>"},
        tags={"snapshot": "abc", "taxonomy": "imaging-working-1"},
        model=folder,
        example=EXAMPLE,
        requirements=["numpy"],
    )


@pytest.fixture(scope="module")
def kept(model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Tracking, Logged]:
    """A local store with one run in it."""
    models = tmp_path_factory.mktemp("kept")
    tracking = Tracking(local_url(models))
    return models, tracking, tracking.log(record(model_dir))


def test_a_run_keeps_its_parameters_metrics_documents_and_tags(kept: tuple[Path, Tracking, Logged]) -> None:
    import mlflow

    models, _, logged = kept
    client = mlflow.MlflowClient(local_url(models))
    run = client.get_run(logged.run)
    assert run.info.status == "FINISHED"
    assert (run.data.params["seed"], run.data.metrics["severity/hit_at_1"]) == ("3", 0.61)
    assert run.data.tags["snapshot"] == "abc"
    (decision,) = models.glob(f"tracking/artifacts/{logged.run}/artifacts/decision.json")
    assert json.loads(decision.read_text()) == {"is_promotable": False}


@pytest.mark.slow
def test_the_registered_model_answers_as_the_folder_does(
    kept: tuple[Path, Tracking, Logged], model_dir: Path, small_model: Model
) -> None:
    import mlflow
    import pandas as pd

    text = "Pt attended CT, wristband not checked, wrong patient scanned."
    served = mlflow.pyfunc.load_model("models:/codesuggest@challenger")
    (line,) = served.predict(pd.DataFrame({"narrative": [text]}))
    from codesuggest.suggest import Suggester

    (expected,) = Suggester.load(model_dir).suggest([text])
    answer = json.loads(line)
    assert answer["model"] == small_model.manifest.name
    found = {axis: [one["code"] for one in ranked] for axis, ranked in answer["axes"].items()}
    assert found == {axis: [one.code for one in ranked] for axis, ranked in expected.axes.items()}
    assert [column.name for column in served.metadata.get_input_schema().inputs] == ["narrative"]


def test_nothing_that_mlflow_keeps_is_a_pickle(kept: tuple[Path, Tracking, Logged]) -> None:
    models, _, _ = kept
    files = [path for path in models.rglob("*") if path.is_file()]
    names = {path.name for path in files}
    assert {"served.py", "MLmodel", "manifest.json", "features.skops", "requirements.txt"} <= names
    assert not [name for name in names if name.endswith((".pkl", ".pickle", ".joblib", ".cloudpickle"))]
    for path in files:
        assert path.read_bytes()[:2] not in {b"\x80" + bytes([protocol]) for protocol in range(2, 6)}, path.name
        if path.suffix == ".skops":
            assert not [name for name in zipfile.ZipFile(path).namelist() if name.endswith((".pkl", ".pickle"))]


def test_an_alias_moves_from_version_to_version(kept: tuple[Path, Tracking, Logged], model_dir: Path) -> None:
    models, tracking, logged = kept
    assert tracking.versions_of_aliases() == {"challenger": logged.version}
    tracking.alias("champion", logged.version)
    second = tracking.log(record(model_dir, "small-2")).version
    assert tracking.versions_of_aliases() == {"champion": logged.version, "challenger": second}
    tracking.alias("champion", second)
    tracking.note(second, decision="promotable")
    assert Tracking(local_url(models)).versions_of_aliases()["champion"] == second


@pytest.mark.parametrize(
    ("url", "error", "message"),
    [
        ("http://127.0.0.1:9", TrackingError, r"http://127.0.0.1:9 did not do as asked.*CODESUGGEST_TRACKING_URL"),
        ("http://me:secret@127.0.0.1:9", TrackingError, r"MLflow at http://127.0.0.1:9 did"),
        ("sqlite:////dev/null/none/mlflow.db", TrackingError, "cannot be written to"),
        ("sqlite:////proc/mlflow.db", TrackingError, "cannot be written to"),
        ("mysql://host/db", SettingsError, "expected sqlite:///FILE"),
    ],
)
def test_a_store_that_does_not_answer_is_said_to_be_with_the_setting(
    url: str, error: type[Exception], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(error, match=message) as found:
        Tracking(url)
    assert "secret" not in str(found.value)


def test_where_mlflow_is_missing_the_error_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda *_: None)
    with pytest.raises(TrackingError, match=r"pip install 'codesuggest\[learn\]'"):
        Tracking("sqlite:///x.db")


SILENT = """
import os, socket, sys
met = []
def refuse(self, address):
    met.append(address)
    raise OSError("no network")
socket.socket.connect = refuse
socket.getaddrinfo = lambda *a, **k: met.append(a) or (_ for _ in ()).throw(OSError("no network"))
from pathlib import Path
from codesuggest.tracking import Tracking, local_url
Tracking(local_url(Path(sys.argv[1]))).versions_of_aliases()
from mlflow.telemetry.client import get_telemetry_client
import time; time.sleep(1)
print(met, get_telemetry_client())
"""


@pytest.mark.slow
def test_nothing_is_sent_to_anybody(tmp_path: Path) -> None:
    """Without `CI`, which silences MLflow by itself, and without the variables that a careful operator sets."""
    silencing = ("CI", "MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK", "PYTEST_CURRENT_TEST", "PYTEST_VERSION")
    environment = {key: value for key, value in os.environ.items() if key not in silencing}
    program = [sys.executable, "-c", SILENT, str(tmp_path)]
    result = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)
    assert result.stdout.strip().endswith("[] None"), result.stdout + result.stderr
    assert socket.socket.connect.__name__ == "connect"
