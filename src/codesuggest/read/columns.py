"""Which column of a table is what: given by option, saved in a TOML file, or found by a preset for a kind of export."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from codesuggest.checked import load_checked
from codesuggest.errors import ReadError
from codesuggest.settings import shipped

_BETWEEN_WORDS = re.compile(r"[\W_]+")


class Columns(BaseModel):
    """The names of the columns that matter; all others are carried along.

    text      one column or several, joined in this order: a narrative is all free text of one incident.
    codes     axis key to column. An axis that is not named here is read from a column of its own key, if there is one.
    occurred, reported  the columns of the two dates, if any.
    site      the column that says where an incident was, by which a service may keep sites apart.
    withhold  columns that are never written: names, numbers and whatever else may say who somebody is.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = "id"
    text: tuple[str, ...] = Field(("text",), min_length=1)
    codes: dict[str, str] = Field(default_factory=dict)
    occurred: str = ""
    reported: str = ""
    site: str = ""
    withhold: tuple[str, ...] = ()
    sheet: str = ""
    encoding: str = "utf-8"


class Preset(BaseModel):
    """What the columns of one kind of export may be called: systems are set up differently from site to site.

    Letter case, spaces and punctuation are all one: `Incident no.` is also `INCIDENT_NO`.

    id, occurred, reported, site  the first of these that a file has.
    text, withhold          all of these that a file has, in this order.
    write                   for a sheet of fixed form: its columns in order, each with what it holds (SHEET_PARTS).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    id: tuple[str, ...] = Field(min_length=1)
    text: tuple[str, ...] = Field(min_length=1)
    occurred: tuple[str, ...] = ()
    reported: tuple[str, ...] = ()
    site: tuple[str, ...] = ()
    withhold: tuple[str, ...] = ()
    sheet: str = ""
    write: dict[str, str] = Field(default_factory=dict)

    def columns(self, header: Iterable[str], source: str) -> Columns:
        """The columns of a file with this header. Raises ReadError if id or text is not there."""
        found: dict[str, list[str]] = {}
        for name in filter(None, header):
            found.setdefault(_folded(name), []).append(name)

        def there(names: Sequence[str]) -> list[str]:
            wanted = dict.fromkeys(_folded(name) for name in names)
            return [column for name in wanted for column in found.get(name, ())]

        for what, wanted in (("id", self.id), ("text", self.text)):
            if not there(wanted):
                has = ", ".join(name for names in found.values() for name in names)
                raise ReadError(
                    f"{source}: the preset looks for the {what} in {' or '.join(wanted)}; it has {has}. "
                    "Name the column in a mapping file of your own: --mapping."
                )
        return Columns(
            id=there(self.id)[0],
            text=tuple(there(self.text)),
            occurred=next(iter(there(self.occurred)), ""),
            reported=next(iter(there(self.reported)), ""),
            site=next(iter(there(self.site)), ""),
            withhold=tuple(there(self.withhold)),
        )


def _folded(name: str) -> str:
    return _BETWEEN_WORDS.sub(" ", name).strip().casefold()


def load_columns(path: Path) -> Columns:
    """The columns saved in a TOML file. Raises ReadError naming the file and the key that is wrong."""
    return load_checked(path, Columns, ReadError)


def load_preset(name: str) -> Preset:
    """A preset that comes with the product, by its name, or one in a TOML file. Raises ReadError if there is none."""
    path = Path(name) if name.endswith(".toml") else shipped("columns") / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(path.stem for path in shipped("columns").glob("*.toml")))
        raise ReadError(f"No preset '{name}'. There are {known}; or name a TOML file.")
    return load_checked(path, Preset, ReadError)
