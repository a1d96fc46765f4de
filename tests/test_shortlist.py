"""Conformal shortlists: the coverage asked for is the coverage had, on new data from the same source."""

import numpy as np
import pytest
from scipy.special import softmax

from codesuggest.rank.shortlist import (
    MIN_OF_A_CODE,
    exclusive_thresholds,
    independent_thresholds,
)


def exclusive(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores that are badly calibrated on purpose (three times too sure), and the truth; the last code is hard."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, 6)) * 2
    chosen = np.array([rng.choice(6, p=p) for p in softmax(logits - [0, 0, 0, 0, 0, 1], axis=1)])
    return softmax(3 * logits - [0, 0, 0, 0, 0, 3], axis=1), np.eye(6, dtype=bool)[chosen]


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_shortlists_hold_the_right_code_as_often_as_asked_whatever_the_scores(coverage: float) -> None:
    covered = []
    for seed in range(20):
        thresholds = exclusive_thresholds(*exclusive(500, seed), coverage)
        scores, truth = exclusive(2000, seed + 100)
        covered.append(((scores >= thresholds) & truth).any(axis=1).mean())
    assert coverage - 0.01 <= np.mean(covered) <= coverage + 0.04


def test_a_code_with_enough_narratives_is_covered_on_its_own() -> None:
    scores, truth = exclusive(4000, 1)
    thresholds = exclusive_thresholds(scores, truth, 0.9)
    new_scores, new_truth = exclusive(4000, 2)
    hard = new_truth[:, 5]
    assert truth[:, 5].sum() >= MIN_OF_A_CODE
    assert (new_scores[hard, 5] >= thresholds[5]).mean() >= 0.86
    shared = thresholds.max()
    assert (new_scores[hard, 5] >= shared).mean() < 0.86


def test_the_share_of_right_codes_missed_is_controlled_where_many_apply() -> None:
    missed = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        scores = rng.beta(1, 4, size=(2500, 8))
        truth = rng.random((2500, 8)) < scores
        thresholds = independent_thresholds(scores[:500], truth[:500], 0.9)
        coded = truth[500:].any(axis=1)
        found = ((scores[500:] >= thresholds) & truth[500:]).sum(axis=1)[coded] / truth[500:].sum(axis=1)[coded]
        missed.append(1 - found.mean())
    assert 0.07 <= np.mean(missed) <= 0.105


def test_too_few_narratives_vouch_for_nothing_so_every_code_is_on_the_list() -> None:
    scores, truth = exclusive(5, 0)
    assert (exclusive_thresholds(scores, truth, 0.9) == 0).all()
    assert (independent_thresholds(scores, truth, 0.9) == 0).all()
    assert (exclusive_thresholds(scores[:0], truth[:0], 0.9) == 0).all()


def test_newest_narratives_say_how_high_all_may_be_and_all_narratives_what_a_code_needs() -> None:
    scores, truth = exclusive(4000, 1)
    harder = np.where(truth, scores / 20, scores)
    thresholds = exclusive_thresholds(scores, truth, 0.9, (harder[:1500], truth[:1500]))
    listed = (harder[1500:] >= thresholds) & truth[1500:]
    assert 0.87 <= listed.any(axis=1).mean() <= 0.93
    assert ((harder[1500:] >= exclusive_thresholds(scores, truth, 0.9)) & truth[1500:]).any(axis=1).mean() < 0.8
    same = exclusive_thresholds(scores, truth, 0.9, (scores, truth))
    np.testing.assert_array_equal(same, exclusive_thresholds(scores, truth, 0.9))
    easier = np.where(truth, 1.0, scores)
    assert exclusive_thresholds(scores, truth, 0.9, (easier[:1500], truth[:1500]))[5] <= same[5]
