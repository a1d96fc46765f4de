"""Who asks, and whether they may: every route declares one role, and a scope if machines may use it too."""

import datetime as dt
import hashlib
import hmac
from typing import Annotated, Literal

from fastapi import Depends, Request

from codesuggest.domain import Caller
from codesuggest.errors import ForbiddenError, SignInError
from codesuggest.signin import ROLES, caller_named, caller_of_session, caller_of_token
from codesuggest.web.form_body import form_of
from codesuggest.web.service import Service, service_of

COOKIE = "codesuggest_session"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf"
_SAFE = ("GET", "HEAD", "OPTIONS")


async def _read_form_token(request: Request) -> None:
    """Where a form was sent, as pages do without script, its token stands in a field."""
    if request.method not in _SAFE:
        request.state.csrf = next(iter((await form_of(request)).fields.get(CSRF_FIELD, ())), "")


class May:
    """A route's declaration of who may use it, and the dependency that holds to it.

    role   anyone, coder, lead or administrator; each may do what those before may.
    scope  what a machine's token must be good for; empty: no machine.
    """

    def __init__(self, role: Literal["anyone", "coder", "lead", "administrator"], scope: str = "") -> None:
        self.role = role
        self.scope = scope

    def __call__(self, request: Request, _: Annotated[None, Depends(_read_form_token)]) -> Caller:
        """The caller. Raises SignInError, ForbiddenError or TooOftenError."""
        service = service_of(request)
        address = request.client.host if request.client else ""
        if self.role == "anyone" or service.settings.auth == "none":
            service.rate.take(f"address {address}")
            return Caller("anyone")
        caller = identify(request, service)
        if caller is None:
            service.rate.take(f"address {address}")
            raise SignInError("Sign in first, or send a token: Authorization: Bearer ...")
        service.rate.take(caller.name)
        self._require(caller)
        return caller

    def _require(self, caller: Caller) -> None:
        if caller.coder_id is None:
            if not self.scope or self.scope not in caller.scopes:
                raise ForbiddenError(f"This needs {f'the scope {self.scope}' if self.scope else 'a person'}.")
        elif ROLES.index(caller.role) < ROLES.index(self.role):
            raise ForbiddenError(f"This needs the role {self.role}.")


def identify(request: Request, service: Service) -> Caller | None:
    """Who asks, if anybody known: by token, by session, or as a trusted proxy says.

    Raises SignInError for a token that is not good, ForbiddenError for a request that another site's page made.
    """
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.casefold() == "bearer":
        with service.database.reading() as session:
            machine = caller_of_token(session, secret.strip())
        if machine is None:
            raise SignInError("The token is not known, was revoked, or has expired.")
        return machine
    person = _person(request, service)
    if person is not None and request.method not in _SAFE:
        require_same_site(request)
        sent = request.headers.get(CSRF_HEADER) or str(getattr(request.state, CSRF_FIELD, ""))
        if not any(hmac.compare_digest(sent.encode(), _csrf(request, day).encode()) for day in _days()):
            raise ForbiddenError(f"The form is out of date. Load the page again ({CSRF_HEADER} is missing or wrong).")
    return person


def csrf_token(request: Request) -> str:
    """What a page of ours sends back with every change, which other sites can neither read nor make.

    Signed with the service's secret; good for one log-in, or for the person whom the proxy names, today and tomorrow.
    """
    return _csrf(request, _days()[0])


def _csrf(request: Request, day: dt.date) -> str:
    service = service_of(request)
    by_proxy = service.settings.auth == "proxy"
    whose = _proxied_name(request, service).casefold() if by_proxy else request.cookies.get(COOKIE, "")
    signed = f"csrf {service.settings.auth} {whose} {day}"
    return hmac.new(service.secret.encode(), signed.encode(), hashlib.sha256).hexdigest()


def _days() -> tuple[dt.date, dt.date]:
    today = dt.datetime.now(dt.UTC).date()
    return today, today - dt.timedelta(days=1)


def require_same_site(request: Request) -> None:
    """Raises ForbiddenError if the browser says that another site's page sent this."""
    came_from = request.headers.get("sec-fetch-site", "")
    origin = request.headers.get("origin", "")
    is_ours = not origin or origin.partition("://")[2] == request.headers.get("host", "")
    if came_from not in ("", "same-origin", "none") or not is_ours:
        raise ForbiddenError("The request came from a page of another site.")


def _proxied_name(request: Request, service: Service) -> str:
    """Whom a trusted proxy names; empty if it names nobody, or another machine does."""
    trusted = {address.strip() for address in service.settings.proxy_addresses.split(",")}
    is_trusted = request.client is not None and request.client.host in trusted
    return request.headers.get(service.settings.proxy_header, "") if is_trusted else ""


def _person(request: Request, service: Service) -> Caller | None:
    settings = service.settings
    if settings.auth == "proxy":
        name = _proxied_name(request, service)
        if not name:
            return None
        with service.database.reading() as session:
            return caller_named(session, name)
    secret = request.cookies.get(COOKIE, "")
    if not secret:
        return None
    with service.database.reading() as session:
        return caller_of_session(session, secret)
