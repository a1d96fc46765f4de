"""Everything a report says of a model: levels, codes, slices, calibration, coverage, workload, errors, a comparison."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from codesuggest.agreement import Bootstrap, difference_of_means, mean_of
from codesuggest.domain import RedactedNarrative, Taxonomy
from codesuggest.evaluate.errors import WrongCode, wrong_codes
from codesuggest.evaluate.measuring import Evaluation, Judged, evaluation_of, judge
from codesuggest.metrics import Estimate, per_narrative, ranks, wilson
from codesuggest.suggest import Scorer

Details = Mapping[str, Mapping[str, str]]
"""Incident id to what else is known of it: `site`, `month`, `reporter`, `length`."""

FIRST = (1, 2, 3, 5, 10)
TARGETS = (0.80, 0.90, 0.95, 0.98)
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_N_BINS = 10
_ENOUGH = 10

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CodeFigures:
    """One code: of `n` narratives that have it, how many the model would give it to; of those it gives it to, how many
    have it."""

    code: str
    n: int
    n_given: int
    recall: Estimate
    precision: Estimate


@dataclass(frozen=True, slots=True)
class Slice:
    """The first-ranked code's accuracy in one part of gold, by axis, and over all axes (mean of an incident's axes)."""

    n: int
    overall: Estimate
    axes: Mapping[str, Estimate]
    gap: Estimate
    """This part less all the others, over all axes."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """People gave one code or many (first letter), the model would give one or many (second): how many narratives,
    and on how many of them both gave exactly the same."""

    n: int
    n_same: int


@dataclass(frozen=True, slots=True)
class Bin:
    """Narratives of similar score of the first-ranked code: the mean score, and the share on which it is right."""

    n: int
    score: float
    right: Estimate


@dataclass(frozen=True, slots=True)
class Handled:
    """Narratives whose first-ranked score is high enough for the accuracy wanted: their share, and how right they were.

    Thresholds are chosen on one half of gold and tried on the other, both ways round.
    """

    target: float
    share: float
    n: int
    accuracy: float


@dataclass(frozen=True, slots=True)
class AxisAppraisal:
    """One axis. `parent` is hit@1 at the level above the code, where codes have parents."""

    parent: Estimate | None
    codes: tuple[CodeFigures, ...]
    kinds: Mapping[str, Kinds]
    bins: tuple[Bin, ...]
    ece_by_chance: float
    any_in_first: Mapping[int, Estimate]
    all_in_first: Mapping[int, Estimate]
    by_share: Mapping[float, Estimate]
    handled: tuple[Handled, ...]
    wrong: tuple[WrongCode, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the same narratives: hit@1 of each, the paired difference, and McNemar's exact test.

    Source of the test: McNemar (1947), Psychometrika 12(2), 153-157, by the binomial distribution.
    """

    n: int
    first: float
    second: float
    difference: Estimate
    n_only_first: int
    n_only_second: int
    p_value: float


@dataclass(frozen=True, slots=True)
class Appraisal:
    """A model appraised. `slices`: kind of slice, then its name; `comparison` with the model named `other`."""

    evaluation: Evaluation
    axes: Mapping[str, AxisAppraisal]
    slices: Mapping[str, Mapping[str, Slice]]
    other: str
    comparison: Mapping[str, Comparison]


def appraise(
    scorer: Scorer,
    gold: Sequence[RedactedNarrative],
    *,
    details: Details | None = None,
    doubtful: Mapping[str, frozenset[str]] | None = None,
    other: Scorer | None = None,
    bootstrap: Bootstrap | None = None,
) -> Appraisal:
    """Appraise a model on gold.

    details   what the slices are made of.
    doubtful  axis to the incidents on which two people differed, to tell those errors apart.
    other     a model to compare with, on the narratives that neither was trained on.
    Raises ModelError if nothing is left to measure on.
    """
    bootstrap = bootstrap or Bootstrap()
    model, judged = scorer.model, judge(scorer, gold)
    words = {narrative.id: len(narrative.text.split()) for narrative in gold}
    return Appraisal(
        evaluation_of(model, gold, judged, n_rounds=bootstrap.n_rounds, seed=bootstrap.seed),
        {
            axis: _axis(
                of,
                model.taxonomy,
                axis,
                bootstrap,
                wrong_codes(of, model, axis, doubtful=(doubtful or {}).get(axis, frozenset()), words=words),
            )
            for axis, of in judged.items()
        },
        _slices(judged, details or {}, bootstrap),
        other.model.manifest.name if other else "",
        _compared(judged, judge(other, gold), bootstrap) if other else {},
    )


def length_band(n_words: int) -> str:
    """The band of a narrative's length, worded so that bands sort."""
    edges = (25, 50, 100, 200)
    above = sum(n_words > edge for edge in edges)
    return ("up to 25 words", "26 to 50 words", "51 to 100 words", "101 to 200 words", "over 200 words")[above]


def _axis(
    of: Judged, taxonomy: Taxonomy, axis: str, bootstrap: Bootstrap, wrong: tuple[WrongCode, ...]
) -> AxisAppraisal:
    rank = ranks(of.scores)
    first = np.where(of.truth, rank, rank.shape[1] + 1).min(axis=1)
    last = np.where(of.truth, rank, 0).max(axis=1)
    right, top = (first == 1).astype(np.float64), of.scores.max(axis=1)
    return AxisAppraisal(
        _parent_level(of, taxonomy, axis, bootstrap),
        _codes(of),
        _kinds(of),
        _bins(top, right),
        _ece_by_chance(top),
        {k: mean_of((first <= k).astype(np.float64), bootstrap) for k in FIRST if k < rank.shape[1]},
        {k: mean_of((last <= k).astype(np.float64), bootstrap) for k in FIRST if k < rank.shape[1]},
        _by_share(top, right),
        tuple(_handled(top, right, target) for target in TARGETS),
        wrong,
    )


def _parent_level(of: Judged, taxonomy: Taxonomy, axis: str, bootstrap: Bootstrap) -> Estimate | None:
    parents = {code: known.parent or code for code, known in taxonomy.by_code[axis].items()}
    if all(parents.get(code, code) == code for code in of.codes):
        return None
    above = np.array([parents.get(code, code) for code in of.codes])
    best = above[of.scores.argmax(axis=1)]
    right = np.array([best[row] in above[given] for row, given in enumerate(of.truth)])
    return mean_of(right.astype(np.float64), bootstrap)


def _codes(of: Judged) -> tuple[CodeFigures, ...]:
    hits, given, right = (of.truth & of.decided).sum(axis=0), of.decided.sum(axis=0), of.truth.sum(axis=0)
    found = [
        CodeFigures(code, int(n), int(m), wilson(int(hit), int(n)), wilson(int(hit), int(m)))
        for code, n, m, hit in zip(of.codes, right, given, hits, strict=True)
        if n or m
    ]
    return tuple(sorted(found, key=lambda code: -code.n))


def _kinds(of: Judged) -> dict[str, Kinds]:
    several = of.truth.sum(axis=1) > 1, of.decided.sum(axis=1) > 1
    same = (of.truth == of.decided).all(axis=1)
    found = {}
    for people, by_people in (("O", ~several[0]), ("M", several[0])):
        for model, by_model in (("O", ~several[1]), ("M", several[1])):
            rows = by_people & by_model
            found[people + model] = Kinds(int(rows.sum()), int((same & rows).sum()))
    return found


def _bins(top: Values, right: Values) -> tuple[Bin, ...]:
    order = np.argsort(top, kind="stable")
    parts = [part for part in np.array_split(order, min(_N_BINS, max(1, len(order) // _ENOUGH))) if len(part)]
    return tuple(Bin(len(part), float(top[part].mean()), wilson(int(right[part].sum()), len(part))) for part in parts)


def _ece_by_chance(top: Values, n_rounds: int = 200) -> float:
    """The expected calibration error that a perfectly calibrated model would show on as many narratives."""
    rng = np.random.default_rng(0)
    order = np.argsort(top, kind="stable")
    gaps = top[order] - (rng.uniform(size=(n_rounds, len(top))) < top[order])
    return float(sum(np.abs(part.sum(axis=1)) for part in np.array_split(gaps, 15, axis=1)).mean() / len(top))


def _by_share(top: Values, right: Values) -> dict[float, Estimate]:
    """Accuracy of the share of narratives with the highest scores."""
    ordered = right[np.argsort(-top, kind="stable")]
    counts = {share: max(1, round(share * len(ordered))) for share in SHARES}
    return {share: wilson(int(ordered[:n].sum()), n) for share, n in counts.items()}


def _handled(top: Values, right: Values, target: float) -> Handled:
    halves = np.random.default_rng(0).permutation(len(top)) % 2 == 0
    taken = np.zeros(len(top), dtype=bool)
    for half in (halves, ~halves):
        taken |= half & (top >= _threshold(top[~half], right[~half], target))
    n = int(taken.sum())
    return Handled(target, n / len(top), n, float(right[taken].mean()) if n else float("nan"))


def _threshold(top: Values, right: Values, target: float) -> float:
    """The lowest score down to which the share right reaches the target; none reaches it: infinity."""
    order = np.argsort(-top, kind="stable")
    share = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    reached = np.flatnonzero((share >= target) & (np.arange(len(order)) >= _ENOUGH - 1))
    return float(top[order[reached[-1]]]) if len(reached) else float("inf")


def _hits(of: Judged) -> dict[str, float]:
    return dict(zip(of.ids, per_narrative(of.scores, of.truth)["hit@1"], strict=True))


def _slices(judged: Mapping[str, Judged], details: Details, bootstrap: Bootstrap) -> dict[str, dict[str, Slice]]:
    hits = {axis: _hits(of) for axis, of in judged.items()}
    ids = sorted({id for by_id in hits.values() for id in by_id})
    overall = {id: float(np.mean([by_id[id] for by_id in hits.values() if id in by_id])) for id in ids}
    kinds = list(dict.fromkeys(kind for id in ids for kind in details.get(id, {})))
    return {kind: _slices_of(ids, kind, details, hits, overall, bootstrap) for kind in kinds}


def _slices_of(
    ids: Sequence[str],
    kind: str,
    details: Details,
    hits: Mapping[str, Mapping[str, float]],
    overall: Mapping[str, float],
    bootstrap: Bootstrap,
) -> dict[str, Slice]:
    parts: dict[str, list[str]] = {}
    for id in ids:
        if name := details.get(id, {}).get(kind):
            parts.setdefault(name, []).append(id)
    mean = _meaning(bootstrap)
    return {
        name: Slice(
            len(part),
            mean([overall[id] for id in part]),
            {axis: mean([by_id[id] for id in part if id in by_id]) for axis, by_id in hits.items()},
            _gap([overall[id] for id in part], [overall[id] for id in ids if id not in set(part)], bootstrap),
        )
        for name, part in sorted(parts.items())
        if len(part) >= _ENOUGH
    }


def _meaning(bootstrap: Bootstrap) -> Callable[[Sequence[float]], Estimate]:
    return lambda values: mean_of(np.array(values, dtype=np.float64), bootstrap)


def _gap(part: Sequence[float], rest: Sequence[float], bootstrap: Bootstrap) -> Estimate:
    if not rest:
        return Estimate(np.nan, np.nan, np.nan)
    return difference_of_means(np.array(part), np.array(rest), bootstrap)


def _compared(first: Mapping[str, Judged], second: Mapping[str, Judged], bootstrap: Bootstrap) -> dict[str, Comparison]:
    found = {}
    for axis in first:
        ours, theirs = _hits(first[axis]), _hits(second[axis]) if axis in second else {}
        both = [id for id in ours if id in theirs]
        if not both:
            continue
        a, b = np.array([ours[id] for id in both]), np.array([theirs[id] for id in both])
        only = int(((a == 1) & (b == 0)).sum()), int(((a == 0) & (b == 1)).sum())
        p = float(stats.binomtest(only[0], sum(only)).pvalue) if sum(only) else 1.0
        found[axis] = Comparison(
            len(both), float(a.mean()), float(b.mean()), mean_of(a - b, bootstrap), only[0], only[1], p
        )
    return found
