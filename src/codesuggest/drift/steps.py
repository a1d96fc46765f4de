"""Whether and since when many monthly series changed, so that chance raises an alarm no more often than stated.

Every series is split at every month into before and since, and the two means are compared. What the greatest of all
these differences may be by chance is found by dealing the observations to the months anew, again and again: the
dealt ones know no change. One threshold for all series and all months keeps the rate of false alarms of the whole,
however the series depend on each other.

Source: Westfall and Young (1993), Resampling-Based Multiple Testing, section 2.3 (single-step maxT).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

LEVEL = 0.05
"""How often one look at everything raises any alarm where nothing has changed, at most."""

ENOUGH = 20
"""Observations that there must be on either side of a change."""

_ROUNDS = 599
_BATCH = 50

Values = npt.NDArray[np.float64] | sparse.csr_array
"""Shape (n, n_series): one row an observation."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Step:
    """A change for certain: which series, and the number of the first month after it."""

    series: int
    month: int


@dataclass(frozen=True, slots=True)
class Dated:
    """Observations with their months.

    month   shape (n,), numbers from 0 to n_months - 1.
    values  what was seen: 0 or 1 in each series; any number where the series are compared as a whole.
    known   which of the values are known; None: all.
    """

    month: npt.NDArray[np.intp]
    n_months: int
    values: Values
    known: sparse.csr_array | None = None

    def sums(self, months: npt.NDArray[np.intp] | None = None) -> tuple[Floats, Floats]:
        """By month, the sums of the values and how many are known, each of shape (n_rounds, n_months, n_series).

        months  shape (n_rounds, n): other months to deal the observations to; None: their own, as one round.
        """
        dealt = self.month[None, :] if months is None else months
        n_rounds, n = dealt.shape
        rows = (dealt + self.n_months * np.arange(n_rounds)[:, None]).ravel()
        columns = np.tile(np.arange(n), n_rounds)
        shape = (n_rounds * self.n_months, n)
        is_in = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
        known = is_in.sum(axis=1)[:, None] if self.known is None else (is_in @ self.known).toarray()
        return self._by_round(is_in @ self.values), self._by_round(known)

    def _by_round(self, sums: Any) -> Floats:
        dense = sums.toarray() if isinstance(sums, sparse.csr_array) else np.asarray(sums)
        return np.asarray(dense.reshape(-1, self.n_months, dense.shape[1]), dtype=np.float64)


def steps(dated: Dated, *, level: float, as_whole: bool = False, n_rounds: int = _ROUNDS, seed: int = 0) -> list[Step]:
    """The changes that so great a difference is evidence for, the greatest first; one a series at most.

    level     how often any is found where there is none, at most.
    as_whole  compare all series at once, by the length of the difference: the change found is of no single series.
    """
    if dated.n_months < 2 or not len(dated.month) or not dated.values.shape[1]:
        return []
    found = _differences(*dated.sums(), as_whole=as_whole)[0]
    greatest = found.max(axis=0)
    by_chance = np.concatenate(list(_dealt(dated, as_whole, n_rounds, seed)))
    p_values = (1 + (by_chance[:, None] >= greatest).sum(axis=0)) / (1 + n_rounds)
    clear = np.flatnonzero((p_values <= level) & (greatest > 0))
    ordered = sorted(clear.tolist(), key=lambda series: -greatest[series])
    return [Step(series, 1 + int(found[:, series].argmax())) for series in ordered]


def _dealt(dated: Dated, as_whole: bool, n_rounds: int, seed: int) -> Iterator[Floats]:  # noqa: FBT001  passed on
    """The greatest difference of each round in which the months are dealt anew."""
    rng = np.random.default_rng(seed)
    for start in range(0, n_rounds, _BATCH):
        n = min(_BATCH, n_rounds - start)
        months = rng.permuted(np.tile(dated.month, (n, 1)), axis=1)
        yield _differences(*dated.sums(months), as_whole=as_whole).max(axis=(1, 2))


def _differences(sums: Floats, known: Floats, *, as_whole: bool) -> Floats:
    """How far the mean since differs from the mean before, in standard errors, at each month but the first.

    Returns shape (n_rounds, n_months - 1, n_series), one series where they are compared as a whole; 0 where either
    side has too few observations.
    """
    before, n_before = np.cumsum(sums, axis=1), np.cumsum(known, axis=1)
    total, n_total = before[:, -1:], n_before[:, -1:]
    before, n_before = before[:, :-1], n_before[:, :-1]
    since, n_since = total - before, n_total - n_before
    is_enough = (n_before >= ENOUGH) & (n_since >= ENOUGH)
    error = np.sqrt(1 / np.maximum(n_before, 1) + 1 / np.maximum(n_since, 1))
    apart = since / np.maximum(n_since, 1) - before / np.maximum(n_before, 1)
    if as_whole:
        length = np.linalg.norm(apart, axis=2, keepdims=True)
        return np.asarray(np.where(is_enough, length / error, 0), dtype=np.float64)
    share = total / np.maximum(n_total, 1)
    spread = np.sqrt(np.maximum(share * (1 - share), 0))
    is_sound = is_enough & (spread > 0)
    return np.where(is_sound, np.abs(apart) / np.where(is_sound, spread * error, 1), 0)
