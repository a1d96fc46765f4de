"""What personal data looks like in UK imaging narratives, as Presidio recognisers.

A pattern may name a group `value`: that part is personal data, and what stands before it is the context that says so.
Letter case matters unless a pattern says otherwise. Numbers that name things (serial, asset, lot) are left alone.
"""

from collections.abc import Callable, Iterable

import regex
from presidio_analyzer import EntityRecognizer, Pattern, PatternRecognizer, RecognizerResult
from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer,
    IbanRecognizer,
    IpRecognizer,
    UkNinoRecognizer,
)

_TIMEOUT_S = 2.0
_LABEL_END = r"(?:\s*(?:no|nos|num|number|numbers|id|ref|reference|\#)\b\.?|\s*\#)?\s*(?:is|was|of)?\s*[:=\-–(]?\s*"
_OF_A_THING = regex.compile(
    r"(?i)\b(?:serial|asset|lot|batch|part|model|software|version|order|vial|kit|generator|catalogue|job|call|engineer(?:'s)?)"
    r"(?:\s*(?:no|num|number|ref|id|\#)\.?)?\s*[:=\-(]?\s*$"
)


class UkRecognizer(PatternRecognizer):
    """Patterns of one type of personal data, with an optional check of each value found.

    validate  called with the value; True gives full score, False drops it, None leaves the pattern's own score.
    """

    def __init__(
        self,
        type: str,
        patterns: Iterable[tuple[str, float]],
        validate: Callable[[str], bool | None] | None = None,
    ) -> None:
        compiled = [Pattern(f"{type} {i}", expression, score) for i, (expression, score) in enumerate(patterns)]
        super().__init__(supported_entity=type, patterns=compiled, name=f"{type} recogniser")
        self._compiled = [(regex.compile(p.regex), p.score) for p in compiled]
        self._validate = validate or (lambda _: None)

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
        if not is_labelled and _OF_A_THING.search(text[max(0, start - 40) : start]):
            return None
        verdict = self._validate(text[start:end])
        if verdict is False:
            return None
        return RecognizerResult(self.supported_entities[0], start, end, 1.0 if verdict else score)


def nhs_check_digit(number: str) -> bool:
    """Whether ten digits satisfy the NHS number's check: weights 10 to 2, remainder of 11.

    Source: NHS Data Dictionary, NHS NUMBER.
    """
    digits = [int(character) for character in number if character.isdigit()]
    if len(digits) != 10:
        return False
    check = 11 - sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return (0 if check == 11 else check) == digits[9]


def chi_date(number: str) -> bool:
    """Whether a CHI number starts with a possible date of birth (ddmmyy). Source: Public Health Scotland."""
    digits = [character for character in number if character.isdigit()]
    day, month = int("".join(digits[:2])), int("".join(digits[2:4]))
    return 1 <= day <= 31 and 1 <= month <= 12


_TEN = r"\d{3}[ \-.]?\d{3}[ \-.]?\d{4}"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]*"
_DATE = (
    rf"(?:\d{{1,2}}[ /.\-]\d{{1,2}}[ /.\-](?:\d{{4}}|\d{{2}})|\d{{4}}-\d{{1,2}}-\d{{1,2}}|\d{{6}}(?!\d)|\d{{8}}(?!\d)"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?(?: of)?[ \-.]?{_MONTH}[ \-.,]*(?:\d{{4}}|'?\d{{2}})"
    rf"|{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}})"
)
_OLD_YEAR = r"(?:19\d\d|200\d|201[0-4])"
_CODE = r"(?=[A-Za-z0-9\-/]*\d{3})[A-Za-z0-9]+(?:[\-/][A-Za-z0-9]+)*"
TITLES = r"Mr|Mrs|Ms|Miss|Mx|Master|Dr|Drs|Doctor|Prof|Professor|Sister|Sr|Matron|Nurse|Rev|Revd|Reverend|Sir|Dame|Lady|Lord|Imam|Rabbi"
_NAME = r"(?:(?:[A-Z]\.? ){0,3}(?:(?:de|van|von|der|den|bin|ibn|al|el|ap|da|dos|la|le|Mc|Mac|O')[ \-']?){0,2}\p{Lu}[\p{L}'’\-]+)"


def recognisers() -> list[EntityRecognizer]:
    """Every pattern recogniser, Presidio's own where they fit UK text as they are."""
    own = [*_numbers(), *_contacts(), *_people(), *_registrations()]
    return [*own, UkNinoRecognizer(), IpRecognizer(), IbanRecognizer(), CreditCardRecognizer()]


def _numbers() -> list[EntityRecognizer]:
    """Numbers that hospitals and health services give to patients and examinations."""
    return [
        UkRecognizer(
            "UK_NHS",
            [
                (rf"(?i)\bNHS{_LABEL_END}(?P<value>\d[\d \-.]{{7,12}}\d)(?!\d)", 0.9),
                (rf"(?<![\d\-/.])(?P<bare>{_TEN})(?![\d/]|\.\d)", 0.1),
            ],
            lambda value: True if nhs_check_digit(value) else None,
        ),
        UkRecognizer("UK_CHI", [(rf"(?i)\bCHI{_LABEL_END}(?P<value>\d{{6}}[ \-]?\d{{4}})(?!\d)", 0.9)], chi_date),
        UkRecognizer(
            "UK_HC_NUMBER",
            [
                (
                    rf"(?i)\b(?:H ?& ?C|HCN|health (?:and|&) (?:social )?care){_LABEL_END}(?P<value>{_TEN})(?!\d)",
                    1.0,
                )
            ],
        ),
        UkRecognizer(
            "HOSPITAL_NUMBER",
            [
                (
                    r"(?i)\b(?:hosp(?:ital)?|MRN|unit|x-?ray|RIS|CRIS|PAS|EPR|patient|pt|pid|case ?note|district|study|CHI|K)"
                    rf"\.?(?:\s*(?:no|num|number|id|ref|\#)\b\.?|(?<=MRN|PID|pid|mrn)|\s*\#)\s*(?:is|was|of)?\s*[:=\-–(]?\s*(?P<value>{_CODE})",
                    0.85,
                ),
                (r"\b[A-Z]{1,3}-?\d{6,8}\b", 0.5),
            ],
        ),
        UkRecognizer(
            "ACCESSION_NUMBER",
            [
                (
                    rf"(?i)\b(?:accession|acc|exam|examination|event|request|attendance){_LABEL_END}(?P<value>{_CODE})",
                    0.85,
                ),
                (r"\b[A-Z]{2,5}\d{8,14}\b", 0.6),
            ],
        ),
    ]


def _contacts() -> list[EntityRecognizer]:
    """Ways to reach a person."""
    return [
        UkRecognizer(
            "UK_POSTCODE",
            [
                (
                    r"\b(?:GIR 0AA|ZZ99 ?\d[A-Z]{2}|[A-PR-UWYZ](?:[A-HK-Y]?\d[A-Z\d]?|\d[A-HJKPSTUW]) ?\d[ABD-HJLNP-UW-Z]{2})\b",
                    0.9,
                ),
                (r"(?i)\b[A-PR-UWYZ][A-HK-Y]?\d[A-Z\d]? \d[ABD-HJLNP-UW-Z]{2}\b", 0.6),
            ],
        ),
        UkRecognizer(
            "PHONE_NUMBER",
            [
                (r"(?<![\d\w])(?:\+44|0044)[ \-.]?(?:\(0\))?[ \-.]?\d(?:[ \-.]?\d){8,9}(?!\d)", 0.95),
                (r"(?<![\d\w.])\(?0[1-378]\d{1,4}\)?(?:[ \-.]?\d){5,8}(?!\d)", 0.85),
                (
                    r"(?i)\b(?:tel(?:ephone)?|phone|mob(?:ile)?|call(?:ed)?(?: on)?|rang|ring)\b[ .:\-]*(?:no|number|on)?[ .:]*"
                    r"(?P<value>\+?\(?\d(?:[ \-.()]*\d){5,13})(?!\d)",
                    0.8,
                ),
                (r"(?i)\b(?:ext|extn|extension|x)\.?\s*(?:no|number)?[ .:#]*(?P<value>\d{3,6})\b", 0.8),
            ],
            lambda value: None if sum(character.isdigit() for character in value) < 16 else False,
        ),
        UkRecognizer(
            "BLEEP",
            [
                (
                    r"(?i)\b(?:bleep|blp|pager|pgr|aircall)(?:ed|er)?\.?(?:\s*(?:no|num|number|on))?[ .:#\-]*(?P<value>\d{3,6})\b",
                    0.85,
                )
            ],
        ),
        UkRecognizer(
            "EMAIL_ADDRESS", [(r"[\w.+'\-]+ ?@ ?[\w\-]+(?:\.[\w\-]+)+", 1.0), (r"(?<!\S)[\w.+'\-]+@\w+", 0.7)]
        ),
        UkRecognizer("URL", [(r"(?i)\b(?:https?://|www\.)[^\s<>\"]+[^\s<>\".,;:)]", 0.95)]),
    ]


def _people() -> list[EntityRecognizer]:
    """People themselves, and what only one person has."""
    return [
        UkRecognizer(
            "PERSON",
            [
                (
                    rf"(?<![\p{{L}}\-])(?:{TITLES}|{TITLES.upper()}|{TITLES.lower()})\.? (?P<value>{_NAME}(?:[ \-]{_NAME}){{0,2}})",
                    0.85,
                )
            ],
        ),
        UkRecognizer(
            "DATE_OF_BIRTH",
            [
                (
                    rf"(?i)\b(?:d\.?\s?o\.?\s?b\.?|date of birth|birth ?date|born(?: on)?){_LABEL_END}(?P<value>{_DATE})",
                    0.95,
                ),
                (rf"(?i)(?<![\d/.\-])(?P<value>{_DATE})\s*(?:\(?d\.?o\.?b|date of birth)", 0.9),
                (rf"(?<![\d/.\-])\d{{1,2}}[/.\-]\d{{1,2}}[/.\-]{_OLD_YEAR}(?![\d/])", 0.6),
                (
                    rf"(?i)(?<![\d/.\-])\d{{1,2}}(?:st|nd|rd|th)?(?: of)?[ \-]{_MONTH}[ ,\-]+{_OLD_YEAR}(?!\d)",
                    0.6,
                ),
            ],
        ),
        UkRecognizer(
            "AGE",
            [
                (
                    r"(?i)(?<![\d.])(?P<value>(?:9\d|1[01]\d))\s*(?:-|\s)?(?:yo\b|y/o|yrs?\b|years?\b(?:[ \-]old)?|year[ \-]old)",
                    0.9,
                ),
                (
                    r"(?i)\b(?:aged?|age of)\s*:?\s*(?P<value>(?:9\d|1[01]\d))\b(?!\s*(?:%|kg|cm|mm|days|months|weeks))",
                    0.9,
                ),
            ],
            lambda value: None if int(value) > 89 else False,
        ),
    ]


def _registrations() -> list[EntityRecognizer]:
    """What registers, employers and licensing offices give to people."""
    return [
        UkRecognizer(
            "PROFESSIONAL_ID",
            [
                (
                    r"(?i)\b(?:GMC|NMC|HCPC|GDC|GPhC|RCR|SoR|PIN|registration|reg)(?:\s*(?:PIN|registration|reg|no|num|number|ref|id|\#)\b\.?)*"
                    r"\s*(?:is|was)?\s*[:=\-–(]?\s*(?P<value>(?=[A-Z0-9 ]*\d{4})(?:[A-Z]{2} ?)?\d[\dA-Z]{4,8})\b",
                    0.9,
                ),
                (r"\b(?:RA|DT|PA|PH|CS|OR|ODP)\d{5,6}\b", 0.6),
                (r"\b\d{2}[A-L]\d{4}[A-Z]\b", 0.85),
            ],
        ),
        UkRecognizer(
            "USER_NAME",
            [
                (
                    r"(?i)\b(?:user ?name|user ?id|log[ \-]?in|logged (?:in|on) (?:as|under)|log[ \-]?on|smart ?card(?: id)?|user)"
                    r"\s*(?:id|name|was|is|as)?\s*[:=\-–(\"']*\s*(?P<value>(?=[\w.\-]*[\d._])[a-z][\w.\-]{2,}\w)",
                    0.8,
                )
            ],
        ),
        UkRecognizer(
            "UK_VEHICLE_REGISTRATION",
            [(r"\b[A-HJ-PR-Y][A-HJ-PR-Y](?:0[1-9]|[1-7]\d) ?[A-HJ-PR-Z]{3}\b", 0.7)],
        ),
    ]
