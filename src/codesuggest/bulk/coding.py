"""Rows to pre-coded rows: the same for one machine and for a cluster. Raw text is seen here between read and redact,
and is in what comes out only where that was asked for.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codesuggest.bulk.deciding import AxisDecision, decide
from codesuggest.bulk.repeats import signature
from codesuggest.domain import Codes, Narrative, RedactedNarrative, SuggestedIncident, Taxonomy
from codesuggest.errors import CodingStringError
from codesuggest.read import Columns, NarrativeReader, SkippedRow, SourceRow, to_narrative
from codesuggest.read.dates import is_serial
from codesuggest.settings import settings
from codesuggest.suggest import Suggester
from codesuggest.taxonomy import write_coding_string

PRE_CODED, UNREADABLE, UNREDACTED = "pre-coded", "unreadable", "unredacted"
WITHHELD = "[free text withheld]"
"""What stands in place of a cell that was not named as narrative but is as long as one."""

_LONGEST_CELL = 200


@dataclass(frozen=True, slots=True)
class CodingOptions:
    """How rows are coded.

    target     precision of what is decided automatically, one of rank.TARGETS.
    keep_text  whether free text is written as it was read, with the personal data in it.
    """

    target: float = 0.95
    keep_text: bool = False


@dataclass(frozen=True, slots=True)
class CodedRow:
    """One row of the output.

    cells      the row's own cells that are carried, then those of `coding_columns`.
    signature  of the redacted narrative, to find repeats by; empty where there is none.
    withheld   the columns of cells that were taken for free text.
    """

    number: int
    status: str
    problem: str
    cells: Mapping[str, Any] = field(repr=False)
    decisions: Mapping[str, AxisDecision] = field(default_factory=dict)
    signature: bytes = b""
    withheld: tuple[str, ...] = ()


def coding_columns(taxonomy: Taxonomy) -> list[str]:
    """The columns that bulk adds, in order."""
    per_axis = [f"{axis.key}_{what}" for axis in taxonomy.axes for what in _PER_AXIS]
    return ["source_row", "coding_status", "coding_problem", "redacted_narrative", *per_axis, *_TRAILING]


_PER_AXIS = ("suggested", "scores", "shortlist", "decision")
_TRAILING = (
    "suggested_coding_string",
    "existing_coding_string",
    "existing_codes",
    "coding_model",
    "coding_taxonomy",
    "coding_redactor",
    "coding_run",
)


class RowCoder:
    """Codes rows with one model under one set of options; `run` is recorded with each row."""

    def __init__(self, suggester: Suggester, options: CodingOptions, run: str) -> None:
        self._suggester = suggester
        self._options = options
        self._run = run
        self._reader = NarrativeReader(suggester.model.taxonomy, max_chars=settings().max_narrative_chars)

    def code(self, rows: Sequence[SourceRow], columns: Columns) -> list[CodedRow]:
        """The rows coded, one for each and in order."""
        read = [to_narrative(row, self._reader, columns) for row in rows]
        redacted = iter(self._suggester.redactor.redact_all([n for n in read if isinstance(n, Narrative)]))
        results = [next(redacted) if isinstance(n, Narrative) else n for n in read]
        coded = iter(self._coded([result for result in results if isinstance(result, RedactedNarrative)]))
        made = []
        for row, result in zip(rows, results, strict=True):
            if isinstance(result, RedactedNarrative):
                added, decisions = next(coded)
                made.append(self._row(row, columns, added, decisions, result))
            elif isinstance(result, SkippedRow):
                made.append(self._row(row, columns, _refused(UNREADABLE, result.reason)))
            else:
                made.append(self._row(row, columns, _refused(UNREDACTED, "redaction failed, so nothing was kept")))
        return made

    def _coded(self, narratives: Sequence[RedactedNarrative]) -> list[tuple[dict[str, str], dict[str, AxisDecision]]]:
        if not narratives:
            return []
        model = self._suggester.model
        incidents, scores = self._suggester.suggest_scored(narratives, top=1)
        decisions = decide(model, self._options.target, scores, incidents)
        return [
            ({**_coding_cells(narrative, of, model.taxonomy), "coding_problem": _remark(incident)}, of)
            for narrative, incident, of in zip(narratives, incidents, decisions, strict=True)
        ]

    def _row(
        self,
        row: SourceRow,
        columns: Columns,
        added: Mapping[str, str],
        decisions: Mapping[str, AxisDecision] | None = None,
        redacted: RedactedNarrative | None = None,
    ) -> CodedRow:
        carried, withheld = self._carried(row, columns)
        manifest = self._suggester.model.manifest
        by = {
            "coding_model": manifest.name,
            "coding_taxonomy": manifest.taxonomy,
            "coding_redactor": self._suggester.redactor.identity,
            "coding_run": self._run,
        }
        problem = added.get("coding_problem", "") or _date_note(row, columns)
        cells = {**carried, "source_row": row.number, **added, "coding_problem": problem, **by}
        sign = signature(redacted.text) if redacted else b""
        return CodedRow(row.number, added["coding_status"], problem, cells, decisions or {}, sign, withheld)

    def _carried(self, row: SourceRow, columns: Columns) -> tuple[dict[str, Any], tuple[str, ...]]:
        """The row's own cells, less those that are free text or may say who somebody is."""
        left_out = {*columns.withhold, *(() if self._options.keep_text else columns.text)}
        kept = {name: value for name, value in row.cells.items() if name and name not in left_out}
        if self._options.keep_text:
            return kept, ()
        long = tuple(name for name, value in kept.items() if name != "codes" and len(as_text(value)) > _LONGEST_CELL)
        return kept | dict.fromkeys(long, WITHHELD), long


def as_text(value: object) -> str:
    """A carried cell as a table shows it."""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)


def model_digest(folder: Path) -> str:
    """What identifies a model folder: the hash of its manifest, which vouches for all its files."""
    return hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()


def _refused(status: str, reason: str) -> dict[str, str]:
    return {"coding_status": status, "coding_problem": reason}


def _remark(incident: SuggestedIncident) -> str:
    """Why no axis, or not every axis, of an incident may be automatic."""
    return incident.notice or "; ".join(conflict.message for conflict in incident.conflicts)


def _date_note(row: SourceRow, columns: Columns) -> str:
    """A remark on dates that came as Excel's numbers; the cells stay as they are."""
    serial = [name for name in (columns.occurred, columns.reported) if name and is_serial(row.cells.get(name))]
    return f"'{serial[0]}' is a number: taken for a date as Excel stores it" if serial else ""


def _coding_cells(
    narrative: RedactedNarrative, decisions: Mapping[str, AxisDecision], taxonomy: Taxonomy
) -> dict[str, str]:
    cells = {"coding_status": PRE_CODED, "redacted_narrative": str(narrative.text)}
    for axis, decided in decisions.items():
        cells[f"{axis}_suggested"] = "|".join(decided.codes)
        cells[f"{axis}_scores"] = "|".join(f"{score:.4f}" for score in decided.scores)
        cells[f"{axis}_shortlist"] = "|".join(decided.shortlist)
        cells[f"{axis}_decision"] = decided.decision
    in_order = {axis.key: decisions[axis.key].codes for axis in taxonomy.axes if axis.key in decisions}
    existing = narrative.existing_codes
    cells["suggested_coding_string"] = _string(in_order, taxonomy)
    cells["existing_coding_string"] = _string(existing, taxonomy)
    cells["existing_codes"] = "; ".join(f"{axis}={'|'.join(codes)}" for axis, codes in existing.items() if codes)
    return cells


def codes_in(cell: str) -> dict[str, tuple[str, ...]]:
    """The codes in a cell of the column `existing_codes`."""
    given = (part.partition("=") for part in cell.split("; ") if part)
    return {axis: tuple(codes.split("|")) for axis, _, codes in given}


def _string(codes: Codes, taxonomy: Taxonomy) -> str:
    """The coding string; empty where the codes do not make one: an axis is missing, or they are of another scheme."""
    try:
        return write_coding_string(codes, taxonomy) if taxonomy.grammar and codes else ""
    except CodingStringError:
        return ""
