"""How consistently coders code: two codings of the same incidents compared, axis by axis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codesuggest.agreement import CodeSet, cohen_kappa, krippendorff_alpha, mean_likeness, with_interval
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
    def meets_floor(self) -> bool:
        """Whether the chance-corrected figure reaches the floor."""
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
    return {axis: _axis(first, second, both, axis, taxonomy, (floors or {}).get(axis)) for axis in taxonomy.axis}


def _axis(
    first: Coding, second: Coding, both: Sequence[str], axis: str, taxonomy: Taxonomy, floor: float | None
) -> AxisAgreement:
    pairs = [(frozenset(first[id].get(axis, ())), frozenset(second[id].get(axis, ()))) for id in both]
    ours, theirs = [a for a, _ in pairs], [b for _, b in pairs]
    statistic = krippendorff_alpha if taxonomy.axis[axis].many else cohen_kappa
    return AxisAgreement(
        len(both),
        with_interval(mean_likeness, ours, theirs),
        with_interval(statistic, ours, theirs, n_rounds=200 if taxonomy.axis[axis].many else 1000),
        with_interval(_f1, ours, theirs),
        floor,
    )


def _f1(first: Sequence[CodeSet], second: Sequence[CodeSet]) -> float:
    shared = sum(len(a & b) for a, b in zip(first, second, strict=True))
    given = sum(map(len, first)) + sum(map(len, second))
    return 2 * shared / given if given else 1.0
