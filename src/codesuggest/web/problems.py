"""Errors as problem+json (RFC 9457). Nothing that was sent is repeated: it may be a narrative."""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from codesuggest import errors

log = logging.getLogger("codesuggest.web")

STATUS: dict[type[errors.CodesuggestError], int] = {
    errors.TooLargeError: 413,
    errors.ReadError: 422,
    errors.UnknownCodeError: 422,
    errors.CodingStringError: 422,
    errors.RedactionError: 503,
    errors.EmbedderError: 503,
    errors.ModelError: 503,
    errors.TaxonomyError: 503,
    errors.SettingsError: 500,
    errors.RecipeError: 500,
    errors.AgreementError: 500,
    errors.BulkError: 500,
    errors.TrackingError: 503,
    errors.GateError: 409,
    errors.StoreError: 503,
    errors.MissingError: 404,
    errors.ConflictError: 409,
    errors.CodingError: 422,
    errors.SignInError: 401,
    errors.ForbiddenError: 403,
    errors.TooOftenError: 429,
}
"""The HTTP status of each error; a test holds it complete."""


_SHAPE = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("type", "title", "detail")} | {"status": {"type": "integer"}},
    "required": ["type", "title", "status", "detail"],
}
DOCUMENTED: dict[int | str, dict[str, Any]] = {
    status: {"description": reason, "content": {"application/problem+json": {"schema": _SHAPE}}}
    for status, reason in {
        400: "The request cannot be read.",
        401: "Nobody is signed in.",
        403: "Not for you to do.",
        404: "Not there, or not for you to see.",
        409: "Settled already, or changed since it was read.",
        413: "Too large.",
        422: "Not of the documented shape, or not a whole coding.",
        429: "Too many requests.",
        503: "Try again shortly.",
    }.items()
}
"""What every route may answer besides, for the description."""

_HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": "10"}, 503: {"Retry-After": "5"}}


def problem(status: int, title: str, detail: str) -> JSONResponse:
    """A problem+json answer."""
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    headers = _HEADERS.get(status)
    return JSONResponse(content, status_code=status, headers=headers, media_type="application/problem+json")


def route_of(scope: Scope) -> str:
    """The route that a request matched, as it is declared: a path as sent may hold anything."""
    return str(getattr(scope.get("route"), "path", "unknown"))


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every error of the application with a problem."""
    app.add_exception_handler(errors.CodesuggestError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


async def _ours(request: Request, error: Exception) -> JSONResponse:
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)
    log.info("refused path=%s status=%d error=%s", route_of(request.scope), status, type(error).__name__)
    return problem(status, type(error).__doc__ or "Error", str(error))


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  registered for nothing else
    ours = _documented_names(request.app.openapi())
    fields = sorted({".".join(part for part in item["loc"] if part in ours) for item in error.errors()})
    log.info("refused path=%s status=422 error=validation", route_of(request.scope))
    detail = f"Not as documented in /openapi.json: {', '.join(fields)}."
    return problem(422, "The request is not of the documented shape.", detail)


def _documented_names(description: object) -> set[str]:
    """Every name of a field or parameter in the description: names as sent may hold anything."""
    names = {"body", "query", "path", "header"}
    if isinstance(description, dict):
        names |= set(description.get("properties", ()))
        if isinstance(parameter := description.get("name"), str):
            names.add(parameter)
    inner = (
        description.values() if isinstance(description, dict) else description if isinstance(description, list) else ()
    )
    return names.union(*map(_documented_names, inner))


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for nothing else
    return problem(error.status_code, str(error.detail), "See /openapi.json for what there is.")


class Contain:
    """ASGI middleware that ends every unforeseen error here: the server would log its message and its traceback."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        try:
            await self._app(scope, receive, send)
        except Exception as error:  # noqa: BLE001  whatever it is, nothing of it may travel further
            log.error("failed path=%s error=%s", route_of(scope), type(error).__name__)
            answer = problem(500, "Internal error.", "The service failed on this request. Nothing of it was kept.")
            await answer(scope, receive, send)
