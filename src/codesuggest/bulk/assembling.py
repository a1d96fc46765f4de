"""Finished chunks to the output, its manifest and its list of repeats, each put in place whole."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tqdm import tqdm

from codesuggest.bulk.coding import coding_columns
from codesuggest.bulk.job import BulkJob, Described, SourceFile
from codesuggest.bulk.manifest import RunManifest, Tally
from codesuggest.bulk.repeats import SIGNATURE_BYTES, find_repeats
from codesuggest.bulk.work import FinishedChunk, WorkFolder, rows_of, telling
from codesuggest.bulk.writing import WRITERS, Write, put_in_place
from codesuggest.domain import Taxonomy
from codesuggest.errors import BulkError
from codesuggest.read import plain_date

_REPEAT_COLUMNS = ("file", "source_row", "id", "occurred")


def assemble(
    job: BulkJob,
    files: Sequence[SourceFile],
    work: WorkFolder,
    described: Described,
    plan: Mapping[str, Any],
    *,
    show_progress: bool,
) -> RunManifest:
    """Write everything inside the work folder, then move it: list of repeats, manifest, and the output last."""
    finished = list(work.chunks())
    if not finished:
        raise BulkError(f"{job.source}: no rows to code.")
    tally = Tally(described)
    with telling(job.out), _Index(work.folder) as index:
        whole = work.folder / ("whole" if job.source.is_dir() else f"whole{job.out.suffix.lower()}")
        progress = tqdm(finished, desc="Writing", unit="chunk", disable=not show_progress)
        written = _write_files(job, files, progress, whole, (tally, index))
        n_repeats = index.write_repeats(work.folder / "repeats.csv")
        manifest = tally.manifest(plan, written, n_repeats)
        (work.folder / "manifest.json").write_text(json.dumps(asdict(manifest), indent=1, ensure_ascii=False) + "\n")
        put_in_place(work.folder / "repeats.csv", job.out.with_name(f"{job.out.name}.repeats.csv"))
        put_in_place(work.folder / "manifest.json", manifest_path(job.out))
        put_in_place(whole, job.out)
    return manifest


def manifest_path(out: Path) -> Path:
    """Where the manifest of an output stands: out.csv -> out.csv.manifest.json."""
    return out.with_name(f"{out.name}.manifest.json")


def _write_files(
    job: BulkJob, files: Sequence[SourceFile], finished: Any, whole: Path, listeners: tuple[Tally, "_Index"]
) -> list[dict[str, Any]]:
    """Write one output file for each input file; say what each is."""
    chunks: list[list[FinishedChunk]] = [[] for _ in files]
    for chunk in finished:
        chunks[chunk.file].append(chunk)
    written = []
    for file, of_file in zip(files, chunks, strict=True):
        path = whole / file.name if job.source.is_dir() else whole
        path.parent.mkdir(parents=True, exist_ok=True)
        n_rows = _write_file(job, file, of_file, path, listeners)
        written.append(
            {"input": file.name, "input_sha256": file.sha256, "rows": n_rows, "output_sha256": _sha256(path)}
        )
    return written


def _write_file(
    job: BulkJob, file: SourceFile, chunks: Sequence[FinishedChunk], path: Path, listeners: tuple[Tally, "_Index"]
) -> int:
    tally, index = listeners
    columns, n_rows = _columns(job, chunks, tally.taxonomy), 0
    with WRITERS[path.suffix.lower()](path, columns) as write:
        for chunk in chunks:
            for row in rows_of(chunk):
                _write_row(job, file, row, write)
                tally.add(file.name, row)
                index.add(file, row)
                n_rows += 1
    return n_rows


def _columns(job: BulkJob, chunks: Sequence[FinishedChunk], taxonomy: Taxonomy) -> list[str]:
    if job.sheet:
        return list(job.sheet.write)
    added = coding_columns(taxonomy)
    carried = dict.fromkeys(name for chunk in chunks for name in chunk.columns if name not in added)
    return [*carried, *added]


def _write_row(job: BulkJob, file: SourceFile, row: Mapping[str, Any], write: Write) -> None:
    if job.sheet:
        parts = sheet_parts(file, row)
        write({column: parts[part] for column, part in job.sheet.write.items()})
    else:
        write(row["cells"])


def sheet_parts(file: SourceFile, row: Mapping[str, Any]) -> dict[str, str]:
    """What a sheet of fixed form may hold of a row. A coding that the incident had counts before a suggested one."""
    cells = row["cells"]
    existing = cells.get("existing_coding_string", "")
    return {
        "id": str(cells.get(file.columns.id, "")),
        "occurred": plain_date(cells.get(file.columns.occurred, "")),
        "reported": plain_date(cells.get(file.columns.reported, "")),
        "description": cells.get("redacted_narrative", ""),
        "coding": existing or cells.get("suggested_coding_string", ""),
        "status": "coded" if existing else f"{row['status']}, not confirmed",
    }


class _Index:
    """Where each row came from, and its signature: on disk, so that an archive of any size fits."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._signatures = folder / "signatures.bin"

    def __enter__(self) -> "_Index":
        self._file = self._signatures.open("wb")
        (self._folder / "rows.sqlite").unlink(missing_ok=True)
        self._rows = sqlite3.connect(self._folder / "rows.sqlite", isolation_level=None)
        self._rows.execute("PRAGMA journal_mode = OFF")
        self._rows.execute("CREATE TABLE rows (at INTEGER PRIMARY KEY, file TEXT, row INTEGER, id TEXT, occurred TEXT)")
        self._rows.execute("BEGIN")
        self._n = 0
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()
        self._rows.close()

    def add(self, file: SourceFile, row: Mapping[str, Any]) -> None:
        self._file.write(row["signature"] or bytes(SIGNATURE_BYTES))
        occurred = plain_date(row["cells"].get(file.columns.occurred, ""))
        id = str(row["cells"].get(file.columns.id, ""))
        self._rows.execute("INSERT INTO rows VALUES (?, ?, ?, ?, ?)", (self._n, file.name, row["number"], id, occurred))
        self._n += 1

    def write_repeats(self, path: Path) -> int:
        """List the rows that repeat an earlier one; returns how many."""
        self._file.close()
        n_repeats = 0
        columns = [*_REPEAT_COLUMNS, *(f"repeats_{name}" for name in _REPEAT_COLUMNS), "likeness"]
        with WRITERS[".csv"](path, columns) as write:
            for repeat in find_repeats(self._signatures):
                cells = [*self._where(repeat.second), *self._where(repeat.first), f"{repeat.likeness:.2f}"]
                write(dict(zip(columns, cells, strict=True)))
                n_repeats += 1
        return n_repeats

    def _where(self, at: int) -> Iterator[object]:
        with closing(self._rows.execute("SELECT file, row, id, occurred FROM rows WHERE at = ?", (at,))) as found:
            yield from found.fetchone()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
