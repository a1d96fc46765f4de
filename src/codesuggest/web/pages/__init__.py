"""The pages of coders, leads and administrators: rendered on the server, useful without script, used by keyboard."""

from codesuggest.web.pages import adjudicating, administering, browsing, figures, reports, reviewing, show, signing
from codesuggest.web.pages.browsing import FILE_PAGE

ROUTERS = tuple(
    module.router for module in (show, signing, reviewing, browsing, adjudicating, figures, reports, administering)
)

__all__ = ["FILE_PAGE", "ROUTERS"]
