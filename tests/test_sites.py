"""Sites kept apart: whoever belongs to one never sees another's incidents, also not among similar past ones."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from codesuggest.domain import Caller, SimilarIncident
from codesuggest.intake import within_site
from codesuggest.registry import load_model
from codesuggest.similarity import PastIncidents
from codesuggest.suggest import Suggester
from reviewers import CODES, OTHER, Department, department

TEXT = "CT head done on the wrong patient, wristband not checked"
HTML = {"accept": "text/html"}
NORTH, SOUTH, ALL = (
    Caller("nora", "coder", "north", 1),
    Caller("sue", "coder", "south", 2),
    Caller("lea", "lead", "", 3),
)


@pytest.fixture(scope="module")
def of_two_sites(suggester: Suggester) -> Suggester:
    """The small model, which knows that of the past incidents most like TEXT the second was at south."""
    past = suggester.model.past
    first, _, third = (found.id for found in suggester.suggest([TEXT])[0].similar)
    sites = tuple("north" if id in (first, third) else "south" for id in past.ids)
    model = replace(suggester.model, past=replace(past, sites=sites))
    return Suggester(model, suggester.embedder, suggester.redactor)


@pytest.fixture
def ward(of_two_sites: Suggester, database_url: str) -> Iterator[Department]:
    with department(of_two_sites, database_url) as made:
        yield made


def seen(ward: Department, caller: Caller, *similar: dict[str, Any]) -> list[str]:
    with ward.database.reading() as session:
        return [past["id"] for past in within_site(session, {"similar": list(similar)}, caller)["similar"]]


def test_a_past_incident_of_a_known_site_is_seen_there_and_by_those_who_see_all(ward: Department) -> None:
    similar = ({"id": "A", "site": "north"}, {"id": "B", "site": "south"})
    assert seen(ward, NORTH, *similar) == ["A"]
    assert seen(ward, SOUTH, *similar) == ["B"]
    assert seen(ward, ALL, *similar) == ["A", "B"]


def test_where_the_site_is_not_known_the_reference_has_to_be_one_of_the_callers_site(ward: Department) -> None:
    lead = ward.person("boss", "lead")
    ward.send_in(lead, "Film lost", site="north", prefix="N")
    ward.send_in(lead, "Injector failed", site="south", prefix="S")
    similar = ({"id": "N1"}, {"id": "S1"}, {"id": "unknown"})
    assert seen(ward, NORTH, *similar) == ["N1"]
    assert seen(ward, ALL, *similar) == ["N1", "S1", "unknown"]


def test_a_reference_that_two_sites_use_does_not_lead_to_the_other_sites_codes(ward: Department) -> None:
    lead = ward.person("boss", "lead")
    for site in ("north", "south"):
        ward.send_in(lead, "Film lost", site=site, prefix="W")
    assert seen(ward, NORTH, {"id": "W1", "site": "south"}) == []


def test_those_who_see_all_sites_get_every_similar_incident_and_others_only_their_own(
    ward: Department, of_two_sites: Suggester
) -> None:
    expected = [(found.id, found.site) for found in of_two_sites.suggest([TEXT])[0].similar]
    assert [site for _, site in expected] == ["north", "south", "north"]
    lead, coder = ward.person("boss", "lead"), ward.person("nora", site="north")
    (first, second) = ward.send_in(lead, TEXT, TEXT, site="north")
    for person, id, site in ((coder, first, "north"), (lead, second, "")):
        wanted = [one for one, at in expected if site in ("", at)]
        page = person.http.get(f"/review/{id}", headers=HTML).text
        assert [one for one, _ in expected if f">{one}<" in page] == wanted
        fresh = person.post("/v1/suggest", {"text": TEXT}).json()
        several = person.post("/v1/suggest", {"narratives": [{"id": "1", "text": TEXT}]}).json()["incidents"][0]
        kept = person.get(f"/v1/incidents/{id}/suggestions").json()
        for answer in (person.next()["suggestions"], kept, fresh, several):
            assert [one["id"] for one in answer["similar"]] == wanted


def test_a_machine_of_one_site_is_kept_to_it_too(ward: Department) -> None:
    root = ward.person("root", "administrator")
    token = root.post("/v1/tokens", {"name": "pacs", "scopes": ["suggest"], "site": "north"}).json()["secret"]
    bearer = {"Authorization": f"Bearer {token}"}
    answer = ward.app_client().post("/v1/suggest", json={"text": TEXT}, headers=bearer)
    assert [one["site"] for one in answer.json()["similar"]] == ["north", "north"]


def test_no_page_and_no_answer_of_one_site_holds_a_word_of_another(ward: Department) -> None:
    lead = ward.person("boss", "lead")
    (north,) = ward.send_in(lead, "Film lost in transit", site="north", prefix="N")
    (south,) = ward.send_in(lead, "Zeppelin collided with the gantry", site="south", prefix="SOUTHERN")
    assert lead.confirm({"id": south, "version": 1}, CODES, comment="Zeppelin").status_code == 201
    local = ward.person("luke", "lead", site="north")
    pages = ["/review", "/incidents", "/incidents?q=Zeppelin", "/adjudication", "/dashboard", f"/incidents/{north}"]
    answers = ["/v1/incidents", "/v1/incidents?q=Zeppelin", "/v1/export", "/v1/adjudications"]
    hidden = [f"/incidents/{south}", f"/review/{south}", "/confirmations/1", f"/v1/incidents/{south}"]
    for path in [*pages, *answers, *hidden]:
        shown = local.http.get(path, headers=HTML if not path.startswith("/v1") else {})
        assert shown.status_code == (404 if path in hidden else 200), path
        assert not any(word in shown.text.replace('value="Zeppelin"', "") for word in ("Zeppelin", "SOUTHERN")), path
    assert json.loads(local.get("/v1/dashboard").text)["counts"] == {"waiting": 1}


@pytest.mark.parametrize("coded", [(), ("south",), ("south", "north")])
def test_the_dashboard_of_one_site_opens_whatever_was_coded_there_and_elsewhere(
    of_two_sites: Suggester, database_url: str, coded: tuple[str, ...]
) -> None:
    with department(of_two_sites, database_url, double=1) as doubled:
        lead, local = doubled.person("boss", "lead"), doubled.person("luke", "lead", site="north")
        for site in ("north", "south"):
            doubled.send_in(lead, "Film lost", site=site, prefix=site)
        for site in coded:
            for name, codes in (("one", CODES), ("two", OTHER)):
                coder = doubled.person(f"{name}-{site}", site=site)
                assert coder.confirm(coder.next()["incident"], codes).status_code == 201
        page = local.http.get("/dashboard?axis=pathway&by=by_site", headers=HTML)
        assert page.status_code == 200
        assert ("Nothing was coded by two coders yet." in page.text) is ("north" not in coded)
        assert 'href="/reports"' not in page.text  # they hold every site, and are refused here
        assert 'href="/reports"' in lead.http.get("/dashboard", headers=HTML).text
        figures = local.get("/v1/dashboard").json()
        assert figures["counts"] == ({"disagreed": 1} if "north" in coded else {"waiting": 1})
        assert bool(figures["agreement"]) is ("north" in coded)


def test_a_model_remembers_the_sites_of_its_past_incidents(small_folder: Path, model_dir: Path) -> None:
    rows = [json.loads(line) for line in (small_folder / "incidents.jsonl").read_text(encoding="utf-8").splitlines()]
    past = load_model(model_dir).past
    assert dict(zip(past.ids, past.sites, strict=True)) == {row["id"]: row["site"] for row in rows}


def test_past_incidents_without_sites_are_of_an_unknown_one(suggester: Suggester) -> None:
    past = suggester.model.past
    without = PastIncidents(past.ids, past.codes, past.vectors)
    (nearest, *_) = without.similar(past.vectors[0], 1)
    assert nearest == SimilarIncident(past.ids[0], 1.0, past.codes[0], "")
