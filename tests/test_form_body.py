"""Forms as browsers send them, with files and without."""

import pytest

from codesuggest.errors import ReadError
from codesuggest.web.form_body import read_form

BOUNDARY = "----x7"
KIND = f"multipart/form-data; boundary={BOUNDARY}"


def multipart(*parts: tuple[str, bytes]) -> bytes:
    made = b"".join(f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + content + b"\r\n" for head, content in parts)
    return made + f"--{BOUNDARY}--\r\n".encode()


def test_fields_and_a_file_come_back_to_the_byte() -> None:
    content = b"PK\x03\x04\r\n\r\n--not-it\r\n\x00\xff"
    head = 'Content-Disposition: form-data; name="file"; filename="May, 2026.xlsx"\r\nContent-Type: application/zip'
    body = multipart(('Content-Disposition: form-data; name="id_column"', "Réf".encode()), (head, content))
    form = read_form(KIND, body)
    assert form.fields == {"id_column": ["Réf"]}
    assert (form.files["file"].name, form.files["file"].content) == ("May, 2026.xlsx", content)
    assert b"PK" not in repr(form).encode()


def test_a_file_that_was_not_chosen_is_none() -> None:
    form = read_form(KIND, multipart(('Content-Disposition: form-data; name="file"; filename=""', b"")))
    assert form.files == {}


def test_a_plain_form_keeps_what_is_empty_and_what_comes_twice() -> None:
    assert read_form("application/x-www-form-urlencoded", b"a=1&a=2&b=").fields == {"a": ["1", "2"], "b": [""]}


def test_what_is_no_form_has_no_fields() -> None:
    assert read_form("application/json", b"{}").fields == {}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (KIND, b"nothing of it"),
        (KIND, multipart(("Content-Disposition: form-data; name=a", b"x"))[:-8]),
        (KIND, f"--{BOUNDARY}\r\nno end of the head--{BOUNDARY}--".encode()),
        ("multipart/form-data", b"--x--"),
        (KIND, multipart(("Content-Disposition: form-data; name=a", b"\xff\xfe"))),
        ("application/x-www-form-urlencoded", b"a=\xff"),
        ("application/x-www-form-urlencoded", b"a=1&" * 3000),
    ],
)
def test_a_form_that_is_not_whole_is_refused_without_repeating_it(kind: str, body: bytes) -> None:
    with pytest.raises(ReadError, match=r"^The form cannot be read \(\w+\). Load the page again.$"):
        read_form(kind, body)
