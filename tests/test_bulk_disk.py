"""A disk that is full at any moment: told in one line, and the same command goes on to the same bytes."""

import errno
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from codesuggest.bulk import BulkJob, run_bulk
from codesuggest.bulk.work import WorkFolder, telling
from codesuggest.errors import BulkError
from codesuggest.suggest import Suggester

CSV = "id,text\n" + "".join(f"{n},CT head done on the wrong patient number {n}\n" for n in range(10))


@pytest.mark.parametrize("n_written", range(1, 7), ids=lambda n: f"after {n}")  # plan, 3 chunks, repeats, manifest
def test_a_disk_that_is_full_at_any_moment_is_told_and_what_is_finished_is_kept(
    n_written: int, tmp_path: Path, job: Callable[..., BulkJob], suggester: Suggester, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "in.csv"
    source.write_text(CSV)
    whole, stopped = job(source, "whole.csv"), job(source, "stopped.csv")
    run_bulk(whole, suggester=suggester)
    fsync, synced = os.fsync, iter(range(100))

    def full(file: int) -> None:
        if next(synced) == n_written:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(file)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(BulkError, match=r"stopped.csv: No space left on device. What is finished is kept"):
            run_bulk(stopped, suggester=suggester)
    assert not stopped.out.exists()
    work = WorkFolder(stopped.out)
    assert [work.is_finished(n) for n in range(3)] == [n < n_written - 1 for n in range(3)]
    run_bulk(stopped, suggester=suggester)
    for name in ("", ".manifest.json", ".repeats.csv"):
        assert Path(f"{stopped.out}{name}").read_bytes() == Path(f"{whole.out}{name}").read_bytes()


def test_a_full_disk_is_told_also_where_the_list_of_rows_meets_it(tmp_path: Path) -> None:
    rows = sqlite3.connect(tmp_path / "rows.sqlite", isolation_level=None)
    rows.execute("CREATE TABLE rows (at TEXT)")
    rows.execute("PRAGMA max_page_count = 2")
    with pytest.raises(BulkError, match="out.csv: No space left on device"), telling(tmp_path / "out.csv"):
        rows.execute("INSERT INTO rows VALUES (?)", ("x" * 100_000,))
    rows.close()


def test_what_is_no_matter_of_the_disk_is_not_taken_for_it(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError), telling(tmp_path / "out.csv"):
        sqlite3.connect(":memory:").execute("SELECT * FROM nothing")
    with pytest.raises(IsADirectoryError), telling(tmp_path / "out.csv"):
        tmp_path.open()
