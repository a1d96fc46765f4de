"""How far coders agree beyond chance: any number of them, one code or many, some missing, with intervals."""

from codesuggest.agreement.likeness import CodeSet, Likeness, exact, jaccard, masi, tree
from codesuggest.agreement.ratings import Ratings
from codesuggest.agreement.statistics import (
    Agreement,
    Bootstrap,
    agreement,
    difference_of_means,
    mean_of,
    ratio_of,
    says_little,
)

__all__ = [
    "Agreement",
    "Bootstrap",
    "CodeSet",
    "Likeness",
    "Ratings",
    "agreement",
    "difference_of_means",
    "exact",
    "jaccard",
    "masi",
    "mean_of",
    "ratio_of",
    "says_little",
    "tree",
]
