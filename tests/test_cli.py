"""The command line: results on standard output, every row accounted for, clear errors, no stack trace."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from codesuggest.cli import app
from codesuggest.errors import CodesuggestError
from codesuggest.settings import settings

Write = Callable[[str, str | bytes], Path]
ROOT = Path(__file__).parents[1]


class Outcome:
    """What a command printed and how it ended, as `main` would end it."""

    def __init__(self, arguments: list[str], stdin: str | bytes | None = None) -> None:
        result = CliRunner().invoke(app, arguments, input=stdin)
        self.out, self.err, self.code = result.stdout, result.stderr, result.exit_code
        if isinstance(result.exception, CodesuggestError):
            self.err += f"Error: {result.exception}"
        elif result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception


@pytest.fixture(autouse=True)
def model_in_use(model_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODESUGGEST_MODEL", str(model_dir))
    settings.cache_clear()


def test_one_narrative_as_the_argument() -> None:
    outcome = Outcome(["suggest", "CT done on wrong patient, wristband not checked", "--top", "2"])
    assert outcome.code == 0
    assert "Patient pathway" in outcome.out
    assert "CT done on wrong patient" in outcome.out


def test_a_file_as_json_lines_with_every_row_accounted_for(write: Write) -> None:
    path = write("incidents.csv", "id,text\n1,Film lost in PACS\n2,\n3,Injector failed\n")
    outcome = Outcome(["suggest", str(path), "--format", "jsonl", "--top", "1"])
    assert [json.loads(line)["id"] for line in outcome.out.splitlines()] == ["1", "3"]
    assert (
        f"Coded 2 of 3 narratives; 1 unreadable, listed in {path.parent}/incidents.skipped.csv. Model small."
        in outcome.err
    )
    assert "3,2,\"'text' is empty" in (path.parent / "incidents.skipped.csv").read_text()


def test_csv_has_a_row_an_axis_and_rank(write: Write) -> None:
    outcome = Outcome(["suggest", str(write("x.csv", "id,text\n1,Film lost\n")), "--format", "csv", "--top", "2"])
    lines = outcome.out.splitlines()
    assert lines[0] == "id,axis,rank,code,label,score,model,taxonomy"
    assert len(lines) == 1 + 6 * 2


def test_standard_input_is_one_narrative_or_json_lines() -> None:
    assert "Film lost" in Outcome(["suggest", "-"], "Film lost").out
    lines = '{"id": "a", "text": "Film lost"}\n{"id": "b", "text": "Injector failed"}\nnonsense\n'
    outcome = Outcome(["suggest", "-", "--format", "jsonl"], lines)
    assert [json.loads(line)["id"] for line in outcome.out.splitlines()] == ["a", "b"]
    assert "Coded 2 of 3 narratives; 1 unreadable, line 3: is not valid JSON" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (["suggest", ""], None, "'text' is empty"),
        (["suggest", "   "], None, "'text' is empty"),
        (["suggest", "word " * 5000], None, "at most 20,000 are accepted"),
        (["suggest", "a\x01\x02\x03\x04b"], None, "control characters"),
        (["suggest", "-"], b"caf\xe9", "standard input: not UTF-8 text"),
        (["suggest", "-"], "", "'text' is empty"),
        (["suggest", "missing.csv"], None, "missing.csv: no such file"),
        (["suggest", "tests"], None, "file ending not known"),
        (["suggest", "x", "--model", "nowhere"], None, "no model there"),
        (["redact", "-"], b"\xff\xfe", "standard input: not UTF-8 text"),
        (["evaluate", "--gold", "missing.jsonl"], None, "no such file"),
        (["train", "missing.toml", "--out", "x"], None, "missing.toml: cannot be opened"),
        (["taxonomy", "check", "nowhere"], None, "No taxonomy 'nowhere'"),
        (["taxonomy", "parse", "PRIA24/L1"], None, "no code of axis 'exposure_type'"),
    ],
)
def test_bad_input_gets_one_clear_sentence(arguments: list[str], stdin: str | bytes | None, message: str) -> None:
    outcome = Outcome(arguments, stdin)
    assert outcome.code == 1
    assert message in outcome.err
    assert "Traceback" not in outcome.err


def test_a_file_without_any_readable_row_is_an_error(write: Write) -> None:
    outcome = Outcome(["suggest", str(write("x.csv", "id,text\n1,\n"))])
    assert outcome.code == 1
    assert "Coded 0 of 1 narratives" in outcome.err


def test_redact_gives_spans_in_the_input_text(write: Write) -> None:
    row = {"id": "1", "text": "Bleep 2231 called. PRIA24/L1/E1/MG/P7/3.2b/CF1b Then Mrs Abara went."}
    outcome = Outcome(["redact", str(write("x.jsonl", json.dumps(row))), "--format", "jsonl"])
    line = json.loads(outcome.out)
    assert list(line) == ["id", "redacted", "spans"]
    assert list(line["spans"][0]) == ["start", "end", "type", "score"]
    values = [row["text"][span["start"] : span["end"]] for span in line["spans"]]
    assert values[0] == "2231"
    assert values[1].endswith("Abara")
    assert "PRIA24" not in line["redacted"]


def test_columns_named_by_option(write: Write) -> None:
    path = write("x.csv", "Ref,Story\nW1,Film lost\n")
    arguments = ["suggest", str(path), "--id-column", "Ref", "--text-column", "Story", "--format", "jsonl"]
    assert json.loads(Outcome(arguments).out)["id"] == "W1"
    assert Outcome(["suggest", str(path), "--code-column", "severity"]).code == 2


def test_train_then_evaluate(small_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "made"
    assert (
        "Trained small on 100 narratives, 6 axes; 0 held out"
        in Outcome(["train", str(small_folder / "recipe.toml"), "--out", str(out)]).out
    )
    gold = ROOT / "annotation" / "sample" / "incidents.jsonl"
    arguments = ["evaluate", "--model", str(out), "--gold", str(gold), "--where", "site=wenbury"]
    table = Outcome(arguments).out
    assert "narratives that the model was trained on" in table
    evaluation = json.loads(Outcome([*arguments, "--format", "json"]).out)
    figure = evaluation["axes"]["severity"]["model"]["hit@1"]
    assert figure["low"] <= figure["value"] <= figure["high"]
    assert f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]" in table


def test_taxonomy_commands_work_together(write: Write, tmp_path: Path) -> None:
    table = write("official.csv", "Axis,Ref,Wording\nseverity,L1,made up\nseverity,L2,made up too\n")
    arguments = [
        "--axis-column",
        "Axis",
        "--code-column",
        "Ref",
        "--label-column",
        "Wording",
        "--out",
        str(tmp_path / "o"),
    ]
    assert (
        Outcome(["taxonomy", "import", str(table), *arguments]).out == f"official: 1 axes, 2 codes, in {tmp_path}/o.\n"
    )
    assert Outcome(["taxonomy", "check", str(tmp_path / "o")]).out == "official is sound: 1 axes, 2 codes.\n"
    coded = write("coded.csv", "id,text,kind\n1,x,A|B\n2,y,A\n")
    Outcome(["taxonomy", "derive", str(coded), "--axes", "kind", "--out", str(tmp_path / "d")])
    assert "kind  Kind, many codes\n  A  A\n  B  B" in Outcome(["taxonomy", "show", str(tmp_path / "d")]).out
    missing = Outcome(["taxonomy", "derive", str(coded), "--axes", "colour"])
    assert "no column 'colour'; it has id, text, kind" in missing.err


def test_import_leaves_nothing_behind_when_the_table_is_wrong(write: Write, tmp_path: Path) -> None:
    table = write("t.csv", "axis,code,label\nkind,A,x\nkind,A,y\n")
    outcome = Outcome(["taxonomy", "import", str(table), "--out", str(tmp_path / "o")])
    assert "code 'A' is on axis 'kind' already" in outcome.err
    assert not (tmp_path / "o").exists()


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from codesuggest.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})


def test_wrong_usage_exits_2_and_our_errors_exit_1_without_a_trace() -> None:
    assert run("suggest").returncode == 2
    refused = run("taxonomy", "check", "nowhere")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("Error: No taxonomy 'nowhere'")
    wrong = run("suggest", "x", CODESUGGEST_PORT="zero")
    assert wrong.returncode == 1
    assert "'CODESUGGEST_PORT'" in wrong.stderr
    assert "zero" not in wrong.stderr


def test_a_crash_shows_where_it_happened_and_no_value() -> None:
    code = "import codesuggest.cli as c, sys; sys.excepthook = c._report_crash; raise ValueError('secret' + 'name')"
    crash = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "Internal error (ValueError)" in crash.stderr
    assert "secretname" not in crash.stderr


def test_help_is_quick_and_starts_without_the_heavy_libraries() -> None:
    code = (
        "import sys\nfrom codesuggest.cli import app\n"
        "heavy = {'torch', 'spacy', 'sklearn', 'presidio_analyzer', 'fastapi', 'transformers', 'numpy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
