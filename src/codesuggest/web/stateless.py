"""Routes that keep nothing: suggest, taxonomy, health."""

import logging
import time
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends
from pydantic import Field

from codesuggest.domain import Caller
from codesuggest.errors import TooLargeError
from codesuggest.intake import within_site
from codesuggest.report import incident_json
from codesuggest.store.schema import require_current
from codesuggest.web.service import Service, service_of
from codesuggest.web.shapes import Reference, Strict
from codesuggest.web.who import May

log = logging.getLogger("codesuggest.web")
router = APIRouter()
Serving = Annotated[Service, Depends(service_of)]


class OneNarrative(Strict):
    """One incident's free text."""

    id: Reference = "1"
    text: str = Field(description="The narrative, raw: it is redacted before anything else and not kept.")
    top: int = Field(5, ge=1, le=1000, description="Codes per axis.")
    reasons: bool = Field(default=True, description="Whether to name the words that raised each code.")


class Item(Strict):
    """One of several narratives."""

    id: Reference
    text: str


class ManyNarratives(Strict):
    """Several incidents at once, answered in the same order."""

    narratives: list[Item] = Field(min_length=1)
    top: int = Field(5, ge=1, le=1000, description="Codes per axis.")
    reasons: bool = Field(default=False, description="Whether to name the words that raised each code.")


@router.post("/v1/suggest", summary="Suggest codes for one narrative or several", tags=["suggest"])
def suggest(
    body: Annotated[OneNarrative | ManyNarratives, Body(description="One narrative, or several.")],
    service: Serving,
    caller: Annotated[Caller, Depends(May("coder", "suggest"))],
) -> dict[str, Any]:
    """The shape is that of `codesuggest suggest --format jsonl`. Nothing is kept."""
    if isinstance(body, OneNarrative):
        (only,) = _answer(service, [(body.id, body.text)], body, caller)
        return only
    if len(body.narratives) > service.settings.max_batch:
        raise TooLargeError(f"'narratives': at most {service.settings.max_batch:,} at once (CODESUGGEST_MAX_BATCH).")
    return {"incidents": _answer(service, [(item.id, item.text) for item in body.narratives], body, caller)}


@router.get("/v1/taxonomy", summary="The taxonomy that suggestions are made in", tags=["suggest"])
def taxonomy(service: Serving, _: Annotated[Caller, Depends(May("coder", "suggest"))]) -> dict[str, Any]:
    """Its axes in order, and every code with label, definition and parent."""
    content = asdict(service.suggester.model.taxonomy)
    return {key: content[key] for key in ("name", "title", "axes", "codes", "grammar", "fingerprint")}


@router.get("/healthz", summary="Whether the process is alive", tags=["health"])
def health(_: Annotated[Caller, Depends(May("anyone"))]) -> dict[str, str]:
    """Nothing else is looked at."""
    return {"status": "ok"}


@router.get("/readyz", summary="Whether requests can be answered, and by which model", tags=["health"])
def ready(service: Serving, _: Annotated[Caller, Depends(May("anyone"))]) -> dict[str, str]:
    """503 where the database does not answer, or has another schema."""
    if service.store is not None:
        require_current(service.store)
    manifest = service.suggester.model.manifest
    return {"status": "ready", "model": manifest.name, "taxonomy": manifest.taxonomy, "created": manifest.created}


def _answer(
    service: Service, items: list[tuple[str, str]], body: OneNarrative | ManyNarratives, caller: Caller
) -> list[dict[str, Any]]:
    started = time.perf_counter()
    narratives = [service.reader.narrative(reference, text) for reference, text in items]
    with service.lock:  # one computation at a time: two on the same cores only slow each other down
        incidents = service.suggester.suggest(narratives, top=body.top, reasons=body.reasons)
    log.info("suggested n=%d ms=%d", len(incidents), 1000 * (time.perf_counter() - started))
    answers = [incident_json(incident) for incident in incidents]
    if service.store is None:
        return answers
    with service.store.reading() as session:
        return [within_site(session, answer, caller) for answer in answers]
