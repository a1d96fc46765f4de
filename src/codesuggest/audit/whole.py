"""The whole audit of some confirmations: every statistic of every axis."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from codesuggest.agreement import Bootstrap
from codesuggest.audit.assistance import Assistance, assistance
from codesuggest.audit.confirmations import Confirmations
from codesuggest.audit.consistency import AxisConsistency, by_axis, consistency
from codesuggest.audit.differences import Confusions, Drift, Habit, confusions, drifts, habits
from codesuggest.domain import Taxonomy
from codesuggest.errors import AgreementError


@dataclass(frozen=True, slots=True)
class Audit:
    """How consistently some incidents were coded. All by axis; `model` names the coder who is a model, if any."""

    taxonomy: Taxonomy
    model: str
    n_decisions: int
    n_incidents: int
    n_coders: int
    n_skipped: int
    n_replaced: int
    axes: Mapping[str, AxisConsistency]
    confusions: Mapping[str, Confusions]
    habits: Mapping[str, tuple[Habit, ...]]
    drifts: Mapping[str, tuple[Drift, ...]]
    assistance: Mapping[str, Assistance]


def audit(
    confirmations: Confirmations,
    taxonomy: Taxonomy,
    *,
    model: str = "",
    floors: Mapping[str, float] | None = None,
    bootstrap: Bootstrap | None = None,
    each: Callable[[Mapping[str, object]], Mapping[str, object]] = lambda axes: axes,
) -> Audit:
    """Audit confirmations from wherever they were read.

    model   the coder among them who is a model: beside the people, and in none of their figures.
    floors  axis to the least agreement beyond chance that the protocol asks for.
    each    wraps the axes as they are gone through, to show progress.
    Raises AgreementError if no incident was coded by two people.
    """
    bootstrap = bootstrap or Bootstrap()
    decisions = confirmations.decisions
    people = [d for d in decisions if d.coder != model]
    rated, of_people = by_axis(decisions, taxonomy), by_axis(people, taxonomy)
    if not any(axis.ratings.shared().n_incidents for axis in of_people.values()):
        raise AgreementError("No incident was coded by two people. Have a share of incidents coded twice, then audit.")
    dates = {axis: {(d.incident, d.coder): d.date for d in people if d.axis == axis} for axis in of_people}
    helped = {
        axis: assistance([d for d in decisions if d.axis == axis], model=model, bootstrap=bootstrap) for axis in rated
    }
    return Audit(
        taxonomy,
        model if any(d.coder == model for d in decisions) else "",
        len(people),
        len({d.incident for d in people}),
        len({d.coder for d in people}),
        len(confirmations.skipped),
        confirmations.n_replaced,
        {
            axis: consistency(rated[axis], bootstrap=bootstrap, model=model, floor=(floors or {}).get(axis))
            for axis in each(rated)
        },
        {axis: confusions(of_people[axis]) for axis in of_people},
        {axis: habits(of_people[axis]) for axis in of_people},
        {axis: drifts(of_people[axis], dates[axis], bootstrap=bootstrap) for axis in of_people},
        {axis: found for axis, found in helped.items() if found},
    )
