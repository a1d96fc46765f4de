"""How accurate a model is on gold: narratives with settled codes that it was not trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from codesuggest.domain import RedactedNarrative, Scores, Truth
from codesuggest.errors import ModelError
from codesuggest.metrics import Estimate, decisions, measure
from codesuggest.rank import CodeRanker
from codesuggest.registry import Model, digest
from codesuggest.suggest import Scorer


@dataclass(frozen=True, slots=True)
class AxisEvaluation:
    """One axis: the model's figures beside those of always ranking codes by how often training had them.

    n           gold narratives with a code on this axis.
    n_unknown   gold codes that the model does not rank at all; they count as missed.
    """

    n: int
    n_unknown: int
    model: Mapping[str, Estimate]
    by_frequency: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A model measured on gold. `n_trained_on` gold narratives were left out: the model was trained on their text."""

    model: str
    taxonomy: str
    n: int
    n_trained_on: int
    axes: Mapping[str, AxisEvaluation]


@dataclass(frozen=True, slots=True)
class Judged:
    """One axis of a model beside the right codes. Rows are gold narratives, columns are `codes`.

    ids        shape (n,), the incidents.
    scores, truth, decided  shape (n, n_codes); right codes that the model does not know come last, with no score.
    frequency  shape (n_codes,): each code's share of the training narratives, 0 where unknown.
    n_known    how many columns the model knows.
    """

    ids: tuple[str, ...]
    codes: tuple[str, ...]
    scores: Scores
    truth: Truth
    decided: Truth
    frequency: Scores
    n_known: int


def evaluate(scorer: Scorer, gold: Sequence[RedactedNarrative], *, n_rounds: int = 1000, seed: int = 0) -> Evaluation:
    """Measure a model on gold narratives, whose existing codes are the right ones.

    Raises ModelError if nothing is left to measure on: the model was trained on all of it, or none has codes.
    """
    return evaluation_of(scorer.model, gold, judge(scorer, gold), n_rounds=n_rounds, seed=seed)


def fresh(model: Model, gold: Sequence[RedactedNarrative]) -> list[RedactedNarrative]:
    """The gold narratives that the model was not trained on."""
    return [narrative for narrative in gold if digest(narrative.text) not in model.trained_on]


def judge(scorer: Scorer, gold: Sequence[RedactedNarrative]) -> dict[str, Judged]:
    """A model's scores beside the right codes, for every axis that gold codes. Raises ModelError as `evaluate`."""
    model, unseen = scorer.model, fresh(scorer.model, gold)
    coded = {axis: [n for n in unseen if n.existing_codes.get(axis)] for axis in model.rankers}
    if not any(coded.values()):
        raise ModelError(
            f"Nothing to measure {model.manifest.name} on: of {len(gold)} gold narratives it was trained on "
            f"{len(gold) - len(unseen)}, and no other has codes of {model.manifest.taxonomy}."
        )
    scores = scorer.score(unseen)
    row = {narrative.id: number for number, narrative in enumerate(unseen)}
    return {
        axis: _judged(model, axis, scores[axis][[row[n.id] for n in narratives]], narratives)
        for axis, narratives in coded.items()
        if narratives
    }


def evaluation_of(
    model: Model,
    gold: Sequence[RedactedNarrative],
    judged: Mapping[str, Judged],
    *,
    n_rounds: int = 1000,
    seed: int = 0,
) -> Evaluation:
    """The figures of a model that has been judged on gold."""
    axes = {axis: _axis(model, axis, of, n_rounds, seed) for axis, of in judged.items()}
    n = len(fresh(model, gold))
    return Evaluation(model.manifest.name, model.manifest.taxonomy, n, len(gold) - n, axes)


def _axis(model: Model, axis: str, of: Judged, n_rounds: int, seed: int) -> AxisEvaluation:
    by_frequency = np.tile(of.frequency, (len(of.ids), 1))
    figures = measure(of.scores, of.truth, of.decided, n_rounds=n_rounds, seed=seed)
    beside = measure(by_frequency, of.truth, _decided(model, axis, by_frequency), n_rounds=n_rounds, seed=seed)
    return AxisEvaluation(len(of.ids), int(of.truth[:, of.n_known :].sum()), figures, beside)


def _judged(model: Model, axis: str, scores: Scores, narratives: Sequence[RedactedNarrative]) -> Judged:
    codes = model.manifest.axes[axis]
    given = [_spelled(model, axis, narrative) for narrative in narratives]
    unknown = sorted({code for row in given for code in row} - set(codes))
    column = {code: number for number, code in enumerate((*codes, *unknown))}
    truth = np.zeros((len(narratives), len(column)), dtype=bool)
    for row, right in enumerate(given):
        truth[row, [column[code] for code in right]] = True
    widened = np.hstack([scores, np.zeros((len(scores), len(unknown)))])
    frequency = np.concatenate([_frequency(model.rankers[axis]), np.zeros(len(unknown))])
    ids = tuple(narrative.id for narrative in narratives)
    return Judged(ids, tuple(column), widened, truth, _decided(model, axis, widened), frequency, len(codes))


def _decided(model: Model, axis: str, scores: Scores) -> Truth:
    rules = model.taxonomy.axis[axis]
    return decisions(
        scores,
        exclusive=not rules.many,
        needs_one=not rules.optional,
        threshold=model.rankers[axis].threshold_,
    )


def _spelled(model: Model, axis: str, narrative: RedactedNarrative) -> list[str]:
    """The right codes in the taxonomy's spelling; one that it does not have stays as it was given."""
    return [model.taxonomy.spelling(axis, code) or code for code in narrative.existing_codes[axis]]


def _frequency(ranker: CodeRanker) -> Scores:
    """Each code's share of the training narratives."""
    return np.asarray(np.exp(ranker.log_prior_), dtype=np.float64)
