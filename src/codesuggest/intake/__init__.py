"""Incidents on their way into the review queue: sent to the service, or left over by bulk."""

from codesuggest.intake.left_over import ReviewQueue
from codesuggest.intake.receiving import Intake, Received, arrivals_of, within_site

__all__ = ["Intake", "Received", "ReviewQueue", "arrivals_of", "within_site"]
