"""Acceptance: a batch is accepted on what an exact test of a fixed sample shows, and on nothing less."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codesuggest.bulk import BulkJob, CodingOptions, run_bulk
from codesuggest.bulk.acceptance import draw_sample, judge_sample, write_sample
from codesuggest.bulk.assembling import manifest_path
from codesuggest.errors import BulkError, ReadError
from codesuggest.report import verdict_table
from codesuggest.suggest import Suggester

TEXT = "CT head done on the wrong patient with wristband not checked"


@pytest.fixture
def batch(
    write: Callable[[str, str], Path], job: Callable[..., BulkJob], bold: Suggester
) -> tuple[Path, dict[str, Any]]:
    """A batch of 200 rows, all automatic at a precision of 0.9."""
    made = job(
        write("in.csv", "id,text\n" + "".join(f"{n},{TEXT} {n}\n" for n in range(200))),
        chunk=100,
        options=CodingOptions(target=0.9),
    )
    run_bulk(made, suggester=bold)
    return made.out, json.loads(manifest_path(made.out).read_text())


def filled(path: Path, n_wrong: int) -> Path:
    """The sample with yes in every cell asked, but for the first `n_wrong` of severity."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        for column in [name for name in row if name.endswith("_right")]:
            row[column] = "No" if column == "severity_right" and number < n_wrong else "yes"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize(("n_wrong", "is_accepted"), [(0, True), (2, True), (3, False)])
def test_an_acceptance_sample_tells_whether_the_batch_may_be_accepted(
    n_wrong: int, is_accepted: bool, batch: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    out, manifest = batch
    sample = draw_sample(out, manifest)
    # 61 is the smallest n at which two wrong leave the exact 95% lower bound of precision at 0.9 or above.
    assert sample.n_asked == dict.fromkeys(manifest["decisions"], 61)
    assert len(sample.rows) == 61, "the same incidents are read for every axis"
    assert draw_sample(out, manifest) == sample, "none is drawn again until it suits"
    write_sample(sample, tmp_path / "sample.csv")
    verdicts = judge_sample(filled(tmp_path / "sample.csv", n_wrong), out, manifest)
    assert verdicts[0].is_accepted is is_accepted
    assert all(verdict.is_accepted for verdict in verdicts[1:])
    assert ("DO NOT ACCEPT" in verdict_table(verdicts)) is not is_accepted


def test_a_sample_that_is_not_read_to_the_end_shows_nothing(batch: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    out, manifest = batch
    write_sample(draw_sample(out, manifest), tmp_path / "sample.csv")
    with pytest.raises(ReadError, match="row 2: 'severity_right' is ''; expected yes or no."):
        judge_sample(tmp_path / "sample.csv", out, manifest)
    with pytest.raises(BulkError, match="may have been filled in"):
        write_sample(draw_sample(out, manifest), tmp_path / "sample.csv")
