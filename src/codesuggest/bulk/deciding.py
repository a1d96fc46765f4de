"""What becomes of each axis of an incident: coded automatically, read by a person, or nothing to go by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from codesuggest.domain import Scores, SuggestedIncident
from codesuggest.metrics import decisions
from codesuggest.rank import AutomaticRule, sureness
from codesuggest.registry import Model, digest

Decision = Literal["auto", "review", "abstain"]


@dataclass(frozen=True, slots=True)
class AxisDecision:
    """The codes suggested on one axis of one incident; with what score each, and what may be done with them.

    decision  auto: the codes are right and complete with the precision that was asked for. review: a person reads.
              abstain: a person reads, and no code is more likely right than wrong.
    sure      how likely it is that the codes are right and complete.
    """

    codes: tuple[str, ...]
    scores: tuple[float, ...]
    shortlist: tuple[str, ...]
    decision: Decision
    sure: float


def decide(
    model: Model, target: float, scores: Mapping[str, Scores], incidents: Sequence[SuggestedIncident]
) -> list[dict[str, AxisDecision]]:
    """The decisions on every axis of n incidents.

    target  precision of what is decided automatically, one of rank.TARGETS. A narrative that the model was trained on
            is never: it has seen the answer, so its sureness means nothing. Nor is one that has a notice, nor an
            axis whose code does not go with those of others.
    scores  by axis, shape (n, n_codes), of these incidents.
    """
    is_seen = np.array([digest(incident.redacted) in model.trained_on for incident in incidents], dtype=bool)
    rows: list[dict[str, AxisDecision]] = [{} for _ in incidents]
    for axis, by_code in scores.items():
        for row, decision in zip(rows, _axis(model, axis, target, by_code, incidents, is_seen), strict=True):
            row[axis] = decision
    return rows


def _axis(
    model: Model,
    axis: str,
    target: float,
    scores: Scores,
    incidents: Sequence[SuggestedIncident],
    is_seen: npt.NDArray[np.bool_],
) -> list[AxisDecision]:
    ranker, settings = model.rankers[axis], model.taxonomy.axis[axis]
    given = decisions(scores, exclusive=not settings.many, needs_one=not settings.optional, threshold=ranker.threshold_)
    sure = sureness(scores, given, exclusive=not settings.many)
    rule: AutomaticRule = ranker.automatic_rule(target)
    sure[is_seen | [_is_doubtful(axis, incident) for incident in incidents]] = -np.inf
    codes = np.array(model.manifest.axes[axis], dtype=object)
    decided = []
    for row, incident in enumerate(incidents):
        columns = np.flatnonzero(given[row])
        chosen = columns[np.argsort(-scores[row, columns], kind="stable")]
        decision: Decision = "review"
        if sure[row] > rule.threshold:
            decision = "auto"
        elif axis in incident.unsettled:
            decision = "abstain"
        decided.append(
            AxisDecision(
                tuple(codes[chosen]),
                tuple(round(float(score), 4) for score in scores[row, chosen]),
                incident.shortlists[axis],
                decision,
                float(sure[row]),
            )
        )
    return decided


def _is_doubtful(axis: str, incident: SuggestedIncident) -> bool:
    return bool(incident.notice) or any(axis in conflict.axes for conflict in incident.conflicts)
