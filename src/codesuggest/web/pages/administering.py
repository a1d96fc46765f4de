"""Pages of an administrator: coders, machine tokens, the audit log."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse

from codesuggest.domain import Caller
from codesuggest.signin import ROLES, SCOPES
from codesuggest.web import administering
from codesuggest.web.pages.forms import Fields, Sent, shaped
from codesuggest.web.pages.show import go, page_router, show
from codesuggest.web.shapes import CoderChangeIn, CoderIn, Cursor, Name, RowId, TokenIn
from codesuggest.web.stateless import Serving
from codesuggest.web.who import May

router = page_router()
Administrator = Annotated[Caller, Depends(May("administrator"))]


@router.get("/coders")
def coders(request: Request, service: Serving, caller: Administrator) -> HTMLResponse:
    """All coders, and a form for another."""
    return show(request, "coders.html", caller, roles=ROLES, **administering.list_coders(service, caller))


@router.post("/coders")
def added(fields: Sent, service: Serving, caller: Administrator) -> Response:
    """Added, or told why not."""
    administering.new_coder(shaped(CoderIn, _coder(fields) | {"name": fields.one("name").strip()}), service, caller)
    return go("/coders")


@router.post("/coders/{name}")
def changed(name: Name, fields: Sent, service: Serving, caller: Administrator) -> Response:
    """Changed; their log-ins end."""
    change = _coder(fields) | {"is_active": "is_active" in fields}
    administering.changed_coder(name, shaped(CoderChangeIn, change), service, caller)
    return go("/coders")


@router.get("/tokens")
def tokens(request: Request, service: Serving, caller: Administrator) -> HTMLResponse:
    """All machine tokens, and a form for another."""
    answer = administering.list_tokens(service, caller)
    return show(request, "tokens.html", caller, scopes=SCOPES, made=None, **answer)


@router.post("/tokens")
def made(request: Request, fields: Sent, service: Serving, caller: Administrator) -> HTMLResponse:
    """Made; its secret is on this page and nowhere else."""
    wanted = {"name": fields.one("name").strip(), "scopes": fields.all("scope"), "site": fields.one("site").strip()}
    days = fields.one("days").strip()
    token = administering.new_token(shaped(TokenIn, wanted | ({"days": days} if days else {})), service, caller)
    answer = administering.list_tokens(service, caller)
    return show(request, "tokens.html", caller, status=201, scopes=SCOPES, made=token, **answer)


@router.post("/tokens/{id}/revoke")
def revoked(id: RowId, service: Serving, caller: Administrator) -> Response:
    """It stops working at once."""
    administering.revoked_token(id, service, caller)
    return go("/tokens")


@router.get("/audit-log")
def audit_log(request: Request, service: Serving, caller: Administrator, cursor: Cursor = None) -> HTMLResponse:
    """Who did what, newest first."""
    return show(request, "audit-log.html", caller, **administering.audit_log(service, caller, 100, cursor))


def _coder(fields: Fields) -> dict[str, Any]:
    """What the forms of a coder have in common; an empty password leaves it as it is."""
    details: dict[str, Any] = {name: fields.one(name).strip() for name in ("display_name", "role", "site")}
    return details | ({"password": fields.one("password")} if fields.one("password") else {})
