"""`codesuggest embedder`."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Adapt the embedder to a department.", no_args_is_help=True)


@app.callback()
def embedder() -> None:
    """Adapt the embedder to a department."""


@app.command()
def adapt(
    recipe: Annotated[Path, typer.Argument(help="Recipe whose data, split and embedder are meant; it holds some out.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the adapted embedder; written only if it pays.")],
    minutes: Annotated[float, typer.Option("--minutes", min=0.01, help="Longest time to train for.")] = 10,
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="How often each narrative is seen.")] = 3,
    batch: Annotated[int, typer.Option("--batch", min=4, help="Narratives that are compared at a time.")] = 32,
    learning_rate: Annotated[float, typer.Option("--learning-rate", min=0, help="Size of a step.")] = 2e-5,
) -> None:
    """Adapt the embedder to coded narratives; keep it only if suggestions get better on those held out.

    Example: codesuggest embedder adapt training/department.toml --out models/embedder --minutes 20
    """
    from codesuggest.embed import Adaptation
    from codesuggest.train import load_recipe
    from codesuggest.train.adapting import adapt_embedder, points

    loaded = load_recipe(recipe)
    options = Adaptation(minutes, epochs, batch, learning_rate, loaded.seed)
    found = adapt_embedder(loaded, out, options)
    done = found.adapted
    typer.echo(
        f"Adapted to {done.n_narratives:,} narratives in {done.n_steps:,} steps, {done.seconds:,.0f} s on {done.device}"
        f"{', cut short by --minutes' if done.is_cut else ''}. On {found.n:,} others, gain in points:"
    )
    for name, gain in {**found.gains, **found.axes}.items():
        typer.echo(f"  {name:<22} {points(gain)}")
    if found.against:
        typer.echo(f"Not kept: {'; '.join(found.against)}.")
    else:
        typer.echo(f"Kept, in {out}. In a recipe: embedder.name = 'folder', embedder.folder; then train.")
