"""Whether a pre-coded batch may be accepted: a sample that a department reads, and what its result shows.

The sample is as large as an exact binomial test of the promised precision needs where two codes turn out wrong, and it
is drawn by a digest of the run and the row: the same batch always gives the same sample, so that none can be drawn
again until it suits. Source: Clopper and Pearson (1934), Biometrika 26(4), 404-413.
"""

import hashlib
import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codesuggest.bulk.assembling import manifest_path
from codesuggest.bulk.writing import WRITERS, put_in_place
from codesuggest.errors import BulkError, ReadError
from codesuggest.metrics import exact_low
from codesuggest.rank import smallest_sample
from codesuggest.read import Columns
from codesuggest.read.formats import FORMATS, open_rows
from codesuggest.settings import settings

_WRONG_ALLOWED = 2
_YES, _NO = frozenset({"y", "yes", "1", "true", "right"}), frozenset({"n", "no", "0", "false", "wrong"})
_HEAD = ("file", "source_row", "redacted_narrative")


@dataclass(frozen=True, slots=True)
class AxisVerdict:
    """What reading a sample showed of one axis.

    n_automatic  rows of the batch on which the axis was coded automatically; n of them were read, n_right were right.
    low          the precision that holds with 95% confidence.
    """

    axis: str
    target: float
    n_automatic: int
    n: int
    n_right: int
    low: float

    @property
    def is_accepted(self) -> bool:
        """Whether the batch's automatic codes of this axis may be accepted."""
        return self.n > 0 and self.low >= self.target


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows to be read, in the order of the batch: for each, the axes that are asked about."""

    rows: Sequence[Mapping[str, str]] = field(repr=False)
    n_asked: Mapping[str, int] = field(default_factory=dict)


def draw_sample(out: Path, manifest: Mapping[str, Any]) -> Sample:
    """The rows of a pre-coded output that a department should read: the same incidents for all axes where possible.

    Raises BulkError if the output is not the one that its manifest vouches for, or nothing in it is automatic.
    """
    target = manifest["options"][0]["target"]
    size = smallest_sample(_WRONG_ALLOWED, target)
    axes = list(manifest["decisions"])
    drawn: dict[str, list[tuple[int, str, int]]] = {axis: [] for axis in axes}
    for at, (file, row) in enumerate(_rows(out)):
        _check(out, row, axes, manifest["run"])
        key = -int(hashlib.sha256(f"{manifest['run']}\0{file}\0{row['source_row']}".encode()).hexdigest()[:16], 16)
        for axis in axes:
            if row[f"{axis}_decision"] == "auto":
                (heapq.heappush if len(drawn[axis]) < size else heapq.heappushpop)(drawn[axis], (key, file, at))
    if not any(drawn.values()):
        raise BulkError(
            f"{out}: no axis of it was coded automatically, so there is nothing to accept: all is for people."
        )
    asked = {axis: {at for _, _, at in chosen} for axis, chosen in drawn.items()}
    rows = [
        _to_read(file, row, [axis for axis in axes if at in asked[axis]], axes)
        for at, (file, row) in enumerate(_rows(out))
        if any(at in of_axis for of_axis in asked.values())
    ]
    return Sample(rows, {axis: len(of_axis) for axis, of_axis in asked.items()})


def write_sample(sample: Sample, path: Path) -> None:
    """Write a sample as a table with an empty `AXIS_right` column an axis; never over one that may be filled in."""
    if path.exists():
        raise BulkError(f"{path} exists already, and may have been filled in. Delete it first, or give it to --read.")
    if path.suffix.lower() not in WRITERS:
        raise BulkError(f"{path}: file ending not known. Expected one of {', '.join(WRITERS)}.")
    beside = path.with_name(f".{path.name}")
    beside = beside.with_suffix(path.suffix)
    with WRITERS[path.suffix.lower()](beside, list(sample.rows[0])) as write:
        for row in sample.rows:
            write(row)
    put_in_place(beside, path)


def judge_sample(path: Path, out: Path, manifest: Mapping[str, Any]) -> list[AxisVerdict]:
    """What a sample that has been read shows, axis by axis.

    Raises ReadError if a row is missing, or a cell is neither yes nor no: a sample counts only when all of it is read.
    """
    expected = draw_sample(out, manifest)
    columns = Columns(id="source_row", text=("redacted_narrative",))
    filled = {}
    for number, row in open_rows(path, columns, settings().max_file_mb):
        if isinstance(row, str):
            raise ReadError(f"{path}, row {number}: {row}.")
        filled[str(row.get("file")), str(row.get("source_row"))] = (number, row)
    right: dict[str, list[bool]] = {axis: [] for axis in expected.n_asked}
    for wanted in expected.rows:
        found = filled.get((wanted["file"], wanted["source_row"]))
        if found is None:
            raise ReadError(
                f"{path}: row {wanted['source_row']} of {wanted['file']} is missing. Read the whole sample."
            )
        for axis, answers in right.items():
            if wanted[f"{axis}_right"] == "":
                answers.append(_answer(path, *found, f"{axis}_right"))
    target = manifest["options"][0]["target"]
    return [
        _verdict(axis, target, manifest["decisions"][axis].get("auto", 0), answers) for axis, answers in right.items()
    ]


def _verdict(axis: str, target: float, n_automatic: int, answers: Sequence[bool]) -> AxisVerdict:
    n, n_right = len(answers), sum(answers)
    low = n_right / n if n and n == n_automatic else exact_low(n_right, n)  # all of them were read: nothing is unknown
    return AxisVerdict(axis, target, n_automatic, n, n_right, low)


def _answer(path: Path, number: int, row: Mapping[str, Any], column: str) -> bool:
    answer = str(row.get(column, "")).strip().casefold()
    if answer not in _YES | _NO:
        raise ReadError(f"{path}, row {number}: '{column}' is '{answer[:10]}'; expected yes or no.")
    return answer in _YES


def _to_read(file: str, row: Mapping[str, Any], asked: Iterable[str], axes: Sequence[str]) -> dict[str, str]:
    wanted = set(asked)
    read = {"file": file, **{name: str(row[name]) for name in _HEAD[1:]}}
    for axis in axes:
        read[axis + "_suggested"] = str(row[f"{axis}_suggested"] or "(no code)") if axis in wanted else ""
        read[axis + "_right"] = "" if axis in wanted else "not asked"
    return read


def _rows(out: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The rows of an output, each with the name of its file."""
    files = sorted(path for path in out.rglob("*") if path.suffix.lower() in FORMATS) if out.is_dir() else [out]
    for path in files:
        for number, row in open_rows(path, Columns(), settings().max_file_mb):
            if isinstance(row, str):
                raise ReadError(f"{path}, row {number}: {row}. Was the output edited?")
            yield path.relative_to(out).as_posix() if out.is_dir() else path.name, row


def _check(out: Path, row: Mapping[str, Any], axes: Sequence[str], run: str) -> None:
    if row.get("coding_run") != run or any(f"{axis}_decision" not in row for axis in axes):
        raise BulkError(
            f"{out}: not the output that {manifest_path(out).name} describes. Give the one that bulk wrote."
        )
