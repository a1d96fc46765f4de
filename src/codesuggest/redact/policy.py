"""What is redacted and how it is shown: one TOML file that a department can edit, refused if a key is not known."""

import hashlib
import json
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from codesuggest.checked import load_checked
from codesuggest.errors import RedactionError
from codesuggest.redact.terms import fold

_TERMS = "terms.txt"
"""The file of a redaction folder with the terms, one a line, that are never personal."""


class Policy(BaseModel):
    """A redaction policy."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    off: tuple[str, ...] = Field((), description="Types that are left alone, such as ORGANIZATION.")
    min_score: float = Field(0.3, ge=0, le=1, description="Findings less sure than this are left alone.")
    min_scores: dict[str, float] = Field(default_factory=dict, description="The same for single types.")
    number_people: bool = Field(
        default=True, description="True: <PERSON_1>, <PERSON_2>, the same person always the same. False: <PERSON>."
    )
    dates: Literal["keep", "year"] = Field(
        "keep", description="Full dates other than of birth: kept, or only their year."
    )
    allow: tuple[str, ...] = Field((), description="Terms that are never personal: eponyms, makers, products.")
    deny: tuple[str, ...] = Field((), description="Terms that are always redacted, such as a local staff list.")
    min_recall: float = Field(
        0.95, ge=0, le=1, description="Lower bound of measured recall under which training and serving refuse to start."
    )

    @cached_property
    def allowed(self) -> frozenset[str]:
        """The allowed terms, folded, without their possessive endings."""
        return frozenset(" ".join(fold(word) for word in term.split()) for term in self.allow)

    @property
    def fingerprint(self) -> str:
        """A hash of the whole policy, recorded with every model trained under it."""
        return hashlib.sha256(json.dumps(self.model_dump(), sort_keys=True).encode()).hexdigest()[:16]

    def threshold(self, type: str) -> float:
        """The least score at which a finding of this type counts."""
        return self.min_scores.get(type, self.min_score)


def load_policy(folder: Path) -> Policy:
    """The policy in a redaction folder, with the terms of its `terms.txt`. Raises RedactionError with what is wrong."""
    policy = load_checked(folder / "policy.toml", Policy, RedactionError)
    terms = folder / _TERMS
    if not terms.is_file():
        raise RedactionError(f"{terms}: the list of terms that are nobody's names is missing.")
    return policy.model_copy(update={"allow": (*policy.allow, *terms.read_text(encoding="utf-8").splitlines())})
