"""`codesuggest bulk`, `codesuggest bulk sample` and `codesuggest harvest`."""

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from codesuggest.cli import source
from codesuggest.cli.suggesting import ModelOption
from codesuggest.errors import BulkError

if TYPE_CHECKING:
    from codesuggest.bulk import BulkJob
    from codesuggest.intake import ReviewQueue
    from codesuggest.read import Preset

_MOST_WORKERS = 4
_RUN = "run"


class _RunByDefault(TyperGroup):
    """`bulk IN OUT` means `bulk run IN OUT`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """See click.Group."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = [_RUN, *args]
        return super().parse_args(ctx, args)


class Engine(StrEnum):
    """What carries out a bulk run."""

    local = "local"
    spark = "spark"


app = typer.Typer(cls=_RunByDefault, help="Pre-code a file or a folder, and sample it.", no_args_is_help=True)

Out = Annotated[Path, typer.Argument(help="File to write, of the same endings; for a folder, a folder.")]
PresetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--preset",
        help="Kind of export: datix, ulysses, lfpse, ukhsa, or a TOML file. Given again, the first that fits a file.",
    ),
]
KeepFreeText = Annotated[
    bool,
    typer.Option(
        "--keep-free-text",
        help="Write free text as it was read, personal data and all: into the output and, until that is whole, into "
        "the work folder beside it.",
    ),
]
ToQueue = Annotated[
    bool,
    typer.Option(
        "--to-queue", help="Send what needs a person to the review queue of the store (CODESUGGEST_DATABASE_URL)."
    ),
]
Minutes = Annotated[
    float, typer.Option("--minutes", min=0.1, help="Minutes a person takes to code one incident, for the hours saved.")
]


@app.command(_RUN)
def run(
    file: Annotated[Path, typer.Argument(help="A file (.csv, .tsv, .xlsx, .jsonl, .parquet), or a folder of them.")],
    out: Out,
    model: ModelOption = "",
    target: Annotated[
        float, typer.Option("--target", help="Precision of what is decided automatically: 0.9, 0.95 or 0.99.")
    ] = 0.95,
    preset: PresetOption = None,
    write_as: Annotated[
        str, typer.Option("--write-as", help="Preset of a sheet of fixed form to write instead, such as ukhsa.")
    ] = "",
    id_column: source.IdColumn = "id",
    text_column: source.TextColumn = None,
    code_column: source.CodeColumn = None,
    mapping: source.Mapping = None,
    sheet: source.Sheet = "",
    encoding: source.Encoding = "utf-8",
    withhold: Annotated[
        list[str] | None,
        typer.Option(
            "--withhold", help="Column that is not written, such as a name; give it again for each further one."
        ),
    ] = None,
    keep_free_text: KeepFreeText = False,
    workers: Annotated[
        int, typer.Option("--workers", min=0, help="Processes that code. 0: one a core, at most 4.")
    ] = 0,
    minutes: Minutes = 3.0,
    engine: Annotated[Engine, typer.Option("--engine", help="This machine, or Apache Spark (Parquet).")] = Engine.local,
    to_queue: ToQueue = False,
) -> None:
    """Code a file or a folder ahead of people, redacted first; stopped at any moment, the same command goes on.

    Example: codesuggest bulk incidents.csv pre-coded.csv --preset datix --target 0.95
    """
    from codesuggest.bulk import BulkJob, CodingOptions

    job = BulkJob(
        file,
        out,
        _model(model),
        source.columns(mapping, id_column, text_column, code_column, sheet, encoding),
        tuple(map(_preset, preset or ())),
        _preset(write_as) if write_as else None,
        tuple(withhold or ()),
        CodingOptions(target, keep_free_text),
        workers or _workers(),
    )
    _run_on_spark(job, to_queue) if engine is Engine.spark else _run_here(job, minutes, to_queue)


def _run_on_spark(job: "BulkJob", to_queue: bool) -> None:
    from codesuggest.bulk.spark import run_on_spark

    if to_queue:
        raise BulkError("--to-queue is for this machine's engine: leave --engine spark out.")
    n_rows = run_on_spark(job)
    typer.echo(f"Pre-coded {n_rows:,} rows. In {job.out}; none is confirmed.")


def _run_here(job: "BulkJob", minutes: float, to_queue: bool) -> None:
    from codesuggest.bulk import run_bulk
    from codesuggest.report import bulk_report

    queue = _review_queue() if to_queue else None
    typer.echo("Loading the model ... Stopped at any moment, the same command goes on from there.", err=True)
    manifest = run_bulk(job, people=queue, show_progress=True)
    if queue:
        typer.echo(queue.report())
    typer.echo(bulk_report(manifest, str(job.out), minutes))


def _review_queue() -> "ReviewQueue":
    from codesuggest.intake import ReviewQueue
    from codesuggest.settings import settings, shipped

    return ReviewQueue.opened(settings().database_url, settings().protocol or shipped("protocol.toml"))


def _model(model: str) -> Path:
    from codesuggest.registry import find_model
    from codesuggest.settings import settings

    return find_model(settings().models_dir, model or settings().model)


def _workers() -> int:
    from codesuggest.settings import settings

    return settings().threads or min(os.cpu_count() or 1, _MOST_WORKERS)


@app.command()
def sample(
    out: Annotated[Path, typer.Argument(help="A pre-coded output of bulk, its manifest beside it.")],
    to: Annotated[
        Path | None, typer.Option("--to", help="Table to write for reading.  [default: OUT.sample.csv]")
    ] = None,
    read: Annotated[
        Path | None, typer.Option("--read", help="The same table, read: yes or no in every cell asked.")
    ] = None,
) -> None:
    """Draw the sample that a department reads before it accepts a batch; with --read, say what it shows.

    Example: codesuggest bulk sample pre-coded.csv
    """
    from codesuggest.bulk.acceptance import draw_sample, judge_sample, write_sample
    from codesuggest.report import verdict_table

    manifest = _manifest(out)
    if read:
        verdicts = judge_sample(read, out, manifest)
        typer.echo(verdict_table(verdicts))
        if not all(verdict.is_accepted for verdict in verdicts if verdict.n_automatic):
            raise BulkError(f"{out}: not every axis may be accepted. Have the others read by a person, or retrain.")
        return
    place = to or out.with_name(f"{out.name}.sample.csv")
    drawn = draw_sample(out, manifest)
    write_sample(drawn, place)
    asked = ", ".join(f"{axis} {n:,}" for axis, n in drawn.n_asked.items())
    typer.echo(f"{len(drawn.rows):,} incidents to read in {place}. Codes asked about: {asked}.")
    typer.echo(f"Write yes or no in every empty cell, then: codesuggest bulk sample {out} --read {place}")


def register(app: typer.Typer) -> None:
    """Add the command `harvest` to the command line."""
    app.command()(harvest)


def harvest(
    file: Annotated[Path, typer.Argument(help="A file whose narratives hold coding strings.")],
    model: ModelOption = "",
    worst: Annotated[int, typer.Option("--worst", min=1, help="How many contradictions to list.")] = 20,
    preset: PresetOption = None,
    id_column: source.IdColumn = "id",
    text_column: source.TextColumn = None,
    mapping: source.Mapping = None,
    sheet: source.Sheet = "",
    encoding: source.Encoding = "utf-8",
) -> None:
    """Harvest the coding strings of an archive as codes to train on, and list those that cannot be right.

    Example: codesuggest harvest archive.csv --preset datix
    """
    from codesuggest.bulk.harvest import harvest as take
    from codesuggest.bulk.job import file_columns
    from codesuggest.cli.suggesting import load_suggester
    from codesuggest.report import harvest_report

    columns = source.columns(mapping, id_column, text_column, None, sheet, encoding)
    columns, _ = file_columns(file, columns, tuple(map(_preset, preset or ())))
    typer.echo(harvest_report(take(file, load_suggester(model), columns, worst=worst)))


def _preset(name: str) -> "Preset":
    from codesuggest.read import load_preset

    return load_preset(name)


def _manifest(out: Path) -> "dict[str, object]":
    from codesuggest.bulk.assembling import manifest_path

    path = manifest_path(out)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BulkError(f"{path}: missing or damaged. It stands beside every output of bulk; put it back.") from error
    return dict(content)
