"""Machine tokens: shown once when made, kept as a hash, revocable, good for their scopes only."""

import datetime as dt
from collections.abc import Mapping, Sequence

from codesuggest.domain import Caller
from codesuggest.errors import MissingError, SignInError
from codesuggest.signin.secret import hashed, new_secret
from codesuggest.store.database import Session
from codesuggest.store.log import now, record
from codesuggest.store.people import revoke, token_of
from codesuggest.store.tables import Token

PREFIX = "cs_"
SCOPES: Mapping[str, str] = {
    "suggest": "suggest codes for narratives that are not kept",
    "incidents:write": "send incidents in",
    "incidents:read": "list, search and read incidents",
    "export": "read settled codes, confirmations and the redaction gold",
    "dashboard": "read the dashboard's figures",
    "metrics": "read the service's own figures",
}


def make_token(
    session: Session, name: str, scopes: Sequence[str], *, site: str, by: Caller, expires_at: dt.datetime | None = None
) -> tuple[Token, str]:
    """A new token and its secret, which is kept nowhere. Raises SignInError if a scope is not known."""
    if unknown := set(scopes) - set(SCOPES):
        raise SignInError(f"No scope '{min(unknown)[:30]}'. There are: {', '.join(SCOPES)}.")
    secret = PREFIX + new_secret()
    token = Token(
        name=name,
        secret_hash=hashed(secret),
        scopes=list(scopes),
        site=site,
        created_by=by.name,
        created_at=now(),
        expires_at=expires_at,
    )
    session.add(token)
    session.flush()
    record(session, by.name, "make token", f"token {token.id}", scopes=list(scopes))
    return token, secret


def revoke_token(session: Session, token_id: int, *, by: Caller) -> None:
    """Make a token useless. Raises MissingError if there is none in use."""
    if not revoke(session, token_id, now()):
        raise MissingError(f"Token {token_id}: none that is in use.")
    record(session, by.name, "revoke token", f"token {token_id}")


def caller_of_token(session: Session, secret: str) -> Caller | None:
    """The machine whose token this is, unless it was revoked or has expired."""
    token = token_of(session, hashed(secret), now()) if secret.startswith(PREFIX) else None
    return Caller(f"token {token.id}", site=token.site, scopes=frozenset(token.scopes)) if token else None
