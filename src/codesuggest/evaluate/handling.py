"""What could be filled in without coding: the surest suggestions, how many they are, and how right."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from codesuggest.agreement import Bootstrap, mean_of, ratio_of
from codesuggest.evaluate.measuring import Judged
from codesuggest.evaluate.slices import ENOUGH, over_axes
from codesuggest.metrics import Estimate, per_narrative, wilson

TARGETS = (0.80, 0.90, 0.95, 0.98)
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Handled:
    """Narratives whose first-ranked score is high enough for the accuracy wanted, on one axis: how many, their share,
    and how right they were. Over all axes the share is the mean of an incident's axes, and `n` counts suggestions.

    Thresholds are chosen on one half of gold and tried on the other, both ways round.
    """

    target: float
    n: int
    share: Estimate
    accuracy: Estimate


def handled(of: Judged, target: float) -> Handled:
    """What could be filled in on one axis."""
    taken, right = _taken(of, target)
    n = int(taken.sum())
    return Handled(target, n, wilson(n, len(taken)), wilson(int(right[taken].sum()), n))


def handled_over_axes(judged: Mapping[str, Judged], target: float, bootstrap: Bootstrap) -> Handled:
    """What could be filled in over all axes."""
    taken: dict[str, dict[str, float]] = {}
    n_taken: dict[str, float] = {}
    n_right: dict[str, float] = {}
    for axis, of in judged.items():
        is_taken, right = _taken(of, target)
        taken[axis] = dict(zip(of.ids, is_taken.astype(np.float64).tolist(), strict=True))
        for id, filled, is_right in zip(of.ids, is_taken.tolist(), right.tolist(), strict=True):
            n_taken[id] = n_taken.get(id, 0) + filled
            n_right[id] = n_right.get(id, 0) + filled * is_right
    filled_in, right_in = np.array(list(n_taken.values())), np.array(list(n_right.values()))
    share = mean_of(np.array(list(over_axes(taken).values())), bootstrap)
    return Handled(target, int(filled_in.sum()), share, ratio_of(right_in, filled_in, bootstrap))


def by_share(of: Judged) -> dict[float, Estimate]:
    """Accuracy of the share of narratives with the highest scores."""
    top, right = _first(of)
    ordered = right[np.argsort(-top, kind="stable")]
    counts = {share: max(1, round(share * len(ordered))) for share in SHARES}
    return {share: wilson(int(ordered[:n].sum()), n) for share, n in counts.items()}


def _first(of: Judged) -> tuple[Values, Values]:
    """The score of each narrative's first-ranked code, and 1 where it is right."""
    return of.scores.max(axis=1), per_narrative(of.scores, of.truth)["hit@1"]


def _taken(of: Judged, target: float) -> tuple[npt.NDArray[np.bool_], Values]:
    top, right = _first(of)
    halves = np.random.default_rng(0).permutation(len(top)) % 2 == 0
    taken = np.zeros(len(top), dtype=bool)
    for half in (halves, ~halves):
        taken |= half & (top >= _threshold(top[~half], right[~half], target))
    return taken, right


def _threshold(top: Values, right: Values, target: float) -> float:
    """The lowest score down to which the share right reaches the target; none reaches it: infinity."""
    order = np.argsort(-top, kind="stable")
    share = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    reached = np.flatnonzero((share >= target) & (np.arange(len(order)) >= ENOUGH - 1))
    return float(top[order[reached[-1]]]) if len(reached) else float("inf")
