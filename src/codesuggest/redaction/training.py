"""Training the redactor's spaCy pipeline from scratch, on made-up text, by a recipe."""

import json
import random
import shutil
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import spacy
import torch
from pydantic import BaseModel, ConfigDict, Field
from spacy.tokens import Doc
from torch import nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from codesuggest.checked import load_checked
from codesuggest.domain import Embeddings
from codesuggest.embed import word_pieces
from codesuggest.errors import RecipeError
from codesuggest.redact.pieces import WordPieces
from codesuggest.redact.sight import GAP, Lexicon, see
from codesuggest.redact.tagger import LEARNT
from codesuggest.redaction.corpus import Filler, fill_all, read_templates
from codesuggest.redaction.marked import Marked
from codesuggest.redaction.network import Network

_COMMON = 6
"""How much oftener a common word is exchanged in than a rare one: a word that nobody saw may well be a name."""


class RedactionRecipe(BaseModel):
    """How the language model is made. Paths are relative to the recipe."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    texts: tuple[Path, ...] = Field(min_length=1)
    lists: Path
    incidents: Path
    incident_times: int = Field(3, ge=0)
    seed: int = 0
    times: int = Field(12, ge=1)
    width: int = Field(96, ge=16)
    vector_width: int = Field(64, ge=8)
    filters: int = Field(64, ge=8, description="Filters of each length that a word's letters go through.")
    epochs: int = Field(6, ge=1)
    batch: int = Field(32, ge=1)
    dropout: float = Field(0.2, ge=0, lt=1)
    hidden: float = Field(0.1, ge=0, lt=1, description="Share of words whose vector is hidden in training.")
    average: float = Field(0.998, ge=0, lt=1, description="How slowly the running average of the weights moves.")
    learn_rate: float = Field(0.003, gt=0)
    floor: float = Field(0.5, gt=0, lt=1, description="Probability of being personal from which a word counts.")


def load_redaction_recipe(path: Path) -> RedactionRecipe:
    """The recipe in a TOML file, its paths made absolute. Raises RecipeError naming the key that is wrong."""
    recipe = load_checked(path, RedactionRecipe, RecipeError)
    root = path.resolve().parent
    texts = tuple(root / file for file in recipe.texts)
    folders = {"lists": root / recipe.lists, "incidents": root / recipe.incidents}
    return recipe.model_copy(update={"texts": texts, **folders})


def train_redaction_model(recipe: RedactionRecipe, folder: Path) -> int:
    """Train, and write the pipeline to `folder`. Returns the number of texts of one round."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    pieces, vectors = word_pieces()
    names = Filler(recipe.lists, 0, for_testing=False).names
    rare = (recipe.lists / "ordinary.txt").read_text(encoding="utf-8").split()
    corpus = _Corpus(recipe, [*_ordinary(pieces, vectors, names) * _COMMON, *rare])
    network = Network(
        vectors.shape[1],
        vector_width=recipe.vector_width,
        width=recipe.width,
        dropout=recipe.dropout,
        hidden=recipe.hidden,
        n_filters=recipe.filters,
    )
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(recipe.average))  # type: ignore[no-untyped-call]
    _fit(network, average, corpus, WordPieces(pieces, vectors), recipe)
    trained: Any = average.module
    _write(trained, WordPieces(pieces, vectors @ trained.project.weight.detach().numpy().T), recipe, folder)
    return len(corpus)


def _fit(
    network: Network, average: AveragedModel, corpus: "_Corpus", pieces: WordPieces, recipe: RedactionRecipe
) -> None:
    """Train the network, keeping the running average of its weights, which does better on new texts than the last."""
    nlp, lexicon = spacy.blank("en"), Lexicon(pieces)
    n_batches = recipe.epochs * -(-len(corpus) // recipe.batch)
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.learn_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.learn_rate, total_steps=n_batches, pct_start=0.1)
    with tqdm(total=n_batches, unit="batch") as progress:
        for batch in (batch for _ in range(recipe.epochs) for batch in _batches(corpus.round(), recipe.batch)):
            docs = [nlp.make_doc(item.text) for item in batch]
            sight = see(docs, lexicon)
            logits = network(sight, torch.from_numpy(lexicon.vectors(sight.words)), lexicon.letters(sight.words))
            wanted = torch.from_numpy(_wanted(docs, batch))
            loss = functional.cross_entropy(logits, wanted, ignore_index=-1, label_smoothing=0.02)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            average.update_parameters(network)
            progress.update()


def _batches(marked: Iterator[Marked], size: int) -> Iterator[list[Marked]]:
    while batch := list(islice(marked, size)):
        yield batch


def _write(network: Network, pieces: WordPieces, recipe: RedactionRecipe, folder: Path) -> None:
    nlp = spacy.blank("en")
    tagger: Any = nlp.add_pipe("personal", config={"floor": recipe.floor})
    tagger.set(pieces, network.weights())
    shutil.rmtree(folder, ignore_errors=True)
    nlp.to_disk(folder)


class _Corpus:
    """The texts of one round of training, filled and varied anew each time."""

    def __init__(self, recipe: RedactionRecipe, ordinary: Sequence[str]) -> None:
        self._filler = Filler(recipe.lists, recipe.seed, for_testing=False)
        self._templates = read_templates(recipe.texts)
        self._incidents = _incidents(recipe.incidents) * recipe.incident_times
        self._times, self._ordinary = recipe.times, ordinary
        self._rng = random.Random(recipe.seed)  # noqa: S311  an order, not a secret

    def __len__(self) -> int:
        return len(self._templates) * self._times + len(self._incidents)

    def round(self) -> Iterator[Marked]:
        """Every text once more, in another order."""
        marked = [*fill_all(self._templates, self._filler, times=self._times), *self._incidents]
        self._rng.shuffle(marked)
        for number, item in enumerate(marked):
            yield self._filler.vary(self._filler.reword(item, self._ordinary) if number % 2 else item)


def _wanted(docs: Sequence[Doc], marked: Sequence[Marked]) -> npt.NDArray[np.int64]:
    """The class of each token, shape (n,): -1 for the empty rows between texts."""
    parts = []
    for doc, item in zip(docs, marked, strict=True):
        wanted = np.zeros(len(doc) + GAP, dtype=np.int64)
        wanted[len(doc) :] = -1
        for start, end, type in item.spans:
            span = doc.char_span(start, end, alignment_mode="expand") if type in LEARNT else None
            if span:
                kind = 1 + LEARNT.index(type)
                wanted[span.start : span.end] = kind + len(LEARNT)
                wanted[span.start] = kind
        parts.append(wanted)
    return np.concatenate(parts)


def _incidents(file: Path) -> list[Marked]:
    """The marked incidents of the sample, gold left out: most hold nothing personal, which has to be learnt too."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [
        Marked(row["text"], tuple((span["start"], span["end"], span["type"]) for span in row["spans"]))
        for row in rows
        if row["split"] != "gold"
    ]


def _ordinary(pieces: Sequence[str], vectors: Embeddings, names: frozenset[str]) -> list[str]:
    """The whole words among the pieces whose vectors are least like those of names, and that are none."""
    is_name = np.array([piece in names for piece in pieces])
    likeness = vectors @ (vectors[is_name].mean(axis=0) - vectors[~is_name].mean(axis=0))
    limit = np.quantile(likeness, 0.7)
    whole = zip(pieces, likeness, strict=True)
    return [p for p, like in whole if like < limit and len(p) > 1 and not p.startswith("##") and p not in names]
