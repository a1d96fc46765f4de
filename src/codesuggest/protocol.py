"""How a department codes: `annotation/protocol.toml`, read by the product and refused if a key is not known."""

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from codesuggest.errors import RecipeError, field_problems


class Protocol(BaseModel):
    """The rules of coding that are decided by people, not by code."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    double_coding_share: float = Field(ge=0, le=1, description="Share of incidents that a second coder codes too.")
    blind_share: float = Field(ge=0, le=1, description="Share of incidents coded before any suggestion is shown.")
    queue: tuple[Literal["uncertain", "random", "oldest", "site"], ...] = Field(
        min_length=1, description="What comes first in the queue."
    )
    agreement_floor: dict[str, float] = Field(
        description="Least agreement of two coders by axis, below which the guidelines need work."
    )


def load_protocol(path: Path) -> Protocol:
    """The protocol in a TOML file. Raises RecipeError naming the key that is wrong."""
    try:
        return Protocol.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise RecipeError(f"{path}: cannot be opened ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: not valid TOML ({error}).") from error
    except ValidationError as error:
        raise RecipeError(f"{path}: {field_problems(error)}") from error
