"""`codesuggest models`: which models there are, what the gate says of them, and which one is in use."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from codesuggest.promotion import Change, Shelf

app = typer.Typer(help="List, compare and promote models, and go back.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The model's name, as `codesuggest models list` shows it.")]
By = Annotated[str, typer.Option("--by", help="Who decides; a forced promotion needs it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; a forced promotion needs it.")]


@app.command(name="list")
def list_models() -> None:
    """List the models that are there, which one is in use, and what the gate says of each.

    Example: codesuggest models list
    """
    from codesuggest.report import aligned

    shelf = _shelf()
    aliases = {change.model: change for change in shelf.changes()}
    rows = [["model", "made", "trained on", "taxonomy", "gate", "in use"]]
    for manifest in shelf.manifests():
        since = f"since {aliases[manifest.name].at[:10]}" if manifest.name in aliases else "yes"
        rows.append(
            [
                manifest.name,
                manifest.created[:10],
                f"{int(manifest.data['n']):,}",
                manifest.taxonomy,
                _gate_word(shelf.decision(manifest.name)),
                since if manifest.name == shelf.in_use else "",
            ]
        )
    for line in aligned(rows):
        typer.echo(line)
    typer.echo(f"{len(rows) - 1:,} models in {shelf.folder}; in use: {shelf.in_use or 'none'}.", err=True)


@app.command()
def show(name: Name) -> None:
    """Show a model's card, the gate's decision on it, and when it came into use and went.

    Example: codesuggest models show starting
    """
    from codesuggest.registry import load_manifest
    from codesuggest.settings import settings
    from codesuggest.tracking import run_page

    shelf = _shelf()
    manifest = load_manifest(shelf.folder / name)
    card = shelf.card_file(name)
    if card.is_file():
        typer.echo(card.read_text(encoding="utf-8"))
    else:
        typer.echo(f"{name}: made {manifest.created[:10]}, trained on {int(manifest.data['n']):,} incidents; no card.")
    decision = shelf.decision(name)
    if decision:
        run = decision.get("run", "")
        where = f", {page}" if (page := run_page(settings().tracking_url, run)) else ""
        typer.echo(f"Snapshot {decision['snapshot']}; MLflow run {run or 'none'}{where}.")
        for report in decision.get("reports", ()):
            typer.echo(f"  {report}.html, .md and .json")
    for change in shelf.changes():
        if name in (change.model, change.instead_of):
            typer.echo(_told(change))


@app.command()
def compare(
    name: Name,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the decision, so that `promote` goes by it from now on.")
    ] = False,
) -> None:
    """Compare a model with the one in use again, on the gold of the newest snapshot, and say what the gate finds.

    Example: codesuggest models compare department-20260314-1a2b3c
    """
    from codesuggest.cli.retraining import gate_rules
    from codesuggest.retrain.remaking import compare_again
    from codesuggest.retrain.running import keep_decision
    from codesuggest.settings import settings

    shelf = _shelf()
    with shelf.alone():
        comparison = compare_again(shelf, name, gate_rules(), settings().embedder_dir)
        if keep:
            keep_decision(shelf, name, comparison)
    for finding in comparison.decision.findings:
        typer.echo(("  " if finding.passes else "! ") + finding.words)
    for reason in comparison.decision.reasons:
        typer.echo(reason)
    verdict = "may replace" if comparison.decision.is_promotable else "may not replace"
    typer.echo(f"{name} {verdict} the model in use, {shelf.in_use or 'none'}.")


@app.command()
def remake(name: Name) -> None:
    """Train a model again from its recorded recipe and snapshot, and say whether it ranks as it did; nothing is kept.

    Example: codesuggest models remake department-20260314-1a2b3c
    """
    from codesuggest.errors import ModelError
    from codesuggest.retrain.remaking import remake_and_compare
    from codesuggest.settings import settings

    same, of = remake_and_compare(_shelf(), name, settings().embedder_dir)
    line = f"Made {name} again: all ranks are the same on {same:,} of {of:,} incidents of its snapshot."
    if same < of:
        raise ModelError(f"{line} Other versions of libraries or another processor may be why; see its manifest.")
    typer.echo(line)


@app.command()
def promote(
    name: Name,
    force: Annotated[bool, typer.Option("--force", help="Past the gate, by a named person's word.")] = False,
    by: By = "",
    reason: Reason = "",
) -> None:
    """Put a model in use that the gate lets by; a service that runs follows without dropping a request.

    Example: codesuggest models promote department-20260314-1a2b3c
    """
    from codesuggest.promotion import promote as put_in_use

    shelf = _shelf()
    with shelf.alone():
        change = put_in_use(shelf, name, by=by, reason=reason, is_forced=force)
        typer.echo(_told(change))
        _tell_mlflow(shelf, change)


@app.command()
def rollback(by: By = "", reason: Reason = "") -> None:
    """Put back the model that the one in use replaced; a service that runs follows.

    Example: codesuggest models rollback --by "A. Khan" --reason "pathway overrides doubled"
    """
    from codesuggest.promotion import roll_back

    shelf = _shelf()
    with shelf.alone():
        change = roll_back(shelf, by=by, reason=reason)
        typer.echo(_told(change))
        _tell_mlflow(shelf, change)


def _tell_mlflow(shelf: "Shelf", change: "Change") -> None:
    """MLflow's alias follows the model in use. A MLflow that does not answer changes nothing about that."""
    from codesuggest.cli.retraining import follow_with_alias, tracking_of

    decision: dict[str, Any] = shelf.decision(change.model) or {}
    if "version" not in decision:
        return
    tracking = tracking_of(shelf)
    follow_with_alias(shelf, tracking, change.model)
    tracking.note(
        str(decision["version"]), **{change.kind.replace(" ", "_"): f"{change.at} {change.by} {change.reason}"}
    )


def _told(change: "Change") -> str:
    words = {"promoted": "put in use", "forced": "put in use past the gate", "rolled back": "put back in use"}
    by = f" by {change.by}" if change.by else ""
    why = f": {change.reason}" if change.reason else ""
    return f"{change.at[:16]} {change.model} {words[change.kind]} instead of {change.instead_of or 'none'}{by}{why}"


def _gate_word(decision: dict[str, Any] | None) -> str:
    if decision is None:
        return "not seen"
    return f"{'may' if decision['is_promotable'] else 'may not'} replace {decision['champion'] or 'none'}"


def _shelf() -> "Shelf":
    from codesuggest.promotion import Shelf
    from codesuggest.settings import settings

    return Shelf(Path(settings().models_dir))
