"""Rankers: calibrated, one distribution an axis of one code, independent probabilities on an axis of many."""

import numpy as np
import pytest
from scipy import sparse
from scipy.special import softmax
from sklearn.base import clone

from codesuggest.rank import CodeRanker, LexicalFeatures, rank_columns
from codesuggest.rank.pool import best_threshold, fit_exclusive, pool_exclusive
from codesuggest.similarity import near_duplicate_groups

THEMES = {
    0: "wrong patient called wristband identity",
    1: "injector contrast cannula leaked arm",
    2: "request duplicate cancelled",
}


def narratives(n: int = 120, seed: int = 0) -> tuple[list[str], np.ndarray]:
    rng = np.random.default_rng(seed)
    themes = rng.integers(0, 3, n)
    texts = [
        " ".join(rng.permutation([*THEMES[t].split(), *rng.choice(["ward", "film", "told", "noted"], 3)]))
        for t in themes
    ]
    return texts, np.eye(4, dtype=bool)[themes]


def columns(texts: list[str]) -> sparse.csr_array:
    lexical = LexicalFeatures().fit(narratives()[0]).transform(texts)
    return rank_columns(np.zeros((len(texts), 0), dtype=np.float32), lexical)


def test_exclusive_scores_are_a_distribution_and_rank_the_right_code_first() -> None:
    texts, truth = narratives()
    ranker = CodeRanker(n_dense=0, n_folds=3).fit(columns(texts), truth)
    unseen, right = narratives(60, seed=1)
    scores = ranker.predict_proba(columns(unseen))
    assert scores.shape == (60, 4)
    assert np.allclose(scores.sum(axis=1), 1)
    assert (scores.argmax(axis=1) == right.argmax(axis=1)).mean() > 0.95


def test_a_code_never_seen_is_ranked_last_but_not_impossible() -> None:
    texts, truth = narratives()
    scores = CodeRanker().fit(columns(texts), truth).predict_proba(columns(texts))
    assert (scores.argmin(axis=1) == 3).mean() > 0.9
    assert (scores[:, 3] > 0).all()


def test_many_codes_have_independent_scores() -> None:
    texts, truth = narratives()
    both = truth.copy()
    both[:, 3] = truth[:, 0]
    scores = CodeRanker(exclusive=False).fit(columns(texts), both).predict_proba(columns(texts))
    rows = truth[:, 0]
    assert scores[rows][:, [0, 3]].mean() > 0.7
    assert scores[~rows][:, [0, 3]].mean() < 0.2


def test_fitting_twice_gives_the_same_scores() -> None:
    texts, truth = narratives()
    first = CodeRanker().fit(columns(texts), truth)
    again = clone(first).fit(columns(texts), truth)
    assert np.array_equal(first.predict_proba(columns(texts)), again.predict_proba(columns(texts)))


def test_codes_that_text_cannot_tell_apart_get_low_scores() -> None:
    texts, _ = narratives(200)
    noise = np.eye(4, dtype=bool)[np.random.default_rng(3).integers(0, 4, 200)]
    scores = CodeRanker().fit(columns(texts), noise).predict_proba(columns(narratives(50, seed=9)[0]))
    assert scores.max() < 0.5


def test_pool_recovers_the_weights_that_made_the_data() -> None:
    rng = np.random.default_rng(0)
    views = rng.normal(size=(5000, 5, 2))
    weights = np.array([2.0, 0.5])
    chosen = [rng.choice(5, p=p) for p in softmax(views @ weights, axis=1)]
    found = fit_exclusive(views, np.eye(5, dtype=bool)[chosen], np.zeros(2))
    assert found == pytest.approx(weights, abs=0.1)
    assert np.allclose(pool_exclusive(views, found).sum(axis=1), 1)


def test_near_duplicates_share_a_group() -> None:
    vectors = np.array([[1, 0], [0.999, 0.0447], [0, 1]], dtype=np.float32)
    groups = near_duplicate_groups(vectors)
    assert groups[0] == groups[1] != groups[2]


def test_threshold_is_the_one_with_the_best_f1() -> None:
    scores = np.array([[0.45, 0.1], [0.4, 0.2], [0.3, 0.05]])
    truth = np.array([[1, 0], [1, 0], [0, 0]], dtype=bool)
    assert best_threshold(scores, truth) == 0.4
