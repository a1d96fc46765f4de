"""Coding strings: the codes of one incident written as one word, such as `PRIA24/L1/E1/MG/P7/3.2b/CF1b`.

The trigger comes first; then one token a code, in the order of the axes. An axis of one code takes exactly one
token, an axis of many codes takes one or more; an optional axis may take none. People type the string into free text,
in any letter case, with stray spaces.
"""

import re
from dataclasses import dataclass

from codesuggest.domain import Codes, Taxonomy
from codesuggest.errors import CodingStringError

_TOKEN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.\-]*[A-Za-z0-9])?")
_SLASHES = "/\\\u2044\u2215\uff0f"


@dataclass(frozen=True, slots=True)
class FoundCoding:
    """A coding string found in free text at [start, end). `codes` is empty where `problem` says what is wrong."""

    start: int
    end: int
    codes: Codes
    problem: str = ""


def find_coding_strings(text: str, taxonomy: Taxonomy) -> list[FoundCoding]:
    """Every coding string in `text`, well formed or not, in order. A trigger without any token is not one."""
    if taxonomy.grammar is None:
        return []
    found, position = [], 0
    trigger = _trigger(taxonomy.grammar.trigger)
    while match := trigger.search(text, position):
        tokens, position = _scan(text, match.end(), taxonomy)
        if tokens:
            found.append(_found(match.start(), position, tokens, taxonomy))
    return found


def parse_coding_string(string: str, taxonomy: Taxonomy) -> Codes:
    """The codes that a coding string stands for, in the taxonomy's own spelling.

    Raises CodingStringError if the string is not one whole coding string, naming the token at fault.
    """
    found = find_coding_strings(string, taxonomy)
    if len(found) != 1 or string.strip() != string[found[0].start : found[0].end].strip():
        trigger = taxonomy.grammar.trigger if taxonomy.grammar else "(none)"
        raise CodingStringError(
            f"Expected one coding string of {taxonomy.name}, starting with {trigger} and holding nothing else."
        )
    if found[0].problem:
        raise CodingStringError(f"Coding string of {taxonomy.name}: {found[0].problem}")
    return found[0].codes


def write_coding_string(codes: Codes, taxonomy: Taxonomy) -> str:
    """The coding string of an incident's codes.

    Raises CodingStringError if the taxonomy has no grammar, an axis has no code, or an axis of one has several;
    a code that the taxonomy does not have is refused in the same way.
    """
    grammar = taxonomy.grammar
    if grammar is None:
        raise CodingStringError(f"Taxonomy {taxonomy.name} defines no coding string.")
    tokens = [token for axis in taxonomy.axes for token in codes.get(axis.key, ())]
    string = grammar.separator.join([grammar.trigger, *tokens])
    if parse_coding_string(string, taxonomy) != {k: tuple(v) for k, v in codes.items() if v}:
        raise CodingStringError(f"The codes cannot be told apart by axis in a coding string of {taxonomy.name}.")
    return string


def _trigger(trigger: str) -> re.Pattern[str]:
    letters = r"\s*".join(re.escape(part) for part in re.findall(r"[A-Za-z]+|\d+|-", trigger))
    return re.compile(rf"(?<![A-Za-z0-9]){letters}(?![A-Za-z0-9])", re.IGNORECASE)


def _scan(text: str, position: int, taxonomy: Taxonomy) -> tuple[list[str], int]:
    """The tokens from `position` on, and where the string ends.

    A slash binds whatever follows it, so that a mistyped token is lifted out too; any other separator, or none,
    binds only what is a code of the taxonomy.
    """
    assert taxonomy.grammar is not None  # noqa: S101  find_coding_strings returned before this
    slash = re.compile(rf"\s*[{re.escape(_SLASHES + taxonomy.grammar.separator)}]+\s*")
    loose = re.compile(r"[\s,;|:-]*")
    tokens: list[str] = []
    while True:
        if match := slash.match(text, position):
            token, end = _token(text, match.end(), taxonomy)
            if not token:
                return tokens, match.end() if tokens else position
        else:
            gap = loose.match(text, position)
            token, end = _token(text, gap.end() if gap else position, taxonomy)
            if not token or not _accepted(token, taxonomy):
                return tokens, position
        tokens.append(token)
        position = end


def _token(text: str, position: int, taxonomy: Taxonomy) -> tuple[str, int]:
    match = _TOKEN.match(text, position)
    if not match:
        return "", position
    following = re.compile(r"[ \t]+").match(text, match.end())
    rest = _TOKEN.match(text, following.end()) if following else None
    if rest and not _accepted(match[0], taxonomy) and _accepted(match[0] + rest[0], taxonomy):
        return match[0] + rest[0], rest.end()
    return match[0], match.end()


def _accepted(token: str, taxonomy: Taxonomy) -> bool:
    return any(taxonomy.spelling(axis.key, token) for axis in taxonomy.axes)


def _found(start: int, end: int, tokens: list[str], taxonomy: Taxonomy) -> FoundCoding:
    codes: dict[str, tuple[str, ...]] = {}
    waiting = list(tokens)
    for axis in taxonomy.axes:
        taken: list[str] = []
        while waiting and (axis.many or not taken) and (code := taxonomy.spelling(axis.key, waiting[0])):
            taken.append(code)
            waiting.pop(0)
        if not taken and not axis.optional:
            instead = f"'{waiting[0]}' stands there" if waiting else "the string ends there"
            return FoundCoding(start, end, {}, f"no code of axis '{axis.key}': {instead}.")
        if taken:
            codes[axis.key] = tuple(dict.fromkeys(taken))
    if waiting:
        return FoundCoding(start, end, {}, f"'{waiting[0]}' is no code of axis '{taxonomy.axes[-1].key}'.")
    return FoundCoding(start, end, codes)
