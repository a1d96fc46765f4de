"""Measures bulk pre-coding beside others on the same rows: Spark, Presidio's batch analyzer alone, Annif's suggestions.

Run: .venv/bin/python benchmarks/bulk_beside.py [--rows 10000] [--annif-python annif/bin/python]   (ten minutes)

Ours redacts, suggests codes on every axis with all-MiniLM-L6-v2, and writes; Presidio finds personal data and does nothing
else; Annif suggests on every axis from plain text. Seconds are by the clock, from nothing to the result.
"""

import argparse
import datetime as dt
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from bulk import COMMAND, made_up
from presidio_analyzer import BatchAnalyzerEngine
from speed import ROOT, sample, stock_presidio

from codesuggest.taxonomy import load_taxonomy

RESULTS = ROOT / "benchmarks" / "results" / "bulk-beside.md"
N_FILES = 8
SPARK_WANTED = 1.3


@dataclass(frozen=True, slots=True)
class Work:
    """The same rows in the shapes that each takes; `folder` is for whatever is made of them."""

    folder: Path
    texts: list[str]
    model: Path
    workers: int


def rows_in_files(folder: Path, n: int, words: int) -> list[str]:
    """Made-up rows as a folder of Parquet files, so that every engine can share them out; gives the texts."""
    rows = list(made_up(n, words))
    (folder / "in").mkdir()
    for number in range(N_FILES):
        part = [{"id": id, "text": text, "site": "north"} for id, text in rows[number::N_FILES]]
        pq.write_table(pa.Table.from_pylist(part), folder / "in" / f"part-{number}.parquet")
    return [text for _, text in rows]


def timed(run: Callable[[], object]) -> float:
    """Seconds by the clock."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def bulk(work: Work, engine: str) -> None:
    """One whole run of the command."""
    command = [*COMMAND, "bulk", str(work.folder / "in"), str(work.folder / engine), "--engine", engine]
    options = ["--model", str(work.model), "--workers", str(work.workers)]
    subprocess.run([*command, *options], check=True, capture_output=True)


def presidio(work: Work) -> None:
    """Presidio's stock recognisers over all texts, in batches and in as many processes."""
    analyzer = BatchAnalyzerEngine(stock_presidio())
    analyzer.analyze_iterator(work.texts, "en", batch_size=64, n_process=work.workers)


def annif(work: Work, python: Path) -> dict[str, float]:
    """Annif's ensemble on every axis, trained on the sample: seconds of training, and of suggesting for all texts."""
    taxonomy = load_taxonomy("imaging-working-1")
    train = [{"text": row["text"], "codes": row["codes"]} for row in sample()]
    job = {"axes": {axis.key: list(taxonomy.assignable[axis.key]) for axis in taxonomy.axes}, "workers": work.workers}
    for name, content in (("job.json", job), ("train.json", train), ("texts.json", work.texts)):
        (work.folder / name).write_text(json.dumps(content), encoding="utf-8")
    script = ROOT / "benchmarks" / "peers" / "annif_bulk.py"
    done = subprocess.run([python, script, work.folder], check=True, capture_output=True, text=True)
    seconds: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return seconds


def table(work: Work, words: int, seconds: dict[str, float]) -> str:
    """The results as Markdown."""
    n, ours = len(work.texts), seconds["codesuggest, this machine"]
    rows = [
        f"| {name} | {spent:.0f} | {n / spent:.0f} | {spent / ours:.2f} | {'at most ' + str(SPARK_WANTED) if 'Spark' in name else ''} |"
        for name, spent in seconds.items()
    ]
    head = (
        f"Measured {dt.datetime.now(dt.UTC).date()} by `python benchmarks/bulk_beside.py --rows {n}`: {n:,} made-up narratives of "
        f"{words} words, {work.workers} workers on {os.cpu_count()} cores, model {work.model.name}; load average over 5 minutes at the "
        f"end {os.getloadavg()[1]:.1f}. Once each, from nothing to the result."
    )
    notes = (
        "Only ours redacts; Annif gets the text as it is, and its training is not counted. Presidio finds personal data with its stock "
        "recognisers around our spaCy pipeline, and replaces nothing."
    )
    columns = "| what | seconds | narratives a second | time, ours = 1 | wanted |\n|---|---|---|---|---|"
    return "\n".join(["# Bulk beside others", "", head, "", columns, *rows, "", notes, ""])


def main() -> None:
    """Measure each, and write results/bulk-beside.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--words", type=int, default=80)
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "starting")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--annif-python", type=Path, help="Python of an environment with annif[omikuji]")
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        work = Work(folder, rows_in_files(folder, given.rows, given.words), given.model, given.workers)
        seconds = {
            "codesuggest, this machine": timed(lambda: bulk(work, "local")),
            "codesuggest on Spark, local mode": timed(lambda: bulk(work, "spark")),
            "Presidio's batch analyzer alone": timed(lambda: presidio(work)),
        }
        if given.annif_python:
            seconds["Annif's suggestions, six axes"] = annif(work, given.annif_python)["suggest"]
    text = table(work, given.words, seconds)
    print(text)
    given.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
