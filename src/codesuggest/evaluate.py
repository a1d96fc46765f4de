"""How accurate a model is on gold: narratives with settled codes that it was not trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from codesuggest.domain import RedactedNarrative, Scores
from codesuggest.errors import ModelError
from codesuggest.metrics import Estimate, Truth, decisions, measure
from codesuggest.rank import CodeRanker
from codesuggest.registry import Model, digest
from codesuggest.suggest import Suggester


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


def evaluate(
    suggester: Suggester, gold: Sequence[RedactedNarrative], *, n_rounds: int = 1000, seed: int = 0
) -> Evaluation:
    """Measure a model on gold narratives, whose existing codes are the right ones.

    Raises ModelError if nothing is left to measure on: the model was trained on all of it, or none has codes.
    """
    model = suggester.model
    fresh = [narrative for narrative in gold if digest(narrative.text) not in model.trained_on]
    coded = {axis: [n for n in fresh if n.existing_codes.get(axis)] for axis in model.rankers}
    if not any(coded.values()):
        raise ModelError(
            f"Nothing to measure {model.manifest.name} on: of {len(gold)} gold narratives it was trained on "
            f"{len(gold) - len(fresh)}, and no other has codes of {model.manifest.taxonomy}."
        )
    scores = suggester.score(fresh)
    row = {narrative.id: number for number, narrative in enumerate(fresh)}
    axes = {
        axis: _axis(model, axis, scores[axis][[row[n.id] for n in narratives]], narratives, n_rounds, seed)
        for axis, narratives in coded.items()
        if narratives
    }
    return Evaluation(model.manifest.name, model.manifest.taxonomy, len(fresh), len(gold) - len(fresh), axes)


def _axis(
    model: Model, axis: str, scores: Scores, narratives: Sequence[RedactedNarrative], n_rounds: int, seed: int
) -> AxisEvaluation:
    codes = model.manifest.axes[axis]
    known = {code: number for number, code in enumerate(codes)}
    given = [_spelled(model, axis, narrative) for narrative in narratives]
    unknown = sorted({code for row in given for code in row if code not in known})
    column = known | {code: len(known) + number for number, code in enumerate(unknown)}
    truth = np.zeros((len(narratives), len(column)), dtype=bool)
    for row, right in enumerate(given):
        truth[row, [column[code] for code in right]] = True
    widened = np.hstack([scores, np.zeros((len(scores), len(unknown)))])
    frequency = np.hstack([_frequency(model.rankers[axis], len(scores)), np.zeros((len(scores), len(unknown)))])
    settings = model.taxonomy.axis[axis]

    def figures(of: Scores) -> Mapping[str, Estimate]:
        decided: Truth = decisions(
            of, exclusive=not settings.many, needs_one=not settings.optional, threshold=model.rankers[axis].threshold_
        )
        return measure(of, truth, decided, n_rounds=n_rounds, seed=seed)

    return AxisEvaluation(len(narratives), int(truth[:, len(known) :].sum()), figures(widened), figures(frequency))


def _spelled(model: Model, axis: str, narrative: RedactedNarrative) -> list[str]:
    """The right codes in the taxonomy's spelling; one that it does not have stays as it was given."""
    return [model.taxonomy.spelling(axis, code) or code for code in narrative.existing_codes[axis]]


def _frequency(ranker: CodeRanker, n: int) -> Scores:
    """Each code's share of the training narratives, as the scores of every narrative."""
    return np.tile(np.exp(ranker.log_prior_), (n, 1))
