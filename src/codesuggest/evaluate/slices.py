"""For whom a model is worse: the first suggestion's accuracy by site, month, reporter, length."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from codesuggest.agreement import Bootstrap, difference_of_means, mean_of
from codesuggest.evaluate.measuring import Judged
from codesuggest.metrics import Estimate, per_narrative

Details = Mapping[str, Mapping[str, str]]
"""Incident id to what else is known of it: `site`, `month`, `reporter`, `length`."""

ByIncident = Mapping[str, Mapping[str, float]]
"""Axis, then incident, to a value."""

LENGTHS = ("up to 25 words", "26 to 50 words", "51 to 100 words", "101 to 200 words", "over 200 words")
"""The bands of a narrative's length, in their order."""

ENOUGH = 10
_NOTHING = Estimate(np.nan, np.nan, np.nan)


@dataclass(frozen=True, slots=True)
class Slice:
    """The first-ranked code's accuracy in one part of gold, by axis, and over all axes (mean of an incident's axes).

    gap     this part less all the others, over all axes.
    second  share of a second coder's codes that are right, over all axes; NaN where none coded.
    """

    n: int
    overall: Estimate
    axes: Mapping[str, Estimate]
    gap: Estimate
    second: Estimate


def hits(judged: Mapping[str, Judged]) -> dict[str, dict[str, float]]:
    """Whether the first-ranked code is right, by axis and incident."""
    return {
        axis: dict(zip(of.ids, per_narrative(of.scores, of.truth)["hit@1"].tolist(), strict=True))
        for axis, of in judged.items()
    }


def over_axes(values: ByIncident) -> dict[str, float]:
    """The mean of each incident's axes."""
    ids = dict.fromkeys(id for by_id in values.values() for id in by_id)
    return {id: float(np.mean([by_id[id] for by_id in values.values() if id in by_id])) for id in ids}


def slices(
    first: ByIncident, second: ByIncident, details: Details, bootstrap: Bootstrap
) -> dict[str, dict[str, Slice]]:
    """Kind of slice, then its name, to the accuracy there; parts of fewer than ten incidents are left out.

    first, second  whether the first suggestion is right, and how far a second coder is.
    """
    overall, ceiling = over_axes(first), over_axes(second)
    found: dict[str, dict[str, Slice]] = {}
    for kind in dict.fromkeys(kind for id in overall for kind in details.get(id, {})):
        parts: dict[str, list[str]] = {}
        for id in sorted(overall):
            if name := details.get(id, {}).get(kind):
                parts.setdefault(name, []).append(id)
        found[kind] = {
            name: _slice(part, first, overall, ceiling, bootstrap)
            for name, part in sorted(parts.items(), key=lambda item: (_place(item[0]), item[0]))
            if len(part) >= ENOUGH
        }
    return {kind: of for kind, of in found.items() if of}


def _place(name: str) -> int:
    return LENGTHS.index(name) if name in LENGTHS else 0


def _slice(
    part: Sequence[str],
    first: ByIncident,
    overall: Mapping[str, float],
    ceiling: Mapping[str, float],
    bootstrap: Bootstrap,
) -> Slice:
    own, rest = np.array([overall[id] for id in part]), set(overall) - set(part)
    others = np.array([overall[id] for id in overall if id in rest])
    return Slice(
        len(part),
        mean_of(own, bootstrap),
        {axis: _mean([by_id[id] for id in part if id in by_id], bootstrap) for axis, by_id in first.items()},
        difference_of_means(own, others, bootstrap) if rest else _NOTHING,
        _mean([ceiling[id] for id in part if id in ceiling], bootstrap),
    )


def _mean(values: Sequence[float], bootstrap: Bootstrap) -> Estimate:
    return mean_of(np.array(values, dtype=np.float64), bootstrap) if values else _NOTHING
