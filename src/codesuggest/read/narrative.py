"""One narrative from its raw parts: checked, and with any official coding string lifted out of the text."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from codesuggest.domain import Codes, Narrative, Taxonomy
from codesuggest.errors import ReadError, TooLargeError
from codesuggest.taxonomy import find_coding_strings, load_taxonomy, shipped_taxonomies

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class NarrativeReader:
    """Makes narratives from raw text under one set of limits.

    taxonomy   the one in use, if any: its axes are looked for among the columns of a table.
    max_chars  longest text accepted.

    Coding strings of every shipped taxonomy are lifted out of the text, and those of the one in use: an old
    narrative carries its own answers, whichever scheme they were written in.
    """

    taxonomy: Taxonomy | None = None
    max_chars: int = 20_000

    @property
    def axes(self) -> tuple[str, ...]:
        """The keys of the axes of the taxonomy in use."""
        return tuple(self.taxonomy.axis) if self.taxonomy else ()

    def narrative(
        self, id: str, text: object, *, codes: Codes | None = None, details: Mapping[str, str] | None = None
    ) -> Narrative:
        """The narrative of one incident.

        Raises ReadError, whose message starts with the field's name, if the text is no usable text; TooLargeError
        if it is too long.
        """
        blanked, lifted = self._lift(self._plain(text))
        if not blanked.strip():
            raise ReadError("'text' holds nothing but a coding string; expected what happened")
        return Narrative(id, blanked, _merged([*lifted, codes or {}]), details or {})

    def _plain(self, text: object) -> str:
        """The text, with the odd control character that exports leave in turned into a blank."""
        if not isinstance(text, str):
            raise ReadError("'text' is not text; expected what happened, in words")
        if not text.strip():
            raise ReadError("'text' is empty; expected what happened, in words")
        if len(text) > self.max_chars:
            raise TooLargeError(
                f"'text' has {len(text):,} characters; at most {self.max_chars:,} are accepted "
                "(CODESUGGEST_MAX_NARRATIVE_CHARS)"
            )
        controls = len(_CONTROL.findall(text))
        if "\0" in text or controls > max(3, len(text) / 50):
            raise ReadError("'text' holds control characters, as binary data does; expected plain text")
        return _CONTROL.sub(" ", text) if controls else text

    def _lift(self, text: str) -> tuple[str, list[Codes]]:
        """The text with every coding string blanked out, and the codes found, later ones last."""
        found = [coding for taxonomy in _liftable(self.taxonomy) for coding in find_coding_strings(text, taxonomy)]
        for coding in found:
            text = text[: coding.start] + " " * (coding.end - coding.start) + text[coding.end :]
        return text, [coding.codes for coding in sorted(found, key=lambda coding: coding.start)]


@cache
def _shipped() -> tuple[Taxonomy, ...]:
    return tuple(load_taxonomy(name) for name in shipped_taxonomies())


def _liftable(taxonomy: Taxonomy | None) -> list[Taxonomy]:
    """The taxonomy in use, then every shipped one with another trigger."""
    own = [taxonomy] if taxonomy and taxonomy.grammar else []
    triggers = {taxonomy.grammar for taxonomy in own}
    return own + [other for other in _shipped() if other.grammar not in triggers]


def _merged(codings: Sequence[Codes]) -> dict[str, tuple[str, ...]]:
    """All codes per axis, without repeats. What several codes on an axis of one mean is for the caller to say."""
    merged: dict[str, tuple[str, ...]] = {}
    for codes in codings:
        for axis, given in codes.items():
            merged[axis] = tuple(dict.fromkeys((*merged.get(axis, ()), *given)))
    return merged
