"""Reading: every format, coding strings lifted out, and each kind of bad input named without its text."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from codesuggest.domain import Narrative, Taxonomy
from codesuggest.errors import ReadError, TooLargeError
from codesuggest.read import Columns, NarrativeReader, SkippedRow, load_columns, read_narratives, write_skipped

Write = Callable[[str, str | bytes], Path]
STRING = "PRIA24/L1/E1/MG/P7/3.2b/CF1b/CF4a"
CODES = {
    "severity": ("L1",),
    "exposure_type": ("E1",),
    "intended_modality": ("MG",),
    "performed_modality": ("P7",),
    "pathway": ("3.2b",),
    "contributory_factor": ("CF1b", "CF4a"),
}


def read(path: Path, taxonomy: Taxonomy | None = None, **columns: object) -> list[Narrative | SkippedRow]:
    return list(read_narratives(path, NarrativeReader(taxonomy), Columns.model_validate(columns)))


def only(path: Path, **columns: object) -> Narrative:
    (narrative,) = read(path, **columns)
    assert isinstance(narrative, Narrative)
    return narrative


@pytest.fixture
def tables(tmp_path: Path) -> list[Path]:
    """The same two incidents as CSV, TSV, Excel and Parquet."""
    rows = [
        {"id": "1", "text": "Wrong side imaged", "pathway": "ACQ.anatomy|CHK.procedure", "site": "north"},
        {"id": "2", "text": "Film repeated, pt moved", "pathway": "ACQ.position", "site": ""},
    ]
    paths = [tmp_path / f"incidents.{ending}" for ending in ("csv", "tsv", "xlsx", "parquet")]
    for path, delimiter in zip(paths[:2], ",\t", strict=True):
        with path.open("w", newline="", encoding="utf-8-sig") as file:
            writer = csv.DictWriter(file, rows[0], delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)
    book = openpyxl.Workbook()
    book.active.append(list(rows[0]))
    for row in rows:
        book.active.append([int(row["id"]), *list(row.values())[1:]])
    book.save(paths[2])
    pq.write_table(pa.Table.from_pylist(rows), paths[3])
    return paths


def test_every_table_format_reads_the_same(tables: list[Path], working: Taxonomy) -> None:
    for path in tables:
        first, second = read(path, working)
        assert isinstance(first, Narrative)
        assert (first.id, first.text) == ("1", "Wrong side imaged")
        assert first.existing_codes == {"pathway": ("ACQ.anatomy", "CHK.procedure")}
        assert first.details == {"site": "north"}
        assert isinstance(second, Narrative)
        assert second.details == {}


def test_json_lines_with_codes(write: Write) -> None:
    row = {"id": "a", "text": "Wrong vial drawn up", "codes": {"pathway": ["PHA.agent"], "severity": []}, "when": 3}
    narrative = only(write("x.jsonl", json.dumps(row)))
    assert narrative.existing_codes == {"pathway": ("PHA.agent",)}
    assert narrative.details == {"when": "3"}


def test_columns_are_named_by_option_or_by_a_saved_mapping(write: Write) -> None:
    path = write("x.csv", "Ref,What happened,What was done,Stage\nW1,Fell off couch,Helped up,PST.care;RPT.delay\n")
    mapping = 'id = "Ref"\ntext = ["What happened", "What was done"]\n[codes]\npathway = "Stage"\n'
    columns = load_columns(write("mapping.toml", mapping))
    narrative = only(path, **columns.model_dump())
    assert narrative.text == "Fell off couch\nHelped up"
    assert narrative.existing_codes == {"pathway": ("PST.care", "RPT.delay")}
    with pytest.raises(ReadError, match="'colour': Extra inputs"):
        load_columns(write("wrong.toml", 'colour = "x"'))


@pytest.mark.parametrize(
    "text",
    [
        f"Wrong patient scanned. {STRING}",
        f"{STRING} Wrong patient scanned.",
        f"Wrong patient {STRING} scanned.",
        f"Wrong patient scanned. {STRING.lower()}",
        f"Wrong patient scanned. {STRING.replace('/', ' / ')}",
    ],
)
def test_a_coding_string_is_lifted_out_of_the_text(write: Write, text: str) -> None:
    narrative = only(write("x.jsonl", json.dumps({"id": "1", "text": text})))
    assert narrative.existing_codes == CODES
    assert " ".join(narrative.text.split()).rstrip(".") == "Wrong patient scanned"
    assert len(narrative.text) == len(text)


def test_several_coding_strings_are_all_lifted_and_add_up(write: Write) -> None:
    text = f"{STRING} first view. Second: PRIA24/L2/E1/MG/P7/3.5e/CF1b."
    narrative = only(write("x.jsonl", json.dumps({"id": "1", "text": text})))
    assert "PRIA24" not in narrative.text
    assert narrative.existing_codes["pathway"] == ("3.2b", "3.5e")


def test_the_working_lists_own_string_is_lifted_too(write: Write, working: Taxonomy) -> None:
    text = "Repeat film imgw1/sev2/exp-med/mod-xr/mod-xr/acq.position"
    (narrative,) = read(write("x.jsonl", json.dumps({"id": "1", "text": text})), working)
    assert isinstance(narrative, Narrative)
    assert narrative.existing_codes["pathway"] == ("ACQ.position",)
    assert narrative.text.strip() == "Repeat film"


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (["not json"], "is not valid JSON"),
        (["[1, 2]"], "is no JSON object"),
        ([{"id": "1", "text": "  "}], "'text' is empty"),
        ([{"id": "1", "text": None}], "'text' is not text"),
        ([{"id": "1", "text": 5}], "'text' is not text"),
        ([{"id": "", "text": "secret words"}], "'id' is empty"),
        ([{"text": "secret words"}], "'id' is empty"),
        ([{"id": "1", "text": "secret\u0000words"}], "control characters"),
        ([{"id": "1", "text": "secret\u0001\u0002\u0003\u0004words"}], "control characters"),
        ([{"id": "1", "text": "secret " * 4000}], "at most 20,000 are accepted"),
        ([{"id": "1", "text": "secret words", "codes": "REF"}], "'codes' is not a mapping"),
        ([{"id": "1", "text": STRING}], "nothing but a coding string"),
        (
            [{"id": "1", "text": "x", "codes": {"pathway": ["secret words " * 9]}}],
            "expected codes. Is it the right column?",
        ),
    ],
)
def test_a_bad_row_is_skipped_with_its_reason_and_without_its_text(
    write: Write, rows: list[object], reason: str
) -> None:
    good = json.dumps({"id": "good", "text": "Cannula tissued"})
    lines = [good, *(row if isinstance(row, str) else json.dumps(row) for row in rows)]
    narrative, skipped = read(write("x.jsonl", "\n".join(lines)))
    assert isinstance(narrative, Narrative)
    assert isinstance(skipped, SkippedRow)
    assert skipped.row == 2
    assert reason in skipped.reason
    assert "secret" not in skipped.reason


def test_a_repeated_id_is_skipped_naming_the_first_row(write: Write) -> None:
    first, second = read(write("x.csv", "id,text\n7,one\n7,two\n"))
    assert isinstance(first, Narrative)
    assert second == SkippedRow(3, "7", "'id' occurs in row 2 already; expected each incident once")


def test_a_ragged_row_is_skipped(write: Write) -> None:
    first, second = read(write("x.csv", "id,text\n1,one,two\n2,fine\n"))
    assert isinstance(first, SkippedRow)
    assert "has 3 cells where the header has 2" in first.reason
    assert isinstance(second, Narrative)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.csv", b"", "the file is empty"),
        ("x.csv", "id,text\n1,caf\xe9\n".encode("latin-1"), r"after line \d: not utf-8.*--encoding cp1252"),
        ("x.csv", b"id,text\n1,a\x00b\n", "binary data"),
        (
            "x.csv",
            b"ref,narrative\n1,x\n",
            "no column 'id'. Name the right one with --id-column; it has ref, narrative",
        ),
        ("x.csv", b"id,narrative\n1,x\n", "no column 'text'.*--text-column"),
        ("x.csv", b"id,id,text\n1,2,x\n", "two columns are named 'id'"),
        ("x.xlsx", b"not a workbook", "not an Excel workbook"),
        ("x.parquet", b"not parquet", "not a Parquet file"),
        ("x.docx", b"PK", "file ending not known"),
    ],
)
def test_a_bad_file_is_refused_with_the_remedy(write: Write, name: str, content: bytes, message: str) -> None:
    with pytest.raises(ReadError, match=message) as caught:
        read(write(name, content))
    assert caught.value.__context__ is None or "caf" not in repr(caught.value.__context__)


def test_a_missing_or_oversized_file_is_refused(write: Write) -> None:
    with pytest.raises(ReadError, match="no such file"):
        read(Path("nowhere.csv"))
    with pytest.raises(ReadError, match="over 0 MB"):
        list(read_narratives(write("x.csv", "id,text\n1,x\n"), NarrativeReader(), max_mb=0))


def test_another_encoding_can_be_named(write: Write) -> None:
    assert only(write("x.csv", "id,text\n1,caf\xe9\n".encode("cp1252")), encoding="cp1252").text == "café"


def test_skipped_rows_are_listed_beside_the_input_without_text(tmp_path: Path) -> None:
    listing = write_skipped(tmp_path / "incidents.csv", [SkippedRow(31, "W9", "'text' is empty")])
    assert listing.name == "incidents.skipped.csv"
    assert listing.read_text() == "row,id,reason\n31,W9,'text' is empty\n"


def test_too_long_a_text_is_its_own_error() -> None:
    with pytest.raises(TooLargeError, match="has 11 characters; at most 10"):
        NarrativeReader(max_chars=10).narrative("1", "eleven char")


def test_narratives_do_not_show_their_text_when_printed() -> None:
    assert "secret" not in repr(Narrative("1", "secret", details={"note": "secret"}))


def test_a_stray_control_character_of_an_export_becomes_a_blank() -> None:
    assert NarrativeReader().narrative("1", "Film\x1crepeated").text == "Film repeated"
