"""One axis's codes ranked, with calibrated scores, from both kinds of features.

Four views of every code are pooled: a linear support vector machine on the lexical features, a logistic regression on
the embedding, the codes of the most similar coded narratives, and how often each code occurs. The two linear models
weigh a code's few narratives up against the many others, so that rare codes are heard; the last view sets that right.
"""

from collections.abc import Callable, Iterator
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits

from codesuggest.domain import Embeddings, Scores
from codesuggest.rank.pool import (
    Truth,
    Views,
    best_threshold,
    fit_exclusive,
    fit_independent,
    pool_exclusive,
    pool_independent,
)
from codesuggest.similarity import nearest

_UNSEEN = -2.0
"""A support vector machine's margin for a code that no training narrative has: well outside."""

Coefficients = npt.NDArray[np.float32]


class CodeRanker(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Ranks the codes of one axis.

    exclusive      True: one code a narrative, scores add up to 1. False: each code's probability on its own.
    n_dense        how many leading columns of X are the embedding; the others are lexical features.
    lexical_c, embedding_c  inverse strength of regularisation of the two linear models.
    n_neighbours   similar narratives that have a vote.
    n_folds        parts that the training narratives are cut into to learn the pool's weights on unseen text.
    n_jobs         threads.

    After fitting, `threshold_` is the score at which a code would be given without a person, on an axis of many.
    """

    def __init__(  # noqa: PLR0913  scikit-learn wants every parameter here
        self,
        *,
        exclusive: bool = True,
        n_dense: int = 0,
        lexical_c: float = 0.15,
        embedding_c: float = 10.0,
        n_neighbours: int = 15,
        n_folds: int = 3,
        n_jobs: int | None = None,
        random_state: int = 0,
    ) -> None:
        self.exclusive = exclusive
        self.n_dense = n_dense
        self.lexical_c = lexical_c
        self.embedding_c = embedding_c
        self.n_neighbours = n_neighbours
        self.n_folds = n_folds
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: sparse.csr_array, y: Truth, groups: npt.NDArray[np.int32] | None = None) -> Self:  # noqa: N803
        """Learn from n coded narratives.

        X       shape (n, n_dense + n_lexical).
        y       shape (n, n_codes), which codes each narrative was given; a code may be absent throughout.
        groups  shape (n,): narratives of one group, such as near-duplicates, stay in one fold.
        """
        truth = np.asarray(y, dtype=bool)
        groups = np.arange(len(truth), dtype=np.int32) if groups is None else groups
        unseen = np.zeros((*truth.shape, 4))
        for train, test in self._folds(groups):
            self._fit_views(X[train], truth[train])
            unseen[test] = self._views(X[test])
        if self.exclusive:
            self.weights_ = fit_exclusive(unseen, truth)
            self.threshold_ = 0.0
        else:
            self.weights_ = fit_independent(unseen, truth)
            self.threshold_ = best_threshold(pool_independent(unseen, self.weights_), truth)
        return self._fit_views(X, truth)

    def predict_proba(self, X: sparse.csr_array) -> Scores:  # noqa: N803
        """Calibrated scores, shape (n, n_codes)."""
        pool = pool_exclusive if self.exclusive else pool_independent
        return pool(self._views(X), self.weights_)

    def _folds(self, groups: npt.NDArray[np.int32]) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
        n_folds = min(self.n_folds, len(np.unique(groups)))
        if n_folds < 2:
            everything = np.arange(len(groups))
            yield everything, everything
            return
        folds = GroupKFold(n_splits=n_folds, shuffle=True, random_state=self.random_state)
        yield from folds.split(groups, groups=groups)

    def _fit_views(self, X: sparse.csr_array, truth: Truth) -> Self:  # noqa: N803
        dense, lexical = self._halves(X)
        n = len(truth)
        self.log_prior_ = np.log(truth.mean(axis=0) + 0.5 / n)
        self.lexical_ = self._linear_models(lexical, truth, self._svm, np.full(truth.shape[1], _UNSEEN))
        self.embedding_ = self._linear_models(dense, truth, self._logistic, self.log_prior_)
        self.neighbours_ = dense
        self.neighbours_codes_ = truth
        return self

    def _views(self, X: sparse.csr_array) -> Views:  # noqa: N803
        dense, lexical = self._halves(X)
        prior = np.broadcast_to(self.log_prior_, (X.shape[0], len(self.log_prior_)))
        return np.stack(
            [_decide(lexical, self.lexical_), _decide(dense, self.embedding_), self._votes(dense), prior],
            axis=2,
        )

    def _votes(self, dense: Embeddings) -> npt.NDArray[np.float64]:
        """The logarithm of each code's share of the neighbours' votes, shape (n, n_codes), drawn to the prior."""
        prior = np.exp(self.log_prior_)
        votes = np.empty((len(dense), len(prior)))
        for rows, found, similarity in nearest(dense, self.neighbours_, self.n_neighbours):
            weight = np.maximum(similarity, 0) ** 4 + 1e-9
            share = np.einsum("nk,nkc->nc", weight, self.neighbours_codes_[found]) / weight.sum(axis=1, keepdims=True)
            votes[rows] = np.log(0.95 * share + 0.05 * prior + 1e-4)
        return votes

    def _halves(self, X: sparse.csr_array) -> tuple[Embeddings, sparse.csr_array]:  # noqa: N803
        X = sparse.csr_array(X)  # noqa: N806
        dense = np.asarray(X[:, : self.n_dense].toarray(), dtype=np.float32)
        return dense, X[:, self.n_dense :]

    def _svm(self, given: npt.NDArray[np.bool_]) -> LinearSVC:
        weights = {True: float(np.sqrt((~given).sum() / given.sum())), False: 1.0}
        return LinearSVC(C=self.lexical_c, class_weight=weights, tol=0.05, random_state=self.random_state)

    def _logistic(self, given: npt.NDArray[np.bool_]) -> LogisticRegression:
        del given
        return LogisticRegression(C=self.embedding_c, class_weight="balanced", max_iter=300, tol=1e-3)

    def _linear_models(
        self, features: Any, truth: Truth, make: Callable[[npt.NDArray[np.bool_]], Any], unseen: npt.NDArray[np.float64]
    ) -> Coefficients:
        """One linear model a code, as rows of coefficients with the intercept last, shape (n_codes, n_features + 1)."""

        wide = features.astype(np.float64)  # what the solvers work in; converted here once

        def fit_one(column: int) -> Coefficients:
            given = truth[:, column]
            row = np.zeros(features.shape[1] + 1, dtype=np.float32)
            if features.shape[1] == 0 or given.all() or not given.any():
                row[-1] = unseen[column] if not given.any() else -unseen[column]
                return row
            model = make(given).fit(wide, given)
            row[:-1], row[-1] = model.coef_[0], model.intercept_[0]
            return row

        with threadpool_limits(1, "blas"):  # threads within threads would only wait for each other
            rows = Parallel(n_jobs=self.n_jobs, prefer="threads")(delayed(fit_one)(i) for i in range(truth.shape[1]))
        return np.stack(list(rows))


def _decide(features: Any, coefficients: Coefficients) -> npt.NDArray[np.float64]:
    return np.asarray(features @ coefficients[:, :-1].T + coefficients[:, -1], dtype=np.float64)
