"""Who is who in one narrative: every mention of a name found once, and one number a person."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import regex

from codesuggest.domain import Span
from codesuggest.redact.terms import fold

ROLES = r"Dr|Drs|Doctor|Prof|Professor|Sister|Nurse|Matron|Radiographer|Consultant|Registrar"
_ROLE = regex.compile(rf"(?i)(?:{ROLES})\.?(?=\s)")
_TITLE = regex.compile(rf"(?i)(?:Mr|Mrs|Ms|Miss|Mx|Master|Sir|Dame|Lady|Lord|{ROLES})\.?$")
_TITLE_BEFORE = regex.compile(
    r"(?<!\w)((?:Mr|Mrs|Ms|Miss|Mx|Master|Sir|Dame|Lady|Lord|Dr|Doctor|Prof|Professor|Sister|Nurse|Matron)\.? )$"
)
_WORD = regex.compile(r"[\p{L}][\p{L}'’\-]*\.?")
_GREAT_AGE = regex.compile(r"[,(\[ ]{1,3}(9\d|10[0-9])(?![\d%:/\-]|\.\d| ?(?:kg|cm|mm|ml|mg|min|am|pm|%))")
_SURE = 0.6
"""From this score a finding's name is looked for in the rest of the text."""
_FEMALE = {"mrs", "ms", "miss", "dame", "lady", "sister"}
_MALE = {"mr", "master", "sir", "lord"}


def other_mentions(text: str, people: Iterable[Span], allowed: frozenset[str]) -> list[Span]:
    """Further places where a name found somewhere in the text stands on its own, spelt with a capital."""
    names = {
        word[0]
        for span in people
        if span.score >= _SURE
        for word in _WORD.finditer(text[span.start : span.end])
        if len(word[0]) > 2 and word[0][0].isupper() and not _TITLE.match(word[0]) and fold(word[0]) not in allowed
    }
    if not names:
        return []
    pattern = regex.compile(
        rf"(?<![\p{{L}}\p{{N}}])(?:{'|'.join(map(regex.escape, sorted(names)))})(?![\p{{L}}\p{{N}}])"
    )
    return [Span(match.start(), match.end(), "PERSON", 0.6) for match in pattern.finditer(text)]


def with_title(text: str, span: Span) -> Span:
    """A person's span with the title that stands right before it."""
    before = _TITLE_BEFORE.search(text, max(0, span.start - 14), span.start)
    return Span(before.start(1), span.end, span.type, span.score) if before and span.type == "PERSON" else span


def great_ages(text: str, people: Iterable[Span]) -> list[Span]:
    """Ages over 89 that stand right behind a name: `Mrs Abara, 93,`."""
    behind = (_GREAT_AGE.match(text, span.end) for span in people)
    return [Span(match.start(1), match.end(1), "AGE", 0.7) for match in behind if match]


def kept_role(value: str) -> str:
    """The professional title that a name starts with, which is no personal data and helps coding: `Dr ` or nothing."""
    match = _ROLE.match(value)
    return f"{match[0]} " if match else ""


@dataclass(slots=True)
class _Known:
    words: set[str]
    sex: str = ""
    number: int = 0


@dataclass(slots=True)
class People:
    """Numbers the people of one narrative in the order in which they appear."""

    _known: list[_Known] = field(default_factory=list)

    def number(self, value: str) -> int:
        """The number of the person that a name stands for: a new one, unless all words of one name are in the other."""
        words, sex = _parts(value)
        for person in self._known:
            if (
                words
                and (words <= person.words or person.words <= words)
                and not (sex and person.sex and sex != person.sex)
            ):
                person.words |= words
                person.sex = person.sex or sex
                return person.number
        self._known.append(_Known(words, sex, len(self._known) + 1))
        return self._known[-1].number


def _parts(value: str) -> tuple[set[str], str]:
    words = [word.rstrip(".").casefold() for word in _WORD.findall(value)]
    sex = next(("f" if word in _FEMALE else "m" for word in words if word in _FEMALE | _MALE), "")
    return {word for word in words if not _TITLE.match(word)}, sex
