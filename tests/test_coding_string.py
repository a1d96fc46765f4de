"""Coding strings: parsed, validated, written back, and found in free text however people typed them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesuggest.domain import Taxonomy
from codesuggest.errors import CodingStringError
from codesuggest.taxonomy import find_coding_strings, load_taxonomy, parse_coding_string, write_coding_string

FIRST = "PRIA24/L1/E1/MG/P7/3.2b/CF1b/CF4a"
SECOND = "PRIA24/L2/E1/MA/P1/3.5e/3.6b/CF3a"
FIRST_CODES = {
    "severity": ("L1",),
    "exposure_type": ("E1",),
    "intended_modality": ("MG",),
    "performed_modality": ("P7",),
    "pathway": ("3.2b",),
    "contributory_factor": ("CF1b", "CF4a"),
}


@pytest.mark.parametrize("example", [FIRST, SECOND])
def test_official_examples_round_trip(national: Taxonomy, example: str) -> None:
    assert write_coding_string(parse_coding_string(example, national), national) == example


def test_codes_land_on_their_axes(national: Taxonomy) -> None:
    assert parse_coding_string(FIRST, national) == FIRST_CODES
    assert parse_coding_string(SECOND, national)["pathway"] == ("3.5e", "3.6b")


@pytest.mark.parametrize(
    "typed",
    [
        FIRST.lower(),
        "PRIA24 / L1 / E1 / MG / P7 / 3.2b / CF1b / CF4a",
        "Pria 24/L1/E1/mg/P7/3.2B/cf1B/CF4A",
        "PRIA24/L 1/E1/MG/P 7/3.2b/CF 1b/CF4a",
        "PRIA24\\L1\\E1\\MG\\P7\\3.2b\\CF1b\\CF4a",
        "PRIA24 L1 E1 MG P7 3.2b CF1b CF4a",
        "PRIA24: L1, E1, MG, P7, 3.2b, CF1b, CF4a",
        "PRIA24/L1/E1/MG/\nP7/3.2b/CF1b/CF4a/",
    ],
)
def test_mistyped_strings_are_found_whole(national: Taxonomy, typed: str) -> None:
    text = f"The wrong patient was called. {typed}. RPS told."
    (found,) = find_coding_strings(text, national)
    assert found.codes == FIRST_CODES
    rest = text[: found.start] + text[found.end :]
    assert "CF" not in rest.upper()
    assert "The wrong patient was called" in rest
    assert "RPS told" in rest


@pytest.mark.parametrize(
    ("string", "problem"),
    [
        ("PRIA24/L1/E1/MG/P7/3.2b", "no code of axis 'contributory_factor': the string ends there"),
        ("PRIA24/L1/MG/P7/3.2b/CF1b", "no code of axis 'exposure_type': 'MG' stands there"),
        ("PRIA24/L1/E1/MG/P7/3.2b/CF1b/XX9", "'XX9' is no code of axis 'contributory_factor'"),
        ("PRIA25/L1/E1/MG/P7/3.2b/CF1b", "starting with PRIA24"),
        (f"{FIRST} and more", "nothing else"),
    ],
)
def test_malformed_strings_are_refused_naming_the_token(national: Taxonomy, string: str, problem: str) -> None:
    with pytest.raises(CodingStringError, match=problem):
        parse_coding_string(string, national)


def test_a_malformed_string_is_still_found_in_text(national: Taxonomy) -> None:
    (found,) = find_coding_strings("Pt recalled PRIA24/L1/QQ/MG end", national)
    assert found.codes == {}
    assert "QQ" in found.problem


def test_the_bare_trigger_is_not_a_coding_string(national: Taxonomy) -> None:
    assert find_coding_strings("To be coded under PRIA24 after the meeting", national) == []


def test_several_strings_are_found_in_order(national: Taxonomy) -> None:
    found = find_coding_strings(f"{FIRST} then later {SECOND}", national)
    assert [coding.codes["severity"] for coding in found] == [("L1",), ("L2",)]


def test_a_factor_may_be_absent_where_the_taxonomy_says_so(working: Taxonomy) -> None:
    codes = {
        "severity": ("SEV4",),
        "exposure_type": ("EXP-MED",),
        "intended_modality": ("MOD-CT",),
        "performed_modality": ("MOD-NONE",),
        "pathway": ("CHK.identity", "REF.patient"),
    }
    string = write_coding_string(codes, working)
    assert string == "IMGW1/SEV4/EXP-MED/MOD-CT/MOD-NONE/CHK.identity/REF.patient"
    assert parse_coding_string(string.lower(), working) == codes


def test_codes_that_are_not_the_taxonomys_cannot_be_written(working: Taxonomy) -> None:
    with pytest.raises(CodingStringError):
        write_coding_string({"severity": ("SEV9",)}, working)


@given(st.data())
def test_any_coding_round_trips(data: st.DataObject) -> None:
    taxonomy = load_taxonomy("imaging-working-1")
    codes = {
        axis.key: tuple(
            data.draw(st.lists(st.sampled_from(taxonomy.assignable[axis.key]), min_size=1, max_size=size, unique=True))
        )
        for axis in taxonomy.axes
        for size in [4 if axis.many else 1]
    }
    assert parse_coding_string(write_coding_string(codes, taxonomy), taxonomy) == codes
