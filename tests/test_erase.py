"""A redaction miss is taken out wherever it stands, and becomes gold that holds nothing of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from codesuggest.redaction.corpus import Filler
from codesuggest.suggest import Suggester
from reviewers import CODES, Department, Person, department

LISTS = Path(__file__).parents[1] / "training" / "redaction" / "lists"
MISSED = "the porters of the tower"
"""What redaction leaves, made up to be found again."""


@pytest.fixture
def ward(suggester: Suggester, database_url: str) -> Iterator[Department]:
    with department(suggester, database_url) as made:
        yield made


@pytest.fixture
def lead(ward: Department) -> Person:
    return ward.person("lea", "lead")


def flag(person: Person, id: int, *values: str, type: str = "ORGANIZATION") -> int:
    incident = person.get(f"/v1/incidents/{id}").json()
    spans = [
        {"start": incident["text"].index(value), "end": incident["text"].index(value) + len(value), "type": type}
        for value in values
    ]
    return person.post(f"/v1/incidents/{id}/flag", {"version": incident["version"], "spans": spans}).status_code


def everything(ward: Department) -> str:
    """All that the database holds, whatever kind it is."""
    with ward.database.engine.connect() as connection:
        tables = (
            "incidents",
            "suggestions",
            "confirmations",
            "adjudications",
            "assignments",
            "redaction_misses",
            "audit_log",
        )
        return str([connection.exec_driver_sql(f"SELECT * FROM {table}").all() for table in tables])  # noqa: S608


def test_a_miss_is_taken_out_of_every_incident_its_suggestions_and_comments(ward: Department, lead: Person) -> None:
    first, second = ward.send_in(lead, f"Told {MISSED} at once", f"Film lost, {MISSED} searched")
    coder = ward.person("cod")
    coder.confirm(lead.get(f"/v1/incidents/{second}").json(), comment=f"asked {MISSED}")
    assert MISSED in everything(ward)
    assert flag(lead, first, MISSED) == 200
    assert MISSED not in everything(ward)
    assert lead.get(f"/v1/incidents/{second}").json()["text"] == "Film lost, <ORGANIZATION> searched"
    assert lead.get(f"/v1/incidents/{first}/suggestions").json()["redacted"] == "Told <ORGANIZATION> at once"


def test_a_single_word_is_taken_out_of_its_own_incident_only(ward: Department, lead: Person) -> None:
    first, second = ward.send_in(lead, "Told porters, the porters left", "Two porters searched")
    assert flag(lead, first, "porters") == 200
    assert lead.get(f"/v1/incidents/{first}").json()["text"] == "Told <ORGANIZATION>, the <ORGANIZATION> left"
    assert "porters" in lead.get(f"/v1/incidents/{second}").json()["text"]


def test_what_was_confirmed_stays(ward: Department, lead: Person) -> None:
    (id,) = ward.send_in(lead, f"Told {MISSED} at once")
    coder = ward.person("cod")
    coder.confirm(coder.next()["incident"], comment=f"asked {MISSED}")
    flag(lead, id, MISSED)
    (row,) = lead.get(f"/v1/incidents/{id}").json()["confirmations"]
    assert row["codes"] == CODES
    assert lead.get(f"/v1/incidents/{id}").json()["state"] == "coded"


def test_the_gold_holds_slots_that_made_up_values_fill(ward: Department, lead: Person) -> None:
    (id,) = ward.send_in(lead, "Ms Ada Example told porters of the ward")
    assert flag(lead, id, "porters of the ward", type="PERSON") == 200
    (gold,) = lead.get("/v1/redaction-gold").json()["texts"]
    assert "porters" not in gold["text"]
    marked = Filler(LISTS, 1, for_testing=True).fill(gold["text"])
    assert {type for _, _, type in marked.spans} == {"PERSON"}
    assert len(marked.spans) == 2


def test_a_miss_without_spans_hides_the_incident_until_a_lead_has_looked(ward: Department, lead: Person) -> None:
    (id,) = ward.send_in(lead, "Told porters")
    coder = ward.person("cod")
    incident = coder.next()["incident"]
    answer = coder.post(f"/v1/incidents/{id}/flag", {"version": incident["version"]})
    assert (answer.json()["state"], answer.json()["text"]) == ("withdrawn", None)
    assert coder.get(f"/v1/incidents/{id}").status_code == 404
    assert coder.next()["incident"] is None
    seen = lead.get(f"/v1/incidents/{id}").json()
    assert lead.post(f"/v1/incidents/{id}/put-back", {"version": seen["version"]}).json()["state"] == "waiting"
    assert coder.next()["incident"]["id"] == id


def test_a_lead_marks_what_was_missed_in_a_withdrawn_incident(ward: Department, lead: Person) -> None:
    (id,) = ward.send_in(lead, "Told porters")
    lead.post(f"/v1/incidents/{id}/flag", {"version": 1})
    assert flag(lead, id, "porters") == 200
    assert lead.get(f"/v1/incidents/{id}").json()["state"] == "waiting"


@pytest.mark.parametrize(
    "span",
    [
        {"start": 5, "end": 5, "type": "PERSON"},
        {"start": 0, "end": 500, "type": "PERSON"},
        {"start": 0, "end": 4, "type": "NONSENSE"},
        {"start": 4, "end": 5, "type": "PERSON"},
    ],
)
def test_a_span_that_is_no_part_of_the_text_is_refused(ward: Department, lead: Person, span: object) -> None:
    (id,) = ward.send_in(lead, "Told porters")
    assert lead.post(f"/v1/incidents/{id}/flag", {"version": 1, "spans": [span]}).status_code == 422
