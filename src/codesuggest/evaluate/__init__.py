"""How good a model is: its figures on gold, for whom it is worse, what it would save, and how it compares."""

from codesuggest.evaluate.appraisal import Appraisal, appraise
from codesuggest.evaluate.measuring import AxisEvaluation, Evaluation, evaluate

__all__ = ["Appraisal", "AxisEvaluation", "Evaluation", "appraise", "evaluate"]
