"""The disagreements most worth a meeting: those that stand for many others, each kind once before any comes twice."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from codesuggest.agreement import CodeSet
from codesuggest.audit.confirmations import AxisConfirmation
from codesuggest.audit.differences import NOTHING

Kind = tuple[str, str, str]
"""An axis, and two codes of which one coder gave the one and another the other."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An incident that coders coded differently.

    codes   axis on which they differ, then coder, to the codes given.
    kinds   the differences, with the number of incidents in the audit that have the same one.
    """

    incident: str
    codes: Mapping[str, Mapping[str, CodeSet]]
    kinds: Mapping[Kind, int]


def disagreements_worth_meeting(
    decisions: Iterable[AxisConfirmation], *, settled: Collection[str] = (), most: int = 20
) -> tuple[Disagreement, ...]:
    """At most so many disagreements, the most worthwhile first; incidents that are settled already are left out.

    A difference is worth the number of incidents that have the same one, halved and halved again each time that it is
    on the agenda already; an incident is worth the sum of its differences.
    """
    codes: dict[str, dict[str, dict[str, CodeSet]]] = defaultdict(lambda: defaultdict(dict))
    for decision in decisions:
        codes[decision.incident][decision.axis][decision.coder] = decision.codes
    kinds = {incident: found for incident, axes in codes.items() if (found := _kinds(axes))}
    frequency = Counter(kind for found in kinds.values() for kind in found)
    waiting = {incident: found for incident, found in kinds.items() if incident not in settled}
    seen: Counter[Kind] = Counter()
    chosen: list[Disagreement] = []
    while waiting and len(chosen) < most:
        best = max(sorted(waiting), key=lambda i: sum(frequency[kind] / 4 ** seen[kind] for kind in waiting[i]))
        found = waiting.pop(best)
        seen.update(found)
        axes = sorted({axis for axis, *_ in found}, key=list(codes[best]).index)
        chosen.append(Disagreement(best, {axis: codes[best][axis] for axis in axes}, {k: frequency[k] for k in found}))
    return tuple(chosen)


def guidelines_by_code(text: str) -> dict[str, str]:
    """The words of a guideline in Markdown on each code: what stands under a heading that starts with the code."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("#"):
            lines = []
            if words := line.lstrip("#").split():
                found[words[0]] = lines
        else:
            lines.append(line)
    return {code: "\n".join(map(_plain, lines)).strip() for code, lines in found.items()}


def _plain(line: str) -> str:
    """A line without Markdown's marks; a bold beginning keeps a colon."""
    line = re.sub(r"^(?:[-*] )?\*\*([^*]+?):?\*\* ", r"\1: ", line)
    return line.removeprefix("- ").replace("**", "").replace("`", "")


def _kinds(axes: Mapping[str, Mapping[str, CodeSet]]) -> tuple[Kind, ...]:
    found = {
        (axis, min(pair), max(pair))
        for axis, by_coder in axes.items()
        for first, second in combinations(by_coder.values(), 2)
        if first != second
        for pair in product(_or_nothing(first - second), _or_nothing(second - first))
    }
    return tuple(sorted(found))


def _or_nothing(codes: CodeSet) -> Sequence[str]:
    return sorted(codes) or [NOTHING]
