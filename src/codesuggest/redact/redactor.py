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
from pathlib import Path
from typing import Self

import regex
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts
from presidio_analyzer.predefined_recognizers import SpacyRecognizer

from codesuggest.domain import Narrative, RedactedNarrative, RedactedText, Span
from codesuggest.errors import RedactionError
from codesuggest.redact.engine import ContextInPatterns, LocalNlpEngine
from codesuggest.redact.patterns import UkRecognizer
from codesuggest.redact.people import People, great_ages, kept_role, other_mentions, with_title
from codesuggest.redact.policy import Policy, load_policy
from codesuggest.redact.recognisers import date_recogniser, deny_recogniser, recognisers
from codesuggest.redact.tagger import LEARNT
from codesuggest.redact.terms import is_term, whole_words
from codesuggest.settings import settings, shipped

MEASURED = "measured.json"
"""The file of a redaction folder that says how good its redactor was found to be."""

_BATCH = 64
_NAMES = ("PERSON", "LOCATION", "ORGANIZATION")
_WORDS = (*_NAMES, "ADDRESS")
_YEAR = regex.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True, slots=True)
class Unredacted:
    """A narrative of a batch that redaction failed on: its id, and nothing of its text."""

    id: str


class Redactor:
    """Finds personal data and replaces it with placeholders such as `<PERSON_1>`.

    folder  holds `policy.toml` and the language model in `model/`; the shipped one by default.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or settings().redaction_dir or shipped("redaction")
        self.policy: Policy = load_policy(self.folder)
        self._engine = LocalNlpEngine(self.folder / "model")
        self._patterns = [*recognisers(), *deny_recogniser(self.policy.deny)]
        if self.policy.dates == "year":
            self._patterns.append(date_recogniser())
        registry = RecognizerRegistry(supported_languages=["en"])
        for recogniser in [*self._patterns, SpacyRecognizer(supported_entities=list(LEARNT))]:
            registry.add_recognizer(recogniser)
        self._analyzer = AnalyzerEngine(
            registry=registry, nlp_engine=self._engine, context_aware_enhancer=ContextInPatterns()
        )
        self.fingerprint = self._fingerprint()
        versions = "-".join(metadata.version(name) for name in ("presidio-analyzer", "spacy"))
        self.identity = f"{self.fingerprint}-{versions}"

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
            for narrative, artifacts in zip(batch, self._artifacts(batch), strict=True):
                yield self._redact(narrative, artifacts)

    def _artifacts(self, batch: Sequence[Narrative]) -> list[NlpArtifacts | None]:
        """What spaCy makes of each narrative; None throughout if it fails, so that each is then tried alone."""
        try:
            return list(self._engine.process_texts([narrative.text for narrative in batch]))
        except Exception:  # noqa: BLE001  whatever went wrong, nothing of the text may travel in an exception
            return [None] * len(batch)

    def _redact(self, narrative: Narrative, artifacts: NlpArtifacts | None) -> RedactedNarrative | Unredacted:
        try:
            found = self._analyzer.analyze(narrative.text, language="en", nlp_artifacts=artifacts)
            spans = self._settle(narrative.text, found)
            text = self._replace(narrative.text, spans)
            is_clean = not self._leftover(text)
        except Exception:  # noqa: BLE001  whatever went wrong, nothing of the text may travel in an exception
            return Unredacted(narrative.id)
        if not is_clean:
            return Unredacted(narrative.id)
        return RedactedNarrative(narrative.id, text, narrative.existing_codes, spans)

    def _settle(self, text: str, found: Sequence[RecognizerResult]) -> tuple[Span, ...]:
        """What counts of the findings, other mentions of the same people included, without overlap."""
        allowed = self.policy.allowed
        spans = [
            span
            for result in found
            if (span := _span(text, result)).score >= self.policy.threshold(span.type)
            and span.type not in self.policy.off
            and not (span.type in LEARNT and is_term(text, span, allowed))
        ]
        people = [span for span in spans if span.type == "PERSON"]
        people += [span for span in other_mentions(text, people, allowed) if not is_term(text, span, allowed)]
        ages = great_ages(text, people) if "AGE" not in self.policy.off else []
        return _without_overlap(with_title(text, span) for span in [*spans, *people, *ages])

    def _replace(self, text: str, spans: Sequence[Span]) -> RedactedText:
        people, parts, position = People(), [], 0
        for span in spans:
            parts += [text[position : span.start], self._placeholder(text[span.start : span.end], span.type, people)]
            position = span.end
        return RedactedText("".join([*parts, text[position:]]))

    def _placeholder(self, value: str, type: str, people: People) -> str:
        if type == "PERSON" and self.policy.number_people:
            return f"{kept_role(value)}<PERSON_{people.number(value)}>"
        if type == "DATE" and (year := _YEAR.search(value)):
            return str(year[0])
        return f"<{type}>"

    def _leftover(self, text: RedactedText) -> bool:
        """The second line of defence: whether what is left still has the shape of an identifier."""
        masked = regex.sub(r"<[A-Z_]+(?:_\d+)?>", "¤", text)
        return any(
            result.score >= self.policy.threshold(result.entity_type)
            for recogniser in self._patterns
            if isinstance(recogniser, UkRecognizer) and recogniser.is_direct(self.policy.off)
            for result in recogniser.analyze(masked, [])
        )

    def require_measured(self) -> Self:
        """This redactor, if it was measured and found good enough for its policy; training and serving ask for that.

        Raises RedactionError with the remedy if it was not measured, was changed since, or was found wanting.
        """
        remedy = "Measure it: codesuggest redaction check --gold FILE --record."
        try:
            measured = json.loads((self.folder / MEASURED).read_text(encoding="utf-8"))
            low, fingerprint = float(measured["groups"]["all"]["low"]), measured["fingerprint"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RedactionError(f"{self.folder}: nobody has measured this redactor. {remedy}") from error
        if fingerprint != self.fingerprint:
            raise RedactionError(
                f"{self.folder}: policy, rules or model changed since the redactor was measured. {remedy}"
            )
        if low < self.policy.min_recall:
            raise RedactionError(
                f"{self.folder}: the redactor's recall may be as low as {low:.3f}; the policy asks for "
                f"{self.policy.min_recall:.3f}. Improve it, or have the floor lowered by whoever answers for it."
            )
        return self

    def _fingerprint(self) -> str:
        """A hash of everything of ours that decides what is redacted: this package's code, policy, model."""
        code = [path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("*.py"))]
        content = [code, self.policy.fingerprint, self._engine.identity]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def _span(text: str, result: RecognizerResult) -> Span:
    """A finding; if it is a name, with the rest of its first and last word."""
    span = Span(result.start, result.end, result.entity_type, round(result.score, 3))
    return whole_words(text, span) if span.type in _NAMES else span


def _without_overlap(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans in order. Of two that overlap both are covered, and the surer gives the type, or a number."""
    settled: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end, -span.score, span.type)):
        merged = span
        if settled and span.start < settled[-1].end:
            last = settled.pop()
            is_same = (last.start, last.end) == (span.start, span.end)
            strongest = max(last, span, key=lambda s: (is_same and s.type not in _WORDS, s.score, s.end - s.start))
            merged = Span(last.start, max(last.end, span.end), strongest.type, strongest.score)
        settled.append(merged)
    return tuple(settled)
