"""Codes already given that are worth a second look, ranked, with how many of them are slips at most.

Three kinds of evidence. What a model trained on the other folds thinks of the codes given, and how the most similar
narratives were coded, are weighed together (`suspicion`). And three plain rules: the same text coded apart, two codes
where one is due (as when a coding string contradicts a column), and a combination of codes that hardly ever occurs.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from codesuggest.audit.suspicion import suspicion
from codesuggest.domain import Embeddings, RedactedNarrative, Scores, Taxonomy, Truth
from codesuggest.metrics import Estimate
from codesuggest.rank import CodeRanker, LexicalFeatures, rank_columns
from codesuggest.registry import digest
from codesuggest.settings import settings
from codesuggest.similarity import near_duplicate_groups, nearest

_N_NEIGHBOURS = 10
_COMMON, _NEARLY_ALWAYS = 20, 0.95
_LEAST = 40
"""Narratives on an axis below which no model is asked."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A coding worth a second look.

    instead   the code that the evidence speaks for; empty where only a rule found the coding.
    p_slip    the probability that it is a slip, at most: as `suspicion` bounds it, or as a rule has it.
    reasons   in words, the strongest first.
    level     how suspect the model and the neighbours make it, to order those of equal probability.
    """

    id: str
    axis: str
    given: tuple[str, ...]
    instead: str
    p_slip: float
    reasons: tuple[str, ...]
    level: float = 0.0


@dataclass(frozen=True, slots=True)
class Suspects:
    """All codings of an archive, the most suspect first, and a bound of the share of each axis's that are wrong."""

    n: int
    ranked: tuple[Suspect, ...]
    wrong: Mapping[str, Estimate]

    def at_most_on(self, axis: str) -> Estimate:
        """The share of an axis's codings that are slips at most, those that a rule names among them."""
        own = tuple(suspect for suspect in self.ranked if suspect.axis == axis)
        found = Suspects(len(own), own, self.wrong).at_most(len(own))
        return Estimate(found.value / len(own), found.low / len(own), found.high / len(own))

    def at_most(self, n: int) -> Estimate:
        """How many of the first n are slips at most, with the interval of the bound itself and of chance."""
        first = self.ranked[:n]
        value, below, above = 0.0, 0.0, 0.0
        n_on = Counter(suspect.axis for suspect in self.ranked)
        for axis, n_first in Counter(suspect.axis for suspect in first).items():
            part = sum(suspect.p_slip for suspect in first if suspect.axis == axis)
            wrong = self.wrong.get(axis, Estimate(1.0, 1.0, 1.0))
            value += part
            below += part * (1 - wrong.low / wrong.value) if wrong.value else 0
            above += part * (wrong.high / wrong.value - 1) if wrong.value else min(n_first, wrong.high * n_on[axis])
        chance = 1.96 * math.sqrt(sum(suspect.p_slip * (1 - suspect.p_slip) for suspect in first))
        low, high = value - math.hypot(below, chance), value + math.hypot(above, chance)
        return Estimate(value, max(0.0, low), min(float(len(first)), high))


def suspects(
    narratives: Sequence[RedactedNarrative],
    vectors: Embeddings,
    taxonomy: Taxonomy,
    *,
    context: Mapping[str, str] | None = None,
    show: Callable[[Sequence[str]], Sequence[str]] = lambda axes: axes,
) -> Suspects:
    """Rank the codings of an archive.

    vectors  shape (n, dim), the narratives embedded.
    context  incident to what else must be equal for two texts to count as the same, such as the question answered.
    show     wraps the axes as they are gone through, to show progress.
    """
    lexical = LexicalFeatures().fit([narrative.text for narrative in narratives])
    columns = rank_columns(vectors, lexical.transform([narrative.text for narrative in narratives]))
    groups = near_duplicate_groups(vectors)
    found: list[Suspect] = []
    wrong: dict[str, Estimate] = {}
    for axis in show([axis for axis in taxonomy.axis if any(n.existing_codes.get(axis) for n in narratives)]):
        rows = np.array([i for i, n in enumerate(narratives) if n.existing_codes.get(axis)])
        part = [narratives[i] for i in rows]
        ruled = _ruled(part, axis, taxonomy, context or {})
        if len(rows) >= _LEAST:
            evidence = _Evidence(part, columns[rows], vectors[rows], groups[rows], axis, taxonomy)
            wrong[axis] = evidence.suspicion.wrong
            found += evidence.suspects(ruled)
        else:
            found += [_by_rule(narrative, axis, *ruled[narrative.id]) for narrative in part if narrative.id in ruled]
    ranked = sorted(found, key=lambda suspect: (-suspect.p_slip, -suspect.level))
    return Suspects(len(found), tuple(ranked), wrong)


class _Evidence:
    """What the model and the neighbours say of every coding of one axis."""

    def __init__(
        self,
        narratives: Sequence[RedactedNarrative],
        columns: sparse.csr_array,
        vectors: Embeddings,
        groups: npt.NDArray[np.int32],
        axis: str,
        taxonomy: Taxonomy,
    ) -> None:
        self._narratives, self._axis = narratives, axis
        given = [narrative.existing_codes[axis] for narrative in narratives]
        self._codes = sorted({code for codes in given for code in codes})
        self._truth = np.array([[code in codes for code in self._codes] for codes in given])
        ranker = CodeRanker(
            exclusive=not taxonomy.axis[axis].many, n_dense=vectors.shape[1], n_jobs=settings().threads or -1
        )
        self._scores = np.asarray(ranker.fit(columns, self._truth, groups=groups).unseen_, dtype=np.float64)
        self._near = _neighbours(vectors, self._truth, groups)
        self.suspicion = suspicion(self._scores, self._near, self._truth, exclusive=ranker.exclusive)

    def suspects(self, ruled: Mapping[str, tuple[float, str]]) -> list[Suspect]:
        """Every coding, with the probability that it is a slip, and why."""
        found = []
        for row, narrative in enumerate(self._narratives):
            floor, rule = ruled.get(narrative.id, (0.0, ""))
            given = np.flatnonzero(self._truth[row])
            other = int(np.where(self._truth[row], -1, self._scores[row]).argmax())
            weakest = int(given[self._scores[row][given].argmin()])
            says = (
                f"the model gives {self._codes[weakest]} {self._scores[row][weakest]:.0%} and {self._codes[other]} "
                f"{self._scores[row][other]:.0%}; of the nearest narratives {self._near[row][weakest]:.0%} have the "
                f"one and {self._near[row][other]:.0%} the other"
            )
            found.append(
                Suspect(
                    narrative.id,
                    self._axis,
                    narrative.existing_codes[self._axis],
                    self._codes[other],
                    max(float(self.suspicion.p_slip[row]), floor),
                    (rule, says) if rule else (says,),
                    float(self.suspicion.level[row]),
                )
            )
        return found


def _neighbours(vectors: Embeddings, truth: Truth, groups: npt.NDArray[np.int32]) -> Scores:
    """The similarity-weighted share of each narrative's nearest that have each code, near-duplicates left out."""
    share = np.zeros(truth.shape)
    for rows, found, similarity in nearest(vectors, vectors, 3 * _N_NEIGHBOURS):
        own = groups[np.arange(len(vectors))[rows]]
        weight = np.where(groups[found] == own[:, None], 0, np.maximum(similarity, 0))
        last = -np.sort(-weight, axis=1)[:, [min(_N_NEIGHBOURS, weight.shape[1]) - 1]]
        weight = np.where(weight >= last, weight**4, 0)
        share[rows] = np.einsum("nk,nkc->nc", weight, truth[found]) / np.maximum(
            weight.sum(axis=1, keepdims=True), 1e-9
        )
    return share


def _ruled(
    narratives: Sequence[RedactedNarrative], axis: str, taxonomy: Taxonomy, context: Mapping[str, str]
) -> dict[str, tuple[float, str]]:
    """Incident to (least probability that it is a slip, the rule in words)."""
    found: dict[str, tuple[float, str]] = {}
    for rule in (_unusual(narratives, axis, taxonomy), _apart(narratives, axis, context)):
        found |= {id: said for id, said in rule.items() if said[0] > found.get(id, (0.0, ""))[0]}
    if not taxonomy.axis[axis].many:
        found |= {
            n.id: (0.95, f"{len(n.existing_codes[axis])} codes where one is due, as when a coding string contradicts")
            for n in narratives
            if len(n.existing_codes[axis]) > 1
        }
    return found


def _apart(
    narratives: Sequence[RedactedNarrative], axis: str, context: Mapping[str, str]
) -> dict[str, tuple[float, str]]:
    """The same text coded in more than one way: the fewer coded it like this, the more suspect."""
    same: dict[tuple[str, str], list[RedactedNarrative]] = defaultdict(list)
    for narrative in narratives:
        same[digest(narrative.text), context.get(narrative.id, "")].append(narrative)
    found = {}
    for group in same.values():
        codings = Counter(frozenset(n.existing_codes[axis]) for n in group)
        if len(codings) > 1:
            for n in group:
                share = codings[frozenset(n.existing_codes[axis])] / len(group)
                found[n.id] = (
                    1 - share,
                    f"the same text stands {len(group)} times and is coded in {len(codings)} ways",
                )
    return found


def _unusual(narratives: Sequence[RedactedNarrative], axis: str, taxonomy: Taxonomy) -> dict[str, tuple[float, str]]:
    """A code that stands beside a code of another axis which nearly always has a certain other one beside it."""
    found = {}
    others = [key for key, of in taxonomy.axis.items() if key != axis and not of.many]
    for other in others if not taxonomy.axis[axis].many else ():
        beside: dict[str, Counter[str]] = defaultdict(Counter)
        pairs = [
            (n.id, n.existing_codes[other][0], n.existing_codes[axis][0])
            for n in narratives
            if n.existing_codes.get(other)
        ]
        for _, code, own in pairs:
            beside[code][own] += 1
        for id, code, own in pairs:
            usual, n = beside[code].most_common(1)[0]
            total = beside[code].total()
            if own != usual and total >= _COMMON and n / total >= _NEARLY_ALWAYS:
                found[id] = (n / total / 2, f"{n} of {total} incidents with {code} have {usual} here, not {own}")
    return found


def _by_rule(narrative: RedactedNarrative, axis: str, floor: float, rule: str) -> Suspect:
    return Suspect(narrative.id, axis, narrative.existing_codes[axis], "", floor, (rule,))
