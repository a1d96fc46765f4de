"""What a person decides in a move, with the codes to choose from ranked by what the new taxonomy says of them."""

from collections.abc import Mapping, Sequence

import numpy as np

from codesuggest.domain import RedactedNarrative, Scores, SuggestedIncident, Suggestion, Unsettled
from codesuggest.errors import ModelError
from codesuggest.suggest import Suggester
from codesuggest.taxonomy import Crosswalk, Moved, Open

_MOST = 10


def propose(
    crosswalk: Crosswalk,
    narratives: Sequence[RedactedNarrative],
    moved: Sequence[Moved],
    ranked_by: Suggester | None,
) -> list[SuggestedIncident]:
    """The moved coding of each narrative as suggestions: what moved by itself with score 1, then what is to choose
    from, the likeliest first; on such axes the scores add up to 1.

    ranked_by  a model of the new taxonomy; None: the order of the crosswalk, all alike.
    Raises ModelError if the model is of another taxonomy.
    """
    if ranked_by and ranked_by.model.taxonomy.fingerprint != crosswalk.new.fingerprint:
        manifest = ranked_by.model.manifest
        raise ModelError(
            f"Model {manifest.name} was trained on taxonomy {manifest.taxonomy}; the crosswalk leads to "
            f"{crosswalk.new.name}. Name a model trained on that very one, or none."
        )
    scores: Mapping[str, Scores] = ranked_by.score(narratives) if ranked_by and narratives else {}
    columns = ranked_by.model.manifest.axes if ranked_by else {}
    proposed = []
    for number, (narrative, one) in enumerate(zip(narratives, moved, strict=True)):
        by_code = {
            axis: dict(zip(columns[axis], of_all[number].tolist(), strict=True)) for axis, of_all in scores.items()
        }
        axes = {axis: _axis(crosswalk, axis, one, by_code.get(axis, {})) for axis in crosswalk.new.axis}
        proposed.append(
            SuggestedIncident(
                narrative.id,
                narrative.text,
                {axis: ranked for axis, ranked in axes.items() if ranked},
                one.codes,
                f"crosswalk {crosswalk.name}",
                crosswalk.new.name,
                unsettled={axis: Unsettled(undecided.because) for axis, undecided in one.open.items()},
            )
        )
    return proposed


def _axis(crosswalk: Crosswalk, axis: str, moved: Moved, scores: Mapping[str, float]) -> tuple[Suggestion, ...]:
    sure = [(code, 1.0) for code in moved.codes.get(axis, ())]
    to_choose = _narrowed(crosswalk, axis, moved.open[axis], scores) if axis in moved.open else []
    return tuple(
        Suggestion(code, crosswalk.new.label(axis, code), rank, round(score, 4))
        for rank, (code, score) in enumerate([*sure, *to_choose], start=1)
    )


def _narrowed(crosswalk: Crosswalk, axis: str, undecided: Open, scores: Mapping[str, float]) -> list[tuple[str, float]]:
    """The codes to choose from, the likeliest first; the scores of those left out are shared out among them."""
    candidates = undecided.candidates or crosswalk.new.assignable[axis]
    if not candidates:
        return []
    weights = np.array([max(scores.get(code, 0.0), 1e-9) for code in candidates])
    shares = weights / weights.sum()
    best = np.argsort(-shares, kind="stable")[:_MOST]
    return [(candidates[number], float(shares[number])) for number in best]
