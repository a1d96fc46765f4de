"""Pages of a coder's day: one incident a screen, corrected, skipped, flagged."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse

from codesuggest.domain import Caller, Confirmation
from codesuggest.erase import TYPES
from codesuggest.errors import CodingError, MissingError
from codesuggest.store.history import confirmations
from codesuggest.store.log import now
from codesuggest.web import reviewing
from codesuggest.web.incidents import one_incident
from codesuggest.web.pages.choices import axis_views
from codesuggest.web.pages.forms import Fields, Sent, decision_fields, left_open, shaped
from codesuggest.web.pages.narrative import pieces, places_of
from codesuggest.web.pages.show import go, page_router, show, wants_page
from codesuggest.web.service import Service
from codesuggest.web.sessions import me
from codesuggest.web.shapes import ConfirmIn, DecisionIn, FlagIn, IncidentId, KeyIn, RowId, SkipIn
from codesuggest.web.stateless import Serving
from codesuggest.web.who import May

router = page_router()
Coder = Annotated[Caller, Depends(May("coder"))]
_UNDO_WITHIN = dt.timedelta(hours=12)


@router.get("/review")
def next_one(request: Request, service: Serving, caller: Coder) -> HTMLResponse:
    """The incident I have open, or else the next of the queue."""
    return _to_code(request, service, caller, reviewing.next_incident(service, caller))


@router.get("/review/{id}")
def this_one(id: IncidentId, request: Request, service: Serving, caller: Coder) -> HTMLResponse:
    """An incident that I looked up, to code it."""
    return _to_code(request, service, caller, reviewing.open_incident(id, service, caller))


@router.post("/review/{id}")
def confirmed(id: IncidentId, request: Request, fields: Sent, service: Serving, caller: Coder) -> Response:
    """Confirm and next. What is left open is asked for again, with all that was chosen."""
    sent = decision_fields(fields, service.suggester.model.taxonomy)
    if asked := _asked_again(request, service, sent):
        held = reviewing.open_incident(id, service, caller)
        return _to_code(request, service, caller, held, sent=sent | {"key": fields.one("key")}, problem=asked)
    body = shaped(ConfirmIn, sent | {"version": fields.one("version")})
    reviewing.confirm_codes(id, body, _key(fields), Response(), service, caller)
    return go("/review")


@router.post("/review/{id}/skip")
def skipped(id: IncidentId, fields: Sent, service: Serving, caller: Coder) -> Response:
    """Back to the queue, for others."""
    reviewing.skip_incident(id, shaped(SkipIn, {"reason": fields.one("reason").strip()}), service, caller)
    return go("/review")


@router.post("/review/{id}/flag")
def flagged(id: IncidentId, fields: Sent, service: Serving, caller: Coder) -> Response:
    """What redaction missed is taken out wherever it stands; without words, the incident is withdrawn."""
    text = one_incident(id, service, caller)["text"] or ""
    sought, type = fields.one("words").strip(), fields.one("type")
    places = places_of(text, sought)
    if sought and not places:
        raise CodingError("These words do not stand in the narrative as you wrote them. Copy them from it.")
    spans = [{"start": start, "end": end, "type": type} for start, end in places]
    reviewing.flag(id, shaped(FlagIn, {"version": fields.one("version"), "spans": spans}), service, caller)
    here = fields.one("back")
    return go(f"/incidents/{id}" if here == "incident" and spans else "/review")


@router.get("/confirmations/{id}")
def to_correct(id: RowId, request: Request, service: Serving, caller: Coder) -> HTMLResponse:
    """A confirmation of mine, to correct it."""
    return _to_correct(request, service, caller, _mine(service, caller, id))


@router.post("/confirmations/{id}")
def corrected(id: RowId, request: Request, fields: Sent, service: Serving, caller: Coder) -> Response:
    """The correction is recorded beside the first decision."""
    sent = decision_fields(fields, service.suggester.model.taxonomy)
    if asked := _asked_again(request, service, sent):
        row = _mine(service, caller, id)
        return _to_correct(request, service, caller, row, sent=sent | {"key": fields.one("key")}, problem=asked)
    reviewing.supersede_codes(id, shaped(DecisionIn, sent), _key(fields), Response(), service, caller)
    return go("/review")


def _key(fields: Fields) -> str:
    """The idempotency key: made with the page, so that the same page sent twice is recorded once."""
    return shaped(KeyIn, {"key": fields.one("key")}).key


def _asked_again(request: Request, service: Service, sent: Mapping[str, Any]) -> list[str]:
    """The axes to ask for again with a page; to a script, the interface answers for itself."""
    return left_open(sent, service.suggester.model.taxonomy) if wants_page(request) else []


def _to_code(
    request: Request,
    service: Service,
    caller: Caller,
    held: Mapping[str, Any],
    **again: Any,
) -> HTMLResponse:
    if held["incident"] is None:
        last = _last(service, caller)
        return show(request, "nothing.html", caller, progress=held["progress"], last=last)
    action = f"/review/{held['incident']['id']}"
    return _screen(request, service, caller, {**held, "action": action, "correcting": None}, **again)


def _to_correct(request: Request, service: Service, caller: Caller, row: Confirmation, **again: Any) -> HTMLResponse:
    held = {
        "incident": one_incident(row.incident_id, service, caller),
        "suggestions": reviewing.suggestions(row.incident_id, service, caller),
        "progress": me(request, service, caller)["progress"],
        "action": f"/confirmations/{row.id}",
        "correcting": row,
    }
    again.setdefault("sent", {"codes": row.codes, "unsaid": row.unsaid})
    return _screen(request, service, caller, held, **again)


def _screen(
    request: Request,
    service: Service,
    caller: Caller,
    held: Mapping[str, Any],
    *,
    sent: Mapping[str, Any] | None = None,
    problem: list[str] | None = None,
) -> HTMLResponse:
    incident, content, sent = held["incident"], held["suggestions"], sent or {}
    taxonomy = service.suggester.model.taxonomy
    axes = axis_views(taxonomy, content, given=sent.get("codes"), unsaid=sent.get("unsaid", ()))
    words = [span for view in axes for choice in view.offered for span in choice.words]
    return show(
        request,
        "review.html",
        caller,
        status=422 if problem else 200,
        held=held,
        incident=incident,
        content=content or {},
        axes=axes,
        pieces=pieces(incident["text"] or "", words),
        key=sent.get("key") or uuid4().hex,
        comment=sent.get("comment", ""),
        left_open=problem or [],
        last=None if held["correcting"] else _last(service, caller),
        types=TYPES,
    )


def _last(service: Service, caller: Caller) -> Confirmation | None:
    """My latest confirmation, while it is fresh enough to be undone by a key."""
    with service.database.reading() as session:
        rows = confirmations(session, caller, coder_id=caller.coder_id, latest=1)
    return next((row for row in rows if now() - row.confirmed_at < _UNDO_WITHIN), None)


def _mine(service: Service, caller: Caller, id: int) -> Confirmation:
    with service.database.reading() as session:
        rows = confirmations(session, caller, coder_id=caller.coder_id)
    found = next((row for row in rows if row.id == id), None)
    if found is None:
        raise MissingError(f"Confirmation {id}: none of yours that stands. It may have been corrected already.")
    return found
