"""Words as language models cut them: pieces, each with a vector, so that a word nobody saw in training has one too."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from codesuggest.redact.spelling import plain

_FILES = ("pieces.txt", "pieces.npy")
_LONGEST = 60
"""Longer words, which are no words, have no pieces."""


class WordPieces:
    """A vocabulary of pieces, each with its vector; pieces inside a word start with `##`.

    vectors  shape (n_pieces, width).
    """

    def __init__(self, pieces: Sequence[str], vectors: npt.NDArray[np.floating]) -> None:
        self.pieces = list(pieces)
        self.vectors = np.asarray(vectors, dtype=np.float32)
        self._row = {piece: row for row, piece in enumerate(pieces)}

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The pieces that a folder holds."""
        pieces = (folder / _FILES[0]).read_text(encoding="utf-8").splitlines()
        return cls(pieces, np.load(folder / _FILES[1], allow_pickle=False))

    def save(self, folder: Path) -> None:
        """Write what `load` reads, the vectors with 16 bits a number."""
        (folder / _FILES[0]).write_text("\n".join(self.pieces), encoding="utf-8")
        np.save(folder / _FILES[1], self.vectors.astype(np.float16), allow_pickle=False)

    def rows(self, word: str) -> list[int]:
        """The rows of a word's pieces, whatever its case and accents; none where it is not made of pieces."""
        rows: list[int] = []
        rest = plain(word.lower())
        if len(rest) > _LONGEST:
            return []
        while rest:
            head = "##" if rows else ""
            n = next((n for n in range(len(rest), 0, -1) if head + rest[:n] in self._row), 0)
            if n == 0:
                return []
            rows.append(self._row[head + rest[:n]])
            rest = rest[n:]
        return rows
