"""What the tagger sees of texts: for each word a vector, its ending and shape, and how it stands in its text.

Names and ordinary words that nobody saw in training are told apart by what they are made of and by where they stand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import regex
from spacy.attrs import (  # type: ignore[import-not-found]  # compiled, without stubs
    IS_ALPHA,
    IS_SPACE,
    IS_TITLE,
    IS_UPPER,
    LOWER,
    ORTH,
    SHAPE,
    SPACY,
    SUFFIX,
)
from spacy.strings import get_string_id
from spacy.tokens import Doc

from codesuggest.redact.pieces import WordPieces
from codesuggest.redact.spelling import LENGTH, WINDOWS, Floats, Letters, letters, spelt

Rows = npt.NDArray[np.int64]

N_SUFFIXES, N_SHAPES, N_FLAGS = 2000, 500, 17
GAP = 4
"""Rows of nothing between two texts, so that no word sees into the next text."""
_SPARE = 60_000
"""How many words' vectors are remembered before they are forgotten and made anew."""
_ATTRIBUTES = [LOWER, ORTH, SUFFIX, SHAPE, SPACY, IS_ALPHA, IS_SPACE, IS_TITLE, IS_UPPER]
_STOPS = np.array([get_string_id(mark) for mark in (".", "!", "?", ":", ";", "-", "–", "•", "*", "|")], dtype=np.uint64)
_GREAT_AGES = np.array([get_string_id(str(age)) for age in range(90, 116)], dtype=np.uint64)
_LETTERS = regex.compile(r"[\p{L}\p{M}]+")


class _Words(NamedTuple):
    """What is known of words, one row each: their vectors by pieces and by letters, letters, number of pieces."""

    vectors: Floats
    spelt: Floats
    letters: Letters
    n_pieces: Rows


class Lexicon:
    """Words' vectors, letters and numbers of pieces, made when a word is first seen.

    weights  the filters that make a vector of a word's letters; without them `vectors` are those of the pieces alone.
    """

    def __init__(self, pieces: WordPieces, weights: Mapping[str, Floats] | None = None) -> None:
        self._pieces, self._weights = pieces, weights
        self._row: dict[int, int] = {}
        self._unspelt: list[int] = []
        self._words = self._blank()

    def rows(self, doc: Doc, keys: npt.NDArray[np.uint64]) -> Rows:
        """The row of each token of a text; keys are the hashes of the tokens in lower case."""
        known = self._row
        numbers = [known.get(key, -1) for key in keys.tolist()]
        for position, number in enumerate(numbers):
            if number < 0:
                token = doc[position]
                numbers[position] = known.get(token.lower) or self._add(token.lower, token.lower_)
        return np.array(numbers, dtype=np.int64)

    def vectors(self, rows: Rows) -> Floats:
        """Shape (n, width): of the word's pieces, then of its letters."""
        if self._weights is not None and self._unspelt:
            self._words.spelt[self._unspelt] = spelt(self._weights, self._words.letters[self._unspelt])
            self._unspelt = []
        return np.concatenate([self._words.vectors[rows], self._words.spelt[rows]], axis=1)

    def letters(self, rows: Rows) -> Letters:
        """Shape (n, LENGTH)."""
        return self._words.letters[rows]

    def n_pieces(self, rows: Rows) -> Rows:
        """Into how many pieces each word falls, 5 at most; 0 for what has no letters."""
        return self._words.n_pieces[rows]

    def make_room(self) -> None:
        """Forget all words once there are many; rows given before are then void."""
        if len(self._row) > _SPARE:
            self._row, self._unspelt = {}, []
            self._words = self._blank()

    def _add(self, key: int, word: str) -> int:
        row = len(self._row) + 1
        if row >= len(self._words.vectors):
            self._words = _Words(*(np.concatenate([table, np.zeros_like(table)]) for table in self._words))
        pieces = [piece for run in _LETTERS.findall(word) for piece in self._pieces.rows(run)]
        if pieces:
            self._words.vectors[row] = self._pieces.vectors[pieces].mean(axis=0)
        self._words.n_pieces[row] = min(len(pieces), 5)
        self._words.letters[row] = letters(word)
        self._unspelt.append(row)
        self._row[key] = row
        return row

    def _blank(self) -> _Words:
        n_filters = 0 if self._weights is None else sum(len(self._weights[f"filters.{n}.bias"]) for n in WINDOWS)
        return _Words(
            np.zeros((4096, self._pieces.vectors.shape[1]), dtype=np.float32),
            np.zeros((4096, n_filters), dtype=np.float32),
            np.zeros((4096, LENGTH), dtype=np.uint8),
            np.zeros(4096, dtype=np.int64),
        )


@dataclass(frozen=True, slots=True)
class Sight:
    """Texts as numbers, one row a token, GAP empty rows behind each text.

    words, suffixes, shapes  shape (n,): rows of tables.    flags  shape (n, N_FLAGS).
    groups  shape (n,): tokens of one text that are the same word have the same number.
    is_word  shape (n, 1): 1 for a token, 0 for an empty row.
    """

    words: Rows
    suffixes: Rows
    shapes: Rows
    flags: Floats
    groups: Rows
    is_word: Floats


def see(docs: Sequence[Doc], lexicon: Lexicon) -> Sight:
    """What the tagger sees of texts; it makes what was seen before void."""
    lexicon.make_room()
    total = sum(len(doc) + GAP for doc in docs)
    words, suffixes, shapes = (np.zeros(total, dtype=np.int64) for _ in range(3))
    flags, is_word = np.zeros((total, N_FLAGS), dtype=np.float32), np.zeros((total, 1), dtype=np.float32)
    groups = np.arange(total, dtype=np.int64)
    start = 0
    for doc in docs:
        if not len(doc):
            start += GAP
            continue
        at = slice(start, start + len(doc))
        seen: npt.NDArray[np.uint64] = doc.to_array(_ATTRIBUTES)  # type: ignore[assignment]  # said to be floats
        words[at] = lexicon.rows(doc, seen[:, 0])
        suffixes[at] = seen[:, 2] % N_SUFFIXES
        shapes[at] = seen[:, 3] % N_SHAPES
        flags[at] = _flags(seen, lexicon.n_pieces(words[at]))
        groups[at] = start + _first_of_word(words[at], seen[:, 5] == 1)
        is_word[at] = 1
        start = at.stop + GAP
    return Sight(words, suffixes, shapes, flags, groups, is_word)


def _first_of_word(words: Rows, is_alpha: npt.NDArray[np.bool_]) -> Rows:
    """For each token the position of the first that is the same word."""
    _, first, inverse = np.unique(words, return_index=True, return_inverse=True)
    return np.where(is_alpha, first[inverse], np.arange(len(words)))


def _flags(seen: npt.NDArray[np.uint64], n_pieces: Rows) -> Floats:
    """How each token stands in its text: ones and zeros, shape (n, N_FLAGS)."""
    lower, orth, is_alpha = seen[:, 0], seen[:, 1], seen[:, 5] == 1
    flags = np.zeros((len(seen), N_FLAGS), dtype=np.float32)
    flags[np.arange(len(seen)), n_pieces] = 1
    has_capital = lower != orth
    flags[1:, 6] = np.isin(orth[:-1], _STOPS)
    flags[0, 7] = 1
    flags[1:, 7] = seen[:-1, 6]
    flags[:, 8] = has_capital & np.isin(lower, orth[~has_capital & is_alpha])
    flags[:, 9] = ~has_capital & is_alpha & np.isin(lower, lower[has_capital])
    flags[:, 10] = not has_capital.any()
    flags[:, 11] = 2 * (seen[:, 8] == 1).sum() > is_alpha.sum()
    flags[:, 12], flags[:, 13], flags[:, 14] = seen[:, 4], seen[:, 7], seen[:, 8]
    flags[:, 15], flags[:, 16] = is_alpha, np.isin(orth, _GREAT_AGES)
    return flags
