"""What the other axes of an incident say of an axis: an examination meant as CT was seldom performed as mammography.

Every axis is ranked on its own first. Then each code is weighed by how much more often than elsewhere it went with the
codes that the other axes were given, each as likely as its score says. No order of the axes is needed, and nothing is
certain before it is confirmed. How far the others are listened to is learnt on narratives that no ranker had seen.

On an axis of one code the axis's own scores are set right at the same time: how far the surest, the unsure and the
highest are to be trusted are three weights. Whatever these are, they never change the order of its codes.

Source: Read, Pfahringer, Holmes and Frank (2011), Machine Learning 85, 333-359 (classifier chains; here one round of
all on all, with a naive Bayes link).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.model_selection import GroupKFold

from codesuggest.domain import Scores, Truth
from codesuggest.rank.linear import RowWeights
from codesuggest.rank.pool import Views, fit_exclusive, fit_independent, pool_exclusive, pool_independent

_FIRST_EXCLUSIVE = np.array([1.0, 1.0, 0.0, 0.2])
_FIRST_INDEPENDENT = np.array([1.0, 0.2, 0.0])
"""Weights of the axis itself (where sure, where unsure, of high scores) and of the others before any narrative speaks;
of an axis of many, of itself, of the others, and the offset."""

_DRAWN_AS = 5.0
"""How often two codes fall together is drawn to chance as if the first had been given so many times more."""

_LEAST = 1e-6

Lifts = npt.NDArray[np.float64]
"""Shape (n_other_codes, n_codes): how many times likelier than by itself a code is where another was given."""


@dataclass(frozen=True, slots=True)
class AxisScores:
    """One axis of n narratives: scores by models that had not seen them, the codes given, and who was coded at all.

    unseen, given  shape (n, n_codes).
    coded          rows, in order.
    weight         shape (n_coded,), how much each coded narrative counts; all alike where it is not given.
    """

    exclusive: bool
    unseen: Scores
    given: Truth
    coded: npt.NDArray[np.intp]
    weight: RowWeights | None = None

    def weights(self) -> RowWeights:
        """How much each of all n narratives counts; 0 where it was not coded."""
        weights = np.zeros(len(self.given))
        weights[self.coded] = 1.0 if self.weight is None else self.weight
        return weights


class AxisChain(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Weighs the scores of every axis by those of the others."""

    def __init__(self, *, n_folds: int = 3, random_state: int = 0) -> None:
        self.n_folds = n_folds
        self.random_state = random_state

    def fit(self, axes: Mapping[str, AxisScores], groups: npt.NDArray[np.int32]) -> Self:
        """Learn the links between the axes of n narratives; groups, shape (n,), stay in one fold."""
        self.fit_transform(axes, groups)
        return self

    def fit_transform(self, axes: Mapping[str, AxisScores], groups: npt.NDArray[np.int32]) -> dict[str, Scores]:
        """The same, and each axis's weighed scores of its coded narratives, from links that had not seen them."""
        self.exclusive_ = {axis: of.exclusive for axis, of in axes.items()}
        self.lifts_: dict[str, dict[str, Lifts]] = {}
        self.weights_: dict[str, npt.NDArray[np.float64]] = {}
        weighed = {}
        unseen = {axis: of.unseen for axis, of in axes.items()}
        for axis, of in axes.items():
            first = _FIRST_EXCLUSIVE if of.exclusive else _FIRST_INDEPENDENT
            views = np.zeros((*of.unseen.shape, 4 if of.exclusive else 2))
            for train, test in self._folds(groups):
                self.lifts_[axis] = _all_lifts(axis, axes, train)
                views[test] = self._views(axis, {name: scores[test] for name, scores in unseen.items()})
            views = views[of.coded]
            fit = fit_exclusive if of.exclusive else fit_independent
            self.weights_[axis] = fit(views, of.given[of.coded], first, of.weight)
            weighed[axis] = self._pool(axis, views)
            self.lifts_[axis] = _all_lifts(axis, axes, np.arange(len(groups)))
        return weighed

    def transform(self, scores: Mapping[str, Scores]) -> dict[str, Scores]:
        """The scores of every axis, shape (n, n_codes) each, weighed by the others."""
        return {axis: self._pool(axis, self._views(axis, scores)) for axis in scores}

    def _views(self, axis: str, scores: Mapping[str, Scores]) -> Views:
        """The axis's own scores, and last what the others say of its codes, shape (n, n_codes, n_views)."""
        own = np.clip(scores[axis], _LEAST, 1 - _LEAST)
        heard = np.zeros_like(own)
        for other, lifts in self.lifts_[axis].items():
            share = scores[other]
            if not self.exclusive_[other]:
                share = share / np.maximum(share.sum(axis=1, keepdims=True), 1.0)
            left = np.maximum(1 - share.sum(axis=1, keepdims=True), 0)
            heard += np.log(np.maximum(share @ lifts + left, _LEAST))
        views = _exclusive_views(own) if self.exclusive_[axis] else [np.log(own / (1 - own))]
        return np.stack([*views, heard], axis=2)

    def _pool(self, axis: str, views: Views) -> Scores:
        return (pool_exclusive if self.exclusive_[axis] else pool_independent)(views, self.weights_[axis])

    def _folds(self, groups: npt.NDArray[np.int32]) -> Any:
        n_folds = min(self.n_folds, len(np.unique(groups)))
        if n_folds < 2:
            everything = np.arange(len(groups))
            return [(everything[:0], everything)]
        folds = GroupKFold(n_splits=n_folds, shuffle=True, random_state=self.random_state)
        return folds.split(groups, groups=groups)


def _exclusive_views(own: Scores) -> list[Scores]:
    """Three views of scores that add up to 1, each higher where the score is: its logarithm by how sure the best is,
    and by how unsure; and one that falls behind the logarithm the higher the score, for rankers that are too sure.

    The last rises up to a half, and of two scores that add up to at most 1 the higher has the higher view beyond.
    """
    logarithm, best = np.log(own), own.max(axis=1, keepdims=True)
    return [logarithm * best, logarithm * (1 - best), logarithm / 2 - own]


def _all_lifts(axis: str, axes: Mapping[str, AxisScores], rows: npt.NDArray[np.intp]) -> dict[str, Lifts]:
    return {other: _lifts(axes[other], axes[axis], rows) for other in axes if other != axis}


def _lifts(other: AxisScores, this: AxisScores, rows: npt.NDArray[np.intp]) -> Lifts:
    """From the narratives among `rows` that are coded on both axes; each counts as it does on this one."""
    rows = np.intersect1d(np.intersect1d(rows, other.coded), this.coded)
    weights, second = this.weights()[rows], this.given[rows].astype(np.float64)
    first = other.given[rows] * weights[:, None]
    alone = (weights @ second + 0.5) / (weights.sum() + 1)
    drawn = (first.T @ second + _DRAWN_AS * alone) / (first.sum(axis=0)[:, None] + _DRAWN_AS)
    return np.asarray(drawn / alone, dtype=np.float64)
