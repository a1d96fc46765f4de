"""How good a ranking is, measured narrative by narrative, with bootstrap intervals.

Everywhere: `scores` has shape (n, n_codes); `truth` has the same shape and says which codes are right; a narrative
without a right code is left out by the caller. Intervals are percentiles of resampled narratives.
Source of the interval: Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv

from codesuggest.domain import Scores, Truth

Rounds = npt.NDArray[np.float64]
"""The first is of the narratives as they are, the others of narratives drawn again."""

_N_BINS = 15


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95% interval."""

    value: float
    low: float
    high: float


def ranks(scores: Scores) -> npt.NDArray[np.intp]:
    """The rank of every code, shape (n, n_codes), best 1; equal scores keep the order of the codes."""
    order = np.argsort(-scores, axis=1, kind="stable")
    return np.argsort(order, axis=1) + 1


def decisions(scores: Scores, *, exclusive: bool, needs_one: bool = True, threshold: float = 0.5) -> Truth:
    """The codes that would be given without a person: the best on an axis of one code; else each that reaches the
    threshold, and the best where the axis needs one.
    """
    best = np.asarray(ranks(scores) == 1, dtype=bool)
    if exclusive:
        return best
    chosen = scores >= threshold
    return chosen | (best & ~chosen.any(axis=1, keepdims=True)) if needs_one else chosen


def measure(
    scores: Scores, truth: Truth, decided: Truth, *, n_rounds: int = 1000, seed: int = 0
) -> dict[str, Estimate]:
    """Every figure of one axis.

    hit@1      the best-ranked code is a right one.
    recall@k   mean share of the right codes among the first k.
    reciprocal_rank  mean of 1 / rank of the first right code.
    mean_rank  mean rank of the first right code.
    macro_f1, micro_f1  of `decided`; macro over the codes that occur in truth or decisions.
    ndcg@5     discounted cumulative gain of the first 5, against the best possible.
    ece        expected calibration error of the best-ranked code, 15 bins of equal count.
    """
    rounds = resampled(scores, truth, decided, resamples(len(truth), n_rounds=n_rounds, seed=seed))
    return {name: estimate(values) for name, values in rounds.items()}


def resamples(n: int, *, n_rounds: int = 1000, seed: int = 0) -> Rounds:
    """How often each of n narratives is drawn in each round, shape (1 + n_rounds, n); the first round has each once."""
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=n_rounds)
    return np.vstack([np.ones(n), drawn.astype(np.float64)])


def resampled(scores: Scores, truth: Truth, decided: Truth, weights: Rounds) -> dict[str, Rounds]:
    """Every figure of `measure` in every round of `resamples`, shape (1 + n_rounds,).

    Two rankings of the same narratives in the same rounds are paired: the difference of their rounds is a figure too.
    """
    total = weights.sum(axis=1)
    rounds = {name: weights @ values / total for name, values in per_narrative(scores, truth).items()}
    rows, best = np.arange(len(scores)), scores.argmax(axis=1)
    ece = calibration_error(weights, scores[rows, best], truth[rows, best])
    return rounds | _f1(weights, truth, decided) | {"ece": ece}


def per_narrative(scores: Scores, truth: Truth) -> Mapping[str, npt.NDArray[np.float64]]:
    """The figures that are means over narratives, as one value a narrative, shape (n,)."""
    rank = ranks(scores)
    n_right = truth.sum(axis=1)
    found = {k: (truth & (rank <= k)).sum(axis=1) / n_right for k in (3, 5)}
    first = np.where(truth, rank, scores.shape[1] + 1).min(axis=1)
    gain = np.where(truth & (rank <= 5), 1 / np.log2(rank + 1), 0).sum(axis=1)
    ideal = np.cumsum(1 / np.log2(np.arange(2, 7)))[np.minimum(n_right, 5) - 1]
    return {
        "hit@1": (first == 1).astype(np.float64),
        "recall@3": found[3],
        "recall@5": found[5],
        "mean_rank": first.astype(np.float64),
        "reciprocal_rank": 1 / first,
        "ndcg@5": gain / ideal,
    }


def _f1(weights: npt.NDArray[np.float64], truth: Truth, decided: Truth) -> dict[str, npt.NDArray[np.float64]]:
    hits = weights @ (truth & decided)
    claims = weights @ truth + weights @ decided
    occurs = claims > 0
    by_code = np.divide(2 * hits, claims, out=np.zeros_like(hits), where=occurs)
    return {
        "macro_f1": by_code.sum(axis=1) / np.maximum(occurs.sum(axis=1), 1),
        "micro_f1": 2 * hits.sum(axis=1) / np.maximum(claims.sum(axis=1), 1),
    }


def calibration_error(
    weights: Rounds, score: npt.NDArray[np.float64], right: npt.NDArray[np.floating | np.bool_]
) -> Rounds:
    """Mean distance of score from share right over bins of like score, in every round.

    weights  shape (rounds, n), as `resamples` gives them.
    score, right  shape (n,): the score of the best-ranked code, and whether it is right.

    Source: Naeini et al. (2015), AAAI, 2901-2907.
    """
    bins = np.zeros((len(score), _N_BINS))
    for number, members in enumerate(np.array_split(np.argsort(score, kind="stable"), _N_BINS)):
        bins[members, number] = 1
    gaps = weights @ (bins * (score - right)[:, None])
    return np.asarray(np.abs(gaps).sum(axis=1) / weights.sum(axis=1))


def estimate(rounds: Rounds) -> Estimate:
    """The figure of the first round, with the interval that the others give."""
    low, high = np.percentile(rounds[1:], [2.5, 97.5])
    return Estimate(float(rounds[0]), float(low), float(high))


def wilson_low(n: int, of: int, z: float = 1.645) -> float:
    """The lower end of Wilson's interval for a share of n in `of`, one-sided 95% by default; 0 where `of` is 0.

    Source: Wilson (1927), Journal of the American Statistical Association 22(158), 209-212.
    """
    if of == 0:
        return 0.0
    share = n / of
    centre = share + z * z / (2 * of)
    spread = z * float(np.sqrt(share * (1 - share) / of + z * z / (4 * of * of)))
    return max(0.0, float((centre - spread) / (1 + z * z / of)))


def wilson(n: int, of: int, z: float = 1.96) -> Estimate:
    """A share of n in `of` with Wilson's two-sided interval, 95% by default; not defined where `of` is 0."""
    if of == 0:
        return Estimate(float("nan"), float("nan"), float("nan"))
    return Estimate(n / of, wilson_low(n, of, z), 1 - wilson_low(of - n, of, z))


def exact_low(n: int, of: int, confidence: float = 0.95) -> float:
    """The one-sided exact binomial lower bound of a share of n in `of`; 0 where n is 0.

    Source: Clopper and Pearson (1934), Biometrika 26(4), 404-413.
    """
    return float(betaincinv(n, of - n + 1, 1 - confidence)) if n else 0.0


def exact_interval(n: int, of: int, confidence: float = 0.95) -> Estimate:
    """A share of n in `of` with its two-sided exact binomial interval; 0 to 1 where `of` is 0."""
    if of == 0:
        return Estimate(0.0, 0.0, 1.0)
    one_sided = (1 + confidence) / 2
    return Estimate(n / of, exact_low(n, of, one_sided), 1 - exact_low(of - n, of, one_sided))
