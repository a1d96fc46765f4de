"""Erasing: an incident's words for good, or personal data that redaction left. What was decided stays on record."""

from codesuggest.erase.incident import erase_incident, erase_reported_before
from codesuggest.erase.misses import TYPES, MissedSpan, flag_miss, misses_as_gold, nothing_missed

__all__ = [
    "TYPES",
    "MissedSpan",
    "erase_incident",
    "erase_reported_before",
    "flag_miss",
    "misses_as_gold",
    "nothing_missed",
]
