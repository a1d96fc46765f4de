"""Which words of a redacted narrative raised a code.

The pool is a sum of views, and its two linear views are sums over words: of what each word adds to the lexical
features, and of what it adds to the embedding, which is a mean over words. So a word's share of a code's score can be
read off, without asking the model again with each word left out.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import regex

from codesuggest.domain import RedactedText

Spans = list[tuple[int, int]]

_WORD = regex.compile(r"<[A-Z_]+(?:_\d+)?>(*SKIP)(*FAIL)|[\p{L}\p{N}](?:[\p{L}\p{N}'’\-./]*[\p{L}\p{N}])?")
_MOST = 5
_LEAST_SHARE = 0.2
"""A word is named if it adds at least this share of what the strongest word adds."""


def words_of(text: RedactedText) -> Spans:
    """Where the words of a redacted text are; placeholders are none."""
    return [match.span() for match in _WORD.finditer(text)]


def strongest(words: Sequence[tuple[int, int]], added: npt.NDArray[np.float64]) -> tuple[tuple[int, int], ...]:
    """The words that raised a code most, the strongest first, at most five.

    added  shape (n_words,): what each word added to the code's score, on the pool's scale.
    """
    order = np.argsort(-added, kind="stable")[:_MOST]
    return tuple(words[i] for i in order if added[i] > 0 and added[i] >= _LEAST_SHARE * added[order[0]])
