"""What forms send, read into the same shapes that the interface takes."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from codesuggest.domain import Taxonomy
from codesuggest.errors import ReadError
from codesuggest.read.upload import Upload
from codesuggest.web.form_body import form_of
from codesuggest.web.pages.choices import UNSAID

Shape = TypeVar("Shape", bound=BaseModel)


class Fields:
    """The fields of one form, each with the values sent, and its files."""

    def __init__(self, values: Mapping[str, list[str]], files: Mapping[str, Upload]) -> None:
        self._values = values
        self._files = files

    def all(self, name: str) -> list[str]:
        """Every value of a field, blanks left out."""
        return [value for value in self._values.get(name, ()) if value.strip()]

    def one(self, name: str, default: str = "") -> str:
        """The first value of a field."""
        return next(iter(self._values.get(name, ())), default)

    def file(self, name: str) -> Upload:
        """The file of a field. Raises ReadError if none was chosen."""
        if name not in self._files:
            raise ReadError("No file was chosen. Choose one, then send it.")
        return self._files[name]

    def __contains__(self, name: str) -> bool:
        return name in self._values


async def read_fields(request: Request) -> Fields:
    """The form that was sent. Raises ReadError if it is none."""
    form = await form_of(request)
    return Fields(form.fields, form.files)


Sent = Annotated[Fields, Depends(read_fields)]


def shaped(shape: type[Shape], values: Mapping[str, Any]) -> Shape:
    """The values in a shape of the interface. Raises RequestValidationError, which repeats none of them."""
    problems: list[Any] = []
    try:
        return shape.model_validate(dict(values))
    except ValidationError as error:
        problems = list(error.errors(include_input=False, include_context=False, include_url=False))
    raise RequestValidationError(problems)


def decision_fields(fields: Fields, taxonomy: Taxonomy) -> dict[str, Any]:
    """A decision as the review page sends it, in the fields of `DecisionIn`."""
    sent = {axis: " ".join(fields.all(f"code.{axis}")).split() for axis in taxonomy.axis}
    time = fields.one("time_on_screen_ms")
    return {
        "codes": {
            axis: [taxonomy.spelling(axis, code) or code for code in given if code != UNSAID]
            for axis, given in sent.items()
            if any(code != UNSAID for code in given)
        },
        "unsaid": [axis for axis, given in sent.items() if UNSAID in given],
        "shown": {axis: fields.one(f"shown.{axis}").split() for axis in taxonomy.axis if f"shown.{axis}" in fields},
        "time_on_screen_ms": min(int(time), 86_400_000) if time.isdecimal() and len(time) < 12 else 0,
        "comment": fields.one("comment"),
    }


def left_open(sent: Mapping[str, Any], taxonomy: Taxonomy) -> list[str]:
    """The axes that still want a code, or to be named as not said."""
    return [
        axis.key
        for axis in taxonomy.axes
        if not axis.optional and not sent["codes"].get(axis.key) and axis.key not in sent["unsaid"]
    ]
