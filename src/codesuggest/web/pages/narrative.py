"""A redacted narrative cut into the pieces that a page shows: words, placeholders, and words behind suggestions."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

_PLACEHOLDER = re.compile(r"<([A-Z_]+?)(?:_(\d+))?>")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch [start, end) of the narrative. `placeholder` says what was taken out there, in words, if anything."""

    start: int
    end: int
    text: str
    placeholder: str = ""


def pieces(text: str, words: Iterable[tuple[int, int]] = ()) -> list[Piece]:
    """The narrative in order and whole, cut wherever one of `words` begins or ends; placeholders are never cut."""
    found = {match.start(): match for match in _PLACEHOLDER.finditer(text)}
    inside = {place for match in found.values() for place in range(match.start() + 1, match.end())}
    cuts = {0, len(text)} | {place for match in found.values() for place in match.span()}
    cuts |= {place for span in words for place in span if 0 < place < len(text) and place not in inside}
    return [
        Piece(start, end, text[start:end], _in_words(found[start]) if start in found else "")
        for start, end in pairwise(sorted(cuts))
    ]


def quoted(text: str, words: Sequence[tuple[int, int]]) -> list[str]:
    """The words themselves, each once."""
    return list(dict.fromkeys(part for start, end in words if (part := text[start:end].strip())))


def places_of(text: str, sought: str) -> list[tuple[int, int]]:
    """Where the words sought stand in the narrative as whole words, whatever their letter case."""
    parts = r"\s+".join(re.escape(part) for part in sought.split())
    return [match.span() for match in re.finditer(rf"(?<!\w){parts}(?!\w)", text, re.IGNORECASE)] if parts else []


def _in_words(match: re.Match[str]) -> str:
    kind = match[1].replace("_", " ").casefold().replace("uk ", "").replace("nhs", "NHS number")
    return f"{kind} {match[2]}" if match[2] else kind
