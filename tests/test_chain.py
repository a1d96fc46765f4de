"""What the codes of other axes say of an axis."""

import numpy as np
import numpy.typing as npt
import pytest

from codesuggest.rank import AxisChain, AxisScores

MEANT, DONE = "intended_modality", "performed_modality"


def flat(n: int, n_codes: int) -> npt.NDArray[np.float64]:
    """Scores of a ranker that knows nothing."""
    return np.full((n, n_codes), 1 / n_codes)


def told(truth: npt.NDArray[np.bool_], sureness: float) -> npt.NDArray[np.float64]:
    """Scores of a ranker that is right, and as sure as said."""
    return np.where(truth, sureness, (1 - sureness) / (truth.shape[1] - 1))


def one_hot(codes: npt.NDArray[np.int64], n_codes: int) -> npt.NDArray[np.bool_]:
    return np.asarray(codes[:, None] == np.arange(n_codes))


@pytest.fixture
def pair() -> dict[str, AxisScores]:
    """What was meant, well read; and what was done, which is always the same but of which the text says nothing."""
    codes = np.random.default_rng(0).integers(0, 3, 120)
    truth, rows = one_hot(codes, 3), np.arange(120)
    return {
        MEANT: AxisScores(True, told(truth, 0.8), truth, rows),
        DONE: AxisScores(True, flat(120, 3), truth, rows),
    }


def test_an_axis_that_the_text_says_nothing_of_follows_the_one_it_goes_with(pair: dict[str, AxisScores]) -> None:
    chain = AxisChain().fit(pair, np.arange(120, dtype=np.int32))
    new = one_hot(np.array([0, 1, 2]), 3)
    scores = chain.transform({MEANT: told(new, 0.8), DONE: flat(3, 3)})
    assert scores[DONE].argmax(axis=1).tolist() == [0, 1, 2]
    assert np.allclose(scores[DONE].sum(axis=1), 1)


def test_axes_that_have_nothing_to_do_with_each_other_stay_as_they_are() -> None:
    random = np.random.default_rng(1)
    first, second = (one_hot(random.integers(0, 4, 4000), 4) for _ in range(2))
    noisy = told(first, 0.7)
    axes = {
        "first": AxisScores(True, noisy, first, np.arange(4000)),
        "second": AxisScores(True, flat(4000, 4), second, np.arange(4000)),
    }
    chain = AxisChain().fit(axes, np.arange(4000, dtype=np.int32))
    scores = chain.transform({"first": noisy[:50], "second": flat(50, 4)})
    assert np.allclose(scores["second"], 0.25, atol=0.02)


def test_with_nothing_coded_every_axis_stays_as_it_is() -> None:
    none = np.zeros((0, 3), dtype=bool)
    rows = np.zeros(0, dtype=np.intp)
    axes = {name: AxisScores(True, none.astype(float), none, rows) for name in (MEANT, DONE)}
    chain = AxisChain().fit(axes, np.zeros(0, dtype=np.int32))
    alone = {MEANT: np.array([[0.6, 0.3, 0.1]]), DONE: np.array([[0.2, 0.2, 0.6]])}
    weighed = chain.transform(alone)
    assert all(np.allclose(weighed[axis], alone[axis]) for axis in alone)


def test_an_axis_of_many_codes_lends_and_borrows(pair: dict[str, AxisScores]) -> None:
    truth = pair[MEANT].given
    both = np.hstack([truth, np.ones((120, 1), dtype=bool)])
    axes = {MEANT: pair[MEANT], "pathway": AxisScores(False, np.full((120, 4), 0.4), both, np.arange(120))}
    chain = AxisChain().fit(axes, np.arange(120, dtype=np.int32))
    new = one_hot(np.array([2]), 3)
    scores = chain.transform({MEANT: told(new, 0.9), "pathway": np.full((1, 4), 0.4)})["pathway"][0]
    assert scores[2] > max(scores[0], scores[1])
    assert scores[3] > 0.5


def test_scores_of_training_come_from_links_that_had_not_seen_them() -> None:
    """Codes drawn apart from each other, and so many that every pair is a coincidence: leaking links would shine."""
    random = np.random.default_rng(2)
    first, second = (one_hot(random.integers(0, 40, 80), 40) for _ in range(2))
    axes = {
        "first": AxisScores(True, told(first, 0.99), first, np.arange(80)),
        "second": AxisScores(True, flat(80, 40), second, np.arange(80)),
    }
    unseen = AxisChain().fit_transform(axes, np.arange(80, dtype=np.int32))["second"]
    assert unseen[second].mean() < 0.05


def test_narratives_not_coded_on_an_axis_teach_nothing_of_it(pair: dict[str, AxisScores]) -> None:
    wrong = np.roll(pair[DONE].given, 1, axis=1)
    given = np.vstack([pair[DONE].given[:60], wrong[60:]])
    half = AxisScores(True, pair[DONE].unseen, given, np.arange(60))
    chain = AxisChain().fit({MEANT: pair[MEANT], DONE: half}, np.arange(120, dtype=np.int32))
    new = one_hot(np.array([0, 1, 2]), 3)
    assert chain.transform({MEANT: told(new, 0.8), DONE: flat(3, 3)})[DONE].argmax(axis=1).tolist() == [0, 1, 2]


def test_scores_that_are_too_sure_where_they_are_high_are_set_right() -> None:
    random = np.random.default_rng(3)
    logits = 2 * random.normal(size=(8000, 6))
    claimed = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    deserved = np.exp(1.1 * np.log(claimed) - 2 * claimed)
    deserved /= deserved.sum(axis=1, keepdims=True)
    drawn = [random.choice(6, p=row) for row in deserved]
    truth, rows = one_hot(np.array(drawn), 6), np.arange(8000)
    chain = AxisChain().fit({"only": AxisScores(True, claimed, truth, rows)}, rows.astype(np.int32))
    scores = chain.transform({"only": claimed})["only"]
    right = truth[rows, claimed.argmax(axis=1)]
    best = scores.max(axis=1)
    apart = [abs(best[some].mean() - right[some].mean()) for some in np.array_split(np.argsort(best), 10)]
    assert np.mean(apart) < 0.02
    assert np.array_equal(scores.argmax(axis=1), claimed.argmax(axis=1))


def test_no_weights_of_an_axis_on_itself_change_its_order() -> None:
    random = np.random.default_rng(4)
    scores = random.dirichlet(np.full(5, 0.3), size=500)
    chain = AxisChain().fit(
        {"only": AxisScores(True, scores[:0], scores[:0] > 0, np.zeros(0, dtype=np.intp))}, np.zeros(0, dtype=np.int32)
    )
    for weights in ((0.0, 0.0, 5.0), (0.1, 3.0, 9.0), (4.0, 0.2, 0.0)):
        chain.weights_["only"] = np.array([*weights, 0.0])
        weighed = chain.transform({"only": scores})["only"]
        assert np.array_equal(weighed.argmax(axis=1), scores.argmax(axis=1)), weights
