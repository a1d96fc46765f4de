"""Bulk: every row accounted for, the same bytes after any stop, nothing raw, nothing a spreadsheet would run."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from codesuggest.bulk import BulkJob, CodingOptions, run_bulk
from codesuggest.bulk.assembling import manifest_path
from codesuggest.bulk.work import WorkFolder
from codesuggest.bulk.writing import harmless
from codesuggest.errors import BulkError, CodesuggestError, ReadError
from codesuggest.read import Columns, load_preset
from codesuggest.read.formats import open_rows
from codesuggest.report import bulk_report
from codesuggest.suggest import Suggester

Write = Callable[[str, str | bytes], Path]
AXES = 6
TEXT = "CT head done on the wrong patient with wristband not checked number {}"


def csv_of(rows: int = 10) -> str:
    lines = [f'{number},"{TEXT.format(number)}",north' for number in range(rows)]
    return "\n".join(["id,text,site", *lines]) + "\n"


def rows_in(path: Path) -> list[dict[str, Any]]:
    return [row for _, row in open_rows(path, Columns(), 100) if isinstance(row, dict)]


def left_behind(out: Path) -> set[str]:
    return {path.name for path in out.parent.iterdir()}


@pytest.mark.parametrize("ending", ["csv", "tsv", "xlsx", "jsonl", "parquet"])
def test_every_format_goes_in_and_out_with_its_other_columns_and_without_its_text(
    ending: str, write: Write, job: Callable[..., BulkJob], suggester: Suggester, tmp_path: Path
) -> None:
    source = tmp_path / f"in.{ending}"
    cells = [{"id": str(n), "text": TEXT.format(n), "site": "north"} for n in range(10)]
    if ending == "xlsx":
        book = openpyxl.Workbook()
        for row in [list(cells[0]), *(list(row.values()) for row in cells)]:
            book.active.append(row)
        book.save(source)
    elif ending == "parquet":
        pq.write_table(pa.Table.from_pylist(cells), source)
    elif ending == "jsonl":
        source = write("in.jsonl", "\n".join(map(json.dumps, cells)))
    else:
        source = write(f"in.{ending}", csv_of().replace(",", "\t" if ending == "tsv" else ",").replace('"', ""))
        if ending == "csv":
            source = write("in.csv", csv_of())
    if ending == "tsv":
        source = write(
            "in.tsv", "\n".join("\t".join(row.values()) for row in [dict(zip(cells[0], cells[0], strict=True)), *cells])
        )
    out = job(source, f"out.{ending}").out
    manifest = run_bulk(job(source, f"out.{ending}"), suggester=suggester)
    rows = rows_in(out)
    assert [row["id"] for row in rows] == [str(n) for n in range(10)]
    assert {row["site"] for row in rows} == {"north"}
    assert "text" not in rows[0]
    assert rows[3]["redacted_narrative"] == TEXT.format(3)
    assert {row["severity_decision"] for row in rows} <= {"review", "abstain"}
    assert rows[0]["severity_suggested"] in rows[0]["severity_shortlist"].split("|")
    assert rows[0]["suggested_coding_string"].startswith("IMGW1/")
    assert {row["coding_run"] for row in rows} == {manifest.run}
    assert manifest.rows == {"pre-coded": 10}
    assert manifest.n_confirmed == 0
    assert left_behind(out) == {out.name, f"{out.name}.manifest.json", f"{out.name}.repeats.csv"}


def test_free_text_is_written_only_if_asked_for_and_so_is_any_cell_as_long_as_one(
    write: Write, job: Callable[..., BulkJob], suggester: Suggester
) -> None:
    letter = "Dear Mr Quillfeather, " + "we are sorry " * 30
    source = write("in.csv", f'id,text,letter,name\n1,{TEXT},"{letter}",Zebedee\n')
    out = run_and_read(job(source, withhold=("name",)), suggester)
    assert out[0]["letter"] == "[free text withheld]"
    assert {"text", "name"}.isdisjoint(out[0])
    manifest = json.loads(manifest_path(job(source).out).read_text())
    assert manifest["withheld"] == {"letter": 1}
    kept = run_and_read(job(source, "kept.csv", options=CodingOptions(keep_text=True)), suggester)
    assert (kept[0]["text"], kept[0]["letter"]) == (TEXT, letter)


def run_and_read(job: BulkJob, suggester: Suggester) -> list[dict[str, Any]]:
    run_bulk(job, suggester=suggester)
    return rows_in(job.out)


def test_a_row_that_cannot_be_coded_keeps_its_place_and_says_why(
    write: Write, job: Callable[..., BulkJob], suggester: Suggester
) -> None:
    huge = "x" * 10_000_000
    source = write(
        "in.csv",
        f'\ufeffid,text,site\n1,{TEXT},north\n2,,north\n1,{TEXT},south\n4,a,b,c\n,{TEXT},east\n6,"{huge}",west\n7,{TEXT},w\n',
    )
    run_bulk(job(source), suggester=suggester)
    rows = rows_in(job(source).out)
    assert [(row["source_row"], row["coding_status"], row["site"]) for row in rows] == [
        ("2", "pre-coded", "north"),
        ("3", "unreadable", "north"),
        ("4", "unreadable", "south"),
        ("5", "unreadable", ""),
        ("6", "unreadable", "east"),
        ("7", "unreadable", "west"),
        ("8", "pre-coded", "w"),
    ]
    reasons = [row["coding_problem"] for row in rows]
    assert reasons[1] == "'text' is empty; expected what happened, in words"
    assert reasons[2] == "'id' occurs in row 2 already; expected each incident once"
    assert reasons[3] == "has 4 cells where the header has 3; quote cells that hold commas"
    assert reasons[4] == "'id' is empty; expected the incident's own reference"
    assert reasons[5].startswith("'text' has 10,000,000 characters; at most 20,000 are accepted")
    manifest = json.loads(manifest_path(job(source).out).read_text())
    assert manifest["rows"] == {"pre-coded": 2, "unreadable": 5}
    assert [problem[1] for problem in manifest["problems"]] == [3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "in.csv: the file is empty."),
        (b"id,text\n", "in.csv: no row below the header can be read."),
        (b"id,story\n1,x\n", "in.csv: no column 'text'. Name the right one with --text-column; it has id, story."),
        (b"id,text\n1,caf\xe9\n", "not utf-8. Save it as UTF-8, or name its encoding: --encoding cp1252."),
        (b"id,text,coding_run\n1,x,y\n", "has a column 'coding_run' already. Is it an output of bulk?"),
        (b"id,text,id\n1,x,y\n", "row 1: two columns are named 'id'. Rename one."),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_before_anything_is_written(
    content: bytes, message: str, write: Write, job: Callable[..., BulkJob], suggester: Suggester
) -> None:
    source = write("in.csv", content)
    with pytest.raises(CodesuggestError, match=r".*") as raised:
        run_bulk(job(source), suggester=suggester)
    assert message in str(raised.value)
    assert not job(source).out.exists()


def test_merged_cells_formulas_and_serial_dates_of_a_workbook_are_told(
    tmp_path: Path, job: Callable[..., BulkJob], suggester: Suggester
) -> None:
    book = openpyxl.Workbook()
    for row in (["id", "text", "when"], [1, TEXT, 45992], [2, TEXT, "=1+1"], [3, TEXT, ""], [4, TEXT, ""]):
        book.active.append(row)
    book.active.merge_cells("A4:A5")
    book.save(tmp_path / "in.xlsx")
    columns = Columns(occurred="when")
    rows = run_and_read(job(tmp_path / "in.xlsx", columns=columns), suggester)
    assert [row["coding_problem"] for row in rows] == [
        "'when' is a number: taken for a date as Excel stores it",
        "cell C3 holds a formula that was never calculated; open the workbook in Excel and save it, "
        "or paste the values",
        "",
        "lies in merged cells A4:A5; unmerge them and fill each",
    ]
    assert rows[0]["when"] == "45992"


def test_a_cell_that_a_spreadsheet_would_run_is_made_harmless() -> None:
    assert harmless('=HYPERLINK("x")') == '\'=HYPERLINK("x")'
    assert [harmless(text) for text in ("@x", "+x", "-x", "\t=x", " =x", "\uff1dx")] == [
        "'@x", "'+x", "'-x", "'\t=x", "' =x", "'\uff1dx",
    ]  # fmt: skip
    assert [harmless(text) for text in ("-5", "+1.5", "SEV2", "2026-01-02", "")] == [
        "-5",
        "+1.5",
        "SEV2",
        "2026-01-02",
        "",
    ]


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_no_output_holds_a_formula(
    ending: str, write: Write, job: Callable[..., BulkJob], suggester: Suggester
) -> None:
    source = write("in.csv", f"id,text,=evil\n=cmd|calc,{TEXT},+1+1\n")
    (row,) = run_and_read(job(source, f"out.{ending}"), suggester)
    assert (row["id"], row["'=evil"]) == ("'=cmd|calc", "'+1+1")
    if ending == "xlsx":
        sheet = openpyxl.load_workbook(job(source, "out.xlsx").out).active
        assert "f" not in {cell.data_type for cells in sheet.iter_rows() for cell in cells}


class Stopped(Exception):  # noqa: N818  stands for a kill
    """The process ends here."""


def stop(*_: object, **__: object) -> None:
    raise Stopped


@pytest.mark.parametrize("ending", ["csv", "xlsx", "jsonl", "parquet"])
@pytest.mark.parametrize("after", [0, 1, 2, 5])
def test_a_run_stopped_anywhere_goes_on_to_the_same_bytes(
    ending: str,
    after: int,
    write: Write,
    job: Callable[..., BulkJob],
    suggester: Suggester,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = write("in.csv", csv_of(22))
    whole, stopped = job(source, f"whole.{ending}"), job(source, f"stopped.{ending}")
    run_bulk(whole, suggester=suggester)
    write_chunk, written = WorkFolder.write_chunk, iter(range(100))

    def stop_after(self: WorkFolder, *chunk: Any) -> None:
        if next(written) == after:
            raise Stopped
        write_chunk(self, *chunk)

    with monkeypatch.context() as patch:
        patch.setattr(WorkFolder, "write_chunk", stop_after)
        with pytest.raises(Stopped):
            run_bulk(stopped, suggester=suggester)
    assert not stopped.out.exists()
    coded: list[int] = []
    with monkeypatch.context() as patch:
        patch.setattr(
            WorkFolder, "write_chunk", lambda self, *chunk: (coded.append(chunk[0]), write_chunk(self, *chunk))
        )
        run_bulk(stopped, suggester=suggester)
    assert coded == list(range(after, 6)), "what was finished is not coded again"
    assert stopped.out.read_bytes() == whole.out.read_bytes()
    assert left_behind(stopped.out) == {
        f"{name}.{ending}{what}" for name in ("whole", "stopped") for what in ("", ".manifest.json", ".repeats.csv")
    }


def test_another_command_does_not_go_on_with_this_ones_work(
    write: Write, job: Callable[..., BulkJob], suggester: Suggester, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write("in.csv", csv_of(10))
    with monkeypatch.context() as patch:
        patch.setattr("codesuggest.bulk.run.assemble", stop)
        with pytest.raises(Stopped):
            run_bulk(job(source), suggester=suggester)
    with pytest.raises(BulkError, match="begun with other options, run. Repeat that command"):
        run_bulk(job(source, options=CodingOptions(target=0.9)), suggester=suggester)
    source.write_text(csv_of(11))
    with pytest.raises(BulkError, match="begun with other input, run"):
        run_bulk(job(source), suggester=suggester)


def test_two_processes_never_write_one_output(write: Write, job: Callable[..., BulkJob], suggester: Suggester) -> None:
    source = write("in.csv", csv_of(10))
    with WorkFolder(job(source).out).opened({}), pytest.raises(BulkError, match="another process is at work on it"):
        run_bulk(job(source), suggester=suggester)


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("out.doc", "file ending not known"),
        ("there.csv", "exists already. Name another output, or delete it first."),
    ],
)
def test_an_output_that_cannot_be_is_refused_at_once(
    out: str, message: str, write: Write, job: Callable[..., BulkJob], suggester: Suggester
) -> None:
    source = write("in.csv", csv_of(2))
    write("made/there.csv", "mine")
    with pytest.raises(BulkError, match=message):
        run_bulk(job(source, out), suggester=suggester)


def test_a_folder_becomes_a_folder_and_the_same_incident_from_two_systems_is_found(
    write: Write, job: Callable[..., BulkJob], suggester: Suggester, tmp_path: Path
) -> None:
    told = "Patient called from waiting room by surname only and a different patient answered, wristband not checked, "
    told += "scanned, noticed when images did not match history, both patients informed and correct patient scanned"
    other = "Cannula tissued during injection of contrast for a CT of the chest and the arm was swollen afterwards"
    write(
        "in/datix.csv",
        f'Ref,Description,Incident date,Reporter\n17,"{told}",03/02/2026,Ann\n18,"{other}",04/02/2026,Bo\n',
    )
    write("in/deep/ulysses.csv", f'Incident number,Details,Date occurred\nU5,"{told} same day",2026-02-03\n')
    presets = (load_preset("datix"), load_preset("ulysses"))
    made = job(tmp_path / "in", "out", presets=presets)
    manifest = run_bulk(made, suggester=suggester)
    assert sorted(path.relative_to(made.out).as_posix() for path in made.out.rglob("*.csv")) == [
        "datix.csv",
        "deep/ulysses.csv",
    ]
    assert "Reporter" not in rows_in(made.out / "datix.csv")[0]
    assert manifest.n_repeats == 1
    (repeat,) = rows_in(made.out.with_name("out.repeats.csv"))
    assert (repeat["id"], repeat["repeats_id"], repeat["occurred"], repeat["repeats_occurred"]) == (
        "U5", "17", "2026-02-03", "2026-02-03",
    )  # fmt: skip
    assert float(repeat["likeness"]) > 0.8


def test_the_submission_sheet_has_its_columns_and_never_calls_a_suggestion_a_coding(
    write: Write, job: Callable[..., BulkJob], suggester: Suggester
) -> None:
    coded = "IMGW1/SEV2/EXP-MED/MOD-CT/MOD-CT/CHK.identity"
    source = write(
        "in.csv",
        f'Ref,Description,Incident date,Reported date\n1,"Mr Zebedee Quillfeather had the wrong CT. {coded}",45992,\n'
        f'2,"{TEXT}",3 Feb 2026,04/02/26\n',
    )
    made = job(source, presets=(load_preset("datix"),), sheet=load_preset("ukhsa"))
    first, second = run_and_read(made, suggester)
    assert list(first) == [
        "Local incident ID",
        "Date occurred",
        "Date reported",
        "Description",
        "Coding",
        "Coding status",
    ]
    assert (first["Local incident ID"], first["Date occurred"], first["Coding"], first["Coding status"]) == (
        "1", "2025-12-01", coded, "coded",
    )  # fmt: skip
    assert "Quillfeather" not in first["Description"]
    assert (second["Date occurred"], second["Date reported"]) == ("2026-02-03", "2026-02-04")
    assert second["Coding"].startswith("IMGW1/")
    assert second["Coding status"] == "pre-coded, not confirmed"


def test_a_preset_that_does_not_fit_names_what_it_looked_for_and_what_is_there(
    write: Write, job: Callable[..., BulkJob], suggester: Suggester
) -> None:
    with pytest.raises(ReadError, match="looks for the text in .* it has ID, Story"):
        run_bulk(job(write("in.csv", "ID,Story\n1,x\n"), presets=(load_preset("datix"),)), suggester=suggester)
    with pytest.raises(ReadError, match="No preset 'excel'. There are datix, lfpse, ukhsa, ulysses"):
        load_preset("excel")


@pytest.mark.parametrize("preset", ["datix", "ulysses", "lfpse", "ukhsa"])
def test_a_preset_knows_a_heading_whatever_its_case_and_punctuation_and_withholds_every_spelling(preset: str) -> None:
    known = load_preset(preset)
    for name in (known.id[-1], known.id[-1].upper(), known.id[-1].replace(" ", "_"), f"{known.id[-1]}:"):
        header = [name, known.text[0].lower(), f" {known.occurred[0]}", known.site[0], "Patient name", "PATIENT_NAME"]
        found = known.columns(header, "in.csv")
        assert (found.id, found.text, found.occurred, found.site) == (name, (header[1],), header[2], known.site[0])
        assert found.withhold == (("Patient name", "PATIENT_NAME") if known.withhold else ())


def test_what_is_sure_enough_is_automatic_and_counted(
    write: Write, job: Callable[..., BulkJob], bold: Suggester
) -> None:
    made = job(write("in.csv", csv_of(10)))
    manifest = run_bulk(made, suggester=bold)
    assert manifest.decisions["severity"] == {"auto": 10}
    assert manifest.whole == {"0.9": 10, "0.95": 10, "0.99": 10}
    report = bulk_report(manifest, "out.csv", 6.0)
    # 10 incidents at 6 minutes are an hour; 10 of 10 has the exact interval 0.692 to 1.
    assert "0.95            1.0 [0.7, 1.0]" in report
    assert "Pre-coded 10 of 10 rows. In out.csv; none is confirmed." in report


def test_a_narrative_that_the_model_was_trained_on_is_never_automatic(
    write: Write, job: Callable[..., BulkJob], bold: Suggester, suggester: Suggester
) -> None:
    from codesuggest.registry import digest

    model = replace(bold.model, trained_on=frozenset({digest(TEXT.format(3))}))
    manifest = run_bulk(job(write("in.csv", csv_of(10))), suggester=Suggester(model, bold.embedder, bold.redactor))
    assert manifest.decisions["severity"]["auto"] == 9


def test_memory_does_not_grow_with_the_rows_of_a_file(
    write: Write, job: Callable[..., BulkJob], suggester: Suggester
) -> None:
    from codesuggest.bulk.job import chunks, source_files

    made = job(write("in.csv", csv_of(1_000)), chunk=100)
    (file,) = source_files(made, suggester.model.taxonomy)
    stream: Iterator[Any] = chunks(file, 100)
    assert len(next(stream)) == 100
    assert file.n_expected >= 1_000
