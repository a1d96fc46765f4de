"""Results for people and programs: tables for the terminal, and documents as HTML, Markdown and JSON."""

from codesuggest.report.bulk import bulk_report, harvest_report, verdict_table
from codesuggest.report.tables import (
    INCIDENT_COLUMNS,
    agreement_table,
    aligned,
    evaluation_json,
    evaluation_table,
    incident_json,
    incident_rows,
    incident_table,
    redaction_json,
    redaction_table,
)

__all__ = [
    "INCIDENT_COLUMNS",
    "agreement_table",
    "aligned",
    "bulk_report",
    "evaluation_json",
    "evaluation_table",
    "harvest_report",
    "incident_json",
    "incident_rows",
    "incident_table",
    "redaction_json",
    "redaction_table",
    "verdict_table",
]
