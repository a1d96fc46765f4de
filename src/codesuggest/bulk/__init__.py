"""File to file coding: chunk by chunk, resumable, whole or not there. Pre-coded is not confirmed."""

from codesuggest.bulk.coding import CodingOptions
from codesuggest.bulk.job import BulkJob
from codesuggest.bulk.manifest import RunManifest
from codesuggest.bulk.run import run_bulk

__all__ = ["BulkJob", "CodingOptions", "RunManifest", "run_bulk"]
