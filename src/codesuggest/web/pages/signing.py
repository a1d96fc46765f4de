"""Pages of whoever signs in: log-in, log-out, my account, the key map."""

import re
from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse

from codesuggest.domain import Caller
from codesuggest.web.pages.forms import Sent, shaped
from codesuggest.web.pages.show import go, page_router, show
from codesuggest.web.sessions import change_password, leave, me, set_session_cookie, start_session
from codesuggest.web.shapes import PasswordIn, SignInIn
from codesuggest.web.stateless import Serving
from codesuggest.web.who import May, require_same_site

router = page_router()
Anyone = Annotated[Caller, Depends(May("anyone"))]
Coder = Annotated[Caller, Depends(May("coder"))]
_PATH = re.compile(r"/(?!/)[\w/-]*")


@router.get("/")
def start(_: Anyone) -> Response:
    """To the incident that is next."""
    return go("/review")


@router.get("/sign-in")
def sign_in_page(request: Request, _: Anyone) -> HTMLResponse:
    """Name and password."""
    return show(request, "sign-in.html", problem="", next=_ours(request.query_params.get("next", "")))


@router.post("/sign-in")
def enter(request: Request, fields: Sent, service: Serving, _: Anyone) -> Response:
    """To where the coder was going."""
    require_same_site(request)
    sent = shaped(SignInIn, {"name": fields.one("name").strip(), "password": fields.one("password")})
    _, secret = start_session(service, sent.name, sent.password)
    answer = go(_ours(fields.one("next")) or "/review")
    set_session_cookie(answer, secret, service)
    return answer


@router.post("/sign-out")
def sign_out(request: Request, service: Serving, caller: Coder) -> Response:
    """The session is forgotten."""
    answer = go("/sign-in")
    leave(request, answer, service, caller)
    return answer


@router.get("/account")
def account(request: Request, service: Serving, caller: Coder) -> HTMLResponse:
    """Who I am, and my password."""
    return show(request, "account.html", caller, me=me(request, service, caller))


@router.post("/account/password")
def new_password(fields: Sent, service: Serving, caller: Coder) -> Response:
    """Every log-in of mine ends, so the next page asks for the new password."""
    change_password(
        shaped(PasswordIn, {"old": fields.one("old"), "new": fields.one("new")}), service=service, caller=caller
    )
    return go("/sign-in")


@router.get("/keys")
def keys(request: Request, caller: Coder) -> HTMLResponse:
    """What each key does."""
    return show(request, "keys.html", caller)


def _ours(path: str) -> str:
    """A path of ours to go on to, or nothing: a log-in never leads to another site."""
    return path if _PATH.fullmatch(path) else ""
