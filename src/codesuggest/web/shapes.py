"""What may be sent, checked where it enters."""

import datetime as dt
from typing import Annotated, Literal

from fastapi import Header, Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from codesuggest.signin import SCOPES


def _plain(words: str) -> str:
    """Words that any database can keep. Raises ValueError for what binary data would hold."""
    if "\0" in words or any("\ud800" <= character <= "\udfff" for character in words):
        raise ValueError("holds characters that are no text")
    return words


Reference = Annotated[str, Field(pattern=r"^[\w./:-]{1,64}$", description="The incident's own reference: no spaces.")]
"""Short and without spaces, since a reference is logged and shown: nothing of a narrative fits in."""

Words = Annotated[str, Field(max_length=2_000), AfterValidator(_plain)]
SearchWords = Annotated[str, Field(max_length=100), AfterValidator(_plain)]
Site = Annotated[
    str, Field(pattern=r"^[\w./:-]{0,64}$", description="Site of the department; empty where there is one.")
]
Key = Annotated[str, Field(max_length=60, pattern=r"^[\w.-]+$")]
CodesGiven = dict[Key, Annotated[list[Key], Field(max_length=200)]]
IncidentId = Annotated[int, Path(ge=1, le=2**31 - 1, alias="id")]
RowId = Annotated[int, Path(ge=1, le=2**31 - 1, alias="id")]
Limit = Annotated[int, Query(ge=1, le=200, description="Most rows in one answer.")]
Cursor = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="`next` of the answer before.")]
IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\w-]{8,64}$",
        description="The same for every sending of one decision, another for each decision.",
    ),
]
Password = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_plain)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{1,63}$")]


class Strict(BaseModel):
    """A shape without room for anything else."""

    model_config = ConfigDict(extra="forbid")


class IncidentIn(Strict):
    """One incident to be coded. The narrative is redacted before anything else, and only that is kept."""

    id: Reference
    text: str
    site: Site = ""
    occurred: dt.date | None = None
    reported: dt.date | None = None
    codes: CodesGiven = Field(default_factory=dict, description="Codes that it has already.")


class IncidentsIn(Strict):
    """Several incidents at once."""

    incidents: list[IncidentIn] = Field(min_length=1)


class DecisionIn(Strict):
    """A coder's decision on every axis, and what was on the screen."""

    codes: CodesGiven = Field(description="Axis to codes.")
    unsaid: list[Key] = Field(default_factory=list, max_length=50, description="Axes on which the narrative is silent.")
    shown: CodesGiven | None = Field(None, description="Axis to the codes shown, in order; absent: all, as suggested.")
    time_on_screen_ms: int = Field(0, ge=0, le=86_400_000)
    comment: Words = Field("", description="Redacted before it is kept.")


class ConfirmIn(DecisionIn):
    """A decision on an incident as it was read."""

    version: int = Field(ge=1, le=2**31 - 1, description="`version` of the incident as it was read.")


class SkipIn(Strict):
    """Why an incident goes back to the queue."""

    reason: Words = Field(min_length=1)


class SpanIn(Strict):
    """Where personal data stands in the redacted narrative, in characters, the end not included."""

    start: int = Field(ge=0, le=2**31 - 1)
    end: int = Field(ge=1, le=2**31 - 1)
    type: Key


class FlagIn(Strict):
    """A redaction miss. Without spans, the incident is withdrawn until a lead has marked them."""

    version: int = Field(ge=1, le=2**31 - 1)
    spans: list[SpanIn] = Field(default_factory=list, max_length=200)


class KeyIn(Strict):
    """An idempotency key, as a form sends it."""

    key: str = Field(pattern=r"^[\w-]{8,64}$")


class VersionIn(Strict):
    """An incident as it was read."""

    version: int = Field(ge=1, le=2**31 - 1)


class SignInIn(Strict):
    """Name and password."""

    name: Name
    password: Password


class PasswordIn(Strict):
    """A change of one's own password."""

    old: Password
    new: Password


class CoderIn(Strict):
    """A new coder."""

    name: Name
    display_name: Annotated[str, Field(max_length=100), AfterValidator(_plain)] = ""
    role: Literal["coder", "lead", "administrator"] = "coder"
    site: Site = ""
    password: Password | None = Field(None, description="Left out where a proxy signs coders in.")


class CoderChangeIn(Strict):
    """What to change of a coder; what is left out stays."""

    display_name: Annotated[str, Field(max_length=100), AfterValidator(_plain)] | None = None
    role: Literal["coder", "lead", "administrator"] | None = None
    site: Site | None = None
    is_active: bool | None = None
    password: Password | None = None


class TokenIn(Strict):
    """A new machine token."""

    name: Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_plain)]
    scopes: list[Annotated[str, Field(pattern=r"^[a-z:]{1,30}$")]] = Field(
        min_length=1, max_length=len(SCOPES), description=f"Of {', '.join(SCOPES)}."
    )
    site: Site = ""
    days: int | None = Field(None, ge=1, le=3650, description="Good for so many days; left out: until revoked.")
