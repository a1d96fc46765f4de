"""Measures bulk pre-coding: rate and memory over a run, in a process tree of its own.

Run: .venv/bin/python benchmarks/bulk.py --rows 1000 10000 100000 --model models/starting
     .venv/bin/python benchmarks/bulk.py --rows 1000000 --model hashing --words 15
"""

import argparse
import csv
import datetime as dt
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from speed import ROOT, sample

RECIPE = """
name = "hashing"
taxonomy = "imaging-working-1"
[data]
files = ["{sample}"]
[embedder]
name = "hashing-128"
"""
COMMAND = [sys.executable, "-c", "from codesuggest.cli import main; main()"]
RESULTS = ROOT / "benchmarks" / "results" / "bulk.jsonl"
CHUNK = 512


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a run stands: rows finished, seconds and CPU seconds since it began, memory of all its processes.

    is_coding  whether the model is loaded.
    """

    is_coding: bool
    rows: int
    seconds: float
    cpu: float
    memory: float


def made_up(n: int, words: int, seed: int = 0) -> Iterator[tuple[str, str]]:
    """`n` ids and narratives of so many words: sentences of the sample's incidents, drawn anew for each."""
    rng = random.Random(seed)  # noqa: S311  a draw, not a secret
    sentences = [part for row in sample() for part in row["text"].split(". ")]
    for number in range(n):
        text: list[str] = []
        while len(text) < words:
            text += rng.choice(sentences).split()
        yield f"W{number}", " ".join(text[:words])


def write_rows(path: Path, n: int, words: int) -> None:
    """A CSV file of made-up rows."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", "site"])
        writer.writerows((id, text, "north") for id, text in made_up(n, words))


def hashing_model(folder: Path) -> Path:
    """A model with the hashing embedder, trained on the sample."""
    recipe = folder / "recipe.toml"
    recipe.write_text(RECIPE.format(sample=ROOT / "annotation" / "sample" / "incidents.jsonl"))
    subprocess.run([*COMMAND, "train", str(recipe), "--out", str(folder / "hashing")], check=True, capture_output=True)
    return folder / "hashing"


def measured(source: Path, out: Path, model: Path, workers: int, n: int) -> list[Moment]:
    """Run bulk on `n` rows, and look at it five times a second: its processes, and the chunks in its work folder."""
    started = time.perf_counter()
    run = subprocess.Popen(
        [*COMMAND, "bulk", str(source), str(out), "--model", str(model), "--workers", str(workers)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    moments, cpu = [], 0.0
    while run.poll() is None:
        time.sleep(0.2)
        work = out.with_name(f".{out.name}.work")
        n_chunks = sum(1 for _ in work.glob("*.chunk"))
        cpu_now, memory = _footprint(run.pid)
        cpu = max(cpu, cpu_now)
        rows = n if out.exists() else min(n_chunks * CHUNK, n)  # a small output is written between two looks
        is_coding = out.exists() or (work / "plan.json").exists()
        moments.append(Moment(is_coding, rows, time.perf_counter() - started, cpu, memory))
    if run.returncode:
        raise SystemExit(f"bulk ended with {run.returncode}")
    return moments


def _footprint(pid: int) -> tuple[float, float]:
    """CPU seconds, and resident gigabytes, of a process and all that it started."""
    cpu = memory = 0.0
    try:
        tree = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0, 0.0
    for process in tree:
        try:
            times = process.cpu_times()
            cpu += times.user + times.system
            memory += process.memory_info().rss / 1e9
        except psutil.NoSuchProcess:
            continue
    return cpu, memory


def figures(moments: list[Moment], n: int) -> dict[str, float]:
    """Rate over the whole run and while coding; rate, CPU cost and memory early in the run and at its end."""
    coding = [moment for moment in moments if moment.is_coding]
    first, last = coding[0], next(m for m in coding if m.rows >= max(m.rows for m in coding))
    early = next((m for m in coding if m.rows >= min(10_000, n // 2)), last)
    late = next((m for m in coding if m.rows >= last.rows - (early.rows - first.rows)), last)

    def cost(one: Moment, other: Moment) -> float:
        return 1000 * (other.cpu - one.cpu) / max(other.rows - one.rows, 1)

    return {
        "rows": n,
        "rate_whole_run": n / moments[-1].seconds,
        "rate_coding": (last.rows - first.rows) / max(last.seconds - first.seconds, 0.5),
        "cpu_ms_a_row_early": cost(first, early),
        "cpu_ms_a_row_late": cost(late, last),
        "gb_early": early.memory,
        "gb_late": last.memory,
        "gb_peak": max(moment.memory for moment in moments),
        "start_seconds": first.seconds,
        "writing_seconds": moments[-1].seconds - last.seconds,
    }


def table(lines: list[dict[str, str | float]]) -> str:
    """Every run measured so far as Markdown, the newest last."""
    columns = list(lines[-1])
    rows = [
        " | ".join(
            f"{line[name]:,}" if isinstance(line.get(name), int) else str(line.get(name, "")) for name in columns
        )
        for line in lines
    ]
    return "\n".join(
        [
            "# Bulk pre-coding",
            "",
            "By `python benchmarks/bulk.py`, a process tree of its own for each run; asked for: 100 narratives a second at 80 words",
            "with all-MiniLM-L6-v2, rate and memory at the end within 10% of those at 10,000 rows, peak under 2.5 GB. `load` is",
            "the machine's load average over 5 minutes: above the number of cores others were at work, and rates by the clock say",
            "little; CPU milliseconds a row say more. Memory counts every process's own resident pages, shared ones once for each.",
            "",
            "`rate_coding` is from when the model is loaded, after `start_seconds`, until the last row is coded; `rate_whole_run` counts all.",
            "",
            f"| {' | '.join(columns)} |",
            f"|{'---|' * len(columns)}",
            *(f"| {row} |" for row in rows),
            "",
        ]
    )


def main() -> None:
    """Measure each size, and add a line for each to results/bulk.jsonl and results/bulk.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--words", type=int, default=80)
    parser.add_argument("--model", default="hashing", help="a model folder, or `hashing`: one made here")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        model = hashing_model(folder) if given.model == "hashing" else Path(given.model)
        for n in given.rows:
            write_rows(folder / "in.csv", n, given.words)
            moments = measured(folder / "in.csv", folder / f"{n}.csv", model, given.workers, n)
            line = {
                "date": str(dt.datetime.now(dt.UTC).date()),
                "cores": os.cpu_count(),
                "load": round(os.getloadavg()[1], 1),
                "model": given.model if given.model == "hashing" else Path(given.model).name,
                "words": given.words,
                "workers": given.workers,
                **{name: round(value, 3) for name, value in figures(moments, n).items()},
            }
            print(json.dumps(line))
            with RESULTS.open("a") as results:
                results.write(json.dumps(line) + "\n")
            (folder / f"{n}.csv").unlink()
            measured_so_far = [json.loads(text) for text in RESULTS.read_text().splitlines()]
            RESULTS.with_suffix(".md").write_text(table(measured_so_far), encoding="utf-8")


if __name__ == "__main__":
    main()
