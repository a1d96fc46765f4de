"""Pages to look incidents up: search, one incident with its decisions."""

import re
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from codesuggest.domain import Caller, Codes, Taxonomy
from codesuggest.erase import TYPES
from codesuggest.errors import CodingStringError
from codesuggest.review import may_see_suggestions
from codesuggest.store.history import codes_of
from codesuggest.store.incidents import incident_of
from codesuggest.taxonomy import write_coding_string
from codesuggest.web import reviewing
from codesuggest.web.adjudicating import put_back
from codesuggest.web.incidents import (
    FileQuery,
    SearchQuery,
    list_incidents,
    one_incident,
    receive_file,
    receive_one,
)
from codesuggest.web.pages.forms import Sent, shaped
from codesuggest.web.pages.narrative import pieces
from codesuggest.web.pages.show import go, page_router, show
from codesuggest.web.service import Service
from codesuggest.web.shapes import IncidentId, IncidentIn, VersionIn
from codesuggest.web.stateless import Serving
from codesuggest.web.who import May

router = page_router()
Coder = Annotated[Caller, Depends(May("coder"))]
FILE_PAGE = "/incidents/new/file"
Lead = Annotated[Caller, Depends(May("lead"))]


@router.get("/incidents")
def found(query: Annotated[SearchQuery, Query()], request: Request, service: Serving, caller: Coder) -> HTMLResponse:
    """Incidents that match, newest first."""
    return show(request, "incidents.html", caller, query=query, **_listed(query, service, caller))


@router.get("/incidents/new")
def to_send(request: Request, caller: Lead) -> HTMLResponse:
    """Forms to send one incident in, or a file of them."""
    return _new(request, caller)


@router.post("/incidents/new")
def sent_in(request: Request, fields: Sent, service: Serving, caller: Lead) -> HTMLResponse:
    """What became of it. The narrative as it was sent is on no page again."""
    wanted = {"id": fields.one("reference").strip(), "text": fields.one("text"), "site": fields.one("site").strip()}
    dates = {name: fields.one(name) for name in ("occurred", "reported") if fields.one(name)}
    body = shaped(IncidentIn, wanted | dates)
    return _new(request, caller, received=receive_one(body, service, caller), reference=body.id)


@router.post(FILE_PAGE)
def file_sent_in(request: Request, fields: Sent, service: Serving, caller: Lead) -> HTMLResponse:
    """What became of each incident of a file."""
    file = fields.file("file")
    columns = [name.strip() for name in fields.one("text_column").split(",")]
    name = re.sub(r"[^\w. -]", "_", file.name)[-100:]
    query = shaped(FileQuery, {"name": name, "id_column": fields.one("id_column").strip(), "text_column": columns})
    return _new(request, caller, of_file=receive_file(file.content, query, service, caller))


def _new(request: Request, caller: Caller, **outcome: Any) -> HTMLResponse:
    told = {"received": None, "reference": "", "of_file": None} | outcome
    return show(request, "new.html", caller, **told)


@router.get("/incidents/{id}")
def one(id: IncidentId, request: Request, service: Serving, caller: Coder) -> HTMLResponse:
    """One incident, and what is known of it to whoever asks."""
    incident = one_incident(id, service, caller)
    taxonomy = service.suggester.model.taxonomy
    settled = _settled(incident)
    return show(
        request,
        "incident.html",
        caller,
        incident=incident,
        pieces=pieces(incident["text"] or ""),
        content=_suggested(id, service, caller),
        settled=settled,
        string=coding_string(settled, taxonomy),
        types=TYPES,
    )


@router.post("/incidents/{id}/put-back")
def back(id: IncidentId, fields: Sent, service: Serving, caller: Lead) -> Response:
    """Nothing was missed."""
    put_back(id, shaped(VersionIn, {"version": fields.one("version")}), service, caller)
    return go(f"/incidents/{id}")


def coding_string(codes: Codes, taxonomy: Taxonomy) -> str:
    """The coding string; empty where the codes cannot be written as one."""
    try:
        return write_coding_string(codes, taxonomy) if codes else ""
    except CodingStringError:
        return ""


def _listed(query: SearchQuery, service: Service, caller: Caller) -> dict[str, Any]:
    answer = list_incidents(query, service, caller)
    kept = query.model_dump(exclude={"cursor", "limit"}, exclude_defaults=True)
    return answer | {"kept": kept}


def _suggested(id: int, service: Service, caller: Caller) -> dict[str, Any]:
    """The suggestions, if whoever asks may see them."""
    with service.database.reading() as session:
        incident = incident_of(session, id, caller)
        if incident.text is None or not may_see_suggestions(session, incident, caller):
            return {}
    return reviewing.suggestions(id, service, caller)


def _settled(incident: dict[str, Any]) -> Codes:
    """The codes that stand: adjudicated, or else those of the one or two coders who agree."""
    if incident["adjudication"]:
        return codes_of(incident["adjudication"]["codes"])
    standing = [row for row in incident["confirmations"] if not row["is_superseded"]]
    return standing[0]["codes"] if incident["state"] == "coded" and standing else {}
