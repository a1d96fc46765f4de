"""Files and requests to narratives. Together with `redact`, the only code that sees text before redaction."""

from codesuggest.read.columns import Columns, Preset, load_columns, load_preset
from codesuggest.read.dates import plain_date
from codesuggest.read.files import (
    SkippedRow,
    SourceRow,
    read_narratives,
    skipped_path,
    source_row,
    source_rows,
    to_narrative,
    write_skipped,
)
from codesuggest.read.narrative import NarrativeReader

__all__ = [
    "Columns",
    "NarrativeReader",
    "Preset",
    "SkippedRow",
    "SourceRow",
    "load_columns",
    "load_preset",
    "plain_date",
    "read_narratives",
    "skipped_path",
    "source_row",
    "source_rows",
    "to_narrative",
    "write_skipped",
]
