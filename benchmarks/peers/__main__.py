"""Trains what is missing, and writes results/peers.md, peers.csv and peers.svg. See ../README.md.

Run: python -m benchmarks.peers --data FOLDER --out FOLDER [--sizes 100,500] [--draws 1] [--again codesuggest]
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from .apart import Apart
from .compare import OURS, Compared, compare
from .incidents import SETS, Cell, Sample, cells, make_sample, read_texts
from .linear import HERE, LEXICAL, Lexical
from .ours import train_and_score
from .outcome import Outcome, Store
from .report import write_report
from .vectors import StoredEmbedder, embeddings

FOLDER = Path(__file__).parent.parent
APART = {
    "in_annif.py": ("annif_tfidf", "annif_svc", "annif_omikuji", "annif_ensemble"),
    "in_setfit.py": ("setfit",),
}
SETFIT_SIZES = ("100",)


def main(arguments: Sequence[str]) -> None:
    """Fill the store, smallest training sizes first, and report on everything in it."""
    options = _options(arguments)
    store = Store(options.out / "scores")
    seconds: dict[str, float] = {}
    compared: dict[str, Compared] = {}
    command = " ".join("PATH" if "/" in word else word for word in arguments if word != "--report-only")
    for draws, embedder in _samples(options, seconds):
        for sample in () if options.report_only else draws:
            _fill(sample, embedder, store, options)
        for of_axis in zip(*map(cells, draws), strict=True):
            outcomes = [{peer: found for peer in _peers() if (found := store.get(peer, cell))} for cell in of_axis]
            compared[of_axis[0].name] = compare(of_axis, outcomes, n_rounds=options.rounds)
        if not options.report_only:
            write_report(list(compared.values()), seconds, options.results, command)
    write_report(list(compared.values()), seconds, options.results, command)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the coded data sets")
    parser.add_argument("--out", type=Path, required=True, help="folder that keeps embeddings and scores between runs")
    parser.add_argument("--results", type=Path, default=FOLDER / "results", help="folder of the report")
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--sizes", default="100,500,2000,all", help="training narratives, or all")
    parser.add_argument("--peers", default=",".join(_peers()), help="peers to train; all in the store are reported")
    parser.add_argument("--again", default="", help="peers whose scores are made again")
    parser.add_argument("--embedder", default="minilm", help="minilm, or hashing-64 to try the benchmark out")
    parser.add_argument("--most-tested", type=int, default=6000, help="test narratives of a data set")
    parser.add_argument("--draws", type=int, default=5, help="how often training narratives are drawn, short of all")
    parser.add_argument("--rounds", type=int, default=1000, help="bootstrap rounds")
    parser.add_argument("--annif-python", type=Path, help="Python of an environment with annif[omikuji]")
    parser.add_argument("--setfit-python", type=Path, help="Python of an environment with setfit")
    parser.add_argument("--setfit-limit", type=float, default=600, help="CPU seconds after which a cell is given up")
    parser.add_argument("--report-only", action="store_true", help="train nothing")
    return parser.parse_args(arguments)


def _apart(options: argparse.Namespace) -> list[Apart]:
    return [
        Apart("in_annif.py", APART["in_annif.py"], options.annif_python, limit_s=7200),
        Apart("in_setfit.py", APART["in_setfit.py"], options.setfit_python, options.setfit_limit, SETFIT_SIZES),
    ]


def _peers() -> list[str]:
    return [OURS, *HERE, *(peer for peers in APART.values() for peer in peers)]


def _samples(options: argparse.Namespace, seconds: dict[str, float]) -> Iterator[tuple[list[Sample], StoredEmbedder]]:
    """Every draw of a data set, all sets at the smallest size first; `seconds` is told what embedding a narrative takes."""
    read = {}
    for size in options.sizes.split(","):
        for data in options.sets.split(","):
            if data not in read:
                narratives = read_texts(options.data / data)
                texts = [narrative.text for narrative in narratives]
                vectors, seconds[data] = embeddings(options.embedder, texts, data, options.out / "embeddings")
                read[data] = narratives, vectors, StoredEmbedder(options.embedder, texts, vectors)
            narratives, vectors, embedder = read[data]
            given = options.data / data, narratives, vectors, size
            seeds = range(1 if size == "all" else options.draws)
            yield [make_sample(*given, seed=seed, most_tested=options.most_tested) for seed in seeds], embedder


def _fill(sample: Sample, embedder: StoredEmbedder, store: Store, options: argparse.Namespace) -> None:
    """Train every wanted peer where the store has no scores of it."""
    wanted, again = options.peers.split(","), options.again.split(",")
    missing = {peer: [c for c in cells(sample) if peer in again or store.get(peer, c) is None] for peer in wanted}
    if missing.get(OURS):
        _log(f"{sample.data} {sample.size} {OURS}")
        made = train_and_score(sample, embedder)
        for cell in cells(sample):
            store.put(OURS, cell, made[cell.axis])
    runnable = [peer for peer in HERE if missing.get(peer) and (peer != "fasttext" or find_spec(peer))]
    _fill_here({peer: missing[peer] for peer in runnable}, sample, store)
    for apart in _apart(options):
        _fill_apart(apart, {c.name: c for peer in apart.peers for c in missing.get(peer, [])}, store)


def _fill_here(missing: dict[str, list[Cell]], sample: Sample, store: Store) -> None:
    if not missing:
        return
    lexical = Lexical.of(sample)
    for peer, every in missing.items():
        if not sample.train.texts and peer != "by_frequency":
            continue  # the others have nothing to learn from
        for cell in every:
            _log(f"{cell.name} {peer}")
            started = time.process_time()
            scores = HERE[peer](cell, lexical)
            seconds = time.process_time() - started
            if peer in LEXICAL:
                seconds += lexical.seconds / len(sample.taxonomy.axes)
            store.put(peer, cell, Outcome(scores, seconds))


def _fill_apart(apart: Apart, missing: dict[str, Cell], store: Store) -> None:
    for cell in missing.values():
        if apart.runs(cell):
            _log(f"{cell.name} {apart.script}")
            for peer, outcome in apart.outcomes(cell).items():
                store.put(peer, cell, outcome)


def _log(line: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
