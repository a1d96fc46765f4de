"""Rankers: calibrated, one distribution an axis of one code, independent probabilities on an axis of many."""

import numpy as np
import pytest
from scipy import sparse
from scipy.special import softmax
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator

from codesuggest.rank import CodeRanker, LexicalFeatures, rank_columns
from codesuggest.rank.linear import decide, prototypes
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


@pytest.mark.parametrize(
    ("estimator", "not_meant"),
    [
        (CodeRanker(n_folds=2), set()),
        (CodeRanker(n_folds=2, exclusive=False), {"check_classifiers_train"}),  # wants scores that add up to 1
    ],
)
def test_a_ranker_passes_scikit_learns_checks(estimator: CodeRanker, not_meant: set[str]) -> None:
    results = check_estimator(estimator, on_fail=None, on_skip=None)
    assert {r["check_name"] for r in results if r["status"] == "failed"} == not_meant
    assert len(results) > 50


def test_the_features_declare_that_they_take_strings_and_work_in_a_pipeline() -> None:
    """scikit-learn has checks for arrays only, and skips what takes strings."""
    texts, truth = narratives()
    assert get_tags(LexicalFeatures()).input_tags.string
    pipeline = make_pipeline(LexicalFeatures(), CodeRanker()).fit(texts, truth.argmax(axis=1))
    assert pipeline.score(*labelled(60, seed=1)) > 0.95
    assert pipeline.get_params()["lexicalfeatures__min_texts"] == 2


def labelled(n: int, seed: int) -> tuple[list[str], np.ndarray]:
    texts, truth = narratives(n, seed)
    return texts, truth.argmax(axis=1)


def test_a_code_that_no_narrative_has_is_found_by_what_the_taxonomy_says_of_it() -> None:
    texts, truth = narratives()
    described = columns(["projectile magnet implant pacemaker"])
    lexical = LexicalFeatures().fit([*texts, "projectile magnet implant pacemaker"])

    def with_words(of: list[str]) -> sparse.csr_array:
        return rank_columns(np.zeros((len(of), 0), dtype=np.float32), lexical.transform(of))

    described = with_words(["projectile magnet implant pacemaker"])
    evidence = (described, np.array([[False, False, False, True]]))
    ranker = CodeRanker().fit(with_words(texts), truth, evidence=evidence)
    assert ranker.predict_proba(with_words(["pacemaker not declared, magnet"])).argmax() == 3


def test_with_no_narrative_at_all_codes_are_ranked_by_what_the_taxonomy_says_of_them() -> None:
    described = list(THEMES.values())
    evidence = (columns(described), np.eye(3, dtype=bool))
    nothing = columns(["x"])[:0]
    ranker = CodeRanker().fit(nothing, np.zeros((0, 3), dtype=bool), evidence=evidence)
    texts, truth = narratives(60, seed=1)
    scores = ranker.predict_proba(columns(texts))
    assert (scores.argmax(axis=1) == truth.argmax(axis=1)).mean() > 0.9
    assert (ranker.thresholds(0.9) == 0).all()


def test_what_the_words_add_explains_the_difference_between_texts() -> None:
    texts, truth = narratives()
    features = LexicalFeatures().fit(texts)
    ranker = CodeRanker().fit(columns(texts), truth)
    words = ["injector", "noted", "ward"]
    scores = ranker.predict_proba(columns([" ".join(words)]))[0]
    parts = rank_columns(np.zeros((3, 0), dtype=np.float32), features.parts([" ".join(words)], words))
    assert ranker.added(parts, scores)[:, 1].argmax() == 0


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


def test_a_prototype_points_from_the_mean_of_all_to_the_codes_own() -> None:
    codes = [0, 0, 0, 0, 1, 1, 1, 1, 1, 2]
    vectors, truth = np.eye(4, dtype=np.float32)[codes], np.eye(4, dtype=bool)[codes]
    found = decide(np.eye(4, dtype=np.float32), prototypes(vectors, truth))
    assert found.argmax(axis=1)[:3].tolist() == [0, 1, 2]
    assert (found[:, 3] == 0).all()


def test_a_prototype_of_many_narratives_says_more() -> None:
    vectors, truth = np.eye(2, dtype=np.float32)[[0, 1, 1]], np.eye(2, dtype=bool)[[0, 1, 1]]
    few = decide(vectors[:1], prototypes(vectors, truth))
    many = decide(vectors[:1], prototypes(np.tile(vectors, (50, 1)), np.tile(truth, (50, 1))))
    assert many[0, 0] > few[0, 0] > 0
