"""The interface keeps to its own description, whatever is sent: fuzzed with an administrator signed in."""

import warnings
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from reviewers import Person, department

from codesuggest.suggest import Suggester

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # schemathesis's own, at its import
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

CANARY = "Quillfeather"
"""Sent within every request; no error may repeat it."""


@pytest.fixture(scope="module")
def root(suggester: Suggester, tmp_path_factory: pytest.TempPathFactory, sqlite_template: object) -> Iterator[Person]:
    path = tmp_path_factory.mktemp("contract") / "store.db"
    path.write_bytes(sqlite_template.read_bytes())  # type: ignore[attr-defined]
    with department(suggester, f"sqlite:///{path}", requests_per_minute=1_000_000) as ward:
        person = ward.person("root", "administrator")
        ward.send_in(person, "Film lost", "Injector failed")
        yield person


@pytest.fixture(scope="module")
def schema(root: Person) -> object:
    return schemathesis.openapi.from_asgi("/openapi.json", root.http.app)


api = schemathesis.pytest.from_fixture("schema")


@pytest.mark.filterwarnings("ignore")
@api.parametrize()
@settings(
    max_examples=15,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_request_is_answered_by_a_server_error_or_outside_the_description(
    case: schemathesis.Case, root: Person
) -> None:
    case.headers = {**(case.headers or {}), "X-CSRF-Token": root.http.headers["X-CSRF-Token"]}
    answer = case.call(session=root.http)
    case.validate_response(answer, checks=[not_a_server_error, status_code_conformance, content_type_conformance])
