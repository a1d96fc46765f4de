"""What personal data looks like in UK imaging narratives, as Presidio recognisers.

A pattern may name a group `value`: that part is personal data, and what stands before it is the context that says so.
Letter case matters unless a pattern says otherwise. Numbers that name things (serial, asset, lot) are left alone.
"""

from collections.abc import Sequence

import regex
from presidio_analyzer import EntityRecognizer
from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer,
    IbanRecognizer,
    IpRecognizer,
    UkNinoRecognizer,
)

from codesuggest.redact.names import name_recognisers
from codesuggest.redact.patterns import UkRecognizer


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


_NUMBER = r"(?:nos?|num|number|numbers|id|ids|ref|reference|card|code|\#)"
_LABEL_END = rf"(?:\s*{_NUMBER}\b\.?|\s*\#)*\s*(?:is|was|of|as|recorded as|given as)?\s*[:=\-–(\[\"']*\s*"
_TEN = r"\d{3}[ \-.]{0,2}\d{3}[ \-.]{0,2}\d{4}"
_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
_DATE = (
    rf"(?:\d{{1,2}}[ ]?[/.\-][ ]?\d{{1,2}}[ ]?[/.\-][ ]?(?:\d{{4}}|\d{{2}})(?!\d)|\d{{1,2}} \d{{1,2}} (?:\d{{4}}|\d{{2}})(?!\d)|\d{{4}}-\d{{1,2}}-\d{{1,2}}"
    rf"|\d{{8}}(?!\d)|\d{{6}}(?!\d)|\d{{1,2}}(?:st|nd|rd|th)?(?: of)?[ \-.]?{_MONTH}[ \-.,]*(?:\d{{4}}|'?\d{{2}})(?!\d)"
    rf"|{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}})"
)
_OLD_YEAR = r"(?:19\d\d|200\d|201[0-4])"
_CODE = r"(?=[A-Za-z0-9\-/]*\d{3})[A-Za-z0-9]+(?:[\-/][A-Za-z0-9]+)*"
_STREET = (
    r"(?:Road|Rd|Street|St|Avenue|Ave|Lane|Ln|Close|Drive|Dr|Crescent|Cres|Court|Ct|Place|Pl|Terrace|Gardens|Gdns|Grove|Way|Walk|Hill|Park"
    r"|Square|Sq|Mews|Rise|View|Row|Green|Parade|Wynd|Vennel|Brae|Boulevard|Blvd|Parkway|Circle)"
)


def recognisers() -> list[EntityRecognizer]:
    """Every pattern recogniser, Presidio's own where they fit UK text as they are."""
    numbers = [*_numbers(), *_other_numbers(), *_phones(), *_contacts()]
    own = [*numbers, *_places(), *name_recognisers(), *_births(), *_ages(), *_registrations()]
    return [*own, UkNinoRecognizer(), IpRecognizer(), IbanRecognizer(), CreditCardRecognizer()]


def deny_recogniser(terms: Sequence[str]) -> list[EntityRecognizer]:
    """A department's own list of terms that are always redacted, if it has one."""
    if not terms:
        return []
    either = "|".join(regex.escape(term) for term in terms)
    return [UkRecognizer("DENIED", [(rf"(?i)(?<!\w)(?:{either})(?!\w)", 1.0)])]


def date_recogniser() -> EntityRecognizer:
    """Full dates of any kind, for a policy that keeps only their year."""
    return UkRecognizer("DATE", [(rf"(?i)(?<![\d/.\-]){_DATE}", 0.8)], lambda value: None if len(value) > 6 else False)


def _numbers() -> list[EntityRecognizer]:
    """Numbers that hospitals and health services give to patients and examinations."""
    return [
        UkRecognizer(
            "UK_NHS",
            [
                (rf"(?i)\bNHS{_LABEL_END}(?P<value>\d[\d \-.]{{7,14}}\d)(?!\d)", 0.9),
                (rf"(?i)\b(?P<value>{_TEN})\s*\(?NHS\b", 0.9),
                (rf"(?<![\d\-/.]){_TEN}(?![\d/]|\.\d)", 0.1),
                (r"(?<![\d\-/.])\d{3} \d{3} \d{4}(?![\d/]|\.\d)", 0.6),
            ],
            lambda value: True if nhs_check_digit(value) else None,
        ),
        UkRecognizer("UK_CHI", [(rf"(?i)\bCHI{_LABEL_END}(?P<value>\d{{6}}[ \-]?\d{{4}})(?!\d)", 0.9)], chi_date),
        UkRecognizer(
            "UK_HC_NUMBER",
            [
                (
                    rf"(?i)\b(?:H ?(?:&|and|\+) ?C|HCN|HSC|health (?:and|&) (?:social )?care){_LABEL_END}(?P<value>{_TEN})(?!\d)",
                    1.0,
                )
            ],
        ),
        UkRecognizer(
            "HOSPITAL_NUMBER",
            [
                (
                    rf"(?i)\b(?:hosp(?:ital)?|MRN|HN|unit|x-?ray|RIS|CRIS|PAS|EPR|patient|pt|pts|pid|case(?: ?note)?|district|study|medical record|record|identifier|folder|K)"
                    rf"\.?(?:\s*{_NUMBER}\b\.?|\s*\#|(?<=MRN|mrn|PID|pid|HN|identifier))+\s*(?:is|was|of)?\s*[:=\-–(\[]*\s*(?P<value>(?:(?-i:[A-Z]{{1,3}}) (?=\d{{4}}))?{_CODE})",
                    0.85,
                ),
                (r"\b[A-Z]{1,3} (?:no|num|number|\#)\.?:? (?P<value>[A-Z]{1,3} ?\d{5,8})\b", 0.7),
                (r"\b[A-Z]{1,3}[\-/]?\d{6,8}\b", 0.5),
            ],
        ),
    ]


def _other_numbers() -> list[EntityRecognizer]:
    """Numbers of examinations, of documents, and whatever else is as long as an identifier."""
    return [
        UkRecognizer(
            "ACCESSION_NUMBER",
            [
                (
                    rf"(?i)\b(?:accession|acc(?:n|'n)?|examination|exam|event|request|attendance|order)(?:\s*{_NUMBER}\b\.?|\s*\#)+\s*(?:is|was)?\s*[:=\-–(]?\s*(?P<value>{_CODE})",
                    0.85,
                ),
                (rf"(?i)\baccessions?\b\s*[:=\-–(]?\s*(?P<value>{_CODE})", 0.85),
                (r"\b[A-Z]{2,5}\d{7,14}(?:-\d{1,2})?\b", 0.6),
            ],
        ),
        UkRecognizer(
            "IDENTIFIER",
            [
                (r"(?<![\w.\-/:£$])(?:\d[ ]?){9,}(?!\w|\.\d)", 0.45),
                (
                    r"(?<![\w.\-/:£$,])\d{6,8}(?![\w%/]|:\d|[.,]\d| ?(?:m?[GS]y|[kMG]Bq|k?g|m[lLmgs]|cGy|cps|counts|pixels|images|pounds|Hz)\b)",
                    0.45,
                ),
                (
                    r"(?i)\b(?:passport|licen[cs]e|policy|claim|account|badge|payroll|employee|staff|assignment|SSN)\s*(?:no|num|number|id|\#)?\.?\s*(?:is|was)?\s*[:=\-]?\s*"
                    r"(?P<value>(?=[A-Z0-9\-]*\d{3})[A-Z0-9\-]{5,18})\b",
                    0.7,
                ),
                (r"(?<![\w\-])\d{3}-\d{2}-\d{4}(?![\w\-])", 0.5),
                (
                    r"(?<![\w/\-])(?!SN-)(?=[A-Z0-9\-]*[A-Z])(?=(?:[A-Z\-]*\d){5})[A-Z0-9]+(?:-[A-Z0-9]+)+(?![\w/\-])",
                    0.45,
                ),
            ],
        ),
    ]


_DIALLED = [
    (r"(?<![\d\w])(?:\+|00)\d{1,3}[ \-.]?(?:\(0\))?[ \-.]?\(?\d(?:[ \-.()]{0,2}\d){6,11}(?!\d)(?:x\d{1,5})?", 0.95),
    (r"(?<![\d\w.])(?!\d{4}-\d{4}(?!\d))\(?0[1-378]\d{1,4}\)?(?:[ \-.]?\d){5,8}(?!\d)", 0.85),
    (r"(?<![\w.\-])\(?\d{3}\)?[ \-.]\d{3}[\-. ]\d{4}(?!\d)(?:x\d{1,5})?", 0.6),
    (r"\(\d{2,4}\) ?\d{3,4}[\-. ]\d{3,4}(?!\d)(?:x\d{1,5})?|0(?<![\w.\-/]0)\d(?:[.\- ]\d{2}){4}(?!\d)", 0.6),
    (r"\d(?<![\w.\-]\d)\d{2}-\d{4}(?!\d)|\d(?<![\w.\-/]\d)\d[\- ]\d{2}[\- ]\d{2}[\- ]\d{2}(?![\d/])", 0.5),
]
"""Numbers that are known by their form, and how sure that is."""

_ANNOUNCED = [
    (
        r"(?i)\b(?:tel(?:ephone)?|phone|mob(?:ile)?|fax|cell|call(?:ed)?|rang|ring|contact(?:ed)?)\b[\s.:\-]*(?:no|number|on|at|(?:him|her|them|me|us) (?:on|at))?[\s.:]*"
        r"(?P<value>\+?\(?\d(?:[ \-.()]*\d){6,13})(?!\d)",
        0.8,
    ),
    (
        r"(?i)\b(?:ext|extn|exts|extensions?|dect|vocera|(?<!(?<!\d ?)(?<!\d)\d{1,4} ?|(?:fault|error|code|interlock|job|missed) )(?-i:x))\.?\s*(?:no|num|number)?(?: (?:is|was|now))?[ .,:#\-]*(?P<value>\d{3,6})\b",
        0.8,
    ),
    (
        r"(?i)(?P<value>\d{4,6})\b(?!:\d|[%/]|\.\d| ?(?:times|min|mg|ml|mm|cm|kg))"
        r"(?<=\b(?:rang|ring(?:ing)?|dial(?:led|ling)?|contact|tel|phone|number|through to)(?: is| on)?[ .:]{1,3}\d{4,6})",
        0.6,
    ),
    (
        r"(?i)\b(?:I['’]?m|she['’]?s|he['’]?s|they['’]?re|am|are|is|Mrs? \p{L}+|Dr \p{L}+|named doctor),? on (?P<value>\d{3,5})\b(?![:%/]|\.\d| ?(?:mg|ml|mm|cm|kg|L\b|l\b|litres|units))",
        0.6,
    ),
    (
        r"(?i)\b(?:rang|ring|call(?:ed|ing)?|phoned?|contact(?:ed|able)?|reach(?:ed)?|tried|speak|spoke|answer(?:ed)?|through to|voicemail)\b[^.\n\d¤]{0,30}\bon (?P<value>\d{4,5})\b(?!:)",
        0.6,
    ),
    (
        r"(?i)\b(?:call(?:ed|ing)?|try(?:ing)?|tried|moved to|changed to|transferred to|diverted to|use) (?P<value>\d{5})\b(?![:%/,]\d|\.\d| [\p{L}]+s\b| ?(?:m?[GS]y|[kM]Bq|m[gl])\b)",
        0.6,
    ),
    (
        r"(?i)\b(?:extension|phone|line|desk|secretary|number)\b[^.\n\d]{0,20}\b(?:is|was|says|now)(?: now)? (?P<value>(?!(?:19|20)\d\d\b)\d{4,5})\b(?![:%/,]\d|\.\d| [\p{L}]+s\b)",
        0.6,
    ),
    (
        r"(?P<value>\d(?<!\d\d)\d{3,4})(?=,? \(?(?:engaged|rang out|no answer|no reply|fax|voicemail|answer ?phone|dead line|unobtainable|secretary)\b)",
        0.6,
    ),
    (r"(?<=\p{L} \()(?P<value>\d{5})(?=\))", 0.6),
    (
        r"(?i)(?<![\d.:/])\d{4,5}(?![\d:/%]|\.\d)(?<=\b(?:contacts|extensions|numbers|phone list|contact numbers)(?: are)?:(?: ?[\p{L}&/]{1,14}){1,3} (?:\d{4,5},(?: ?[\p{L}&/]{1,14}){1,3} ){0,8}\d{4,5})",
        0.6,
    ),
]
"""Short numbers that are known by the words around them."""


def _phones() -> list[EntityRecognizer]:
    """Telephone numbers and extensions."""
    return [
        UkRecognizer(
            "PHONE_NUMBER",
            [*_DIALLED, *_ANNOUNCED],
            lambda value: None if sum(character.isdigit() for character in value) < 16 else False,
        ),
    ]


def _contacts() -> list[EntityRecognizer]:
    """Other ways to reach a person."""
    return [
        UkRecognizer(
            "BLEEP",
            [
                (
                    r"(?i)\b(?:bleep|blp|bleeper|pager|pgr|aircall|page)(?:ed|s|er)?\b(?:[^.\n\d¤]|no\.|num\.){0,28}?(?<! at )(?P<value>\#?(?<!\d)\d{3,6})\b(?!\s*(?:(?:times|mins?|hrs?|am|pm)\b|%)|:)",
                    0.85,
                ),
                (
                    r"(?i)\b(?:bleep|blp|bleeper|pager)(?:ed|s)?\b[^.\n]{0,40}?\d{3,6}[^.\n\d]{0,40}?(?:\bthen |\()(?P<value>\d{3,6})\b(?!:|%)",
                    0.7,
                ),
                (
                    r"(?i)\b(?:carr(?:y|ies|ied|ying)|holds|holding|baton is|put out|switch(?:board)? (?:gave|gives|said|says)(?: me| us| them)?) (?P<value>\d{3,4})(?=[,.;)](?!\d)| (?:till|until|for|by|at|and|or|on|as|after|all|today|tonight|twice|this|too)\b|$)",
                    0.6,
                ),
                (r"\b[Oo]n (?P<value>\d{3,4}) (?:is|was) (?=the\b|an?\b|\p{Lu})", 0.5),
                (
                    r"(?i)(?P<value>\d{3,4})(?=, ?(?:[\p{L}\d/]+ ){1,3}\d{3,4}\b)(?<=\b(?:reg|registrar|SHO|F1|F2|FY1|FY2|SpR|StR|fellow|coordinator|site|outreach) \d{3,4})",
                    0.6,
                ),
                (
                    r"(?i)(?<![\d.:/])\d{3,4}(?![\d:/%]|\.\d)(?<=\b(?:reg|registrar|SHO|F1|F2|FY1|FY2|SpR|StR|fellow|coordinator|site|outreach) \d{3,4}(?:, ?(?:[\p{L}]+ ){1,3}\d{3,4}){1,6})",
                    0.6,
                ),
                (
                    r"(?i)\b(?:bleep|blp|bleeper|pager|page)(?:ed|s)?\b[^.\n]{0,40}?\d{3,6}\s*(?:,|and|or|/|then|&|and then)\s*(?:page |bleep |on )?(?P<value>\d{3,6})\b(?!:)",
                    0.8,
                ),
                (r"(?<!\w)#\d{3,5}\b", 0.5),
                (
                    r"(?i)[(:]\s*(?P<value>\d{4})\)?(?![\d:])"
                    r"(?<=\b(?:rang|reg|registrar|SHO|F1|F2|on[ \-]call|contact|nurse|doctor|coordinator|sister|matron|team|desk|switch)\s*[(:]\s*\d{4}\)?)",
                    0.6,
                ),
                (r"(?i)\bcontact (?P<value>\d{4,5})\b(?![:.]\d)", 0.6),
                (r"(?i)\bbp\.?:? ?(?P<value>\d{4})\b(?!/\d| ?[%:]|\.\d)", 0.6),
            ],
        ),
        UkRecognizer(
            "EMAIL_ADDRESS", [(r"[\w.+'\-]+ ?@ ?[\w\-]+(?:\.[\w\-]+)+", 1.0), (r"(?<!\S)[\w.+'\-]+@\w+", 0.7)]
        ),
        UkRecognizer("URL", [(r"(?i)\b(?:https?://|www\.)[^\s<>\"]+[^\s<>\".,;:)]", 0.95)]),
    ]


def _places() -> list[EntityRecognizer]:
    """Where people live, as far as it has a shape."""
    return [
        UkRecognizer(
            "UK_POSTCODE",
            [
                (
                    r"\b(?:GIR 0AA|ZZ99 ?\d[A-Z]{2}|[A-PR-UWYZ](?:[A-HK-Y]?\d[A-Z\d]?|\d[A-HJKPSTUW]) ?\d[ABD-HJLNP-UW-Z]{2})\b",
                    0.9,
                ),
                (
                    r"(?i) \d[ABD-HJLNP-UW-Z]{2}\b(?<=\b(?P<value>[A-PR-UWYZ][A-HK-Y]?\d[A-Z\d]? \d[A-Z]{2}))",
                    0.6,
                ),
                (r"(?i)\bpost ?code\s*(?:is|was)?\s*[:=\-]?\s*(?P<value>[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})\b", 0.95),
                (
                    r"(?i)\b(?:post(?:al)? ?code|zip(?: ?code|(?=:)))\s*(?:is|was)?\s*[:=\-]?\s*(?P<value>(?=[A-Z]?\d)[A-Z\d]{3,6}(?:[ \-][A-Z\d]{2,4})?)\b",
                    0.7,
                ),
            ],
        ),
        UkRecognizer(
            "ADDRESS",
            [
                (
                    rf"(?:\b(?:Flat|Apt|Apartment|Unit|Suite)\.? \d+[A-Za-z]?,? )?(?<![\d.])\b\d{{1,5}}[A-Za-z]?,? (?:(?:\p{{Lu}}[\p{{L}}'’.\-]+|The|Y) ){{1,4}}{_STREET}\b\.?",
                    0.7,
                )
            ],
        ),
    ]


def _births() -> list[EntityRecognizer]:
    """Dates of birth, and dates so old that they can be nothing else."""
    return [
        UkRecognizer(
            "DATE_OF_BIRTH",
            [
                (r"(?<![\d/.\-])\d{1,2}/\d{1,2}/[3-9]\d(?![\d/])", 0.5),
                (
                    rf"(?i)\b(?:d\.?\s?o\.?\s?b\b\.?|dates? of birth|birth ?date|birthday|born(?: on)?|b\.){_LABEL_END}(?P<value>{_DATE})",
                    0.95,
                ),
                (
                    rf"(?i)(?:d\.?o\.?b|date of birth)\b(?<=(?<![\d/.\-])(?P<value>{_DATE})\s*\(?(?:d\.?o\.?b|date of birth))",
                    0.9,
                ),
                (
                    rf"(?<![\d/.\-])\d{{1,2}}[/.\-]\d{{1,2}}[/.\-]{_OLD_YEAR}(?![\d/])|(?<![\d/.\-]){_OLD_YEAR}-\d{{2}}-\d{{2}}(?![\d/])",
                    0.6,
                ),
                (
                    rf"(?i){_OLD_YEAR}(?!\d)(?<=(?P<value>(?<![\d/.\-])\d{{1,2}}(?:st|nd|rd|th)?(?: of)?[ \-]{_MONTH}[ ,\-]+\d{{4}}"
                    rf"|\b{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}))",
                    0.6,
                ),
            ],
        ),
    ]


def _ages() -> list[EntityRecognizer]:
    """Ages over 89, which few people have."""
    return [
        UkRecognizer(
            "AGE",
            [
                (
                    r"(?i)(?<![\d.])(?<!\bTc[ \-]?)(?P<value>(?:9\d|1[01]\d))\s*(?:-|\s)?(?:yo\b|y/o|y\.o\.|yrs?\b|years?\b(?:[ \-](?:old|of age|young))?|(?-i:[fFM])\b)",
                    0.9,
                ),
                (
                    r"(?i)(?P<value>9\d|1[01]\d)\b(?!\s*(?:%|kg|cm|mm|days|months|weeks|min|ml|m\b|s\b|degrees|bpm|beats|sats|per)|\.\d)"
                    r"(?<=\b(?:aged?|age of|turn(?:ing|ed|s)|nearly|almost|(?:s?he|who|it|patient|pt|lady|gentleman|mother|father|mum|dad|gran|nan|grand(?:ma|dad|mother|father)|resident|husband|wife)"
                    r"(?:['’]s| is| was|,)?(?: now| already| only)?)\s*:?\s*\(?\d{2,3})",
                    0.8,
                ),
                (
                    r"(?i)(?P<value>9\d|10\d)(?=[,.;)]| and\b| in\b| with\b|$)(?!\.\d)"
                    r"(?<=\b(?:I['’]m|I am|I was|am|herself|himself|now|both|they['’]re|elder, at|aunt|uncle|friend|neighbour) \d{2,3})",
                    0.7,
                ),
                (r"(?i)\b(?:aged? )?9\d and (?P<value>(?:9\d|10\d))(?=[,.;)])(?!\.\d)", 0.6),
                (r"(?<=\p{L} ?\()(?P<value>(?:9\d|10\d))(?=\)|,)", 0.6),
                (r"(?<=\p{Lu}\p{L}{2,20}, )(?P<value>(?:9\d|10\d))(?=,| and\b|\.)", 0.6),
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
                    r"(?i)\b(?:GMC|NMC|HCPC|GDC|GPhC|RCR|SoR|PIN|registration|reg)(?:\s*(?:PIN|registration|registered|reg|no|num|number|ref|id|\#)\b\.?)*"
                    r"\s*(?:is|was)?\s*[:=\-–(]*\s*(?P<value>(?=[A-Z0-9 ]*\d{4})(?:[A-Z]{2} ?)?\d[\dA-Z]{4,8})\b",
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
                    r"(?i)\b(?:user ?names?|user ?id|user|log[ \-]?in|logged (?:in|on) (?:as|under|with)|log[ \-]?on|login name|account|smart ?card(?: id)?|signed in as|under)"
                    r"\s*(?:id|name|was|is|as|of)?\s*[:=\-–(\"'‘]*\s*(?P<value>(?=[\w.\-]*(?:\d|[._]\w))(?![\d.]+\b)[a-z][\w.\-]+\w)",
                    0.8,
                ),
                (r"\.[a-z](?![\w@]|\.\w)(?<=(?<![\w@.\-/])(?P<value>[a-z]{3,8}\.[a-z]))", 0.5),
                (r"\d{1,2}(?![\w@\-]|\.\w)(?<=(?<![\w@.\-/])(?P<value>[a-z]{5,9}\d{1,2}))", 0.5),
                (r"@(?<![\w.]@)[a-z][\w.]{3,}\w", 0.5),
            ],
        ),
        UkRecognizer(
            "UK_VEHICLE_REGISTRATION", [(r"\b[A-HJ-PR-Y][A-HJ-PR-Y](?:0[1-9]|[1-7]\d) ?[A-HJ-PR-Z]{3}\b", 0.9)]
        ),
    ]
