"""What an axis offers on the screen: a few numbered choices, and every other code of the taxonomy below them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from codesuggest.domain import Axis, Code, Codes, Taxonomy
from codesuggest.taxonomy import worded

UNSAID = "-"
"""What a form sends in place of a code where the narrative does not say."""

_MOST = 9
_ALWAYS = 5
_LEAST_SCORE = 0.01
"""Nine keys choose; beyond the first five only what has a chance takes one of them."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A code as it is offered.

    key        the digit that chooses it; empty beyond nine.
    score      calibrated probability; None where it is not suggested.
    words      what raised it: offsets [start, end) in the redacted narrative.
    is_listed  whether it is in the shortlist that the model vouches for.
    """

    code: Code
    key: str = ""
    score: float | None = None
    words: tuple[tuple[int, int], ...] = ()
    is_listed: bool = False
    is_given: bool = False


@dataclass(frozen=True, slots=True)
class AxisView:
    """One axis as it is shown.

    offered    the numbered choices, best first, then what was given besides.
    others     parent's label to its remaining codes, in the order of the taxonomy.
    reason, question  why the narrative does not settle it, and what would; both may be empty.
    conflicts  what does not go together with other axes, in words.
    """

    axis: Axis
    number: int
    offered: tuple[Choice, ...]
    others: Mapping[str, tuple[Choice, ...]]
    parents: tuple[str, ...] = ()
    reason: str = ""
    question: str = ""
    conflicts: tuple[str, ...] = ()
    is_unsaid: bool = False

    @property
    def shown(self) -> tuple[str, ...]:
        """The suggested codes on the screen, in their order."""
        return tuple(choice.code.code for choice in self.offered if choice.score is not None)

    @property
    def is_free(self) -> bool:
        """Whether codes are typed, because the taxonomy lists none."""
        return not self.others and bool(self.axis.pattern)

    @property
    def has_others(self) -> bool:
        """Whether there are codes beyond those offered."""
        return any(self.others.values())


def axis_views(
    taxonomy: Taxonomy,
    content: Mapping[str, Any] | None,
    *,
    given: Codes | None = None,
    unsaid: Sequence[str] = (),
    offered: Codes | None = None,
) -> list[AxisView]:
    """Every axis in order.

    content  kept suggestions in the shape of `/v1/suggest`; None where none may be shown.
    given    codes chosen already; `offered`: codes to offer in place of suggestions, by axis.
    """
    views = []
    for number, axis in enumerate(taxonomy.axes, start=1):
        chosen = tuple((given or {}).get(axis.key, ()))
        ranked = _ranked(axis.key, content) if offered is None else {code: {} for code in offered.get(axis.key, ())}
        codes = list(ranked) if ranked or offered is not None else _few(taxonomy, axis.key)
        listed = tuple((content or {}).get("shortlists", {}).get(axis.key, ()))
        unsettled = (content or {}).get("unsettled", {}).get(axis.key, {})
        shown = [*codes, *(code for code in chosen if code not in codes)]
        views.append(
            AxisView(
                axis,
                number,
                tuple(
                    _choice(worded(taxonomy, axis.key, code), n, ranked.get(code, {}), listed, chosen)
                    for n, code in enumerate(shown, start=1)
                ),
                _others(taxonomy, axis.key, shown),
                parents=tuple(taxonomy.label(axis.key, c) for c in listed if c not in taxonomy.assignable[axis.key]),
                reason=unsettled.get("reason", ""),
                question=unsettled.get("question", ""),
                conflicts=tuple(_conflicts(axis.key, content)),
                is_unsaid=axis.key in unsaid,
            )
        )
    return views


def _ranked(axis: str, content: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    ranked = (content or {}).get("axes", {}).get(axis, ())
    return {
        suggestion["code"]: suggestion
        for n, suggestion in enumerate(ranked[:_MOST])
        if n < _ALWAYS or suggestion["score"] >= _LEAST_SCORE
    }


def _few(taxonomy: Taxonomy, axis: str) -> list[str]:
    """All codes of the axis if there is a digit for each, otherwise none."""
    codes = taxonomy.assignable[axis]
    return list(codes) if len(codes) <= _MOST else []


def _choice(
    code: Code, number: int, suggestion: Mapping[str, Any], listed: Sequence[str], chosen: Sequence[str]
) -> Choice:
    return Choice(
        code,
        key=str(number) if number <= _MOST else "",
        score=suggestion.get("score"),
        words=tuple((start, end) for start, end in suggestion.get("words", ())),
        is_listed=code.code in listed or code.parent in listed,
        is_given=code.code in chosen,
    )


def _others(taxonomy: Taxonomy, axis: str, shown: Sequence[str]) -> dict[str, tuple[Choice, ...]]:
    groups: dict[str, tuple[Choice, ...]] = {}
    for code in taxonomy.assignable[axis]:
        found = worded(taxonomy, axis, code)
        parent = taxonomy.label(axis, found.parent) if found.parent else ""
        groups.setdefault(parent, ())
        if code not in shown:
            groups[parent] += (Choice(found),)
    return groups


def _conflicts(axis: str, content: Mapping[str, Any] | None) -> Iterator[str]:
    return (found["message"] for found in (content or {}).get("conflicts", ()) if axis in found["axes"])
