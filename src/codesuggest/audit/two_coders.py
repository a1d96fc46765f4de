"""Two codings of the same incidents compared, axis by axis."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from codesuggest.agreement import Bootstrap, CodeSet, Ratings, agreement, jaccard, masi, mean_of, ratio_of, says_little
from codesuggest.domain import Codes, Taxonomy
from codesuggest.errors import AgreementError
from codesuggest.metrics import Estimate

Coding = Mapping[str, Codes]
"""Incident id to its codes."""


@dataclass(frozen=True, slots=True)
class AxisAgreement:
    """One axis of two coders.

    likeness  mean share of codes in common (Jaccard); on an axis of one code the share of equal codes.
    chance_corrected  Cohen's kappa on an axis of one code, Krippendorff's alpha (MASI) on one of many.
    f1        micro F1 of the second coder against the first, to set beside a model's.
    floor     what the protocol asks of `chance_corrected`, if it says.
    """

    n: int
    likeness: Estimate
    chance_corrected: Estimate
    f1: Estimate
    floor: float | None = None

    @property
    def says_little(self) -> bool:
        """Whether `chance_corrected` says little, because nearly all incidents have one code."""
        return says_little(self.likeness, self.chance_corrected)

    @property
    def meets_floor(self) -> bool:
        """Whether the chance-corrected figure reaches the floor; one that is not defined does not."""
        return self.floor is None or self.chance_corrected.value >= self.floor


def agreement_of(
    first: Coding, second: Coding, taxonomy: Taxonomy, floors: Mapping[str, float] | None = None
) -> dict[str, AxisAgreement]:
    """The agreement of two coders on every axis, over the incidents that both coded.

    Raises AgreementError if there is none.
    """
    both = [id for id in first if id in second]
    if not both:
        raise AgreementError("No incident was coded by both coders.")
    return {
        axis.key: _axis(
            [(frozenset(first[id].get(axis.key, ())), frozenset(second[id].get(axis.key, ()))) for id in both],
            is_many=axis.many,
            floor=(floors or {}).get(axis.key),
        )
        for axis in taxonomy.axes
    }


def _axis(pairs: list[tuple[CodeSet, CodeSet]], *, is_many: bool, floor: float | None) -> AxisAgreement:
    bootstrap = Bootstrap()
    ratings = Ratings.of(
        (str(n), str(coder), codes) for n, pair in enumerate(pairs) for coder, codes in enumerate(pair)
    )
    found = agreement(ratings, likeness={"masi": masi(ratings.values)} if is_many else {}, bootstrap=bootstrap)
    first, second = ratings.value[0::2], ratings.value[1::2]
    shared = np.array([len(a & b) for a, b in pairs], dtype=np.float64)
    given = np.array([len(a) + len(b) for a, b in pairs], dtype=np.float64)
    return AxisAgreement(
        len(pairs),
        mean_of(jaccard(ratings.values)[first, second], bootstrap),
        found.partial["masi"] if is_many else found.kappa,
        ratio_of(2 * shared, given, bootstrap),
        floor,
    )
