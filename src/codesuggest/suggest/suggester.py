"""Redact, embed, rank: every axis of a narrative in one answer, checked and explained."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
from scipy import sparse

from codesuggest.domain import (
    Embeddings,
    Narrative,
    RedactedNarrative,
    RedactedText,
    Scores,
    SuggestedIncident,
    Suggestion,
)
from codesuggest.embed import Embedder, make_embedder
from codesuggest.errors import RedactionError
from codesuggest.metrics import decisions
from codesuggest.rank import rank_columns
from codesuggest.read import NarrativeReader
from codesuggest.redact import Redactor, Unredacted
from codesuggest.registry import Model, load_model
from codesuggest.suggest import checks
from codesuggest.suggest.reasons import strongest, words_of

COVERAGE = 0.9
_MOST_SHORTLISTED = 5
"""A longer shortlist than this helps nobody: codes give way to their parents."""
_SIMILAR = 3


class Scorer:
    """A model made ready to score narratives that are redacted already, with its embedder."""

    def __init__(self, model: Model, embedder: Embedder) -> None:
        self.model = model
        self.embedder = embedder

    def score(self, narratives: Sequence[RedactedNarrative]) -> dict[str, Scores]:
        """Calibrated scores by axis, shape (n, n_codes), columns as in the model's manifest."""
        return self._score(self._columns(narratives)[1])

    def _columns(self, narratives: Sequence[RedactedNarrative]) -> tuple[Embeddings, sparse.csr_array]:
        texts = [narrative.text for narrative in narratives]
        vectors = self.embedder.embed(texts)
        return vectors, rank_columns(vectors, self.model.features.transform(texts))

    def _score(self, columns: sparse.csr_array) -> dict[str, Scores]:
        alone = {axis: ranker.predict_proba(columns) for axis, ranker in self.model.rankers.items()}
        return self.model.chain.transform(alone)


class Suggester(Scorer):
    """A model made ready to suggest codes, with its embedder and the redactor.

    coverage  with which probability a shortlist holds the right code; on an axis of many, which share of them.
    """

    def __init__(
        self, model: Model, embedder: Embedder, redactor: Redactor | None = None, *, coverage: float = COVERAGE
    ) -> None:
        super().__init__(model, embedder)
        self.coverage = coverage
        self.redactor = redactor or Redactor().require_measured()
        self._thresholds = {axis: ranker.thresholds(coverage) for axis, ranker in model.rankers.items()}

    @classmethod
    def load(cls, path: Path | str, *, embedder_dir: Path | None = None, coverage: float = COVERAGE) -> Self:
        """The suggester of a model folder. Raises ModelError or EmbedderError with the reason if it cannot be used."""
        model = load_model(Path(path))
        return cls(model, make_embedder(model.manifest.embedder, embedder_dir), coverage=coverage)

    def suggest(
        self, narratives: Iterable[Narrative | str], *, top: int = 5, reasons: bool = False
    ) -> list[SuggestedIncident]:
        """The `top` ranked suggestions of every axis for each narrative; plain strings are numbered from 1.

        Raises RedactionError naming the incident if one cannot be redacted, and ReadError if a string is no text.
        """
        reader = NarrativeReader(self.model.taxonomy)
        named = [
            narrative if isinstance(narrative, Narrative) else reader.narrative(str(number), narrative)
            for number, narrative in enumerate(narratives, start=1)
        ]
        redacted = list(self.redactor.redact_all(named))
        for result in redacted:
            if isinstance(result, Unredacted):
                raise RedactionError(f"Incident {result.id}: redaction failed, so nothing of it was kept or shown.")
        fit = [result for result in redacted if isinstance(result, RedactedNarrative)]
        return self.suggest_redacted(fit, top=top, reasons=reasons)

    def suggest_redacted(
        self, narratives: Sequence[RedactedNarrative], *, top: int = 5, reasons: bool = False
    ) -> list[SuggestedIncident]:
        """The same for narratives that are redacted already. With `reasons`, the words that raised each code."""
        incidents, scores = self.suggest_scored(narratives, top=top)
        if not reasons:
            return incidents
        return [
            self._explained(incident, {axis: of_all[row] for axis, of_all in scores.items()})
            for row, incident in enumerate(incidents)
        ]

    def suggest_scored(
        self, narratives: Sequence[RedactedNarrative], *, top: int = 5
    ) -> tuple[list[SuggestedIncident], dict[str, Scores]]:
        """The same, without reasons, with the scores of all codes by axis, shape (n, n_codes)."""
        if not narratives:
            return [], {}
        vectors, columns = self._columns(narratives)
        scores = self._score(columns)
        return [
            self._incident(narrative, vector, {axis: of_all[row] for axis, of_all in scores.items()}, top)
            for row, (narrative, vector) in enumerate(zip(narratives, vectors, strict=True))
        ], scores

    def _incident(
        self, narrative: RedactedNarrative, vector: Embeddings, scores: dict[str, Scores], top: int
    ) -> SuggestedIncident:
        model = self.model
        axes = {axis: self._ranked(axis, by_code, top) for axis, by_code in scores.items()}
        shortlists = {axis: self._shortlist(axis, by_code) for axis, by_code in scores.items()}
        similar = model.past.similar(vector, _SIMILAR)
        given = {axis: self._given(axis, by_code) for axis, by_code in scores.items()}
        return SuggestedIncident(
            narrative.id,
            narrative.text,
            axes,
            narrative.existing_codes,
            model.manifest.name,
            model.manifest.taxonomy,
            shortlists=shortlists,
            unsettled=checks.unsettled(model.taxonomy, axes, shortlists),
            conflicts=checks.conflicts(model.taxonomy, given, narrative.text),
            similar=similar,
            notice=checks.notice(
                narrative.text,
                model.features.words_.vocabulary_,
                likeness=similar[0].similarity if similar else 0.0,
                least_likeness=model.past.least_likeness,
            ),
        )

    def _ranked(self, axis: str, scores: Scores, top: int) -> tuple[Suggestion, ...]:
        codes = self.model.manifest.axes[axis]
        best = np.argsort(-scores, kind="stable")[:top]
        return tuple(
            Suggestion(codes[i], self.model.taxonomy.label(axis, codes[i]), rank, round(float(scores[i]), 4))
            for rank, i in enumerate(best, start=1)
        )

    def _given(self, axis: str, scores: Scores) -> tuple[str, ...]:
        """The codes that would be given without a person: those that are checked against each other."""
        settings, ranker = self.model.taxonomy.axis[axis], self.model.rankers[axis]
        chosen = decisions(
            scores[None, :], exclusive=not settings.many, needs_one=not settings.optional, threshold=ranker.threshold_
        )[0]
        codes = self.model.manifest.axes[axis]
        return tuple(codes[i] for i in np.flatnonzero(chosen))

    def _shortlist(self, axis: str, scores: Scores) -> tuple[str, ...]:
        """The shortlisted codes, best first; parents in place of several of their children where they are too many."""
        codes, known = self.model.manifest.axes[axis], self.model.taxonomy.by_code[axis]
        chosen = scores >= self._thresholds[axis]
        best = [codes[i] for i in np.argsort(-scores, kind="stable") if chosen[i]] or [codes[int(scores.argmax())]]
        parents = [known[code].parent if code in known else "" for code in best]
        is_too_long = len(best) > _MOST_SHORTLISTED
        return tuple(
            dict.fromkeys(
                parent if is_too_long and parent and parents.count(parent) > 1 else code
                for code, parent in zip(best, parents, strict=True)
            )
        )

    def _explained(self, incident: SuggestedIncident, scores: dict[str, Scores]) -> SuggestedIncident:
        text: RedactedText = incident.redacted
        words = words_of(text)
        lexical = self.model.features.parts([text], [text[start:end] for start, end in words])
        parts = rank_columns(self.embedder.parts(text, words), lexical)
        axes = {}
        for axis, ranked in incident.axes.items():
            column = {code: number for number, code in enumerate(self.model.manifest.axes[axis])}
            added = self.model.rankers[axis].added(parts, scores[axis])
            axes[axis] = tuple(replace(s, words=strongest(words, added[:, column[s.code]])) for s in ranked)
        return replace(incident, axes=axes)
