"""Every peer's figures on one cell, and codesuggest's difference from each on the same test narratives.

Rounds are drawn once a data set, so that differences stay paired over peers, axes and training sizes alike. Where a cell
was trained on several draws of training narratives, a round draws among those too: intervals hold the luck of both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

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


Figures = Mapping[str, Mapping[str, Rounds]]
"""Every figure of every peer in every round: `figures[peer][figure]`."""


@dataclass(frozen=True)
class Draw:
    """What came of one draw of training narratives.

    favoured  the figures if the code chosen is one that favours rare codes; empty on an axis of many.
    """

    outcomes: Mapping[str, Outcome]
    rounds: Figures
    favoured: Figures


@dataclass(frozen=True)
class Compared:
    """A cell on every draw of training narratives; `cell` is that of the first.

    picks  how often each draw counts in each round, shape (1 + n_rounds, n_draws); in the first round all count once.
    """

    cell: Cell
    draws: Sequence[Draw]
    picks: Rounds

    @cached_property
    def rounds(self) -> Figures:
        """The mean over the draws that a peer was run on."""
        return self._together([draw.rounds for draw in self.draws])

    @cached_property
    def favoured(self) -> Figures:
        """The same if everyone favours rare codes."""
        return self._together([draw.favoured for draw in self.draws])

    def best_peer(self, figure: str) -> str:
        """The peer that codesuggest is the least ahead of, chosen after the fact, which flatters the peers."""
        peers = [peer for peer in self.rounds if peer != OURS]
        return min(peers, key=lambda peer: self.difference(figure, peer)[0])

    def difference(self, figure: str, peer: str) -> Rounds:
        """codesuggest less the peer in every round, over the draws that the peer was run on."""
        return self._difference([draw.rounds for draw in self.draws], figure, peer)

    def favoured_difference(self) -> Rounds:
        """codesuggest's macro F1 less the best peer's, if everyone favours rare codes."""
        each = [draw.favoured for draw in self.draws]
        differences = [self._difference(each, "macro_f1", peer) for peer in self.favoured if peer != OURS]
        return min(differences, key=lambda rounds: rounds[0])

    def seconds(self, peer: str) -> float:
        """CPU seconds that training took, the mean over draws; nan where it was not measured."""
        taken = [draw.outcomes[peer].seconds for draw in self.draws if peer in draw.outcomes]
        return float(np.mean(taken)) if taken else float("nan")

    def _together(self, each: Sequence[Figures]) -> Figures:
        peers = dict.fromkeys(peer for figures in each for peer in figures)
        return {
            peer: {name: self._mean([f[peer][name] if peer in f else None for f in each]) for name in names}
            for peer in peers
            for names in [next(f[peer] for f in each if peer in f)]
        }

    def _difference(self, each: Sequence[Figures], figure: str, peer: str) -> Rounds:
        return self._mean([f[OURS][figure] - f[peer][figure] if {OURS, peer} <= {*f} else None for f in each])

    def _mean(self, each: Sequence[Rounds | None]) -> Rounds:
        """Over the draws that are there, each as often as a round picks it."""
        there = [number for number, rounds in enumerate(each) if rounds is not None]
        picks = self.picks[:, there]
        picks = np.where(picks.sum(axis=1, keepdims=True) > 0, picks, 1)
        values = np.stack([rounds for rounds in each if rounds is not None], axis=1)
        return np.asarray((values * picks).sum(axis=1) / picks.sum(axis=1))


def compare(cells: Sequence[Cell], outcomes: Sequence[Mapping[str, Outcome]], *, n_rounds: int) -> Compared:
    """Measure every outcome that has scores; one cell and its outcomes a draw."""
    seed = list(SETS).index(cells[0].sample.data)
    weights = resamples(len(cells[0].sample.test.texts), n_rounds=n_rounds, seed=seed)
    picks = resamples(len(cells), n_rounds=n_rounds, seed=len(SETS) + seed)
    draws = [_draw(cell, each, weights[:, cell.coded]) for cell, each in zip(cells, outcomes, strict=True)]
    return Compared(cells[0], draws, picks)


def _draw(cell: Cell, outcomes: Mapping[str, Outcome], weights: Rounds) -> Draw:
    scored = {peer: outcome for peer, outcome in outcomes.items() if not outcome.note}
    rounds = {
        peer: resampled(outcome.scores, cell.right, _decided(cell, outcome), weights)
        for peer, outcome in scored.items()
    }
    favoured = {}
    for peer, outcome in scored.items() if cell.exclusive else ():
        made = favouring(cell, outcome.scores)
        favoured[peer] = resampled(made.astype(np.float64), cell.right, made, weights)
    return Draw(outcomes, rounds, favoured)


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
    return estimate(np.mean([c.difference(figure, peer) for c in cells], axis=0))


def _decided(cell: Cell, outcome: Outcome) -> Truth:
    threshold = outcome.threshold
    if np.isnan(threshold):
        threshold = _matching(outcome.scores, float(cell.given.sum() / max(len(cell.given), 1)))
    return decisions(outcome.scores, exclusive=cell.exclusive, threshold=threshold)


def _matching(scores: Scores, codes_each: float) -> float:
    """The threshold that gives as many codes a narrative as training has: no peer is judged by an unset threshold."""
    n_given = max(1, round(codes_each * len(scores)))
    return float(np.sort(scores, axis=None)[-n_given])
