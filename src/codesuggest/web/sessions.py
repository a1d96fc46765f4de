"""Routes of whoever signs in: log-in, log-out, me."""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from codesuggest.domain import Caller
from codesuggest.errors import ForbiddenError
from codesuggest.review import progress
from codesuggest.signin import set_password, sign_in, sign_out
from codesuggest.web.answers import progress_answer
from codesuggest.web.service import Service
from codesuggest.web.shapes import PasswordIn, SignInIn
from codesuggest.web.stateless import Serving
from codesuggest.web.who import COOKIE, May, csrf_token, require_same_site

router = APIRouter(prefix="/v1", tags=["session"])
Coder = Annotated[Caller, Depends(May("coder"))]


@router.post("/session", summary="Sign in")
def enter(
    body: SignInIn,
    request: Request,
    response: Response,
    service: Serving,
    _: Annotated[Caller, Depends(May("anyone"))],
) -> dict[str, Any]:
    """Sets the session's cookie. After five wrong passwords the account is locked for a quarter of an hour."""
    require_same_site(request)
    caller, secret = start_session(service, body.name, body.password)
    set_session_cookie(response, secret, service)
    return {"name": caller.name, "role": caller.role, "site": caller.site}


@router.delete("/session", summary="Sign out", status_code=204)
def leave(request: Request, response: Response, service: Serving, _: Coder) -> None:
    """The session is forgotten, here and in the browser."""
    with service.database.writing() as session:
        sign_out(session, request.cookies.get(COOKIE, ""))
    response.delete_cookie(COOKIE, path="/")


@router.get("/me", summary="Who I am, and my day so far")
def me(request: Request, service: Serving, caller: Coder) -> dict[str, Any]:
    """`csrf` goes back in the header X-CSRF-Token with every change."""
    with service.database.reading() as session:
        day = progress_answer(progress(session, caller))
    return {
        "name": caller.name,
        "role": caller.role,
        "site": caller.site,
        "auth": service.settings.auth,
        "csrf": csrf_token(request),
        "progress": day,
    }


@router.put("/me/password", summary="Change my password", status_code=204)
def change_password(body: PasswordIn, service: Serving, caller: Coder) -> None:
    """Every log-in of mine ends, this one too."""
    with service.database.writing() as session:
        set_password(session, caller.name, body.old, body.new)


def start_session(service: Service, name: str, password: str) -> tuple[Caller, str]:
    """The caller and the secret of a new session. Raises SignInError, ForbiddenError where there are no passwords."""
    if service.settings.auth != "password":
        raise ForbiddenError("Signing in is done elsewhere here (CODESUGGEST_AUTH).")
    return sign_in(service.database, name, password, lasting=dt.timedelta(hours=service.settings.session_hours))


def set_session_cookie(response: Response, secret: str, service: Service) -> None:
    """Give the browser its session: unreadable for scripts, and sent to us only."""
    response.set_cookie(
        COOKIE,
        secret,
        max_age=service.settings.session_hours * 3600,
        httponly=True,
        samesite="strict",
        secure=service.settings.cookie_secure,
        path="/",
    )
