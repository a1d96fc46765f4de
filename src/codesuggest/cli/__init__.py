"""The command line: each command parses, calls one function and prints. Heavy imports stay inside commands."""

import os
import sys
import traceback
from types import TracebackType

import typer

from codesuggest.cli import (
    agreeing,
    auditing,
    bulking,
    coders,
    databases,
    drifting,
    embedders,
    erasing,
    evaluating,
    managing,
    redacting,
    redactions,
    retraining,
    serving,
    settling,
    suggesting,
    taxonomies,
    training,
    trending,
)
from codesuggest.errors import CodesuggestError

app = typer.Typer(
    name="codesuggest",
    help="Read the narratives of patient-safety incidents and suggest their codes. A suggestion never decides.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for module in (
    *(suggesting, redacting, bulking, training, retraining, evaluating, agreeing),
    *(auditing, settling, trending, drifting, serving, erasing),
):
    module.register(app)
app.add_typer(managing.app, name="models")
app.add_typer(bulking.app, name="bulk")
app.add_typer(embedders.app, name="embedder")
app.add_typer(redactions.app, name="redaction")
app.add_typer(databases.app, name="db")
app.add_typer(coders.app, name="coder")
app.add_typer(taxonomies.app, name="taxonomy")


def main() -> None:
    """Run the command line: exit 0, 1 for what the user can put right, 2 for wrong usage."""
    _silence_telemetry()
    sys.excepthook = _report_crash
    try:
        typer.main.get_command(app)()  # calling app itself would put typer's hook, which prints values, over ours
    except CodesuggestError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(1)


def _silence_telemetry() -> None:
    """Nothing is sent or fetched by any dependency."""
    for variable in ("DO_NOT_TRACK", "HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "TRANSFORMERS_OFFLINE"):
        os.environ.setdefault(variable, "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def _report_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A fault of ours: where it happened, and nothing of the values, which may hold a narrative."""
    if issubclass(kind, KeyboardInterrupt):
        typer.echo("Stopped.", err=True)
        return
    del error
    where = [f"{os.path.basename(f.filename)}:{f.lineno} in {f.name}" for f in traceback.extract_tb(trace)[-5:]]
    typer.echo(f"Internal error ({kind.__name__}). Please report it with these lines:", err=True)
    for line in where:
        typer.echo(f"  {line}", err=True)
