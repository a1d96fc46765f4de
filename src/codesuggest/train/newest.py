"""Shortlists keep their promise on the newest narratives, where it is known which those are.

What is reported, and how it is coded, changes with time, and the narratives to come are nearest to the newest. So the
thresholds of shortlists are read off the scores that the newest quarter would have had when it came in: by rankers that
had seen nothing but what is older.
"""

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

from codesuggest.rank import AxisChain, AxisScores, CodeRanker, Evidence

Rows = npt.NDArray[np.bool_]
"""Which of the narratives trained on, shape (n,)."""

_NEWEST = 0.25
LEAST = 200
"""An axis with fewer narratives among the newest, or among the older, promises by all of its narratives."""


def date_of(details: Mapping[str, str]) -> dt.date | None:
    """When a narrative was reported, or else when it occurred; None where its row does not say."""
    by_name = {name.strip().casefold(): value.strip() for name, value in details.items()}
    for name in ("reported", "occurred", "date"):
        try:
            return dt.date.fromisoformat(by_name.get(name, "")[:10])
        except ValueError:
            continue
    return None


def newest(dates: Sequence[dt.date | None]) -> Rows:
    """The newest quarter with all of the day at which it begins; none where a narrative has no date."""
    if not dates or None in dates:
        return np.zeros(len(dates), dtype=bool)
    days = np.array([date.toordinal() for date in dates if date])
    return np.asarray(days >= np.sort(days)[round(len(days) * (1 - _NEWEST))], dtype=bool)


def promise_on_newest(
    rankers: Mapping[str, CodeRanker],
    chain: AxisChain,
    axes: Mapping[str, AxisScores],
    texts: tuple[sparse.csr_array, Mapping[str, Evidence]],
    is_new: Rows,
) -> None:
    """Set what the shortlists of every axis are read off.

    texts  features of the narratives, shape (n, n_features), and the evidence of each axis.
    """
    columns, evidence = texts
    new = np.flatnonzero(is_new)
    scores = {axis: of.unseen[new] for axis, of in axes.items()}
    known = {axis: (of.weights() >= 1)[new] for axis, of in axes.items()}
    promising = [axis for axis, of in axes.items() if min(known[axis].sum(), (~is_new[of.coded]).sum()) >= LEAST]
    for axis in promising:
        of = axes[axis]
        is_old = ~is_new[of.coded]
        old = of.coded[is_old]
        weight = None if of.weight is None else of.weight[is_old]
        earlier = rankers[axis].earlier(columns[old], of.given[old], evidence[axis], weight)
        scores[axis] = earlier.predict_proba(columns[new])
    weighed = chain.transform(scores) if promising else {}
    for axis in promising:
        rankers[axis].promise(weighed[axis][known[axis]], axes[axis].given[new][known[axis]])
