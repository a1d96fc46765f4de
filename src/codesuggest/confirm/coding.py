"""Whether a coding is whole, and where codings differ."""

from collections.abc import Mapping, Sequence
from typing import Any

from codesuggest.domain import Axis, Codes, Decision, Taxonomy
from codesuggest.errors import CodingError, UnknownCodeError


def check_coding(decision: Decision, taxonomy: Taxonomy) -> Codes:
    """The codes, every axis of the taxonomy in its order.

    Raises UnknownCodeError for an axis or a code that the taxonomy lacks; CodingError for an axis left open: one that
    needs a code has one, or is named in `unsaid`.
    """
    if unknown := (set(decision.codes) | set(decision.unsaid)) - set(taxonomy.axis):
        raise UnknownCodeError(f"No axis '{min(unknown)[:60]}' in {taxonomy.name}; it has {', '.join(taxonomy.axis)}.")
    return {axis.key: _axis(axis, decision, taxonomy) for axis in taxonomy.axes}


def _axis(axis: Axis, decision: Decision, taxonomy: Taxonomy) -> tuple[str, ...]:
    given = tuple(dict.fromkeys(decision.codes.get(axis.key, ())))
    if wrong := [code for code in given if taxonomy.spelling(axis.key, code) != code]:
        raise UnknownCodeError(f"{axis.key}: '{wrong[0][:60]}' is no code of {taxonomy.name} that incidents are given.")
    if len(given) > 1 and not axis.many:
        raise CodingError(f"{axis.key}: {len(given)} codes given; this axis takes one.")
    if given and axis.key in decision.unsaid:
        raise CodingError(f"{axis.key}: has a code, and is also said not to be in the narrative. Choose.")
    if not given and not axis.optional and axis.key not in decision.unsaid:
        raise CodingError(f"{axis.key}: no code given. Give one, or say that the narrative does not say.")
    return given


def shown_of(content: Mapping[str, Any] | None, decision: Decision, taxonomy: Taxonomy) -> dict[str, list[str]]:
    """What was on the screen: as the page reports it, else as the suggestions had it.

    Raises UnknownCodeError if the page reports what is no code: nothing else is kept in its place.
    """
    if content is None:
        return {}
    if decision.shown is None:
        return {axis: [suggestion["code"] for suggestion in ranked] for axis, ranked in content["axes"].items()}
    for axis, codes in decision.shown.items():
        known = taxonomy.by_code.get(axis, {})
        if any(code not in known and taxonomy.spelling(axis, code) is None for code in codes if axis in taxonomy.axis):
            raise UnknownCodeError(f"'shown' of {axis}: holds what is no code of {taxonomy.name}.")
    return {axis: list(codes) for axis, codes in decision.shown.items() if axis in taxonomy.axis}


def overridden(shown: Mapping[str, Sequence[str]], codes: Codes) -> list[str]:
    """The axes whose first code shown was not taken."""
    return [axis for axis, ranked in shown.items() if ranked and ranked[0] not in codes.get(axis, ())]
