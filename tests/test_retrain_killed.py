"""A retraining that is killed at any point leaves the champion as it was, and the next one finishes."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from codesuggest.embed import HashingEmbedder
from codesuggest.redact import Redactor
from codesuggest.registry import Model, load_model
from codesuggest.suggest import Suggester
from codesuggest.tracking import Tracking, local_url
from codesuggest.train import load_recipe, train
from retraining import Ward

pytestmark = pytest.mark.slow

KILLED = """
import os, re, signal, sys
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
import mlflow.pyfunc, pandas, skops.io
import codesuggest.retrain.recording
from sqlalchemy import event
from sqlalchemy.engine import Engine
from codesuggest.cli import main

def retrain_until(wanted, times):
    def look(what):
        nonlocal times
        if re.search(wanted, what):
            times -= 1
            if not times:
                os.killpg(0, signal.SIGKILL)

    def before_the_file(name, given):
        if name in ("open", "os.rename"):
            look(f"{name} {given[name == 'os.rename']}")

    os.setpgid(0, 0)
    event.listen(Engine, "before_cursor_execute", lambda _, cursor, statement, *more: look(statement))
    sys.addaudithook(before_the_file)
    main()

for line in sys.stdin:
    times, _, wanted = line.strip().partition(" ")
    child = os.fork()
    if not child:
        retrain_until(wanted, int(times))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""The command line, run once for each line of input in a process of its own. That one kills its process group before it
does for the n-th time what the line names: opens a file, renames to a name, or sends MLflow's database a statement."""

MOMENTS = {
    "with the lock in hand": ("open {models}/.lock", 1),
    "half-way in setting up MLflow": ("UPDATE alembic_version", 20),
    "writing the snapshot": ("/texts.jsonl", 1),
    "keeping the vectors": ("os.rename {models}/vectors", 1),
    "writing the model": ("chain.skops", 1),
    "renaming the model": ("os.rename {models}/ward-", 1),
    "writing the decision": ("os.rename {models}/decisions/ward-", 1),
    "logging figures": ("INSERT INTO metrics", 1),
    "copying the model into MLflow": ("open {models}/tracking/.*chain.skops", 1),
    "registering the model": ("INSERT INTO model_versions", 1),
    "keeping the run": ("os.rename {models}/decisions/ward-", 2),
    "recording the promotion": ("decisions/changes.jsonl", 1),
    "promoting": ("os.rename {models}/in-use", 1),
    "aliasing the champion": ("INSERT INTO registered_model_aliases", 1),
}
"""What a retraining is killed before, in the order of its work."""

TEXT = "Pt attended CT, wristband not checked, wrong patient scanned."


@pytest.fixture(scope="module")
def weak(tmp_path_factory: pytest.TempPathFactory, small_folder: Path) -> Model:
    """A champion that knows fifteen incidents, and is soon beaten."""
    folder = tmp_path_factory.mktemp("weak")
    lines = (small_folder / "incidents.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "incidents.jsonl").write_text("".join(lines[:15]), encoding="utf-8")
    (folder / "recipe.toml").write_text((small_folder / "recipe.toml").read_text())
    return train(load_recipe(folder / "recipe.toml")).model


@pytest.fixture
def ward(weak: Model, tmp_path: Path, sqlite_template: Path) -> Ward:
    return Ward.made(tmp_path, weak, sqlite_template)


def begun(ward: Ward, **more: str) -> subprocess.Popen[str]:
    return ward.start("retrain", "recipe.toml", "--promote", **more)


class Killed:
    """Retrainings of a ward that are killed, one after another."""

    def __init__(self, ward: Ward) -> None:
        self.ward = ward
        self.process = ward.start("retrain", "recipe.toml", "--promote", program=KILLED)

    def before(self, moment: str) -> None:
        """One that dies before this moment, and of nothing else."""
        what, times = MOMENTS[moment]
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{times} {what.format(models=self.ward.shelf.folder)}\n")
        self.process.stdin.flush()
        if int(self.process.stdout.readline() or 1) != -signal.SIGKILL:
            pytest.fail(f"{moment}: {self.process.communicate()[1]}")


@pytest.fixture
def killed(ward: Ward) -> Iterator[Killed]:
    killed = Killed(ward)
    yield killed
    killed.process.communicate(timeout=60)


def assert_what_is_there_is_whole(ward: Ward, redactor: Redactor) -> None:
    """Whatever is taken for a model loads and answers; decisions, changes and reports can be read."""
    manifests = ward.shelf.manifests()
    assert ward.shelf.in_use in {manifest.name for manifest in manifests}
    for manifest in manifests:
        model = load_model(ward.shelf.folder / manifest.name)
        (answer,) = Suggester(model, HashingEmbedder(64), redactor).suggest([TEXT])
        assert set(answer.axes) == set(model.rankers)
        ward.shelf.decision(manifest.name)
    ward.shelf.changes()
    ward.shelf.reported()


def test_killed_before_any_step_the_champion_serves_on_and_the_next_retraining_finishes(
    ward: Ward, killed: Killed, redactor: Redactor
) -> None:
    before = ward.in_use()
    for moment in MOMENTS:
        killed.before(moment)
        if moment != "aliasing the champion":
            assert ward.in_use() == before, moment
        assert_what_is_there_is_whole(ward, redactor)
    champion = ward.in_use()
    assert champion[0].startswith("ward-")
    assert ward.shelf.changes()[-1].model == champion[0]
    code, output, problem = ward.run("retrain", "recipe.toml")
    assert code == 0, problem
    assert "the model in use, ward-" in output
    assert ward.in_use() == champion
    assert_what_is_there_is_whole(ward, redactor)
    decision = ward.shelf.decision(champion[0]) or {}
    aliases = Tracking(local_url(ward.shelf.folder)).versions_of_aliases()
    assert aliases["champion"] == decision["version"], "what a kill kept from MLflow is told later"


@pytest.mark.parametrize("after_s", [0.2, 1.5])
def test_killed_in_training_with_all_its_workers(ward: Ward, redactor: Redactor, after_s: float) -> None:
    before = ward.in_use()
    process = begun(ward, CODESUGGEST_THREADS="2")
    assert process.stderr is not None
    while not process.stderr.readline().startswith("Training ward"):
        assert process.poll() is None
    time.sleep(after_s)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert ward.in_use() == before
    assert_what_is_there_is_whole(ward, redactor)
    code, _, problem = ward.run("retrain", "recipe.toml", "--promote")
    assert code == 0, problem
    assert ward.in_use()[0].startswith("ward-")


def test_what_a_killed_retraining_left_half_written_goes_with_the_next(ward: Ward, killed: Killed) -> None:
    for moment in ("writing the snapshot", "writing the model"):
        killed.before(moment)
    assert len(half_written(ward)) == 2
    for folder in half_written(ward):
        os.utime(folder, (0, 0))
    assert ward.run("erase", "--before", "2001-01-01", "--yes")[0] == 0
    assert not half_written(ward)


def half_written(ward: Ward) -> list[Path]:
    return [path for path in ward.shelf.folder.rglob(".*") if path.is_dir()]
