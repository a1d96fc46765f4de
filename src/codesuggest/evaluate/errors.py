"""What a model got wrong, the surest first, and why as far as that can be told without reading."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from codesuggest.evaluate.measuring import Judged
from codesuggest.metrics import ranks
from codesuggest.registry import Model

_RARE = 10
_SHORT = 15


class Cause(StrEnum):
    """Why a first-ranked code is wrong; the first that fits."""

    unknown = "the model does not know the right code"
    doubtful = "two people differed on it as well"
    rare = f"fewer than {_RARE} training narratives had the right code"
    sibling = "right group, wrong code within it"
    second = "the right code came second"
    short = f"fewer than {_SHORT} words"
    other = "none of these"


@dataclass(frozen=True, slots=True)
class WrongCode:
    """A narrative whose first-ranked code is wrong: what was suggested, with what score, and what was right."""

    id: str
    suggested: str
    score: float
    right: tuple[str, ...]
    rank: int
    cause: Cause


def wrong_codes(
    of: Judged, model: Model, axis: str, *, doubtful: frozenset[str], words: Mapping[str, int]
) -> tuple[WrongCode, ...]:
    """All wrong first-ranked codes of an axis, the highest score first.

    doubtful  incidents on which two people differed on this axis; `words`: how many a narrative has.
    """
    rank = ranks(of.scores)
    first = np.where(of.truth, rank, rank.shape[1] + 1).min(axis=1)
    best = of.scores.argmax(axis=1)
    n_training = int(model.manifest.data["n"])
    found = []
    for row in np.flatnonzero(first > 1):
        right = tuple(code for code, given in zip(of.codes, of.truth[row], strict=True) if given)
        known = np.flatnonzero(of.truth[row][: of.n_known])
        fits = {
            Cause.unknown: not len(known),
            Cause.doubtful: of.ids[row] in doubtful,
            Cause.rare: len(known) > 0 and of.frequency[known].max() * n_training < _RARE,
            Cause.sibling: _group(model, axis, of.codes[best[row]]) in {_group(model, axis, code) for code in right},
            Cause.second: first[row] == 2,
            Cause.short: words.get(of.ids[row], _SHORT) < _SHORT,
        }
        cause = next((cause for cause, is_so in fits.items() if is_so), Cause.other)
        score = float(of.scores[row, best[row]])
        found.append(WrongCode(of.ids[row], of.codes[best[row]], score, right, int(first[row]), cause))
    return tuple(sorted(found, key=lambda wrong: -wrong.score))


def _group(model: Model, axis: str, code: str) -> str:
    """The parent of a code; the code itself where it has none."""
    known = model.taxonomy.by_code[axis].get(code)
    return (known.parent if known else "") or code
