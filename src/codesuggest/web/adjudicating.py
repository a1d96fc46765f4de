"""Routes of a lead: disagreements side by side, their settling, and incidents withdrawn."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from codesuggest.confirm import Sending, adjudicate
from codesuggest.domain import Caller
from codesuggest.erase import nothing_missed
from codesuggest.store.incidents import Search, incident_of, latest_suggestion, search
from codesuggest.web.answers import adjudication_answer, history_answer, incident_answer, suggestions_answer
from codesuggest.web.reviewing import decision_of
from codesuggest.web.shapes import ConfirmIn, Cursor, IdempotencyKey, IncidentId, Limit, VersionIn
from codesuggest.web.stateless import Serving
from codesuggest.web.who import May

router = APIRouter(prefix="/v1", tags=["adjudicate"])
Lead = Annotated[Caller, Depends(May("lead"))]


@router.get("/adjudications", summary="Disagreements that wait to be settled")
def disagreements(service: Serving, caller: Lead, limit: Limit = 20, cursor: Cursor = None) -> dict[str, Any]:
    """Each incident with both codings side by side, and what was suggested."""
    with service.database.reading() as session:
        rows = search(session, caller, Search(state="disagreed"), after=cursor, limit=limit)
        found = []
        for incident in rows:
            row = latest_suggestion(session, incident.id)
            suggestions = suggestions_answer(session, row, caller) if row else None
            found.append(history_answer(session, incident, caller) | {"suggestions": suggestions})
    return {"incidents": found, "next": rows[-1].id if len(rows) == limit else None}


@router.post("/incidents/{id}/adjudicate", summary="Settle a disagreement", status_code=201)
def settle(id: IncidentId, body: ConfirmIn, key: IdempotencyKey, service: Serving, caller: Lead) -> dict[str, Any]:
    """`comment` is the reason. Settling again supersedes; the earlier adjudication stays on record."""
    decision = decision_of(service, body)
    with service.database.writing() as session:
        sending = Sending(caller, key, body.version)
        row = adjudicate(session, id, decision, sending, taxonomy=service.suggester.model.taxonomy)
        incident = incident_of(session, id, caller)
    return adjudication_answer(row) | {"state": incident.state, "version": incident.version}


@router.post("/incidents/{id}/put-back", summary="Put a withdrawn incident back: nothing was missed")
def put_back(id: IncidentId, body: VersionIn, service: Serving, caller: Lead) -> dict[str, Any]:
    """409 where it is not withdrawn."""
    with service.database.writing() as session:
        return incident_answer(nothing_missed(session, id, by=caller, version=body.version))
