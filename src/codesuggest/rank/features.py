"""Words and character sequences of redacted text, weighted by TF-IDF."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import TfidfVectorizer

from codesuggest.domain import Embeddings

_WORD = r"(?u)\b\w+\b"


class LexicalFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """TF-IDF of words and word pairs beside TF-IDF of characters within words (2 to 5), which survives typing errors.

    Parameters: `max_words`, `max_characters` - most features of each kind, the most frequent ones first;
    `min_texts` - texts a feature must occur in, where there are at least 200 texts.
    """

    def __init__(self, *, max_words: int = 100_000, max_characters: int = 200_000, min_texts: int = 2) -> None:
        self.max_words = max_words
        self.max_characters = max_characters
        self.min_texts = min_texts

    def fit(self, X: Sequence[str], y: object = None) -> Self:  # noqa: N803, ARG002  scikit-learn's names
        """Learn the vocabulary of n texts and how rare each feature is in them."""
        shared = {"sublinear_tf": True, "dtype": np.float32, "min_df": self.min_texts if len(X) >= 200 else 1}
        self.words_ = TfidfVectorizer(
            ngram_range=(1, 2), max_features=self.max_words, token_pattern=_WORD, **shared
        ).fit(X)
        self.characters_ = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(2, 5), max_features=self.max_characters, **shared
        ).fit(X)
        for vectoriser in (self.words_, self.characters_):
            # Plain numbers: each of scikit-learn's own would be a file in the saved model, and take it seconds to load.
            vectoriser.vocabulary_ = {term: int(column) for term, column in vectoriser.vocabulary_.items()}
        return self

    def transform(self, X: Sequence[str]) -> sparse.csr_array:  # noqa: N803
        """Features of shape (n, n_features), float32; the words come first."""
        parts = [self.words_.transform(X), self.characters_.transform(X)]
        return sparse.csr_array(sparse.hstack(parts, format="csr"))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.two_d_array = True, False
        return tags

    def parts(self, X: Sequence[str], words: Sequence[str]) -> sparse.csr_array:  # noqa: N803
        """What each word of one text, X[0], adds to its features, shape (n_words, n_features).

        A feature that several words hold is shared among them; pairs of words are left out.
        """
        whole = self.transform(X)
        if not words:
            return whole[:0]
        holds = self.transform(words).astype(bool).astype(np.float32)
        shares = holds.multiply(1 / np.maximum(holds.sum(axis=0), 1))
        return sparse.csr_array(shares.multiply(whole.toarray()))


def rank_columns(vectors: Embeddings, lexical: sparse.csr_array) -> sparse.csr_array:
    """What a ranker is given: the embedding's columns first, then the lexical features."""
    return sparse.csr_array(sparse.hstack([sparse.csr_array(vectors), lexical], format="csr"))
