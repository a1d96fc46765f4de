"""The page of a department's own figures."""

from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import Field

from codesuggest.domain import Caller
from codesuggest.web import exporting
from codesuggest.web.pages.charts import small_multiples, weekly
from codesuggest.web.pages.show import page_router, show
from codesuggest.web.shapes import Key, Strict
from codesuggest.web.stateless import Serving
from codesuggest.web.who import May

router = page_router()
BY = {"by_month": "month", "by_modality": "modality performed", "by_site": "site"}


class FiguresQuery(Strict):
    """Which figures to show."""

    months: int = Field(12, ge=1, le=120)
    axis: Key | None = None
    by: Key = "by_month"


@router.get("/dashboard")
def dashboard(
    query: Annotated[FiguresQuery, Query()],
    request: Request,
    service: Serving,
    caller: Annotated[Caller, Depends(May("lead"))],
) -> HTMLResponse:
    """Counts, throughput, acceptance, accuracy, agreement, and codes by month, modality or site."""
    taxonomy = service.suggester.model.taxonomy
    figures = exporting.figures(service, caller, query.months)
    axis = query.axis if query.axis in taxonomy.axis else taxonomy.axes[0].key
    by = query.by if query.by in BY else "by_month"
    return show(
        request,
        "dashboard.html",
        caller,
        figures=figures,
        axis=axis,
        by=by,
        ways=BY,
        weeks=weekly(figures["throughput"]["by_week"]),
        override_months=sorted({m for months in figures["drift"]["overridden_by_month"].values() for m in months}),
        trend=small_multiples(figures["codes"][axis][by]),
    )
