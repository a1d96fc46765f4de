"""A coder's decision on every axis, recorded once and never changed; and the settling of disagreements."""

from codesuggest.confirm.adjudicating import adjudicate
from codesuggest.confirm.coding import check_coding
from codesuggest.confirm.recording import Recorded, confirm, supersede
from codesuggest.confirm.state import Sending

__all__ = ["Recorded", "Sending", "adjudicate", "check_coding", "confirm", "supersede"]
