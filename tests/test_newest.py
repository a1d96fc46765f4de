"""Shortlists promise what they hold on the newest narratives."""

import datetime as dt

import numpy as np
import pytest
from scipy import sparse

from codesuggest.rank import AxisChain, AxisScores, CodeRanker
from codesuggest.train import date_of
from codesuggest.train.newest import LEAST, newest, promise_on_newest

N_CODES = 6
START = dt.date(2026, 1, 1)


@pytest.mark.parametrize(
    ("details", "date"),
    [
        ({"reported": "2026-03-14", "occurred": "2026-03-01"}, dt.date(2026, 3, 14)),
        ({"Occurred ": " 2026-03-01T09:30"}, dt.date(2026, 3, 1)),
        ({"reported": "soon", "date": "2026-02-03"}, dt.date(2026, 2, 3)),
        ({"reported": "14/03/2026"}, None),
        ({}, None),
    ],
)
def test_a_narrative_is_as_old_as_its_row_says(details: dict[str, str], date: dt.date | None) -> None:
    assert date_of(details) == date


def test_the_newest_quarter_is_taken_with_all_of_its_first_day() -> None:
    days = [START + dt.timedelta(days) for days in (5, 0, 3, 1, 2, 4, 4, 4)]
    assert newest(days).tolist() == [True, False, False, False, False, True, True, True]
    assert not newest([*days, None]).any()
    assert len(newest([])) == 0


def incidents(n: int, says: float, seed: int) -> tuple[sparse.csr_array, np.ndarray]:
    """Narratives of one word in four about their code; it is the right one with a probability of `says`."""
    rng = np.random.default_rng(seed)
    code, told = rng.integers(N_CODES, size=n), rng.integers(N_CODES, size=n)
    told = np.where(rng.random(n) < says, code, told)
    words = np.zeros((n, 4 * N_CODES), dtype=np.float32)
    words[np.arange(n), told] = words[np.arange(n), rng.integers(N_CODES, 4 * N_CODES, size=n)] = 1
    return sparse.csr_array(words), np.eye(N_CODES, dtype=bool)[code]


def trained(is_new: np.ndarray, weight: np.ndarray | None = None) -> tuple[CodeRanker, np.ndarray]:
    """A ranker of 1,200 narratives that say less of their code from the 900th on; and who of 4,000 more like the
    last is covered at 0.9."""
    parts = [incidents(900, 0.95, 0), incidents(300, 0.6, 1)]
    columns = sparse.csr_array(sparse.vstack([words for words, _ in parts]))
    truth, n = np.vstack([codes for _, codes in parts]), 1200
    groups = np.arange(n, dtype=np.int32)
    ranker = CodeRanker().fit(columns, truth, groups, weight=weight)
    axes = {"kind": AxisScores(True, ranker.unseen_.astype(float), truth, np.arange(n), weight)}
    chain = AxisChain()
    ranker.settle(chain.fit_transform(axes, groups)["kind"], truth, groups, weight)
    evidence = {"kind": (columns[:0], truth[:0])}
    promise_on_newest({"kind": ranker}, chain, axes, (columns, evidence), is_new)
    words, codes = incidents(4000, 0.6, 2)
    listed = chain.transform({"kind": ranker.predict_proba(words)})["kind"] >= ranker.thresholds(0.9)
    return ranker, (listed & codes).any(axis=1)


def test_shortlists_hold_the_right_code_as_often_as_asked_after_narratives_changed() -> None:
    changed = np.arange(1200) >= 900
    assert trained(np.zeros(1200, dtype=bool))[1].mean() < 0.8
    assert 0.89 < trained(changed)[1].mean() < 0.96


def test_what_shortlists_are_read_off_had_not_been_seen_and_ranks_stay() -> None:
    changed = np.arange(1200) >= 900
    (plain, _), (promising, _) = trained(np.zeros(1200, dtype=bool)), trained(changed)
    words, _ = incidents(50, 0.9, 3)
    np.testing.assert_array_equal(plain.predict_proba(words), promising.predict_proba(words))
    assert promising.later_ is not None
    assert promising.later_.shape == (300, N_CODES)


def test_too_few_newest_or_none_that_count_in_full_leave_the_promise_to_all() -> None:
    few = np.arange(1200) >= 1200 - LEAST + 1
    assert trained(few)[0].later_ is None
    accepted = np.where(np.arange(1200) >= 900, 0.25, 1.0)
    assert trained(np.arange(1200) >= 900, accepted)[0].later_ is None
