"""Routes of a coder's day: next, suggestions, confirm, supersede, skip, flag."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from codesuggest.confirm import Recorded, Sending, confirm, supersede
from codesuggest.domain import Caller, Decision
from codesuggest.erase import MissedSpan, flag_miss
from codesuggest.errors import ConflictError
from codesuggest.review import may_see_suggestions, next_for, open_one, progress, skip
from codesuggest.store.history import confirmations
from codesuggest.store.incidents import incident_of
from codesuggest.store.tables import Assignment, Incident
from codesuggest.web.answers import (
    confirmation_answer,
    incident_answer,
    progress_answer,
    suggestions_answer,
)
from codesuggest.web.service import Service
from codesuggest.web.shapes import ConfirmIn, DecisionIn, FlagIn, IdempotencyKey, IncidentId, RowId, SkipIn
from codesuggest.web.stateless import Serving
from codesuggest.web.who import May

router = APIRouter(prefix="/v1", tags=["review"])
REPLAYED: dict[int | str, dict[str, Any]] = {200: {"description": "On record already, from an earlier sending."}}
Coder = Annotated[Caller, Depends(May("coder"))]


@router.post("/next", summary="The incident I have open, or else the next of the queue")
def next_incident(service: Serving, caller: Coder) -> dict[str, Any]:
    """`assignment` and `incident` are null where nothing waits; `suggestions` is null where it is coded blind."""
    with service.database.writing() as session:
        found = next_for(session, caller, service.protocol, lasting=service.assignment_lasts)
    if found is None:
        with service.database.reading() as session:
            day = progress_answer(progress(session, caller))
        return {"assignment": None, "incident": None, "suggestions": None, "progress": day}
    return assignment_answer(service, caller, *found)


@router.post("/incidents/{id}/open", summary="Open an incident that I looked up, to code it")
def open_incident(id: IncidentId, service: Serving, caller: Coder) -> dict[str, Any]:
    """409 where it is coded already or with another coder."""
    with service.database.writing() as session:
        assignment = open_one(session, id, caller, lasting=service.assignment_lasts)
        incident = incident_of(session, id, caller)
    return assignment_answer(service, caller, assignment, incident)


@router.get("/incidents/{id}/suggestions", summary="The suggestions for an incident")
def suggestions(
    id: IncidentId, service: Serving, caller: Annotated[Caller, Depends(May("coder", "incidents:read"))]
) -> dict[str, Any]:
    """409 where the incident is coded blind and my codes are not on record yet."""
    with service.database.reading() as session:
        incident = incident_of(session, id, caller)
        if not may_see_suggestions(session, incident, caller):
            raise ConflictError(f"Incident {id}: coded blind. Suggestions are shown once your own codes are on record.")
    row = service.intake.suggestion(incident)
    with service.database.reading() as session:
        return suggestions_answer(session, row, caller)


@router.post("/incidents/{id}/confirm", summary="Confirm codes on every axis", status_code=201, responses=REPLAYED)
def confirm_codes(
    id: IncidentId, body: ConfirmIn, key: IdempotencyKey, response: Response, service: Serving, caller: Coder
) -> dict[str, Any]:
    """201 when recorded; 200 with the same answer when this key was recorded before; 409 when it cannot be."""
    decision = decision_of(service, body)
    with service.database.writing() as session:
        sending = Sending(caller, key, body.version)
        recorded = confirm(session, id, decision, sending, taxonomy=service.suggester.model.taxonomy)
    return recorded_answer(service, caller, recorded, response)


@router.post(
    "/confirmations/{id}/supersede", summary="Correct a confirmation of mine", status_code=201, responses=REPLAYED
)
def supersede_codes(
    id: RowId, body: DecisionIn, key: IdempotencyKey, response: Response, service: Serving, caller: Coder
) -> dict[str, Any]:
    """The earlier one stays on record. 409 where it was corrected already, or adjudicated since."""
    decision = decision_of(service, body)
    with service.database.writing() as session:
        recorded = supersede(session, id, decision, Sending(caller, key), taxonomy=service.suggester.model.taxonomy)
    return recorded_answer(service, caller, recorded, response)


@router.post("/incidents/{id}/skip", summary="Give an incident back to the queue", status_code=204)
def skip_incident(id: IncidentId, body: SkipIn, service: Serving, caller: Coder) -> None:
    """The reason is redacted before it is kept."""
    reason = service.redacted(body.reason)
    with service.database.writing() as session:
        skip(session, id, caller, reason)


@router.post("/incidents/{id}/flag", summary="Flag personal data that redaction left")
def flag(id: IncidentId, body: FlagIn, service: Serving, caller: Coder) -> dict[str, Any]:
    """It is taken out wherever it stands. Without spans the incident is withdrawn until a lead has marked them."""
    spans = [MissedSpan(span.start, span.end, span.type) for span in body.spans]
    with service.database.writing() as session:
        incident = flag_miss(session, id, spans, by=caller, version=body.version)
        may_see = may_see_suggestions(session, incident, caller)
    is_gone = incident.state == "withdrawn"
    return incident_answer(incident, with_codes=may_see) | ({"text": None} if is_gone else {})


@router.get("/me/confirmations", summary="My latest confirmations, for undo and correction")
def my_confirmations(service: Serving, caller: Coder) -> dict[str, Any]:
    """The last fifty, newest first."""
    with service.database.reading() as session:
        rows = confirmations(session, caller, coder_id=caller.coder_id, latest=50)
    return {"confirmations": [confirmation_answer(row) for row in rows]}


def assignment_answer(service: Service, caller: Caller, assignment: Assignment, incident: Incident) -> dict[str, Any]:
    """An incident to code, with its suggestions unless it is coded blind."""
    row = None if incident.is_blind else service.intake.suggestion(incident)
    with service.database.reading() as session:
        return {
            "assignment": {
                "id": assignment.id,
                "strategy": assignment.strategy,
                "assigned_at": assignment.assigned_at,
                "expires_at": assignment.expires_at,
            },
            "incident": incident_answer(incident, with_codes=not incident.is_blind),
            "suggestions": suggestions_answer(session, row, caller) if row else None,
            "progress": progress_answer(progress(session, caller)),
        }


def decision_of(service: Service, body: DecisionIn) -> Decision:
    """A decision as it was sent, its comment redacted."""
    return Decision(
        codes={axis: tuple(codes) for axis, codes in body.codes.items()},
        unsaid=tuple(body.unsaid),
        comment=service.redacted(body.comment),
        shown=None if body.shown is None else {axis: tuple(codes) for axis, codes in body.shown.items()},
        time_on_screen_ms=body.time_on_screen_ms,
    )


def recorded_answer(service: Service, caller: Caller, recorded: Recorded, response: Response) -> dict[str, Any]:
    """A confirmation on record, with its incident's state."""
    response.status_code = 200 if recorded.is_replay else 201
    incident = recorded.incident
    with service.database.reading() as session:
        rows = confirmations(session, caller, incidents=[incident.id], coder_id=caller.coder_id, with_superseded=True)
    (row,) = [row for row in rows if row.id == recorded.row.id]
    return confirmation_answer(row) | {"state": incident.state, "version": incident.version}
