"""Coders, their log-ins and machine tokens, as they are kept. Secrets of theirs come here as hashes only."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from codesuggest.store import tables
from codesuggest.store.tables import Coder, ServerSecret, Token


def coder_named(session: Session, name: str, *, lock: bool = False) -> Coder | None:
    """The coder of this name, whatever its letter case."""
    query = select(Coder).where(Coder.name == name.casefold())
    return session.scalar(query.with_for_update() if lock else query)


def server_secret(session: Session) -> str:
    """The service's own secret, made with the store."""
    return session.get_one(ServerSecret, 1).value


def coders(session: Session) -> Sequence[Coder]:
    """All coders by name, those no longer active too."""
    return session.scalars(select(Coder).order_by(Coder.name)).all()


def n_administrators(session: Session) -> int:
    """How many active administrators there are."""
    query = select(func.count()).where(Coder.role == "administrator", Coder.is_active)
    return session.scalar(query) or 0


def coder_of_session(session: Session, secret_hash: str, at: dt.datetime) -> Coder | None:
    """The active coder whose log-in this is, unless it has expired."""
    query = select(Coder).join(tables.Session, tables.Session.coder_id == Coder.id)
    query = query.where(tables.Session.secret_hash == secret_hash, tables.Session.expires_at > at, Coder.is_active)
    return session.scalar(query)


def end_sessions(
    session: Session, *, coder_id: int | None = None, secret_hash: str = "", before: dt.datetime | None = None
) -> None:
    """Forget log-ins: all of a coder, one, or those expired before a moment."""
    query = delete(tables.Session)
    if coder_id is not None:
        query = query.where(tables.Session.coder_id == coder_id)
    if secret_hash:
        query = query.where(tables.Session.secret_hash == secret_hash)
    if before is not None:
        query = query.where(tables.Session.expires_at < before)
    session.execute(query)


def token_of(session: Session, secret_hash: str, at: dt.datetime) -> Token | None:
    """The token with this hash, unless it was revoked or has expired."""
    query = select(Token).where(Token.secret_hash == secret_hash, Token.revoked_at.is_(None))
    return session.scalar(query.where(Token.expires_at.is_(None) | (Token.expires_at > at)))


def tokens(session: Session) -> Sequence[Token]:
    """All tokens, newest first, revoked ones too."""
    return session.scalars(select(Token).order_by(Token.id.desc())).all()


def revoke(session: Session, token_id: int, at: dt.datetime) -> bool:
    """Revoke a token; False if there is none that is not revoked already."""
    query = update(Token).where(Token.id == token_id, Token.revoked_at.is_(None)).values(revoked_at=at)
    return session.execute(query.returning(Token.id)).first() is not None
