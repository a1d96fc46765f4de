"""Routes out: settled codes, confirmations, the redaction gold, the dashboard's figures."""

from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from codesuggest.dashboard import dashboard
from codesuggest.domain import Caller
from codesuggest.erase import misses_as_gold
from codesuggest.errors import ForbiddenError
from codesuggest.store.history import settled_incidents
from codesuggest.store.log import record
from codesuggest.web.answers import settled_answer
from codesuggest.web.shapes import Cursor, Limit
from codesuggest.web.stateless import Serving
from codesuggest.web.who import May

router = APIRouter(prefix="/v1", tags=["export"])
Exporter = Annotated[Caller, Depends(May("lead", "export"))]


@router.get("/export", summary="Settled codes")
def export(
    service: Serving,
    caller: Exporter,
    with_text: Annotated[bool, Query(description="Whether the redacted narratives come too.")] = False,  # noqa: FBT002
    limit: Limit = 200,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Adjudicated, agreed by two, blind or assisted by one: `settled_by` says which. Who exported is on record."""
    with service.database.writing() as session:
        rows = list(islice(settled_incidents(session, caller, after=cursor or 0, limit=limit), limit))
        record(session, caller.name, "export", f"{len(rows)} incidents", after=cursor or 0, with_text=with_text)
    found = [settled_answer(row, with_text=with_text) for row in rows]
    return {"incidents": found, "next": rows[-1].incident_id if len(rows) == limit else None}


@router.get("/redaction-gold", summary="What redaction missed, as texts with slots")
def redaction_gold(service: Serving, caller: Exporter) -> dict[str, Any]:
    """For `codesuggest redaction gold`, which fills the slots with made-up values. For those who see every site."""
    if caller.site:
        raise ForbiddenError("The redaction gold is of every site; this needs somebody who sees all of them.")
    with service.database.reading() as session:
        return {"texts": list(misses_as_gold(session))}


@router.get("/dashboard", summary="The department's figures")
def figures(
    service: Serving,
    caller: Annotated[Caller, Depends(May("lead", "dashboard"))],
    months: Annotated[int, Query(ge=1, le=120)] = 12,
) -> dict[str, Any]:
    """Counts, throughput, acceptance, blind against assisted, agreement, and codes by month, modality and site."""
    with service.database.reading() as session:
        return dashboard(session, caller, service.suggester.model.taxonomy, months=months)
