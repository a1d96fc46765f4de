"""`codesuggest serve`."""

from typing import Annotated

import typer

from codesuggest.cli.suggesting import ModelOption, load_suggester


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(serve)


def serve(
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on.  [default: CODESUGGEST_HOST, 127.0.0.1]")
    ] = "",
    port: Annotated[int, typer.Option("--port", help="Port to listen on.  [default: CODESUGGEST_PORT, 8000]")] = 0,
    model: ModelOption = "",
) -> None:
    """Serve suggestions over HTTP, on this machine only unless told otherwise.

    Example: codesuggest serve --port 8000
    """
    import uvicorn

    from codesuggest.settings import settings
    from codesuggest.web import create_app

    chosen = settings()
    uvicorn.run(
        create_app(load_suggester(model), chosen),
        host=host or chosen.host,
        port=port or chosen.port,
        log_level=chosen.log_level,
        access_log=False,
        server_header=False,
    )
