"""The interface keeps to its own description, whatever is sent: fuzzed with an administrator signed in."""

import shutil
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable

from codesuggest.suggest import Suggester
from reviewers import Person, department

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # schemathesis's own, at its import
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance]


@pytest.fixture(scope="module")
def root(suggester: Suggester, tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Person]:
    path = tmp_path_factory.mktemp("contract") / "store.db"
    shutil.copy(sqlite_template, path)
    with department(suggester, f"sqlite:///{path}", requests_per_minute=1_000_000) as ward:
        person = ward.person("root", "administrator")
        ward.send_in(person, "Film lost", "Injector failed")
        yield person


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_no_request_is_answered_by_a_server_error_or_outside_the_description(
    root: Person, mode: schemathesis.GenerationMode
) -> None:
    description = schemathesis.openapi.from_dict(root.http.app.openapi())  # type: ignore[attr-defined]
    for operation in description.get_all_operations():
        _fuzz(operation.ok(), root, mode)


def _fuzz(operation: schemathesis.schemas.APIOperation, root: Person, mode: schemathesis.GenerationMode) -> None:
    if operation.path == "/v1/session" and operation.method == "delete":
        return

    @settings(
        max_examples=12,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode))
    def sent(case: schemathesis.Case) -> None:
        sending = case.as_transport_kwargs(base_url="https://testserver")
        answer = root.http.request(**{name: value for name, value in sending.items() if name != "cookies"})
        case.validate_response(answer, checks=CHECKS)

    with suppress(Unsatisfiable):  # an operation without parameters cannot be called wrongly
        sent()
