"""How several views of the same codes become one calibrated probability.

Each view gives every code a number on a logarithmic scale. They are added with one weight a view, learnt on narratives
that the views had not seen, by maximum likelihood: a logarithmic opinion pool. Few weights, so few rows suffice;
and since the likelihood is a proper score, the result is calibrated as well as ranked. The fewer the narratives, the
nearer the weights stay to `FIRST`, which is what they are when there is none.

Source: Genest and Zidek (1986), Statistical Science 1(1), 114-135.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax

from codesuggest.domain import Scores, Truth
from codesuggest.rank.linear import RowWeights

Views = npt.NDArray[np.float64]
"""Shape (n, n_codes, n_views)."""

Weights = npt.NDArray[np.float64]
Loss = Callable[[Weights], tuple[float, Weights]]

_SHRINKAGE = 2.0
"""How many narratives' likelihood a weight's squared distance from its first value is worth."""


def fit_exclusive(views: Views, truth: Truth, first: Weights, counts: RowWeights | None = None) -> Weights:
    """Weights, shape (n_views,), none negative, for an axis of one code.

    counts  shape (n,), how much each narrative counts; None: all alike.
    """
    target = truth / np.maximum(truth.sum(axis=1, keepdims=True), 1)
    each = np.ones((len(truth), 1)) if counts is None else counts[:, None]

    def loss(weights: Weights) -> tuple[float, Weights]:
        log_scores = log_softmax(views @ weights, axis=1)
        slope = -np.einsum("nc,ncv->v", each * (target - np.exp(log_scores)), views)
        away = weights - first
        return (
            -(each * target * log_scores).sum() + _SHRINKAGE * away @ away,
            slope + 2 * _SHRINKAGE * away,
        )

    return _minimise(loss, first, n_positive=views.shape[2])


def fit_independent(views: Views, truth: Truth, first: Weights, counts: RowWeights | None = None) -> Weights:
    """Weights and an offset, shape (n_views + 1,), for an axis of many codes; `counts` as for `fit_exclusive`."""
    widened = _with_offset(views)
    each = np.ones((len(truth), 1)) if counts is None else counts[:, None]

    def loss(weights: Weights) -> tuple[float, Weights]:
        logits = widened @ weights
        value = (each * np.logaddexp(0, np.where(truth, -logits, logits))).sum()
        slope = np.einsum("nc,ncv->v", each * (expit(logits) - truth), widened)
        away = weights - first
        return value + _SHRINKAGE * away @ away, slope + 2 * _SHRINKAGE * away

    return _minimise(loss, first, n_positive=views.shape[2])


def pool_exclusive(views: Views, weights: Weights) -> Scores:
    """A distribution over the codes, shape (n, n_codes); each row adds up to 1."""
    return np.asarray(softmax(views @ weights, axis=1), dtype=np.float64)


def pool_independent(views: Views, weights: Weights) -> Scores:
    """A probability for each code on its own, shape (n, n_codes)."""
    return np.asarray(expit(_with_offset(views) @ weights), dtype=np.float64)


def best_threshold(scores: npt.NDArray[np.floating], truth: Truth) -> float:
    """The score from which on giving codes has the best micro F1; `scores` are of narratives not trained on."""
    if not truth.any():
        return 0.5
    order = np.argsort(-scores, axis=None)
    hits = np.cumsum(truth.ravel()[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + truth.sum())
    return float(np.clip(scores.ravel()[order[f1.argmax()]], 0.1, 0.5))


def _with_offset(views: Views) -> Views:
    return np.concatenate([views, np.ones((*views.shape[:2], 1))], axis=2)


def _minimise(loss: Loss, first: Weights, *, n_positive: int) -> Weights:
    bounds = [(0.0, None)] * n_positive + [(None, None)] * (len(first) - n_positive)
    return np.asarray(minimize(loss, first, jac=True, method="L-BFGS-B", bounds=bounds).x, dtype=np.float64)
