"""Pages: rendered on the server, refused in words, and their style and script served from the package."""

import hashlib
import logging
from collections.abc import Callable, Coroutine, Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined

from codesuggest.domain import Caller
from codesuggest.errors import CodesuggestError, MissingError, SignInError
from codesuggest.signin import REFUSED, ROLES
from codesuggest.web.pages.words import FILTERS
from codesuggest.web.problems import STATUS, route_of
from codesuggest.web.service import service_of
from codesuggest.web.who import May, csrf_token, identify

log = logging.getLogger("codesuggest.web")
_KINDS = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}


class PageRoute(APIRoute):
    """A route that refuses with a page; whoever does not ask for HTML, as the pages' script, gets a problem."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See APIRoute."""
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            refused: CodesuggestError | RequestValidationError
            try:
                return await handle(request)
            except (CodesuggestError, RequestValidationError) as error:
                if not wants_page(request):
                    raise
                refused = error
            return _refusal(request, refused)

        return answered


def page_router() -> APIRouter:
    """A router of pages."""
    return APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)


router = page_router()


def show(
    request: Request, template: str, caller: Caller | None = None, *, status: int = 200, **content: Any
) -> HTMLResponse:
    """A template filled in, with what every page needs."""
    service = service_of(request)
    html = (
        _environment()
        .get_template(template)
        .render(
            caller=caller,
            rank=ROLES.index(caller.role) if caller and caller.role in ROLES else -1,
            auth=service.settings.auth,
            csrf=csrf_token(request),
            taxonomy=service.suggester.model.taxonomy,
            here=request.url.path,
            assets={name: f"/assets/{name}?{digest}" for name, (_, digest) in _assets().items()},
            **content,
        )
    )
    return HTMLResponse(html, status_code=status)


def wants_page(request: Request) -> bool:
    """Whether a browser asks for something to show."""
    return "text/html" in request.headers.get("accept", "")


def go(path: str) -> RedirectResponse:
    """The way to another page after a change, so that reloading it changes nothing."""
    return RedirectResponse(path, status_code=303)


@router.get("/assets/{name}")
def asset(name: str, _: Annotated[Caller, Depends(May("anyone"))]) -> Response:
    """Style, script and icon; kept by the browser until they change."""
    if name not in _assets():
        raise MissingError("No such file.")
    content, _digest = _assets()[name]
    kept = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(content, media_type=_KINDS[name], headers=kept)


def _refusal(request: Request, error: CodesuggestError | RequestValidationError) -> Response:
    status = 422
    if isinstance(error, CodesuggestError):
        status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)
    log.info("refused path=%s status=%d error=%s", route_of(request.scope), status, type(error).__name__)
    detail = str(error) if isinstance(error, CodesuggestError) else f"Look at: {_fields(error)}."
    if request.url.path == "/sign-in":
        problem = detail if isinstance(error, CodesuggestError) else REFUSED
        return show(request, "sign-in.html", status=status, problem=problem, next="")
    if isinstance(error, SignInError) and request.method == "GET":
        if service_of(request).settings.auth == "password":
            return go(f"/sign-in?next={quote(request.url.path)}")
        detail = "The proxy in front of this service has not signed you in, or names nobody known here."
    return show(request, "refusal.html", _still_here(request, error), status=status, code=status, detail=detail)


def _still_here(request: Request, error: Exception) -> Caller | None:
    """Who was refused, if a page was only looked for: they keep the way to the other pages."""
    if request.method != "GET" or isinstance(error, SignInError):
        return None
    caller = identify(request, service_of(request))
    return caller if caller and caller.coder_id is not None else None


def _fields(error: RequestValidationError) -> str:
    return ", ".join(sorted({str(item["loc"][-1]).replace("_", " ") for item in error.errors() if item["loc"]}))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("codesuggest.web.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    return environment


@cache
def _assets() -> Mapping[str, tuple[bytes, str]]:
    """Name to content and the first digits of its hash."""
    folder = files("codesuggest.web.pages") / "static"
    read = {name: (folder / name).read_bytes() for name in _KINDS}
    return {name: (content, hashlib.sha256(content).hexdigest()[:12]) for name, content in read.items()}
