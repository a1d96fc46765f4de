"""Word vectors for any word: one that has none of its own is given the mean of its pieces', as language models do.

Names and ordinary words that nobody saw in training are told apart by what they are made of.
"""

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from spacy.language import Language
from spacy.tokens import Doc
from spacy.vectors import Vectors

FILES = ("pieces.txt", "pieces.npy")
_SPARE = 50_000
"""How many words' vectors are remembered before they are forgotten and made anew."""
_LONGEST = 60
"""Longer words, which are no words, get no vector."""


class WordPieces:
    """A vocabulary of pieces, each with its vector; pieces inside a word start with `##`.

    vectors  shape (n_pieces, width).
    """

    def __init__(self, pieces: Sequence[str], vectors: npt.NDArray[np.floating]) -> None:
        self._row = {piece: row for row, piece in enumerate(pieces)}
        self._vectors = np.asarray(vectors, dtype=np.float32)
        self.width = self._vectors.shape[1]

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The pieces that a language model's folder holds."""
        pieces = (folder / FILES[0]).read_text(encoding="utf-8").splitlines()
        return cls(pieces, np.load(folder / FILES[1], allow_pickle=False))

    def save(self, folder: Path) -> None:
        """Write what `load` reads, the vectors with 16 bits a number."""
        (folder / FILES[0]).write_text("\n".join(self._row), encoding="utf-8")
        np.save(folder / FILES[1], self._vectors.astype(np.float16), allow_pickle=False)

    def vector(self, word: str) -> npt.NDArray[np.float32]:
        """The vector of a word, whatever its case and accents; zeros where it is not made of pieces."""
        rows: list[int] = []
        rest = "".join(c for c in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(c))
        if len(rest) > _LONGEST:
            return np.zeros(self.width, dtype=np.float32)
        while rest:
            head = "##" if rows else ""
            n = next((n for n in range(len(rest), 0, -1) if head + rest[:n] in self._row), 0)
            if n == 0:
                return np.zeros(self.width, dtype=np.float32)
            rows.append(self._row[head + rest[:n]])
            rest = rest[n:]
        return np.asarray(self._vectors[rows].mean(axis=0) if rows else np.zeros(self.width), dtype=np.float32)


class VectorisingTokenizer:
    """A pipeline's tokenizer that sees to it that each word has its vector in the pipeline's vocabulary."""

    def __init__(self, pipeline: Language, pieces: WordPieces) -> None:
        self.inner = pipeline.tokenizer
        self._vocab = pipeline.vocab
        self._pieces = pieces
        self._forget()

    def __call__(self, text: str) -> Doc:
        """The tokens of a text."""
        doc = self.inner(text)
        for token in doc:
            if token.lower not in self._vocab.vectors.key2row and token.lower_.isalpha():
                if self._vocab.vectors.is_full:
                    self._forget()
                self._vocab.vectors.add(token.lower, vector=self._pieces.vector(token.lower_))
        return doc

    def _forget(self) -> None:
        self._vocab.vectors = Vectors(strings=self._vocab.strings, shape=(_SPARE, self._pieces.width), attr="LOWER")
