"""Harvest: coding strings of an archive become codes; what cannot be one is told without a word of the text."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from codesuggest.bulk.harvest import Harvest, harvest
from codesuggest.domain import Taxonomy
from codesuggest.read import Columns, SourceRow
from codesuggest.read.strings import harvested_strings
from codesuggest.report import harvest_report
from codesuggest.suggest import Suggester

GOOD = "IMGW1/SEV2/EXP-MED/MOD-CT/MOD-CT/CHK.identity/CF-IND.slip"
CODES = {
    "severity": ["SEV2"],
    "exposure_type": ["EXP-MED"],
    "intended_modality": ["MOD-CT"],
    "performed_modality": ["MOD-CT"],
    "pathway": ["CHK.identity"],
    "contributory_factor": ["CF-IND.slip"],
}
NARRATIVES = [
    f"Mr Zebedee Quillfeather had the CT of another patient. {GOOD}",
    "Film repeated, patient moved. IMGW1/SEV2/EXP-MED/MOD-XR",
    "Wrong vial drawn up. IMGW1/SEV2/EXP-MED/MOD-NM/MOD-NM/PHA.agnet",
    "Wrong vial again. IMGW1/SEV2/EXP-MED/MOD-NM/MOD-NM/Quillfeather",
    "Two strings here. IMGW1/SEV2/EXP-MED/MOD-CT/MOD-CT/CHK.identity and IMGW1/SEV3/EXP-MED/MOD-CT/MOD-CT/CHK.identity",
    "Nobody has coded this one.",
    "",
]


@pytest.fixture
def harvested(write: Callable[[str, str], Path], suggester: Suggester) -> Harvest:
    rows = "\n".join(json.dumps({"id": f"A{n}", "text": text}) for n, text in enumerate(NARRATIVES))
    return harvest(write("archive.jsonl", rows), suggester, Columns())


def test_every_row_is_counted_under_what_became_of_it(harvested: Harvest) -> None:
    assert harvested.counts == {
        "coded": 1,
        "malformed": 1,
        "unknown code": 2,
        "several strings": 1,
        "no string": 1,
        "unreadable": 1,
    }
    assert "Harvested 1 coded narratives of 7 rows into" in harvest_report(harvested)


def test_a_coded_narrative_is_redacted_without_its_string_and_ready_to_train_on(harvested: Harvest) -> None:
    (row,) = [json.loads(line) for line in harvested.coded.read_text(encoding="utf-8").splitlines()]
    assert row["codes"] == CODES
    assert row["text"].strip().endswith("had the CT of another patient.")
    assert "Quillfeather" not in row["text"]


def test_what_could_not_be_used_is_listed_with_its_row_and_reason(harvested: Harvest) -> None:
    with harvested.findings.open(encoding="utf-8-sig", newline="") as file:
        rows = [(row["source_row"], row["id"], row["finding"], row["detail"]) for row in csv.DictReader(file)]
    assert rows == [
        ("2", "A1", "malformed", "coding string has no code of pathway"),
        ("3", "A2", "unknown code", "coding string holds a word, no code of imaging-working-1"),
        ("4", "A3", "unknown code", "coding string holds a word, no code of imaging-working-1"),
        ("5", "A4", "several strings", "2 coding strings that differ; which counts is for a person to say"),
        ("7", "A6", "unreadable", "'text' is empty; expected what happened, in words"),
    ]


def test_a_token_is_shown_only_if_it_has_the_shape_of_a_code(national: Taxonomy) -> None:
    text = "PRIA24/L1/E1/MG/P7/3.2b/CF99zz/9991234560"
    (found,) = harvested_strings(SourceRow(2, "1", {"text": text}), Columns(), national)
    assert found.unknown == ("'CF99zz'", "a word")


def test_a_code_that_the_model_finds_unlikely_is_listed_worst_first(harvested: Harvest) -> None:
    found = harvested.contradictions
    assert found
    assert [one.gap for one in found] == sorted((one.gap for one in found), reverse=True)
    assert {one.id for one in found} == {"A0"}
    assert all(one.best != one.given and not one.is_trained_on for one in found)
