"""One axis's codes ranked, with calibrated scores, from both kinds of features.

Five views of every code are pooled: a linear support vector machine on the lexical features, a logistic regression on
the embedding, the codes of the most similar coded narratives, the nearness of the code's mean embedding, and how often
each code occurs. The two linear models weigh a code's few narratives up against the many others, so that rare codes are
heard; the last view sets that right.

What the taxonomy says of a code counts as narratives that were given that code. With no coded narrative they are all
there is; with thousands they hardly weigh, except for the codes that still have few.
"""

from collections.abc import Iterator
from copy import copy
from dataclasses import astuple
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.svm import LinearSVC
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from codesuggest.domain import Embeddings, Scores, Truth
from codesuggest.rank.automatic import TARGETS, AutomaticRule, automatic_rules
from codesuggest.rank.linear import RowWeights, decide, fit_linear, prototypes
from codesuggest.rank.pool import (
    Views,
    best_threshold,
    fit_exclusive,
    fit_independent,
    pool_exclusive,
    pool_independent,
)
from codesuggest.rank.shortlist import Thresholds, exclusive_thresholds, independent_thresholds
from codesuggest.similarity import nearest

_UNSEEN = -2.0
"""A support vector machine's margin for a code that no training narrative has: well outside."""

_FIRST_EXCLUSIVE = (1.6, 0.3, 0.5, 0.3, 0.3)
_FIRST_INDEPENDENT = (*_FIRST_EXCLUSIVE, 0.0)
"""Weights of the pool before any narrative speaks: of the five views in this order (and the offset)."""

Evidence = tuple[sparse.csr_array, Truth]
"""Texts that describe codes: features of shape (m, n_features), and which code each describes, (m, n_codes)."""


class CodeRanker(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Ranks the codes of one axis.

    exclusive      True: one code a narrative, scores add up to 1. False: each code's probability on its own.
    n_dense        how many leading columns of X are the embedding; the others are lexical features.
    lexical_c, embedding_c  inverse strength of regularisation of the two linear models.
    n_neighbours   similar narratives that have a vote.
    n_folds        parts that the training narratives are cut into to learn the pool's weights on unseen text.
    n_jobs         threads. The support vector machines have one only: their solver draws from one generator a process,
                   and threads that share it would make another model each time.

    After fitting, `threshold_` is the score at which a code would be given without a person, on an axis of many;
    `unseen_`, shape (n, n_codes), are the scores of the training narratives by models that had not seen them;
    `automatic_` holds the rules under which the whole axis may be coded without a person, one row a target.
    """

    neighbours_weight_: RowWeights | None = None
    """Shape (n + m,), how much each remembered narrative's vote counts; None: all alike."""

    later_: Scores | None = None
    later_codes_: Truth | None = None
    """What shortlists promise by in place of `unseen_`, both shape (n_later, n_codes); see `promise`."""

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

    def fit(
        self,
        X: sparse.csr_array,  # noqa: N803
        y: npt.NDArray[Any],
        groups: npt.NDArray[np.int32] | None = None,
        evidence: Evidence | None = None,
        weight: RowWeights | None = None,
    ) -> Self:
        """Learn from n coded narratives; n may be 0 where there is evidence.

        X         shape (n, n_dense + n_lexical).
        y         shape (n, n_codes), bool: which codes each narrative was given; a code may be absent throughout;
                  or shape (n,), one label a narrative.
        groups    shape (n,): narratives of one group, such as near-duplicates, stay in one fold.
        evidence  texts that describe codes.
        weight    shape (n,), above 0: how much each narrative counts. Those under 1 are not trusted to set the
                  thresholds of shortlists and of automatic coding.
        """
        X = validate_data(  # noqa: N806
            self, X, accept_sparse="csr", dtype=np.float32, ensure_min_samples=0 if evidence else 1
        )
        truth = self._truth(X, y)
        evidence = evidence or (X[:0], truth[:0])
        groups = np.arange(len(truth), dtype=np.int32) if groups is None else groups
        views = np.zeros((*truth.shape, len(_FIRST_EXCLUSIVE)))
        for train, test in self._folds(groups):
            self._fit_views(X[train], truth[train], evidence, None if weight is None else weight[train])
            views[test] = self._views(X[test])
        if self.exclusive:
            self.weights_ = fit_exclusive(views, truth, np.array(_FIRST_EXCLUSIVE), weight)
        else:
            self.weights_ = fit_independent(views, truth, np.array(_FIRST_INDEPENDENT), weight)
        return self._fit_views(X, truth, evidence, weight).settle(self._pool(views), truth, groups, weight)

    def settle(
        self, unseen: Scores, truth: Truth, groups: npt.NDArray[np.int32], weight: RowWeights | None = None
    ) -> Self:
        """Set what is read off the scores of narratives that the models had not seen, shape (n, n_codes).

        Thresholds and rules are read off those that count in full.
        """
        self.unseen_ = unseen.astype(np.float32)
        trusted = slice(None) if weight is None else weight >= 1
        right = truth[trusted]
        self.threshold_ = 0.0 if self.exclusive else best_threshold(self.unseen_[trusted], right)
        rules = automatic_rules(
            unseen[trusted], right, groups[trusted], exclusive=self.exclusive, threshold=self.threshold_
        )
        self.automatic_ = np.array([astuple(rule) for rule in rules])
        return self

    def earlier(
        self,
        X: sparse.csr_array,  # noqa: N803
        truth: Truth,
        evidence: Evidence,
        weight: RowWeights | None,
    ) -> "CodeRanker":
        """This ranker as if it had read these narratives alone; how it pools its views stays. As in `fit`."""
        return copy(self)._fit_views(X, truth, evidence, weight)

    def promise(self, scores: Scores, truth: Truth) -> Self:
        """Let shortlists promise by these narratives, shape (n_later, n_codes): those that came in last, each with the
        scores that it had before it was learnt from."""
        self.later_, self.later_codes_ = scores.astype(np.float32), truth
        return self

    def automatic_rule(self, target: float) -> AutomaticRule:
        """When this axis may be coded without a person at a precision of `target`, one of TARGETS."""
        precision, threshold, *counts = self.automatic_[TARGETS.index(target)]
        return AutomaticRule(float(precision), float(threshold), *(int(count) for count in counts))

    def predict_proba(self, X: sparse.csr_array) -> Scores:  # noqa: N803
        """Calibrated scores, shape (n, n_codes)."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float32, reset=False)  # noqa: N806
        return self._pool(self._views(X))

    def predict(self, X: sparse.csr_array) -> npt.NDArray[Any]:  # noqa: N803
        """The best-ranked code of each narrative, shape (n,); of many, which reach the threshold, (n, n_codes)."""
        scores = self.predict_proba(X)
        if self.exclusive or self.is_labelled_:
            return np.asarray(self.classes_[scores.argmax(axis=1)])
        return np.asarray(scores >= self.threshold_)

    def added(self, parts: sparse.csr_array, scores: Scores) -> npt.NDArray[np.float64]:
        """What each part of one narrative adds to each code, shape (n_parts, n_codes), on the pool's scale.

        parts   shape (n_parts, n_features), adding up to the narrative's own features.
        scores  shape (n_codes,), the narrative's. On an axis of one code what counts is to raise a code above others.
        """
        dense, lexical = self._halves(parts)
        lexical_added = np.asarray(lexical @ self.lexical_[:, :-1].T)
        by_meaning = self.weights_[1] * self.embedding_[:, :-1] + self.weights_[3] * self.prototypes_[:, :-1]
        added = self.weights_[0] * lexical_added + dense @ by_meaning.T
        return np.asarray(added - (added @ scores)[:, None] if self.exclusive else added, dtype=np.float64)

    def thresholds(self, coverage: float) -> Thresholds:
        """The score from which a code is on the shortlist, shape (n_codes,), at a coverage such as 0.9.

        On an axis of one code the shortlist then holds the right one with that probability; on an axis of many it
        holds that share of the right ones.
        """
        n, weight = len(self.unseen_), self.neighbours_weight_
        trusted = slice(None) if weight is None else weight[:n] >= 1
        unseen, truth = self.unseen_[trusted], self.neighbours_codes_[:n][trusted]
        later = None if self.later_ is None or self.later_codes_ is None else (self.later_, self.later_codes_)
        if self.exclusive:
            return exclusive_thresholds(unseen, truth, coverage, later)
        scores, right = later or (unseen, truth)
        return independent_thresholds(scores, right, coverage)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _truth(self, X: Any, y: npt.NDArray[Any]) -> Truth:  # noqa: N803
        if isinstance(y, np.ndarray) and y.ndim == 2 and y.dtype == bool:
            self.is_labelled_, self.classes_ = False, np.arange(y.shape[1])
            return y
        _, y = validate_data(self, X, y, accept_sparse="csr", reset=False)
        check_classification_targets(y)
        self.is_labelled_, self.classes_ = True, np.unique(y)
        return np.asarray(y[:, None] == self.classes_)

    def _folds(self, groups: npt.NDArray[np.int32]) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
        n_folds = min(self.n_folds, len(np.unique(groups)))
        if n_folds < 2:
            everything = np.arange(len(groups))
            yield everything[:0], everything
            return
        folds = GroupKFold(n_splits=n_folds, shuffle=True, random_state=self.random_state)
        yield from folds.split(groups, groups=groups)

    def _fit_views(
        self,
        X: sparse.csr_array,  # noqa: N803
        truth: Truth,
        evidence: Evidence,
        weight: RowWeights | None,
    ) -> Self:
        (n, n_codes), counts = truth.shape, truth if weight is None else truth * weight[:, None]
        total = n if weight is None else weight.sum()
        self.log_prior_ = np.log((counts.sum(axis=0) + 0.5) / (total + 0.5 * n_codes if self.exclusive else total + 1))
        dense, lexical = self._halves(_stacked(X, evidence[0]))
        given = np.vstack([truth, evidence[1]])
        both = None if weight is None else np.concatenate([weight, np.ones(len(evidence[1]))])
        unseen = np.full(n_codes, _UNSEEN)
        self.lexical_ = fit_linear(lexical, given, self._svm, absent=unseen, weight=both, n_jobs=1)
        self.embedding_ = fit_linear(
            dense, given, self._logistic, absent=self.log_prior_, weight=both, n_jobs=self.n_jobs
        )
        self.prototypes_ = prototypes(dense, given, weight=both)
        self.neighbours_, self.neighbours_codes_, self.neighbours_weight_ = dense, given, both
        return self

    def _pool(self, views: Views) -> Scores:
        return (pool_exclusive if self.exclusive else pool_independent)(views, self.weights_)

    def _views(self, X: sparse.csr_array) -> Views:  # noqa: N803
        dense, lexical = self._halves(X)
        prior = np.broadcast_to(self.log_prior_, (X.shape[0], len(self.log_prior_)))
        return np.stack(
            [
                decide(lexical, self.lexical_),
                decide(dense, self.embedding_),
                self._votes(dense),
                decide(dense, self.prototypes_),
                prior,
            ],
            axis=2,
        )

    def _votes(self, dense: Embeddings) -> npt.NDArray[np.float64]:
        """The logarithm of each code's share of the neighbours' votes, shape (n, n_codes), drawn to the prior."""
        prior = np.exp(self.log_prior_)
        votes = np.empty((len(dense), len(prior)))
        for rows, found, similarity in nearest(dense, self.neighbours_, self.n_neighbours):
            weight = np.maximum(similarity, 0) ** 4 + 1e-9
            if self.neighbours_weight_ is not None:
                weight = weight * self.neighbours_weight_[found]
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


def _stacked(X: sparse.csr_array, more: sparse.csr_array) -> sparse.csr_array:  # noqa: N803
    return sparse.csr_array(sparse.vstack([sparse.csr_array(X), more], format="csr"))
