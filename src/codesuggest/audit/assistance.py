"""What showing suggestions does: blind decisions beside assisted ones, and which place in the list is taken."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from codesuggest.agreement import Bootstrap, CodeSet, difference_of_means
from codesuggest.audit.confirmations import AxisConfirmation
from codesuggest.audit.consistency import ENOUGH
from codesuggest.metrics import Estimate

OUTSIDE = "not in the list"


@dataclass(frozen=True, slots=True)
class Contrast:
    """The same share among blind and among assisted decisions, and the difference (assisted less blind)."""

    n_blind: int
    n_assisted: int
    blind: float
    assisted: float
    difference: Estimate


@dataclass(frozen=True, slots=True)
class Assistance:
    """The effect of suggestions on one axis.

    with_model   share of decisions that are the same as the model's; more of it among assisted ones is their pull.
    with_others  share of pairs of coders who gave the same codes, both blind against both assisted.
    taken        place in the list shown to how often it held the code taken (of several, the best placed).
    """

    n_blind: int
    n_assisted: int
    with_model: Contrast | None
    with_others: Contrast | None
    taken: Mapping[str, int]


def assistance(decisions: Sequence[AxisConfirmation], *, model: str, bootstrap: Bootstrap) -> Assistance | None:
    """The effect on the decisions of one axis; None where no row says whether it was blind."""
    people = [d for d in decisions if d.coder != model]
    told = [d for d in people if d.is_blind is not None]
    if not told:
        return None
    by_model = {d.incident: d.codes for d in decisions if d.coder == model}
    assisted = [d for d in told if not d.is_blind]
    places = Counter(OUTSIDE if d.shown_rank is None else str(d.shown_rank) for d in assisted)
    is_known = any(d.shown_rank is not None for d in assisted)
    return Assistance(
        len(told) - len(assisted),
        len(assisted),
        _contrast(_same_as_model(told, by_model), bootstrap),
        _contrast(_same_as_others(told), bootstrap),
        {place: places[place] for place in sorted(places, key=lambda p: (p == OUTSIDE, p.zfill(4)))}
        if is_known
        else {},
    )


Sames = dict[bool, list[float]]
"""Blind or not, to one value an incident."""


def _same_as_model(told: Sequence[AxisConfirmation], by_model: Mapping[str, CodeSet]) -> Sames:
    parts: dict[tuple[bool, str], list[bool]] = defaultdict(list)
    for decision in told:
        if decision.incident in by_model:
            parts[bool(decision.is_blind), decision.incident].append(decision.codes == by_model[decision.incident])
    return _by_blindness(parts)


def _same_as_others(told: Sequence[AxisConfirmation]) -> Sames:
    incidents: dict[tuple[bool, str], list[CodeSet]] = defaultdict(list)
    for decision in told:
        incidents[bool(decision.is_blind), decision.incident].append(decision.codes)
    pairs = {key: [a == b for a, b in combinations(codes, 2)] for key, codes in incidents.items() if len(codes) > 1}
    return _by_blindness(pairs)


def _by_blindness(parts: Mapping[tuple[bool, str], Sequence[bool]]) -> Sames:
    sames: Sames = {True: [], False: []}
    for (is_blind, _), same in parts.items():
        sames[is_blind].append(float(np.mean(same)))
    return sames


def _contrast(sames: Sames, bootstrap: Bootstrap) -> Contrast | None:
    blind, assisted = np.array(sames[True]), np.array(sames[False])
    if min(len(blind), len(assisted)) < ENOUGH:
        return None
    difference = difference_of_means(assisted, blind, bootstrap)
    return Contrast(len(blind), len(assisted), float(blind.mean()), float(assisted.mean()), difference)
