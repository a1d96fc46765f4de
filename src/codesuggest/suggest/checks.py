"""What a person should know before trusting an answer: codes that do not go together, axes that the narrative does
not settle, and narratives that are unlike anything that the model has learnt from.
"""

import re
from collections.abc import Mapping, Sequence

from codesuggest.domain import Axis, Codes, Conflict, Rule, Suggestion, Taxonomy, Unsettled

_WORD = re.compile(r"[^\W\d_]{2,}")
_PLACEHOLDER = re.compile(r"<[A-Z_]+(?:_\d+)?>")
_FEWEST_WORDS = 4
_FEWEST_KNOWN = 0.6
"""Share of a narrative's words that the model has met; in the sample's gold the starting model knows 0.75 or more."""


def conflicts(taxonomy: Taxonomy, given: Codes, text: str) -> tuple[Conflict, ...]:
    """The rules of the taxonomy that the codes of one incident break, given its redacted text."""
    return tuple(
        Conflict(tuple(dict.fromkeys((*rule.differ, *rule.codes, *rule.none_of))), rule.message)
        for rule in taxonomy.rules
        if _applies(rule, given, text)
    )


def _applies(rule: Rule, given: Codes, text: str) -> bool:
    def has_any(axis: str, codes: Sequence[str]) -> bool:
        return not set(codes).isdisjoint(given.get(axis, ()))

    differing = [frozenset(given.get(axis, ())) for axis in rule.differ]
    return (
        all(has_any(axis, codes) for axis, codes in rule.codes.items())
        and not any(has_any(axis, codes) for axis, codes in rule.none_of.items())
        and (not differing or (all(differing) and len(set(differing)) > 1))
        and re.search(rule.text, text) is not None
    )


def unsettled(
    taxonomy: Taxonomy, axes: Mapping[str, tuple[Suggestion, ...]], shortlists: Mapping[str, tuple[str, ...]]
) -> dict[str, Unsettled]:
    """The axes on which no code is more likely right than wrong, with the question that would settle each."""
    return {
        key: Unsettled(_reason(taxonomy.axis[key], ranked[0]), _question(taxonomy, key, shortlists.get(key, ())))
        for key, ranked in axes.items()
        if ranked and ranked[0].score < 0.5
    }


def _reason(axis: Axis, best: Suggestion) -> str:
    blank = " It may also apply that there is none." if axis.optional else ""
    return f"No code is more likely right than wrong; the best, {best.code}, has {best.score:.0%}.{blank}"


def _question(taxonomy: Taxonomy, axis: str, shortlist: Sequence[str]) -> str:
    """The question about most of the shortlisted codes; the axis's general one where none is about two."""
    asked = [question for question in taxonomy.questions if question.axis == axis]
    fitting = [q for q in asked if q.between and set(q.between) <= set(shortlist)]
    general = [q for q in asked if not q.between]
    best = max(fitting, key=lambda q: len(q.between), default=general[0] if general else None)
    return best.ask if best else ""


def notice(text: str, known_words: Mapping[str, int], *, likeness: float, least_likeness: float) -> str:
    """Why an answer about this redacted text has little to stand on; empty where it has.

    known_words     the words that the model has met.
    likeness        cosine similarity to the nearest narrative that the model learnt from; least_likeness  the
                    similarity below which only one in a hundred of those is to its own nearest.
    """
    words = [word.casefold() for word in _WORD.findall(_PLACEHOLDER.sub(" ", text))]
    if len(words) < _FEWEST_WORDS:
        return "There are hardly any words to go by."
    known = sum(word in known_words for word in words) / len(words)
    if known < _FEWEST_KNOWN:
        return f"Only {known:.0%} of the words are known to the model: another language, or no incident of this kind."
    if likeness < least_likeness:
        return "Nothing that the model has learnt from reads like this: it may be no incident of this kind."
    return ""
