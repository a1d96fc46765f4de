"""`codesuggest train`."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(train)


def train(
    recipe: Annotated[Path, typer.Argument(help="Recipe: a TOML file such as training/sample.toml.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the model; one that stands there is replaced.")],
) -> None:
    """Train a model on coded incidents, as a recipe says.

    Example: codesuggest train training/sample.toml --out models/starting
    """
    from codesuggest.read import write_skipped
    from codesuggest.registry import save_model
    from codesuggest.train import load_recipe
    from codesuggest.train import train as train_model

    training = train_model(load_recipe(recipe), show_progress=True)
    save_model(training.model, out)
    for file, rows in training.skipped.items():
        listing = write_skipped(out.parent / Path(file).name, rows)
        typer.echo(f"{file}: {len(rows):,} rows unreadable, listed in {listing}.", err=True)
    if training.n_dropped_codes:
        typer.echo(f"Dropped {training.n_dropped_codes:,} codes that the taxonomy does not have.", err=True)
    manifest = training.model.manifest
    typer.echo(
        f"Trained {manifest.name} on {training.n_trained:,} narratives, {len(manifest.axes)} axes; "
        f"{training.n_held_out:,} held out. Model in {out}."
    )
