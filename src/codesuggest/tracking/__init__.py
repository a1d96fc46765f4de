"""MLflow: what a training run was made of and how good it is, the model itself, and which version is what.

A local SQLite file and artefact folder by default, any server by URL. Nothing is pickled, nothing of a narrative is
logged, and nothing is sent to anybody else.
"""

from codesuggest.tracking.client import ALIASES, Logged, RunRecord, Tracking, local_url, run_page

__all__ = ["ALIASES", "Logged", "RunRecord", "Tracking", "local_url", "run_page"]
