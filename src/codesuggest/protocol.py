"""How a department codes: `annotation/protocol.toml`, read by the product and refused if a key is not known."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from codesuggest.checked import load_checked
from codesuggest.errors import RecipeError


class GateRules(BaseModel):
    """When a model may replace the one in use. Margins are differences of shares, such as 0.05 for five points."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    confidence: float = Field(gt=0.5, lt=1, description="One-sided confidence that every finding is stated with.")
    margin: float = Field(gt=0, lt=1, description="Most that an axis, or the shortlists' coverage, may lose.")
    margin_few: float = Field(
        gt=0,
        lt=1,
        description="Most that rare codes, the newest quarter or a site may lose, "
        "and by which codings since the model in use was trained may agree with it less than gold does.",
    )
    margin_calibration: float = Field(gt=0, lt=1, description="Most that the calibration error may grow.")
    fewest_gold: int = Field(ge=1, description="Gold incidents below which nothing is promoted.")
    fewest: int = Field(ge=1, description="Gold incidents below which a site or the rare codes cannot be judged.")
    rare_under: int = Field(ge=1, description="A code is rare if fewer incidents than this have it in training.")


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
    gate: GateRules | None = Field(
        None, description="When a model may replace the one in use. Left out: never without a person's word."
    )


def load_protocol(path: Path) -> Protocol:
    """The protocol in a TOML file. Raises RecipeError naming the key that is wrong."""
    return load_checked(path, Protocol, RecipeError)
