"""The work folder beside the output: what a run has finished, so that the same command goes on from there.

A chunk is written beside and renamed: it is there whole, or not at all. Nothing in it is raw narrative, unless the
output was asked to hold that.
"""

import base64
import errno
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from codesuggest.bulk.coding import CodedRow
from codesuggest.errors import BulkError

_PLAN = "plan.json"


@dataclass(frozen=True, slots=True)
class FinishedChunk:
    """What one chunk holds. columns: of the rows' own, those that are carried, in order."""

    file: int
    columns: tuple[str, ...]
    path: Path


class WorkFolder:
    """The chunks of one run, by number. `plan` is everything that the output depends on."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.folder = out.with_name(f".{out.name}.work")

    @contextmanager
    def opened(self, plan: Mapping[str, Any]) -> Iterator[None]:
        """Held for one run. Raises BulkError if another has it, or if what is in it was begun in another way."""
        lock = FileLock(self.out.with_name(f".{self.out.name}.lock"))
        with telling(self.out):
            self.out.parent.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(blocking=False)
            except Timeout:
                raise BulkError(f"{self.out}: another process is at work on it. Wait for it, or stop it.") from None
            try:
                self._begin(plan)
                yield
            finally:
                lock.release()
                Path(lock.lock_file).unlink(missing_ok=True)

    def _begin(self, plan: Mapping[str, Any]) -> None:
        written = self.folder / _PLAN
        if written.is_file():
            begun = json.loads(written.read_text(encoding="utf-8"))
            if differing := sorted(key for key in {*begun, *plan} if begun.get(key) != plan.get(key)):
                raise BulkError(
                    f"{self.folder} holds a run begun with other {', '.join(differing)}. Repeat that command to finish "
                    "it, or delete the folder to start afresh."
                )
        self.folder.mkdir(exist_ok=True)
        _write(written, [json.dumps(plan, sort_keys=True)])

    def is_finished(self, number: int) -> bool:
        """Whether this chunk is there."""
        return self._path(number).is_file()

    def write_chunk(self, number: int, file: int, rows: Sequence[CodedRow]) -> None:
        """Keep a coded chunk: a head, then a line a row. Raises BulkError if the disk is full."""
        columns = dict.fromkeys(name for row in rows for name in row.cells)
        head = {"file": file, "columns": list(columns), "n": len(rows)}
        with telling(self.out):
            _write(self._path(number), [json.dumps(head), *map(_line, rows)])

    def chunks(self) -> Iterator[FinishedChunk]:
        """The chunks that are there, in order."""
        for path in sorted(self.folder.glob("*.chunk")):
            with path.open(encoding="utf-8") as lines:
                head = json.loads(next(lines))
            yield FinishedChunk(head["file"], tuple(head["columns"]), path)

    def delete(self) -> None:
        """Remove everything: the output is in place."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:07}.chunk"


def rows_of(chunk: FinishedChunk) -> Iterator[dict[str, Any]]:
    """The rows of a chunk, as they were kept: the fields of CodedRow; `signature` as bytes."""
    with chunk.path.open(encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            row = json.loads(line)
            row["signature"] = base64.b64decode(row["signature"])
            yield row


@contextmanager
def telling(out: Path) -> Iterator[None]:
    """Says what to do about a disk that is full or cannot be written to."""
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        why = _why_not_written(error)
        if not why:
            raise
        raise BulkError(
            f"{out}: {why}. What is finished is kept: put that right, then repeat the same command."
        ) from error


def _why_not_written(error: OSError | sqlite3.OperationalError) -> str:
    """What is wrong with the disk; empty if it is something else."""
    if isinstance(error, sqlite3.OperationalError):
        return "No space left on device" if error.sqlite_errorcode == sqlite3.SQLITE_FULL else ""
    on_disk = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS)
    return (error.strerror or "cannot be written") if on_disk else ""


def _line(row: CodedRow) -> str:
    content = {
        "number": row.number,
        "status": row.status,
        "problem": row.problem,
        "cells": dict(row.cells),
        "decisions": {axis: {"decision": of.decision, "sure": of.sure} for axis, of in row.decisions.items()},
        "signature": base64.b64encode(row.signature).decode(),
        "withheld": list(row.withheld),
    }
    return json.dumps(content, ensure_ascii=False)


def _write(path: Path, lines: Sequence[str]) -> None:
    """A file, whole on the disk or not there at all."""
    beside = path.with_suffix(f".{os.getpid()}.tmp")
    with beside.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
