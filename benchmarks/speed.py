"""Measures what the product costs: start-up, one suggestion, training, redaction, memory.

Run: .venv/bin/python benchmarks/speed.py   (after `make suggest`; about ten minutes)
"""

import datetime as dt
import json
import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import SpacyNlpEngine
from threadpoolctl import threadpool_limits

from codesuggest.domain import Narrative, RedactedText
from codesuggest.embed import CachingEmbedder, make_embedder
from codesuggest.redact import Redactor
from codesuggest.redact.engine import LocalNlpEngine
from codesuggest.suggest import Suggester
from codesuggest.train import load_recipe, train

ROOT = Path(__file__).parents[1]
WORDS = 80


def sample() -> list[dict[str, Any]]:
    """The incidents of the sample."""
    lines = (ROOT / "annotation" / "sample" / "incidents.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def made_up(n: int, seed: int = 0) -> list[dict[str, Any]]:
    """`n` different coded texts of 80 words: what an incident of the sample says, in another order, then part of another."""
    rng = random.Random(seed)  # noqa: S311  a draw, not a secret
    incidents = sample()
    made = []
    for number in range(n):
        first, second = incidents[number % len(incidents)], rng.choice(incidents)
        sentences = first["text"].split(". ")
        rng.shuffle(sentences)
        words = f"{'. '.join(sentences)} {second['text']} {first['text']}".split()[:WORDS]
        made.append({"id": str(number), "text": " ".join(words), "codes": first["codes"]})
    return made


def texts_of(n: int) -> list[str]:
    """The texts alone."""
    return [row["text"] for row in made_up(n)]


def cpu_of(*arguments: str) -> float:
    """CPU seconds of one run of the command line."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-c", "from codesuggest.cli import main; main()", *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def percentiles(run: Callable[[str], object], texts: list[str]) -> tuple[float, float]:
    """Median and 95th percentile of the time of one call, in milliseconds."""
    times = []
    for text in texts:
        started = time.perf_counter()
        run(text)
        times.append(1000 * (time.perf_counter() - started))
    return float(np.percentile(times, 50)), float(np.percentile(times, 95))


def bulk_rate(run: Callable[[list[Narrative]], object], texts: list[str]) -> float:
    """Narratives a CPU second."""
    narratives = [Narrative(str(number), text) for number, text in enumerate(texts)]
    started = time.process_time()
    run(narratives)
    return len(texts) / (time.process_time() - started)


def training_seconds(n: int) -> tuple[float, float]:
    """Seconds to train six axes on `n` narratives, redaction and embedding included; and with embeddings at hand."""
    rows = made_up(n)
    embedder = CachingEmbedder(make_embedder("minilm"))
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        recipe = Path(scratch) / "recipe.toml"
        recipe.write_text('name = "speed"\ntaxonomy = "imaging-working-1"\n[data]\nfiles = ["rows.jsonl"]\n')
        seconds = []
        for redacted in (False, True):
            read = load_recipe(recipe)
            if redacted:
                embedder.embed([RedactedText(row["text"]) for row in rows])
            read = read.model_copy(update={"data": read.data.model_copy(update={"redacted": redacted})})
            started = time.perf_counter()
            train(read, embedder=embedder)
            seconds.append(time.perf_counter() - started)
    return seconds[0], seconds[1]


def on_one_core() -> None:
    """Hold this process to one core, torch's and the linear algebra's threads included."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    torch.set_num_threads(1)


def stock_presidio() -> AnalyzerEngine:
    """Presidio as it comes, around a spaCy pipeline that is here: ours."""
    engine = SpacyNlpEngine([{"lang_code": "en", "model_name": str(ROOT / "models" / "redaction" / "model")}])
    engine.nlp = LocalNlpEngine(ROOT / "models" / "redaction" / "model").nlp  # with the tokens that it was trained on
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(nlp_engine=engine)
    return AnalyzerEngine(registry=registry, nlp_engine=engine)


Row = tuple[str, str, str]
"""What was measured, the measurement, and what is wanted of it."""


def main() -> None:
    """Measure everything, and write results/speed.md."""
    texts = texts_of(300)
    rows = [start_up(), *suggesting(texts), *redacting(texts), *training()]
    text = [
        "# Speed",
        "",
        f"Measured {dt.datetime.now(dt.UTC).date()} by `python benchmarks/speed.py`: {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}, narratives of {WORDS} words.",
        "",
        "| what | measured | wanted |",
        "|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    (ROOT / "benchmarks" / "results" / "speed.md").write_text("\n".join(text) + "\n", encoding="utf-8")


def start_up() -> Row:
    """The command line's own start."""
    return "`codesuggest --help`, CPU", f"{np.median([cpu_of('--help') for _ in range(5)]):.2f} s", "under 0.4 s"


def suggesting(texts: list[str]) -> list[Row]:
    """One suggestion at a time, plain and with all that the page shows, and the memory that it takes."""
    suggester = Suggester.load(ROOT / "models" / "starting")
    suggester.suggest(texts[:5])
    plain = percentiles(lambda text: suggester.suggest([text]), texts)
    every_core = os.sched_getaffinity(0)
    on_one_core()
    reasoned = percentiles(lambda text: suggester.suggest([text], reasons=True), texts)
    os.sched_setaffinity(0, every_core)
    torch.set_num_threads(len(every_core))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return [
        ("one suggestion, six axes, redaction included", milliseconds(plain), "p95 under 150 ms"),
        (
            "the same with reasons, similar incidents and shortlists, on one core",
            milliseconds(reasoned),
            "p95 under 120 ms",
        ),
        ("memory of a process that suggests", f"{memory:.2f} GB", "under 1.2 GB"),
    ]


def redacting(texts: list[str]) -> list[Row]:
    """One narrative and many, beside Presidio's own recognisers, each with one thread."""
    redactor, stock = Redactor(), stock_presidio()
    with threadpool_limits(1):
        one = percentiles(lambda text: redactor.redact(Narrative("1", text)), texts)
        ours = bulk_rate(lambda narratives: list(redactor.redact_all(narratives)), texts)
        theirs = bulk_rate(lambda narratives: [stock.analyze(n.text, language="en") for n in narratives], texts)
    return [
        ("redacting one narrative, on one core", milliseconds(one, digits=1), "p95 under 10 ms"),
        ("redacting in bulk, on one core, a CPU second", f"{ours:.0f} narratives", "250 narratives"),
        (
            "Presidio's stock recognisers on the same pipeline",
            f"{theirs:.0f} narratives; ours {ours / theirs:.1f} times",
            "",
        ),
    ]


def training() -> list[Row]:
    """Six axes from raw text, and from what is kept."""
    raw, at_hand = training_seconds(5000)
    return [
        ("training six axes on 5,000 narratives, from raw text", f"{raw:.0f} s", "under 180 s"),
        ("the same, redacted and with embeddings at hand", f"{at_hand:.0f} s", ""),
    ]


def milliseconds(measured: tuple[float, float], digits: int = 0) -> str:
    """Median and 95th percentile, as the table shows them."""
    return f"p50 {measured[0]:.{digits}f} ms, p95 {measured[1]:.{digits}f} ms"


if __name__ == "__main__":
    main()
