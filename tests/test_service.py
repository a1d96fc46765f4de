"""A coder's and a lead's day over the interface: queue, blind and double coding, conflicts, corrections, sites."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from codesuggest.suggest import Suggester
from reviewers import CODES, OTHER, Department, Person, department

TEXTS = ("Film lost in transit", "Injector failed and the scan was repeated", "Wrong side imaged")


@pytest.fixture
def ward(suggester: Suggester, database_url: str) -> Iterator[Department]:
    with department(suggester, database_url) as made:
        yield made


@pytest.fixture
def doubled(suggester: Suggester, database_url: str) -> Iterator[Department]:
    with department(suggester, database_url, double=1) as made:
        yield made


@pytest.fixture
def blinded(suggester: Suggester, database_url: str) -> Iterator[Department]:
    with department(suggester, database_url, blind=1) as made:
        yield made


@pytest.fixture
def lead(ward: Department) -> Person:
    return ward.person("lea", "lead")


@pytest.fixture
def coder(ward: Department) -> Person:
    return ward.person("cod")


def test_a_coder_takes_the_queue_from_first_to_last(ward: Department, lead: Person, coder: Person) -> None:
    sent = ward.send_in(lead, *TEXTS)
    seen = []
    while (held := coder.next())["incident"]:
        assert held["suggestions"]["axes"]["severity"][0]["rank"] == 1
        seen.append(held["incident"]["id"])
        assert coder.confirm(held["incident"], time_on_screen_ms=4000).status_code == 201
    assert sorted(seen) == sorted(sent)
    assert held["progress"] == {"done_today": 3, "waiting": 0}
    counts = coder.get("/v1/incidents").json()["counts"]
    assert counts == {"coded": 3}


def test_the_open_incident_comes_again_until_it_is_settled(ward: Department, lead: Person, coder: Person) -> None:
    ward.send_in(lead, *TEXTS)
    assert coder.next()["incident"]["id"] == coder.next()["incident"]["id"]


def test_two_coders_are_given_different_incidents(ward: Department, lead: Person, coder: Person) -> None:
    ward.send_in(lead, *TEXTS)
    assert coder.next()["incident"]["id"] != ward.person("two").next()["incident"]["id"]


def test_a_skipped_incident_goes_to_others(ward: Department, lead: Person, coder: Person) -> None:
    (id,) = ward.send_in(lead, TEXTS[0])
    coder.next()
    assert coder.post(f"/v1/incidents/{id}/skip", {"reason": "I was there"}).status_code == 204
    assert coder.next()["incident"] is None
    assert ward.person("two").next()["incident"]["id"] == id


def test_a_second_sending_of_one_decision_is_answered_with_the_first(
    ward: Department, lead: Person, coder: Person
) -> None:
    ward.send_in(lead, TEXTS[0])
    incident = coder.next()["incident"]
    first = coder.confirm(incident, key="key-repeated")
    again = coder.confirm(incident, key="key-repeated")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    assert coder.confirm(incident, OTHER, key="key-repeated").status_code == 409


def test_of_two_coders_confirming_one_incident_one_is_told_that_it_is_coded(
    ward: Department, lead: Person, coder: Person
) -> None:
    ward.send_in(lead, TEXTS[0])
    incident = coder.next()["incident"]
    people = [coder, ward.person("two"), ward.person("three"), ward.person("four")]
    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(pool.map(lambda person: person.confirm(incident).status_code, people))
    assert statuses == [201, 409, 409, 409]


def test_a_stale_version_is_refused(ward: Department, lead: Person, coder: Person) -> None:
    ward.send_in(lead, "Film lost, the porters were told")
    incident = coder.next()["incident"]
    start = incident["text"].index("porters")
    spans = [{"start": start, "end": start + 7, "type": "ORGANIZATION"}]
    body = {"version": incident["version"], "spans": spans}
    assert lead.post(f"/v1/incidents/{incident['id']}/flag", body).status_code == 200
    assert coder.confirm(incident).status_code == 409


@pytest.mark.parametrize(
    ("codes", "unsaid", "status"),
    [
        (CODES | {"severity": ["SEV9"]}, [], 422),
        (CODES | {"severity": ["SEV1", "SEV2"]}, [], 422),
        (CODES | {"severity": []}, [], 422),
        (CODES | {"severity": []}, ["severity"], 201),
        (CODES | {"mood": ["BAD"]}, [], 422),
        (CODES | {"pathway": ["CHK.identity", "PST.images"]}, [], 201),
    ],
)
def test_a_coding_is_whole_or_refused(
    ward: Department, lead: Person, coder: Person, codes: object, unsaid: list[str], status: int
) -> None:
    ward.send_in(lead, TEXTS[0])
    assert coder.confirm(coder.next()["incident"], codes, unsaid=unsaid).status_code == status


def test_a_correction_supersedes_and_the_first_stays_on_record(ward: Department, lead: Person, coder: Person) -> None:
    (id,) = ward.send_in(lead, TEXTS[0])
    first = coder.confirm(coder.next()["incident"]).json()
    path = f"/v1/confirmations/{first['id']}/supersede"
    second = coder.post(path, {"codes": OTHER}).json()
    assert second["changed"] == ["severity"]
    assert coder.post(path, {"codes": OTHER}).status_code == 409
    rows = lead.get(f"/v1/incidents/{id}").json()["confirmations"]
    assert [(row["codes"]["severity"], row["is_superseded"]) for row in rows] == [(["SEV2"], True), (["SEV3"], False)]
    assert lead.get("/v1/export").json()["incidents"][0]["codes"]["severity"] == ["SEV3"]


def test_nobody_corrects_anothers_confirmation(ward: Department, lead: Person, coder: Person) -> None:
    ward.send_in(lead, TEXTS[0])
    first = coder.confirm(coder.next()["incident"]).json()
    assert lead.post(f"/v1/confirmations/{first['id']}/supersede", {"codes": OTHER}).status_code == 404


def test_what_was_shown_is_kept_in_its_order(ward: Department, lead: Person, coder: Person) -> None:
    ward.send_in(lead, TEXTS[0])
    held = coder.next()
    shown = {"severity": ["SEV3", "SEV2"]}
    row = coder.confirm(held["incident"], shown=shown, time_on_screen_ms=1234).json()
    assert (row["shown"], row["changed"], row["time_on_screen_ms"]) == (shown, ["severity"], 1234)
    assert row["model"] == held["suggestions"]["model"]


def test_a_blind_incident_shows_no_suggestion_before_the_codes_are_on_record(blinded: Department) -> None:
    lead, coder = blinded.person("lea", "lead"), blinded.person("cod")
    (id,) = blinded.send_in(lead, TEXTS[0])
    held = coder.next()
    assert held["suggestions"] is None
    for person in (coder, lead):
        assert person.get(f"/v1/incidents/{id}/suggestions").status_code == 409
    row = coder.confirm(held["incident"]).json()
    assert (row["is_blind"], row["shown"], row["model"]) == (True, {}, "")
    assert coder.get(f"/v1/incidents/{id}/suggestions").status_code == 200
    later = coder.post(f"/v1/confirmations/{row['id']}/supersede", {"codes": OTHER}).json()
    assert later["is_blind"] is False


def test_a_second_coder_cannot_see_the_first_and_agreement_settles_it(doubled: Department) -> None:
    lead, one, two = doubled.person("lea", "lead"), doubled.person("one"), doubled.person("two")
    (id,) = doubled.send_in(lead, TEXTS[0])
    assert one.confirm(one.next()["incident"]).json()["state"] == "waiting"
    for person in (two, lead):
        assert person.get(f"/v1/incidents/{id}").json()["confirmations"] == []
    assert two.confirm(two.next()["incident"]).json()["state"] == "coded"
    assert lead.get("/v1/export").json()["incidents"][0]["settled_by"] == "agreed"


def test_a_disagreement_goes_to_a_lead_side_by_side_and_is_settled(doubled: Department) -> None:
    lead, one, two = doubled.person("lea", "lead"), doubled.person("one"), doubled.person("two")
    (id,) = doubled.send_in(lead, TEXTS[0])
    one.confirm(one.next()["incident"])
    assert two.confirm(two.next()["incident"], OTHER).json()["state"] == "disagreed"
    (incident,) = lead.get("/v1/adjudications").json()["incidents"]
    assert [row["codes"]["severity"] for row in incident["confirmations"]] == [["SEV2"], ["SEV3"]]
    assert one.get(f"/v1/incidents/{id}").json()["confirmations"][0]["coder"] == "one"
    body = {"version": incident["version"], "codes": OTHER, "comment": "see the guidelines"}
    path = f"/v1/incidents/{id}/adjudicate"
    assert two.post(path, body).status_code == 403
    assert lead.post(path, body, key="key-settled").json()["state"] == "adjudicated"
    assert lead.post(path, body, key="key-settled").json()["state"] == "adjudicated"
    assert lead.post(path, body).status_code == 409
    exported = lead.get("/v1/export").json()["incidents"][0]
    assert (exported["settled_by"], exported["codes"]["severity"]) == ("adjudicated", ["SEV3"])
    assert one.post("/v1/confirmations/1/supersede", {"codes": OTHER}).status_code == 409


def test_incidents_are_taken_in_once_and_every_one_is_accounted_for(ward: Department, lead: Person) -> None:
    ward.send_in(lead, *TEXTS)
    incidents = [{"id": "W1", "text": TEXTS[0]}, {"id": "W2", "text": "Another text"}, {"id": "W9", "text": "New"}]
    answer = lead.post("/v1/incidents/batch", {"incidents": incidents}).json()
    assert (list(answer["known"]), list(answer["refused"]), list(answer["added"])) == (["W1"], ["W2"], ["W9"])


def test_a_file_is_taken_in_row_by_row(ward: Department, lead: Person) -> None:
    content = b"id,text,reported,site\nF1,Film lost,2026-03-14,north\nF2,,2026-03-14,north\nF3,Late,14/03/2026,\n"
    answer = lead.http.post("/v1/incidents/file", params={"name": "march.csv"}, content=content)
    assert answer.status_code == 201, answer.text
    assert sorted(answer.json()["added"]) == ["F1", "F3"]
    assert answer.json()["skipped"][0]["row"] == 3
    found = lead.get("/v1/incidents").json()["incidents"]
    assert [(row["reference"], row["site"], row["reported"]) for row in found] == [
        ("F3", "", "2026-03-14"),
        ("F1", "north", "2026-03-14"),
    ]


def test_lists_come_in_pages_and_can_be_searched(ward: Department, lead: Person) -> None:
    ward.send_in(lead, *TEXTS)
    first = lead.get("/v1/incidents", limit=2).json()
    second = lead.get("/v1/incidents", limit=2, cursor=first["next"]).json()
    assert [row["reference"] for row in first["incidents"] + second["incidents"]] == ["W3", "W2", "W1"]
    assert second["next"] is None
    found = lead.get("/v1/incidents", q="INJECTOR").json()["incidents"]
    assert [row["reference"] for row in found] == ["W2"]
    assert lead.get("/v1/incidents", q="100%").json()["incidents"] == []


def test_a_code_that_was_given_is_found(ward: Department, lead: Person, coder: Person) -> None:
    ward.send_in(lead, TEXTS[0])
    coder.confirm(coder.next()["incident"])
    assert len(lead.get("/v1/incidents", code="SEV2").json()["incidents"]) == 1
    assert lead.get("/v1/incidents", code="SEV3").json()["incidents"] == []


def test_sites_are_kept_apart(ward: Department, lead: Person) -> None:
    (north,) = ward.send_in(lead, TEXTS[0], site="north", prefix="N")
    (south,) = ward.send_in(lead, TEXTS[1], site="south", prefix="S")
    coder = ward.person("nora", site="north")
    assert [row["id"] for row in coder.get("/v1/incidents").json()["incidents"]] == [north]
    assert coder.next()["incident"]["id"] == north
    for path in (f"/v1/incidents/{south}", f"/v1/incidents/{south}/suggestions"):
        assert coder.get(path).status_code == 404
    assert coder.post(f"/v1/incidents/{south}/open").status_code == 404
    assert coder.confirm({"id": south, "version": 1}).status_code == 404
    local = ward.person("luke", "lead", site="north")
    body = {"id": "X1", "text": "Late", "site": "south"}
    assert local.post("/v1/incidents", body).status_code == 403


def test_the_dashboard_counts_what_was_done(doubled: Department) -> None:
    lead, one, two = doubled.person("lea", "lead"), doubled.person("one"), doubled.person("two")
    doubled.send_in(lead, *TEXTS)
    for person, codes in ((one, CODES), (two, OTHER)):
        for _ in TEXTS:
            person.confirm(person.next()["incident"], codes, shown={"severity": ["SEV2"]}, time_on_screen_ms=6000)
    figures = lead.get("/v1/dashboard").json()
    assert figures["counts"] == {"disagreed": 3}
    assert figures["throughput"]["n"] == 6
    assert figures["throughput"]["median_s"] == {"blind": None, "assisted": 6.0}
    assert (figures["acceptance"]["severity"]["accepted"]["n"], figures["at_first_suggestion"]["of"]) == (3, 6)
    assert figures["agreement"]["severity"]["likeness"]["value"] == 0
    assert figures["agreement"]["pathway"]["likeness"]["value"] == 1
    for row in lead.get("/v1/adjudications").json()["incidents"]:
        body = {"version": row["version"], "codes": CODES}
        lead.post(f"/v1/incidents/{row['id']}/adjudicate", body)
    (months,) = lead.get("/v1/dashboard").json()["codes"]["severity"]["by_month"].values()
    assert list(months.values()) == [3]
