"""Words as rows of letters, so that how a name is built can be learnt and known again in one that nobody saw."""

import unicodedata
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Letters = npt.NDArray[np.uint8]

LENGTH = 18
"""Letters that are looked at, a blank on either side included: of a longer word its head and its tail."""
N_LETTERS = 32
WINDOWS = (3, 5)
"""How many letters in a row each half of the filters looks at."""
_HEAD = 10
_OTHER = 31
_CODES = {letter: code for code, letter in enumerate("abcdefghijklmnopqrstuvwxyz'-", start=1)} | {"’": 27, "–": 28}


def plain(word: str) -> str:
    """A word without accents."""
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))


def letters(word: str) -> Letters:
    """A word in lower case as codes of its letters, shape (LENGTH,), 0 where there is none; accents are left away."""
    shown, room = plain(word), LENGTH - 2
    if len(shown) > room:
        shown = shown[:_HEAD] + shown[_HEAD - room :]
    codes = np.zeros(LENGTH, dtype=np.uint8)
    codes[1 : 1 + len(shown)] = [_CODES.get(c, 29 if c.isdigit() else 30 if c.isalpha() else _OTHER) for c in shown]
    return codes


def spelt(weights: Mapping[str, Floats], words: Letters) -> Floats:
    """The vectors of words by their letters: for each filter how well it fits where it fits best.

    words  shape (n, LENGTH). Returns shape (n, n_filters).
    """
    parts = []
    seen = weights["letters"][words]
    for size in WINDOWS:
        windows = np.lib.stride_tricks.sliding_window_view(seen, size, axis=1)
        flat = windows.transpose(0, 1, 3, 2).reshape(len(words), LENGTH - size + 1, -1)
        made = flat @ weights[f"filters.{size}.weight"].T + weights[f"filters.{size}.bias"]
        parts.append(np.maximum(made.max(axis=1), 0))
    return np.concatenate(parts, axis=1).astype(np.float32)
