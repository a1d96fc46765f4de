"""A bulk run: read, redact, embed, rank and decide in chunks, in several processes; then the whole output at once."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from codesuggest.bulk.assembling import assemble
from codesuggest.bulk.coding import CodingOptions, RowCoder
from codesuggest.bulk.job import (
    BulkJob,
    Described,
    SourceFile,
    check_job,
    chunks,
    describe,
    load_suggester,
    plan_of,
    source_files,
)
from codesuggest.bulk.manifest import RunManifest
from codesuggest.bulk.work import WorkFolder
from codesuggest.errors import BulkError
from codesuggest.read import Columns, SourceRow
from codesuggest.suggest import Suggester


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A chunk on its way to a process that codes."""

    number: int
    file: int
    rows: Sequence[SourceRow]
    columns: Columns
    options: CodingOptions
    run: str
    out: Path


Coding = Callable[[_Chunk], "Future[int]"]


def run_bulk(job: BulkJob, *, suggester: Suggester | None = None, show_progress: bool = False) -> RunManifest:
    """Pre-code a file or a folder; nothing stands at `job.out` before all of it does.

    suggester  used in this process instead of loading the job's model in processes of their own.
    Raises BulkError, ReadError or whatever loading the model raises. What was finished by then is kept beside the
    output, and the same job goes on from there, to the same bytes.
    """
    check_job(job)
    with _engine(job, suggester) as (described, code):
        files = source_files(job, described.taxonomy)
        plan = plan_of(job, files, described)
        work = WorkFolder(job.out)
        with work.opened(plan):
            _code_all(job, files, work, code, plan["run"], show_progress=show_progress)
            manifest = assemble(job, files, work, described, plan, show_progress=show_progress)
            work.delete()
    return manifest


def _code_all(
    job: BulkJob, files: Sequence[SourceFile], work: WorkFolder, code: Coding, run: str, *, show_progress: bool
) -> None:
    """Code every chunk that is not finished, a few ahead of the slowest, so that memory stays bounded."""
    waiting: deque[Future[int]] = deque()
    total = sum(file.n_expected for file in files) or None
    with tqdm(desc="Pre-coding", unit="row", total=total, disable=not show_progress) as progress:
        for chunk in _numbered(job, files, run):
            if work.is_finished(chunk.number):
                progress.total = max((progress.total or 0) - len(chunk.rows), 0)  # so that rate and time left are true
                continue
            waiting.append(code(chunk))
            if len(waiting) > 2 * job.workers:
                progress.update(waiting.popleft().result())
        while waiting:
            progress.update(waiting.popleft().result())


def _numbered(job: BulkJob, files: Sequence[SourceFile], run: str) -> Iterator[_Chunk]:
    number = 0
    for index, file in enumerate(files):
        for rows in chunks(file, job.chunk):
            yield _Chunk(number, index, rows, file.columns, job.options, run, job.out)
            number += 1


@contextmanager
def _engine(job: BulkJob, suggester: Suggester | None) -> Iterator[tuple[Described, Coding]]:
    """What the model says of itself, and a way to have a chunk coded."""
    if suggester or job.workers == 1:
        ready = suggester or load_suggester(job.model)
        yield describe(ready), lambda chunk: _at_once(ready, chunk)
        return
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(job.workers, mp_context=spawned, initializer=_prepare) as pool:
        try:
            yield (
                pool.submit(_describe_model, job.model).result(),
                lambda chunk: pool.submit(_code_in_process, job.model, chunk),
            )
        except BrokenProcessPool:
            raise BulkError(
                f"{job.out}: a process was killed, perhaps for want of memory. What is finished is kept: repeat the "
                "same command, with --workers 1 if memory is short."
            ) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _at_once(suggester: Suggester, chunk: _Chunk) -> "Future[int]":
    done: Future[int] = Future()
    done.set_result(_code(suggester, chunk))
    return done


def _code(suggester: Suggester, chunk: _Chunk) -> int:
    coded = RowCoder(suggester, chunk.options, chunk.run).code(chunk.rows, chunk.columns)
    WorkFolder(chunk.out).write_chunk(chunk.number, chunk.file, coded)
    return len(coded)


def _code_in_process(model: Path, chunk: _Chunk) -> int:
    return _code(load_suggester(model), chunk)


def _describe_model(model: Path) -> Described:
    return describe(load_suggester(model))


def _prepare() -> None:
    """Make a process one that codes: on one core, deaf to Ctrl-C, and gone when the one that started it is."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["OMP_NUM_THREADS"] = "1"
    from threadpoolctl import threadpool_limits  # noqa: PLC0415  after the setting that it is about

    threadpool_limits(1)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)
