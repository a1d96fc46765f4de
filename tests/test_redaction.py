"""Making the redactor and proving it: slots, policy, the gate, people, and the figures of a check."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from codesuggest.domain import Narrative, Span
from codesuggest.errors import ReadError, RecipeError, RedactionError
from codesuggest.metrics import wilson_low
from codesuggest.redact import MEASURED, Redactor, write_review
from codesuggest.redact.people import People, kept_role
from codesuggest.redact.terms import is_term, whole_words
from codesuggest.redaction.check import Gold, check_findings, check_redaction, read_gold, record_check
from codesuggest.redaction.corpus import Filler, gold_rows, read_templates
from codesuggest.redaction.marked import Marked
from codesuggest.redaction.training import load_redaction_recipe

ROOT = Path(__file__).parents[1]
LISTS = ROOT / "training" / "redaction" / "lists"
Write = Callable[[str, str | bytes], Path]


def redact(redactor: Redactor, text: str) -> str:
    return redactor.redact(Narrative("1", text)).text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(ROOT / "models" / "redaction", tmp_path / "redaction")


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "policy.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_same_person_is_the_same_placeholder() -> None:
    people = People()
    names = ["Mrs Joan Abara", "Mr Singh", "Abara", "Joan", "Mrs Singh", "Dr Patel", "Patel"]
    assert [people.number(name) for name in names] == [1, 2, 1, 1, 3, 4, 4]


def test_a_professional_title_is_kept_and_a_courtesy_title_is_not() -> None:
    assert kept_role("Dr Patel") == "Dr "
    assert kept_role("Sister Abara") == "Sister "
    assert kept_role("Mrs Abara") == ""


def test_wrong_patient_stays_readable(redactor: Redactor) -> None:
    text = "Mrs Abara was called but Mr Smith came in. Dr Patel scanned Mr Smith. Mrs Abara waited."
    assert redact(redactor, text) == (
        "<PERSON_1> was called but <PERSON_2> came in. Dr <PERSON_3> scanned <PERSON_2>. <PERSON_1> waited."
    )


@pytest.mark.parametrize(
    ("value", "rest", "is_kept"),
    [
        ("Colles", " of the wrist", True),
        ("SIEMENS Colles", " today", True),
        ("Boston Scientific", " stent", True),
        ("Boston", " today", False),
        ("Siemens Patel", " called", False),
        ("Colles B", " today", True),
        ("Siemens IIF", " today", True),
        ("Colles K.", " today", False),
        ("Patel B", " today", False),
        ("Mr Colles", " fell", False),
        ("Dr", " and Sister spoke", True),
        ("Brodell", "'s sign was absent", True),
        ("Brodell", " and Ferris views repeated", True),
        ("Ferris", " view repeated", True),
        ("Ferris", " views the images", False),
        ("Ferris", " line removed", True),
        ("Colles splint", " today", True),
        ("Brodell", "'s scan was late", False),
    ],
)
def test_terms_and_what_is_named_after_somebody_are_no_person(value: str, rest: str, is_kept: bool) -> None:
    allowed = frozenset({"colles", "siemens", "boston scientific"})
    assert is_term(value + rest, Span(0, len(value), "PERSON", 0.7), allowed) is is_kept


def test_the_surest_finding_of_a_person_stands_before_a_device_too() -> None:
    text = "Brodell line removed, Brodell sign absent"
    assert not is_term(text, Span(0, 7, "PERSON", 0.95), frozenset())
    assert is_term(text, Span(22, 29, "PERSON", 0.95), frozenset())


@pytest.mark.parametrize(
    ("text", "found", "whole"),
    [
        ("Salter-Harris II", "-Harris", "Salter-Harris"),
        ("with Pryce-Owen today", "Pryce", "Pryce-Owen"),
        ("Abara's scan", "Abara", "Abara"),
        ("saw Abara, then", "Abara", "Abara"),
    ],
)
def test_a_name_is_found_with_the_rest_of_its_word(text: str, found: str, whole: str) -> None:
    start = text.index(found)
    span = whole_words(text, Span(start, start + len(found), "PERSON", 0.7))
    assert text[span.start : span.end] == whole


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("his wife Olga came too", "Olga"),
        ("Hi Zed,\nplease look", "Zed"),
        ("for you\nThanks\nShelby", "Shelby"),
        ("wrong surname White on the form", "White"),
        ("checked by TG at noon", "TG"),
        ("pump fault. KCN reported it", "KCN"),
        ("the Begum family waited", "Begum"),
    ],
)
def test_what_stands_around_a_name_gives_it_away(redactor: Redactor, text: str, name: str) -> None:
    result = redact(redactor, text)
    assert name not in result
    assert "<PERSON_1>" in result


@pytest.mark.parametrize(
    "text", ["GP said yes", "told by CT", "DONE BY NIGHT STAFF", "asked by ED to ring", "her daughter Was late"]
)
def test_abbreviations_and_ordinary_words_in_the_same_places_are_nobody(redactor: Redactor, text: str) -> None:
    assert redact(redactor, text) == text


@pytest.mark.parametrize(
    ("old", "new", "text", "expected"),
    [
        ('dates = "keep"', 'dates = "year"', "Scanned on 14/03/2026 again", "Scanned on 2026 again"),
        ("number_people = true", "number_people = false", "Mrs Abara fell", "<PERSON> fell"),
        ("deny = []", 'deny = ["Blue Zone"]', "in the blue zone today", "in the <DENIED> today"),
        ("off = []", 'off = ["BLEEP"]', "Bleep 2231 called", "Bleep 2231 called"),
        ("min_score = 0.3", "min_score = 0.3\nmin_scores = { BLEEP = 1.0 }", "Bleep 2231", "Bleep 2231"),
    ],
)
def test_policy_decides(folder: Path, old: str, new: str, text: str, expected: str) -> None:
    edit(folder, old, new)
    assert redact(Redactor(folder), text) == expected


def test_an_unknown_policy_key_or_a_missing_model_is_refused(folder: Path) -> None:
    edit(folder, "off = []", "off = []\ncolour = 1")
    with pytest.raises(RedactionError, match="'colour': Extra inputs"):
        Redactor(folder)
    edit(folder, "\ncolour = 1", "")
    shutil.rmtree(folder / "model")
    with pytest.raises(RedactionError, match="language model is missing"):
        Redactor(folder)


def test_the_gate_wants_this_very_redactor_measured_and_good_enough(folder: Path) -> None:
    assert Redactor(folder).require_measured()
    edit(folder, "deny = []", 'deny = ["Blue Zone"]')
    with pytest.raises(RedactionError, match=r"changed since the redactor was measured.*--record"):
        Redactor(folder).require_measured()
    changed = Redactor(folder)
    record_check(changed, check_findings([], []))
    with pytest.raises(RedactionError, match=r"recall may be as low as 0.000; the policy asks for"):
        changed.require_measured()
    (folder / MEASURED).unlink()
    with pytest.raises(RedactionError, match="nobody has measured this redactor"):
        changed.require_measured()


def test_the_shipped_redactor_is_the_one_that_was_measured(redactor: Redactor) -> None:
    assert redactor.require_measured() is redactor


def test_what_is_left_is_scanned_again_and_a_leak_is_refused(
    redactor: Redactor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redactor, "_settle", lambda *_: ())
    with pytest.raises(RedactionError, match="Incident 9"):
        redactor.redact(Narrative("9", "NHS number 943 476 5919"))


def test_slots_are_filled_marked_and_repeated() -> None:
    filler = Filler(LISTS, 1, for_testing=False)
    template = "{{PERSON:full#1}} met {{PERSON:last#2~upper}}. {{PERSON:last#1}} left at {{-time}}. NHS {{UK_NHS}}."
    marked = filler.fill(template)
    values = [marked.text[start:end] for start, end, _ in marked.spans]
    assert [type for _, _, type in marked.spans] == ["PERSON", "PERSON", "PERSON", "UK_NHS"]
    assert values[0].endswith(values[2])
    assert values[1] == values[1].upper()
    assert "{{" not in marked.text
    assert filler.fill(template) != marked


def test_rewording_changes_words_outside_the_spans_and_never_those_inside() -> None:
    filler = Filler(LISTS, 1, for_testing=False)
    marked = Marked("one two three Joan Abara four five six seven", ((14, 24, "PERSON"),))
    reworded = [filler.reword(marked, ["kettle"]) for _ in range(40)]
    assert all(item.text[start:end] == "Joan Abara" for item in reworded for start, end, _ in item.spans)
    assert any("kettle" in item.text.casefold() for item in reworded)
    assert any(item.text == marked.text for item in reworded)


def test_training_has_addresses_of_other_countries_marked_whole() -> None:
    filler = Filler(LISTS, 3, for_testing=False)
    marked = [filler.fill("at {{ADDRESS}}, second floor") for _ in range(300)]
    values = [item.text[start:end] for item in marked for start, end, _ in item.spans]
    assert [f"at {value}, second floor" for value in values] == [item.text for item in marked]
    assert 5 < sum(value.startswith(("P.O. Box", "the corner of")) for value in values) < 60


def test_terms_that_sound_like_names_are_filled_in_and_not_marked() -> None:
    filler = Filler(LISTS, 1, for_testing=False)
    marked = filler.fill("The {{-eponym}} view on the {{-brand}} after {{-drug}}")
    assert marked.spans == ()
    assert "{{" not in marked.text
    assert filler.fill("The {{-eponym}} view on the {{-brand}} after {{-drug}}") != marked


def test_what_varies_is_typed_as_carelessly_as_what_is_personal() -> None:
    filler = Filler(LISTS, 1, for_testing=False)
    lower, upper = filler.fill("{{-eponym~lower}}").text, filler.fill("{{-brand~upper}}").text
    assert (lower, upper) == (lower.lower(), upper.upper())


def test_a_slot_that_is_none_is_refused_by_file_and_line(write: Write) -> None:
    file = write("texts.jsonl", '{"text": "{{PERSON:full}} left"}\n{"text": "{{PERSON full}} left"}\n')
    with pytest.raises(ReadError, match=r"texts\.jsonl, line 2: .*slot"):
        read_templates([file])


def test_a_higher_floor_finds_no_more_and_a_lower_one_no_less(folder: Path) -> None:
    text = "zeb quill was told by marlo at the desk, ask wend or the abara lad"
    found = []
    for floor in (0.02, 0.4, 0.98):
        edit_floor(folder, floor)
        found.append(sum(s.end - s.start for s in Redactor(folder).redact(Narrative("1", text)).spans))
    assert found == sorted(found, reverse=True)
    assert found[0] > found[-1]


def edit_floor(folder: Path, floor: float) -> None:
    path = folder / "model" / "config.cfg"
    path.write_text(re.sub(r"(?m)^floor = .*$", f"floor = {floor}", path.read_text()))


def test_a_missing_list_of_terms_is_refused(folder: Path) -> None:
    (folder / "terms.txt").unlink()
    with pytest.raises(RedactionError, match=r"terms\.txt: the list of terms"):
        Redactor(folder)


def test_names_of_testing_are_never_names_of_training() -> None:
    def names(*, for_testing: bool) -> set[str]:
        filler = Filler(LISTS, 3, for_testing=for_testing)
        marked = [filler.fill("{{PERSON:first}}") for _ in range(400)]
        return {item.text[start:end] for item in marked for start, end, _ in item.spans}

    assert not names(for_testing=True) & names(for_testing=False)


def test_no_test_text_is_a_training_text_or_nearly_one() -> None:
    def texts(folder: str) -> list[str]:
        files = sorted((ROOT / "training" / "redaction" / folder).glob("*.jsonl"))
        return [re.sub(r"\{\{.*?\}\}", "X", template.text) for template in read_templates(files)]

    test, training = texts("test"), texts("texts")
    assert len(test) >= 470
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(4, 5)).fit_transform([*test, *training])
    assert (vectors[: len(test)] @ vectors[len(test) :].T).max() < 0.6


def test_gold_has_as_many_texts_and_spans_as_stated() -> None:
    templates = read_templates([ROOT / "training" / "redaction" / "test" / "texts.jsonl"])
    rows = list(gold_rows(templates, Filler(LISTS, 1, for_testing=True), times=2))
    assert len(rows) >= 500
    assert sum(len(row["spans"]) for row in rows) >= 1500
    negatives = read_templates([ROOT / "training" / "redaction" / "test" / "negatives.jsonl"])
    assert len(negatives) >= 200
    assert all(term in template.text for template in negatives for term in template.terms)


def test_check_counts_whole_spans_characters_and_findings() -> None:
    gold = [Gold("a", Marked("Joan Abara and 2231", ((0, 10, "PERSON"), (15, 19, "BLEEP"))), ("and",))]
    check = check_findings(gold, [[(0, 4, "PERSON"), (11, 14, "PERSON"), (15, 19, "BLEEP")]])
    assert (check.types["PERSON"].recall.n, check.types["PERSON"].recall.of) == (0, 1)
    assert (check.types["PERSON"].characters.n, check.types["PERSON"].characters.of) == (5, 10)
    assert (check.types["PERSON"].precision.n, check.types["PERSON"].precision.of) == (1, 2)
    assert check.groups["direct identifiers"].recall.value == 1
    assert check.leaks == (("a", "PERSON", 0, 10),)
    assert check.touched_terms.n == 1


def test_wilson_bound_of_a_published_example() -> None:
    # Newcombe (1998), Statistics in Medicine 17, 857-872: 81 of 263, two-sided 95%: 0.2553 to 0.3662
    assert wilson_low(81, 263, z=1.96) == pytest.approx(0.2553, abs=0.0001)
    assert wilson_low(0, 0) == 0


def test_gold_that_is_not_gold_is_refused_by_line(write: Write) -> None:
    with pytest.raises(ReadError, match="line 2: expected id, text and spans"):
        read_gold(write("x.jsonl", '{"id": "1", "text": "a", "spans": []}\n{"id": "2", "text": "b"}\n'))


def test_a_leak_is_listed_by_id_and_place_never_by_text(redactor: Redactor) -> None:
    gold = [Gold("a", Marked("the patient was late", ((4, 11, "PERSON"),)))]
    assert check_redaction(redactor, gold).leaks == (("a", "PERSON", 4, 11),)
    assert "patient" not in repr(check_redaction(redactor, gold))


def test_redaction_recipe_refuses_unknown_keys(write: Write) -> None:
    recipe = load_redaction_recipe(ROOT / "training" / "redaction" / "recipe.toml")
    assert all(path.is_file() for path in [*recipe.texts, recipe.incidents])
    with pytest.raises(RecipeError, match="'colour': Extra inputs"):
        load_redaction_recipe(write("r.toml", "colour = 1"))


def test_review_page_shows_what_was_found_to_its_owner_only(redactor: Redactor, tmp_path: Path) -> None:
    narrative = Narrative("W<1>", "Mrs Abara & co, bleep 2231")
    page = tmp_path / "review.html"
    assert write_review(page, [(narrative, redactor.redact(narrative))]) == 1
    text = page.read_text()
    assert "<mark>2231<small>bleep</small></mark>" in text
    assert "W&lt;1&gt;" in text
    assert "This page holds personal data" in text
    assert page.stat().st_mode & 0o077 == 0


def test_a_change_of_the_code_makes_it_another_redactor(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Redactor(folder).fingerprint
    read = Path.read_text
    monkeypatch.setattr(
        Path, "read_text", lambda path, *a, **k: read(path, *a, **k) + "#" * (path.name == "recognisers.py")
    )
    assert Redactor(folder).fingerprint != before


def test_measured_figures_are_kept_without_text(folder: Path) -> None:
    redactor = Redactor(folder)
    record_check(redactor, check_redaction(redactor, [Gold("a", Marked("Bleep 2231", ((6, 10, "BLEEP"),)))]))
    kept = json.loads((folder / MEASURED).read_text())
    assert kept["fingerprint"] == redactor.fingerprint
    assert kept["groups"]["direct identifiers"]["n"] == 1
