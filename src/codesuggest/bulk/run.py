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
from typing import Any, Protocol, TypeVar

from tqdm import tqdm

from codesuggest.bulk.assembling import assemble
from codesuggest.bulk.coding import CodingOptions, RowCoder
from codesuggest.bulk.for_people import Leftover, PeopleQueue, send_leftover
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


Item = TypeVar("Item")
Made = TypeVar("Made")


class Engine(Protocol):
    """Has something done with the model, in a process that has it loaded."""

    def __call__(self, work: Callable[[Suggester, Item], Made], item: Item) -> "Future[Made]":
        """What `work` makes of the item, once it is done."""
        ...


def run_bulk(
    job: BulkJob,
    *,
    suggester: Suggester | None = None,
    people: PeopleQueue | None = None,
    show_progress: bool = False,
) -> RunManifest:
    """Pre-code a file or a folder; nothing stands at `job.out` before all of it does.

    suggester  used in this process instead of loading the job's model in processes of their own.
    people     where what needs a person is sent before the output appears; repeated, everything is sent again.
    Raises BulkError, ReadError or whatever loading the model raises. What was finished by then is kept beside the
    output, and the same job goes on from there, to the same bytes.
    """
    check_job(job)
    with _engine(job, suggester) as (described, engine):
        files = source_files(job, described.taxonomy)
        plan = plan_of(job, files, described)
        work = WorkFolder(job.out)
        with work.opened(plan):
            _code_all(job, files, work, engine, plan["run"], show_progress=show_progress)
            if people:
                _send_all(job, files, work, engine, people, show_progress=show_progress)
            manifest = assemble(job, files, work, described, plan, show_progress=show_progress)
            work.delete()
    return manifest


def _code_all(
    job: BulkJob, files: Sequence[SourceFile], work: WorkFolder, engine: Engine, run: str, *, show_progress: bool
) -> None:
    """Code every chunk that is not finished."""
    total = sum(file.n_expected for file in files) or None
    with tqdm(desc="Pre-coding", unit="row", total=total, disable=not show_progress) as progress:

        def begun() -> Iterator[Future[int]]:
            for chunk in _numbered(job, files, run):
                if work.is_finished(chunk.number):  # left out of the total too, so that rate and time left are true
                    progress.total = max((progress.total or 0) - len(chunk.rows), 0)
                else:
                    yield engine(_code, chunk)

        for n_rows in _a_few_ahead(begun(), job.workers):
            progress.update(n_rows)


def _send_all(
    job: BulkJob,
    files: Sequence[SourceFile],
    work: WorkFolder,
    engine: Engine,
    people: PeopleQueue,
    *,
    show_progress: bool,
) -> None:
    """Send what is for people in every chunk."""
    finished = tqdm(list(work.chunks()), desc="Sending to the queue", unit="chunk", disable=not show_progress)
    leftovers = (Leftover(chunk, files[chunk.file].columns, people.send) for chunk in finished)
    for outcome in _a_few_ahead((engine(send_leftover, leftover) for leftover in leftovers), job.workers):
        people.sent(outcome)


def _a_few_ahead(begun: "Iterator[Future[Made]]", workers: int) -> Iterator[Made]:
    """What is made, in order, with a few begun ahead of the slowest, so that memory stays bounded."""
    waiting: deque[Future[Made]] = deque()
    for future in begun:
        waiting.append(future)
        if len(waiting) > 2 * workers:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _numbered(job: BulkJob, files: Sequence[SourceFile], run: str) -> Iterator[_Chunk]:
    number = 0
    for index, file in enumerate(files):
        for rows in chunks(file, job.chunk):
            yield _Chunk(number, index, rows, file.columns, job.options, run, job.out)
            number += 1


@contextmanager
def _engine(job: BulkJob, suggester: Suggester | None) -> Iterator[tuple[Described, Engine]]:
    """What the model says of itself, and a way to have something done with it."""
    if suggester or job.workers == 1:
        ready = suggester or load_suggester(job.model)
        yield describe(ready), lambda work, item: _at_once(work, ready, item)
        return
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(job.workers, mp_context=spawned, initializer=_prepare) as pool:
        try:
            described = [pool.submit(_describe_model, job.model) for _ in range(job.workers)]  # all load at once
            yield (
                described[0].result(),
                lambda work, item: pool.submit(_with_model, job.model, work, item),
            )
        except BrokenProcessPool:
            raise BulkError(
                f"{job.out}: a process was killed, perhaps for want of memory. What is finished is kept: repeat the "
                "same command, with --workers 1 if memory is short."
            ) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _at_once(work: Callable[[Suggester, Item], Made], suggester: Suggester, item: Item) -> "Future[Made]":
    from threadpoolctl import threadpool_limits  # noqa: PLC0415  with the model

    done: Future[Made] = Future()
    with threadpool_limits(1, "blas"):  # as processes have it: another number of threads rounds otherwise
        done.set_result(work(suggester, item))
    return done


def _with_model(model: Path, work: Callable[[Suggester, Any], Made], item: object) -> Made:
    return work(load_suggester(model), item)


def _code(suggester: Suggester, chunk: _Chunk) -> int:
    coded = RowCoder(suggester, chunk.options, chunk.run).code(chunk.rows, chunk.columns)
    WorkFolder(chunk.out).write_chunk(chunk.number, chunk.file, coded)
    return len(coded)


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
