"""How suspect each coding of an axis is, and how many of them are wrong at most, learnt from codings swapped at random.

The codings as they are stand beside the same codings with one code swapped at random, several times over. What tells
the two apart says how suspect a coding is; how far the two overlap says how many are wrong: codings as suspicious as
most swapped ones can hardly be more than errors, so that their share bounds the share of errors in all. It is a bound
and no estimate: right codings that no model can see to be right count in it. Planting errors cannot tell the two apart,
for it raises the bound by what was planted whichever they were; only a second coder can.

Source: Blanchard, Lee and Scott (2010), Semi-Supervised Novelty Detection, Journal of Machine Learning Research 11,
2973-3009; as there, the bound is taken where its upper confidence limit is least.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from codesuggest.domain import Scores, Truth
from codesuggest.metrics import Estimate, wilson

Values = npt.NDArray[np.float64]

_SWAPS = 5
_LEVELS = np.linspace(0.05, 0.95, 19)
_Z_LIMIT = 2.6
"""Of the confidence limit by which a bound is chosen, 99%: few codings at a level do not decide by luck."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Of the n codings of an axis.

    level   shape (n,): how much more a coding looks like a swapped one than like one as given, a logarithm of odds.
    p_slip  shape (n,): the probability that it is wrong in the way that swapped ones are, at most.
    wrong   the share of wrong codings, at most, with the interval of the bound.
    """

    level: Values
    p_slip: Values
    wrong: Estimate


def suspicion(scores: Scores, near: Scores, truth: Truth, *, exclusive: bool) -> Suspicion:
    """How suspect every coding is.

    scores  shape (n, n_codes): the probability of each code by a model that had not seen the narrative.
    near    shape (n, n_codes): the share of the most similar narratives that have each code.
    truth   shape (n, n_codes): the codes given.
    """
    evidence = _Evidence(scores, near, truth, exclusive=exclusive)
    as_given = evidence.against(truth)
    swapped = np.vstack([evidence.against(_swapped(truth, seed)) for seed in range(_SWAPS)])
    is_swapped = np.repeat([0, 1], [_SWAPS * len(as_given), len(swapped)])
    judge = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    judge.fit(np.vstack([*[as_given] * _SWAPS, swapped]), is_swapped)
    level, of_swapped = judge.decision_function(as_given), judge.decision_function(swapped)
    wrong = _share_wrong(level, of_swapped)
    return Suspicion(level, np.minimum(1.0, wrong.value * _times_as_many(level, of_swapped)), wrong)


class _Evidence:
    """What the model and the neighbours say of any codings of the same narratives."""

    def __init__(self, scores: Scores, near: Scores, truth: Truth, *, exclusive: bool) -> None:
        bounded, prior = np.clip(scores, 1e-6, 1 - 1e-6), truth.mean(axis=0)
        self._scores, self._near, self._exclusive = scores, near, exclusive
        self._log, self._log_not = np.log(bounded), np.log1p(-bounded)
        self._log_near = np.log(0.95 * near + 0.05 * prior + 1e-4)
        self._log_prior = np.broadcast_to(np.log(prior + 1e-4), truth.shape)

    def against(self, truth: Truth) -> Values:
        """What speaks against codings, shape (n, 8): their loss, then the weakest code given and the best other."""

        def given(values: Values) -> Values:
            return np.asarray(np.where(truth, values, np.inf).min(axis=1))

        def other(values: Values) -> Values:
            return np.asarray(np.where(truth, -np.inf, values).max(axis=1))

        logits = self._log - self._log_not
        loss = -(self._log * truth + self._log_not * (~truth & (not self._exclusive))).sum(axis=1)
        return np.column_stack(
            [
                loss,
                -given(logits),
                other(logits) - given(logits),
                other(self._scores) - given(self._scores),
                -given(self._log_near),
                other(self._log_near) - given(self._log_near),
                -given(self._near),
                given(self._log_prior),
            ]
        )


def _swapped(truth: Truth, seed: int) -> Truth:
    """The codings with one code of each swapped for one that was not given, both at random."""
    rng = np.random.default_rng(seed)
    swapped = truth.copy()
    rows = np.flatnonzero(~truth.all(axis=1))
    noise = rng.uniform(size=truth.shape)
    swapped[rows, np.where(truth, noise, -1).argmax(axis=1)[rows]] = False
    swapped[rows, np.where(truth, -1, noise).argmax(axis=1)[rows]] = True
    return swapped


def _share_wrong(level: Values, of_swapped: Values) -> Estimate:
    """The share of wrong codings: of codings to swapped ones as suspicious, where that is known to be least."""
    bounds = []
    for at in np.quantile(of_swapped, _LEVELS):
        n, beside = int((level >= at).sum()), float((of_swapped >= at).mean())
        share, limit = wilson(n, len(level)), wilson(n, len(level), _Z_LIMIT).high
        bounds.append((limit / beside, Estimate(share.value / beside, share.low / beside, share.high / beside)))
    return min(bounds, key=lambda bound: bound[0])[1]


def _times_as_many(level: Values, of_swapped: Values) -> Values:
    """How many swapped codings there are for each one as given, at the suspicion of each, shape (n,): never falling."""
    both = np.concatenate([level, of_swapped])
    is_swapped = np.repeat([0.0, 1.0], [len(level), len(of_swapped)])
    weight = np.repeat([1.0, len(level) / len(of_swapped)], [len(level), len(of_swapped)])
    share = IsotonicRegression().fit(both, is_swapped, sample_weight=weight).predict(level)
    return np.asarray(share / np.maximum(1 - share, 1e-9))
