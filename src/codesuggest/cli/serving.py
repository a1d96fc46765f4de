"""`codesuggest serve`."""

from typing import Annotated

import typer

from codesuggest.cli.suggesting import ModelOption, load_suggester
from codesuggest.errors import SettingsError

_GRACE_S = 30
"""How long requests under way may go on when the service is told to stop."""


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
    """Serve suggestions over HTTP, and with CODESUGGEST_AUTH set, the store and its reviewers.

    Where no model is named, the service follows the one in use: another that is promoted takes over.

    Example: codesuggest serve --port 8000
    """
    import uvicorn

    from codesuggest.settings import settings
    from codesuggest.web import create_app

    chosen = settings()
    address = host or chosen.host
    if chosen.auth == "none" and address not in ("127.0.0.1", "localhost", "::1"):
        raise SettingsError(f"{address}: without log-in this machine only is served. Set CODESUGGEST_AUTH=password.")
    uvicorn.run(
        create_app(load_suggester(model), chosen, is_following=not (model or chosen.model)),
        host=address,
        port=port or chosen.port,
        log_level=chosen.log_level,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
