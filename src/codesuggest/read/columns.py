"""Which column of a table is what: given by option, or saved in a TOML file."""

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from codesuggest.errors import ReadError, field_problems


class Columns(BaseModel):
    """The names of the columns that matter; all others are carried along.

    text   one column or several, joined in this order: a narrative is all free text of one incident.
    codes  axis key to column. An axis that is not named here is read from a column of its own key, if there is one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = "id"
    text: tuple[str, ...] = Field(("text",), min_length=1)
    codes: dict[str, str] = Field(default_factory=dict)
    sheet: str = ""
    encoding: str = "utf-8"


def load_columns(path: Path) -> Columns:
    """The columns saved in a TOML file. Raises ReadError naming the file and the key that is wrong."""
    try:
        with path.open("rb") as file:
            return Columns.model_validate(tomllib.load(file))
    except OSError as error:
        raise ReadError(f"{path}: cannot be opened ({error.strerror}).") from error
    except tomllib.TOMLDecodeError as error:
        raise ReadError(f"{path}: not valid TOML ({error}).") from error
    except ValidationError as error:
        raise ReadError(f"{path}: {field_problems(error)}") from error
