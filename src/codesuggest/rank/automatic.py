"""From which score on a code may be given without a person: thresholds with a stated precision and confidence.

The narratives are those that the model had not seen. Their sureness is sorted, and ever lower thresholds are tested in
an order fixed without looking at the right codes: each asks whether the exact binomial lower bound of the share right
among the narratives above it reaches the target. The chance of an error is shared between a few starting points; a test
that passes hands its share to the next, one that fails loses it, so that a few wrong codes among the very surest do not
end the search. The chance that the chosen threshold misses the target is at most 1 - confidence, however many were
tested. Given the score of rank m + 1, the m narratives above are independent draws from all that lie above it; that is
what makes the bound exact.

Sources: Clopper and Pearson (1934), Biometrika 26(4), 404-413; Angelopoulos, Bates, Candès, Jordan and Lei (2021),
Learn then Test, arXiv 2110.01052, section 2 (fixed sequence testing); Wiens (2003), Pharmaceutical Statistics 2(3),
211-215 (the fallback procedure).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from codesuggest.domain import Scores, Truth
from codesuggest.metrics import decisions, exact_low

TARGETS = (0.90, 0.95, 0.99)
"""The precisions that every model keeps a threshold for."""

CONFIDENCE = 0.95

Sureness = npt.NDArray[np.float64]
"""Shape (n,): how likely it is that everything given on an axis is right and complete."""

Right = npt.NDArray[np.bool_]
"""Shape (n,): whether everything given was right and complete."""

_GROWTH = 1.1
_STARTS_WITH_ERRORS = 2
_STARTS_APART = 4


@dataclass(frozen=True, slots=True)
class AutomaticRule:
    """When one axis may be coded without a person.

    threshold    sureness above which it may; infinite where the target could not be vouched for.
    n            unseen narratives it was chosen on; `n_automatic` of them lie above it, `n_right` of those were right.
    """

    target: float
    threshold: float
    n: int
    n_automatic: int
    n_right: int


def sureness(scores: Scores, given: Truth, *, exclusive: bool) -> Sureness:
    """How likely the codes given are exactly the right ones: the score on an axis of one code; else the product over
    all codes of the score of each that is given and the complement of each that is not.

    scores, given  shape (n, n_codes).
    """
    if exclusive:
        return np.asarray((scores * given).sum(axis=1))
    return np.asarray(np.where(given, scores, 1 - scores).prod(axis=1))


def automatic_rules(
    scores: Scores, truth: Truth, groups: npt.NDArray[np.int32], *, exclusive: bool, threshold: float
) -> tuple[AutomaticRule, ...]:
    """One rule a target of TARGETS, from scores of narratives that the model had not seen.

    scores, truth  shape (n, n_codes).
    threshold      the score from which on a code is given, on an axis of many.
    groups         shape (n,): of near-duplicates only the first counts, as they are no independent evidence.
    """
    rows = np.sort(np.unique(groups, return_index=True)[1])
    scores, truth = scores[rows], truth[rows]
    needs_one = bool(truth.any(axis=1).all())
    given = decisions(scores, exclusive=exclusive, needs_one=needs_one, threshold=threshold)
    right: Right = np.asarray((truth & given).any(axis=1) if exclusive else (truth == given).all(axis=1))
    sure = sureness(scores, given, exclusive=exclusive)
    return tuple(_rule(sure, right, target) for target in TARGETS)


def safe_threshold(sure: Sureness, right: Right, target: float, confidence: float = CONFIDENCE) -> float:
    """The lowest sureness above which the share right is at least `target`, with `confidence`; infinite if none is.

    sure, right  shape (n,), of narratives that are independent of each other and that the model had not seen.
    """
    order = np.argsort(-sure, kind="stable")
    levels = np.append(sure[order], -np.inf)
    hits = np.cumsum(right[order])
    found, handed_on = np.inf, 0.0
    for size, share in _tests(len(sure), target, 1 - confidence):
        risk = handed_on + share
        above = int(np.count_nonzero(sure > levels[size]))
        if above and risk:
            passes = exact_low(int(hits[above - 1]), above, 1 - risk) >= target
            found = float(levels[size]) if passes else found
            handed_on = risk if passes else 0.0
        else:
            handed_on = risk
    return found


def _rule(sure: Sureness, right: Right, target: float) -> AutomaticRule:
    threshold = safe_threshold(sure, right, target)
    above = sure > threshold
    return AutomaticRule(target, threshold, len(sure), int(above.sum()), int(right[above].sum()))


def _tests(n: int, target: float, risk: float) -> Iterator[tuple[int, float]]:
    """How many of the surest narratives each test takes in, and the share of the risk that starts there.

    Depends on nothing that the right codes say. The first start is the smallest that would pass with two wrong, or with
    fewer where that is over a third of n: one unlucky narrative cannot fail it. Each other is four times the last.
    """
    n_starts = 1
    while smallest_sample(_STARTS_WITH_ERRORS, target, 1 - risk) * _STARTS_APART**n_starts < n:
        n_starts += 1
    smallest = [smallest_sample(errors, target, 1 - risk / n_starts) for errors in range(_STARTS_WITH_ERRORS, -1, -1)]
    first = next((start for start in smallest if start <= n / 3), smallest[-1])
    if first > n:
        return
    starts = {min(first * _STARTS_APART**number, n) for number in range(n_starts)}
    sizes, size = {n, *starts}, first
    while size < n:
        sizes.add(size)
        size = max(size + 1, int(size * _GROWTH))
    yield from ((size, risk / n_starts if size in starts else 0.0) for size in sorted(sizes))


@cache
def smallest_sample(errors: int, target: float, confidence: float = CONFIDENCE) -> int:
    """The smallest number of narratives that may hold `errors` wrong ones and still reach the target."""
    n = errors + 1
    while exact_low(n - errors, n, confidence) < target:
        n += 1
    return n
