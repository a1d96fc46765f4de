"""`codesuggest taxonomy crosswalk ...`."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codesuggest.cli import source

if TYPE_CHECKING:
    from codesuggest.suggest import Suggester
    from codesuggest.taxonomy import Crosswalk

app = typer.Typer(help="Move codes from one taxonomy to another.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="Crosswalk: a TOML file as annotation/crosswalk/README.md describes it.")]
RankedBy = Annotated[
    str,
    typer.Option(
        "--ranked-by",
        help="Model of the new taxonomy that ranks what a person chooses from.  [default: one made of its wording]",
    ),
]
EmbedderName = Annotated[
    str, typer.Option("--embedder", help="For the model made of the wording: minilm, or hashing-128 without weights.")
]


@app.command()
def check(crosswalk: File) -> None:
    """Check a crosswalk, and show how every code moves.

    Example: codesuggest taxonomy crosswalk check annotation/crosswalk/example/crosswalk.toml
    """
    kinds = _load(crosswalk).kinds()
    told = {
        "renamed": "move by themselves",
        "split": "became several: a lead decides",
        "retired": "retired",
        "new": "new: only people give them",
        "reworded": "keep themselves, with other words: is it still the same code?",
    }
    for kind, words in told.items():
        found = getattr(kinds, kind)
        typer.echo(f"{len(found)} {words}")
        for line in found:
            typer.echo(f"  {line}")
    typer.echo(f"{len(kinds.same)} keep themselves. {_load(crosswalk).name}: sound.")


@app.command()
def apply(
    crosswalk: File,
    coded: Annotated[Path, typer.Argument(help="Coded narratives.")],
    out: Annotated[Path, typer.Option("--out", help="JSON Lines file to write, ready to train on.")],
    ranked_by: RankedBy = "",
    embedder: EmbedderName = "minilm",
    id_column: source.IdColumn = "id",
    text_column: source.TextColumn = None,
    code_column: source.CodeColumn = None,
    mapping: source.Mapping = None,
    sheet: source.Sheet = "",
    encoding: source.Encoding = "utf-8",
) -> None:
    """Apply a crosswalk to a file; what a person decides goes to OUT.queue.jsonl, with ranked proposals.

    Example: codesuggest taxonomy crosswalk apply crosswalk.toml incidents.jsonl --out moved.jsonl
    """
    from codesuggest.crosswalk import move_file
    from codesuggest.redact import Redactor

    loaded = _load(crosswalk)
    columns = source.columns(mapping, id_column, text_column, code_column, sheet, encoding)
    rows = list(source.read_source(str(coded), columns, loaded.old))
    queue = out.with_suffix(".queue.jsonl")
    redactor = Redactor().require_measured()
    done = move_file(loaded, rows, redactor, _ranker(loaded, ranked_by, embedder), moved=out, queue=queue)
    for code, n in done.retired.items():
        typer.echo(f"{code}: retired, left out of {n:,}.", err=True)
    skipped = done.skipped
    listed = f"; {len(skipped):,} unreadable, {source.list_skipped(str(coded), skipped)}" if skipped else ""
    typer.echo(
        f"Moved {done.n_moved:,} of {len(rows):,} narratives to {loaded.new.name}, in {out}; {done.n_queued:,} wait "
        f"for a person, in {queue}{listed}."
    )


@app.command()
def move(
    crosswalk: File,
    by: Annotated[str, typer.Option("--by", help="The lead in whose name it is done.")],
    ranked_by: RankedBy = "",
    embedder: EmbedderName = "minilm",
) -> None:
    """Move the store's settled codes; what a person decides waits for a lead, with ranked proposals.

    Stop the service first, and back up; then serve a model of the new taxonomy. Old codings stay as they are.

    Example: codesuggest taxonomy crosswalk move crosswalk.toml --by a.khan
    """
    from codesuggest.crosswalk import move_store
    from codesuggest.settings import settings
    from codesuggest.store.database import Database
    from codesuggest.store.schema import require_current

    loaded = _load(crosswalk)
    database = require_current(Database(settings().database_url))
    with closing(database):
        done = move_store(database, loaded, _ranker(loaded, ranked_by, embedder), by=by)
    for id, reason in done.refused.items():
        typer.echo(f"Incident {id}: {reason}", err=True)
    typer.echo(
        f"{loaded.name}: moved {done.n_moved:,} incidents; {done.n_queued:,} wait for a lead; {len(done.refused):,} "
        "could not be moved."
    )


def _load(path: Path) -> "Crosswalk":
    from codesuggest.taxonomy import load_crosswalk

    return load_crosswalk(path)


def _ranker(crosswalk: "Crosswalk", model: str, embedder: str) -> "Suggester | None":
    """The model named, or one of nothing but the new taxonomy's wording; none where its codes are not listed."""
    from codesuggest.cli.suggesting import load_suggester
    from codesuggest.embed import make_embedder
    from codesuggest.settings import settings
    from codesuggest.suggest import Suggester
    from codesuggest.train import Recipe, train
    from codesuggest.train.recipe import DataPart

    if model:
        return load_suggester(model)
    if not all(crosswalk.new.assignable.values()):
        typer.echo(f"{crosswalk.new.name} lists no codes: proposals come in the crosswalk's order.", err=True)
        return None
    chosen = make_embedder(embedder, settings().embedder_dir)
    recipe = Recipe(name=f"wording-of-{crosswalk.new.name}", taxonomy=crosswalk.new_source, data=DataPart())
    return Suggester(train(recipe, embedder=chosen).model, chosen)
