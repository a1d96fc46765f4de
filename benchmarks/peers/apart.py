"""Peers that need a Python environment of their own: a job folder goes out, scores come back."""

import json
import math
import os
import resource
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from codesuggest.domain import Truth

from .incidents import Cell, Incidents
from .outcome import Outcome

_LONGEST_ERROR = 200
QUIET = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "PYTHONWARNINGS": "ignore"}


@dataclass(frozen=True)
class Apart:
    """Peers that one script runs.

    python   of the environment; None: these peers are left out.
    sizes    training sizes it is run at; empty: all.
    limit_s  CPU seconds, of all threads, after which a cell counts as not finished: what else the machine does
             meanwhile does not matter.
    """

    script: str
    peers: tuple[str, ...]
    python: Path | None
    limit_s: float
    sizes: tuple[str, ...] = ()

    def runs(self, cell: Cell) -> bool:
        """Whether it is to be run on a cell at all."""
        return (
            self.python is not None
            and bool(cell.train.texts)
            and cell.sample.size in (self.sizes or (cell.sample.size,))
        )

    def outcomes(self, cell: Cell) -> dict[str, Outcome]:
        """Every peer's outcome, with a note instead of scores where it did not finish or failed."""
        with tempfile.TemporaryDirectory() as work:
            job = Path(work)
            (job / "job.json").write_text(json.dumps({"codes": cell.codes, "exclusive": cell.exclusive}), "utf-8")
            _write(job / "train.jsonl", cell.train, cell.given)
            _write(job / "test.jsonl", cell.test, np.zeros_like(cell.right))
            note = self._run(job)
            return {peer: _outcome(job / f"{peer}.npz", note) for peer in self.peers}

    def _run(self, job: Path) -> str:
        """Why there may be no scores; empty if the script ended well."""
        command = [str(self.python), str(Path(__file__).parent / self.script), str(job)]
        with subprocess.Popen(
            command, env=os.environ | QUIET, cwd=job, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as running:
            resource.prlimit(running.pid, resource.RLIMIT_CPU, (math.ceil(self.limit_s), resource.RLIM_INFINITY))
            said = running.communicate()[1].decode(errors="replace")
        if not running.returncode:
            return ""
        if running.returncode == -signal.SIGXCPU:
            return f"did not finish in {self.limit_s / 60:.0f} minutes of CPU"
        sys.stderr.write(said)
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        return f"failed with exit code {running.returncode}{_last_error(lines)}"


def _last_error(lines: list[str]) -> str:
    """What a traceback ended with, short and without a folder of this machine; nothing if the script said nothing."""
    if not lines:
        return ""
    words = (Path(word.strip("()'")).name if "/" in word else word for word in lines[-1].split())
    return f": {' '.join(words)[:_LONGEST_ERROR]}"


def _write(path: Path, incidents: Incidents, given: Truth) -> None:
    with path.open("w", encoding="utf-8") as file:
        for text, row in zip(incidents.texts, given, strict=True):
            file.write(json.dumps({"text": text, "codes": np.flatnonzero(row).tolist()}) + "\n")


def _outcome(path: Path, note: str) -> Outcome:
    if not path.exists():
        return Outcome(np.zeros((0, 0)), note=note or "left no scores")
    with np.load(path) as made:
        return Outcome(made["scores"].astype(np.float64), float(made["seconds"]))
