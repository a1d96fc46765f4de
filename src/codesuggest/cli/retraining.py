"""`codesuggest retrain`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from codesuggest.promotion import Shelf
    from codesuggest.protocol import GateRules
    from codesuggest.retrain import Retrained
    from codesuggest.store.database import Database
    from codesuggest.tracking import Tracking


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(retrain)


def retrain(
    recipe: Annotated[Path, typer.Argument(help="Recipe: a TOML file such as training/retrain.toml.")],
    promote: Annotated[bool, typer.Option("--promote", help="Put the model in use if the gate lets it by.")] = False,
    store: Annotated[
        bool, typer.Option("--store/--no-store", help="Learn from the store's confirmations, or from files only.")
    ] = True,
) -> None:
    """Train a model on what is confirmed, compare it with the one in use, and record the run in MLflow.

    Example: codesuggest retrain training/retrain.toml
    """
    from codesuggest.promotion import Shelf
    from codesuggest.promotion import promote as put_in_use
    from codesuggest.retrain import Surroundings, load_retrain_recipe
    from codesuggest.retrain import retrain as retrain_model
    from codesuggest.retrain.recording import record
    from codesuggest.settings import settings

    chosen, wanted = settings(), load_retrain_recipe(recipe)
    shelf = Shelf(chosen.models_dir)
    with shelf.alone():
        tracking = tracking_of(shelf)
        database = _database() if store else None
        around = Surroundings(
            shelf,
            gate_rules(),
            database,
            chosen.embedder_dir,
            n_jobs=n_jobs(),
            tell=lambda words: typer.echo(words, err=True),
            is_watched=True,
        )
        if database is not None:
            forget_what_is_gone(shelf, database)
        retrained = retrain_model(wanted, around)
        record(retrained, shelf, tracking)
        if promote and retrained.comparison.decision.is_promotable:
            put_in_use(shelf, retrained.name, reason="retrain --promote")
        follow_with_alias(shelf, tracking, shelf.in_use)  # whoever put it in use may have been killed before
    _account(retrained, shelf)


def tracking_of(shelf: "Shelf") -> "Tracking":
    """MLflow as the settings say. Raises TrackingError if it does not answer."""
    from codesuggest.settings import settings
    from codesuggest.tracking import Tracking, local_url

    return Tracking(settings().tracking_url or local_url(shelf.folder))


def gate_rules() -> "GateRules | None":
    """The gate's rules of the protocol in use."""
    from codesuggest.protocol import load_protocol
    from codesuggest.settings import settings, shipped

    return load_protocol(settings().protocol or shipped("protocol.toml")).gate


def n_jobs() -> int:
    """How many trainings go on at a time."""
    import os

    from codesuggest.settings import settings

    return settings().threads or os.cpu_count() or 1


def follow_with_alias(shelf: "Shelf", tracking: "Tracking", model: str) -> None:
    """Have MLflow's alias `champion` follow the model in use, if MLflow knows it."""
    decision = shelf.decision(model) or {}
    if version := decision.get("version"):
        tracking.alias("champion", str(version))


def _database() -> "Database":
    from codesuggest.settings import settings
    from codesuggest.store.database import Database
    from codesuggest.store.schema import require_current

    return require_current(Database(settings().database_url))


def forget_what_is_gone(shelf: "Shelf", database: "Database") -> None:
    """Take out of the snapshots what the store has erased, or has mended because redaction had missed something; and
    whatever was left half-written."""
    from codesuggest.snapshot import forget
    from codesuggest.store.learning import erased_and_current

    shelf.clear_half_written()
    with database.reading() as session:
        erased, current = erased_and_current(session)
    if gone := forget(shelf.snapshots, erased, current):
        typer.echo(f"{gone:,} narratives that were erased or mended since are gone from the snapshots.", err=True)


def _account(retrained: "Retrained", shelf: "Shelf") -> None:
    decision, data = retrained.comparison.decision, retrained.model.manifest.data
    n_gold = len(retrained.learner.snapshot.gold)
    for reason in decision.reasons:
        typer.echo(reason)
    left_out = ", ".join(f"{n:,} {why}" for why, n in retrained.collected.left_out.items()) or "none"
    held = len(retrained.learner.snapshot.incidents) - int(data["n"]) - n_gold
    typer.echo(
        f"Trained {retrained.name} on {int(data['n']):,} incidents, {float(data['accepted_share']):.0%} of the labels "
        f"accepted suggestions; {n_gold:,} gold, {held:,} too like gold; left out: {left_out}."
    )
    verdict = "may replace" if decision.is_promotable else "may not replace"
    typer.echo(f"It {verdict} the model in use, {shelf.in_use or 'none'}. Card: {shelf.card_file(retrained.name)}.")
