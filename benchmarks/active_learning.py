"""How many confirmations until suggestions are nearly as good as they get, and does the queue's order matter?

Coders are simulated: the next incidents of the queue are given their own codes, the model is trained again, and measured on
incidents apart. Orders: the most uncertain first, as the service reckons it; at random; and in turns as the shipped
protocol has them, where one in three is uncertain, and the oldest are as good as drawn at random.

Run: python benchmarks/active_learning.py --data FOLDER --out FOLDER   (about twenty minutes; --out keeps embeddings)
"""

import argparse
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from peers.incidents import SETS, Incidents, Sample, cells, make_sample, read_texts
from peers.ours import scored, trained
from peers.vectors import StoredEmbedder, embeddings

from codesuggest.domain import Narrative
from codesuggest.metrics import Estimate, estimate, per_narrative, resamples
from codesuggest.read import NarrativeReader, read_narratives
from codesuggest.redact import Redactor
from codesuggest.registry import Model
from codesuggest.taxonomy import load_taxonomy

HERE = Path(__file__).parent
ROOT = HERE.parent
STEPS = (0, 25, 50, 75, 100, 150, 200, 300, 400, 600, 800, 1200, 1600)
ORDERS = {"uncertain": "most uncertain first", "random": "at random", "turns": "in turns"}
COLOURS = {"uncertain": "#005eb8", "random": "#768692", "turns": "#00703c"}
WANTED = 0.9

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Curve:
    """Recall@5, the mean of the axes, by number of confirmed incidents; `full` is with the whole pool."""

    data: str
    order: str
    points: Mapping[int, Estimate]
    full: Estimate
    n_pool: int

    @property
    def reached(self) -> int | None:
        """The first step at which the wanted share of the full recall is there."""
        return next((n for n, found in self.points.items() if found.value >= WANTED * self.full.value), None)


def main() -> None:
    """Simulate every order on every set, and write results/active-learning.md and its picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the coded data sets")
    parser.add_argument("--out", type=Path, required=True, help="folder that keeps embeddings between runs")
    parser.add_argument("--pool", type=int, default=2000, help="incidents that wait to be coded")
    parser.add_argument("--tested", type=int, default=1000, help="test incidents of a set, at most")
    parser.add_argument("--sets", default=f"sample,{','.join(SETS)}")
    parser.add_argument("--embedder", default="minilm", help="minilm, or hashing-64 to try the benchmark out")
    parser.add_argument("--results", type=Path, default=HERE / "results", help="folder of the report")
    options = parser.parse_args()
    curves = []
    for data in options.sets.split(","):
        pool, embedder = of_sample(options) if data == "sample" else of_set(options, data)
        full = recall(trained(pool, embedder)[0], pool, embedder)
        curves += [simulate(data, order, pool, embedder, full) for order in ORDERS]
    draw(curves, options.results / "active-learning.svg")
    (options.results / "active-learning.md").write_text(report(curves), encoding="utf-8")


def of_set(options: argparse.Namespace, data: str) -> tuple[Sample, StoredEmbedder]:
    """A pool of a data set, with test incidents."""
    narratives = read_texts(options.data / data)
    texts = [narrative.text for narrative in narratives]
    vectors, _ = embeddings(options.embedder, texts, data, options.out / "embeddings")
    size = str(options.pool)
    pool = make_sample(options.data / data, narratives, vectors, size, seed=0, most_tested=options.tested)
    return pool, StoredEmbedder(options.embedder, texts, vectors)


def of_sample(options: argparse.Namespace) -> tuple[Sample, StoredEmbedder]:
    """The product's own sample: training incidents are the pool, gold is measured on."""
    file = ROOT / "annotation" / "sample" / "incidents.jsonl"
    part = {row["id"]: row["split"] for row in map(json.loads, file.read_text(encoding="utf-8").splitlines())}
    taxonomy = load_taxonomy("imaging-working-1")
    redactor = Redactor()
    read = read_narratives(file, NarrativeReader())
    kept = [redactor.redact(row) for row in read if isinstance(row, Narrative) and part[row.id] != "development"]
    texts = [narrative.text for narrative in kept]
    vectors, _ = embeddings(options.embedder, texts, "sample", options.out / "embeddings")
    every = Incidents(
        tuple(texts),
        tuple({axis: n.existing_codes.get(axis, ()) for axis in taxonomy.axis} for n in kept),
        vectors,
    )
    rows = {name: np.array([row for row, n in enumerate(kept) if part[n.id] == name]) for name in ("train", "gold")}
    sample = Sample("sample", "all", 0, taxonomy, every.take(rows["train"]), every.take(rows["gold"]))
    return sample, StoredEmbedder(options.embedder, texts, vectors)


def simulate(data: str, order: str, pool: Sample, embedder: StoredEmbedder, full: Estimate) -> Curve:
    """Code the pool step by step in an order, training again at every step."""
    random = np.random.default_rng(0)
    waiting = random.permutation(len(pool.train.texts))
    coded: Rows = waiting[:0]
    points: dict[int, Estimate] = {}
    doubt = np.ones(len(waiting))
    for step in [n for n in STEPS if n < len(pool.train.texts)]:
        taken = next_rows(waiting, doubt, order, step - len(coded))
        coded = np.concatenate([coded, taken])
        waiting = waiting[~np.isin(waiting, taken)]
        so_far = replace(pool, train=pool.train.take(np.sort(coded)))
        if not step and pool.data != "sample":
            continue  # those taxonomies say nothing of their codes
        model, _ = trained(so_far, embedder)
        points[step] = recall(model, so_far, embedder)
        doubt = uncertainty(model, pool, embedder)
    return Curve(data, order, points, full, len(pool.train.texts))


def next_rows(waiting: Rows, doubt: npt.NDArray[np.float64], order: str, n: int) -> Rows:
    """The next n of those waiting, which stand in random order; doubt is of the whole pool."""
    n_doubtful = {"uncertain": n, "random": 0, "turns": n // 3}[order]
    doubtful = waiting[np.argsort(-doubt[waiting], kind="stable")][:n_doubtful]
    return np.concatenate([doubtful, waiting[~np.isin(waiting, doubtful)][: n - n_doubtful]])


def uncertainty(model: Model, pool: Sample, embedder: StoredEmbedder) -> npt.NDArray[np.float64]:
    """As the service reckons it: 1 less the mean score of the first suggestions, shape (n,)."""
    of_pool = scored(model, replace(pool, test=pool.train), embedder)
    return np.asarray(1 - np.mean([scores.max(axis=1) for scores in of_pool.values()], axis=0), dtype=np.float64)


def recall(model: Model, sample: Sample, embedder: StoredEmbedder) -> Estimate:
    """Recall@5 on the test incidents, the mean of the axes, in paired rounds."""
    scores = scored(model, sample, embedder)
    weights = resamples(len(sample.test.texts), n_rounds=300)
    by_axis = []
    for cell in cells(sample):
        codes = model.manifest.axes[cell.axis]
        given = [number for number, code in enumerate(cell.codes) if code in codes]  # a parent is given to nobody
        columns = [codes.index(cell.codes[number]) for number in given]
        values = per_narrative(scores[cell.axis][cell.coded][:, columns], cell.right[:, given])["recall@5"]
        drawn = weights[:, cell.coded]
        by_axis.append(drawn @ values / drawn.sum(axis=1))
    return estimate(np.mean(by_axis, axis=0))


def report(curves: Sequence[Curve]) -> str:
    """The tables in Markdown."""
    lines = [
        "# How many confirmations until suggestions are nearly as good as they get?",
        "",
        f"Simulated {dt.datetime.now(dt.UTC).date()} by `python benchmarks/active_learning.py --data PATH --out PATH`. Recall@5, the mean of the axes, on test",
        f"incidents apart, with 95% intervals; trained again after every step. Nearly: {WANTED:.0%} of the recall@5 with the whole pool. One",
        "draw of the pool and of chance. Uncertainty as the service reckons it: 1 less the mean score of the first suggestions.",
        "",
        "![Recall at 5 by confirmed incidents](active-learning.svg)",
        "",
        f"| data | pool | recall@5 with all | {' | '.join(f'{WANTED:.0%} reached, {label}' for label in ORDERS.values())} |",
        "|---|---|---|" + "---|" * len(ORDERS),
    ]
    for data in dict.fromkeys(curve.data for curve in curves):
        of = [curve for curve in curves if curve.data == data]
        reached = " | ".join(str(curve.reached) if curve.reached is not None else "not before all" for curve in of)
        lines.append(f"| {data} | {of[0].n_pool:,} | {shown(of[0].full)} | {reached} |")
    for data in dict.fromkeys(curve.data for curve in curves):
        of = [curve for curve in curves if curve.data == data]
        lines += ["", f"## {data}", "", f"| confirmed | {' | '.join(ORDERS.values())} |", "|---" * (len(of) + 1) + "|"]
        lines += [f"| {n:,} | " + " | ".join(shown(curve.points[n]) for curve in of) + " |" for n in of[0].points]
    return "\n".join(lines) + "\n"


def draw(curves: Sequence[Curve], path: Path) -> None:
    """One panel a data set."""
    import matplotlib as mpl  # noqa: PLC0415

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = path.stem
    from matplotlib import pyplot as plt  # noqa: PLC0415

    sets = list(dict.fromkeys(curve.data for curve in curves))
    figure, panels = plt.subplots(1, len(sets), figsize=(3.6 * len(sets), 3.4), layout="constrained", squeeze=False)
    for panel, data in zip(panels.flat, sets, strict=True):
        for curve in (curve for curve in curves if curve.data == data):
            values = [found.value for found in curve.points.values()]
            label, colour = ORDERS[curve.order], COLOURS[curve.order]
            panel.plot(list(curve.points), values, "o-", color=colour, label=label, ms=3, lw=1.5)
            panel.axhline(WANTED * curve.full.value, color="#d5281b", lw=1, ls="--")
        panel.set_title(data.replace("_", " "), fontsize=10)
        panel.set_xscale("symlog", linthresh=25)
        ticks = [n for n in (0, 25, 100, 400, 1600) if n in next(iter(c.points for c in curves if c.data == data))]
        panel.set_xticks(ticks, [f"{n:,}" for n in ticks])
        panel.minorticks_off()
        panel.grid(alpha=0.25)
        panel.set_xlabel("confirmed incidents", fontsize=9)
    panels.flat[0].set_ylabel("recall@5, mean of the axes", fontsize=9)
    panels.flat[0].legend(fontsize=8, loc="lower right", frameon=False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def shown(figure: Estimate) -> str:
    """A figure with its interval."""
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


if __name__ == "__main__":
    main()
