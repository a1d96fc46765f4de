"""Agreement beyond chance of any number of coders, some of them missing, each figure with a bootstrap interval.

Incidents are resampled, never codings. Whatever an incident contributes to a figure is worked out once; a round then
only adds contributions up, weighted by how often the round drew each incident. So a thousand rounds cost a few
products of matrices.

Notation: incident i has n_i codings; w_k is how often a round drew what; pairs are of different coders on one incident.
Source of the rounds: Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy import sparse

from codesuggest.agreement.likeness import Likeness
from codesuggest.agreement.ratings import Indices, Ratings
from codesuggest.metrics import Estimate

Rounds = npt.NDArray[np.float64]
"""Shape (n_rounds,) or (n_rounds, k): a figure in every round. The first round is the data as they are."""

_CELLS = 1_000_000
"""Most numbers of one piece of the rounds, so that memory stays small."""

_FEW = 500
"""Incidents up to which the rounds are kept for the next comparison of as many."""


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """How intervals are made: so many rounds, decided by a seed."""

    n_rounds: int = 1000
    seed: int = 0
    _drawn: dict[int, npt.NDArray[np.float64]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def weights(self, n: int) -> Iterator[npt.NDArray[np.float64]]:
        """How often each of n incidents is drawn, shape (n, some rounds), in pieces; the first round has each once."""
        if n > _FEW:
            yield from self._weights(n)
        else:
            if n not in self._drawn:
                self._drawn[n] = np.hstack(list(self._weights(n)))
            yield self._drawn[n]

    def _weights(self, n: int) -> Iterator[npt.NDArray[np.float64]]:
        rng = np.random.default_rng(self.seed)
        yield np.ones((n, 1))
        size = max(1, _CELLS // max(n, 1))
        for start in range(0, self.n_rounds, size):
            rounds = min(size, self.n_rounds - start)
            drawn = rng.integers(0, n, (n, rounds), dtype=np.int32) * np.int32(rounds) + np.arange(
                rounds, dtype=np.int32
            )
            yield np.bincount(drawn.ravel(), minlength=n * rounds).reshape(n, rounds).astype(np.float64)


def estimate(rounds: Rounds) -> Estimate:
    """The figure of the data as they are, with the middle 95% of the rounds in which it is defined."""
    defined = rounds[1:][np.isfinite(rounds[1:])]
    low, high = np.percentile(defined, [2.5, 97.5]) if len(defined) else (np.nan, np.nan)
    return Estimate(float(rounds[0]), float(low), float(high))


def mean_of(values: npt.NDArray[np.float64], bootstrap: Bootstrap) -> Estimate:
    """The mean of one value an incident, shape (n,)."""
    return ratio_of(values, np.ones_like(values), bootstrap)


def ratio_of(above: npt.NDArray[np.float64], below: npt.NDArray[np.float64], bootstrap: Bootstrap) -> Estimate:
    """The sum of `above` over the sum of `below`, each of shape (n,)."""
    if not len(above):
        return Estimate(np.nan, np.nan, np.nan)
    rounds = [_over(above @ weights, below @ weights) for weights in bootstrap.weights(len(above))]
    return estimate(np.concatenate(rounds))


def difference_of_means(
    first: npt.NDArray[np.float64], second: npt.NDArray[np.float64], bootstrap: Bootstrap
) -> Estimate:
    """Mean of the first less mean of the second, two separate sets of incidents, each resampled on its own.

    Equal values are drawn together: how often each distinct one comes up is a multinomial draw.
    """
    rng = np.random.default_rng(bootstrap.seed)
    means = []
    for values in (first, second):
        distinct, counts = np.unique(values, return_counts=True)
        drawn = rng.multinomial(len(values), counts / len(values), bootstrap.n_rounds)
        means.append(drawn @ distinct / len(values))
    low, high = np.percentile(means[0] - means[1], [2.5, 97.5])
    return Estimate(float(first.mean() - second.mean()), float(low), float(high))


@dataclass(frozen=True, slots=True)
class Agreement:
    """The agreement of some coders on one axis. A figure is NaN where it is not defined: one code used throughout.

    n_incidents  incidents that two coders or more coded; `n_pairs` two codings of one incident.
    percent      mean share of pairs that gave exactly the same codes.
    kappa        Cohen's of two coders; of more, Conger's, which has Cohen's as its case of two.
    ac1          Gwet's, which stays steady where one code is far commoner than the others.
    alpha        Krippendorff's on the nominal scale: only the same codes agree.
    partial      Krippendorff's alpha by other scales, on which near codes agree in part.
    """

    n_incidents: int
    n_pairs: int
    percent: Estimate
    kappa: Estimate
    ac1: Estimate
    alpha: Estimate
    partial: Mapping[str, Estimate]


def says_little(percent: Estimate, beyond_chance: Estimate) -> bool:
    """Whether coders hardly differ and agreement beyond chance is low all the same.

    Chance alone agrees then on three incidents of four or more: nearly all have one code, and the figure turns on few.
    Source: Feinstein and Cicchetti (1990), Journal of Clinical Epidemiology 43(6), 543-549.
    """
    return percent.value > 0.8 and beyond_chance.value < 0.2


def agreement(
    ratings: Ratings,
    *,
    likeness: Mapping[str, Likeness] | None = None,
    order: npt.NDArray[np.float64] | None = None,
    n_values: int = 0,
    bootstrap: Bootstrap | None = None,
) -> Agreement:
    """Every statistic of some ratings.

    likeness  name to likeness of all `ratings.values`, shape (k, k): one more alpha each.
    order     shape (k,): the place of each value on an ordinal scale, for one more alpha named `ordinal`.
    n_values  how many values could have been given, for AC1; at least those that were.

    Sources: Cohen (1960), Educational and Psychological Measurement 20(1), 37-46; Conger (1980), Psychological
    Bulletin 88(2), 322-328; Gwet (2008), British Journal of Mathematical and Statistical Psychology 61(1), 29-48, with
    missing codings as in Gwet (2014), Handbook of Inter-Rater Reliability, chapter 2; Krippendorff (2011), Computing
    Krippendorff's Alpha-Reliability.
    """
    terms = _Terms(ratings, likeness or {}, order)
    if terms.n_pairs == 0:
        nothing = Estimate(np.nan, np.nan, np.nan)
        names = [*(likeness or {}), *(["ordinal"] if order is not None else [])]
        return Agreement(0, 0, nothing, nothing, nothing, nothing, dict.fromkeys(names, nothing))
    pieces = [terms.rounds(weights, n_values) for weights in (bootstrap or Bootstrap()).weights(terms.n)]
    figures = {name: estimate(np.concatenate([piece[name] for piece in pieces])) for name in pieces[0]}
    own = {name: figures.pop(name) for name in ("percent", "kappa", "ac1", "alpha")}
    return Agreement(terms.n_shared, terms.n_pairs, **own, partial=figures)


class _Terms:
    """What each incident contributes, worked out once."""

    def __init__(self, ratings: Ratings, likeness: Mapping[str, Likeness], order: npt.NDArray[np.float64] | None):
        used, value = np.unique(ratings.value, return_inverse=True)
        found, incident = np.unique(ratings.incident, return_inverse=True)
        self.n, k, weight = len(found), len(used), ratings.weight
        size = np.bincount(incident, weights=weight, minlength=self.n)
        first, second = ratings.pairs
        self.n_pairs = len(first)
        at, both = incident[first], 2 * weight[first] * weight[second]
        same = value[first] == value[second]
        n_pairs = np.bincount(at, weights=both, minlength=self.n)
        self.is_shared = (n_pairs > 0).astype(np.float64)
        self.n_shared = int(self.is_shared.sum())
        apart = np.where(n_pairs > 0, 1 / np.maximum(size - 1, 1e-12), 0)
        agreed = np.bincount(at, weights=both * same, minlength=self.n)
        self.percent = np.divide(agreed, n_pairs, out=np.zeros(self.n), where=n_pairs > 0)
        self.shares = _table(incident, value, weight / size[incident], (self.n, k))
        self.counted = _table(incident, value, weight * self.is_shared[incident], (self.n, k))
        self.slots = _Slots(incident, ratings.coder, value, weight, self.n)
        self.differ = np.bincount(at, weights=both * ~same, minlength=self.n) * apart
        self.scales = {}
        for name, alike in likeness.items():
            unlike = (1 - alike[np.ix_(used, used)]).astype(np.float32)
            total = np.bincount(at, weights=both * unlike[value[first], value[second]], minlength=self.n)
            self.scales[name] = total * apart, unlike
        self.ordinal = None
        if order is not None:
            self.ordinal = _Ordinal(order[used], (at, value[first], value[second]), both * apart[at], self.n)

    def rounds(self, weights: npt.NDArray[np.float64], n_values: int) -> dict[str, Rounds]:
        """Every figure in the rounds of `weights`, shape (n, n_rounds)."""
        observed = _over(self.percent @ weights, self.is_shared @ weights)
        shares = (self.shares.T @ weights) / weights.sum(axis=0)
        n_values = max(n_values, shares.shape[0], 2)
        chance = (shares * (1 - shares)).sum(axis=0) / (n_values - 1)
        counts = np.asarray(self.counted.T @ weights)
        figures = {
            "percent": observed,
            "kappa": _beyond(observed, self.slots.chance(weights)),
            "ac1": _beyond(observed, chance),
        }
        total = counts.sum(axis=0)
        figures["alpha"] = 1 - _over(self.differ @ weights, (total**2 - (counts**2).sum(axis=0)) / (total - 1))
        for name, (unlike_of, unlike) in self.scales.items():
            by_chance = (counts * (unlike @ counts.astype(np.float32))).sum(axis=0) / (total - 1)
            figures[name] = 1 - _over(unlike_of @ weights, by_chance)
        if self.ordinal:
            figures["ordinal"] = self.ordinal.alpha(weights, counts)
        return figures


class _Slots:
    """Chance agreement of coders by their own habits: how often two of them would give one value, on average."""

    def __init__(
        self, incident: Indices, coder: Indices, value: Indices, weight: npt.NDArray[np.float64], n: int
    ) -> None:
        habits, column = np.unique(np.column_stack([coder, value]), axis=0, return_inverse=True)
        column = column.ravel()
        self._given = _table(incident, column, weight, (n, len(habits)))
        everyone = np.unique(habits[:, 0], return_inverse=True)[1]
        each = np.arange(len(habits))
        self._by_coder = _table(each, everyone, np.ones(len(habits)), (len(habits), int(everyone.max()) + 1))
        self._by_value = _table(each, habits[:, 1], np.ones(len(habits)), (len(habits), int(habits[:, 1].max()) + 1))
        self._coder = everyone

    def chance(self, weights: npt.NDArray[np.float64]) -> Rounds:
        """Expected agreement in every round, over the coders that it drew."""
        parts = np.array_split(weights, max(1, self._given.shape[1] * weights.shape[1] // _CELLS), axis=1)
        return np.concatenate([self._chance(part) for part in parts])

    def _chance(self, weights: npt.NDArray[np.float64]) -> Rounds:
        given = np.asarray(self._given.T @ weights)
        totals = np.asarray(self._by_coder.T @ given)
        habit = _over(given, totals[self._coder], otherwise=0)
        n_coders = (totals > 0).sum(axis=0)
        together = np.asarray(self._by_value.T @ habit)
        return _over((together**2).sum(axis=0) - (habit**2).sum(axis=0), n_coders * (n_coders - 1.0))


class _Ordinal:
    """Alpha on an ordinal scale: two values are as far apart as the codings that lie between them, squared."""

    def __init__(
        self,
        order: npt.NDArray[np.float64],
        pairs: tuple[Indices, Indices, Indices],
        weight: npt.NDArray[np.float64],
        n: int,
    ) -> None:
        self._by_order = np.argsort(order, kind="stable")
        incident, first, second = pairs
        kinds, column = np.unique(np.column_stack([first, second]), axis=0, return_inverse=True)
        self._first, self._second = kinds[:, 0], kinds[:, 1]
        self._pairs = _table(incident, column.ravel(), weight, (n, len(kinds)))

    def alpha(self, weights: npt.NDArray[np.float64], counts: npt.NDArray[np.float64]) -> Rounds:
        """Alpha in every round; `counts`, shape (k, n_rounds), is how often each value was given."""
        place = np.empty_like(counts)
        place[self._by_order] = np.cumsum(counts[self._by_order], axis=0) - counts[self._by_order] / 2
        total = counts.sum(axis=0)
        apart = ((self._pairs.T @ weights) * (place[self._first] - place[self._second]) ** 2).sum(axis=0)
        spread = total * (counts * place**2).sum(axis=0) - (counts * place).sum(axis=0) ** 2
        return 1 - _over(apart, 2 * spread / (total - 1))


def _table(
    rows: Indices, columns: Indices, values: npt.NDArray[np.float64], shape: tuple[int, int]
) -> sparse.csr_array:
    return sparse.csr_array((values, (rows, columns)), shape=shape)


def _beyond(observed: Rounds, chance: Rounds) -> Rounds:
    return _over(observed - chance, 1 - chance)


def _over(above: npt.NDArray[np.float64], below: npt.NDArray[np.float64], otherwise: float = np.nan) -> Rounds:
    """above / below, and `otherwise` where that is not defined."""
    return np.divide(above, below, out=np.full_like(above, otherwise), where=np.abs(below) > 1e-12)
