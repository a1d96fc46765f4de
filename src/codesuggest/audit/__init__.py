"""How consistently incidents are coded: agreement, confusions, habits, drift, suspect codes, and what to discuss."""

from codesuggest.audit.confirmations import AxisConfirmation, Confirmations, collect, read_confirmations, taxonomy_of
from codesuggest.audit.two_coders import AxisAgreement, Coding, agreement_of
from codesuggest.audit.whole import Audit, audit

__all__ = [
    "Audit",
    "AxisAgreement",
    "AxisConfirmation",
    "Coding",
    "Confirmations",
    "agreement_of",
    "audit",
    "collect",
    "read_confirmations",
    "taxonomy_of",
]
