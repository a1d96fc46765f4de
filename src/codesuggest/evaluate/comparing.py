"""Two models on the same narratives, with a paired test."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from codesuggest.agreement import Bootstrap, mean_of
from codesuggest.evaluate.slices import ByIncident
from codesuggest.metrics import Estimate


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the same narratives: hit@1 of each, the paired difference, and McNemar's exact test.

    Source of the test: McNemar (1947), Psychometrika 12(2), 153-157, by the binomial distribution.
    """

    n: int
    first: float
    second: float
    difference: Estimate
    n_only_first: int
    n_only_second: int
    p_value: float


def compared(first: ByIncident, second: ByIncident, bootstrap: Bootstrap) -> Mapping[str, Comparison]:
    """Each axis on the incidents that both were measured on."""
    found = {}
    for axis, ours in first.items():
        theirs = second.get(axis, {})
        if both := [id for id in ours if id in theirs]:
            a, b = np.array([ours[id] for id in both]), np.array([theirs[id] for id in both])
            only = int(((a == 1) & (b == 0)).sum()), int(((a == 0) & (b == 1)).sum())
            p = float(stats.binomtest(only[0], sum(only)).pvalue) if sum(only) else 1.0
            found[axis] = Comparison(
                len(both), float(a.mean()), float(b.mean()), mean_of(a - b, bootstrap), only[0], only[1], p
            )
    return found
