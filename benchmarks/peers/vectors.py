"""Embeddings made once a data set and kept, for every peer that wants them."""

import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from codesuggest.domain import Embeddings, RedactedText
from codesuggest.embed import Embedder, make_embedder

_TIMED = 100
_SAME = 0.999
"""Cosine of two vectors of the same text: with 16-bit floats they differ a little by what else is in the batch."""


class StoredEmbedder:
    """An embedder that knows the vectors of some texts, and loads the real one only for others.

    After use, `cpu_s` is what the others took, loading included.
    """

    def __init__(self, name: str, texts: Sequence[str], vectors: Embeddings) -> None:
        self.identity = name
        self.dim = vectors.shape[1]
        self.cpu_s = 0.0
        self._vectors = dict(zip(texts, vectors, strict=True))
        self._embedder: Embedder | None = None

    def embed(self, texts: Sequence[RedactedText], *, show_progress: bool = False) -> Embeddings:
        """See codesuggest.embed.Embedder."""
        if new := [text for text in dict.fromkeys(texts) if text not in self._vectors]:
            started = time.process_time()
            vectors = self._loaded().embed(new, show_progress=show_progress)
            self._vectors |= dict(zip(new, vectors, strict=True))
            self.cpu_s += time.process_time() - started
        return np.array([self._vectors[text] for text in texts], dtype=np.float32).reshape(len(texts), self.dim)

    def parts(self, text: RedactedText, words: Sequence[tuple[int, int]]) -> Embeddings:
        """See codesuggest.embed.Embedder."""
        return self._loaded().parts(text, words)

    def _loaded(self) -> Embedder:
        self._embedder = self._embedder or make_embedder(self.identity)
        return self._embedder


def embeddings(embedder: str, texts: Sequence[str], data: str, folder: Path) -> tuple[Embeddings, float]:
    """The vectors of a data set, and how many CPU seconds one narrative of it takes to embed."""
    folder.mkdir(parents=True, exist_ok=True)
    path, timing = folder / f"{data}.npy", folder / f"{data}.json"
    if not path.exists():
        np.save(path, make_embedder(embedder).embed([RedactedText(text) for text in texts], show_progress=True))
    vectors: Embeddings = np.load(path)
    if not timing.exists():
        timing.write_text(
            json.dumps({"cpu_s_per_narrative": _check_and_time(embedder, texts, vectors)}), encoding="utf-8"
        )
    return vectors, float(json.loads(timing.read_text(encoding="utf-8"))["cpu_s_per_narrative"])


def _check_and_time(name: str, texts: Sequence[str], vectors: Embeddings) -> float:
    """CPU seconds of embedding one narrative, on some of them; raises ValueError if the vectors are of other texts."""
    rows = np.random.default_rng(0).choice(len(texts), min(_TIMED, len(texts)), replace=False)
    embedder = make_embedder(name)
    some = [RedactedText(texts[row]) for row in rows]
    embedder.embed(some[:2])
    started = time.process_time()
    made = embedder.embed(some)
    seconds = (time.process_time() - started) / len(some)
    if len(vectors) != len(texts) or np.einsum("nd,nd->n", made, vectors[rows]).min() < _SAME:
        raise ValueError("The kept embeddings are not those of these narratives. Remove them, and run again.")
    return seconds
