"""Six signals of change, each a set of monthly series, with the alarms that chance does not explain."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import sparse

from codesuggest.domain import Codes, Embeddings, RedactedText, Taxonomy
from codesuggest.drift.steps import LEVEL, Dated, steps

SIGNALS = ("overrides", "codes", "scores", "likeness", "words", "texts")
LOW, HIGH = "low", "high"
"""First suggestions scored under 50%, and 80% or more: the two ends of the scores' distribution."""

_LOW_SCORE, _HIGH_SCORE = 0.5, 0.8
_FEWEST = 10
"""A code or word that fewer incidents have is not watched: it says nothing for certain."""

_MOST_WORDS = 1000
_N_DIRECTIONS = 32
_WORD = re.compile(r"(?<![\w<-])[a-z][a-z-]{2,}(?![\w>])")
"""Words written without capitals: a name that redaction missed is hardly ever one of them."""

Value = TypeVar("Value")
Cells = Mapping[tuple[str, str], bool]
"""What one observation says of some series, each named by its axis (or nothing) and what it counts."""


@dataclass(frozen=True, slots=True)
class Observed(Generic[Value]):
    """One observation, in a month such as 2026-03."""

    month: str
    value: Value


@dataclass(frozen=True, slots=True)
class Watched:
    """What is watched.

    overridden  by axis: whether the first code shown was not taken.
    scores      by axis: the first suggestion's score, as it was when the incident came in.
    likeness    similarity of the past incident most like it, in what the model learnt from.
    texts       redacted narratives. `vectors`: their embeddings, if there are any.
    models      month and model whose suggestions were shown in it.
    """

    overridden: Sequence[Observed[Mapping[str, bool]]] = ()
    coded: Sequence[Observed[Codes]] = ()
    scores: Sequence[Observed[Mapping[str, float]]] = ()
    likeness: Sequence[Observed[float]] = ()
    texts: Sequence[Observed[RedactedText]] = field(default=(), repr=False)
    vectors: Embeddings | None = field(default=None, repr=False)
    models: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Alarm:
    """A series that changed for certain: how many of how many observations before the month `since`, and from it on.

    Of the signal `texts`, which counts nothing, `n_before` and `n_since` are 0.
    """

    signal: str
    axis: str
    what: str
    since: str
    n_before: int
    of_before: int
    n_since: int
    of_since: int


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal: n of how many in each month, by axis and what is counted.

    likeness  of `texts`: the cosine of the month's mean vector and that of all other months.
    """

    key: str
    counts: Mapping[tuple[str, str], tuple[tuple[int, int], ...]] = field(default_factory=dict)
    likeness: tuple[float, ...] = ()
    alarms: tuple[Alarm, ...] = ()


@dataclass(frozen=True, slots=True)
class Drift:
    """The signals of some months, in order.

    n          how many incidents came in, by month.
    own_words  how many words two or more incidents of the month have, and none of any other month.
    """

    months: tuple[str, ...]
    n: tuple[int, ...]
    own_words: tuple[int, ...]
    signals: Mapping[str, Signal]
    models: Sequence[tuple[str, str]] = ()

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """All alarms, signal by signal."""
        return tuple(alarm for signal in self.signals.values() for alarm in signal.alarms)


def watch(watched: Watched, taxonomy: Taxonomy, *, level: float = LEVEL) -> Drift:
    """Every signal, month by month. `level`: how often all of them together raise an alarm where nothing changed."""
    parts = (watched.overridden, watched.coded, watched.scores, watched.likeness, watched.texts)
    months = tuple(sorted({observed.month for part in parts for observed in part}))
    each = level / len(SIGNALS)
    counted: dict[str, list[Observed[Cells]]] = {
        "overrides": [_by_axis(seen) for seen in watched.overridden],
        "codes": [_codes(seen, taxonomy) for seen in watched.coded],
        "scores": [_scores(seen) for seen in watched.scores],
        "likeness": _unlike(watched.likeness),
        "words": [Observed(o.month, {("", w): True for w in _WORD.findall(o.value)}) for o in watched.texts],
    }
    is_whole = {"codes", "words"}
    signals = {key: _signal(key, seen, months, each, is_whole=key in is_whole) for key, seen in counted.items()}
    signals["texts"] = _texts(watched, months, each)
    arrived, own = Counter(observed.month for observed in watched.texts), _own_words(counted["words"])
    n = tuple(arrived[month] for month in months)
    return Drift(months, n, tuple(own.get(month, 0) for month in months), signals, watched.models)


def _by_axis(seen: Observed[Mapping[str, bool]]) -> Observed[Cells]:
    return Observed(seen.month, {(axis, ""): is_overridden for axis, is_overridden in seen.value.items()})


def _codes(seen: Observed[Codes], taxonomy: Taxonomy) -> Observed[Cells]:
    return Observed(seen.month, {(axis, code): True for axis in taxonomy.axis for code in seen.value.get(axis, ())})


def _scores(seen: Observed[Mapping[str, float]]) -> Observed[Cells]:
    return Observed(
        seen.month,
        {(axis, LOW): score < _LOW_SCORE for axis, score in seen.value.items()}
        | {(axis, HIGH): score >= _HIGH_SCORE for axis, score in seen.value.items()},
    )


def _unlike(seen: Sequence[Observed[float]]) -> list[Observed[Cells]]:
    """The quarter of all incidents that is least like what the model learnt from."""
    if not seen:
        return []
    quarter = float(np.quantile([observed.value for observed in seen], 0.25))
    return [Observed(observed.month, {("", LOW): observed.value < quarter}) for observed in seen]


def _signal(
    key: str, seen: Sequence[Observed[Cells]], months: Sequence[str], level: float, *, is_whole: bool
) -> Signal:
    """A signal of counted series. `is_whole`: an observation that does not name a series says no to it."""
    series = _watched_series(seen, fewest=_FEWEST if is_whole else 0)
    if not series or len(months) < 2:
        return Signal(key)
    dated = _dated(seen, series, months, is_whole=is_whole)
    (sums,), (known,) = dated.sums()
    known = np.broadcast_to(known, sums.shape)
    counts = {
        name: tuple((int(n), int(of)) for n, of in zip(sums[:, i], known[:, i], strict=True))
        for i, name in enumerate(series)
    }
    alarms = [
        _alarm(key, series[step.series], counts[series[step.series]], months, step.month)
        for step in steps(dated, level=level)
    ]
    return Signal(key, counts, alarms=tuple(alarms))


def _watched_series(seen: Iterable[Observed[Cells]], *, fewest: int) -> list[tuple[str, str]]:
    """The series with enough to watch, in the order of their first appearance; of the words the commonest."""
    how_many = Counter(name for observed in seen for name in observed.value)
    often = [name for name, n in how_many.items() if n >= fewest]
    return often if len(often) <= _MOST_WORDS else [name for name, _ in how_many.most_common(_MOST_WORDS)]


def _dated(
    seen: Sequence[Observed[Cells]], series: Sequence[tuple[str, str]], months: Sequence[str], *, is_whole: bool
) -> Dated:
    column = {name: number for number, name in enumerate(series)}
    cells = [
        (row, column[name], is_so)
        for row, observed in enumerate(seen)
        for name, is_so in observed.value.items()
        if name in column
    ]
    rows, columns, are_so = (np.array(part) for part in zip(*cells, strict=True))
    shape = (len(seen), len(series))
    return Dated(
        _numbers(seen, months),
        len(months),
        sparse.csr_array((are_so.astype(np.float64), (rows, columns)), shape=shape),
        None if is_whole else sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=shape),
    )


def _texts(watched: Watched, months: Sequence[str], level: float) -> Signal:
    """The embeddings of all narratives, compared as a whole along the directions in which they differ most."""
    vectors = watched.vectors
    if vectors is None or len(months) < 2 or not len(vectors):
        return Signal("texts")
    month = _numbers(watched.texts, months)
    wide = vectors.astype(np.float64)
    _, axes = np.linalg.eigh(np.cov(wide.T))
    dated = Dated(month, len(months), wide @ axes[:, -_N_DIRECTIONS:])
    (n,) = dated.sums()[1]
    found = steps(dated, level=level, as_whole=True)
    before = [int(n[: step.month].sum()) for step in found]
    alarms = tuple(
        Alarm("texts", "", "", months[step.month], 0, of, 0, len(month) - of)
        for step, of in zip(found, before, strict=True)
    )
    return Signal("texts", {}, tuple(_likeness(wide, month == i) for i in range(len(months))), alarms)


def _likeness(vectors: npt.NDArray[np.float64], is_in: npt.NDArray[np.bool_]) -> float:
    if is_in.all() or not is_in.any():
        return float("nan")
    inside, outside = vectors[is_in].mean(axis=0), vectors[~is_in].mean(axis=0)
    return float(inside @ outside / (np.linalg.norm(inside) * np.linalg.norm(outside) or 1.0))


def _own_words(seen: Sequence[Observed[Cells]]) -> Mapping[str, int]:
    months: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for observed in seen:
        months[observed.month].update(observed.value)
    n_months = Counter(word for counts in months.values() for word in counts)
    return {
        month: sum(n >= 2 and n_months[word] == 1 for word, n in counts.items()) for month, counts in months.items()
    }


def _numbers(seen: Collection[Observed[Value]], months: Sequence[str]) -> npt.NDArray[np.intp]:
    number = {month: i for i, month in enumerate(months)}
    return np.array([number[observed.month] for observed in seen], dtype=np.intp)


def _alarm(
    signal: str, name: tuple[str, str], counts: Sequence[tuple[int, int]], months: Sequence[str], step: int
) -> Alarm:
    (n_before, of_before), (n_since, of_since) = (
        tuple(int(total) for total in np.sum(part, axis=0)) for part in (counts[:step], counts[step:])
    )
    return Alarm(signal, *name, months[step], n_before, of_before, n_since, of_since)
