"""Ranking the codes of an axis with scikit-learn: features of the text, and one ranker an axis."""

from codesuggest.rank.features import LexicalFeatures, rank_columns
from codesuggest.rank.ranker import CodeRanker

__all__ = ["CodeRanker", "LexicalFeatures", "rank_columns"]
