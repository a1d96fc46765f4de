"""`codesuggest drift`."""

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from codesuggest.cli.publishing import Log, Logbook, Report, Suppress, publish, today

if TYPE_CHECKING:
    from codesuggest.domain import Embeddings
    from codesuggest.drift import Watched

_TaxonomyOption = Annotated[str, typer.Option("--taxonomy", help="Taxonomy of the codes: a name or a folder.")]
_MonthsOption = Annotated[int, typer.Option("--months", min=1, max=120, help="How many months back to look.")]
_SiteOption = Annotated[str, typer.Option("--site", help="The one site to look at.  [default: all]")]
_EmbedderOption = Annotated[
    str,
    typer.Option(
        "--embedder", help="What the narratives are compared with: minilm, hashing-128 without weights, or none."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(drift)


def drift(
    taxonomy: _TaxonomyOption = "imaging-working-1",
    months: _MonthsOption = 12,
    site: _SiteOption = "",
    embedder: _EmbedderOption = "minilm",
    report: Report = None,
    suppress: Suppress = 0,
    log: Log = False,
) -> None:
    """Show what changed in the store's months: overrides, codes, scores, words and texts, with alarms in words.

    Example: codesuggest drift --months 24 --embedder none
    """
    from dataclasses import replace

    from codesuggest.domain import Caller
    from codesuggest.drift import observe, watch
    from codesuggest.promotion import Shelf
    from codesuggest.report.drifting import drift_document
    from codesuggest.settings import settings
    from codesuggest.store.database import Database
    from codesuggest.store.log import months_ago
    from codesuggest.store.schema import require_current
    from codesuggest.taxonomy import load_taxonomy

    scheme = load_taxonomy(taxonomy)
    logbook = Logbook.of(Shelf(settings().models_dir).in_use) if log else None
    database = require_current(Database(settings().database_url))
    caller = Caller("command line", "administrator", site)
    with closing(database), database.reading() as session:
        watched = observe(session, caller, scheme, since=months_ago(months).date())
    if embedder != "none":
        watched = replace(watched, vectors=_vectors(watched, embedder))
    found = watch(watched, scheme)
    shown = publish(drift_document(found, scheme, made=today()), report, suppress)
    if logbook:
        logbook.log(shown, "drift")
    typer.echo(
        f"Looked at {sum(found.n):,} incidents of {len(found.months)} months: {len(found.alarms)} alarms.", err=True
    )


def _vectors(watched: "Watched", embedder: str) -> "Embeddings":
    from codesuggest.embed import make_embedder
    from codesuggest.settings import settings

    chosen = make_embedder(embedder, settings().embedder_dir)
    return chosen.embed([observed.value for observed in watched.texts], show_progress=True)
