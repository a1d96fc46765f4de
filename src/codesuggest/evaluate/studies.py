"""Models trained anew to see what a figure depends on: fewer incidents, another site, a later time, no redaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from codesuggest.agreement import Bootstrap, mean_of
from codesuggest.domain import RedactedNarrative
from codesuggest.evaluate.comparing import Comparison
from codesuggest.evaluate.measuring import judge
from codesuggest.evaluate.slices import hits, over_axes
from codesuggest.metrics import Estimate
from codesuggest.suggest import Suggester


@dataclass(frozen=True, slots=True)
class Study:
    """One model trained for comparison, and how often its first suggestion is right, by axis and over all axes."""

    name: str
    n_trained: int
    n: int
    overall: Estimate
    axes: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class Studies:
    """All of them.

    curve      trained on more and more incidents, each measured on the same gold.
    splits     incidents held out at random, by site and by time, each with a model trained on the others.
    redaction  trained and measured on redacted text beside the same on text as read; empty where nothing is redacted.
    """

    recipe: str
    curve: tuple[Study, ...]
    splits: tuple[Study, ...]
    redaction: Mapping[str, Comparison]


def study_of(
    name: str, suggester: Suggester, gold: Sequence[RedactedNarrative], n_trained: int, bootstrap: Bootstrap
) -> Study:
    """A model measured on gold. Raises ModelError if nothing is left to measure on."""
    found = hits(judge(suggester, gold))
    overall = over_axes(found)
    return Study(
        name,
        n_trained,
        len(overall),
        mean_of(np.array(list(overall.values())), bootstrap),
        {axis: mean_of(np.array(list(by_id.values())), bootstrap) for axis, by_id in found.items()},
    )
