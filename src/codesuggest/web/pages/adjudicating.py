"""Pages of a lead: disagreements side by side, and their settling."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse

from codesuggest.domain import Caller
from codesuggest.errors import ConflictError
from codesuggest.web import adjudicating, reviewing
from codesuggest.web.incidents import one_incident
from codesuggest.web.pages.choices import UNSAID, axis_views
from codesuggest.web.pages.forms import Sent, decision_fields, left_open, shaped
from codesuggest.web.pages.narrative import pieces
from codesuggest.web.pages.show import go, page_router, show, wants_page
from codesuggest.web.service import Service
from codesuggest.web.shapes import ConfirmIn, Cursor, IncidentId, KeyIn
from codesuggest.web.stateless import Serving
from codesuggest.web.who import May

router = page_router()
Lead = Annotated[Caller, Depends(May("lead"))]


@router.get("/adjudication")
def disagreements(request: Request, service: Serving, caller: Lead, cursor: Cursor = None) -> HTMLResponse:
    """What waits to be settled, with the axes on which the coders differ."""
    answer = adjudicating.disagreements(service, caller, 20, cursor)
    rows = [incident | {"differing": _undecided(incident)} for incident in answer["incidents"]]
    return show(request, "adjudications.html", caller, rows=rows, next=answer["next"])


@router.get("/adjudication/{id}")
def side_by_side(id: IncidentId, request: Request, service: Serving, caller: Lead) -> HTMLResponse:
    """Both codings beside each other, and the codes to settle on."""
    return _screen(request, service, caller, id)


@router.post("/adjudication/{id}")
def settled(id: IncidentId, request: Request, fields: Sent, service: Serving, caller: Lead) -> Response:
    """Recorded; the next disagreement follows."""
    taxonomy = service.suggester.model.taxonomy
    sent = decision_fields(fields, taxonomy)
    if wants_page(request) and (asked := left_open(sent, taxonomy)):
        return _screen(request, service, caller, id, sent=sent | {"key": fields.one("key")}, problem=asked)
    body = shaped(ConfirmIn, sent | {"version": fields.one("version")})
    key = shaped(KeyIn, {"key": fields.one("key")}).key
    adjudicating.settle(id, body, key, service, caller)
    return go("/adjudication")


def _screen(
    request: Request,
    service: Service,
    caller: Caller,
    id: int,
    *,
    sent: Mapping[str, Any] | None = None,
    problem: list[str] | None = None,
) -> HTMLResponse:
    incident = one_incident(id, service, caller)
    codings = _codings(incident)
    move = incident["move"]
    if incident["state"] not in ("disagreed", "adjudicated") or (move is None and len(codings) < 2):
        raise ConflictError(f"Incident {id}: {incident['state']}; there is no disagreement to settle.")
    content = reviewing.suggestions(id, service, caller)
    sent = sent or ({"codes": move["codes"], "unsaid": []} if move else _agreed(codings))
    taxonomy = service.suggester.model.taxonomy
    offered = {
        axis: tuple(dict.fromkeys(code for row in codings for code in row["codes"].get(axis, ())))
        for axis in taxonomy.axis
    }
    return show(
        request,
        "adjudicate.html",
        caller,
        status=422 if problem else 200,
        incident=incident,
        codings=codings,
        differing=_undecided(incident),
        content=content,
        axes=axis_views(
            taxonomy, content, given=sent["codes"], unsaid=sent["unsaid"], offered=None if move else offered
        ),
        pieces=pieces(incident["text"] or ""),
        key=sent.get("key") or uuid4().hex,
        comment=sent.get("comment", ""),
        left_open=problem or [],
    )


def _codings(incident: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The codings that stand, the first coder's first."""
    return sorted(
        (row for row in incident["confirmations"] if not row["is_superseded"]), key=lambda row: row["position"]
    )


def _undecided(incident: Mapping[str, Any]) -> list[str]:
    """The axes on which the coders differ, or that a move to another taxonomy leaves open."""
    return list(incident["move"]["open"]) if incident["move"] else _differing(_codings(incident))


def _given(row: Mapping[str, Any], axis: str) -> set[str]:
    return {UNSAID} if axis in row["unsaid"] else set(row["codes"].get(axis, ()))


def _differing(codings: list[dict[str, Any]]) -> list[str]:
    axes = dict.fromkeys(axis for row in codings for axis in (*row["codes"], *row["unsaid"]))
    return [axis for axis in axes if any(_given(row, axis) != _given(codings[0], axis) for row in codings)]


def _agreed(codings: list[dict[str, Any]]) -> dict[str, Any]:
    """What both gave stands until the lead says otherwise; what they differ on is open."""
    differing = _differing(codings)
    return {
        "codes": {axis: codes for axis, codes in codings[0]["codes"].items() if axis not in differing},
        "unsaid": [axis for axis in codings[0]["unsaid"] if axis not in differing],
    }
