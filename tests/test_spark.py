"""Spark: the same rows and codes as the local engine, on several executors, one of which is killed."""

import os
import shutil
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from codesuggest.bulk import BulkJob, run_bulk
from codesuggest.bulk.spark import run_on_spark
from codesuggest.errors import BulkError
from codesuggest.suggest import Suggester

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("java"), reason="Spark needs Java"),
    pytest.mark.filterwarnings("ignore"),
]
N_ROWS = 1_200


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """Two executors, each a Java process of its own with Python workers of its own."""
    pytest.importorskip("pyspark")
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local-cluster[2,1,1024]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.sql.files.maxPartitionBytes", 6_000).config("spark.sql.files.openCostInBytes", 0)
    builder = builder.config("spark.sql.shuffle.partitions", 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session = builder.getOrCreate()
    yield session
    session.stop()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Partitioned Parquet; one id occurs twice, one narrative is empty."""
    text = "CT head done on the wrong patient, wristband not checked, bay {}"
    for year in (2024, 2025):
        rows = [{"id": f"{year}-{n}", "text": text.format(n), "site": "north"} for n in range(N_ROWS // 2)]
        rows[7]["id"], rows[9]["text"] = rows[3]["id"], ""
        path = tmp_path / "in" / f"year={year}" / "part.parquet"
        path.parent.mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=50)
    return tmp_path / "in"


def rows_of(folder: Path) -> list[dict[str, Any]]:
    rows = pq.read_table(folder).to_pylist()
    left_out = ("coding_run", "year")
    return sorted(
        ({name: value for name, value in row.items() if name not in left_out} for row in rows),
        key=lambda row: (row["id"], int(row["source_row"])),
    )


def test_spark_gives_the_rows_and_codes_of_the_local_engine(
    spark: Any, archive: Path, model_dir: Path, suggester: Suggester
) -> None:
    local, there = archive.with_name("local"), archive.with_name("spark")
    run_bulk(BulkJob(archive, local, model_dir), suggester=suggester)
    assert run_on_spark(BulkJob(archive, there, model_dir), spark) == N_ROWS
    assert rows_of(there) == rows_of(local)
    assert sorted(path.name for path in there.iterdir() if path.is_dir()) == ["year=2024", "year=2025"]
    assert [row["coding_status"] for row in rows_of(there)].count("unreadable") == 4


def test_an_executor_that_is_killed_is_made_up_for(spark: Any, archive: Path, model_dir: Path) -> None:
    there = archive.with_name("spark")
    killed: list[int] = []

    def kill_one() -> None:
        while not killed:
            time.sleep(0.02)
            if archive.with_name(".spark.spark").joinpath("_temporary").exists():
                for process in psutil.Process().children(recursive=True):
                    with suppress(psutil.NoSuchProcess):  # others come and go meanwhile
                        if not killed and "CoarseGrainedExecutorBackend" in " ".join(process.cmdline()):
                            process.kill()
                            killed.append(process.pid)

    killer = threading.Thread(target=kill_one, daemon=True)
    killer.start()
    assert run_on_spark(BulkJob(archive, there, model_dir), spark) == N_ROWS
    assert killed
    assert len(rows_of(there)) == N_ROWS


def test_what_is_not_parquet_is_for_the_local_engine(tmp_path: Path, model_dir: Path) -> None:
    (tmp_path / "in.csv").write_text("id,text\n1,x\n")
    with pytest.raises(BulkError, match="Spark reads Parquet only"):
        run_on_spark(BulkJob(tmp_path / "in.csv", tmp_path / "out", model_dir), spark="not asked")  # type: ignore[arg-type]
