"""`codesuggest coder`: the first administrator, and whoever else is added on the machine itself."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

app = typer.Typer(help="Add coders on the machine itself.", no_args_is_help=True)


class Role(StrEnum):
    """What a coder may do; each what those before it may."""

    coder = "coder"
    lead = "lead"
    administrator = "administrator"


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Name to sign in with, such as a.khan.")],
    role: Annotated[Role, typer.Option("--role", help="What they may do.")] = Role.coder,
    site: Annotated[str, typer.Option("--site", help="The one site they see.  [default: all]")] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input instead of asking.")
    ] = False,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="None: a trusted proxy signs them in (CODESUGGEST_AUTH=proxy).")
    ] = False,
) -> None:
    """Add a coder; the first administrator is added so.

    Example: codesuggest coder add a.khan --role administrator --no-password
    """
    from codesuggest.settings import settings
    from codesuggest.signin import CoderChange, add_coder
    from codesuggest.store.database import Database
    from codesuggest.store.schema import require_current

    password = None if no_password else _password(from_stdin=password_stdin)
    database = require_current(Database(settings().database_url))
    with database.writing() as session:
        coder = add_coder(session, name, CoderChange(role=role, site=site, password=password), by="command line")
    typer.echo(f"Added {coder.name}, {coder.role}, {f'site {site}' if site else 'all sites'}.")


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
