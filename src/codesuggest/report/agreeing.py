"""An agreement as a row of a report's table, and what it allows, in words."""

from dataclasses import replace

import numpy as np

from codesuggest.agreement import Agreement, says_little
from codesuggest.metrics import Estimate
from codesuggest.report.document import NONE, Cell, Count, Figure, Style, Table

HEAD = ("incidents", "same codes", "kappa", "AC1", "alpha", "alpha, near codes", "alpha, by tree")

MARK = "†"
"""Beside a figure that says little of how far coders agree."""


def cells(found: Agreement) -> tuple[Cell, ...]:
    """The cells under HEAD; kappa and alpha marked where they say little."""
    near = found.partial.get("ordinal", found.partial.get("masi"))
    return (
        Count(found.n_incidents),
        Figure(found.percent, Style.share),
        beyond(found.kappa, found.percent),
        Figure(found.ac1),
        *(beyond(estimate, found.percent) for estimate in (found.alpha, near, found.partial.get("tree"))),
    )


def beyond(estimate: Estimate | None, percent: Estimate) -> Cell:
    """A figure of agreement beyond chance beside the share of the same codes; a dash where there is none."""
    if estimate is None:
        return NONE
    return Figure(estimate, mark=MARK if says_little(percent, estimate) else "")


def explained(table: Table) -> Table:
    """The table without empty columns, and with a note on its marked figures if it has any."""
    marked = any(isinstance(cell, Figure) and cell.mark for row in table.rows for cell in row)
    read = "read AC1" if "AC1" in table.head else "read how often they give the same codes"
    words = (
        f"{MARK} Coders hardly differ there, but nearly all incidents have one code, so that chance alone would agree "
        f"nearly as often and single incidents decide: the figure says little, {read}."
    )
    return replace(table, note=" ".join(part for part in (table.note, words if marked else "") if part)).trimmed


def strength(value: float) -> str:
    """What an agreement beyond chance allows, in words. Source: Krippendorff (2018), Content Analysis, chapter 12."""
    if np.isnan(value):
        return "cannot be judged: one code was used throughout"
    if value >= 0.8:
        return "is good enough to rely on one coder"
    if value >= 0.667:
        return "allows tentative conclusions from one coder"
    return "is too low to rely on one coder"
