"""Reports that were written into the department's folder of them, for leads to read."""

import datetime as dt
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from codesuggest.domain import Caller
from codesuggest.errors import ForbiddenError, MissingError
from codesuggest.promotion import Shelf
from codesuggest.tracking import run_page
from codesuggest.web.pages.show import page_router, show
from codesuggest.web.service import Service
from codesuggest.web.stateless import Serving
from codesuggest.web.who import May

router = page_router()
Lead = Annotated[Caller, Depends(May("lead"))]

_POLICY = {"Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}
"""A report is one file: its own style, and nothing else is run or fetched."""


@router.get("/reports")
def listed(request: Request, service: Serving, caller: Lead) -> HTMLResponse:
    """The reports, newest first."""
    found = sorted(_reports(service, caller), key=lambda path: -path.stat().st_mtime)
    rows = [(path.stem, dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC).date().isoformat()) for path in found]
    return show(request, "reports.html", caller, rows=rows, models=_beside_models(service))


@router.get("/reports/{name}")
def one(name: str, service: Serving, caller: Lead) -> HTMLResponse:
    """One report, as it was written. Raises MissingError if the folder has none of this name."""
    for path in _reports(service, caller):
        if path.stem == name:
            return HTMLResponse(path.read_text(encoding="utf-8"), headers=_POLICY)
    raise MissingError("No report of this name.")


def _beside_models(service: Service) -> list[tuple[str, str, list[str]]]:
    """The models whose MLflow run holds reports: name, the address of the run's page or nothing, and the reports."""
    url = service.settings.tracking_url
    reported = Shelf(service.settings.models_dir).reported()
    return [(model, run_page(url, found["run"]), found["reports"]) for model, found in reported.items()]


def _reports(service: Service, caller: Caller) -> list[Path]:
    """The reports of the folder that the operator names. They hold every site, so whoever sees one site sees none."""
    if caller.site:
        raise ForbiddenError("Reports hold every site, and you see one.")
    folder = service.settings.reports_dir
    return sorted(folder.glob("*.html")) if folder and folder.is_dir() else []
