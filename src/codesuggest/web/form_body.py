"""The form that a page sends: its fields, and the files with it. Held in memory only: a file holds raw narratives."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from urllib.parse import parse_qs

from fastapi import Request

from codesuggest.errors import ReadError
from codesuggest.read.upload import Upload

_MOST_FIELDS = 2_000
_MULTIPART = "multipart/form-data"
_PLAIN = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class FormBody:
    """Fields by name, each with the values sent, and files by the name of their field."""

    fields: Mapping[str, list[str]] = field(default_factory=dict, repr=False)
    files: Mapping[str, Upload] = field(default_factory=dict)


async def form_of(request: Request) -> FormBody:
    """The form that was sent, read once for each request; empty if none was. Raises ReadError if it is malformed."""
    if not hasattr(request.state, "form"):
        request.state.form = read_form(request.headers.get("content-type", ""), await request.body())
    form = request.state.form
    assert isinstance(form, FormBody)  # noqa: S101  nothing else is ever put there
    return form


def read_form(content_type: str, body: bytes) -> FormBody:
    """A form in either of the two shapes that browsers send. Raises ReadError if it is malformed."""
    kind = _header("content-type", content_type)
    problem = ""
    try:
        if kind.get_content_type() == _MULTIPART:
            return _multipart(body, str(kind.get_param("boundary", "")).encode())
        if kind.get_content_type() == _PLAIN:
            return FormBody(parse_qs(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
        return FormBody()
    except ValueError as error:
        problem = type(error).__name__
    raise ReadError(f"The form cannot be read ({problem}). Load the page again.")


def _multipart(body: bytes, boundary: bytes) -> FormBody:
    fields: defaultdict[str, list[str]] = defaultdict(list)
    files = {}
    for head, content in _parts(body, boundary):
        name = str(head.get_param("name", "", header="content-disposition"))
        file_name = head.get_filename()
        if file_name is None:
            fields[name].append(content.decode())
        elif file_name:
            files[name] = Upload(file_name, content)
    return FormBody(fields, files)


def _parts(body: bytes, boundary: bytes) -> Iterator[tuple[Message, bytes]]:
    """Each part's own description, and its content. Raises ValueError if the body is not whole.

    Source: RFC 7578, and RFC 2046, section 5.1.1.
    """
    _, *parts, end = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if not boundary or not end.startswith(b"--") or len(parts) > _MOST_FIELDS:
        raise ValueError("not whole")
    for part in parts:
        head, blank, content = part.partition(b"\r\n\r\n")
        if not blank:
            raise ValueError("a part without a head")
        described = [line for line in head.decode().split("\r\n") if line.lower().startswith("content-disposition:")]
        yield _header("content-disposition", described[0].partition(":")[2] if described else ""), content


def _header(name: str, value: str) -> Message:
    message = Message()
    message[name] = value.strip().replace("\n", " ").replace("\r", " ")
    return message
