"""Agreement statistics against published and hand-worked examples."""

import pytest

from codesuggest.agreement import cohen_kappa, jaccard, krippendorff_alpha, masi, mean_likeness, with_interval
from codesuggest.errors import AgreementError


def sets(*codings: str) -> list[frozenset[str]]:
    return [frozenset(coding) for coding in codings]


def test_jaccard_and_masi_of_equal_nested_crossing_and_disjoint_sets() -> None:
    a, ab, bc, d = sets("a", "ab", "bc", "d")
    assert [jaccard(a, a), jaccard(a, ab), jaccard(ab, bc), jaccard(a, d)] == [1, 1 / 2, 1 / 3, 0]
    # Passonneau (2006), table 1: nested 2/3 of Jaccard, crossing 1/3 of it
    assert masi(a, ab) == pytest.approx(2 / 3 * 1 / 2)
    assert masi(ab, bc) == pytest.approx(1 / 3 * 1 / 3)
    assert masi(a, d) == 0
    assert masi(frozenset(), frozenset()) == 1


def test_kappa_of_the_well_known_two_by_two_table() -> None:
    # 50 grant proposals: 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no; kappa 0.40
    first = sets(*"y" * 25, *"n" * 25)
    second = sets(*"y" * 20, *"n" * 5, *"y" * 10, *"n" * 15)
    assert cohen_kappa(first, second) == pytest.approx(0.40)


def test_alpha_of_krippendorffs_binary_example() -> None:
    # Krippendorff (2011), example A: two observers, ten units, binary; alpha 0.095
    first = sets(*"0100000010")
    second = sets(*"1110010000")
    assert krippendorff_alpha(first, second) == pytest.approx(0.095, abs=0.001)


def test_alpha_counts_partial_agreement() -> None:
    first, second = sets("ab", "c", "d", "a"), sets("a", "c", "d", "ab")
    exact = krippendorff_alpha(first, second, lambda a, b: float(a == b))
    assert exact < krippendorff_alpha(first, second) < 1


def test_undefined_statistics_are_refused() -> None:
    with pytest.raises(AgreementError, match="No narrative"):
        cohen_kappa([], [])
    with pytest.raises(AgreementError, match="One code was used throughout"):
        cohen_kappa(sets("a", "a"), sets("a", "a"))
    with pytest.raises(AgreementError, match="All codings are the same"):
        krippendorff_alpha(sets("a", "a"), sets("a", "a"))


def test_interval_holds_the_value() -> None:
    first, second = sets(*"abcabcabcd" * 5), sets(*"abcabcabdd" * 5)
    figure = with_interval(mean_likeness, first, second, n_rounds=200)
    assert figure.value == pytest.approx(0.9)
    assert figure.low < 0.9 < figure.high
