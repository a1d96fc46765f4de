"""Agreement statistics against published and hand-worked examples, and against other people's implementations."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

import krippendorff
import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from codesuggest.agreement import Bootstrap, CodeSet, Ratings, agreement, exact, jaccard, masi, mean_of, tree
from codesuggest.agreement.statistics import Agreement

DATA = Path(__file__).parents[2] / "shared" / "data" / "aiid_coders" / "coders_long.csv"

# The reliability data that Krippendorff's textbook and Gwet's irrCAC (cac.raw4raters) both work through: four
# coders, twelve units, some codings missing. Figures: irrCAC 1.0, vignette "Calculating chance-corrected agreement
# coefficients"; the ordinal alpha: Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, example C and on.
FOUR_CODERS = ("123321412...", "1233224125..", ".33323422513", "1233244125 1.".replace(" ", ""))


def sets(*codings: str) -> list[CodeSet]:
    return [frozenset(coding) for coding in codings]


def rated(coders: Iterable[Iterable[str]]) -> Ratings:
    """Ratings of one string of codes a coder, one letter an incident; a dot is a missing coding."""
    return Ratings.of(
        (str(i), str(c), frozenset(code))
        for c, codes in enumerate(coders)
        for i, code in enumerate(codes)
        if code != "."
    )


def of(*coders: str, n_rounds: int = 200) -> Agreement:
    return agreement(rated(coders), bootstrap=Bootstrap(n_rounds))


@pytest.mark.parametrize(
    ("figure", "published"), [("percent", 0.8181818), ("kappa", 0.76282), ("ac1", 0.77544), ("alpha", 0.74342)]
)
def test_four_coders_with_missing_codings_as_published(figure: str, published: float) -> None:
    assert getattr(of(*FOUR_CODERS), figure).value == pytest.approx(published, abs=5e-6)


def test_ordinal_alpha_of_the_same_data_as_published() -> None:
    ratings = rated(FOUR_CODERS)
    order = np.array([float(next(iter(value))) for value in ratings.values])
    assert agreement(ratings, order=order).partial["ordinal"].value == pytest.approx(0.815, abs=5e-4)


def test_kappa_and_ac1_of_three_abstractors_as_published() -> None:
    # irrCAC's cont3x3abstractors: kappa 0.7964094; Scott's pi, which alpha nears with n, 0.7962397
    table = {("e", "e"): 13, ("a", "a"): 20, ("a", "n"): 7, ("n", "a"): 4, ("n", "n"): 56}
    first = "".join(a * n for (a, _), n in table.items())
    second = "".join(b * n for (_, b), n in table.items())
    found = of(first, second)
    assert found.kappa.value == pytest.approx(0.7964094, abs=5e-7)
    assert found.alpha.value == pytest.approx(1 - (1 - 0.7962397) * (2 * 100 - 1) / (2 * 100), abs=5e-7)
    # by hand: shares .13, .255 (20+7/2+4/2), .615; chance = sum of p(1-p) over two
    chance = sum(p * (1 - p) for p in (0.13, 0.255, 0.615)) / 2
    assert found.ac1.value == pytest.approx((0.89 - chance) / (1 - chance))


def test_kappa_of_the_well_known_two_by_two_table() -> None:
    # 50 grant proposals: 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no; kappa 0.40
    assert of("y" * 25 + "n" * 25, "y" * 20 + "n" * 5 + "y" * 10 + "n" * 15).kappa.value == pytest.approx(0.40)


def test_alpha_of_krippendorffs_binary_example() -> None:
    # Krippendorff (2011), example A: two observers, ten units, binary; alpha 0.095
    assert of("0100000010", "1110010000").alpha.value == pytest.approx(0.095, abs=0.001)


def test_likeness_of_equal_nested_crossing_and_disjoint_sets() -> None:
    values = sets("a", "ab", "bc", "d", "")
    assert jaccard(values)[0].tolist() == [1, 1 / 2, 0, 0, 0]
    assert jaccard(values)[1, 2] == 1 / 3
    # Passonneau (2006), table 1: nested 2/3 of Jaccard, crossing 1/3 of it
    assert masi(values)[0, 1] == pytest.approx(2 / 3 * 1 / 2)
    assert masi(values)[1, 2] == pytest.approx(1 / 3 * 1 / 3)
    assert masi(values)[0, 3] == 0
    assert masi(values).diagonal().tolist() == [1] * 5
    assert masi(values)[4, 0] == 0


def test_likeness_in_a_tree_is_by_shared_ancestors() -> None:
    parents = {"a": "", "a1": "a", "a2": "a", "b": "", "b1": "b"}
    values = [frozenset(v) for v in (["a1"], ["a2"], ["a"], ["b1"], ["a1", "b1"], [])]
    near = tree(values, parents)
    # Wu and Palmer: siblings under one parent 2*1/(2+2); child and parent 2*1/(2+1); other branch 0
    assert near[0].tolist() == pytest.approx([1, 1 / 2, 2 / 3, 0, (1 + 1 + 0) / 3, 0])
    assert near[1, 4] == pytest.approx((1 / 2 + 1 / 2 + 0) / 3)
    assert near[5, 5] == 1


def test_partial_agreement_counts_and_the_exact_scale_is_plain_alpha() -> None:
    ratings = Ratings.of(
        (str(i), str(c), codes)
        for c, given in enumerate([sets("ab", "c", "d", "a"), sets("a", "c", "d", "ab")])
        for i, codes in enumerate(given)
    )
    found = agreement(ratings, likeness={"exact": exact(ratings.values), "masi": masi(ratings.values)})
    assert found.partial["exact"].value == pytest.approx(found.alpha.value)
    assert found.alpha.value < found.partial["masi"].value < 1


def test_what_is_undefined_is_no_number() -> None:
    assert np.isnan(of("aaaa", "aaaa").kappa.value)
    assert np.isnan(of("aaaa", "aaaa").alpha.value)
    assert of("aaaa", "aaaa").percent.value == 1
    apart = of("ab..", "..ab")
    assert (apart.n_incidents, apart.n_pairs) == (0, 0)
    assert np.isnan(apart.percent.value)


def test_one_against_the_rest_is_the_mean_of_two_coders_where_all_are_there() -> None:
    ratings = rated(["aabbc", "aabbb", "abbbc"])
    rest = agreement(ratings.against_rest(0))
    assert rest.percent.value == pytest.approx((4 / 5 + 4 / 5) / 2)
    assert rest.n_incidents == 5


def test_two_coders_picked_from_many_agree_as_if_alone() -> None:
    rows = ["aabbcab", "aab.cbb", "ab.bcaa"]
    picked = rated(rows).by_pair(at_least=2)
    assert sorted(picked) == [(0, 1), (0, 2), (1, 2)]
    alone = of("aabcab", "aabcbb")
    found = agreement(picked[0, 1], bootstrap=Bootstrap(200))
    assert found.kappa.value == pytest.approx(alone.kappa.value)
    assert found.n_incidents == 6
    assert list(rated(rows).by_pair(at_least=7)) == []


def test_interval_holds_the_value_and_has_the_width_that_theory_gives() -> None:
    first, second = "abcabcabcd" * 50, "abcabcabdd" * 50
    figure = of(first, second, n_rounds=2000).percent
    width = 2 * 1.96 * (0.9 * 0.1 / 500) ** 0.5
    assert figure.value == pytest.approx(0.9)
    assert figure.low < 0.9 < figure.high
    assert figure.high - figure.low == pytest.approx(width, rel=0.08)


def test_the_same_seed_gives_the_same_interval_in_pieces_or_at_once() -> None:
    values = np.random.default_rng(0).uniform(size=700)
    assert mean_of(values, Bootstrap(100, seed=4)) == mean_of(values, Bootstrap(100, seed=4))
    assert mean_of(values, Bootstrap(100, seed=4)) != mean_of(values, Bootstrap(100, seed=5))


def coders_of_the_incident_database() -> Iterator[tuple[str, list[dict[str, str]]]]:
    with DATA.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["sheet"] != "sheet"]
    for axis in sorted({row["axis"] for row in rows}):
        yield axis, [row for row in rows if row["axis"] == axis]


@pytest.mark.skipif(not DATA.is_file(), reason="the coders' data is not part of the project")
def test_real_coders_on_34_axes_as_other_implementations_have_it() -> None:
    for axis, rows in coders_of_the_incident_database():
        ratings = Ratings.of((row["id"], row["sheet"], frozenset([row["value"]])) for row in rows)
        cells = np.full((len(ratings.coders), len(ratings.incidents)), np.nan)
        cells[ratings.coder, ratings.incident] = ratings.value
        found = agreement(ratings, bootstrap=Bootstrap(2))
        expected = krippendorff.alpha(cells, level_of_measurement="nominal")
        assert found.alpha.value == pytest.approx(expected), axis
        for (a, b), pair in ratings.by_pair(at_least=10).items():
            both = ~np.isnan(cells[a]) & ~np.isnan(cells[b])
            if len(set(cells[a][both]) | set(cells[b][both])) > 1:
                kappa = agreement(pair, bootstrap=Bootstrap(2)).kappa.value
                assert kappa == pytest.approx(cohen_kappa_score(cells[a][both], cells[b][both])), (axis, a, b)
