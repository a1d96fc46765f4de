"""What the parts of an evaluation's report are made from."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from codesuggest.audit import AxisAgreement
from codesuggest.domain import Taxonomy
from codesuggest.evaluate.appraisal import Appraisal
from codesuggest.evaluate.handling import Handled
from codesuggest.evaluate.studies import Studies
from codesuggest.metrics import Estimate
from codesuggest.report.document import NONE, Cell, Figure, Style


@dataclass(frozen=True, slots=True)
class Workload:
    """What coding costs a department: minutes to code one incident unaided, and to check one whose codes are filled
    in, and incidents a year."""

    minutes: float = 6.0
    minutes_checked: float = 2.0
    incidents: int = 1000

    @property
    def hours(self) -> float:
        """Hours a year to code everything unaided."""
        return self.minutes * self.incidents / 60


@dataclass(frozen=True, slots=True)
class Appraised:
    """An appraisal with what stands beside it.

    ceiling  how far a second coder agreed with gold, by axis; `studies`: models trained anew to compare with.
    """

    appraisal: Appraisal
    taxonomy: Taxonomy
    ceiling: Mapping[str, AxisAgreement]
    workload: Workload
    studies: Studies | None

    def label(self, axis: str) -> str:
        """An axis in words."""
        return self.taxonomy.axis[axis].label

    def coded(self, axis: str, code: str) -> str:
        """A code with its label."""
        label = self.taxonomy.label(axis, code)
        return code if code == label else f"{code} {label}"

    def filled_in(self, target: float) -> Handled:
        """What could be filled in over all axes where `target` right can be expected."""
        return next(handled for handled in self.appraisal.handled if handled.target == target)

    def hours_saved(self, target: float) -> Estimate:
        """Hours a year saved by checking what is filled in where `target` right can be expected."""
        minutes = max(0.0, self.workload.minutes - self.workload.minutes_checked)
        hours, filled = minutes * self.workload.incidents / 60, self.filled_in(target).share
        return Estimate(filled.value * hours, filled.low * hours, filled.high * hours)


def share(estimate: Estimate | None) -> Cell:
    """A share with its interval; nothing where there is none."""
    return NONE if estimate is None or np.isnan(estimate.value) else Figure(estimate, Style.share)
