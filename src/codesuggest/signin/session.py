"""Log-in by password, with a lock-out, and the log-in kept as a session."""

import datetime as dt
from dataclasses import dataclass

from codesuggest.domain import Caller
from codesuggest.errors import SignInError
from codesuggest.signin.secret import hashed, is_password, new_secret
from codesuggest.store import tables
from codesuggest.store.database import Database, Session
from codesuggest.store.log import now, record
from codesuggest.store.people import coder_named, coder_of_session, end_sessions

REFUSED = "Name or password is not right, or the account is locked for now. Try again later, or ask an administrator."
"""The same words whatever was wrong: they do not tell who exists."""


@dataclass(frozen=True, slots=True)
class LockOut:
    """After `n_failures` wrong passwords in a row nobody signs in under the name for `lasting`."""

    n_failures: int = 5
    lasting: dt.timedelta = dt.timedelta(minutes=15)


def sign_in(
    database: Database, name: str, password: str, *, lasting: dt.timedelta, lock_out: LockOut | None = None
) -> tuple[Caller, str]:
    """The caller, and the secret of a new session. Raises SignInError, always in the same words."""
    with database.reading() as session:
        coder = coder_named(session, name)
    is_right = is_password(password, coder.password_hash if coder else "")
    with database.writing() as session:
        coder = coder_named(session, name, lock=True)
        secret = _admit(session, coder, lock_out or LockOut(), lasting, is_right=is_right) if coder else ""
    if coder is None or not secret:
        raise SignInError(REFUSED)
    return as_caller(coder), secret


def _admit(session: Session, coder: tables.Coder, lock_out: LockOut, lasting: dt.timedelta, *, is_right: bool) -> str:
    """The secret of a new session, or nothing; either way it is on record."""
    at = now()
    is_locked = coder.locked_until is not None and coder.locked_until > at
    if not is_right or is_locked or not coder.is_active:
        if not is_locked:
            coder.failed_logins += 1
        if coder.failed_logins >= lock_out.n_failures:
            coder.failed_logins, coder.locked_until = 0, at + lock_out.lasting
        record(session, coder.name, "refused", f"coder {coder.name}", is_locked=is_locked)
        return ""
    coder.failed_logins, coder.locked_until = 0, None
    end_sessions(session, before=at)
    secret = new_secret()
    kept = tables.Session(coder_id=coder.id, secret_hash=hashed(secret), created_at=at, expires_at=at + lasting)
    session.add(kept)
    record(session, coder.name, "sign in", f"coder {coder.name}")
    return secret


def sign_out(session: Session, secret: str) -> None:
    """Forget a session; nothing happens if there is none."""
    end_sessions(session, secret_hash=hashed(secret))


def caller_of_session(session: Session, secret: str) -> Caller | None:
    """Who signed in with this session, unless it has ended."""
    coder = coder_of_session(session, hashed(secret), now())
    return as_caller(coder) if coder else None


def caller_named(session: Session, name: str) -> Caller | None:
    """The active coder of a name that a trusted proxy vouches for."""
    coder = coder_named(session, name)
    return as_caller(coder) if coder and coder.is_active else None


def as_caller(coder: tables.Coder) -> Caller:
    """A coder as the one who asks."""
    return Caller(coder.name, coder.role, coder.site, coder.id)
