"""Patterns as a Presidio recogniser: a pattern may name a group `value`, and what stands around it is its context."""

from collections.abc import Callable, Iterable, Sequence

import regex
from presidio_analyzer import EntityRecognizer, Pattern, PatternRecognizer, RecognizerResult

_TIMEOUT_S = 2.0
_INDIRECT = frozenset({"PERSON", "ADDRESS", "AGE", "DATE", "DATE_OF_BIRTH"})
_OF_A_THING = regex.compile(
    r"(?i)\b(?:serial|asset|lot|batch|part|model|software|version|order|vial|kit|generator|catalogue|cat|job|ticket|engineer(?:'s)?|sn|s/n|tag|detector|probe|tube|dosemeter|phantom"
    r"|dosimeter|chassis|coil|battery|equip(?:ment)?|tracking|film badge|pump|box)"
    r"(?:\s*(?:no|num|number|ref|id|code|\#)\.?)?\s*(?:is|was)?\s*[:=\-(]?\s*$"
)


class UkRecognizer(PatternRecognizer):
    """Patterns of one type of personal data, with an optional check of each value found.

    validate  called with the value; True gives full score, False drops it, None leaves the pattern's own score.
    """

    def __init__(
        self, type: str, patterns: Iterable[tuple[str, float]], validate: Callable[[str], bool | None] | None = None
    ) -> None:
        compiled = [Pattern(f"{type} {i}", expression, score) for i, (expression, score) in enumerate(patterns)]
        super().__init__(supported_entity=type, patterns=compiled, name=f"{type} recogniser")
        self._compiled = [(regex.compile(p.regex), p.score) for p in compiled]
        self._validate = validate or (lambda _: None)

    def is_direct(self, off: Sequence[str]) -> bool:
        """Whether what it finds identifies somebody on its own, by a number or an address on a network."""
        return not {*self.supported_entities} & {*_INDIRECT, *off}

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: object = None, regex_flags: int | None = None
    ) -> list[RecognizerResult]:
        """Presidio's entry point. A pattern that runs out of time raises: redaction fails closed."""
        del entities, nlp_artifacts, regex_flags
        results: list[RecognizerResult] = []
        for expression, score in self._compiled:
            group = "value" if "value" in expression.groupindex else 0
            found = (
                self._result(text, match.span(group), score, is_labelled=group == "value")
                for match in expression.finditer(text, timeout=_TIMEOUT_S)
            )
            results.extend(result for result in found if result)
        return list(EntityRecognizer.remove_duplicates(results))

    def _result(self, text: str, span: tuple[int, int], score: float, *, is_labelled: bool) -> RecognizerResult | None:
        start, end = span
        if not is_labelled and is_of_a_thing(text, start):
            return None
        verdict = self._validate(text[start:end])
        if verdict is False:
            return None
        return RecognizerResult(self.supported_entities[0], start, end, 1.0 if verdict else score)


def is_of_a_thing(text: str, start: int) -> bool:
    """Whether the number that starts here is said to be a thing's: a serial, asset or lot number."""
    return bool(_OF_A_THING.search(text[max(0, start - 40) : start]))
