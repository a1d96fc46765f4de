"""The FastAPI application. Errors are problem+json and never repeat what was sent."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from fastapi import FastAPI

from codesuggest import __version__
from codesuggest.errors import CodesuggestError
from codesuggest.following import Follower
from codesuggest.promotion import Shelf
from codesuggest.protocol import load_protocol
from codesuggest.read import NarrativeReader
from codesuggest.settings import Settings, shipped
from codesuggest.store.database import Database
from codesuggest.store.moves import require_unmoved
from codesuggest.store.people import server_secret
from codesuggest.store.schema import require_current
from codesuggest.suggest import Suggester
from codesuggest.web import adjudicating, administering, exporting, incidents, measuring, reviewing, sessions, stateless
from codesuggest.web.headers import SecurityHeaders
from codesuggest.web.limits import RateLimit, TimeLimit
from codesuggest.web.pages import FILE_PAGE, ROUTERS
from codesuggest.web.problems import DOCUMENTED, Contain, add_problem_handlers
from codesuggest.web.service import Service
from codesuggest.web.size import BodySizeLimit

_KEEPING = (sessions, incidents, reviewing, adjudicating, exporting, administering)
"""What is there only where there is a store, and so a log-in."""

_AROUND_A_FILE = 10_000
"""Bytes that a form has around the file in it."""


def create_app(suggester: Suggester, settings: Settings, *, is_following: bool = False) -> FastAPI:
    """The application around a suggester that is loaded already.

    is_following  whether another model takes over when `in-use` of the models folder names it.
    Raises StoreError if there is to be a store and its schema is not this version's, and ModelError if the codings in
    it have moved to another taxonomy than the model's.
    """
    service = _service(suggester, settings)
    app = FastAPI(
        title="codesuggest",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        responses=DOCUMENTED,
    )
    app.state.service = service
    app.state.figures = measuring.Figures()
    app.state.follower = _follower(app, settings) if is_following else None
    for module in (stateless, measuring, *(_KEEPING if service.store else ())):
        app.include_router(module.router)
    for router in ROUTERS if service.store else ():
        app.include_router(router)
    add_problem_handlers(app)
    _add_middleware(app, settings)
    return app


def _service(suggester: Suggester, settings: Settings) -> Service:
    store = None if settings.auth == "none" else _store(suggester, settings)
    return Service(
        settings=settings,
        suggester=suggester,
        reader=NarrativeReader(suggester.model.taxonomy, max_chars=settings.max_narrative_chars),
        protocol=load_protocol(settings.protocol or shipped("protocol.toml")),
        rate=RateLimit(settings.requests_per_minute),
        store=store,
        secret=_secret(store) if store else "",
    )


def _secret(store: Database) -> str:
    with store.reading() as session:
        return server_secret(session)


def _store(suggester: Suggester, settings: Settings) -> Database:
    """The store, if its schema is this version's and its codings are in the model's taxonomy."""
    database = Database(settings.database_url)
    try:
        require_current(database)
        _require_unmoved(database, suggester)
    except CodesuggestError:
        database.close()
        raise
    return database


def _require_unmoved(database: Database, suggester: Suggester) -> None:
    with database.reading() as session:
        require_unmoved(session, suggester.model.manifest.taxonomy, suggester.model.manifest.name)


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    """The last one added is met first."""
    most = 4 * settings.max_narrative_chars * min(settings.max_batch, 50)
    files = (incidents.FILE_PATH, FILE_PAGE)
    larger = dict.fromkeys(files, settings.max_upload_mb * 1_000_000 + _AROUND_A_FILE)
    app.add_middleware(BodySizeLimit, max_bytes=most, larger=larger)
    app.add_middleware(Contain)
    longer = dict.fromkeys((*files, incidents.BATCH_PATH), 15.0 * settings.request_timeout_s)
    app.add_middleware(TimeLimit, seconds=settings.request_timeout_s, longer=longer)
    app.add_middleware(measuring.Measure, figures=app.state.figures)
    app.add_middleware(SecurityHeaders)


def _follower(app: FastAPI, settings: Settings) -> Follower:
    """Swaps the service whole: a request keeps the one that it came to. A model that the store has moved away from is
    refused, as at the start."""

    def take_over(suggester: Suggester) -> None:
        if app.state.service.store is not None:
            _require_unmoved(app.state.service.store, suggester)
        app.state.service = replace(app.state.service, suggester=suggester)

    shelf, suggester = Shelf(settings.models_dir), app.state.service.suggester
    return Follower(shelf, suggester, take_over, embedder_dir=settings.embedder_dir)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """The model in use is followed meanwhile; on the way out, the database's connections are given back."""
    if app.state.follower is not None:
        app.state.follower.start()
    yield
    if app.state.follower is not None:
        app.state.follower.stop()
    service = app.state.service
    if service.store is not None:
        service.store.close()
