"""The service: suggestions over HTTP."""

from codesuggest.web.app import create_app

__all__ = ["create_app"]
