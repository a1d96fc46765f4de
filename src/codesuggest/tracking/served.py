"""What MLflow runs when it loads a model of ours: a model from code, so that nothing is pickled.

MLflow copies this file beside the model's folder and runs it. Raw narratives are redacted before anything else, as
everywhere; the answer to each is the model's suggestions as one line of JSON.
"""

import json
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from codesuggest.domain import Suggestion
from codesuggest.suggest import Suggester


class SuggestedCodes(PythonModel):
    """The suggestions of every axis for each narrative of a table."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the model's folder, every file of it verified by hash."""
        self._suggester = Suggester.load(Path(context.artifacts["model"]))

    def predict(
        self,
        context: PythonModelContext,  # noqa: ARG002  MLflow's signature
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> pd.Series:
        """A line of JSON a row of the column `narrative`: `model`, and the ranked codes of each axis with scores."""
        incidents = self._suggester.suggest([str(text) for text in model_input["narrative"]])
        lines = [
            json.dumps(
                {
                    "model": incident.model,
                    "taxonomy": incident.taxonomy,
                    "axes": {axis: [_shown(one) for one in ranked] for axis, ranked in incident.axes.items()},
                }
            )
            for incident in incidents
        ]
        return pd.Series(lines, name="suggestions", dtype=object)


def _shown(suggestion: Suggestion) -> dict[str, object]:
    return {"code": suggestion.code, "label": suggestion.label, "rank": suggestion.rank, "score": suggestion.score}


mlflow.models.set_model(SuggestedCodes())
