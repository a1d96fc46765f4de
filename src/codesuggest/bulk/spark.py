"""The same pre-coding on Apache Spark: Parquet in, Parquet out. Spark schedules and retries; nothing here does.

Each Python worker loads the model once, and codes the rows it is given as the local engine would. Only ids are
shuffled, to find those that occur twice: Spark keeps what it shuffles on disk, where no raw narrative may be.
"""

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codesuggest.bulk.coding import CodingOptions, RowCoder, as_text, coding_columns, model_digest
from codesuggest.bulk.job import BulkJob, check_places, job_columns, load_suggester
from codesuggest.bulk.writing import put_in_place
from codesuggest.errors import BulkError
from codesuggest.read import Columns, SourceRow, source_row
from codesuggest.read.formats import arrow_cells
from codesuggest.taxonomy import load_taxonomy

if TYPE_CHECKING:
    import pyarrow
    from pyspark.sql import DataFrame, SparkSession

_FILE, _ROW, _FIRST = "__file", "__row", "__first"
_BATCH_ROWS = 512


@dataclass(frozen=True, slots=True)
class SparkCoding:
    """What a Spark worker needs to code rows: paths and names only, so that a task stays small."""

    model: Path
    columns: Columns
    options: CodingOptions
    run: str
    names: tuple[str, ...]


def run_on_spark(job: BulkJob, spark: "SparkSession | None" = None) -> int:
    """Pre-code a Parquet file or a folder of them, partitioned or not, into a folder; returns the number of rows.

    spark  the session to use; a local one with a thread for each of the job's workers if there is none.
    Raises BulkError, ReadError or ModelError before anything is started; the output appears when it is whole.
    """
    check_places(job)
    coded, partitions = coded_frame(spark or local_session(job.workers), job)
    beside = job.out.with_name(f".{job.out.name}.spark")
    coded.write.mode("overwrite").partitionBy(*partitions).parquet(str(beside))
    n_rows = coded.sparkSession.read.parquet(str(beside)).count()
    put_in_place(beside, job.out)
    return int(n_rows)


def coded_frame(spark: "SparkSession", job: BulkJob) -> "tuple[DataFrame, list[str]]":
    """The rows of the job's Parquet, pre-coded, as a data frame that nothing was done for yet; and the columns that
    the Parquet is partitioned by.
    """
    columns, header = job_columns(job, _first_file(job.source))
    taxonomy = load_taxonomy(job.model / "taxonomy")
    if taken := sorted(set(header) & set(coding_columns(taxonomy))):
        raise BulkError(f"{job.source}: has a column '{taken[0]}' already. Is it an output of bulk? Give the original.")
    rows = _numbered(spark.read.parquet(str(job.source)), columns.id)
    left_out = {_ROW, _FIRST, *columns.withhold, *(() if job.options.keep_text else columns.text)}
    carried = [name for name in rows.columns if name not in left_out]
    names = (*carried, *coding_columns(taxonomy))
    coding = SparkCoding(job.model.resolve(), columns, job.options, _run(job), names)
    coded = rows.mapInArrow(_code_batches(coding), ", ".join(f"`{name}` string" for name in names))
    return coded, [name for name in carried if name not in header]


def local_session(workers: int) -> "SparkSession":
    """Spark on this machine. Raises BulkError if pyspark or Java is missing."""
    try:
        from pyspark.errors import PySparkException  # noqa: PLC0415  an optional extra
        from pyspark.sql import SparkSession  # noqa: PLC0415
    except ImportError as error:
        raise BulkError("Spark needs pyspark: pip install 'codesuggest[spark]'.") from error
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = (
        SparkSession.builder.master(f"local[{workers}]").appName("codesuggest").config("spark.ui.enabled", "false")
    )
    builder = builder.config(
        "spark.sql.files.openCostInBytes", 0
    )  # so that small files are shared out, not put together
    try:
        return builder.config("spark.sql.execution.arrow.maxRecordsPerBatch", _BATCH_ROWS).getOrCreate()
    except PySparkException as error:
        raise BulkError("Spark needs Java 17 or later, such as Debian's openjdk-17-jre-headless.") from error


def _numbered(rows: "DataFrame", id_column: str) -> "DataFrame":
    """The rows, each with its number in its file and the number of the first row there that has the same id."""
    from pyspark.sql import Window  # noqa: PLC0415
    from pyspark.sql import functions as f  # noqa: PLC0415

    places = (f.col("_metadata.file_path").alias(_FILE), (f.col("_metadata.row_index") + 1).alias(_ROW))
    ids = rows.select(*places, f.trim(f.col(id_column).cast("string")).alias("id"))
    first = f.min(_ROW).over(Window.partitionBy(_FILE, "id"))
    again = ids.withColumn(_FIRST, first).where(f.col(_FIRST) != f.col(_ROW)).drop("id")
    return rows.select("*", *places).join(f.broadcast(again), [_FILE, _ROW], "left").drop(_FILE)


def _code_batches(coding: SparkCoding) -> "Callable[[Iterable[pyarrow.RecordBatch]], Iterator[pyarrow.RecordBatch]]":
    def code(batches: "Iterable[pyarrow.RecordBatch]") -> "Iterator[pyarrow.RecordBatch]":
        import pyarrow  # noqa: PLC0415

        coder = RowCoder(load_suggester(coding.model), coding.options, coding.run)
        schema = pyarrow.schema([(name, pyarrow.string()) for name in coding.names])
        for batch in batches:
            coded = coder.code([_source_row(row, coding.columns) for row in batch.to_pylist()], coding.columns)
            cells = [{name: as_text(row.cells.get(name)) for name in coding.names} for row in coded]
            yield pyarrow.RecordBatch.from_pylist(cells, schema=schema)

    return code


def _source_row(row: dict[str, Any], columns: Columns) -> SourceRow:
    number, first = row.pop(_ROW), row.pop(_FIRST)
    return source_row(number, arrow_cells(row), columns, lambda *_: first or number)


def _first_file(source: Path) -> Path:
    files = [source] if source.is_file() else sorted(source.rglob("*.parquet"))
    if not files or files[0].suffix.lower() != ".parquet":
        raise BulkError(f"{source}: no Parquet. Spark reads Parquet only; other formats have the local engine.")
    return files[0]


def _run(job: BulkJob) -> str:
    plan = [job.source.name, model_digest(job.model), asdict(job.options)]
    return hashlib.sha256(json.dumps(plan).encode()).hexdigest()[:12]
