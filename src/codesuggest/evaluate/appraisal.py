"""Everything a report says of a model: levels, codes, slices, calibration, coverage, workload, errors, a comparison."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from codesuggest.agreement import Bootstrap, mean_of
from codesuggest.domain import RedactedNarrative, Taxonomy
from codesuggest.evaluate.comparing import Comparison, compared
from codesuggest.evaluate.errors import WrongCode, wrong_codes
from codesuggest.evaluate.handling import TARGETS, Handled, by_share, handled, handled_over_axes
from codesuggest.evaluate.measuring import Evaluation, Judged, evaluation_of, judge
from codesuggest.evaluate.second import Coding, SecondCoder, second_coder
from codesuggest.evaluate.shortlists import Shortlisted, shortlisted
from codesuggest.evaluate.slices import LENGTHS, Details, Slice, hits, over_axes, slices
from codesuggest.metrics import Estimate, ranks, wilson
from codesuggest.suggest import Scorer

FIRST = (1, 2, 3, 5, 10)
_N_BINS = 10
_ENOUGH = 10

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CodeFigures:
    """One code: of `n` narratives that have it, how many the model would give it to (`recall`); of those it gives it
    to, how many have it (`precision`). `second` is the recall of a second coder, on those that were coded twice."""

    code: str
    n: int
    n_given: int
    recall: Estimate
    precision: Estimate
    second: Estimate


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
class AxisAppraisal:
    """One axis.

    parent  hit@1 at the level above the code, where codes have parents.
    second  share of a second coder's codes that are right: what hit@1 may be compared with. None without one.
    """

    parent: Estimate | None
    second: Estimate | None
    codes: tuple[CodeFigures, ...]
    kinds: Mapping[str, Kinds]
    bins: tuple[Bin, ...]
    ece_by_chance: float
    any_in_first: Mapping[int, Estimate]
    all_in_first: Mapping[int, Estimate]
    by_share: Mapping[float, Estimate]
    handled: tuple[Handled, ...]
    shortlists: tuple[Shortlisted, ...]
    wrong: tuple[WrongCode, ...]


@dataclass(frozen=True, slots=True)
class Appraisal:
    """A model appraised.

    overall     hit@1 over all axes, the mean of an incident's axes; `second` the same of a second coder's codes.
    handled     what could be filled in, over all axes.
    slices      kind of slice, then its name.
    comparison  with the model named `other`.
    """

    evaluation: Evaluation
    overall: Estimate
    second: Estimate | None
    axes: Mapping[str, AxisAppraisal]
    handled: tuple[Handled, ...]
    slices: Mapping[str, Mapping[str, Slice]]
    other: str
    comparison: Mapping[str, Comparison]


def appraise(
    scorer: Scorer,
    gold: Sequence[RedactedNarrative],
    *,
    details: Details | None = None,
    second: Coding | None = None,
    other: Scorer | None = None,
    bootstrap: Bootstrap | None = None,
) -> Appraisal:
    """Appraise a model on gold.

    details   what the slices are made of.
    second    gold's incidents as a second coder coded them: what people reach, and which errors are doubtful.
    other     a model to compare with, on the narratives that neither was trained on.
    Raises ModelError if nothing is left to measure on.
    """
    bootstrap, model = bootstrap or Bootstrap(), scorer.model
    judged = judge(scorer, gold)
    beside = {axis: second_coder(of, second, model.taxonomy, axis) for axis, of in judged.items()} if second else {}
    words = {narrative.id: len(narrative.text.split()) for narrative in gold}
    axes = {}
    for axis, of in judged.items():
        doubtful = frozenset(np.array(of.ids)[beside[axis].differs].tolist()) if beside else frozenset()
        wrong = wrong_codes(of, model, axis, doubtful=doubtful, words=words)
        lists = shortlisted(of, model.rankers[axis], bootstrap)
        axes[axis] = _axis(of, model.taxonomy, axis, beside.get(axis), (lists, wrong), bootstrap)
    first, seconded = hits(judged), _by_incident(judged, beside)
    return Appraisal(
        evaluation_of(model, gold, judged, n_rounds=bootstrap.n_rounds, seed=bootstrap.seed),
        mean_of(np.array(list(over_axes(first).values())), bootstrap),
        mean_of(np.array(list(over_axes(seconded).values())), bootstrap) if any(seconded.values()) else None,
        axes,
        tuple(handled_over_axes(judged, target, bootstrap) for target in TARGETS),
        slices(first, seconded, details or {}, bootstrap),
        other.model.manifest.name if other else "",
        compared(first, hits(judge(other, gold)), bootstrap) if other else {},
    )


def _by_incident(judged: Mapping[str, Judged], beside: Mapping[str, SecondCoder]) -> dict[str, dict[str, float]]:
    return {
        axis: {id: float(right) for id, right in zip(judged[axis].ids, of.right, strict=True) if not np.isnan(right)}
        for axis, of in beside.items()
    }


def length_band(n_words: int) -> str:
    """The band of a narrative's length."""
    edges = (25, 50, 100, 200)
    return LENGTHS[sum(n_words > edge for edge in edges)]


def _axis(
    of: Judged,
    taxonomy: Taxonomy,
    axis: str,
    beside: SecondCoder | None,
    parts: tuple[tuple[Shortlisted, ...], tuple[WrongCode, ...]],
    bootstrap: Bootstrap,
) -> AxisAppraisal:
    rank = ranks(of.scores)
    first = np.where(of.truth, rank, rank.shape[1] + 1).min(axis=1)
    last = np.where(of.truth, rank, 0).max(axis=1)
    right, top = (first == 1).astype(np.float64), of.scores.max(axis=1)
    has_second = beside is not None and bool(beside.coded.any())
    return AxisAppraisal(
        _parent_level(of, taxonomy, axis, bootstrap),
        mean_of(beside.right[beside.coded], bootstrap) if beside and has_second else None,
        _codes(of, beside),
        _kinds(of),
        _bins(top, right),
        _ece_by_chance(top),
        {k: mean_of((first <= k).astype(np.float64), bootstrap) for k in FIRST if k < rank.shape[1]},
        {k: mean_of((last <= k).astype(np.float64), bootstrap) for k in FIRST if k < rank.shape[1]},
        by_share(of),
        tuple(handled(of, target) for target in TARGETS),
        *parts,
    )


def _parent_level(of: Judged, taxonomy: Taxonomy, axis: str, bootstrap: Bootstrap) -> Estimate | None:
    parents = {code: known.parent or code for code, known in taxonomy.by_code[axis].items()}
    if all(parents.get(code, code) == code for code in of.codes):
        return None
    above = np.array([parents.get(code, code) for code in of.codes])
    best = above[of.scores.argmax(axis=1)]
    right = np.array([best[row] in above[given] for row, given in enumerate(of.truth)])
    return mean_of(right.astype(np.float64), bootstrap)


def _codes(of: Judged, beside: SecondCoder | None) -> tuple[CodeFigures, ...]:
    found_by_model, given, right = (of.truth & of.decided).sum(axis=0), of.decided.sum(axis=0), of.truth.sum(axis=0)
    twice = of.truth & beside.coded[:, None] if beside else np.zeros_like(of.truth)
    found_by_second = (twice & beside.given).sum(axis=0) if beside else np.zeros(len(of.codes))
    found = [
        CodeFigures(
            code,
            int(right[i]),
            int(given[i]),
            wilson(int(found_by_model[i]), int(right[i])),
            wilson(int(found_by_model[i]), int(given[i])),
            wilson(int(found_by_second[i]), int(twice[:, i].sum())),
        )
        for i, code in enumerate(of.codes)
        if right[i] or given[i]
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
