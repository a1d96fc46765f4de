"""Files and requests to narratives. Together with `redact`, the only code that sees text before redaction."""

from codesuggest.read.columns import Columns, load_columns
from codesuggest.read.files import SkippedRow, read_narratives, skipped_path, write_skipped
from codesuggest.read.narrative import NarrativeReader

__all__ = [
    "Columns",
    "NarrativeReader",
    "SkippedRow",
    "load_columns",
    "read_narratives",
    "skipped_path",
    "write_skipped",
]
