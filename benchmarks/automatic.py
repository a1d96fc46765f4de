"""Measures what share is coded automatically, and how precise that is, on narratives held out; beside thresholding a
linear baseline's own probabilities.

Run: .venv/bin/python benchmarks/automatic.py [--data FOLDER] [--sets osha_imis nhs_feedback_p1] [--embedder minilm]
"""

import argparse
import datetime as dt
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from real_data import SETS, _gold, _recipe
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from speed import ROOT

from codesuggest.domain import Narrative, RedactedNarrative, Scores, Truth
from codesuggest.embed import CachingEmbedder, make_embedder
from codesuggest.metrics import decisions, exact_interval, exact_low
from codesuggest.rank import TARGETS, sureness
from codesuggest.read import NarrativeReader, read_narratives
from codesuggest.redact import Redactor
from codesuggest.registry import Model
from codesuggest.suggest import Suggester
from codesuggest.train import load_recipe, train


@dataclass(frozen=True, slots=True)
class Row:
    """One axis at one target: of n narratives held out, those coded automatically and those of them that were right."""

    data: str
    axis: str
    target: float
    n: int
    ours: tuple[int, int]
    baseline: tuple[int, int]


@dataclass(frozen=True)
class Training:
    """What the baseline learns from: the model's own lexical features of the same narratives."""

    model: Model
    narratives: Sequence[RedactedNarrative]


def rows(
    data: str, model: Model, suggester: Suggester, gold: Sequence[RedactedNarrative], training: Training
) -> Iterator[Row]:
    """Every axis of a data set, at every target."""
    scores = suggester.score(gold)
    for axis, of_axis in scores.items():
        codes, settings = model.manifest.axes[axis], model.taxonomy.axis[axis]
        truth = truth_of(gold, axis, codes)
        coded = truth.any(axis=1) | settings.optional
        plain = baseline(training, [narrative.text for narrative in gold], axis, codes)
        for target in TARGETS:
            rule = model.rankers[axis].automatic_rule(target)
            ours = counted(of_axis[coded], truth[coded], model, axis, rule.threshold)
            yield Row(
                data, axis, target, int(coded.sum()), ours, counted(plain[coded], truth[coded], model, axis, target)
            )


def counted(scores: Scores, truth: Truth, model: Model, axis: str, threshold: float) -> tuple[int, int]:
    """How many are surer than the threshold, and how many of those are right and complete."""
    settings = model.taxonomy.axis[axis]
    given = decisions(
        scores,
        exclusive=not settings.many,
        needs_one=not settings.optional,
        threshold=model.rankers[axis].threshold_,
    )
    sure = sureness(scores, given, exclusive=not settings.many) > threshold
    right = (truth & given).any(axis=1) if not settings.many else (truth == given).all(axis=1)
    return int(sure.sum()), int((sure & right).sum())


def truth_of(narratives: Sequence[RedactedNarrative], axis: str, codes: Sequence[str]) -> Truth:
    """Which codes each narrative was given, shape (n, n_codes)."""
    given = [set(narrative.existing_codes.get(axis, ())) for narrative in narratives]
    return np.array([[code in of for code in codes] for of in given], dtype=bool)


def baseline(training: Training, texts: Sequence[str], axis: str, codes: Sequence[str]) -> Scores:
    """TF-IDF and logistic regression, one code against the rest; on an axis of one code normalised."""
    features, truth = training.model.features, truth_of(training.narratives, axis, codes)
    coded = truth.any(axis=1) | training.model.taxonomy.axis[axis].optional
    learnt = truth[coded].any(axis=0) & ~truth[coded].all(axis=0)
    columns = sparse.csr_array(features.transform([n.text for n in training.narratives]))[np.flatnonzero(coded)]
    model = OneVsRestClassifier(LogisticRegression(C=10, max_iter=300, tol=1e-3))
    model.fit(columns, truth[coded][:, learnt])
    scores = np.zeros((len(texts), len(codes)))
    scores[:, learnt] = model.predict_proba(features.transform(texts))
    if not training.model.taxonomy.axis[axis].many:
        scores /= np.maximum(scores.sum(axis=1, keepdims=True), 1e-9)
    return scores


def of_sample(embedder: CachingEmbedder) -> Iterator[Row]:
    """The sample: trained on ten voices, measured on two others and a site held out."""
    recipe = load_recipe(ROOT / "training" / "sample.toml")
    model = train(recipe, embedder=embedder).model
    redactor = Redactor()
    read = [n for file in recipe.data.files for n in read_narratives(file, NarrativeReader(model.taxonomy))]
    redacted = redactor.redact_all(n for n in read if isinstance(n, Narrative))
    split = {n.id: n.details.get("split") for n in read if isinstance(n, Narrative)}
    kept = [n for n in redacted if isinstance(n, RedactedNarrative)]
    gold = [n for n in kept if split[n.id] == "gold"]
    trained = [n for n in kept if split[n.id] == "train"]
    yield from rows("sample", model, Suggester(model, embedder, redactor), gold, Training(model, trained))


def of_data(folder: Path, data: str, embedder: CachingEmbedder) -> Iterator[Row]:
    """A data set, by its own split."""
    with tempfile.TemporaryDirectory() as scratch:
        model = train(_recipe(folder / data, SETS[data], data, 0, Path(scratch)), embedder=embedder).model
    trained = _gold(folder / data, data, "train")
    yield from rows(data, model, Suggester(model, embedder), _gold(folder / data, data), Training(model, trained))


def table(measured: Sequence[Row], embedder: str) -> str:
    """The results as Markdown."""
    lines = [
        "# Coded automatically",
        "",
        f"Measured {dt.datetime.now(dt.UTC).date()} by `python benchmarks/automatic.py --embedder {embedder}`. Thresholds are chosen in training, on out-of-fold scores, for the precision asked for with 95%",
        "confidence; share and precision are of narratives held out, with exact 95% intervals. Right means right and complete. The baseline is TF-IDF with logistic regression, its own probability",
        "thresholded at the target. MISSED: the precision's one-sided exact upper bound is below the target.",
        "",
        "| data | axis | held out | target | share automatic | precision | baseline: share | precision |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in measured:
        cells = [row.data, row.axis, f"{row.n:,}", f"{row.target:.2f}"]
        for n_automatic, n_right in (row.ours, row.baseline):
            share = exact_interval(n_automatic, row.n)
            cells.append(f"{share.value:.1%} ({share.low:.1%} to {share.high:.1%})")
            precision = exact_interval(n_right, n_automatic)
            missed = n_automatic and 1 - exact_low(n_automatic - n_right, n_automatic) < row.target
            figure = f"{precision.value:.3f} ({precision.low:.3f} to {precision.high:.3f})" if n_automatic else "-"
            cells.append(figure + (" MISSED" if missed else ""))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, and write results/automatic.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--sets", nargs="*", default=list(SETS))
    parser.add_argument("--embedder", default="minilm")
    given = parser.parse_args()
    embedder = CachingEmbedder(make_embedder(cast("str", given.embedder)))
    measured = list(of_sample(embedder))
    for data in given.sets if given.data else ():
        measured += of_data(given.data, data, embedder)
    text = table(measured, given.embedder)
    print(text)
    (ROOT / "benchmarks" / "results" / "automatic.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
