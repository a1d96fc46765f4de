"""An archive as training data: the coding strings in its narratives become codes, and what speaks against them."""

import heapq
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from codesuggest.bulk.writing import WRITERS, put_in_place
from codesuggest.domain import Codes, Narrative, RedactedNarrative
from codesuggest.read import Columns, NarrativeReader, SourceRow, source_rows, to_narrative
from codesuggest.read.formats import open_rows
from codesuggest.read.strings import HarvestedString, harvested_strings
from codesuggest.registry import digest
from codesuggest.settings import settings
from codesuggest.suggest import Suggester

_BATCH = 256
CODED, MALFORMED, UNKNOWN, SEVERAL, NONE = "coded", "malformed", "unknown code", "several strings", "no string"
UNREADABLE, UNREDACTED = "unreadable", "unredacted"
FINDING_COLUMNS = ("source_row", "id", "finding", "detail")


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A code of a narrative's string that the model finds unlikely. `gap`: score of its own best code less this one's.

    is_trained_on  the model learnt from this very narrative, so that its doubt is understated.
    """

    row: int
    id: str
    axis: str
    given: str
    best: str
    gap: float
    is_trained_on: bool


@dataclass(frozen=True, slots=True)
class Harvest:
    """What an archive gave. `counts` of rows by outcome add up to all; of `contradictions` the worst come first."""

    coded: Path
    findings: Path
    counts: Mapping[str, int]
    unknown: Mapping[str, int]
    contradictions: Sequence[Contradiction]


def harvest(source: Path, suggester: Suggester, columns: Columns, *, worst: int = 20) -> Harvest:
    """Take the codes from an archive's coding strings: redacted narratives with codes, ready to train on.

    Writes `X.harvest.jsonl` and `X.findings.csv` beside X. Raises ReadError if the file as a whole cannot be read.
    """
    coded, findings = source.with_suffix(".harvest.jsonl"), source.with_suffix(".findings.csv")
    beside = [path.with_name(f".{path.name}") for path in (coded, findings)]
    counts: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    contradictions: list[tuple[float, int, str, Contradiction]] = []
    rows = source_rows(open_rows(source, columns, settings().max_file_mb), columns, str(source))
    with beside[0].open("w", encoding="utf-8") as lines, WRITERS[".csv"](beside[1], FINDING_COLUMNS) as write:
        while batch := list(islice(rows, _BATCH)):
            for outcome in _harvested(batch, suggester, columns):
                counts[outcome.kind] += 1
                unknown.update(outcome.unknown)
                if outcome.kind == CODED:
                    lines.write(json.dumps(outcome.line, ensure_ascii=False) + "\n")
                elif outcome.kind != NONE:
                    cells = (outcome.row, outcome.id, outcome.kind, outcome.detail)
                    write(dict(zip(FINDING_COLUMNS, cells, strict=True)))
                for found in outcome.contradictions:
                    heapq.heappush(contradictions, (found.gap, -found.row, found.axis, found))
                    if len(contradictions) > worst:
                        heapq.heappop(contradictions)
    for path, place in zip(beside, (coded, findings), strict=True):
        put_in_place(path, place)
    return Harvest(coded, findings, dict(counts), dict(unknown), [c for *_, c in sorted(contradictions, reverse=True)])


@dataclass(frozen=True, slots=True)
class _Outcome:
    row: int
    id: str
    kind: str
    detail: str = ""
    unknown: tuple[str, ...] = ()
    line: Mapping[str, Any] | None = None
    contradictions: tuple[Contradiction, ...] = ()


def _harvested(rows: Sequence[SourceRow], suggester: Suggester, columns: Columns) -> Iterator[_Outcome]:
    model = suggester.model
    reader = NarrativeReader(model.taxonomy, max_chars=settings().max_narrative_chars)
    outcomes: list[_Outcome] = []
    coded: list[tuple[int, Narrative]] = []
    for row in rows:
        narrative = to_narrative(row, reader, columns)
        if not isinstance(narrative, Narrative):
            outcomes.append(_Outcome(row.number, row.id, UNREADABLE, narrative.reason))
            continue
        outcome, codes = _outcome(row, harvested_strings(row, columns, model.taxonomy))
        if codes:
            coded.append((len(outcomes), Narrative(narrative.id, narrative.text, codes)))
        outcomes.append(outcome)
    redacted = list(suggester.redactor.redact_all([narrative for _, narrative in coded]))
    kept = [result for result in redacted if isinstance(result, RedactedNarrative)]
    against = dict(zip((n.id for n in kept), _contradictions(kept, suggester), strict=True))
    for (at, _), result in zip(coded, redacted, strict=True):
        row = rows[at]
        if isinstance(result, RedactedNarrative):
            line = {
                "id": result.id,
                "text": result.text,
                "codes": {a: list(c) for a, c in result.existing_codes.items()},
            }
            found = tuple(
                Contradiction(row.number, row.id, *of, digest(result.text) in model.trained_on)
                for of in against[result.id]
            )
            outcomes[at] = _Outcome(row.number, row.id, CODED, line=line, contradictions=found)
        else:
            outcomes[at] = _Outcome(row.number, row.id, UNREDACTED, "redaction failed, so nothing was kept")
    yield from outcomes


def _outcome(row: SourceRow, strings: Sequence[HarvestedString]) -> tuple[_Outcome, Codes]:
    if not strings:
        return _Outcome(row.number, row.id, NONE), {}
    if faulty := next((string for string in strings if string.problem), None):
        kind = UNKNOWN if faulty.unknown else MALFORMED
        return _Outcome(row.number, row.id, kind, f"coding string {faulty.problem}", faulty.unknown), {}
    if any(string.codes != strings[0].codes for string in strings):
        detail = f"{len(strings)} coding strings that differ; which counts is for a person to say"
        return _Outcome(row.number, row.id, SEVERAL, detail), {}
    return _Outcome(row.number, row.id, CODED), strings[0].codes


def _contradictions(
    narratives: Sequence[RedactedNarrative], suggester: Suggester
) -> Iterator[list[tuple[str, str, str, float]]]:
    """For each narrative, axis by axis: the given code that the model finds least likely, its own best, and the gap."""
    scores = suggester.score(narratives) if narratives else {}
    for number, narrative in enumerate(narratives):
        against = []
        for axis, given in narrative.existing_codes.items():
            codes = suggester.model.manifest.axes.get(axis, ())
            of = {code: float(score) for code, score in zip(codes, scores[axis][number], strict=True)} if codes else {}
            known = [code for code in given if code in of]
            if known:
                least, best = min(known, key=lambda code: of[code]), max(of, key=lambda code: of[code])
                if best not in given:
                    against.append((axis, least, best, of[best] - of[least]))
        yield against
