"""Bulk as a person meets it: killed at random moments, interrupted, read from the README; in processes of its own."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from codesuggest.bulk import BulkJob, run_bulk

pytestmark = pytest.mark.slow
N_ROWS = 1_100
"""Three chunks: to be stopped before the first is finished, and between them."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Path:
    """What a run that nobody stopped gives."""
    folder = tmp_path_factory.mktemp("whole")
    run_bulk(BulkJob(write_source(folder), folder / "out.csv", model_dir, workers=1))
    return folder / "out.csv"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_source(tmp_path)


@pytest.fixture
def start(model_dir: Path) -> Callable[..., subprocess.Popen[str]]:
    def _start(source: Path, out: Path, workers: int = 2) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", "from codesuggest.cli import main; main()", "bulk", str(source), str(out)]
        return subprocess.Popen(
            [*command, "--model", str(model_dir), "--workers", str(workers)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return _start


def write_source(folder: Path) -> Path:
    rows = [f'{n},"CT head done on the wrong patient, wristband not checked, bay {n % 97}"' for n in range(N_ROWS)]
    path = folder / "in.csv"
    path.write_text("\n".join(["id,text", *rows]) + "\n")
    return path


def wait_for(count: int, out: Path, run: subprocess.Popen[str]) -> None:
    """Until so many chunks are finished, or the run is."""
    while run.poll() is None and sum(1 for _ in out.with_name(f".{out.name}.work").glob("*.chunk")) < count:
        time.sleep(0.05)


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT])
def test_stopped_again_and_again_it_ends_with_the_same_bytes(
    stop: signal.Signals, source: Path, whole: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    out = source.with_name("out.csv")
    draw = random.Random(stop)  # noqa: S311  a moment, not a secret
    for target in (0, 1):
        run = start(source, out)
        wait_for(target, out, run)
        time.sleep(draw.random())
        os.kill(run.pid, stop)
        run.communicate()
        if out.exists():
            break
    final = start(source, out)
    _, problem = final.communicate()
    assert final.returncode == 0 or "exists already" in problem
    assert out.read_bytes() == whole.read_bytes()
    assert not out.with_name(".out.csv.work").exists()


def test_a_killed_run_leaves_no_process_behind(source: Path, start: Callable[..., subprocess.Popen[str]]) -> None:
    import psutil

    out = source.with_name("out.csv")
    run = start(source, out)
    wait_for(1, out, run)
    workers = psutil.Process(run.pid).children(recursive=True)
    assert len(workers) >= 2
    os.kill(run.pid, signal.SIGKILL)
    run.communicate()
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert alive == []
