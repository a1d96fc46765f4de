"""Shortlists with a guarantee: codes among which the right one is with a chosen probability.

Conformal: thresholds are read off the scores of training narratives by models that had not seen them, so that on new
narratives of the same kind the shortlist holds the right code with at least the coverage asked for, whatever the model.

Sources: Vovk, Gammerman and Shafer (2005), Algorithmic Learning in a Random World, chapter 4 (class-conditional);
Angelopoulos, Bates, Fisch, Lei and Schuster (2024), Conformal Risk Control, ICLR (many codes).
"""

import math

import numpy as np
import numpy.typing as npt

from codesuggest.domain import Truth

Thresholds = npt.NDArray[np.float64]
"""Shape (n_codes,): a code is on the shortlist if its score reaches its threshold."""

MIN_OF_A_CODE = 50
"""Narratives a code needs for a threshold of its own; codes with fewer have the shared one."""


def exclusive_thresholds(
    unseen: npt.NDArray[np.floating],
    truth: Truth,
    coverage: float,
    later: tuple[npt.NDArray[np.floating], Truth] | None = None,
) -> Thresholds:
    """Thresholds on an axis of one code: as high as all narratives together allow, but lower for a code that would then
    be missed too often itself, if enough narratives have it to tell.

    unseen, truth  shape (n, n_codes), of narratives with a code on the axis.
    later          the same of the newest, where it is known which those are: how high all together allow is read off
                   these alone. What a code needs is not, since few codes have enough of them.
    """
    counts = truth.sum(axis=0)
    own = np.array(
        [
            _threshold(unseen[truth[:, code], code], coverage) if count >= MIN_OF_A_CODE else np.inf
            for code, count in enumerate(counts)
        ]
    )
    scores, right = later or (unseen, truth)
    rows, codes = np.nonzero(right)
    given = scores[rows, codes]
    shared = _threshold(np.where(given >= own[codes], np.inf, given), coverage)
    return np.asarray(np.minimum(shared, own), dtype=np.float64)


def independent_thresholds(unseen: npt.NDArray[np.floating], truth: Truth, coverage: float) -> Thresholds:
    """One threshold where many codes apply: the mean share of right codes missed is at most 1 - coverage."""
    coded = truth.any(axis=1)
    unseen, truth = unseen[coded], truth[coded]
    n = len(truth)
    if n == 0 or (n + 1) * (1 - coverage) < 1:
        return np.zeros(truth.shape[1])
    missed_at = np.repeat(1 / truth.sum(axis=1), truth.sum(axis=1))
    scores = unseen[truth]
    order = np.argsort(scores, kind="stable")
    lost = np.cumsum(missed_at[order])  # the share missed, summed over narratives, if the threshold is just above
    allowed = (n + 1) * (1 - coverage) - 1
    first_kept = int(np.searchsorted(lost, allowed, side="right"))
    threshold = scores[order[first_kept]] if first_kept < len(order) else 1.0
    return np.full(truth.shape[1], threshold)


def _threshold(scores: npt.NDArray[np.floating], coverage: float) -> float:
    """The score that at least `coverage` of exchangeable new scores reach; 0 where there are too few to say."""
    rank = math.floor((len(scores) + 1) * (1 - coverage))
    return float(np.sort(scores)[rank - 1]) if rank >= 1 else 0.0
