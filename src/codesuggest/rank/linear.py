"""One linear model a code, kept as a matrix of coefficients."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from codesuggest.domain import Embeddings, Truth

Coefficients = npt.NDArray[np.float32]
"""Shape (n_codes, n_features + 1), the intercept last."""

RowWeights = npt.NDArray[np.float64]
"""Shape (n,), above 0: how much each narrative counts."""

Make = Callable[[npt.NDArray[np.bool_]], Any]
"""An unfitted model for a code, given which narratives have it."""

_SHRUNK_AS = 3.0
"""A prototype is drawn to the mean of all as if so many narratives more had the code."""

_SHORTEST, _STEEPNESS = 0.05, 5.0
"""Arrows much longer than the first are brought to the second's length: the scale of the other views."""


def fit_linear(
    features: Any,
    truth: Truth,
    make: Make,
    *,
    absent: npt.NDArray[np.float64],
    weight: RowWeights | None,
    n_jobs: int | None,
) -> Coefficients:
    """Coefficients of one binary linear model a code.

    features  shape (n, n_features), sparse or dense.
    absent    shape (n_codes,), what to answer for a code that no narrative has; its opposite where every one has it.
    weight    shape (n,), how much each narrative counts; None: all alike.
    """
    wide = features.astype(np.float64)  # what the solvers work in; converted here once

    def fit_one(column: int) -> Coefficients:
        given = truth[:, column]
        row = np.zeros(features.shape[1] + 1, dtype=np.float32)
        if features.shape[1] == 0 or given.all() or not given.any():
            row[-1] = absent[column] if not given.any() else -absent[column]
            return row
        model = make(given).fit(wide, given, sample_weight=weight)
        row[:-1], row[-1] = model.coef_[0], model.intercept_[0]
        return row

    with threadpool_limits(1, "blas"):  # threads within threads would only wait for each other
        rows = Parallel(n_jobs=n_jobs, prefer="threads")(delayed(fit_one)(i) for i in range(truth.shape[1]))
    return np.stack(list(rows))


def prototypes(vectors: Embeddings, truth: Truth, *, weight: RowWeights | None = None) -> Coefficients:
    """How far each code's mean vector lies from the mean of all, as linear models: nearest to the mean wins.

    vectors  shape (n, dim), each of length 1. A code of few narratives has a shorter arrow.
    weight   shape (n,), how much each row counts; all alike where it is not given.

    Source: Tibshirani, Hastie, Narasimhan and Chu (2002), PNAS 99(10), 6567-6572 (shrunken centroids).
    """
    centre = vectors.mean(axis=0) if len(vectors) else np.zeros(vectors.shape[1])
    counts = truth.T.astype(np.float64) if weight is None else truth.T * weight
    arrows = counts @ (vectors - centre) / (counts.sum(axis=1, keepdims=True) + _SHRUNK_AS)
    arrows *= _STEEPNESS / (np.linalg.norm(arrows, axis=1, keepdims=True) + _SHORTEST)
    return np.hstack([arrows, -(arrows @ centre)[:, None]]).astype(np.float32)


def decide(features: Any, coefficients: Coefficients) -> npt.NDArray[np.float64]:
    """The models' answers, shape (n, n_codes)."""
    return np.asarray(features @ coefficients[:, :-1].T + coefficients[:, -1], dtype=np.float64)
