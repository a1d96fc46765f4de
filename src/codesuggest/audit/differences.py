"""Where coders differ: which codes are taken for which, who uses a code more than others, and who has changed."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy import stats

from codesuggest.agreement import Bootstrap, CodeSet, Ratings, difference_of_means
from codesuggest.audit.consistency import ENOUGH
from codesuggest.metrics import Estimate

NOTHING = "(none)"
"""Stands where one coder gave a code and the other gave nothing in its place."""

_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Confusion:
    """Two codes that coders give in each other's place.

    n         two codings of one incident that differ in this way, an incident of many coders counting as one.
    share     of all differences on the axis.
    of_uses   of the incidents on which a coder gave either code, those on which another gave the other instead.
    examples  incidents to look at.
    """

    codes: tuple[str, str]
    n: float
    share: float
    of_uses: float
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Confusions:
    """All confusions of an axis, the commonest first; `matrix` counts (one code, the other) both ways round."""

    n_differences: float
    pairs: tuple[Confusion, ...]
    matrix: Mapping[tuple[str, str], float]


@dataclass(frozen=True, slots=True)
class Habit:
    """A coder who gives a code more or less often than the others do, on the very same incidents.

    own, others  share of the n incidents on which the coder, and the mean of the others, gave the code.
    p_value      two-sided, of the paired difference, corrected for the many comparisons of the axis.
    """

    coder: str
    code: str
    n: int
    own: float
    others: float
    difference: Estimate
    p_value: float


@dataclass(frozen=True, slots=True)
class Drift:
    """How a coder's agreement with the others changed from the earlier half of the shared incidents to the later.

    since  the first day of the later half; all decisions of a day are in one of the halves.
    """

    coder: str
    n_before: int
    n_after: int
    since: str
    before: float
    after: float
    change: Estimate


def confusions(shared: Ratings) -> Confusions:
    """Which codes are taken for which, over incidents that two coders or more coded."""
    first, second = shared.pairs
    n_pairs = np.bincount(shared.incident[first], minlength=len(shared.incidents))
    matrix: dict[tuple[str, str], float] = defaultdict(float)
    examples: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    differ = shared.value[first] != shared.value[second]
    for a, b in zip(first[differ], second[differ], strict=True):
        incident = shared.incident[a]
        for pair, weight in _swaps(shared.values[shared.value[a]], shared.values[shared.value[b]]):
            matrix[pair] += weight / n_pairs[incident]
            examples[_sorted(pair)][shared.incidents[incident]] = None
    both = {pair: matrix.get(pair, 0.0) + matrix.get(pair[::-1], 0.0) for pair in map(_sorted, matrix)}
    total, used = sum(both.values()), _incidents_of(shared)
    pairs = tuple(
        Confusion(pair, n, n / total, n / len(used[pair[0]] | used[pair[1]]), tuple(examples[pair])[:_EXAMPLES])
        for pair, n in sorted(both.items(), key=lambda item: (-item[1], item[0]))
    )
    return Confusions(total, pairs, dict(matrix))


def habits(shared: Ratings, *, level: float = 0.05) -> tuple[Habit, ...]:
    """Coders whose use of a code differs from the others' by more than chance, the largest difference first.

    `level` bounds the share of false ones among them. Source: Benjamini and Hochberg (1995), Journal of the Royal
    Statistical Society B 57(1), 289-300.
    """
    codes = sorted(set().union(*shared.values))
    members = np.array([[code in value for code in codes] for value in shared.values], dtype=np.float64)
    found = [
        habit
        for number in np.unique(shared.coder)
        for habit in _habits(shared, int(number), codes, members[shared.value])
    ]
    corrected = stats.false_discovery_control([p for *_, p in found]).tolist() if found else []
    kept = [
        Habit(coder, code, n, own, others, Estimate(own - others, own - others - wide, own - others + wide), p)
        for (coder, code, n, own, others, wide, _), p in zip(found, corrected, strict=True)
        if p <= level
    ]
    return tuple(sorted(kept, key=lambda habit: -abs(habit.difference.value)))


def drifts(shared: Ratings, dates: Mapping[tuple[str, str], str], *, bootstrap: Bootstrap) -> tuple[Drift, ...]:
    """Each coder's agreement with the others, earlier against later half of the dated incidents that they share.

    dates  (incident, coder) to the date of the decision.
    """
    agreed = _agreed_with_others(shared)
    found = []
    for number in np.unique(shared.coder):
        coder = shared.coders[number]
        dated = [
            (date, agreed[row])
            for row in np.flatnonzero(shared.coder == number)
            if (date := dates.get((shared.incidents[shared.incident[row]], coder), ""))
        ]
        dated.sort(key=lambda item: item[0])
        if half := _halfway([date for date, _ in dated]):
            values = np.array([value for _, value in dated])
            before, after = values[:half], values[half:]
            change = difference_of_means(after, before, bootstrap)
            means = float(before.mean()), float(after.mean())
            found.append(Drift(coder, len(before), len(after), dated[half][0], *means, change))
    return tuple(found)


def _halfway(dates: Sequence[str]) -> int:
    """Where sorted dates are cut into an earlier and a later half, a day never in both; 0 if one would be too small."""
    cuts = [i for i in range(ENOUGH, len(dates) - ENOUGH + 1) if dates[i - 1] != dates[i]]
    return min(cuts, key=lambda cut: abs(cut - len(dates) / 2), default=0)


def _agreed_with_others(shared: Ratings) -> npt.NDArray[np.float64]:
    """For each coding, the share of the other codings of its incident that are the same."""
    first, second = shared.pairs
    same = shared.value[first] == shared.value[second]
    n, m = np.zeros(len(shared.value)), np.zeros(len(shared.value))
    for rows in (first, second):
        np.add.at(n, rows, same)
        np.add.at(m, rows, 1)
    return n / m


def _swaps(first: CodeSet, second: CodeSet) -> Iterator[tuple[tuple[str, str], float]]:
    """What one gave in place of what the other gave; several possibilities share a weight of 1."""
    ours, theirs = sorted(first - second) or [NOTHING], sorted(second - first) or [NOTHING]
    for pair in product(ours, theirs):
        yield pair, 1 / (len(ours) * len(theirs))


def _sorted(pair: tuple[str, str]) -> tuple[str, str]:
    """A pair in alphabetical order, with nothing last."""
    first, second = sorted(pair, key=lambda code: (code == NOTHING, code))
    return first, second


def _incidents_of(shared: Ratings) -> dict[str, set[int]]:
    """The incidents on which each code was given by anyone."""
    incidents: dict[str, set[int]] = defaultdict(set)
    for incident, value in zip(shared.incident, shared.value, strict=True):
        for code in shared.values[value]:
            incidents[code].add(int(incident))
    return incidents


def _habits(
    shared: Ratings, coder: int, codes: Sequence[str], given: npt.NDArray[np.float64]
) -> Iterator[tuple[str, str, int, float, float, float, float]]:
    """(coder, code, incidents, own share, others' share, half width of the interval, p) of every code."""
    own = shared.coder == coder
    incidents = shared.incident[own]
    if len(incidents) < ENOUGH:
        return
    near = np.isin(shared.incident, incidents) & ~own
    place = np.searchsorted(incidents, shared.incident[near])
    others = np.zeros((len(incidents), len(codes)))
    np.add.at(others, place, given[near])
    others /= np.bincount(place, minlength=len(incidents))[:, None]
    difference = given[own] - others
    error = difference.std(axis=0, ddof=1) / np.sqrt(len(incidents))
    wide = stats.t.ppf(0.975, len(incidents) - 1) * error
    for column, code in enumerate(codes):
        if difference[:, column].any():
            p = _paired_p(difference[:, column], float(error[column]))
            means = given[own][:, column].mean(), others[:, column].mean()
            yield shared.coders[coder], code, len(incidents), float(means[0]), float(means[1]), float(wide[column]), p


def _paired_p(difference: npt.NDArray[np.float64], error: float) -> float:
    """Two-sided: Student's t of paired differences; of differences that are all the same, which have no spread, the
    sign test."""
    if error == 0:
        return float(2 * 0.5 ** len(difference))
    return float(2 * stats.t.sf(abs(difference.mean()) / error, len(difference) - 1))
