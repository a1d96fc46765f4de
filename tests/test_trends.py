"""Trends: counts by part, beside a national table with intervals, and the anonymised submission."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from codesuggest.cli import app
from codesuggest.domain import RedactedNarrative, RedactedText, Taxonomy
from codesuggest.errors import ReadError
from codesuggest.report.document import sentence
from codesuggest.report.trending import said
from codesuggest.trends import CodedIncident, beside_national, count_codes, groups, newcombe, read_national, submission

Write = Callable[[str, str | bytes], Path]
CODES = {
    "severity": ("SEV2",),
    "exposure_type": ("EXP-MED",),
    "intended_modality": ("MOD-CT",),
    "performed_modality": ("MOD-CT",),
    "pathway": ("CHK.identity",),
}


def test_newcombes_interval_as_published() -> None:
    # Newcombe (1998), table II, example (a), method 10: 56/70 less 48/80 is 0.2 (0.0524 to 0.3339)
    found = newcombe(56, 70, 48, 80)
    assert found.value == pytest.approx(0.2)
    assert (found.low, found.high) == (pytest.approx(0.0524, abs=5e-5), pytest.approx(0.3339, abs=5e-5))


def test_counts_by_a_detail_and_by_an_axis() -> None:
    rows = [
        CodedIncident(str(i), {"severity": (s,)}, {"site": p})
        for i, (s, p) in enumerate([("a", "n"), ("b", "n"), ("a", "")])
    ]
    assert count_codes(rows) == {"severity": Counter(a=2, b=1)}
    assert {name: len(part) for name, part in groups(rows, "site").items()} == {"n": 2}
    assert list(groups(rows, "severity")) == ["a", "b"]


def test_a_clear_difference_from_the_nation_is_said_plainly_and_an_unclear_one_is_not(working: Taxonomy) -> None:
    local = {"severity": Counter(SEV1=60, SEV2=40)}
    national = {"severity": Counter(SEV1=300, SEV2=690, SEV3=10)}
    found = {row.code: row for row in beside_national(local, national)}
    words = sentence(said(found["SEV1"], working))
    assert words.startswith("SEV1 Notifiable incident is 60% of the severity codes here and 30% nationally: +30 (")
    assert words.endswith("clearly more than the nation.")
    assert sentence(said(found["SEV3"], working)).endswith("no clear difference.")


def test_the_national_table_names_the_row_that_is_wrong(write: Write, working: Taxonomy) -> None:
    good = write("n.csv", 'axis,code,count,period\nseverity,SEV1,"1,200",2024\nseverity,SEV1,5,2025\n')
    assert read_national(good, working, period="2024") == {"severity": Counter(SEV1=1200)}
    bad = write("b.csv", "axis,code,count\nseverity,SEV1,3\nseverity,SEV9,3\n")
    with pytest.raises(ReadError, match=r"b\.csv, row 3: 'SEV9' is no code of axis 'severity'"):
        read_national(bad, working)
    with pytest.raises(ReadError, match="no row of period 1999"):
        read_national(good, working, period="1999")


def test_a_submission_holds_back_leaks_rare_codes_and_incomplete_codings(working: Taxonomy) -> None:
    def narrative(id: str, **codes: tuple[str, ...]) -> RedactedNarrative:
        return RedactedNarrative(id, RedactedText("Wrong patient scanned"), {**CODES, **codes})

    rows = [*(narrative(str(i)) for i in range(5)), narrative("rare", severity=("SEV1",))]
    rows += [narrative("leak"), RedactedNarrative("half", RedactedText("x"), {"severity": ("SEV2",)})]
    made = submission(rows, {"0": ("2026-01-01", "2026-01-02")}, {"leak": "PERSON"}, working, rare=5)
    assert [row[0] for row in made.rows] == ["0", "1", "2", "3", "4"]
    assert made.rows[0][1:] == (
        "2026-01-01",
        "2026-01-02",
        "Wrong patient scanned",
        "IMGW1/SEV2/EXP-MED/MOD-CT/MOD-CT/CHK.identity",
    )
    assert [held.id for held in made.held_back] == ["rare", "leak", "half"]
    assert made.held_back[0].reason == "fewer than 5 of the incidents to send have SEV1; it could be recognised"
    assert made.n_held_back == {"rare code": 1, "personal data": 1, "incomplete coding": 1}


def test_no_code_of_a_submission_is_rare_once_everything_is_held_back(working: Taxonomy) -> None:
    # of six SEV1 one leaks and two have the rare PST.images; the three left are under four, and go in the second round;
    # with them goes one of four REF.patient, so that the other three go in the third
    def narrative(id: str, severity: str, pathway: str) -> RedactedNarrative:
        return RedactedNarrative(
            id, RedactedText("Wrong patient"), {**CODES, "severity": (severity,), "pathway": (pathway,)}
        )

    rows = [narrative("leak", "SEV1", "CHK.identity")]
    rows += [narrative(f"first{i}", "SEV1", "PST.images") for i in range(2)]
    rows += [narrative(f"second{i}", "SEV1", "CHK.identity") for i in range(2)]
    rows += [narrative("second2", "SEV1", "REF.patient")]
    rows += [narrative(f"third{i}", "SEV2", "REF.patient") for i in range(3)]
    rows += [narrative(f"sent{i}", "SEV2", "CHK.identity") for i in range(4)]
    made = submission(rows, {}, {"leak": "PERSON"}, working, rare=4)
    assert [row[0] for row in made.rows] == ["sent0", "sent1", "sent2", "sent3"]
    assert made.n_held_back == {"rare code": 8, "personal data": 1}
    assert len(submission(rows, {}, {"leak": "PERSON"}, working, rare=0).rows) == len(rows) - 1


def test_the_command_writes_the_submission_and_lists_what_it_held_back(tmp_path: Path) -> None:
    sample = Path(__file__).parents[1] / "annotation" / "sample" / "incidents.jsonl"
    some = tmp_path / "incidents.jsonl"
    some.write_text("\n".join(sample.read_text(encoding="utf-8").splitlines()[:40]), encoding="utf-8")
    out = tmp_path / "send.csv"
    result = CliRunner().invoke(app, ["trends", str(some), "--by", "site", "--submission", str(out)])
    assert result.exit_code == 0, result.stderr
    sent = out.read_text(encoding="utf-8").splitlines()
    held = (tmp_path / "send.held-back.csv").read_text(encoding="utf-8").splitlines()
    assert sent[0] == "local_id,date_occurred,date_reported,description,coding"
    assert f"{len(sent) - 1} of 40 incidents in {out}; {len(held) - 1} held back (rare code " in result.stderr
    counts = [
        int(n.replace(",", ""))
        for n in re.findall(r"(?:rare code|personal data|incomplete coding) ([\d,]+)", result.stderr)
    ]
    assert sum(counts) == len(held) - 1
    assert "By site" in result.stdout
