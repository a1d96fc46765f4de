"""What a peer made of a cell, kept on disk so that a second run trains only what is missing."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from codesuggest.domain import Scores

from .incidents import Cell


@dataclass(frozen=True)
class Outcome:
    """The scores of a cell's test narratives, shape (n, n_codes), columns as the cell's codes.

    seconds    CPU seconds of training, all threads, without the embedding; nan where nobody measured them.
    threshold  the score from which codes are given on an axis of many; nan: the one that the comparison finds.
    note       why there are no scores; empty where there are.
    """

    scores: Scores
    seconds: float = float("nan")
    threshold: float = float("nan")
    note: str = ""


class Store:
    """A folder with one file a peer and cell."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, peer: str, cell: Cell) -> Outcome | None:
        """What was kept, unless it is of other test narratives or codes."""
        path = self._path(peer, cell)
        if not path.exists():
            return None
        with np.load(path) as kept:
            outcome = Outcome(
                kept["scores"].astype(np.float64), float(kept["seconds"]), float(kept["threshold"]), str(kept["note"])
            )
            same = tuple(kept["codes"]) == cell.codes
        return outcome if outcome.note or (same and outcome.scores.shape == cell.right.shape) else None

    def put(self, peer: str, cell: Cell, outcome: Outcome) -> None:
        """Keep it; a kill leaves the file whole or absent."""
        path = self._path(peer, cell)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        np.savez_compressed(
            part,
            scores=outcome.scores.astype(np.float32),
            seconds=outcome.seconds,
            threshold=outcome.threshold,
            note=outcome.note,
            codes=np.array(cell.codes),
        )
        part.replace(path)

    def _path(self, peer: str, cell: Cell) -> Path:
        return self._folder / peer / f"{cell.name}.npz"
