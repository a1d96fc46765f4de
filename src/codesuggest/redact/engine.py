"""The spaCy pipeline that Presidio runs on: one that is here, never one to be downloaded."""

import spacy
from presidio_analyzer.nlp_engine import SpacyNlpEngine


class LocalNlpEngine(SpacyNlpEngine):
    """Presidio's spaCy engine around a pipeline that needs no download."""

    def __init__(self) -> None:
        super().__init__(models=[{"lang_code": "en", "model_name": "blank"}])
        self.identity = "blank-en"
        self.nlp = {"en": spacy.blank("en")}  # type: ignore[assignment]  # Presidio declares it None

    def load(self) -> None:
        """Nothing to do: the pipeline was given, and no other may be fetched in its place."""
