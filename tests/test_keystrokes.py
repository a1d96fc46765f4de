"""How many keys an incident takes, and that those keys do in a browser what they are said to do."""

import json
import statistics
from pathlib import Path

import pytest
from keystrokes import counts, gold_narratives, keys_to_code, least_keys

from codesuggest.domain import Taxonomy
from codesuggest.suggest import Suggester
from codesuggest.web.pages.choices import axis_views
from reviewers import department

ROOT = Path(__file__).parents[1]
MODEL = ROOT / "models" / (ROOT / "models" / "in-use").read_text().strip()
CODES = {
    "severity": ("SEV2",),
    "exposure_type": ("EXP-MED",),
    "intended_modality": ("MOD-CT",),
    "performed_modality": ("MOD-CT",),
    "pathway": ("CHK.identity", "PST.images"),
    "contributory_factor": (),
}


def test_a_code_that_is_offered_takes_one_key_and_each_axis_of_many_one_more(working: Taxonomy) -> None:
    axes = {axis: [{"code": code, "score": 0.5} for code in codes] for axis, codes in CODES.items()}
    assert keys_to_code(axis_views(working, {"axes": axes}), CODES) == [*"1111", *"12", "Enter", "0", "Enter"]
    assert least_keys(working) == 8


def test_a_code_that_is_not_offered_is_found_by_the_beginning_of_a_word(working: Taxonomy) -> None:
    pressed = keys_to_code(axis_views(working, None), CODES)
    assert pressed[:2] == ["2", "1"]
    assert pressed[2] == "/"
    assert len(pressed) > 12


@pytest.mark.slow
@pytest.mark.skipif(not MODEL.is_dir(), reason="made by `make suggest`")
def test_the_median_gold_incident_takes_at_most_nine_keys_and_fewer_than_without_suggestions() -> None:
    starting = Suggester.load(MODEL)
    pairs = list(counts(starting, gold_narratives(starting.redactor)))
    assisted, blind = (statistics.median(column) for column in zip(*pairs, strict=True))
    assert len(pairs) == 230
    assert assisted <= 9
    assert blind > assisted


@pytest.mark.slow
@pytest.mark.parametrize("blind", [0, 1])
def test_the_keys_counted_are_those_that_record_the_gold_codes(
    suggester: Suggester, sqlite_url: str, blind: int
) -> None:
    pytest.importorskip("playwright")
    pytest.importorskip("axe_playwright_python")
    from screen import chromium, page_of, served

    rows = [json.loads(line) for line in (ROOT / "annotation/sample/incidents.jsonl").read_text().splitlines()]
    gold = [row for row in rows if row["split"] == "gold"][:6]
    taxonomy = suggester.model.taxonomy
    with department(suggester, sqlite_url, blind=blind, cookie_secure=False) as ward:
        lead, coder = ward.person("lea", "lead"), ward.person("cod")
        by_id = dict(zip(ward.send_in(lead, *(row["text"] for row in gold)), gold, strict=True))
        with chromium() as browser, served(ward.app) as address, page_of(browser, address, coder) as page:
            while held := coder.next()["incident"]:
                content = coder.next()["suggestions"]
                page.goto("/review")
                wanted = {axis: tuple(codes) for axis, codes in by_id[held["id"]]["codes"].items()}
                for key in keys_to_code(axis_views(taxonomy, content), wanted):
                    page.keyboard.press(key)
                page.wait_for_function("id => !document.querySelector(`[action='/review/${id}']`)", arg=held["id"])
                (row,) = lead.get(f"/v1/incidents/{held['id']}").json()["confirmations"]
                assert {axis: set(given) for axis, given in row["codes"].items() if given} == {
                    axis: set(given) for axis, given in wanted.items() if given
                }
