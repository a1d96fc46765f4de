"""Champion and challenger on the same gold, as the gate wants to see them; and what models kept from a part show."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from codesuggest.domain import RedactedNarrative
from codesuggest.evaluate.measuring import Judged, fresh, judge
from codesuggest.gate import Gold, OnGold
from codesuggest.metrics import Estimate, estimate, per_narrative, ranks, resamples
from codesuggest.retrain.learner import Learner, Rows, identity
from codesuggest.snapshot import counts_of
from codesuggest.suggest import Scorer
from codesuggest.suggest.suggester import COVERAGE

_AMONG = 3


@dataclass(frozen=True, slots=True)
class OnSameGold:
    """Gold that neither model was trained on, and both models on it. `n_seen`: gold that one of them was trained on."""

    gold: Gold
    champion: OnGold
    challenger: OnGold
    n_seen: int


def on_same_gold(learner: Learner, champion: Scorer, challenger: Scorer, *, rare_under: int) -> OnSameGold:
    """Both models on the gold of the learner's snapshot that neither was trained on. Raises ModelError if none is."""
    everything = learner.gold_narratives(learner.is_gold)
    unseen = fresh(challenger.model, fresh(champion.model, everything))
    counts = counts_of(learner.snapshot.training)
    rare = {axis: frozenset(c for c, n in of.items() if n < rare_under) for axis, of in counts.items()}
    old, new = (_on_gold(scorer, unseen, tuple(learner.taxonomy.axis), rare) for scorer in (champion, challenger))
    known = {identity(one): one for one in learner.snapshot.incidents}
    newest = newest_quarter(learner)
    is_newest = {identity(one): bool(new) for one, new in zip(learner.snapshot.incidents, newest, strict=True)}
    gold = Gold(
        tuple(learner.taxonomy.axis),
        tuple(known[narrative.id].site for narrative in unseen),
        np.array([is_newest[narrative.id] for narrative in unseen], dtype=bool),
    )
    return OnSameGold(gold, old, new, len(everything) - len(unseen))


def on_codings_since(learner: Learner, champion: Scorer) -> np.ndarray:
    """Whether the champion's first suggestions agree with the training codings that it has not seen, shape (m, k); NaN
    where an axis was not coded."""
    new = fresh(champion.model, learner.gold_narratives(learner.is_trained_on))
    axes = tuple(learner.taxonomy.axis)
    return _on_gold(champion, new, axes, {}).hit if new else np.zeros((0, len(axes)))


def newest_quarter(learner: Learner) -> Rows:
    """Which incidents of the snapshot were reported in its last days, as many as the recipe calls a quarter."""
    dates = [incident.reported or dt.date.min for incident in learner.snapshot.incidents]
    since = max(dates, default=dt.date.min).toordinal() - learner.recipe.held_out.newest_days
    return np.array([date > dt.date.min and date.toordinal() > since for date in dates], dtype=bool)


def hits(judged: Mapping[str, Judged], n_rounds: int = 1000) -> dict[str, Estimate]:
    """By axis, how often the first suggestion is right."""
    found = {}
    for axis, of in judged.items():
        right = per_narrative(of.scores, of.truth)["hit@1"]
        weights = resamples(len(right), n_rounds=n_rounds)
        found[axis] = estimate(weights @ right / weights.sum(axis=1))
    return found


def _on_gold(
    scorer: Scorer, gold: Sequence[RedactedNarrative], axes: tuple[str, ...], rare: Mapping[str, frozenset[str]]
) -> OnGold:
    judged = judge(scorer, gold)
    row = {narrative.id: number for number, narrative in enumerate(gold)}
    hit, score, covered = (np.full((len(gold), len(axes)), np.nan) for _ in range(3))
    rare_found, n_rare = np.zeros(len(gold)), np.zeros(len(gold))
    for number, axis in enumerate(axes):
        if (of := judged.get(axis)) is None:
            continue
        rows = [row[id] for id in of.ids]
        hit[rows, number] = per_narrative(of.scores, of.truth)["hit@1"]
        score[rows, number] = of.scores.max(axis=1)
        covered[rows, number] = _covered(scorer, axis, of)
        is_rare = np.array([code in rare.get(axis, frozenset()) or n >= of.n_known for n, code in enumerate(of.codes)])
        wanted = of.truth & is_rare
        rare_found[rows] += (wanted & (ranks(of.scores) <= _AMONG)).sum(axis=1)
        n_rare[rows] += wanted.sum(axis=1)
    found = np.divide(rare_found, n_rare, out=np.full(len(gold), np.nan), where=n_rare > 0)
    return OnGold(hit, score, covered, found)


def _covered(scorer: Scorer, axis: str, of: Judged) -> np.ndarray:
    """The share of the right codes on each narrative's shortlist, shape (n,)."""
    thresholds = np.full(len(of.codes), np.inf)
    thresholds[: of.n_known] = scorer.model.rankers[axis].thresholds(COVERAGE)
    listed = (of.scores >= thresholds) | (ranks(of.scores) == 1)
    return np.asarray((listed & of.truth).sum(axis=1) / of.truth.sum(axis=1))
