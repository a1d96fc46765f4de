"""Pages without a browser: what they are made of, what they never hold, and where they lead."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from codesuggest.domain import Taxonomy
from codesuggest.suggest import Suggester
from codesuggest.web.pages.charts import small_multiples, weekly
from codesuggest.web.pages.choices import axis_views
from codesuggest.web.pages.narrative import pieces, places_of, quoted
from codesuggest.web.pages.words import likelihood, percent
from reviewers import CODES, OTHER, Department, Person, department

HTML = {"accept": "text/html"}


@pytest.fixture
def ward(suggester: Suggester, sqlite_url: str) -> Iterator[Department]:
    with department(suggester, sqlite_url) as made:
        yield made


@pytest.fixture
def lead(ward: Department) -> Person:
    return ward.person("lea", "administrator")


def form_of(page: str) -> dict[str, str]:
    """The hidden fields of the coding form."""
    form = page[page.index("data-coding") :]
    return dict(re.findall(r'<input type="hidden" name="([\w.]+)" value="([^"]*)"', form))


def test_pieces_give_the_narrative_back_and_never_cut_a_placeholder() -> None:
    text = "Bleep <BLEEP> told <PERSON_2> at once"
    cut = pieces(text, [(0, 9), (14, 18), (19, 22), (30, 99)])
    assert "".join(piece.text for piece in cut) == text
    removed = [(piece.text, piece.placeholder) for piece in cut if piece.placeholder]
    assert removed == [("<BLEEP>", "bleep"), ("<PERSON_2>", "person 2")]


def test_words_are_found_whole_and_in_any_letter_case() -> None:
    text = "Ann told Joanna; ann  smith left"
    assert places_of(text, "ann") == [(0, 3), (17, 20)]
    assert places_of(text, "Ann Smith") == [(17, 27)]
    assert places_of(text, " ") == []
    assert quoted(text, [(0, 3), (0, 3), (9, 15)]) == ["Ann", "Joanna"]


def test_choices_are_defined_in_words_where_a_definition_refers_to_another_axis(working: Taxonomy) -> None:
    views = {view.axis.key: view for view in axis_views(working, None)}
    intended, performed = (
        {c.code.code: c.code.definition for group in view.others.values() for c in (*view.offered, *group)}
        for view in (views["intended_modality"], views["performed_modality"])
    )
    assert (
        performed["MOD-CT"] == intended["MOD-CT"] == "Diagnostic CT including CT angiography and CT-guided procedures"
    )


@pytest.mark.parametrize(
    ("score", "words"),
    [(0.995, "almost certain"), (0.9, "very likely"), (0.5, "about even"), (0.2, "unlikely"), (0.01, "very unlikely")],
)
def test_a_score_has_words(score: float, words: str) -> None:
    assert likelihood(score) == words
    assert (percent(0.004), percent(0), percent(None), percent(1)) == ("< 1%", "0%", "–", "100%")


def test_an_axis_offers_the_likely_codes_by_digit_and_keeps_every_other_within_reach(working: Taxonomy) -> None:
    scores = [0.6, 0.2, 0.1, 0.005, 0.004, 0.003]
    ranked = [{"code": code, "score": s} for code, s in zip(working.assignable["pathway"], scores, strict=False)]
    (view,) = [v for v in axis_views(working, {"axes": {"pathway": ranked}}) if v.axis.key == "pathway"]
    assert [choice.key for choice in view.offered] == ["1", "2", "3", "4", "5"]
    codes = [choice.code.code for group in view.others.values() for choice in group]
    assert sorted([*view.shown, *codes]) == sorted(working.assignable["pathway"])


def test_without_suggestions_short_axes_are_offered_in_the_taxonomys_order(working: Taxonomy) -> None:
    views = {view.axis.key: view for view in axis_views(working, None)}
    assert [choice.code.code for choice in views["severity"].offered] == ["SEV1", "SEV2", "SEV3", "SEV4", "SEV5"]
    assert views["pathway"].offered == ()
    assert all(view.shown == () for view in views.values())


def test_codes_are_typed_where_the_taxonomy_lists_none(national: Taxonomy) -> None:
    assert all(view.is_free for view in axis_views(national, None))


def test_a_week_without_confirmations_is_a_gap_in_the_chart() -> None:
    chart = weekly({"2026-11-02": 4, "2026-11-16": 2})
    assert [(bar.n, bar.height) for bar in chart.bars] == [(4, 120), (0, 0), (2, 60)]


def test_the_commonest_code_comes_first_and_all_charts_share_one_scale() -> None:
    trend = small_multiples({"A": {"2026-01": 1}, "B": {"2026-01": 2, "2026-02": 4}})
    assert (list(trend.rows), trend.columns) == (["B", "A"], ("2026-01", "2026-02"))
    assert trend.rows["A"].bars[0].height == 7


def test_no_page_holds_script_style_or_markup_of_a_narrative(ward: Department, lead: Person) -> None:
    (id, _) = ward.send_in(lead, "Film lost <script>alert(1)</script><img src=x>", "Injector failed")
    paths = ["/review", "/incidents", f"/incidents/{id}", "/dashboard", "/adjudication", "/keys", "/account"]
    for path in [*paths, "/coders", "/tokens", "/audit-log", "/sign-in", "/incidents/999", "/incidents/new"]:
        answer = lead.http.get(path, headers=HTML)
        assert answer.status_code == (404 if path == "/incidents/999" else 200), path
        page = answer.text
        assert not re.search(r"<script(?! type=\"module\" src=)|<style|<img| style=| on\w+=", page), path
        assert "https://" not in page


def test_a_form_is_recorded_once_however_often_it_is_sent(ward: Department, lead: Person) -> None:
    (id,) = ward.send_in(lead, "Film lost")
    fields = form_of(lead.http.get("/review").text) | {f"code.{axis}": codes[0] for axis, codes in CODES.items()}
    for _ in range(2):
        answer = lead.http.post(f"/review/{id}", data=fields, headers=HTML, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/review")
    assert len(lead.get(f"/v1/incidents/{id}").json()["confirmations"]) == 1


def test_of_two_people_at_one_incident_the_second_is_told_and_nothing_is_recorded(
    ward: Department, lead: Person
) -> None:
    (id,) = ward.send_in(lead, "Film lost")
    fields = form_of(lead.http.get("/review").text) | {f"code.{axis}": codes[0] for axis, codes in CODES.items()}
    other = ward.person("two")
    assert other.confirm({"id": id, "version": 1}, OTHER).status_code == 201
    answer = lead.http.post(f"/review/{id}", data=fields, headers=HTML)
    assert answer.status_code == 409
    assert "nothing was recorded" in answer.text
    script = lead.http.post(f"/review/{id}", data=fields, headers={"accept": "application/problem+json"})
    assert script.json()["status"] == 409


def test_a_form_without_its_token_is_refused(ward: Department, lead: Person) -> None:
    (id,) = ward.send_in(lead, "Film lost")
    fields = form_of(lead.http.get("/review").text) | {"csrf": "forged", "reason": "none"}
    del lead.http.headers["X-CSRF-Token"]
    assert lead.http.post(f"/review/{id}/skip", data=fields, headers=HTML).status_code == 403


def send_file(lead: Person, name: str, content: bytes, **fields: str) -> str:
    """A file sent as a browser without script does it."""
    page = lead.http.get("/incidents/new").text
    assert 'enctype="multipart/form-data"' in page
    (token,) = set(re.findall(r'name="csrf" value="([^"]+)"', page))
    del lead.http.headers["X-CSRF-Token"]
    sent = {"csrf": token, "id_column": "id", "text_column": "text"} | fields
    return lead.http.post("/incidents/new/file", data=sent, files={"file": (name, content)}, headers=HTML).text


def test_a_file_is_sent_in_without_script_and_every_row_is_accounted_for(ward: Department, lead: Person) -> None:
    table = b"Ref,What,Why,reported\nF1,Film lost,Bleep 2231,2026-03-14\nF2,,,2026-03-14\nF 3,Film lost,,14/03/2026\n"
    page = send_file(lead, "M\u00e4rz (1).csv", table, id_column="Ref", text_column="What, Why")
    assert "<b>1 received</b>, 0 known already, 2 not taken:" in page
    assert "<li>Row 3: &#39;text&#39; is empty; expected what happened, in words.</li>" in page
    assert "<li>F 3: its reference is empty, too long or odd; expected up to 64 letters" in page
    assert "2231" not in page
    (row,) = lead.get("/v1/incidents").json()["incidents"]
    assert (row["reference"], row["reported"]) == ("F1", "2026-03-14")


@pytest.mark.parametrize(
    ("name", "content", "fields", "words"),
    [
        ("in.csv", b"", {}, "in.csv: the file is empty."),
        ("in.doc", b"x", {}, "in.doc: file ending not known."),
        ("in.csv", b"id,story\n1,x\n", {}, "no column &#39;text&#39;"),
        ("in.csv", b"id,text\n1,Film lost\n", {"csrf": "forged"}, "The form is out of date"),
        ("", b"", {}, "No file was chosen"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_in_words(
    ward: Department, lead: Person, name: str, content: bytes, fields: dict[str, str], words: str
) -> None:
    assert words in send_file(lead, name, content, **fields)
    assert lead.get("/v1/incidents").json()["incidents"] == []


@pytest.mark.parametrize(
    ("wanted", "location"),
    [("/incidents/3", "/incidents/3"), ("//elsewhere.example", "/review"), ("https://elsewhere.example", "/review")],
)
def test_signing_in_leads_to_pages_of_ours_only(ward: Department, lead: Person, wanted: str, location: str) -> None:
    password = "three random words"
    lead.http.post("/coders", data={"name": "ada", "password": password, "role": "coder"}, headers=HTML)
    door = TestClient(ward.app, base_url="https://testserver")
    fields = {"name": "ada", "password": password, "next": wanted}
    answer = door.post("/sign-in", data=fields, headers=HTML, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, location)


def test_whoever_is_not_signed_in_is_led_to_the_log_in(ward: Department) -> None:
    door = TestClient(ward.app, base_url="https://testserver")
    answer = door.get("/incidents/3", headers=HTML, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/incidents/3")
    assert door.get("/incidents/3").status_code == 401


def test_style_and_script_are_kept_by_the_browser_until_they_change(ward: Department, lead: Person) -> None:
    (style,) = re.findall(r'href="(/assets/page.css\?[0-9a-f]{12})"', lead.http.get("/keys").text)
    answer = lead.http.get(style)
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    assert lead.http.get("/assets/other.css").status_code == 404


def test_leads_who_see_every_site_read_the_reports_of_the_folder(
    suggester: Suggester, sqlite_url: str, tmp_path: Path
) -> None:
    (tmp_path / "audit.html").write_text("<!DOCTYPE html><title>Consistency</title>", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("none of it", encoding="utf-8")
    with department(suggester, sqlite_url, reports_dir=tmp_path) as ward:
        lead, of_one_site = ward.person("lea", "lead"), ward.person("sid", "lead", site="north")
        page = lead.http.get("/reports", headers=HTML).text
        assert 'href="/reports/audit"' in page
        assert "notes" not in page
        answer = lead.http.get("/reports/audit", headers=HTML)
        assert "Consistency" in answer.text
        assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        assert lead.http.get("/reports/..%2Fnotes", headers=HTML).status_code == 404
        assert of_one_site.http.get("/reports/audit", headers=HTML).status_code == 403
        assert ward.person("cy", "coder").http.get("/reports", headers=HTML).status_code == 403
