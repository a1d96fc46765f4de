"""Narratives to redacted narratives, with Presidio. Fails closed: a narrative that cannot be redacted is not kept.

Raw text is seen here and in `read`, nowhere else. Exceptions of the libraries may hold text in their arguments or in
their frames, so none leaves this module: what is raised is new, names the incident, and is chained to nothing.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from itertools import islice

from presidio_analyzer import AnalyzerEngine, RecognizerRegistry, RecognizerResult

from codesuggest.domain import Narrative, RedactedNarrative, RedactedText, Span
from codesuggest.errors import RedactionError
from codesuggest.redact.engine import LocalNlpEngine
from codesuggest.redact.recognisers import recognisers

MIN_SCORE = 0.4
_BATCH = 64


@dataclass(frozen=True, slots=True)
class Unredacted:
    """A narrative of a batch that redaction failed on: its id, and nothing of its text."""

    id: str


class Redactor:
    """Finds personal data and replaces it with placeholders such as `<PERSON>`."""

    def __init__(self) -> None:
        engine = LocalNlpEngine()
        registry = RecognizerRegistry(supported_languages=["en"])
        for recogniser in recognisers():
            registry.add_recognizer(recogniser)
        self._engine = engine
        self._analyzer = AnalyzerEngine(
            registry=registry,
            nlp_engine=engine,
            default_score_threshold=MIN_SCORE,
            supported_languages=["en"],
        )
        self.identity = _identity(registry, engine)

    def redact(self, narrative: Narrative) -> RedactedNarrative:
        """One narrative redacted. Raises RedactionError, naming the incident's id, if that fails for any reason."""
        (redacted,) = self.redact_all([narrative])
        if isinstance(redacted, Unredacted):
            raise RedactionError(f"Incident {redacted.id}: redaction failed, so nothing of it was kept or shown.")
        return redacted

    def redact_all(self, narratives: Iterable[Narrative]) -> Iterator[RedactedNarrative | Unredacted]:
        """Narratives redacted in order; one that fails comes as Unredacted in its place."""
        stream = iter(narratives)
        while batch := list(islice(stream, _BATCH)):
            for narrative in batch:
                yield self._redact(narrative)

    def _redact(self, narrative: Narrative) -> RedactedNarrative | Unredacted:
        try:
            found = self._analyzer.analyze(narrative.text, language="en")
            spans = _settle(found)
            text = _replace(narrative.text, spans)
        except Exception:  # noqa: BLE001  whatever went wrong, nothing of the text may travel in an exception
            return Unredacted(narrative.id)
        return RedactedNarrative(narrative.id, text, narrative.existing_codes, spans)


def _settle(found: Sequence[RecognizerResult]) -> tuple[Span, ...]:
    """Spans without overlap, in order. Of two that overlap the surer gives the type, and both are covered."""
    settled: list[Span] = []
    for result in sorted(found, key=lambda result: (result.start, -result.end, -result.score, result.entity_type)):
        span = Span(result.start, result.end, result.entity_type, round(result.score, 3))
        if settled and span.start < settled[-1].end:
            last = settled.pop()
            strongest = max(last, span, key=lambda s: (s.score, s.end - s.start))
            span = Span(last.start, max(last.end, span.end), strongest.type, strongest.score)
        settled.append(span)
    return tuple(settled)


def _replace(text: str, spans: Sequence[Span]) -> RedactedText:
    for span in reversed(spans):
        text = f"{text[: span.start]}<{span.type}>{text[span.end :]}"
    return RedactedText(text)


def _identity(registry: RecognizerRegistry, engine: LocalNlpEngine) -> str:
    """What a model trained on this redactor's output records: a hash of everything that decides what is redacted."""
    rules = [
        (
            recogniser.supported_entities,
            [(p.regex, p.score) for p in getattr(recogniser, "patterns", [])],
        )
        for recogniser in registry.recognizers
    ]
    content = [
        rules,
        MIN_SCORE,
        engine.identity,
        metadata.version("presidio-analyzer"),
        metadata.version("spacy"),
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
