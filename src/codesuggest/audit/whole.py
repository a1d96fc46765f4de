"""The whole audit of some confirmations: every statistic of every axis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from joblib import Parallel, delayed
from tqdm import tqdm

from codesuggest.agreement import Bootstrap
from codesuggest.audit.assistance import Assistance, assistance
from codesuggest.audit.confirmations import AxisConfirmation, Confirmations
from codesuggest.audit.consistency import AxisConsistency, AxisRatings, consistency
from codesuggest.audit.differences import Confusions, Drift, Habit, confusions, drifts, habits
from codesuggest.domain import Taxonomy
from codesuggest.errors import AgreementError
from codesuggest.settings import settings

_MANY = 20_000
"""Decisions from which on a second process earns its start."""


@dataclass(frozen=True, slots=True)
class AxisAudit:
    """Everything about one axis. `assistance` is None where no decision says whether it was blind."""

    agreement: AxisConsistency
    confusions: Confusions
    habits: tuple[Habit, ...]
    drifts: tuple[Drift, ...]
    assistance: Assistance | None


@dataclass(frozen=True, slots=True)
class Audit:
    """How consistently some incidents were coded. `model` names the coder who is a model, if any; counts are of people.

    n_skipped   rows that could not be read; `n_replaced` decisions were made again later by the same coder.
    """

    taxonomy: Taxonomy
    model: str
    n_decisions: int
    n_incidents: int
    n_coders: int
    n_skipped: int
    n_replaced: int
    axes: Mapping[str, AxisAudit]


def audit(
    confirmations: Confirmations,
    taxonomy: Taxonomy,
    *,
    model: str = "",
    floors: Mapping[str, float] | None = None,
    bootstrap: Bootstrap | None = None,
    show_progress: bool = False,
) -> Audit:
    """Audit confirmations from wherever they were read.

    model   the coder among them who is a model: beside the people, and in none of their figures.
    floors  axis to the least agreement beyond chance that the protocol asks for.
    Raises AgreementError if no incident was coded by two people.
    """
    people = [d for d in confirmations.decisions if d.coder != model]
    parts: dict[str, list[AxisConfirmation]] = {axis: [] for axis in taxonomy.axis}
    for decision in confirmations.decisions:
        if decision.axis in parts:
            parts[decision.axis].append(decision)
    if not _coded_twice(people):
        raise AgreementError("No incident was coded by two people. Have a share of incidents coded twice, then audit.")
    given = {axis: part for axis, part in parts.items() if any(d.coder != model for d in part)}
    n_jobs = (settings().threads or -1) if len(people) > _MANY else 1
    done = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_axis)(axis, part, taxonomy, model, (floors or {}).get(axis), bootstrap or Bootstrap())
        for axis, part in given.items()
    )
    shown = tqdm(done, total=len(given), desc="Auditing", unit="axis", disable=not show_progress)
    return Audit(
        taxonomy,
        model if len(people) < len(confirmations.decisions) else "",
        len(people),
        len({d.incident for d in people}),
        len({d.coder for d in people}),
        len(confirmations.skipped),
        confirmations.n_replaced,
        dict(zip(given, shown, strict=True)),
    )


def _axis(
    axis: str,
    decisions: Sequence[AxisConfirmation],
    taxonomy: Taxonomy,
    model: str,
    floor: float | None,
    bootstrap: Bootstrap,
) -> AxisAudit:
    of = AxisRatings.of(axis, decisions, taxonomy)
    shared = of.people(model)[0].shared()
    dates = {(d.incident, d.coder): d.date for d in decisions}
    return AxisAudit(
        consistency(of, bootstrap=bootstrap, model=model, floor=floor),
        confusions(shared),
        habits(shared),
        drifts(shared, dates, bootstrap=bootstrap),
        assistance(decisions, model=model, bootstrap=bootstrap),
    )


def _coded_twice(people: Sequence[AxisConfirmation]) -> bool:
    first: dict[tuple[str, str], str] = {}
    return any(first.setdefault((d.incident, d.axis), d.coder) != d.coder for d in people)
