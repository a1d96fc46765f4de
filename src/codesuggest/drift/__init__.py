"""Change over time: what a department codes, overrides and writes, month by month, and where it changed for certain."""

from codesuggest.drift.observed import observe
from codesuggest.drift.steps import LEVEL
from codesuggest.drift.watch import Alarm, Drift, Observed, Signal, Watched, watch

__all__ = ["LEVEL", "Alarm", "Drift", "Observed", "Signal", "Watched", "observe", "watch"]
