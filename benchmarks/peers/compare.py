"""Every peer's figures on one cell, and codesuggest's difference from each on the same test narratives.

Rounds are drawn once a data set, so that differences stay paired over peers, axes and training sizes alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from codesuggest.domain import Scores, Truth
from codesuggest.metrics import Estimate, Rounds, decisions, estimate, resampled, resamples

from .favour import favouring
from .incidents import SETS, Cell
from .outcome import Outcome

FIGURES = {"hit@1": "hit@1", "recall@5": "recall@5", "reciprocal_rank": "reciprocal rank", "macro_f1": "macro F1"}
"""Those compared, with their names for the reader."""

OURS = "codesuggest"
FUSION = "late_fusion"


@dataclass(frozen=True)
class Compared:
    """A cell with every figure of every peer in every round: `rounds[peer][figure]`.

    favoured  the same, if the code chosen is one that favours rare codes; empty on an axis of many.
    """

    cell: Cell
    outcomes: Mapping[str, Outcome]
    rounds: Mapping[str, Mapping[str, Rounds]]
    favoured: Mapping[str, Mapping[str, Rounds]]

    def best_peer(self, figure: str) -> str:
        """The peer with the best value, chosen after the fact, which flatters the peers."""
        return max((peer for peer in self.rounds if peer != OURS), key=lambda peer: self.rounds[peer][figure][0])

    def favoured_difference(self) -> Estimate:
        """codesuggest's macro F1 less the best peer's, if everyone favours rare codes."""
        values = {peer: rounds["macro_f1"] for peer, rounds in self.favoured.items()}
        best = max((peer for peer in values if peer != OURS), key=lambda peer: values[peer][0])
        return estimate(values[OURS] - values[best])

    def difference(self, figure: str, peer: str) -> Estimate:
        """codesuggest less the peer."""
        return estimate(self.rounds[OURS][figure] - self.rounds[peer][figure])


def compare(cell: Cell, outcomes: Mapping[str, Outcome], *, n_rounds: int) -> Compared:
    """Measure every outcome that has scores."""
    seed = list(SETS).index(cell.sample.data)
    weights = resamples(len(cell.sample.test.texts), n_rounds=n_rounds, seed=seed)[:, cell.coded]
    scored = {peer: outcome for peer, outcome in outcomes.items() if not outcome.note}
    rounds = {
        peer: resampled(outcome.scores, cell.right, _decided(cell, outcome), weights)
        for peer, outcome in scored.items()
    }
    favoured = {}
    for peer, outcome in scored.items() if cell.exclusive else ():
        made = favouring(cell, outcome.scores)
        favoured[peer] = resampled(made.astype(np.float64), cell.right, made, weights)
    return Compared(cell, outcomes, rounds, favoured)


def verdict(difference: Estimate) -> str:
    """Ahead or behind where the interval leaves out zero."""
    if difference.low > 0:
        return "ahead"
    return "behind" if difference.high < 0 else "level"


def pooled(compared: list[Compared], figure: str, peer: str) -> Estimate | None:
    """The mean difference from a peer over the cells that it was run on."""
    cells = [c for c in compared if peer in c.rounds and OURS in c.rounds]
    if not cells:
        return None
    rounds = [c.rounds[OURS][figure] - c.rounds[peer][figure] for c in cells]
    return estimate(np.mean(rounds, axis=0))


def _decided(cell: Cell, outcome: Outcome) -> Truth:
    threshold = outcome.threshold
    if np.isnan(threshold):
        threshold = _matching(outcome.scores, float(cell.given.sum() / max(len(cell.given), 1)))
    return decisions(outcome.scores, exclusive=cell.exclusive, threshold=threshold)


def _matching(scores: Scores, codes_each: float) -> float:
    """The threshold that gives as many codes a narrative as training has: no peer is judged by an unset threshold."""
    n_given = max(1, round(codes_each * len(scores)))
    return float(np.sort(scores, axis=None)[-n_given])
