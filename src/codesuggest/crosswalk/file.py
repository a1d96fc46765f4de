"""A file of coded narratives to another taxonomy: two files, of what moved and of what waits for a person."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from codesuggest.crosswalk.proposing import propose
from codesuggest.domain import Narrative, RedactedNarrative
from codesuggest.errors import RedactionError, UnknownCodeError
from codesuggest.read import SkippedRow
from codesuggest.redact import Redactor, Unredacted
from codesuggest.suggest import Suggester
from codesuggest.taxonomy import Crosswalk, Moved, require_coded_in

_BATCH = 256


@dataclass(frozen=True, slots=True)
class MovedFile:
    """What became of the rows: every one moved, waits in the queue, or is in `skipped` with the reason.

    retired  codes left out because they were retired, by axis and code.
    """

    n_moved: int
    n_queued: int
    skipped: tuple[SkippedRow, ...]
    retired: Mapping[str, int]


def move_file(
    crosswalk: Crosswalk,
    rows: Iterable[Narrative | SkippedRow],
    redactor: Redactor,
    ranked_by: Suggester | None,
    *,
    moved: Path,
    queue: Path,
) -> MovedFile:
    """Write the narratives, redacted, with their codes in the new taxonomy, as JSON Lines ready to train on.

    queue  where those go that a person decides on: what moved by itself in `codes`, the rest in `open`, ranked.
    Raises RedactionError if one cannot be redacted, UnknownCodeError if a row says it is coded in a third taxonomy.
    """
    counts: Counter[str] = Counter()
    retired: Counter[str] = Counter()
    skipped: list[SkippedRow] = []
    left = iter(rows)
    with moved.open("w", encoding="utf-8") as lines, queue.open("w", encoding="utf-8") as waiting:
        while batch := list(islice(left, _BATCH)):
            skipped += [row for row in batch if isinstance(row, SkippedRow)]
            coded: list[tuple[Narrative, Moved]] = []
            for row in (row for row in batch if isinstance(row, Narrative)):
                one = _moved(crosswalk, row)
                if isinstance(one, Moved):
                    coded.append((row, one))
                    retired.update(_retired(crosswalk, row))
                else:
                    skipped.append(one)
            for line in _lines(crosswalk, coded, redactor, ranked_by):
                (waiting if line["open"] else lines).write(json.dumps(_row(line), ensure_ascii=False) + "\n")
                counts["queued" if line["open"] else "moved"] += 1
    return MovedFile(counts["moved"], counts["queued"], tuple(skipped), dict(retired))


def _moved(crosswalk: Crosswalk, row: Narrative) -> Moved | SkippedRow:
    require_coded_in([row], crosswalk.old)
    try:
        return crosswalk.move(row.existing_codes)
    except UnknownCodeError as error:
        return SkippedRow(0, row.id, str(error))


def _retired(crosswalk: Crosswalk, row: Narrative) -> list[str]:
    return [
        f"{axis} {code}"
        for axis, codes in row.existing_codes.items()
        for code in codes
        if not crosswalk.targets(axis, code)
    ]


def _lines(
    crosswalk: Crosswalk, coded: list[tuple[Narrative, Moved]], redactor: Redactor, ranked_by: Suggester | None
) -> Iterable[dict[str, Any]]:
    redacted = list(redactor.redact_all([row for row, _ in coded]))
    if failed := [result.id for result in redacted if isinstance(result, Unredacted)]:
        raise RedactionError(f"Incident {failed[0]}: redaction failed, so nothing of it was kept or shown.")
    fit = [result for result in redacted if isinstance(result, RedactedNarrative)]
    for proposed, (_, one) in zip(propose(crosswalk, fit, [one for _, one in coded], ranked_by), coded, strict=True):
        yield {
            "id": proposed.id,
            "text": proposed.redacted,
            "codes": {axis: list(codes) for axis, codes in one.codes.items()},
            "taxonomy": crosswalk.new.name,
            "open": {
                axis: {
                    "because": undecided.because,
                    "proposed": [
                        {key: value for key, value in asdict(suggestion).items() if key != "words"}
                        for suggestion in proposed.axes.get(axis, ())
                        if suggestion.code not in one.codes.get(axis, ())
                    ],
                }
                for axis, undecided in one.open.items()
            },
        }


def _row(line: dict[str, Any]) -> dict[str, Any]:
    return line if line["open"] else {key: value for key, value in line.items() if key != "open"}
