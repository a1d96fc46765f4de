"""What several coders gave to the same incidents on one axis, as arrays, and whom to compare with whom."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from codesuggest.agreement.likeness import CodeSet

Indices = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]
Name = TypeVar("Name", str, CodeSet)


@dataclass(frozen=True)
class Ratings:
    """Codings of one axis, one entry a coding, sorted by incident. Coders may be missing anywhere.

    incident, coder, value  shape (m,): which incident, which coder, which of `values` was given.
    weight  shape (m,): 1, or less where the codings of several coders stand for one.
    values  the distinct sets of codes given.
    """

    incident: Indices
    coder: Indices
    value: Indices
    weight: npt.NDArray[np.float64]
    values: tuple[CodeSet, ...]
    incidents: tuple[str, ...]
    coders: tuple[str, ...]

    @classmethod
    def of(cls, codings: Iterable[tuple[str, str, CodeSet]]) -> "Ratings":
        """The ratings of (incident, coder, codes), each coder at most once an incident."""
        incident, coder, value = zip(*codings, strict=True)
        incidents, coders, values = _numbered(incident), _numbered(coder), _numbered(value)
        rows = np.array(
            [[incidents[i], coders[c], values[v]] for i, c, v in zip(incident, coder, value, strict=True)],
            dtype=np.intp,
        )
        rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
        return cls(
            rows[:, 0], rows[:, 1], rows[:, 2], np.ones(len(rows)), tuple(values), tuple(incidents), tuple(coders)
        )

    @cached_property
    def n_incidents(self) -> int:
        """How many incidents have a coding here."""
        return len(np.unique(self.incident))

    def where(self, kept: Mask) -> "Ratings":
        """Only the codings in a mask of shape (m,)."""
        return replace(
            self,
            incident=self.incident[kept],
            coder=self.coder[kept],
            value=self.value[kept],
            weight=self.weight[kept],
        )

    def shared(self) -> "Ratings":
        """Only the incidents that two coders or more coded."""
        return self.where(np.bincount(self.incident, minlength=1)[self.incident] > 1)

    @cached_property
    def pairs(self) -> tuple[Indices, Indices]:
        """Every two codings of one incident by different coders, as two arrays of positions."""
        firsts, seconds = [np.empty(0, dtype=np.intp)], [np.empty(0, dtype=np.intp)]
        step = 1
        while len(first := np.flatnonzero(self.incident[step:] == self.incident[:-step])):
            firsts.append(first)
            seconds.append(first + step)
            step += 1
        first, second = np.concatenate(firsts), np.concatenate(seconds)
        differ = self.coder[first] != self.coder[second]
        return first[differ], second[differ]

    def by_pair(self, *, at_least: int) -> "dict[tuple[int, int], Ratings]":
        """The ratings of every two coders with `at_least` incidents in common, the lower number first."""
        first, second = self.pairs
        low = np.minimum(self.coder[first], self.coder[second])
        high = np.maximum(self.coder[first], self.coder[second])
        key = low * len(self.coders) + high
        found, counts = np.unique(key, return_counts=True)
        order = np.argsort(key, kind="stable")
        parts = np.split(order, np.cumsum(counts)[:-1])
        return {
            (int(pair) // len(self.coders), int(pair) % len(self.coders)): self._picked(first[part], second[part])
            for pair, part in zip(found, parts, strict=True)
            if len(part) >= at_least
        }

    def against_rest(self, coder: int) -> "Ratings":
        """One coder (number 0) beside all others together (number 1), whose codings of an incident share one weight."""
        mine = self.incident[self.coder == coder]
        near = self.where(np.isin(self.incident, mine)).shared()
        others = near.coder != coder
        n_others = np.bincount(near.incident, weights=others, minlength=1)[near.incident]
        return replace(
            near,
            coder=others.astype(np.intp),
            weight=np.where(others, 1 / np.maximum(n_others, 1), 1.0),
            coders=(self.coders[coder], "the others"),
        )

    def _picked(self, first: Indices, second: Indices) -> "Ratings":
        rows = np.sort(np.concatenate([first, second]))
        return replace(
            self,
            incident=self.incident[rows],
            coder=self.coder[rows],
            value=self.value[rows],
            weight=self.weight[rows],
        )


def _numbered(names: Sequence[Name]) -> Mapping[Name, int]:
    return {name: number for number, name in enumerate(dict.fromkeys(names))}
