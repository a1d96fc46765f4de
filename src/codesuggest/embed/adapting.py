"""A sentence-transformers model adapted to a department's own redacted narratives and the codes they were given.

Narratives that were given the same codes are drawn together, the others apart (contrastive training): in each batch the
model is to rank the others by how many codes they have in common with each narrative, rare codes counting more.

Source of the loss: Khosla et al. (2020), Supervised Contrastive Learning, NeurIPS 33, with degrees in place of classes.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from codesuggest.domain import Codes, RedactedText
from codesuggest.embed.embedders import has_bfloat16, load_sentence_model
from codesuggest.errors import EmbedderError

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

_TEMPERATURE = 0.05
_TARGET_TEMPERATURE = 0.1
_WARM_UP = 0.1
Likeness = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Adaptation:
    """How to adapt.

    minutes  training stops at this time, whatever has been seen; loading and saving come on top.
    epochs   how often each narrative is seen, if time allows.
    batch    narratives that are compared with each other at a time.
    """

    minutes: float = 10.0
    epochs: int = 3
    batch: int = 32
    learning_rate: float = 2e-5
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Adapted:
    """What a training run did. `is_cut`: time ran out before all epochs were over."""

    n_narratives: int
    n_steps: int
    seconds: float
    device: str
    is_cut: bool


def adapt(base: Path, texts: Sequence[RedactedText], codes: Sequence[Codes], out: Path, options: Adaptation) -> Adapted:
    """Train the sentence-transformers model of the folder `base` on coded narratives, and save it in the folder `out`.

    On a GPU where there is one, else on the CPU. Raises EmbedderError if there are too few narratives for one batch.
    """
    import torch  # noqa: PLC0415  seconds
    from sentence_transformers.util import batch_to_device  # noqa: PLC0415

    if len(texts) < 2 * options.batch:
        raise EmbedderError(f"{len(texts)} coded narratives; {2 * options.batch} at least are needed to adapt to them.")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(options.seed)
    model = load_sentence_model(base, device=device).float().train()
    learning = _learning(model)
    optimiser = torch.optim.AdamW(learning, lr=options.learning_rate, weight_decay=0.01, fused=True)
    is_short = device == "cpu" and has_bfloat16()
    given = _given(codes)
    batches = list(_batches(len(texts), options))
    started, n_steps = time.monotonic(), 0
    for rows in tqdm(batches, desc="Adapting", unit="batch"):
        done = max(n_steps / len(batches), (time.monotonic() - started) / (60 * options.minutes))
        if done >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = options.learning_rate * min(done / _WARM_UP + 0.05, 1.0, 1.0 - done)
        optimiser.zero_grad()
        inputs = model.preprocess([texts[row] for row in rows])
        with torch.autocast("cpu", torch.bfloat16, enabled=is_short):
            vectors = model(batch_to_device(inputs, torch.device(device)))["sentence_embedding"]
        _loss(vectors.float(), _likeness(given[rows])).backward()
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimiser.step()
        n_steps += 1
    seconds = time.monotonic() - started
    model.eval().save(str(out), create_model_card=False)
    return Adapted(len(texts), n_steps, seconds, device, n_steps < len(batches))


def _learning(model: "SentenceTransformer") -> "list[torch.nn.Parameter]":
    """What is trained: the layers, not the vectors of the word pieces, most of which a department never writes."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad_("embeddings" not in name)
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def _batches(n: int, options: Adaptation) -> Iterator[npt.NDArray[np.intp]]:
    """The rows of every step: each epoch deals all narratives anew; what is left over of an epoch is not seen in it."""
    rng = np.random.default_rng(options.seed)
    for _ in range(options.epochs):
        order = rng.permutation(n)
        yield from order[: n - n % options.batch].reshape(-1, options.batch)


def _given(codes: Sequence[Codes]) -> npt.NDArray[np.float32]:
    """Shape (n, n_codes): the codes of all axes that each narrative was given, each weighing as it is rare."""
    named = [{(axis, code) for axis, given in row.items() for code in given} for row in codes]
    how_many = Counter(name for row in named for name in row)
    column = {name: number for number, name in enumerate(how_many)}
    given = np.zeros((len(named), len(column)), dtype=np.float32)
    for row, names in enumerate(named):
        for name in names:
            given[row, column[name]] = np.log(1 + len(named) / how_many[name])
    return given


def _likeness(given: npt.NDArray[np.float32]) -> Likeness:
    """Shape (n, n): the weight of the codes that two narratives share, of the weight of all that either has."""
    shared = (given.astype(bool)[:, None] & given.astype(bool)[None]) * np.maximum(given[:, None], given[None])
    common = shared.sum(axis=2)
    either = given.sum(axis=1)[:, None] + given.sum(axis=1)[None] - common
    return np.asarray(common / np.maximum(either, 1e-9), dtype=np.float32)


def _loss(vectors: "torch.Tensor", likeness: Likeness) -> Any:
    """How far the order of the others by cosine is from their order by codes in common, mean over the batch."""
    import torch  # noqa: PLC0415

    itself = torch.eye(len(likeness), dtype=torch.bool, device=vectors.device)
    wanted = torch.from_numpy(likeness).to(vectors.device) / _TARGET_TEMPERATURE
    target = torch.softmax(wanted.masked_fill(itself, -1e9), dim=1)
    found = torch.log_softmax((vectors @ vectors.T / _TEMPERATURE).masked_fill(itself, -1e9), dim=1)
    return -(target * found.masked_fill(itself, 0.0)).sum(dim=1).mean()
