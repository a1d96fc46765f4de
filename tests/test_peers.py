"""The side-by-side comparison, on data small enough to know the answer."""

import csv
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from codesuggest.metrics import Estimate, estimate, resamples

if TYPE_CHECKING:
    from benchmarks.peers.compare import Draw
    from benchmarks.peers.incidents import Cell

ROOT = Path(__file__).parents[1]
WORDS = {"Care": "nurse", "Staff": "doctor", "Food": "lunch"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set whose code is one word of the text."""
    root = tmp_path_factory.mktemp("peers")
    data = root / "data" / "nhs_feedback_p1"
    data.mkdir(parents=True)
    rows = [(str(n), list(WORDS)[n % 3]) for n in range(180)]
    with (data / "data.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", "category", "subcategory", "criticality"])
        writer.writerows([n, f"visit {n} the {WORDS[code]} came", code, code[0], "1"] for n, code in rows)
    (data / "split.csv").write_text(
        "id,split\n" + "".join(f"{n},{'train' if int(n) < 120 else 'test'}\n" for n, _ in rows)
    )
    return root


def run(root: Path, *extra: str) -> None:
    from benchmarks.peers.__main__ import main

    folders = ["--data", str(root / "data"), "--out", str(root / "out"), "--results", str(root / "results")]
    small = ["--sizes", "60", "--draws", "1", "--rounds", "50", "--embedder", "hashing-64"]
    main([*folders, "--sets", "nhs_feedback_p1", *small, *extra])


def figures(root: Path) -> dict[tuple[str, str], float]:
    with (root / "results" / "peers.csv").open(newline="") as file:
        return {
            (row["peer"], row["axis"]): float(row["value"]) for row in csv.DictReader(file) if row["figure"] == "hit@1"
        }


def test_peers_are_measured_on_the_same_rows_and_a_second_run_trains_only_what_is_asked_for_again(
    folders: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    peers = ("--peers", "codesuggest,by_frequency,tfidf_svc,late_fusion")
    run(folders, *peers)
    hits = figures(folders)
    assert hits["codesuggest", "category"] == hits["tfidf_svc", "category"] == 1.0
    assert hits["by_frequency", "category"] == pytest.approx(1 / 3, abs=1e-4)
    report = (folders / "results" / "peers.md").read_text()
    assert (
        "| nhs_feedback_p1.category | hit@1 | 1.000 | 1.000 tfidf svc | +0.000 (+0.000 to +0.000) | level |" in report
    )
    capsys.readouterr()
    run(folders, *peers)
    assert capsys.readouterr().err == ""
    run(folders, *peers, "--again", "codesuggest")
    assert "tfidf_svc" not in (trained := capsys.readouterr().err)
    assert "codesuggest" in trained


def first_cell(root: Path, seed: int = 0) -> "Cell":
    from benchmarks.peers.incidents import cells, make_sample, read_texts

    data = root / "data" / "nhs_feedback_p1"
    narratives = read_texts(data)
    vectors = np.zeros((len(narratives), 1), dtype=np.float32)
    return cells(make_sample(data, narratives, vectors, "60", seed=seed, most_tested=60))[0]


def drawn(**values: float) -> "Draw":
    """One draw in which each peer has one figure, the same in every round."""
    from benchmarks.peers.compare import Draw

    rounds = {peer: {"hit@1": np.full(101, value)} for peer, value in values.items()}
    return Draw({}, rounds, {})


def test_a_peer_is_compared_on_the_draws_that_it_was_run_on(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.peers.compare import Compared

    draws = [drawn(codesuggest=0.8, slow=0.7, quick=0.5), drawn(codesuggest=0.6, quick=0.5)]
    compared = Compared(first_cell(folders), draws, resamples(2, n_rounds=100))
    assert compared.rounds["codesuggest"]["hit@1"][0] == pytest.approx(0.7)
    assert compared.difference("hit@1", "slow") == pytest.approx(np.full(101, 0.1))
    assert compared.difference("hit@1", "quick")[0] == pytest.approx(0.2)


def test_intervals_hold_the_luck_of_the_draw(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.peers.compare import Compared, verdict

    lucky = [drawn(codesuggest=0.8, peer=0.6), *[drawn(codesuggest=0.5, peer=0.55)] * 2]
    compared = Compared(first_cell(folders), lucky, resamples(3, n_rounds=100))
    ahead = estimate(compared.difference("hit@1", "peer"))
    assert ahead.value == pytest.approx(0.1 / 3)
    assert (ahead.low, ahead.high) == pytest.approx((-0.05, 0.2))
    assert verdict(ahead) == "level"


def test_several_draws_are_other_training_rows_and_the_same_test_rows(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    run(folders, "--peers", "by_frequency,codesuggest", "--draws", "3", "--results", str(folders / "three"))
    with (folders / "three" / "peers.csv").open(newline="") as file:
        assert {row["draws"] for row in csv.DictReader(file)} == {"3"}
    assert "means over 3 draws" in (folders / "three" / "peers.md").read_text()
    cells = [first_cell(folders, seed) for seed in (0, 1)]
    assert set(cells[0].train.texts) != set(cells[1].train.texts)
    assert cells[0].test.texts == cells[1].test.texts


@pytest.mark.parametrize(
    ("low", "high", "word"), [(0.01, 0.1, "ahead"), (-0.1, -0.01, "behind"), (-0.01, 0.1, "level"), (0.0, 0.0, "level")]
)
def test_only_a_difference_whose_interval_leaves_out_zero_counts(
    low: float, high: float, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.peers.compare import verdict

    assert verdict(Estimate((low + high) / 2, low, high)) == word


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("import absent_library", "failed with exit code 1: ModuleNotFoundError: No module named 'absent_library'"),
        (
            "raise FileNotFoundError('/folder/of/somebody/file.json')",
            "failed with exit code 1: FileNotFoundError: file.json",
        ),
        ("raise SystemExit(3)", "failed with exit code 3"),
        ("while True: pass", "did not finish in 0 minutes of CPU"),
        ("", "left no scores"),
    ],
)
def test_a_peer_that_fails_says_its_last_error(
    script: str, said: str, folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.peers.apart import Apart

    cell = first_cell(folders)
    (tmp_path / "peer.py").write_text(script)
    apart = Apart(str(tmp_path / "peer.py"), ("peer",), Path(sys.executable), limit_s=1)
    assert apart.outcomes(cell)["peer"].note == said


def test_a_choice_that_favours_rare_codes_finds_them_where_that_costs_little(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.peers.favour import favouring

    cell = first_cell(folders)
    given = np.repeat(np.eye(3, dtype=bool), [900, 90, 10], axis=0)
    right = np.repeat(np.eye(3, dtype=bool), [180, 18, 2], axis=0)
    honest = np.where(right[:, :1], [0.9, 0.08, 0.02], [0.55, 0.4, 0.05])
    made = favouring(replace(cell, given=given, right=right), honest)
    assert honest[180:].argmax(axis=1).tolist() == [0] * 20
    assert made[:180, 0].all()
    assert made[180:198, 1].all()
