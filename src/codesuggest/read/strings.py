"""Coding strings in an archive's free text: what codes they give, and what is wrong with those that give none."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from codesuggest.domain import Codes, Taxonomy
from codesuggest.read.columns import Columns
from codesuggest.read.files import SourceRow
from codesuggest.taxonomy import find_coding_strings

_TOKENS = re.compile(r"[^\s/\\,;|:\u2044\u2215\uff0f]+")
_LONGEST_SHOWN = 7


@dataclass(frozen=True, slots=True)
class HarvestedString:
    """One coding string. `problem` is empty where `codes` hold; `unknown` are its tokens that are no code."""

    codes: Codes
    problem: str = ""
    unknown: tuple[str, ...] = ()


def harvested_strings(row: SourceRow, columns: Columns, taxonomy: Taxonomy) -> list[HarvestedString]:
    """The coding strings in a row's free text, in order. What is said of them holds no word of the text."""
    text = "\n".join(value for name in columns.text if isinstance(value := row.cells.get(name), str))
    found = []
    for coding in find_coding_strings(text, taxonomy):
        if not coding.problem:
            found.append(HarvestedString(coding.codes))
            continue
        tokens = _TOKENS.findall(text[coding.start : coding.end])[1:]
        unknown = [token for token in tokens if not any(taxonomy.spelling(axis.key, token) for axis in taxonomy.axes)]
        found.append(HarvestedString({}, _explained(tokens, unknown, taxonomy), tuple(map(_shown, unknown))))
    return found


def _explained(tokens: Sequence[str], unknown: Sequence[str], taxonomy: Taxonomy) -> str:
    if unknown:
        return f"holds {', '.join(map(_shown, unknown))}, no code of {taxonomy.name}"
    missing = [
        axis.key
        for axis in taxonomy.axes
        if not axis.optional and not any(taxonomy.spelling(axis.key, token) for token in tokens)
    ]
    return f"has no code of {', '.join(missing)}" if missing else "has its codes in another order than the axes"


def _shown(token: str) -> str:
    """A token as it may be shown: one that does not have the shape of a code may be a word of the narrative."""
    is_code_like = len(token) <= _LONGEST_SHOWN and any(c.isdigit() for c in token) and any(c.isalpha() for c in token)
    return f"'{token}'" if is_code_like else "a word"
