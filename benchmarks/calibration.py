"""Is a score what it says? Reliability, shortlists' coverage, and accuracy against the share handled, on real coded data.

Run: python benchmarks/calibration.py --data FOLDER --out FOLDER   (about ten minutes; --out keeps embeddings)
"""

import argparse
import csv
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from peers.incidents import SETS, Incidents, Sample, cells, make_sample, read_texts
from peers.linear import HERE, Lexical
from peers.ours import scored, trained
from peers.vectors import StoredEmbedder, embeddings

from codesuggest.domain import Scores, Truth
from codesuggest.metrics import Estimate, estimate, measure, resamples, wilson

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FOLDER = Path(__file__).parent / "results"
COVERAGES = (0.7, 0.8, 0.9, 0.95)
SHOWN_COVERAGE = 0.9
N_BINS = 10
RARE = 0.01
DAYS: dict[str, tuple[str, Callable[[str], dt.date]]] = {
    "osha_imis": ("year", lambda year: dt.date(int(year), 1, 1)),
    "asrs_synopses": ("id", lambda id: dt.date.fromordinal(int(id.removeprefix("acn-")))),
}
"""The sets that have a time, from which column: the year, or a number that rises as reports come in."""

LATEST = 0.2
"""The share held out by time: all of the date at which it begins."""

Shares = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Measured:
    """One axis of one split, measured.

    scores, truth  shape (n, n_codes), of the test narratives; `beside`, the same by TF-IDF with logistic regression.
    frequency      each code's share of the training narratives, shape (n_codes,).
    listed         by coverage: which codes are on each narrative's shortlist, shape (n, n_codes).
    """

    name: str
    exclusive: bool
    n_trained: int
    scores: Scores
    beside: Scores
    truth: Truth
    frequency: Shares
    listed: dict[float, Truth]


def main() -> None:
    """Train on every set, and write results/calibration.md with its pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the coded data sets")
    parser.add_argument("--out", type=Path, required=True, help="folder that keeps embeddings between runs")
    parser.add_argument("--size", default="all", help="training narratives, or all")
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--embedder", default="minilm", help="minilm, or hashing-64 to try the benchmark out")
    options = parser.parse_args()
    found = [of for split in splits(options) for of in measured(*split)]
    FOLDER.mkdir(exist_ok=True)
    draw(found, FOLDER / "reliability.svg", reliability)
    draw(found, FOLDER / "coverage.svg", coverage)
    draw(found, FOLDER / "share-handled.svg", share_handled)
    (FOLDER / "calibration.md").write_text(report(found), encoding="utf-8")


def splits(options: argparse.Namespace) -> Iterator[tuple[str, Sample, StoredEmbedder]]:
    """Every set as its fixed split has it, and the one with dates once more by time."""
    for data in options.sets.split(","):
        narratives = read_texts(options.data / data)
        texts = [narrative.text for narrative in narratives]
        vectors, _ = embeddings(options.embedder, texts, data, options.out / "embeddings")
        embedder = StoredEmbedder(options.embedder, texts, vectors)
        sample = make_sample(options.data / data, narratives, vectors, options.size, seed=0, most_tested=len(texts))
        yield data, sample, embedder
        if data in DAYS:
            yield f"{data}, newest held out", by_time(options.data / data, sample), embedder


def by_time(folder: Path, sample: Sample) -> Sample:
    """The same narratives, trained on the earlier and measured on the newest."""
    column, day_of = DAYS[folder.name]
    with (folder / "data.csv").open(newline="", encoding="utf-8") as file:
        day = {row["id"]: day_of(row[column]) for row in csv.DictReader(file)}
    first: dict[str, dt.date] = {}
    for narrative in read_texts(folder):
        first[narrative.text] = min(day[narrative.id], first.get(narrative.text, dt.date.max))
    texts = (*sample.train.texts, *sample.test.texts)
    every = Incidents(
        texts,
        (*sample.train.codings, *sample.test.codings),
        np.vstack([sample.train.vectors, sample.test.vectors]),
        tuple(first[text] for text in texts),
    )
    days = np.array([date.toordinal() for date in every.dates])
    is_late = days >= np.sort(days)[round(len(days) * (1 - LATEST))]
    return replace(sample, train=every.take(np.flatnonzero(~is_late)), test=every.take(np.flatnonzero(is_late)))


def measured(name: str, sample: Sample, embedder: StoredEmbedder) -> Iterator[Measured]:
    """Train codesuggest and the linear baseline, and keep their scores of the test narratives."""
    model, _ = trained(sample, embedder)
    scores, lexical = scored(model, sample, embedder), Lexical.of(sample)
    for cell in cells(sample):
        codes = model.manifest.axes[cell.axis]
        columns = [codes.index(code) for code in cell.codes]
        found = scores[cell.axis][cell.coded][:, columns]
        ranker = model.rankers[cell.axis]
        yield Measured(
            f"{name}\n{cell.axis}",
            cell.exclusive,
            len(cell.given),
            found,
            HERE["tfidf_logistic"](cell, lexical),
            cell.right,
            cell.given.mean(axis=0),
            {share: shortlisted(found, ranker.thresholds(share)[columns]) for share in COVERAGES},
        )


def shortlisted(scores: Scores, thresholds: Shares) -> Truth:
    """The codes on each shortlist; the best alone where none reaches its threshold."""
    listed = scores >= thresholds
    best = scores == scores.max(axis=1, keepdims=True)
    return np.asarray(listed | (best & ~listed.any(axis=1, keepdims=True)), dtype=bool)


def covered(of: Measured, share: float) -> Estimate:
    """The mean share of right codes on the shortlist: on an axis of one code, how often the right one is there."""
    values = (of.listed[share] & of.truth).sum(axis=1) / of.truth.sum(axis=1)
    weights = resamples(len(values))
    return estimate(weights @ values / weights.sum(axis=1))


def ece(of: Measured) -> tuple[Estimate, float]:
    """ECE of the best-ranked code, and the mean that it would have if every score were exactly right."""
    found = measure(of.scores, of.truth, of.truth)["ece"]
    best = of.scores.max(axis=1)
    random = np.random.default_rng(0)
    parts = np.array_split(np.argsort(best, kind="stable"), 15)
    drawn = [random.random(len(best)) < best for _ in range(200)]
    perfect = [sum(abs((best[part] - right[part]).sum()) for part in parts) / len(best) for right in drawn]
    return found, float(np.mean(perfect))


def rare(of: Measured) -> tuple[int, float, int]:
    """Codes that under one in a hundred training narratives have: how many, their scores added up, and how often right."""
    codes = of.frequency < RARE
    return int(codes.sum()), float(of.scores[:, codes].sum()), int(of.truth[:, codes].sum())


def report(found: Sequence[Measured]) -> str:
    """The tables in Markdown."""
    head = [
        "# Is a score what it says?",
        "",
        f"Measured {dt.datetime.now(dt.UTC).date()} by `python benchmarks/calibration.py --data PATH --out PATH`; trained and measured on each",
        "set's fixed split with every test row, and sets that have a time once more with the newest held out. 95% intervals in brackets.",
    ]
    return "\n".join([*head, *_calibration(found), *_shortlists(found), *_handled(found)]) + "\n"


def _calibration(found: Sequence[Measured]) -> Iterator[str]:
    yield from [
        "",
        "## Calibration",
        "",
        "ECE: expected calibration error of the best-ranked code, 15 bins of equal count. Beside it, what it would be on",
        "average if every score were exactly right: bins of a finite test part never agree to the last. Rare codes are those",
        "that under one in a hundred training narratives have: their scores added up, beside how often they were right.",
        "",
        "![Reliability](reliability.svg)",
        "",
        "| axis | trained on | tested on | ECE | were scores exact | rare codes | expected | found |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for of in found:
        error, perfect = ece(of)
        n_rare, expected, right = rare(of)
        counts = f"{of.n_trained:,} | {len(of.truth):,}"
        yield f"| {named(of)} | {counts} | {shown(error)} | {perfect:.3f} | {n_rare} | {expected:.1f} | {right} |"


def _shortlists(found: Sequence[Measured]) -> Iterator[str]:
    yield from [
        "",
        "## Shortlists",
        "",
        "The share of right codes on the shortlist at each coverage asked for; at 0.90 also its mean size and the share of",
        "shortlists with a single code. Before codes give way to their parents.",
        "",
        "![Coverage](coverage.svg)",
        "",
        "| axis | " + " | ".join(f"asked {share:.2f}" for share in COVERAGES) + " | size | single |",
        "|---" + "|---" * (len(COVERAGES) + 2) + "|",
    ]
    for of in found:
        size = of.listed[SHOWN_COVERAGE].sum(axis=1)
        cells_of = " | ".join(shown(covered(of, share)) for share in COVERAGES)
        yield f"| {named(of)} | {cells_of} | {size.mean():.1f} | {(size == 1).mean():.0%} |"


def _handled(found: Sequence[Measured]) -> Iterator[str]:
    yield from [
        "",
        "## Accuracy against the share handled",
        "",
        "If only the surest were taken at their best-ranked code: accuracy among the surest quarter, half and all. In",
        "brackets after it, TF-IDF with logistic regression by its own scores.",
        "",
        "![Accuracy against share handled](share-handled.svg)",
        "",
        "| axis | surest 25% | surest 50% | all |",
        "|---|---|---|---|",
    ]
    for of in found:
        ours, beside = kept_accuracy(of.scores, of.truth), kept_accuracy(of.beside, of.truth)
        marks = [max(1, round(share * len(ours))) - 1 for share in (0.25, 0.5, 1.0)]
        yield f"| {named(of)} | " + " | ".join(f"{ours[m]:.3f} ({beside[m]:.3f})" for m in marks) + " |"


def kept_accuracy(scores: Scores, truth: Truth) -> Shares:
    """Accuracy of the best-ranked code among the 1, 2, ... n surest narratives, shape (n,)."""
    right = truth[np.arange(len(truth)), scores.argmax(axis=1)]
    order = np.argsort(-scores.max(axis=1), kind="stable")
    return np.asarray(np.cumsum(right[order]) / np.arange(1, len(order) + 1), dtype=np.float64)


def draw(found: Sequence[Measured], path: Path, panel: Callable[["Axes", Measured], None]) -> None:
    """One small picture an axis."""
    import matplotlib as mpl  # noqa: PLC0415

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = path.stem
    from matplotlib import pyplot as plt  # noqa: PLC0415

    n_rows = -(-len(found) // 4)
    figure, panels = plt.subplots(n_rows, 4, figsize=(13, 3.1 * n_rows), layout="constrained", squeeze=False)
    for axes, of in zip(panels.flat, found, strict=False):
        panel(axes, of)
        axes.set_title(of.name.replace("_", " "), fontsize=9)
        axes.tick_params(labelsize=8)
        axes.grid(alpha=0.25)
    for axes in panels.flat[len(found) :]:
        axes.axis("off")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def reliability(axes: "Axes", of: Measured) -> None:
    """Score of the best-ranked code against how often it was right, in bins of equal count."""
    best = of.scores.max(axis=1)
    right = of.truth[np.arange(len(best)), of.scores.argmax(axis=1)]
    parts = np.array_split(np.argsort(best, kind="stable"), N_BINS)
    points = [(float(best[part].mean()), wilson(int(right[part].sum()), len(part))) for part in parts]
    _diagonal(axes)
    _with_intervals(axes, points)
    axes.set_xlabel("score", fontsize=8)
    axes.set_ylabel("share right", fontsize=8)


def coverage(axes: "Axes", of: Measured) -> None:
    """Coverage asked for against coverage found."""
    _diagonal(axes, low=0.65)
    _with_intervals(axes, [(share, covered(of, share)) for share in COVERAGES])
    axes.set_xlabel("coverage asked for", fontsize=8)
    axes.set_ylabel("coverage found", fontsize=8)


def share_handled(axes: "Axes", of: Measured) -> None:
    """Accuracy among the surest narratives, against their share of all; from one in fifty on."""
    for scores, colour, label in ((of.scores, "#005eb8", "codesuggest"), (of.beside, "#768692", "TF-IDF logistic")):
        accuracy = kept_accuracy(scores, of.truth)
        share = np.arange(1, len(accuracy) + 1) / len(accuracy)
        axes.plot(share[share >= 0.02], accuracy[share >= 0.02], color=colour, label=label, lw=1.6)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("share handled, surest first", fontsize=8)
    axes.set_ylabel("accuracy", fontsize=8)
    axes.legend(fontsize=7, loc="lower left", frameon=False)


def _diagonal(axes: "Axes", *, low: float = 0.0) -> None:
    axes.plot([low, 1], [low, 1], color="#768692", lw=1, ls="--")
    axes.set_xlim(low, 1)
    axes.set_ylim(low, 1)


def _with_intervals(axes: "Axes", points: Sequence[tuple[float, Estimate]]) -> None:
    asked: Any = [x for x, _ in points]
    found: Any = [y.value for _, y in points]
    spread: Any = [[y.value - y.low for _, y in points], [y.high - y.value for _, y in points]]
    axes.errorbar(asked, found, yerr=spread, fmt="o-", color="#005eb8", ms=4, lw=1.4, capsize=2)


def named(of: Measured) -> str:
    """On one line."""
    return of.name.replace("\n", ": ")


def shown(figure: Estimate) -> str:
    """A figure with its interval."""
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


if __name__ == "__main__":
    main()
