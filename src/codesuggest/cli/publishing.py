"""Where a report goes: to files, to the terminal, and to MLflow beside the model that it measured."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codesuggest.errors import TrackingError

if TYPE_CHECKING:
    from codesuggest.promotion import Shelf
    from codesuggest.report.document import Document
    from codesuggest.tracking import Tracking

Report = Annotated[
    list[Path] | None,
    typer.Option(
        "--report",
        help="File to write the report to, ending in .html, .md or .json; give it again for more.  "
        "[default: printed as Markdown]",
    ),
]
Suppress = Annotated[
    int,
    typer.Option(
        "--suppress", min=0, help="Withhold counts under this, and single incidents, for a report that leaves. 0: none."
    ),
]
Log = Annotated[
    bool,
    typer.Option("--log", help="Log the report to the model's MLflow run too, without single incidents and people."),
]


@dataclass(frozen=True, slots=True)
class Logbook:
    """The MLflow run of a model, to which reports about it are added."""

    shelf: "Shelf"
    tracking: "Tracking"
    model: str
    run: str

    @classmethod
    def of(cls, model: str) -> "Logbook":
        """Raises TrackingError if the model has no run, or if MLflow is missing or does not answer."""
        from codesuggest.cli.retraining import tracking_of
        from codesuggest.promotion import Shelf
        from codesuggest.settings import settings

        shelf = Shelf(Path(settings().models_dir))
        run = (shelf.decision(model) or {}).get("run") if model else None
        if not run:
            raise TrackingError(
                f"{model or 'No model is in use'}: no MLflow run to log to. Only models that `codesuggest retrain` "
                "made have one; leave out --log."
            )
        return cls(shelf, tracking_of(shelf), model, str(run))

    def log(self, document: "Document", kind: str) -> None:
        """Add a report to the run, in every form, and keep with the gate's decision what it is called there."""
        from codesuggest.report.document import impersonal
        from codesuggest.report.printing import in_every_form
        from codesuggest.tracking import run_page

        name = f"reports/{kind}-{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}"
        self.tracking.attach(self.run, in_every_form(impersonal(document), name))
        self.shelf.note_report(self.model, name)
        page = run_page(self.tracking.url, self.run)
        typer.echo(f"Logged as {name} to MLflow run {self.run}{f', {page}' if page else ''}.", err=True)


def publish(document: "Document", report: Sequence[Path] | None, suppress: int) -> "Document":
    """Write the report to each file named, or print it; with small counts withheld if asked for. Returns it so."""
    from codesuggest.report.document import suppressed
    from codesuggest.report.printing import to_markdown, write_report

    document = suppressed(document, under=suppress) if suppress else document
    for path in report or ():
        typer.echo(f"Report in {write_report(document, path)}.", err=True)
    if not report:
        typer.echo(to_markdown(document), nl=False)
    return document


def today() -> str:
    """The date of a report."""
    return dt.datetime.now(dt.UTC).date().isoformat()
