"""The pages in a real browser: a coder's and a lead's day by keyboard alone, and for everybody who reads otherwise."""

import re
from collections.abc import Iterator

import pytest

from codesuggest.signin import CoderChange, add_coder
from codesuggest.suggest import Suggester
from reviewers import CODES, OTHER, Department, department

pytest.importorskip("playwright")
pytest.importorskip("axe_playwright_python")

from playwright.sync_api import Browser, Page, expect

from screen import chromium, enrich, keep_screenshot, overflow, page_of, served, violations

pytestmark = pytest.mark.slow
PASSWORD = "three random words"
TEXTS = (
    "Pt attended CT for head scan, called from waiting room by surname only and a different pt answered. Wristband "
    "not checked. Scanned, 1.9 mSv, noticed when images did not match history. Bleep 2231 called, RPS informed.",
    "Injector failed halfway and the CT abdomen was repeated with a second contrast injection. Engineer called.",
    "Wrong side imaged on the mobile, left hand instead of right. Repeated in the department. Radiographer busy.",
    "Film lost in transit between sites.",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def ward(suggester: Suggester, sqlite_url: str) -> Iterator[Department]:
    with department(suggester, sqlite_url, cookie_secure=False) as made:
        yield made


@pytest.fixture
def doubled(suggester: Suggester, sqlite_url: str) -> Iterator[Department]:
    with department(suggester, sqlite_url, double=1, cookie_secure=False) as made:
        yield made


@pytest.fixture
def blinded(suggester: Suggester, sqlite_url: str) -> Iterator[Department]:
    with department(suggester, sqlite_url, blind=1, cookie_secure=False) as made:
        yield made


def send_in(ward: Department, *texts: str) -> list[int]:
    ids = ward.send_in(ward.person("sender", "lead"), *texts)
    enrich(ward, ids)
    return ids


def keys(page: Page, *pressed: str) -> None:
    for key in pressed:
        page.keyboard.press(key)


def code_all_first(page: Page) -> None:
    """The first code offered on every axis, and confirm."""
    reference = page.locator("#reference").inner_text()
    keys(page, "1", "1", "1", "1", "1", "Enter", "1", "Enter")
    expect(page.locator("#reference", has_text=re.compile(f"^{re.escape(reference)}$"))).to_have_count(0)


def sign_in(page: Page, name: str, password: str) -> None:
    """From the log-in page, without a mouse."""
    page.locator("#name").focus()
    page.keyboard.type(name)
    keys(page, "Tab")
    page.keyboard.type(password)
    keys(page, "Enter")


def expect_day(page: Page, done: int, waiting: int) -> None:
    expect(page.locator("#day")).to_have_text(f"{done} done today, {waiting} waiting")


def test_a_coders_whole_day_by_keyboard_alone(browser: Browser, ward: Department) -> None:
    send_in(ward, *TEXTS)
    with ward.database.writing() as session:
        add_coder(session, "ada", CoderChange(password=PASSWORD), by="tests")
    with served(ward.app) as address, page_of(browser, address) as page:
        page.goto("/")
        sign_in(page, "ada", PASSWORD)
        expect_day(page, 0, 4)
        keep_screenshot(page, "review")
        _looks_round_codes_and_undoes(page)
        _skips_finds_and_comments(page)
        expect(page.locator("h1")).to_have_text("Nothing waits for you")
        keep_screenshot(page, "nothing-waits")
    rows = ward.person("lea", "lead").get("/v1/export").json()["incidents"]
    assert len(rows) == 3
    (found,) = (row for row in rows if row["codes"]["performed_modality"] == ["MOD-MR"])
    assert found["unsaid"] == ["pathway", "contributory_factor"]


def _looks_round_codes_and_undoes(page: Page) -> None:
    keys(page, "?")
    expect(page.locator("#keys")).to_be_visible()
    keep_screenshot(page, "keys")
    keys(page, "Escape")
    first = page.locator("#reference").inner_text()
    keys(page, "2", "w")
    keep_screenshot(page, "why")
    keys(page, "p")
    code_all_first(page)
    expect_day(page, 1, 3)
    keys(page, "u")
    expect(page.locator("#reference")).to_have_text(f"Correct {first}")
    keys(page, "p", "p", "p", "p", "p", "3", "Enter")
    expect(page.locator("#reference")).not_to_contain_text("Correct")
    expect_day(page, 1, 3)


def _skips_finds_and_comments(page: Page) -> None:
    keys(page, "s")
    page.keyboard.type("I was there")
    keys(page, "Enter")
    expect_day(page, 1, 2)
    keys(page, "1", "1", "1", "/")
    page.keyboard.type("mri")
    keep_screenshot(page, "type-ahead")
    keys(page, "Enter", "0", "Enter", "0", "c")
    page.keyboard.type("asked the ward")
    keys(page, "Escape", "Enter")
    expect_day(page, 2, 1)
    code_all_first(page)


@pytest.mark.parametrize("width", [1366, 683, 320])  # 683: 1366 at 200% zoom
def test_no_page_has_a_violation_or_scrolls_sideways(browser: Browser, doubled: Department, width: int) -> None:
    root, one = doubled.person("root", "administrator"), doubled.person("one")
    ids = send_in(doubled, *TEXTS, "An incident for nobody")
    for _ in ids:
        one.confirm(one.next()["incident"], time_on_screen_ms=21_000)
    for id in ids[:2]:
        incident = root.post(f"/v1/incidents/{id}/open").json()["incident"]
        root.confirm(incident, OTHER, time_on_screen_ms=30_000)
    for id in ids[2:3]:
        root.confirm(root.post(f"/v1/incidents/{id}/open").json()["incident"])
    root.post("/v1/tokens", {"name": "bulk", "scopes": ["suggest"]})
    paths = {
        "review": "/review",
        "incidents": "/incidents",
        "incident": f"/incidents/{ids[2]}",
        "correct": "/confirmations/6",
        "adjudications": "/adjudication",
        "adjudicate": f"/adjudication/{ids[0]}",
        "dashboard": "/dashboard?axis=pathway",
        "coders": "/coders",
        "tokens": "/tokens",
        "audit-log": "/audit-log",
        "new": "/incidents/new",
        "keys": "/keys",
        "account": "/account",
        "refusal": "/incidents/99999",
    }
    wrong = {}
    size = {"width": width, "height": 768 if width > 320 else 640}
    with served(doubled.app) as address, page_of(browser, address, root, viewport=size) as page:
        for name, path in paths.items():
            page.goto(path)
            keep_screenshot(
                page,
                f"{name}-{width}",
                whole=width == 320 or "screen" not in page.locator("body").get_attribute("class"),
            )
            wrong[name] = [*violations(page), *(["scrolls sideways"] if overflow(page) else [])]
        page.context.clear_cookies()
        page.goto("/review")
        keep_screenshot(page, f"sign-in-{width}")
        wrong["sign-in"] = violations(page)
    assert {name: found for name, found in wrong.items() if found} == {}


def test_a_blind_incident_shows_suggestions_only_after_the_codes_are_on_record(
    browser: Browser, blinded: Department
) -> None:
    (id,) = send_in(blinded, TEXTS[0])
    with served(blinded.app) as address, page_of(browser, address, blinded.person("cod")) as page:
        page.goto("/review")
        keep_screenshot(page, "blind")
        assert violations(page) == []
        expect(page.locator(".score, .lit, [data-why] .reason")).to_have_count(0)
        keys(page, "2", "1", "/")
        page.keyboard.type("ct")
        keys(page, "Enter", "/")
        page.keyboard.type("computed")
        keys(page, "Enter", "/")
        page.keyboard.type("identification")
        keys(page, "Enter", "Enter", "/")
        page.keyboard.type("slip")
        keys(page, "Enter", "Enter")
        expect(page.locator("h1")).to_have_text("Nothing waits for you")
        page.get_by_role("link", name="what was suggested").click()
        expect(page.locator("thead")).to_contain_text("First suggestion")
    (row,) = blinded.person("lea", "lead").get(f"/v1/incidents/{id}").json()["confirmations"]
    assert (row["codes"], row["is_blind"], row["shown"]) == (CODES, True, {})


def test_the_second_coder_sees_nothing_of_the_first_and_a_lead_settles_by_keyboard(
    browser: Browser, doubled: Department
) -> None:
    (id,) = send_in(doubled, TEXTS[0])
    one, two = doubled.person("one"), doubled.person("two")
    one.confirm(one.next()["incident"], {**CODES, "severity": ["SEV5"]})
    with served(doubled.app) as address:
        with page_of(browser, address, two) as page:
            page.goto(f"/incidents/{id}")
            expect(page.get_by_role("heading", name="History")).to_have_count(0)
            page.goto("/review")
            expect(page.locator("input:checked:not([data-single-keys])")).to_have_count(0)
            two.confirm(two.next()["incident"])
            page.reload()
            expect(page.locator("h1")).to_have_text("Nothing waits for you")
        with page_of(browser, address, doubled.person("lea", "lead")) as page:
            page.goto("/adjudication")
            keys(page, "Enter")
            expect(page.locator(".differs").first).to_contain_text("Severity Differs")
            expect(page.locator("[data-todo]")).to_have_text("Open: severity")
            keys(page, "1")
            keys(page, "c")
            page.keyboard.type("see the guidelines")
            keys(page, "Escape", "Enter")
            expect(page.get_by_text("No disagreement waits")).to_be_visible()
    exported = doubled.person("head", "lead").get("/v1/export").json()["incidents"][0]
    assert (exported["settled_by"], exported["codes"]["severity"]) == ("adjudicated", ["SEV5"])


def test_log_in_fails_in_the_same_words_and_leads_back_to_where_one_was_going(
    browser: Browser, ward: Department
) -> None:
    with ward.database.writing() as session:
        add_coder(session, "ada", CoderChange(password=PASSWORD), by="tests")
    with served(ward.app) as address, page_of(browser, address) as page:
        page.goto("/incidents")
        for name, password in (("ada", "swordfish"), ("nobody", "swordfish"), ("a", "x")):
            page.locator("#name").fill(name)
            page.locator("#password").fill(password)
            keys(page, "Enter")
            expect(page.locator("#refusal")).to_contain_text("Not signed in")
            assert password not in page.locator("main").inner_text().split()
        keep_screenshot(page, "sign-in-refused")
        assert violations(page) == []
        page.goto("/incidents")
        sign_in(page, "ada", PASSWORD)
        expect(page.locator("h1")).to_have_text("Incidents")
        page.goto("/dashboard")
        expect(page.locator("main")).to_contain_text("This needs the role lead.")
        page.get_by_role("button", name="Sign out").click()
        page.goto("/review")
        expect(page.locator("h1")).to_have_text("Sign in")


def test_without_script_one_can_sign_in_read_and_confirm_and_is_asked_again_for_what_is_open(
    browser: Browser, ward: Department
) -> None:
    (id,) = send_in(ward, TEXTS[0])
    with ward.database.writing() as session:
        add_coder(session, "ada", CoderChange(password=PASSWORD), by="tests")
    with served(ward.app) as address, page_of(browser, address, java_script_enabled=False) as page:
        page.goto("/review")
        page.locator("#name").fill("ada")
        page.locator("#password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        keep_screenshot(page, "no-script", whole=True)
        for axis in ("severity", "exposure_type", "intended_modality"):
            page.locator(f"[id='axis-{axis}'] .option input").first.check()
        page.get_by_role("button", name="Confirm and next").click()
        expect(page.locator("#refusal li")).to_have_text(
            ["Performed modality: no code chosen", "Patient pathway: no code chosen"]
        )
        expect(page.locator("[id='axis-severity'] input:checked")).to_have_count(1)
        keep_screenshot(page, "no-script-refused")
        page.locator("[id='performed_modality.unsaid']").check()
        page.locator("#axis-pathway [data-others] summary").click()
        page.locator("#axis-pathway [data-others] input").first.check()
        page.get_by_role("button", name="Confirm and next").click()
        expect(page.locator("h1")).to_have_text("Nothing waits for you")
    (row,) = ward.person("lea", "lead").get(f"/v1/incidents/{id}").json()["confirmations"]
    assert row["unsaid"] == ["performed_modality"]
    assert len(row["shown"]["severity"]) == 5


def test_what_was_shown_and_the_time_go_with_the_confirmation(browser: Browser, ward: Department) -> None:
    (id,) = send_in(ward, TEXTS[0])
    with served(ward.app) as address, page_of(browser, address, ward.person("cod")) as page:
        page.goto("/review")
        offered = page.locator("#axis-severity .scored input").evaluate_all("all => all.map(one => one.value)")
        page.wait_for_timeout(300)
        keys(page, "2", "1", "1", "1", "1", "Enter", "0", "Enter")
        expect(page.locator("h1")).to_have_text("Nothing waits for you")
    (row,) = ward.person("lea", "lead").get(f"/v1/incidents/{id}").json()["confirmations"]
    assert row["shown"]["severity"] == offered
    assert row["changed"] == ["severity", "contributory_factor"]
    assert 300 <= row["time_on_screen_ms"] < 60_000


def test_nothing_is_lost_when_the_service_goes_away_or_the_log_in_ends_while_coding(
    browser: Browser, ward: Department
) -> None:
    send_in(ward, TEXTS[0])
    coder = ward.person("cod")
    with served(ward.app) as address, page_of(browser, address, coder) as page:
        page.goto("/review")
        keys(page, "1", "1", "1")
        page.reload()
        expect(page.locator("input:checked:not([data-single-keys])")).to_have_count(3)
        keys(page, "1", "1", "Enter", "1")
        page.context.set_offline(True)
        keys(page, "Enter")
        expect(page.locator("[data-refusal]")).to_contain_text("the service does not answer")
        keep_screenshot(page, "not-recorded")
        page.context.set_offline(False)
        page.context.clear_cookies()
        keys(page, "Enter")
        expect(page.locator("[data-refusal]")).to_contain_text("you are signed out")
        again = ward.another_session(coder.name)
        page.context.add_cookies([{"name": "codesuggest_session", "value": again, "url": address}])
        keys(page, "Enter")
        expect(page.locator("h1")).to_have_text("Nothing waits for you")
    assert ward.person("lea", "lead").get("/v1/incidents").json()["counts"] == {"coded": 1}


def test_a_redaction_miss_is_flagged_and_gone(browser: Browser, ward: Department) -> None:
    (id,) = send_in(ward, "The porter Trevelyan-Smythe lost the film")
    text = ward.person("lea", "lead").get(f"/v1/incidents/{id}").json()["text"]
    word = text.split()[-1]
    with served(ward.app) as address, page_of(browser, address, ward.person("cod")) as page:
        page.goto("/review")
        keys(page, "f")
        page.keyboard.type("not in it")
        keys(page, "Enter")
        expect(page.locator("main")).to_contain_text("do not stand in the narrative")
        page.goto("/review")
        keys(page, "f")
        page.keyboard.type(word)
        keep_screenshot(page, "flag")
        keys(page, "Enter")
        expect(page.locator("#narrative .chip").last).to_contain_text("person")
        expect(page.locator("#narrative")).not_to_contain_text(word)


def test_single_keys_can_be_turned_off(browser: Browser, ward: Department) -> None:
    send_in(ward, TEXTS[0])
    with served(ward.app) as address, page_of(browser, address, ward.person("cod")) as page:
        page.goto("/keys")
        page.get_by_label("Single keys are on").uncheck()
        page.goto("/review")
        keys(page, "1", "s", "?")
        expect(page.locator("input:checked:not([data-single-keys])")).to_have_count(0)
        expect(page.locator("#keys")).not_to_be_visible()


def test_an_administrator_makes_coders_and_tokens(browser: Browser, ward: Department) -> None:
    with served(ward.app) as address, page_of(browser, address, ward.person("root", "administrator")) as page:
        page.goto("/coders")
        page.locator("#name").fill("a.khan")
        page.locator("#password").fill(PASSWORD)
        page.get_by_role("button", name="Add").click()
        page.locator("summary", has_text="a.khan").click()
        page.locator("details[open] [name=role]").select_option("lead")
        page.locator("details[open] button").click()
        expect(page.locator("summary", has_text="a.khan")).to_contain_text("lead")
        page.goto("/tokens")
        page.locator("#name").fill("bulk")
        page.get_by_label("suggest codes").check()
        page.get_by_role("button", name="Make").click()
        secret = page.locator("#secret").input_value()
        keep_screenshot(page, "token-made")
        assert violations(page) == []
        page.get_by_role("button", name="Revoke").click()
        expect(page.locator("tbody")).to_contain_text("Revoked")
        assert secret not in page.content()


def test_a_lead_sends_an_incident_and_a_file_in_and_every_row_is_accounted_for(
    browser: Browser, ward: Department
) -> None:
    table = b"id,text,reported\nF1,Film lost,2026-03-14\nF2,,2026-03-14\n"
    with served(ward.app) as address, page_of(browser, address, ward.person("lea", "lead")) as page:
        page.goto("/incidents/new")
        page.get_by_label("Local reference").fill("W1")
        page.get_by_label("Narrative", exact=True).fill("Bleep 2231 called, film lost")
        page.get_by_role("button", name="Send in").click()
        expect(page.get_by_text("waits to be coded")).to_be_visible()
        assert "2231" not in page.content()
        page.get_by_label("CSV, TSV").set_input_files({"name": "march.csv", "mimeType": "text/csv", "buffer": table})
        page.get_by_role("button", name="Send the file in").click()
        expect(page.get_by_role("status").first).to_contain_text("1 received, 0 known already, 1 not taken")
        expect(page.get_by_role("status").first).to_contain_text("Row 3: 'text' is empty")
        page.goto("/incidents")
        expect(page.locator("tbody th")).to_have_text(["F1", "W1"])
