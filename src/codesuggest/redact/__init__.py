"""Personal data in narratives: found with Presidio, replaced with placeholders. Fails closed."""

from codesuggest.redact.redactor import Redactor, Unredacted

__all__ = ["Redactor", "Unredacted"]
