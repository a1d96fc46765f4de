"""Metrics against figures worked out by hand."""

import numpy as np
import pytest

from codesuggest.metrics import decisions, estimate, measure, per_narrative, ranks, resampled, resamples

SCORES = np.array([[0.7, 0.2, 0.1, 0.0], [0.1, 0.6, 0.2, 0.1], [0.3, 0.3, 0.2, 0.2]])
TRUTH = np.array([[1, 0, 0, 0], [0, 0, 1, 1], [0, 1, 0, 0]], dtype=bool)


def test_ranks_start_at_one_and_ties_keep_the_codes_order() -> None:
    assert ranks(SCORES).tolist() == [[1, 2, 3, 4], [3, 1, 2, 4], [1, 2, 3, 4]]


def test_figures_of_each_narrative() -> None:
    figures = per_narrative(SCORES, TRUTH)
    assert figures["hit@1"].tolist() == [1, 0, 0]
    assert figures["recall@3"].tolist() == [1, 0.5, 1]
    assert figures["recall@5"].tolist() == [1, 1, 1]
    assert figures["mean_rank"].tolist() == [1, 2, 2]
    assert figures["reciprocal_rank"].tolist() == [1, 0.5, 0.5]
    # row 2: (1/log2(3) + 1/log2(5)) / (1 + 1/log2(3)); row 3: 1/log2(3)
    assert figures["ndcg@5"] == pytest.approx([1, (0.63093 + 0.43068) / 1.63093, 0.63093], abs=1e-4)


def test_f1_of_decisions() -> None:
    figures = measure(SCORES, TRUTH, decisions(SCORES, exclusive=True), n_rounds=50)
    # decided: 0, 1, 0; right: 0, {2,3}, 1. Code 0: tp 1, fp 1 -> 2/3; codes 1, 2, 3: 0.
    assert figures["macro_f1"].value == pytest.approx((2 / 3) / 4)
    assert figures["micro_f1"].value == pytest.approx(2 * 1 / (3 + 4))


def test_an_axis_of_many_decides_at_one_half_and_at_least_one_where_needed() -> None:
    scores = np.array([[0.6, 0.5, 0.1], [0.2, 0.3, 0.1]])
    assert decisions(scores, exclusive=False).tolist() == [[True, True, False], [False, True, False]]
    assert decisions(scores, exclusive=False, needs_one=False).tolist() == [[True, True, False], [False] * 3]


def test_ece_of_a_calibrated_ranking_is_small_and_of_an_overconfident_one_its_gap() -> None:
    rng = np.random.default_rng(0)
    score = rng.uniform(0.5, 1, 20_000)
    scores = np.column_stack([score, 1 - score])
    right = rng.uniform(size=20_000) < score
    truth = np.column_stack([right, ~right])
    assert measure(scores, truth, truth, n_rounds=20)["ece"].value < 0.015
    coin = np.column_stack([np.full(20_000, 0.9), np.full(20_000, 0.1)])
    half = rng.uniform(size=20_000) < 0.5
    assert measure(coin, np.column_stack([half, ~half]), truth, n_rounds=20)["ece"].value == pytest.approx(
        0.4, abs=0.02
    )


def test_intervals_hold_the_value_and_narrow_with_more_narratives() -> None:
    rng = np.random.default_rng(1)

    def width(n: int) -> float:
        truth = np.eye(4, dtype=bool)[rng.integers(0, 4, n)]
        figure = measure(rng.uniform(size=(n, 4)), truth, truth, n_rounds=300)["hit@1"]
        assert figure.low <= figure.value <= figure.high
        return figure.high - figure.low

    assert width(100) > 2 * width(2000)


def test_a_paired_difference_is_narrower_than_the_figures_it_is_of() -> None:
    rng = np.random.default_rng(2)
    truth = np.eye(4, dtype=bool)[rng.integers(0, 4, 300)]
    one = rng.uniform(size=(300, 4)) + truth * 0.3
    other = one + rng.uniform(size=(300, 4)) * 0.01  # nearly the same ranking
    weights = resamples(300, n_rounds=200)
    first, second = (resampled(scores, truth, truth, weights)["reciprocal_rank"] for scores in (one, other))
    alone, difference = estimate(first), estimate(first - second)
    assert difference.high - difference.low < (alone.high - alone.low) / 4


def test_a_right_code_that_is_ranked_third_has_a_reciprocal_rank_of_a_third() -> None:
    truth = np.array([[0, 0, 1, 0]], dtype=bool)
    assert per_narrative(SCORES[:1], truth)["reciprocal_rank"].tolist() == [1 / 3]
