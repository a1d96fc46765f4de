"""The FastAPI application. Errors are problem+json and never repeat what was sent."""

import logging
import threading
import time
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Body, FastAPI
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from codesuggest import __version__
from codesuggest.errors import TooLargeError
from codesuggest.read import NarrativeReader
from codesuggest.report import incident_json
from codesuggest.settings import Settings
from codesuggest.suggest import Suggester
from codesuggest.web.problems import Contain, add_problem_handlers
from codesuggest.web.size import BodySizeLimit

log = logging.getLogger("codesuggest.web")


Reference = Annotated[str, Field(pattern=r"^[\w./:-]{1,64}$", description="The incident's own reference: no spaces.")]
"""Short and without spaces, since a reference is logged and shown: nothing of a narrative fits in."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OneNarrative(_Strict):
    """One incident's free text."""

    id: Reference = "1"
    text: str = Field(description="The narrative, raw: it is redacted before anything else and not kept.")
    top: int = Field(5, ge=1, le=1000, description="Codes per axis.")
    reasons: bool = Field(True, description="Whether to name the words that raised each code.")


class _Item(_Strict):
    id: Reference
    text: str


class ManyNarratives(_Strict):
    """Several incidents at once, answered in the same order."""

    narratives: list[_Item] = Field(min_length=1)
    top: int = Field(5, ge=1, le=1000, description="Codes per axis.")
    reasons: bool = Field(False, description="Whether to name the words that raised each code.")


def create_app(suggester: Suggester, settings: Settings) -> FastAPI:
    """The application around a suggester that is loaded already."""
    app = FastAPI(title="codesuggest", version=__version__, docs_url=None, redoc_url=None)
    app.add_middleware(BodySizeLimit, max_bytes=4 * settings.max_narrative_chars * min(settings.max_batch, 50))
    app.add_middleware(Contain)
    add_problem_handlers(app)
    reader = NarrativeReader(suggester.model.taxonomy, max_chars=settings.max_narrative_chars)
    lock = threading.Lock()

    def answer(items: list[tuple[str, str]], top: int, reasons: bool) -> list[dict[str, Any]]:  # noqa: FBT001
        started = time.perf_counter()
        narratives = [reader.narrative(reference, text) for reference, text in items]
        with lock:  # one computation at a time: two on the same cores only slow each other down
            incidents = suggester.suggest(narratives, top=top, reasons=reasons)
        log.info("suggested n=%d ms=%d", len(incidents), 1000 * (time.perf_counter() - started))
        return [incident_json(incident) for incident in incidents]

    @app.post("/v1/suggest", summary="Suggest codes for one narrative or several")
    async def suggest(
        body: Annotated[OneNarrative | ManyNarratives, Body(description="One narrative, or several.")],
    ) -> dict[str, Any]:
        if isinstance(body, OneNarrative):
            (only,) = await run_in_threadpool(answer, [(body.id, body.text)], body.top, body.reasons)
            return only
        if len(body.narratives) > settings.max_batch:
            raise TooLargeError(f"'narratives': at most {settings.max_batch:,} at once (CODESUGGEST_MAX_BATCH).")
        items = [(item.id, item.text) for item in body.narratives]
        return {"incidents": await run_in_threadpool(answer, items, body.top, body.reasons)}

    @app.get("/v1/taxonomy", summary="The taxonomy that suggestions are made in")
    def taxonomy() -> dict[str, Any]:
        content = asdict(suggester.model.taxonomy)
        return {key: content[key] for key in ("name", "title", "axes", "codes", "grammar", "fingerprint")}

    @app.get("/healthz", summary="Whether the process is alive")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", summary="Whether suggestions can be made, and by which model")
    def ready() -> dict[str, str]:
        manifest = suggester.model.manifest
        return {
            "status": "ready",
            "model": manifest.name,
            "taxonomy": manifest.taxonomy,
            "created": manifest.created,
        }

    return app
