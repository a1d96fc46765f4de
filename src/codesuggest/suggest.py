"""Redact, embed, rank: every axis of a narrative in one answer."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

import numpy as np

from codesuggest.domain import (
    Narrative,
    RedactedNarrative,
    Scores,
    SuggestedIncident,
    Suggestion,
)
from codesuggest.embed import Embedder, make_embedder
from codesuggest.errors import RedactionError
from codesuggest.rank import rank_columns
from codesuggest.read import NarrativeReader
from codesuggest.redact import Redactor, Unredacted
from codesuggest.registry import Model, load_model


class Suggester:
    """A model made ready to suggest codes, with its embedder and the redactor."""

    def __init__(self, model: Model, embedder: Embedder, redactor: Redactor | None = None) -> None:
        self.model = model
        self._embedder = embedder
        self._redactor = redactor or Redactor().require_measured()

    @classmethod
    def load(cls, path: Path | str, *, embedder_dir: Path | None = None) -> Self:
        """The suggester of a model folder. Raises ModelError or EmbedderError with the reason if it cannot be used."""
        model = load_model(Path(path))
        return cls(model, make_embedder(model.manifest.embedder, embedder_dir))

    def suggest(self, narratives: Iterable[Narrative | str], *, top: int = 5) -> list[SuggestedIncident]:
        """The `top` ranked suggestions of every axis for each narrative; plain strings are numbered from 1.

        Raises RedactionError naming the incident if one cannot be redacted, and ReadError if a string is no text.
        """
        reader = NarrativeReader(self.model.taxonomy)
        named = [
            narrative if isinstance(narrative, Narrative) else reader.narrative(str(number), narrative)
            for number, narrative in enumerate(narratives, start=1)
        ]
        redacted = list(self._redactor.redact_all(named))
        for result in redacted:
            if isinstance(result, Unredacted):
                raise RedactionError(f"Incident {result.id}: redaction failed, so nothing of it was kept or shown.")
        return self.suggest_redacted([r for r in redacted if isinstance(r, RedactedNarrative)], top=top)

    def suggest_redacted(self, narratives: Sequence[RedactedNarrative], *, top: int = 5) -> list[SuggestedIncident]:
        """The same for narratives that are redacted already."""
        if not narratives:
            return []
        scores = self.score(narratives)
        return [self._incident(narrative, row, scores, top) for row, narrative in enumerate(narratives)]

    def score(self, narratives: Sequence[RedactedNarrative]) -> dict[str, Scores]:
        """Calibrated scores by axis, shape (n, n_codes), columns as in the model's manifest."""
        vectors = self._embedder.embed([narrative.text for narrative in narratives])
        lexical = self.model.features.transform([narrative.text for narrative in narratives])
        columns = rank_columns(vectors, lexical)
        return {axis: ranker.predict_proba(columns) for axis, ranker in self.model.rankers.items()}

    def _incident(
        self, narrative: RedactedNarrative, row: int, scores: dict[str, Scores], top: int
    ) -> SuggestedIncident:
        manifest = self.model.manifest
        axes = {axis: self._ranked(axis, by_code[row], top) for axis, by_code in scores.items()}
        return SuggestedIncident(
            narrative.id, narrative.text, axes, narrative.existing_codes, manifest.name, manifest.taxonomy
        )

    def _ranked(self, axis: str, scores: Scores, top: int) -> tuple[Suggestion, ...]:
        codes = self.model.manifest.axes[axis]
        best = np.argsort(-scores, kind="stable")[:top]
        return tuple(
            Suggestion(codes[i], self.model.taxonomy.label(axis, codes[i]), rank, round(float(scores[i]), 4))
            for rank, i in enumerate(best, start=1)
        )
