"""Personal data in narratives: found with Presidio, replaced with placeholders. Fails closed."""

from codesuggest.redact.redactor import MEASURED, Redactor, Unredacted
from codesuggest.redact.review import write_review

__all__ = ["MEASURED", "Redactor", "Unredacted", "write_review"]
