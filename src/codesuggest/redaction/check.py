"""How good the redactor is on gold: texts in which a person marked what is personal."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from codesuggest.domain import Narrative
from codesuggest.errors import ReadError
from codesuggest.metrics import wilson_low
from codesuggest.read.columns import Columns
from codesuggest.read.formats import open_rows
from codesuggest.redact import MEASURED, Redactor, Unredacted
from codesuggest.redaction.marked import Marked

Finding = tuple[int, int, str]
"""Something found: characters [start, end), and its type."""

DIRECT = frozenset(
    {
        "UK_NHS",
        "UK_CHI",
        "UK_HC_NUMBER",
        "HOSPITAL_NUMBER",
        "ACCESSION_NUMBER",
        "IDENTIFIER",
        "UK_POSTCODE",
        "PHONE_NUMBER",
        "BLEEP",
        "EMAIL_ADDRESS",
        "PROFESSIONAL_ID",
        "USER_NAME",
        "UK_NINO",
        "IP_ADDRESS",
        "URL",
        "UK_VEHICLE_REGISTRATION",
    }
)
"""Types that identify somebody on their own."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share of things, with the lower end of its one-sided 95% Wilson interval."""

    n: int
    of: int

    @property
    def value(self) -> float:
        """The share itself; 1 where there was nothing to count."""
        return self.n / self.of if self.of else 1.0

    @property
    def low(self) -> float:
        """The lower bound."""
        return wilson_low(self.n, self.of)


@dataclass(frozen=True, slots=True)
class TypeCheck:
    """One type: whole marked spans covered, marked characters covered, and findings that touch a marked span."""

    recall: Share
    characters: Share
    precision: Share


@dataclass(frozen=True, slots=True)
class RedactionCheck:
    """The redactor measured on gold. `leaks` are (id, type, start, end) of spans not wholly covered: never the text."""

    n: int
    types: Mapping[str, TypeCheck]
    groups: Mapping[str, TypeCheck]
    leaks: tuple[tuple[str, str, int, int], ...]
    touched_terms: Share
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gold:
    """A text in which a person marked what is personal, and terms in it that must survive."""

    id: str
    marked: Marked
    terms: tuple[str, ...] = ()


def check_redaction(redactor: Redactor, gold: Sequence[Gold]) -> RedactionCheck:
    """Measure a redactor on gold. A text that it refuses is left out of the counts, and listed."""
    results = list(redactor.redact_all(Narrative(item.id, item.marked.text) for item in gold))
    refused = tuple(result.id for result in results if isinstance(result, Unredacted))
    kept = [
        (item, [(span.start, span.end, span.type) for span in result.spans])
        for item, result in zip(gold, results, strict=True)
        if not isinstance(result, Unredacted)
    ]
    return replace(
        check_findings([item for item, _ in kept], [found for _, found in kept]), n=len(gold), refused=refused
    )


def check_findings(gold: Sequence[Gold], findings: Sequence[Sequence[Finding]]) -> RedactionCheck:
    """Measure what any redactor found, as (start, end, type), on gold."""
    counts: dict[str, Counter[str]] = {}
    leaks: list[tuple[str, str, int, int]] = []
    terms: Counter[bool] = Counter()
    for item, found in zip(gold, findings, strict=True):
        leaks += _count_recall(item, found, counts)
        _count_precision(item.marked, found, counts)
        terms.update(_is_touched(item.marked.text, term, found) for term in item.terms)
    groups = {
        "direct identifiers": _check(count for type, count in counts.items() if type in DIRECT),
        "people": _check(count for type, count in counts.items() if type == "PERSON"),
        "all": _check(counts.values()),
    }
    types = {type: _check([count]) for type, count in sorted(counts.items())}
    return RedactionCheck(len(gold), types, groups, tuple(leaks), Share(terms[True], terms.total()), ())


def record_check(redactor: Redactor, result: RedactionCheck) -> Path:
    """Keep the figures that the gate asks for beside the model, for this very policy and model. Returns the file."""
    figures = {
        group: {"recall": round(c.recall.value, 4), "low": round(c.recall.low, 4), "n": c.recall.of}
        for group, c in result.groups.items()
    }
    path = redactor.folder / MEASURED
    path.write_text(
        json.dumps({"fingerprint": redactor.fingerprint, "groups": figures}, indent=1) + "\n", encoding="utf-8"
    )
    return path


def _count_recall(
    item: Gold, found: Sequence[Finding], counts: dict[str, Counter[str]]
) -> list[tuple[str, str, int, int]]:
    covered = {position for start, end, _ in found for position in range(start, end)}
    leaks = []
    for start, end, type in item.marked.spans:
        missed = _missed(item.marked.text, start, end, covered)
        counts.setdefault(type, Counter()).update(
            spans=1, whole=not missed, characters=end - start, covered=end - start - missed
        )
        if missed:
            leaks.append((item.id, type, start, end))
    return leaks


def _count_precision(marked: Marked, found: Sequence[Finding], counts: dict[str, Counter[str]]) -> None:
    for start, end, type in found:
        touches = any(start < right and left < end for left, right, _ in marked.spans)
        counts.setdefault(type, Counter()).update(findings=1, right=touches)


def read_gold(path: Path, ignore: Iterable[str] = ()) -> list[Gold]:
    """Gold from a JSON Lines file of `id`, `text`, `spans` of start, end and type, and perhaps `terms` to survive.

    ignore  types that are left out: they are not asked for.
    Raises ReadError naming the line that is not so.
    """
    left_out = set(ignore)
    gold = []
    for number, row in open_rows(path, Columns(), max_mb=2_000):
        try:
            if isinstance(row, str):
                raise TypeError
            spans = tuple((int(s["start"]), int(s["end"]), str(s["type"])) for s in row["spans"])
            kept = tuple(span for span in spans if span[2] not in left_out)
            gold.append(Gold(str(row["id"]), Marked(str(row["text"]), kept), tuple(row.get("terms", ()))))
        except (KeyError, TypeError, ValueError):
            bad = number
            break
    else:
        return gold
    raise ReadError(f"{path}, line {bad}: expected id, text and spans, each with start, end and type.")


def _is_touched(text: str, term: str, found: Sequence[Finding]) -> bool:
    at = text.find(term)
    return any(start < at + len(term) and at < end for start, end, _ in found)


def _missed(text: str, start: int, end: int, covered: set[int]) -> int:
    """Characters of a span left in the text, blanks and punctuation not counted."""
    return sum(position not in covered and text[position].isalnum() for position in range(start, end))


def _check(counts: Iterable[Counter[str]]) -> TypeCheck:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return TypeCheck(
        Share(total["whole"], total["spans"]),
        Share(total["covered"], total["characters"]),
        Share(total["right"], total["findings"]),
    )
