"""Automatic thresholds: the promised precision holds, with the promised confidence."""

import numpy as np
import pytest

from codesuggest.metrics import exact_interval, exact_low
from codesuggest.rank.automatic import TARGETS, automatic_rules, safe_threshold, sureness


def test_the_exact_bound_is_clopper_and_pearsons() -> None:
    # 59 right of 59: 0.95 ** 59 = 0.0485, the smallest all-right sample that shows 95% with 95% confidence.
    assert exact_low(59, 59) >= 0.95 > exact_low(58, 58)
    interval = exact_interval(8, 10)  # 0.4439 and 0.9748: Clopper and Pearson's own example of the method
    assert (round(interval.low, 4), round(interval.high, 4)) == (0.4439, 0.9748)
    assert exact_interval(0, 0).high == 1


def drawn(rng: np.random.Generator, n: int, power: float) -> tuple[np.ndarray, np.ndarray]:
    """Sureness uniform on [0, 1], right with probability sureness ** power: over-confident where power is over 1."""
    sure = rng.random(n)
    return sure, rng.random(n) < sure**power


@pytest.mark.parametrize(("n", "target", "power"), [(400, 0.9, 0.3), (1600, 0.9, 1.0), (1500, 0.95, 0.2)])
def test_in_at_most_one_draw_of_twenty_does_the_threshold_miss_its_target(n: int, target: float, power: float) -> None:
    rng = np.random.default_rng(1)
    n_draws, missed, found = 600, 0, 0
    for _ in range(n_draws):
        threshold = safe_threshold(*drawn(rng, n, power), target)
        if np.isfinite(threshold) or threshold == -np.inf:
            low = max(threshold, 0.0)
            precision = (1 - low ** (power + 1)) / ((power + 1) * (1 - low))  # mean of s ** power over [low, 1]
            missed += precision < target
            found += 1
    assert found > n_draws / 2, "a guarantee that is never given would be empty"
    assert missed / n_draws <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / n_draws)


def test_wrong_codes_among_the_very_surest_do_not_end_the_search() -> None:
    # Coders disagree as often on what the model finds plain: 93 in 100 are right down to a sureness of a half.
    rng = np.random.default_rng(1)
    shares = []
    for _ in range(100):
        sure = rng.random(20_000)
        right = rng.random(20_000) < np.where(sure > 0.5, 0.93, 0.93 * sure)
        shares.append(np.mean(sure > safe_threshold(sure, right, 0.9)))
    assert np.median(shares) > 0.4


def test_no_threshold_is_better_than_one_that_cannot_be_vouched_for() -> None:
    rng = np.random.default_rng(0)
    assert safe_threshold(rng.random(500), rng.random(500) < 0.5, 0.95) == np.inf
    assert safe_threshold(np.ones(58), np.ones(58, dtype=bool), 0.95) == np.inf
    assert safe_threshold(rng.random(59), np.ones(59, dtype=bool), 0.95) == -np.inf


def test_equal_scores_stay_together() -> None:
    sure = np.repeat([0.9, 0.5], 500)
    right = np.append(np.ones(500, dtype=bool), np.arange(500) % 2 == 0)
    assert safe_threshold(sure, right, 0.95) == 0.5


def test_on_an_axis_of_many_codes_sureness_is_that_of_the_whole_set() -> None:
    scores = np.array([[0.9, 0.2]])
    assert sureness(scores, np.array([[True, False]]), exclusive=False) == pytest.approx([0.72])
    assert sureness(scores, np.array([[True, False]]), exclusive=True) == pytest.approx([0.9])


def test_near_duplicates_count_once() -> None:
    scores, truth = np.tile([0.99, 0.01], (600, 1)), np.tile([True, False], (600, 1))
    alone, together = np.arange(600, dtype=np.int32), np.zeros(600, dtype=np.int32)
    rules = automatic_rules(scores, truth, groups=alone, exclusive=True, threshold=0)
    assert [(rule.target, rule.n_automatic) for rule in rules] == [(target, 600) for target in TARGETS]
    rules = automatic_rules(scores, truth, groups=together, exclusive=True, threshold=0)
    assert [(rule.threshold, rule.n) for rule in rules] == [(np.inf, 1)] * 3


def test_a_set_with_a_code_missing_is_not_right() -> None:
    scores, truth = np.tile([0.99, 0.01], (600, 1)), np.tile([True, True], (600, 1))
    (rule, *_) = automatic_rules(scores, truth, exclusive=False, threshold=0.5, groups=np.arange(600, dtype=np.int32))
    assert (rule.threshold, rule.n_automatic) == (np.inf, 0)
