"""How several views of the same codes become one calibrated probability.

Each view gives every code a number on a logarithmic scale. They are added with one weight a view, learnt on narratives
that the views had not seen, by maximum likelihood: a logarithmic opinion pool. Few weights, so few rows suffice;
and since the likelihood is a proper score, the result is calibrated as well as ranked.

Source: Genest and Zidek (1986), Statistical Science 1(1), 114-135.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax

from codesuggest.domain import Scores

Views = npt.NDArray[np.float64]
"""Shape (n, n_codes, n_views)."""

Truth = npt.NDArray[np.bool_]
"""Shape (n, n_codes): which codes each narrative was given."""

Weights = npt.NDArray[np.float64]
Loss = Callable[[Weights], tuple[float, Weights]]


def fit_exclusive(views: Views, truth: Truth, *, shrinkage: float = 1e-3) -> npt.NDArray[np.float64]:
    """Weights, shape (n_views,), none negative, for an axis of one code."""
    target = truth / np.maximum(truth.sum(axis=1, keepdims=True), 1)

    def loss(weights: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        log_scores = log_softmax(views @ weights, axis=1)
        slope = -np.einsum("nc,ncv->v", target - np.exp(log_scores), views) / len(views)
        value = -(target * log_scores).sum() / len(views)
        return value + shrinkage * weights @ weights, slope + 2 * shrinkage * weights

    return _minimise(loss, views.shape[2])


def fit_independent(views: Views, truth: Truth, *, shrinkage: float = 1e-4) -> npt.NDArray[np.float64]:
    """Weights and an offset, shape (n_views + 1,), for an axis of many codes."""
    widened = _with_offset(views)

    def loss(weights: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        logits = widened @ weights
        value = np.logaddexp(0, np.where(truth, -logits, logits)).mean()
        slope = np.einsum("nc,ncv->v", expit(logits) - truth, widened) / logits.size
        return value + shrinkage * weights @ weights, slope + 2 * shrinkage * weights

    return _minimise(loss, views.shape[2], offset=True)


def pool_exclusive(views: Views, weights: npt.NDArray[np.float64]) -> Scores:
    """A distribution over the codes, shape (n, n_codes); each row adds up to 1."""
    return np.asarray(softmax(views @ weights, axis=1), dtype=np.float64)


def pool_independent(views: Views, weights: npt.NDArray[np.float64]) -> Scores:
    """A probability for each code on its own, shape (n, n_codes)."""
    return np.asarray(expit(_with_offset(views) @ weights), dtype=np.float64)


def best_threshold(scores: Scores, truth: Truth) -> float:
    """The score from which on giving codes has the best micro F1; `scores` are of narratives not trained on."""
    order = np.argsort(-scores, axis=None)
    hits = np.cumsum(truth.ravel()[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + truth.sum())
    return float(np.clip(scores.ravel()[order[f1.argmax()]], 0.1, 0.5))


def _with_offset(views: Views) -> Views:
    return np.concatenate([views, np.ones((*views.shape[:2], 1))], axis=2)


def _minimise(loss: Loss, n_views: int, *, offset: bool = False) -> npt.NDArray[np.float64]:
    bounds: list[tuple[float | None, float | None]] = [(0.0, None)] * n_views
    start = np.full(n_views + offset, 0.5)
    found = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds + [(None, None)] * offset,
    )
    return np.asarray(found.x, dtype=np.float64)
