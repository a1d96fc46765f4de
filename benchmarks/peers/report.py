"""The comparison as Markdown, as a table for other programs, and as a picture."""

import csv
import datetime as dt
import platform
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np

from codesuggest.metrics import Estimate, estimate

from .compare import FIGURES, FUSION, OURS, Compared, pooled, verdict
from .figure import draw
from .linear import HERE

LIBRARIES = ("codesuggest", "scikit-learn", "sentence-transformers", "torch", "numpy")
BASELINE = "tfidf_svc"
COLUMNS = ["axis", "figure", "codesuggest", "best peer", "difference", "codesuggest is"]
INTRODUCTION = """
Every peer is given the same training rows, and is measured on the same test rows of each set's fixed split. None is tuned to a data set; `peers/linear.py`, `in_annif.py` and `in_setfit.py` say how each is set.
Differences are codesuggest less the peer, with 95% intervals of a paired bootstrap over test rows; ahead and behind
are those whose interval leaves out zero. The best peer of a cell is picked by its test figure, after the fact, which
flatters the peers. Macro F1 on the axis of many codes: codesuggest by its own threshold, each peer by the one that gives
as many codes a narrative as training has. {draws}
"""
DRAWN = {
    True: "With fewer than all training rows, figures are means over {n} draws of them, and the intervals hold the luck of those too.",
    False: "One draw of training rows; the intervals do not hold the luck of that draw.",
}
FAVOURED = """
On an axis of one code the figures above judge the best-ranked code. The more honest the scores, the seldomer is that a
rare one. Here everyone's choice makes room for rare codes, as far as costs no more than a standard error of the share
right; how far is chosen on half of the test rows and measured on the other (`peers/favour.py`).
"""


def write_report(compared: list[Compared], embedding_s: Mapping[str, float], folder: Path, command: str) -> None:
    """peers.md, peers.csv and peers.svg of the cells that codesuggest was run on."""
    notes = _not_run(compared)
    compared = [c for c in compared if OURS in c.rounds and len(c.rounds) > 1]
    if not compared:
        return
    folder.mkdir(parents=True, exist_ok=True)
    parts = [
        "# Beside its peers",
        f"Measured {dt.datetime.now(dt.UTC).date()} by `python -m benchmarks.peers {command}`, Python "
        f"{platform.python_version()}, {', '.join(f'{name} {version(name)}' for name in LIBRARIES)}.",
        _introduction(max(len(c.draws) for c in compared)),
        "![Learning curves](peers.svg)",
        "Every figure of every peer with its interval: [`peers.csv`](peers.csv).",
        "## In short",
        _totals(compared),
        "Mean difference over all cells that a peer was run on:",
        _pooled_table(compared),
        "## Where codesuggest is behind",
        _behind(compared),
    ]
    parts += ["## Macro F1 by a choice that favours rare codes", _favoured(compared)]
    for size in dict.fromkeys(c.cell.sample.size for c in compared):
        parts += [f"## With {_size(size)}", _size_table([c for c in compared if c.cell.sample.size == size])]
    parts += ["## Calibration", _calibration(compared), "## Training time", _times(compared, embedding_s)]
    parts += notes
    (folder / "peers.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    _write_csv(compared, folder / "peers.csv")
    draw(compared, folder / "peers.svg")


def _introduction(n_draws: int) -> str:
    return INTRODUCTION.strip().format(draws=DRAWN[n_draws > 1].format(n=n_draws))


def _totals(compared: list[Compared]) -> str:
    rows = []
    for figure, name in FIGURES.items():
        best = [estimate(c.difference(figure, c.best_peer(figure))) for c in compared]
        fusion = [estimate(c.difference(figure, FUSION)) for c in compared if FUSION in c.rounds]
        seen = float(np.median([(e.high - e.low) / 2 for e in best]))
        rows.append([name, *_counted(best), f"{seen:.3f}", *_counted(fusion)])
    header = [
        "figure",
        "ahead of the best peer",
        "level",
        "behind",
        "a lead shows from",
        "ahead of late fusion",
        "level",
        "behind",
    ]
    return (
        f"Cells (axis and training size), {len(compared)} in all. A lead shows from: half the width of a cell's interval, the "
        f"median over cells; a true lead smaller than that is usually counted as level.\n\n{_table(header, rows)}"
    )


def _counted(differences: Iterable[Estimate]) -> list[str]:
    counts = Counter(map(verdict, differences))
    return [str(counts[word]) for word in ("ahead", "level", "behind")]


def _pooled_table(compared: list[Compared]) -> str:
    rows = []
    for peer in _peers(compared):
        cells = [pooled(compared, figure, peer) for figure in FIGURES]
        n = sum(peer in c.rounds for c in compared)
        rows.append([_name(peer), str(n), *("–" if cell is None else _difference(cell) for cell in cells)])
    return _table(["peer", "cells", *FIGURES.values()], rows)


def _behind(compared: list[Compared]) -> str:
    rows = [[_size(c.cell.sample.size), *row] for c in compared for row in _rows(c) if row[-1] == "behind"]
    return _table(["", *COLUMNS], rows) if rows else "In no cell."


def _favoured(compared: list[Compared]) -> str:
    """Of the axes of one code."""
    compared = [c for c in compared if c.favoured]
    counts = Counter(verdict(estimate(c.favoured_difference())) for c in compared)
    rows = []
    for peer in [OURS, *_peers(compared)]:
        cells = [(c.rounds[peer], c.favoured[peer]) for c in compared if peer in c.rounds]
        means = [np.mean([of[n][figure][0] for of in cells]) for figure in ("macro_f1", "hit@1") for n in (0, 1)]
        rows.append([_name(peer), str(len(cells)), *(f"{mean:.3f}" for mean in means)])
    header = ["", "cells", "macro F1", "favouring", "share right", "favouring"]
    return (
        f"{FAVOURED.strip()} So chosen, codesuggest is ahead of the best peer in {counts['ahead']} cells of "
        f"{len(compared)}, level in {counts['level']} and behind in {counts['behind']}.\n\n{_table(header, rows)}"
    )


def _size_table(compared: list[Compared]) -> str:
    return _table(COLUMNS, [row for c in compared for row in _rows(c)])


def _rows(c: Compared) -> Iterator[list[str]]:
    for figure, name in FIGURES.items():
        peer = c.best_peer(figure)
        difference = estimate(c.difference(figure, peer))
        yield [
            f"{c.cell.sample.data}.{c.cell.axis}",
            name,
            f"{c.rounds[OURS][figure][0]:.3f}",
            f"{c.rounds[peer][figure][0]:.3f} {_name(peer)}",
            _difference(difference),
            verdict(difference),
        ]


def _calibration(compared: list[Compared]) -> str:
    sizes = list(dict.fromkeys(c.cell.sample.size for c in compared))
    rows = []
    for peer in [OURS, *_peers(compared)]:
        cells = [[c for c in compared if c.cell.sample.size == size and peer in c.rounds] for size in sizes]
        means = [f"{np.mean([c.rounds[peer]['ece'][0] for c in some]):.3f}" if some else "–" for some in cells]
        rows.append([_name(peer), *means])
    return "Expected calibration error of the first suggestion, 15 bins of equal count, mean over axes:\n\n" + _table(
        ["", *map(_size, sizes)], rows
    )


def _times(compared: list[Compared], embedding_s: Mapping[str, float]) -> str:
    """CPU seconds of all axes of a data set together."""
    groups: dict[tuple[str, str], list[Compared]] = {}
    for c in compared:
        groups.setdefault((c.cell.sample.data, c.cell.sample.size), []).append(c)
    rows = []
    for (data, size), cells in groups.items():
        ours, base, fusion = (_seconds(cells, peer) for peer in (OURS, BASELINE, FUSION))
        embedding = embedding_s[data] * len(cells[0].cell.sample.train.texts)
        ratio = f"{ours / base:.1f}"
        rows.append([data, _size(size), *(f"{s:.1f}" for s in (base, fusion, ours)), ratio, f"{embedding:.1f}"])
    header = ["data", "training rows", _name(BASELINE), _name(FUSION), "codesuggest", "ratio", "embedding"]
    return (
        "CPU seconds of all axes of a data set together, embedding apart; ratio: codesuggest to "
        f"{_name(BASELINE)}.\n\n{_table(header, rows)}"
    )


def _seconds(compared: Iterable[Compared], peer: str) -> float:
    return float(np.nansum([c.seconds(peer) for c in compared])) or float("nan")


def _not_run(compared: list[Compared]) -> list[str]:
    notes = [
        f"- {_name(peer)} on {c.cell.sample.data}.{c.cell.axis}, {_size(c.cell.sample.size)}: {outcome.note.rstrip('.')}."
        for c in compared
        for peer, outcome in c.draws[0].outcomes.items()
        if outcome.note
    ]
    return ["## What did not finish", "\n".join(notes)] if notes else []


def _write_csv(compared: list[Compared], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["data", "axis", "size", "draws", "peer", "figure", "value", "low", "high", "cpu_s"])
        for c in compared:
            sample = c.cell.sample
            for peer, figures in c.rounds.items():
                for figure in (*FIGURES, "recall@3", "ndcg@5", "micro_f1", "ece"):
                    e = estimate(figures[figure])
                    numbers = [f"{number:.4f}" for number in (e.value, e.low, e.high)]
                    seconds = f"{c.seconds(peer):.2f}"
                    writer.writerow(
                        [sample.data, c.cell.axis, sample.size, len(c.draws), peer, figure, *numbers, seconds]
                    )


def _peers(compared: list[Compared]) -> list[str]:
    seen = dict.fromkeys([*HERE, *(peer for c in compared for peer in c.rounds)])
    return [peer for peer in seen if peer != OURS and any(peer in c.rounds for c in compared)]


def _name(peer: str) -> str:
    return peer.replace("_", " ")


def _size(size: str) -> str:
    return "all training rows" if size == "all" else f"{int(size):,} training rows"


def _difference(difference: Estimate) -> str:
    return f"{difference.value:+.3f} ({difference.low:+.3f} to {difference.high:+.3f})"


def _table(header: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, ["---"] * len(header), *rows])
