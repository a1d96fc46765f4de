"""A second coder beside gold: what somebody reaches who has the text and the guidelines only."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from codesuggest.domain import Codes, Taxonomy, Truth
from codesuggest.evaluate.measuring import Judged

Coding = Mapping[str, Codes]
"""Incident id to its codes."""

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SecondCoder:
    """One axis as a second coder coded it, rows and columns as in `Judged`.

    coded   shape (n,): which incidents were coded a second time.
    given   shape (n, n_codes): the codes given.
    right   shape (n,): the share of the codes given that are right, to set beside the first suggestion's; NaN where
            the incident was not coded a second time.
    differs shape (n,): whether the second coding is another than gold's.
    """

    coded: npt.NDArray[np.bool_]
    given: Truth
    right: Values
    differs: npt.NDArray[np.bool_]


def second_coder(of: Judged, second: Coding, taxonomy: Taxonomy, axis: str) -> SecondCoder:
    """A second coder's codings of the incidents of gold; codes that neither gold nor the model has count as wrong."""
    column = {code: number for number, code in enumerate(of.codes)}
    given = np.zeros(of.truth.shape, dtype=bool)
    n_given = np.zeros(len(of.ids))
    for row, id in enumerate(of.ids):
        codes = {taxonomy.spelling(axis, code) or code for code in second.get(id, {}).get(axis, ())}
        given[row, [column[code] for code in codes if code in column]] = True
        n_given[row] = len(codes)
    coded = np.array([id in second for id in of.ids], dtype=bool)
    shared = (given & of.truth).sum(axis=1)
    right = np.where(coded, np.divide(shared, n_given, out=np.zeros(len(shared)), where=n_given > 0), np.nan)
    differs = coded & ((given != of.truth).any(axis=1) | (n_given > given.sum(axis=1)))
    return SecondCoder(coded, given, right, differs)
