"""Routes of an administrator: coders, tokens, the audit log."""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path

from codesuggest.domain import Caller
from codesuggest.signin import CoderChange, add_coder, change_coder, make_token, revoke_token
from codesuggest.store.log import entries, now
from codesuggest.store.people import coders, tokens
from codesuggest.web.answers import coder_answer, token_answer
from codesuggest.web.shapes import CoderChangeIn, CoderIn, Cursor, Limit, Name, RowId, TokenIn
from codesuggest.web.stateless import Serving
from codesuggest.web.who import May

router = APIRouter(prefix="/v1", tags=["administer"])
Administrator = Annotated[Caller, Depends(May("administrator"))]


@router.get("/coders", summary="All coders")
def list_coders(service: Serving, _: Administrator) -> dict[str, Any]:
    """Those no longer active too."""
    with service.database.reading() as session:
        return {"coders": [coder_answer(row) for row in coders(session)]}


@router.post("/coders", summary="Add a coder", status_code=201)
def new_coder(body: CoderIn, service: Serving, caller: Administrator) -> dict[str, Any]:
    """409 where the name is taken."""
    details = CoderChange(**body.model_dump(exclude={"name"}))
    with service.database.writing() as session:
        return coder_answer(add_coder(session, body.name, details, by=caller.name))


@router.patch("/coders/{name}", summary="Change a coder, or lift a lock-out")
def changed_coder(
    name: Annotated[Name, Path()], body: CoderChangeIn, service: Serving, caller: Administrator
) -> dict[str, Any]:
    """Their log-ins end. 409 where no administrator would be left."""
    with service.database.writing() as session:
        return coder_answer(change_coder(session, name, CoderChange(**body.model_dump()), by=caller.name))


@router.get("/tokens", summary="All machine tokens")
def list_tokens(service: Serving, _: Administrator) -> dict[str, Any]:
    """Revoked ones too; nobody can see a secret again."""
    with service.database.reading() as session:
        return {"tokens": [token_answer(row) for row in tokens(session)]}


@router.post("/tokens", summary="Make a machine token", status_code=201)
def new_token(body: TokenIn, service: Serving, caller: Administrator) -> dict[str, Any]:
    """`secret` is shown this once."""
    expires_at = now() + dt.timedelta(days=body.days) if body.days else None
    with service.database.writing() as session:
        token, secret = make_token(session, body.name, body.scopes, site=body.site, by=caller, expires_at=expires_at)
        return token_answer(token) | {"secret": secret}


@router.delete("/tokens/{id}", summary="Revoke a machine token", status_code=204)
def revoked_token(id: RowId, service: Serving, caller: Administrator) -> None:
    """It stops working at once."""
    with service.database.writing() as session:
        revoke_token(session, id, by=caller)


@router.get("/audit-log", summary="Who did what, newest first")
def audit_log(service: Serving, _: Administrator, limit: Limit = 100, cursor: Cursor = None) -> dict[str, Any]:
    """Ids, names and counts, never words of a narrative."""
    with service.database.reading() as session:
        rows = entries(session, before=cursor, limit=limit)
        found = [
            {"id": row.id, "at": row.at, "actor": row.actor, "action": row.action, "subject": row.subject, **row.detail}
            for row in rows
        ]
    return {"entries": found, "next": rows[-1].id if len(rows) == limit else None}
