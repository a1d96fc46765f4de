"""Routes of incidents: in, listed, found."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Query
from pydantic import Field

from codesuggest.domain import Arrival, Caller
from codesuggest.errors import ForbiddenError, TooLargeError
from codesuggest.intake import Received, arrivals_of
from codesuggest.read import Columns, SkippedRow, read_narratives
from codesuggest.read.upload import Upload
from codesuggest.review import may_see_suggestions
from codesuggest.store.incidents import Search, counts_by_state, incident_of, search
from codesuggest.web.answers import history_answer, incident_answer
from codesuggest.web.service import Service
from codesuggest.web.shapes import IncidentId, IncidentIn, IncidentsIn, Key, SearchWords, Site, Strict
from codesuggest.web.stateless import Serving
from codesuggest.web.who import May

router = APIRouter(prefix="/v1/incidents", tags=["incidents"])
Sender = Annotated[Caller, Depends(May("lead", "incidents:write"))]
Reader = Annotated[Caller, Depends(May("coder", "incidents:read"))]
FILE_PATH, BATCH_PATH = "/v1/incidents/file", "/v1/incidents/batch"
"""Where more comes in at once than elsewhere."""


@router.post("", summary="Send one incident in", status_code=201)
def receive_one(body: IncidentIn, service: Serving, caller: Sender) -> dict[str, Any]:
    """Redacted, suggested for and queued. Sending it again changes nothing."""
    return _received(service, [_arrival(service, body, caller)], caller)


@router.post("/batch", summary="Send several incidents in", status_code=201)
def receive_many(body: IncidentsIn, service: Serving, caller: Sender) -> dict[str, Any]:
    """Each is accounted for: added, known already, or refused with the reason."""
    if len(body.incidents) > service.settings.max_batch:
        raise TooLargeError(f"'incidents': at most {service.settings.max_batch:,} at once (CODESUGGEST_MAX_BATCH).")
    return _received(service, [_arrival(service, item, caller) for item in body.incidents], caller)


class FileQuery(Strict):
    """What a file is called, and which of its columns hold what."""

    name: str = Field(pattern=r"^[\w. -]{1,100}$", description="Its name: the ending says what it is.")
    site: Site = ""
    id_column: str = Field("id", max_length=100)
    text_column: list[Annotated[str, Field(max_length=100)]] = Field(["text"], min_length=1, max_length=20)


class SearchQuery(Strict):
    """Which incidents to list."""

    state: Literal["", "waiting", "coded", "disagreed", "adjudicated", "withdrawn"] = ""
    q: SearchWords = Field("", description="Words of the redacted narrative, or a reference.")
    code: Key | Literal[""] = Field("", description="A code that was given; of settled incidents only.")
    limit: int = Field(50, ge=1, le=200, description="Most rows in one answer.")
    cursor: int | None = Field(None, ge=1, le=2**31 - 1, description="`next` of the answer before.")


@router.post("/file", summary="Send a file of incidents in", status_code=201)
def receive_file(
    content: Annotated[bytes, Body(media_type="application/octet-stream", description="The file as it is.")],
    query: Annotated[FileQuery, Query()],
    service: Serving,
    caller: Sender,
) -> dict[str, Any]:
    """CSV, TSV, Excel, JSON Lines or Parquet; its columns `site`, `occurred` and `reported` are taken if there."""
    columns = Columns(id=query.id_column, text=tuple(query.text_column))
    upload = Upload(query.name, content)
    rows = list(read_narratives(upload, service.reader, columns, max_mb=service.settings.max_upload_mb))
    narratives = [row for row in rows if not isinstance(row, SkippedRow)]
    skipped = [{"row": row.row, "reason": row.reason} for row in rows if isinstance(row, SkippedRow)]
    arrivals = [_in_site(arrival, caller) for arrival in arrivals_of(iter(narratives), query.site or caller.site)]
    return _received(service, arrivals, caller) | {"skipped": skipped}


@router.get("", summary="List and search incidents, newest first")
def list_incidents(query: Annotated[SearchQuery, Query()], service: Serving, caller: Reader) -> dict[str, Any]:
    """`next` is the cursor of the next page, null on the last."""
    wanted = Search(query.state, query.q, query.code)
    with service.database.reading() as session:
        rows = search(session, caller, wanted, after=query.cursor, limit=query.limit)
        found = [incident_answer(row, with_codes=may_see_suggestions(session, row, caller)) for row in rows]
        counts = counts_by_state(session, caller)
    return {"incidents": found, "next": rows[-1].id if len(rows) == query.limit else None, "counts": counts}


@router.get("/{id}", summary="One incident with its decisions")
def one_incident(id: IncidentId, service: Serving, caller: Reader) -> dict[str, Any]:
    """Others' codings are left out for whoever might still code it."""
    with service.database.reading() as session:
        return history_answer(session, incident_of(session, id, caller), caller)


def _arrival(service: Service, body: IncidentIn, caller: Caller) -> Arrival:
    codes = {axis: tuple(given) for axis, given in body.codes.items()}
    narrative = service.reader.narrative(body.id, body.text, codes=codes)
    return _in_site(Arrival(narrative, body.site or caller.site, body.occurred, body.reported), caller)


def _in_site(arrival: Arrival, caller: Caller) -> Arrival:
    if caller.site and arrival.site != caller.site:
        raise ForbiddenError(f"Incident {arrival.narrative.id}: of site {arrival.site}; yours is {caller.site}.")
    return arrival


def _received(service: Service, arrivals: list[Arrival], caller: Caller) -> dict[str, Any]:
    received: Received = service.intake.receive(arrivals, by=caller.name)
    return {"added": received.added, "known": received.known, "refused": received.refused}
