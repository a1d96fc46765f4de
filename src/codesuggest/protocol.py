"""How a department codes: `annotation/protocol.toml`, read by the product and refused if a key is not known."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from codesuggest.checked import load_checked
from codesuggest.errors import RecipeError


class Protocol(BaseModel):
    """The rules of coding that are decided by people, not by code."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    double_coding_share: float = Field(ge=0, le=1, description="Share of incidents that a second coder codes too.")
    blind_share: float = Field(ge=0, le=1, description="Share of incidents coded before any suggestion is shown.")
    queue: tuple[Literal["uncertain", "random", "oldest", "site"], ...] = Field(
        min_length=1,
        description="What comes first in the queue: the entries take turns, and one that stands twice has two turns.",
    )
    agreement_floor: dict[str, float] = Field(
        description="Least agreement of two coders by axis, below which the guidelines need work."
    )


def load_protocol(path: Path) -> Protocol:
    """The protocol in a TOML file. Raises RecipeError naming the key that is wrong."""
    return load_checked(path, Protocol, RecipeError)
