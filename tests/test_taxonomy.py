"""Taxonomies as data: loaded by name or path, and refused with file, row and remedy."""

from collections.abc import Callable
from pathlib import Path

import pytest

from codesuggest.domain import Axis, Code, Taxonomy
from codesuggest.errors import TaxonomyError
from codesuggest.taxonomy import load_taxonomy, shipped_taxonomies, worded, write_taxonomy
from codesuggest.taxonomy.table import TableColumns, taxonomy_from_codings, taxonomy_from_table

TOML = """
name = "tiny-1"
title = "Tiny"

[[axes]]
key = "kind"
label = "Kind"
"""
Write = Callable[[str, str], Path]


def tiny(write: Write, codes: str, toml: str = TOML) -> Path:
    write("tiny/taxonomy.toml", toml)
    return write("tiny/codes.csv", codes).parent


def test_shipped_taxonomies_are_sound() -> None:
    assert shipped_taxonomies() == ("imaging-working-1", "pria24")
    for name in shipped_taxonomies():
        assert load_taxonomy(name).name == name


def test_working_list_has_its_95_codes_on_six_axes_in_order(working: Taxonomy) -> None:
    assert len(working.codes) == 95
    assert list(working.axis) == [
        "severity",
        "exposure_type",
        "intended_modality",
        "performed_modality",
        "pathway",
        "contributory_factor",
    ]
    assert [axis.key for axis in working.axes if axis.many] == ["pathway", "contributory_factor"]


def test_only_leaves_are_assignable_where_parents_group(working: Taxonomy) -> None:
    assert "REF" not in working.assignable["pathway"]
    assert "REF.patient" in working.assignable["pathway"]
    assert len(working.assignable["pathway"]) == 28
    assert len(working.assignable["contributory_factor"]) == 16


def test_national_scheme_ships_its_shape_and_no_labels(national: Taxonomy) -> None:
    assert national.codes == ()
    assert national.spelling("severity", "l2") == "L2"
    assert national.spelling("contributory_factor", "cf1B") == "CF1b"
    assert national.spelling("severity", "E1") is None


def test_fingerprint_follows_content_not_layout(write: Write) -> None:
    first = load_taxonomy(tiny(write, "axis,code,parent,label,definition\nkind,A,,Apple,\n"))
    again = load_taxonomy(tiny(write, 'label,axis,code\n"Apple",kind,A\n'))
    other = load_taxonomy(tiny(write, "axis,code,label\nkind,A,Pear\n"))
    assert first.fingerprint == again.fingerprint != other.fingerprint


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        ("axis,code,parent,label\nkind,A,B,Apple\n", r"codes.csv, row 2: parent 'B' is no code of axis 'kind'. Add"),
        ("axis,code,parent,label\nkind,A,B,x\nkind,B,A,y\n", r"row 2: code 'A' is its own ancestor. Break"),
        ("axis,code,label\nkind,A,x\nkind,A,y\n", r"row 3: code 'A' is on axis 'kind' already. Remove"),
        ("axis,code,label\nkind,A,\n", r"row 2: 'label' is empty"),
        ("axis,code,label\ncolour,A,x\n", r"row 2: axis 'colour' is not in taxonomy.toml. Add"),
        ("axis,code,label,colour\nkind,A,x,red\n", r"row 1: columns missing: \[\]; not known: \['colour'\]"),
        ("axis,code\nkind,A\n", r"row 1: columns missing: \['label'\]"),
        ("axis,code,label\nkind,A,x,more\n", r"row 2: as many cells as columns"),
        ("axis,code,label\n", r"axis 'kind' has no codes in codes.csv and no pattern"),
    ],
)
def test_bad_codes_are_refused_with_row_and_remedy(write: Write, codes: str, message: str) -> None:
    with pytest.raises(TaxonomyError, match=message):
        load_taxonomy(tiny(write, codes))


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        (TOML + "colour = 1\n", r"taxonomy.toml: 'axes.0.colour': Extra inputs"),
        ("colour = 1\n" + TOML, r"'colour': Extra inputs"),
        (TOML + TOML[TOML.index("[[axes]]") :], "an axis key occurs twice"),
        (TOML + "pattern = '['\n", "axis 'kind': pattern is not valid"),
        (TOML + "pattern = 'B'\n", "code 'A' does not match the pattern of axis 'kind'"),
        ("name = ", "not valid TOML"),
    ],
)
def test_bad_toml_is_refused_naming_the_key(write: Write, toml: str, message: str) -> None:
    with pytest.raises(TaxonomyError, match=message):
        load_taxonomy(tiny(write, "axis,code,label\nkind,A,x\n", toml))


def test_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(TaxonomyError, match="No taxonomy 'nowhere'.*imaging-working-1"):
        load_taxonomy("nowhere")


def test_written_taxonomy_reads_back_the_same(working: Taxonomy, tmp_path: Path) -> None:
    assert load_taxonomy(write_taxonomy(working, tmp_path / "copy")).fingerprint == working.fingerprint
    with pytest.raises(TaxonomyError, match="already holds a taxonomy"):
        write_taxonomy(working, tmp_path / "copy")


def test_official_table_with_its_own_column_names_is_imported(national: Taxonomy) -> None:
    rows = [
        (2, {"Table": "Level", "Ref": "L1", "Text": "made-up wording", "Group": None}),
        (3, {"Table": None, "Ref": "L2", "Text": "another", "Group": ""}),
        (4, {"Table": "Pathway", "Ref": "3.2b", "Text": "made-up", "Group": ""}),
    ]
    columns = TableColumns("Table", "Ref", "Text", "Group", axes={"Level": "severity"})
    made = taxonomy_from_table(rows, columns, name="official-1", title="Official", shape=national)
    assert [code.code for code in made.codes] == ["L1", "L2", "3.2b"]
    assert made.codes[1] == Code("severity", "L2", "another")
    assert made.grammar == national.grammar
    assert made.axis["pathway"].many


def test_import_names_the_row_of_an_axis_it_cannot_place(national: Taxonomy) -> None:
    with pytest.raises(TaxonomyError, match=r"row 2: axis 'Level' is none of severity.*--axis 'Level=KEY'"):
        taxonomy_from_table(
            [(2, {"axis": "Level", "code": "L1", "label": "x"})], TableColumns(), name="a", title="a", shape=national
        )


def test_codes_seen_make_a_taxonomy_most_frequent_first() -> None:
    codings = [{"part": ("hand",)}, {"part": ("hand", "arm")}, {"part": ("leg",)}, {"other": ("x",)}]
    made = taxonomy_from_codings(codings, ["part"], name="seen")
    assert [code.code for code in made.codes] == ["hand", "arm", "leg"]
    assert made.axes == (Axis("part", "Part", many=True),)
    with pytest.raises(TaxonomyError, match="No code on axis 'colour'"):
        taxonomy_from_codings(codings, ["colour"], name="seen")


def test_an_axis_with_very_few_double_codes_stays_one_of_one_code() -> None:
    codings = [{"part": ("hand",)}] * 99 + [{"part": ("hand", "arm")}]
    assert not taxonomy_from_codings(codings, ["part"], name="seen").axes[0].many
    assert taxonomy_from_codings(codings, ["part"], name="seen", many=["part"]).axes[0].many


def test_an_axis_known_by_its_column_alone_is_named_in_words() -> None:
    codings = [{"primary_problem": ("x",), "Any harm?": ("y",)}]
    made = taxonomy_from_codings(codings, ["primary_problem", "Any harm?"], name="seen")
    assert [axis.label for axis in made.axes] == ["Primary problem", "Any harm?"]
    assert list(made.axis) == ["primary_problem", "Any harm?"]


@pytest.mark.parametrize(
    ("definition", "shown"),
    [
        ("As intended_kind", "Plain films"),
        ("see intended_kind.", "Plain films"),
        ("As later_kind", "Plain films"),  # which refers on
        ("As other_kind", "As “Other kind”"),  # which says nothing of it
        ("As performed_kind", "As “Performed kind”"),  # itself
        ("Unlike intended_kind, what was done", "Unlike “Intended kind”, what was done"),
        ("As usual", "As usual"),
        ("", ""),
    ],
)
def test_a_definition_that_refers_to_another_axis_is_shown_as_it_stands_there(definition: str, shown: str) -> None:
    keys = ("intended", "performed", "later", "other")
    axes = tuple(Axis(f"{key}_kind", f"{key.capitalize()} kind") for key in keys)
    definitions = ("Plain films", definition, "As intended_kind", "")
    codes = tuple(Code(axis.key, "X", "Film", definition=d) for axis, d in zip(axes, definitions, strict=True))
    taxonomy = Taxonomy("t", "T", axes, codes)
    assert worded(taxonomy, "performed_kind", "X").definition == shown
    assert worded(taxonomy, "performed_kind", "unlisted") == Code("performed_kind", "unlisted", "unlisted")


def test_no_definition_of_a_shipped_taxonomy_shows_the_key_of_an_axis(working: Taxonomy) -> None:
    shown = {code: worded(working, code.axis, code.code).definition for code in working.codes}
    keys = [key for key in working.axis if "_" in key]
    assert len(keys) == 4
    assert any(key in code.definition for code in shown for key in keys)
    assert not [words for words in shown.values() if any(key in words for key in keys)]
