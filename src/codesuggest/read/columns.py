"""Which column of a table is what: given by option, or saved in a TOML file."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from codesuggest.checked import load_checked
from codesuggest.errors import ReadError


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
    return load_checked(path, Columns, ReadError)
