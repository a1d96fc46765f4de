"""Passwords and other secrets: what is kept of them is a hash."""

import hashlib
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from codesuggest.errors import SignInError

_SHORTEST, _LONGEST = 12, 200
_HASHER = PasswordHasher()
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$TRqpX9A6FNIfe45SbYXiLw$mFI4X9iC51vNMoXsncaEDJDhu9P26eTVC2Q1/Yfowlg"
"""A hash of nothing, verified where there is no coder of a name, so that the answer takes as long."""


def new_secret() -> str:
    """A secret that nobody can guess: 32 random bytes."""
    return secrets.token_urlsafe(32)


def hashed(secret: str) -> str:
    """The hash under which a random secret is kept: it is long enough to need no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()


def hash_password(password: str, name: str) -> str:
    """The argon2id hash of a password. Raises SignInError if it is too short, too long, or holds the name."""
    if not _SHORTEST <= len(password) <= _LONGEST:
        raise SignInError(f"A password has {_SHORTEST} to {_LONGEST} characters. Three random words do well.")
    if name.casefold() in password.casefold():
        raise SignInError("The password holds the name. Choose another.")
    return _HASHER.hash(password)


def is_password(password: str, password_hash: str) -> bool:
    """Whether the password is the one hashed; takes as long where there is no hash."""
    try:
        return _HASHER.verify(password_hash or _NOBODY, password) and bool(password_hash)
    except (VerificationError, InvalidHashError):
        return False
