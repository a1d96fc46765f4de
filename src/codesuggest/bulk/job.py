"""What one bulk run is asked to do, and the files it is about."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import Any

from codesuggest.bulk.coding import CodingOptions, coding_columns, model_digest
from codesuggest.bulk.writing import WRITERS
from codesuggest.domain import Taxonomy
from codesuggest.errors import BulkError, ReadError
from codesuggest.rank import TARGETS, AutomaticRule
from codesuggest.read import Columns, Preset, SourceRow, source_rows
from codesuggest.read.formats import FORMATS, fingerprint, header_of, open_rows
from codesuggest.settings import settings
from codesuggest.suggest import Suggester

SHEET_PARTS = ("id", "occurred", "reported", "description", "coding", "status")
"""What a column of a sheet of fixed form may hold."""


@dataclass(frozen=True, slots=True)
class BulkJob:
    """One run from a file or a folder to a file or a folder.

    columns   which column is what, unless presets say; of several presets the first that fits a file is used.
    sheet     a preset with a fixed form to write instead of all columns.
    withhold  further columns that are not written.
    chunk     rows that are finished, and kept, together.
    """

    source: Path
    out: Path
    model: Path
    columns: Columns = field(default_factory=Columns)
    presets: tuple[Preset, ...] = ()
    sheet: Preset | None = None
    withhold: tuple[str, ...] = ()
    options: CodingOptions = field(default_factory=CodingOptions)
    workers: int = 1
    chunk: int = 512


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One input file. `name` is relative to the folder it came in."""

    path: Path
    name: str
    columns: Columns
    sha256: str
    n_expected: int


@dataclass(frozen=True, slots=True)
class Described:
    """What a model and its redactor say of themselves, without the weight of loading them."""

    model: str
    taxonomy: Taxonomy
    redactor: str
    embedder: str
    rules: dict[str, tuple[AutomaticRule, ...]]


@cache
def load_suggester(folder: Path) -> Suggester:
    """The suggester of a model folder, loaded once in each process that codes."""
    return Suggester.load(folder, embedder_dir=settings().embedder_dir)


def describe(suggester: Suggester) -> Described:
    """What the run needs to know of its model. Raises BulkError if the model has no rules for automatic coding."""
    model = suggester.model
    if not all(hasattr(ranker, "automatic_") for ranker in model.rankers.values()):
        raise BulkError(f"Model {model.manifest.name} was trained before automatic thresholds were kept. Retrain it.")
    rules = {axis: tuple(ranker.automatic_rule(t) for t in TARGETS) for axis, ranker in model.rankers.items()}
    manifest = model.manifest
    return Described(manifest.name, model.taxonomy, suggester.redactor.identity, manifest.embedder, rules)


def check_job(job: BulkJob) -> None:
    """Refuse what can be seen to be impossible before anything is read."""
    check_places(job)
    if job.source.is_file() and job.out.suffix.lower() not in WRITERS:
        raise BulkError(f"{job.out}: file ending not known. Expected one of {', '.join(WRITERS)}.")
    if job.source.is_dir() and job.out.suffix.lower() in WRITERS:
        raise BulkError(f"{job.source} is a folder, so the output is one too. Name it without '{job.out.suffix}'.")
    if job.sheet and (unknown := sorted(set(job.sheet.write.values()) - set(SHEET_PARTS))):
        raise ReadError(f"'write': no part '{unknown[0]}' of a sheet. There are {', '.join(SHEET_PARTS)}.")
    if job.sheet and not job.sheet.write:
        raise ReadError(f"'{job.sheet.title}' has no 'write' table, so there is no sheet to make.")


def check_places(job: BulkJob) -> None:
    """The part of `check_job` that holds for every engine."""
    if job.options.target not in TARGETS:
        raise BulkError(f"No rule for a precision of {job.options.target}. There are {', '.join(map(str, TARGETS))}.")
    if job.out.exists():
        raise BulkError(f"{job.out} exists already. Name another output, or delete it first.")
    if not job.source.exists():
        raise ReadError(f"{job.source}: no such file or folder.")


def source_files(job: BulkJob, taxonomy: Taxonomy) -> list[SourceFile]:
    """The input files in order, each read through once to know it again.

    Raises ReadError or BulkError if one cannot be read, lacks a column, or holds columns that bulk writes.
    """
    paths = [job.source]
    if job.source.is_dir():
        inside = sorted(path for path in job.source.rglob("*") if path.is_file())
        paths = [path for path in inside if path.suffix.lower() in FORMATS and not path.name.endswith(".skipped.csv")]
    if not paths:
        raise ReadError(f"{job.source}: no file to read in it. Expected {', '.join(FORMATS)}.")
    return [_source_file(job, path, set(coding_columns(taxonomy))) for path in paths]


def chunks(file: SourceFile, size: int) -> Iterator[list[SourceRow]]:
    """The rows of a file, `size` at a time."""
    rows = source_rows(open_rows(file.path, file.columns, settings().max_file_mb), file.columns, str(file.path))
    while chunk := list(islice(rows, size)):
        yield chunk


def plan_of(job: BulkJob, files: list[SourceFile], described: Described) -> dict[str, Any]:
    """Everything the output depends on, in JSON; `run` is its digest."""
    plan: dict[str, Any] = {
        "codesuggest": metadata.version("codesuggest"),
        "input": [[file.name, file.sha256, file.columns.model_dump(mode="json")] for file in files],
        "model": [described.model, model_digest(job.model)],
        "redactor": described.redactor,
        "embedder": described.embedder,
        "options": [asdict(job.options), job.chunk, job.sheet.model_dump(mode="json") if job.sheet else None],
    }
    return {**plan, "run": hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()[:12]}


def file_columns(path: Path, columns: Columns, presets: tuple[Preset, ...]) -> tuple[Columns, list[str]]:
    """Which column of a file is what, and the names of all. Raises ReadError if it has no rows, or no preset fits."""
    if presets:
        columns = columns.model_copy(update={"sheet": columns.sheet or presets[0].sheet})
    header = header_of(path, columns, settings().max_file_mb)
    if not header:
        raise ReadError(f"{path}: no row below the header can be read.")
    if presets:
        found = _by_preset(presets, header, str(path))
        columns = found.model_copy(update={"sheet": columns.sheet, "encoding": columns.encoding})
    return columns, header


def job_columns(job: BulkJob, path: Path) -> tuple[Columns, list[str]]:
    """What a file's columns are in this job, and the names of all. Raises ReadError if one to withhold is missing."""
    columns, header = file_columns(path, job.columns, job.presets)
    if missing := [name for name in job.withhold if name not in header]:
        raise ReadError(f"{path}: no column '{missing[0]}' to withhold. It has {', '.join(header)}.")
    return columns.model_copy(update={"withhold": (*columns.withhold, *job.withhold)}), header


def _source_file(job: BulkJob, path: Path, reserved: set[str]) -> SourceFile:
    columns, header = job_columns(job, path)
    if taken := sorted(reserved & set(header)):
        raise BulkError(f"{path}: has a column '{taken[0]}' already. Is it an output of bulk? Give the original.")
    sha256, n_rows = fingerprint(path, columns)
    name = path.name if job.source.is_file() else path.relative_to(job.source).as_posix()
    return SourceFile(path, name, columns, sha256, n_rows)


def _by_preset(presets: tuple[Preset, ...], header: list[str], source: str) -> Columns:
    problems = []
    for preset in presets:
        try:
            return preset.columns(header, source)
        except ReadError as error:
            problems.append(error)
    raise problems[0]
