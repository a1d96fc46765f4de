"""Ranking the codes of an axis with scikit-learn: features of the text, and one ranker an axis."""

from codesuggest.rank.automatic import TARGETS, AutomaticRule, smallest_sample, sureness
from codesuggest.rank.chain import AxisChain, AxisScores
from codesuggest.rank.features import LexicalFeatures, rank_columns
from codesuggest.rank.linear import RowWeights
from codesuggest.rank.ranker import CodeRanker, Evidence

__all__ = [
    "TARGETS",
    "AutomaticRule",
    "AxisChain",
    "AxisScores",
    "CodeRanker",
    "Evidence",
    "LexicalFeatures",
    "RowWeights",
    "rank_columns",
    "smallest_sample",
    "sureness",
]
