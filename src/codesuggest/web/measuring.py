"""The service's own figures, for Prometheus: counts and durations by route, and incidents by state."""

import time
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from codesuggest.domain import Caller
from codesuggest.store.incidents import STATES, counts_by_state
from codesuggest.web.problems import route_of
from codesuggest.web.stateless import Serving
from codesuggest.web.who import May

router = APIRouter()
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 15, 60)


class Figures:
    """The figures of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "codesuggest_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "codesuggest_request_seconds", "How long answers took.", ["route"], buckets=_BUCKETS, registry=self.registry
        )
        self.incidents = Gauge("codesuggest_incidents", "Incidents by state.", ["state"], registry=self.registry)


class Measure:
    """ASGI middleware that counts and times every request under its route as declared."""

    def __init__(self, app: ASGIApp, figures: Figures) -> None:
        self._app = app
        self._figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            route = route_of(scope)
            self._figures.requests.labels(scope["method"], route, status).inc()
            self._figures.seconds.labels(route).observe(time.perf_counter() - started)


@router.get(
    "/metrics", summary="The service's own figures, for Prometheus", tags=["health"], response_class=PlainTextResponse
)
def metrics(
    request: Request, service: Serving, _: Annotated[Caller, Depends(May("administrator", "metrics"))]
) -> Response:
    """Counts and durations by route, incidents by state."""
    figures = request.app.state.figures
    assert isinstance(figures, Figures)  # noqa: S101  nothing else is ever put there
    if service.store is not None:
        with service.store.reading() as session:
            counts = counts_by_state(session, Caller("metrics"))
        for state in STATES:
            figures.incidents.labels(state).set(counts.get(state, 0))
    return Response(generate_latest(figures.registry), media_type=CONTENT_TYPE_LATEST)
