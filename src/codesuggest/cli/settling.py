"""`codesuggest adjudicate`."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from codesuggest.errors import ForbiddenError, MissingError, ReadError

if TYPE_CHECKING:
    from codesuggest.domain import Caller, Decision, Taxonomy
    from codesuggest.redact import Redactor
    from codesuggest.store.database import Session

_FileOption = Annotated[
    Path, typer.Argument(help="JSON Lines of id (site/id where there are several), codes (every axis), reason.")
]
_ByOption = Annotated[str, typer.Option("--by", help="The lead who settles them, by the name they sign in with.")]
_TaxonomyOption = Annotated[str, typer.Option("--taxonomy", help="Taxonomy of the codes: a name or a folder.")]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(adjudicate)


def adjudicate(file: _FileOption, by: _ByOption, taxonomy: _TaxonomyOption = "imaging-working-1") -> None:
    """Record what a coding meeting decided on the disagreements of its agenda: all of a file, or nothing.

    A file that was recorded before changes nothing. Reasons are redacted.

    Example: codesuggest adjudicate meeting.jsonl --by a.khan
    """
    from codesuggest.redact import Redactor
    from codesuggest.settings import settings
    from codesuggest.store.database import Database
    from codesuggest.store.schema import require_current
    from codesuggest.taxonomy import load_taxonomy

    rows, scheme = _read(file), load_taxonomy(taxonomy)
    redactor = Redactor().require_measured()
    with (
        closing(require_current(Database(settings().database_url))) as database,
        database.writing() as session,
    ):
        lead = _lead(session, by)
        for row in rows:
            _settle(session, row, lead, scheme, redactor)
    typer.echo(f"Recorded {len(rows):,} adjudications by {lead.name}.")


def _read(path: Path) -> list[dict[str, Any]]:
    from codesuggest.read import Columns
    from codesuggest.read.formats import open_rows

    rows = []
    for number, row in open_rows(path, Columns(), 100):
        if isinstance(row, str) or not (row.get("id") and isinstance(row.get("codes"), dict)):
            raise ReadError(f"{path}, row {number}: expected id, codes and reason, such as the sample's adjudications.")
        rows.append(row)
    if not rows:
        raise ReadError(f"{path}: no adjudication in it.")
    return rows


def _lead(session: "Session", name: str) -> "Caller":
    from codesuggest.domain import Caller
    from codesuggest.store.people import coder_named

    coder = coder_named(session, name)
    if coder is None:
        raise MissingError(f"No coder {name}. Add them: codesuggest coder add {name} --role lead.")
    if coder.role not in ("lead", "administrator") or not coder.is_active:
        raise ForbiddenError(f"{coder.name} is no active lead, and only leads settle disagreements.")
    return Caller(coder.name, coder.role, coder.site, coder.id)


def _settle(
    session: "Session", row: Mapping[str, Any], lead: "Caller", taxonomy: "Taxonomy", redactor: "Redactor"
) -> None:
    from codesuggest.audit.stored import split_name
    from codesuggest.confirm import Sending
    from codesuggest.confirm import adjudicate as record
    from codesuggest.store.incidents import by_reference

    site, reference = split_name(str(row["id"]))
    incident = by_reference(session, site or lead.site, [reference]).get(reference)
    if incident is None:
        raise MissingError(f"No incident {row['id']}. Where the store has several sites, write site/id.")
    key = hashlib.sha256(json.dumps(dict(row), sort_keys=True).encode()).hexdigest()[:32]
    sending = Sending(lead, key, incident.version)
    record(session, incident.id, _decision(row, redactor), sending, taxonomy=taxonomy)


def _decision(row: Mapping[str, Any], redactor: "Redactor") -> "Decision":
    from codesuggest.domain import Decision, Narrative
    from codesuggest.read.cells import split_codes

    codes = {axis: split_codes(given) for axis, given in row["codes"].items()}
    reason = redactor.redact(Narrative(str(row["id"]), str(row.get("reason", "")))).text
    return Decision({axis: given for axis, given in codes.items() if given}, tuple(row.get("unsaid", ())), reason)
