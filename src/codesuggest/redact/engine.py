"""The spaCy pipeline that Presidio runs on: one that is here, never one to be downloaded."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import spacy
from presidio_analyzer import EntityRecognizer, RecognizerResult
from presidio_analyzer.context_aware_enhancers import ContextAwareEnhancer
from presidio_analyzer.nlp_engine import NerModelConfiguration, NlpArtifacts, SpacyNlpEngine
from spacy.tokens import Doc

from codesuggest.errors import RedactionError
from codesuggest.redact.tagger import LEARNT, SCORES


class LocalNlpEngine(SpacyNlpEngine):
    """Presidio's spaCy engine around a pipeline in a folder.

    Raises RedactionError if the folder holds none: without it people are not found, so nothing may be redacted at all.
    """

    def __init__(self, folder: Path) -> None:
        mapping = NerModelConfiguration(
            model_to_presidio_entity_mapping={type: type for type in LEARNT}, labels_to_ignore=[]
        )
        super().__init__([{"lang_code": "en", "model_name": str(folder)}], mapping)
        if not (folder / "meta.json").is_file():
            raise RedactionError(f"{folder}: the redactor's language model is missing. Nothing is redacted without it.")
        self.identity = _identity(folder)
        self._pipeline = spacy.load(folder)
        self.nlp = {"en": self._pipeline}  # type: ignore[assignment]  # Presidio declares it None

    def load(self) -> None:
        """Nothing to do: the pipeline was given, and no other may be fetched in its place."""

    def process_texts(self, texts: Sequence[str]) -> Iterator[NlpArtifacts]:
        """What is found in each text; Presidio's `process_batch` puts each text together anew, which takes time."""
        return (self._doc_to_nlp_artifact(doc, "en") for doc in self._pipeline.pipe(texts, batch_size=len(texts)))

    def _doc_to_nlp_artifact(self, doc: Doc, language: str) -> NlpArtifacts:
        """What was found, without the lemmas that Presidio's context words need: our patterns hold their context."""
        return NlpArtifacts(list(doc.ents), doc, [], [], self, language, scores=doc.user_data[SCORES])


class ContextInPatterns(ContextAwareEnhancer):
    """Leaves scores as they are: a pattern that needs context to be believed says so itself."""

    def __init__(self) -> None:
        super().__init__(0, 0, 0, 0)

    def enhance_using_context(
        self,
        text: str,
        raw_results: list[RecognizerResult],
        nlp_artifacts: NlpArtifacts,
        recognizers: list[EntityRecognizer],
        context: list[str] | None = None,
    ) -> list[RecognizerResult]:
        """See ContextAwareEnhancer."""
        del text, nlp_artifacts, recognizers, context
        return raw_results


def _identity(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]
