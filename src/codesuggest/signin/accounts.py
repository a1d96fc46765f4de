"""Coders are added and changed by administrators; the first one by a command."""

import re
from dataclasses import dataclass

from codesuggest.errors import ConflictError, MissingError, SignInError
from codesuggest.signin.secret import hash_password, is_password
from codesuggest.store.database import Session
from codesuggest.store.log import now, record
from codesuggest.store.people import coder_named, end_sessions, n_administrators
from codesuggest.store.tables import Coder

_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")


@dataclass(frozen=True, slots=True)
class CoderChange:
    """What to change of a coder; None leaves it as it is."""

    display_name: str | None = None
    role: str | None = None
    site: str | None = None
    is_active: bool | None = None
    password: str | None = None


def add_coder(session: Session, name: str, details: CoderChange, *, by: str) -> Coder:
    """A new coder. Without a password only a trusted proxy can sign them in.

    Raises ConflictError if the name is taken, SignInError if name or password will not do.
    """
    folded = name.casefold()
    if not _NAME.fullmatch(folded):
        raise SignInError("A coder's name has 2 to 64 letters, digits, and . _ @ - only, as in a.khan.")
    if coder_named(session, folded) is not None:
        raise ConflictError(f"Coder {folded}: there is one of that name.")
    coder = Coder(
        name=folded,
        display_name=details.display_name or folded,
        role=details.role or "coder",
        site=details.site or "",
        password_hash=hash_password(details.password, folded) if details.password else "",
        created_at=now(),
    )
    session.add(coder)
    session.flush()
    record(session, by, "add coder", f"coder {folded}", role=coder.role, site=coder.site)
    return coder


def change_coder(session: Session, name: str, change: CoderChange, *, by: str) -> Coder:
    """Change a coder, whose log-ins end and whose lock-out is lifted.

    Raises MissingError if there is none of that name, ConflictError if no administrator would be left.
    """
    coder = coder_named(session, name, lock=True)
    if coder is None:
        raise MissingError(f"Coder {name.casefold()[:64]}: there is none of that name.")
    changed = {field: value for field in change.__slots__ if (value := getattr(change, field)) is not None}
    if (password := changed.pop("password", None)) is not None:
        coder.password_hash = hash_password(password, coder.name)
    for field, value in changed.items():
        setattr(coder, field, value)
    session.flush()
    if n_administrators(session) == 0:
        raise ConflictError(f"Coder {coder.name}: the last administrator. Make another one first.")
    coder.failed_logins, coder.locked_until = 0, None
    end_sessions(session, coder_id=coder.id)
    record(
        session,
        by,
        "change coder",
        f"coder {coder.name}",
        fields=sorted([*changed, *(["password"] if password else [])]),
    )
    return coder


def set_password(session: Session, name: str, old: str, new: str) -> None:
    """A coder's own change of password; every log-in ends. Raises SignInError if the old one is not right."""
    coder = coder_named(session, name, lock=True)
    if coder is None or not is_password(old, coder.password_hash):
        raise SignInError("The old password is not right.")
    coder.password_hash = hash_password(new, coder.name)
    end_sessions(session, coder_id=coder.id)
    record(session, coder.name, "change password", f"coder {coder.name}")
