"""What the shortlists that coders are shown hold: how often the right code, and how many codes."""

from dataclasses import dataclass

import numpy as np

from codesuggest.agreement import Bootstrap, mean_of
from codesuggest.evaluate.measuring import Judged
from codesuggest.metrics import Estimate
from codesuggest.rank import CodeRanker

COVERAGES = (0.8, 0.9, 0.95)


@dataclass(frozen=True, slots=True)
class Shortlisted:
    """The shortlists of one axis at one coverage asked for.

    covered   share of the right codes that are on the list, mean over narratives (of one code: how often it is there).
    length    mean number of codes on the list, parents not yet standing for their children.
    n_single  narratives with one code on the list; `longest`: most codes on any.
    """

    asked: float
    n: int
    covered: Estimate
    length: Estimate
    n_single: int
    longest: int


def shortlisted(of: Judged, ranker: CodeRanker, bootstrap: Bootstrap) -> tuple[Shortlisted, ...]:
    """The shortlists on gold at each of COVERAGES; one that would be empty holds the best-ranked code."""
    found = []
    for asked in COVERAGES:
        listed = np.zeros(of.truth.shape, dtype=bool)
        listed[:, : of.n_known] = of.scores[:, : of.n_known] >= ranker.thresholds(asked)
        empty = np.flatnonzero(~listed.any(axis=1))
        listed[empty, of.scores[empty].argmax(axis=1)] = True
        covered = (listed & of.truth).sum(axis=1) / of.truth.sum(axis=1)
        length = listed.sum(axis=1)
        found.append(
            Shortlisted(
                asked,
                len(length),
                mean_of(covered, bootstrap),
                mean_of(length.astype(np.float64), bootstrap),
                int((length == 1).sum()),
                int(length.max()),
            )
        )
    return tuple(found)
