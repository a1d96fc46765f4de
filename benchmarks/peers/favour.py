"""What macro F1 says of a choice: the best-ranked code, or one that favours rare codes, by every peer alike.

A ranking that is calibrated seldom has a rare code first. Subtracting a share of the logarithm of how often training
has each code makes room for them, at the cost of some that were right. How large a share is chosen on half of the test
narratives, the one with the best macro F1 that costs at most a standard error of accuracy, and measured on the other
half; and the other way round.
"""

import numpy as np
import numpy.typing as npt

from codesuggest.domain import Scores, Truth
from codesuggest.metrics import decisions, resampled

from .incidents import Cell

SHARES = np.arange(0, 1.01, 0.1)
_LEAST = 1e-6


def favouring(cell: Cell, scores: Scores) -> Truth:
    """The code chosen of each test narrative of an axis of one code, shape (n, n_codes)."""
    log_scores = np.log(scores / np.maximum(scores.sum(axis=1, keepdims=True), _LEAST) + _LEAST)
    usual = np.log((cell.given.sum(axis=0) + 0.5) / (len(cell.given) + 0.5 * len(cell.codes)))
    chosen = np.stack([decisions(log_scores - share * usual, exclusive=True) for share in SHARES])
    first = np.random.default_rng(0).random(len(scores)) < 0.5
    made = np.empty_like(cell.right)
    for half in (first, ~first):
        made[half] = chosen[_share(chosen[:, ~half], cell.right[~half]), half]
    return made


def _share(chosen: npt.NDArray[np.bool_], right: Truth) -> int:
    """Which of SHARES; chosen, shape (n_shares, n, n_codes)."""
    once = np.ones((1, len(right)))
    f1 = [float(resampled(made.astype(np.float64), right, made, once)["macro_f1"][0]) for made in chosen]
    accuracy = (chosen & right).any(axis=2).mean(axis=1)
    allowed = accuracy[0] - np.sqrt(accuracy[0] * (1 - accuracy[0]) / len(right))
    return int(np.argmax(np.where(accuracy >= allowed, f1, -1)))
