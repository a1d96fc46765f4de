"""The model as one more coder: what it would have decided without a person."""

from collections.abc import Sequence

import numpy as np

from codesuggest.audit.confirmations import AxisConfirmation
from codesuggest.domain import RedactedNarrative
from codesuggest.metrics import decisions
from codesuggest.registry import digest
from codesuggest.suggest import Suggester


def model_decisions(suggester: Suggester, narratives: Sequence[RedactedNarrative]) -> list[AxisConfirmation]:
    """A model's decisions on every axis, in its own name, on the narratives that it was not trained on."""
    model = suggester.model
    unseen = [narrative for narrative in narratives if digest(narrative.text) not in model.trained_on]
    scores = suggester.score(unseen) if unseen else {}
    found = []
    for axis, by_code in scores.items():
        rules, codes = model.taxonomy.axis[axis], np.array(model.manifest.axes[axis])
        threshold = model.rankers[axis].threshold_
        decided = decisions(by_code, exclusive=not rules.many, needs_one=not rules.optional, threshold=threshold)
        found += [
            AxisConfirmation(narrative.id, model.manifest.name, axis, frozenset(codes[row].tolist()))
            for narrative, row in zip(unseen, decided, strict=True)
        ]
    return found
