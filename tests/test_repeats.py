"""Repeats: narratives that share most of their word triples are found, in memory that one row hardly adds to."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from codesuggest.bulk.repeats import SIGNATURE_BYTES, find_repeats, signature

WORDS = [f"word{n}" for n in range(400)]


def narrative(seed: int, n_words: int = 80) -> list[str]:
    return list(np.random.default_rng(seed).choice(WORDS, n_words))


def found(path: Path, texts: list[str]) -> list[tuple[int, int]]:
    path.write_bytes(b"".join(signature(text) if text else bytes(SIGNATURE_BYTES) for text in texts))
    return [(repeat.first, repeat.second) for repeat in find_repeats(path)]


def test_a_copy_and_one_with_a_few_words_changed_are_found_and_others_are_not(tmp_path: Path) -> None:
    original, changed = narrative(0), narrative(0)
    changed[10], changed[50] = "another", "altogether"
    texts = [" ".join(narrative(seed)) for seed in range(1, 200)]
    texts = [" ".join(original), *texts, " ".join(original).upper(), "", " ".join(changed), ""]
    assert found(tmp_path / "signatures", texts) == [(0, 200), (0, 202)]


@pytest.mark.parametrize("share", [0.9, 0.7])
def test_likeness_is_about_the_share_of_triples_in_common(tmp_path: Path, share: float) -> None:
    words = narrative(0, 300)
    kept = int(300 * 2 * share / (1 + share))  # of two texts of n words that share k: k / (2 n - k)
    other = words[:kept] + narrative(1, 300 - kept)
    (tmp_path / "signatures").write_bytes(signature(" ".join(words)) + signature(" ".join(other)))
    (repeat,) = find_repeats(tmp_path / "signatures")
    assert repeat.likeness == pytest.approx(share, abs=0.15)  # 64 numbers: a standard error of 0.06 at most


def test_an_archive_of_100_000_takes_a_few_megabytes(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).integers(1, 2**16, (100_000, SIGNATURE_BYTES // 2), dtype=np.uint16)
    rows[99_999] = rows[5]
    (tmp_path / "signatures").write_bytes(rows.tobytes())
    tracemalloc.start()
    repeats = list(find_repeats(tmp_path / "signatures"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [(repeat.first, repeat.second) for repeat in repeats] == [(5, 99_999)]
    assert peak < 25e6
