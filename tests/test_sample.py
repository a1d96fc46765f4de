"""The sample and the guidelines keep the promises that annotation/README.md makes of them."""

import csv
import json
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from codesuggest.domain import Taxonomy
from codesuggest.protocol import load_protocol
from codesuggest.taxonomy import find_coding_strings, load_taxonomy, shipped_taxonomies

ANNOTATION = Path(__file__).parents[1] / "annotation"
TYPES = {
    *(
        "PERSON",
        "LOCATION",
        "ADDRESS",
        "ORGANIZATION",
        "UK_NHS",
        "HOSPITAL_NUMBER",
        "ACCESSION_NUMBER",
        "DATE_OF_BIRTH",
    ),
    *("PHONE_NUMBER", "BLEEP", "EMAIL_ADDRESS", "UK_POSTCODE", "PROFESSIONAL_ID", "USER_NAME", "AGE"),
}


def rows(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (ANNOTATION / "sample" / name).read_text(encoding="utf-8").splitlines()]


INCIDENTS = rows("incidents.jsonl")
TEXTS = [str(row["text"]) for row in INCIDENTS]


def codes(row: dict[str, object], axis: str) -> list[str]:
    given = row["codes"]
    assert isinstance(given, dict)
    return list(given[axis])


def similarity(texts: list[str]) -> np.ndarray:
    """Cosine similarity of TF-IDF vectors of character sequences of 4 to 6: near 1 for a copy with small changes."""
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(4, 6), sublinear_tf=True).fit_transform(texts)
    return np.asarray((vectors @ vectors.T).todense())


def test_there_are_at_least_900_incidents_each_with_every_field() -> None:
    assert len(INCIDENTS) >= 900
    fields = {
        "id",
        "text",
        "codes",
        "site",
        "reported",
        "reporter",
        "author",
        "ambiguous",
        "rationale",
        "split",
        "spans",
    }
    assert all(set(row) == fields for row in INCIDENTS)
    assert len({row["id"] for row in INCIDENTS}) == len(INCIDENTS)
    assert all(row["rationale"] and row["reporter"] for row in INCIDENTS)


def test_codes_exist_single_axes_have_one_and_only_leaves_are_given(working: Taxonomy) -> None:
    for row in INCIDENTS:
        for axis in working.axes:
            given = codes(row, axis.key)
            assert set(given) <= set(working.assignable[axis.key]), row["id"]
            assert len(set(given)) == len(given)
            assert axis.many or len(given) == 1
            assert given or axis.optional


def test_every_leaf_code_occurs_at_least_12_times(working: Taxonomy) -> None:
    for axis in working.axes:
        counts = Counter(code for row in INCIDENTS for code in codes(row, axis.key))
        assert {code: counts[code] for code in working.assignable[axis.key] if counts[code] < 12} == {}


def test_lengths_dates_and_shares_are_as_stated() -> None:
    lengths = [len(text.split()) for text in TEXTS]
    assert min(lengths) >= 10
    assert max(lengths) <= 250
    assert 55 <= np.median(lengths) <= 75
    dates = sorted(str(row["reported"]) for row in INCIDENTS)
    assert (int(dates[-1][:4]) * 12 + int(dates[-1][5:7])) - (int(dates[0][:4]) * 12 + int(dates[0][5:7])) >= 34
    assert 0.12 <= np.mean([bool(row["spans"]) for row in INCIDENTS]) <= 0.18
    assert 0.06 <= np.mean([bool(row["ambiguous"]) for row in INCIDENTS]) <= 0.12


def test_no_incident_is_a_near_duplicate_of_another() -> None:
    alike = similarity(TEXTS)
    np.fill_diagonal(alike, 0)
    assert alike.max() < 0.6


def test_gold_holds_voices_and_a_site_never_trained_on() -> None:
    def of(part: str, field: str) -> set[object]:
        return {row[field] for row in INCIDENTS if row["split"] == part}

    assert {row["split"] for row in INCIDENTS} == {"train", "development", "gold"}
    assert of("gold", "author") - of("train", "author") - of("development", "author")
    assert of("gold", "site") - of("train", "site") - of("development", "site")
    assert of("development", "author") - of("train", "author")
    assert sum(row["split"] == "gold" for row in INCIDENTS) >= 200


def test_no_text_holds_a_coding_string_or_a_code(working: Taxonomy) -> None:
    schemes = [load_taxonomy(name) for name in shipped_taxonomies()]
    assert not [text for text in TEXTS for scheme in schemes if find_coding_strings(text, scheme)]
    own = re.compile("|".join(rf"\b{re.escape(code)}\b" for axis in working.assignable.values() for code in axis))
    assert not [text for text in TEXTS if own.search(text)]


def test_label_wording_is_copied_into_at_most_2_in_100_texts(working: Taxonomy) -> None:
    modalities = ("intended_modality", "performed_modality")
    labels = {c.label.casefold() for c in working.codes if c.axis not in modalities and len(c.label.split()) > 1}
    holding = [text for text in TEXTS if any(label in text.casefold() for label in labels)]
    assert len(holding) / len(TEXTS) <= 0.02


def test_marked_spans_lie_in_the_text_and_do_not_overlap() -> None:
    for row in INCIDENTS:
        spans = sorted((s["start"], s["end"], s["type"]) for s in row["spans"])  # type: ignore[union-attr,index]
        assert {type for _, _, type in spans} <= TYPES
        for start, end, _ in spans:
            value = str(row["text"])[start:end]
            assert value
            assert value == value.strip()
        assert all(first[1] <= second[0] for first, second in pairwise(spans))


def test_at_least_200_were_coded_again_and_a_third_of_the_differing_adjudicated(working: Taxonomy) -> None:
    second = {row["id"]: row for row in rows("second-coding.jsonl")}
    first = {row["id"]: row for row in INCIDENTS}
    assert len(second) >= 200
    assert set(second) <= set(first)
    assert {id for id, row in first.items() if row["split"] == "gold"} <= set(second)
    differing = {
        id for id in second if any(set(codes(first[id], a)) != set(codes(second[id], a)) for a in working.axis)
    }
    settled = {row["id"]: row for row in rows("adjudications.jsonl")}
    assert set(settled) <= differing
    assert len(settled) >= len(differing) / 3
    assert all(row["reason"] for row in settled.values())
    for row in [*second.values(), *settled.values()]:
        assert all(set(codes(row, axis)) <= set(working.assignable[axis]) for axis in working.axis)


def test_guidelines_have_an_entry_with_example_and_counter_example_for_every_code(working: Taxonomy) -> None:
    text = (ANNOTATION / "guidelines.md").read_text(encoding="utf-8")
    for code in {code for axis in working.assignable.values() for code in axis}:
        entry = re.search(rf"^### {re.escape(code)} .*?(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
        assert entry, code
        for part in ("**Covers**", "**Does not cover**", "**Example**", "**Counter-example**"):
            assert part in entry[0], (code, part)


def test_guidelines_cite_incidents_that_exist_and_never_gold() -> None:
    text = (ANNOTATION / "guidelines.md").read_text(encoding="utf-8")
    examples = text[: text.index("## Where coders still disagree")]
    split = {row["id"]: row["split"] for row in INCIDENTS}
    cited = set(re.findall(r"\bS\d{4}\b", text))
    assert len(cited) > 100
    assert cited <= set(split)
    assert {split[id] for id in re.findall(r"\bS\d{4}\b", examples)} == {"train"}


def test_protocol_is_read_and_names_every_axis(working: Taxonomy, tmp_path: Path) -> None:
    from codesuggest.errors import RecipeError

    protocol = load_protocol(ANNOTATION / "protocol.toml")
    assert set(protocol.agreement_floor) == set(working.axis)
    assert 0 < protocol.blind_share < 1
    (tmp_path / "p.toml").write_text("colour = 1")
    with pytest.raises(RecipeError, match="'colour': Extra inputs"):
        load_protocol(tmp_path / "p.toml")


def test_code_table_is_the_working_list(working: Taxonomy) -> None:
    with (ANNOTATION / "taxonomy" / "imaging-working-1" / "codes.csv").open(newline="", encoding="utf-8") as file:
        assert [(row["axis"], row["code"]) for row in csv.DictReader(file)] == [(c.axis, c.code) for c in working.codes]
