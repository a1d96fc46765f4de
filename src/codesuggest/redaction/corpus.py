"""Texts with slots to texts with marked personal data.

A slot is `{{TYPE}}`, `{{TYPE:form}}` or `{{TYPE:form#k}}`, where the same k is the same person or thing again.
`{{-kind}}` varies and is not personal. Both have `~lower`, `~upper` or `~typo` behind them where people would have
typed it so.
"""

import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codesuggest.errors import ReadError
from codesuggest.redaction.marked import Marked
from codesuggest.redaction.people import People, Person
from codesuggest.redaction.values import Values

_SLOT = re.compile(
    r"\{\{(?:-(?P<plain>[a-z]+)|(?P<type>[A-Z_]+)(?::(?P<form>[a-z_]+))?(?:#(?P<key>\w+))?)(?:~(?P<case>\w+))?\}\}"
)

_ENDINGS = ("s", "ed", "ing", "ly", "ness", "able", "itis", "gram", "er", "ation", "less", "ic", "al", "oma", "ful")
_WORD = re.compile(r"(?<![^\W_])[A-Za-z]{3,}(?![^\W_])")


class Filler:
    """Fills slots with made-up values, all from one side: for training, or never seen in training.

    names  the words, in lower case, that the lists of people and places are made of.
    """

    def __init__(self, lists: Path, seed: int, *, for_testing: bool) -> None:
        self._rng = random.Random(seed)  # noqa: S311  made-up data, not a secret
        self._people = People(lists, self._rng, for_testing=for_testing)
        self._values = Values(lists, self._rng, self._people)
        self.names = self._people.words() | self._values.words()

    def fill(self, template: str) -> Marked:
        """One text with every slot filled anew."""
        known: dict[str, Person | str] = {}
        text, spans, position = "", [], 0
        for slot in _SLOT.finditer(template):
            text += template[position : slot.start()]
            value = self._values.plain(slot["plain"]) if slot["plain"] else self._value(slot, known)
            value = self._cased(value, slot["case"])
            if not slot["plain"]:
                spans.append((len(text), len(text) + len(value), slot["type"]))
            text += value
            position = slot.end()
        return Marked(text + template[position:], tuple(spans))

    def reword(self, marked: Marked, words: Sequence[str]) -> Marked:
        """Some words outside the spans exchanged for any of `words`, given a capital or mistyped: words say little."""

        def other(match: re.Match[str]) -> str:
            chance = self._rng.random()
            if chance < 0.12:
                word = self._rng.choice(words)
                if self._rng.random() < 0.3:
                    word += self._rng.choice(_ENDINGS)
                return word.upper() if match[0].isupper() else word.title() if match[0][0].isupper() else word
            if chance < 0.15:
                return match[0].title()
            return self._cased(match[0], "typo") if chance < 0.17 else match[0]

        text, spans, position = "", [], 0
        for start, end, type in marked.spans:
            text += _WORD.sub(other, marked.text[position:start])
            spans.append((len(text), len(text) + end - start, type))
            text, position = text + marked.text[start:end], end
        return Marked(text + _WORD.sub(other, marked.text[position:]), tuple(spans))

    def vary(self, marked: Marked) -> Marked:
        """Now and then as somebody in a hurry types it: all in lower case, or all in capitals."""
        chance = self._rng.random()
        if chance < 0.12:
            return _same_length(marked, marked.text.lower())
        return _same_length(marked, marked.text.upper()) if chance < 0.2 else marked

    def _value(self, slot: re.Match[str], known: dict[str, Person | str]) -> str:
        form, key = slot["form"] or "", f"{slot['type']}{slot['key']}"
        made = known.get(key) if slot["key"] else None
        if made is None:
            made = self._people.person() if slot["type"] == "PERSON" else self._values.value(slot["type"], form)
            known[key] = made
        return made.form(form, self._rng) if isinstance(made, Person) else made

    def _cased(self, value: str, case: str | None) -> str:
        if case == "typo" and len(value) > 4:
            at = self._rng.randrange(1, len(value) - 2)
            return value[:at] + value[at + 1] + value[at] + value[at + 2 :]
        return {"lower": value.lower(), "upper": value.upper()}.get(case or "", value)


@dataclass(frozen=True, slots=True)
class Template:
    """A text with slots, and the literal terms in it that redaction must leave alone."""

    text: str
    terms: tuple[str, ...] = ()


def read_templates(files: Iterable[Path]) -> list[Template]:
    """The texts of JSON Lines files. Raises ReadError naming the file and line that is not one."""
    templates = []
    for file in files:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                row = json.loads(line)
                templates.append(Template(row["text"], tuple(row.get("terms", ()))))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise ReadError(f'{file}, line {number}: expected {{"text": ...}}.') from error
            if "{{" in _SLOT.sub("", templates[-1].text):
                raise ReadError(f"{file}, line {number}: holds a slot that is none; see the corpus's own description.")
    return templates


def gold_rows(templates: Sequence[Template], filler: Filler, *, times: int) -> Iterator[dict[str, Any]]:
    """Every text filled several times, as rows of gold: id, text, spans and the terms that must survive."""
    for turn in range(times):
        for number, template in enumerate(templates, start=1):
            marked = filler.fill(template.text)
            spans = [{"start": start, "end": end, "type": type} for start, end, type in marked.spans]
            yield {
                "id": f"T{number:04d}-{turn + 1}",
                "text": marked.text,
                "spans": spans,
                "terms": list(template.terms),
            }


def fill_all(templates: Sequence[Template], filler: Filler, *, times: int) -> Iterator[Marked]:
    """Every text filled several times, in rounds, so that neighbours differ."""
    for _ in range(times):
        for template in templates:
            yield filler.fill(template.text)


def _same_length(marked: Marked, text: str) -> Marked:
    """The text in another case, unless a letter grew on the way, as the German sharp s does."""
    return Marked(text, marked.spans) if len(text) == len(marked.text) else marked
