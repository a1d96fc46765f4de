"""Training the redactor's spaCy pipeline from scratch, on made-up text, by a recipe."""

import json
import random
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import spacy
from pydantic import BaseModel, ConfigDict, Field
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import filter_spans, minibatch
from spacy.vectors import Vectors
from thinc.util import fix_random_seed
from tqdm import tqdm

from codesuggest.checked import load_checked
from codesuggest.domain import Embeddings
from codesuggest.embed import word_pieces
from codesuggest.errors import RecipeError
from codesuggest.redact.pieces import VectorisingTokenizer, WordPieces
from codesuggest.redaction.corpus import Filler, fill_all, read_templates
from codesuggest.redaction.marked import Marked

LEARNT = frozenset({"PERSON", "LOCATION", "ORGANIZATION", "ADDRESS"})
"""What the model learns; the rest has a shape that patterns know."""


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
    depth: int = Field(4, ge=1)
    epochs: int = Field(6, ge=1)
    dropout: float = Field(0.2, ge=0, lt=1)
    learn_rate: float = Field(0.001, gt=0)
    caution: float = Field(0.0, ge=0, description="How much the score of taking nothing for personal is lowered.")


def load_redaction_recipe(path: Path) -> RedactionRecipe:
    """The recipe in a TOML file, its paths made absolute. Raises RecipeError naming the key that is wrong."""
    recipe = load_checked(path, RedactionRecipe, RecipeError)
    root = path.resolve().parent
    texts = tuple(root / file for file in recipe.texts)
    folders = {"lists": root / recipe.lists, "incidents": root / recipe.incidents}
    return recipe.model_copy(update={"texts": texts, **folders})


def train_redaction_model(recipe: RedactionRecipe, folder: Path) -> int:
    """Train, and write the pipeline to `folder`. Returns the number of texts trained on."""
    fix_random_seed(recipe.seed)
    filler = Filler(recipe.lists, recipe.seed, for_testing=False)
    templates = read_templates(recipe.texts)
    pieces, vectors = word_pieces(recipe.vector_width)
    known = WordPieces(pieces, vectors)
    nlp = _pipeline(recipe)
    nlp.tokenizer = tokenizer = VectorisingTokenizer(nlp, known)
    marked = list(fill_all(templates, filler, times=recipe.times))
    marked += _incidents(recipe.incidents) * recipe.incident_times
    ordinary = _ordinary(pieces, vectors, filler.names)
    varied = (filler.vary(filler.reword(item, ordinary) if number % 2 else item) for number, item in enumerate(marked))
    examples = list(_examples(nlp, varied))
    optimizer = nlp.initialize(lambda: examples[:500])
    rng = random.Random(recipe.seed)  # noqa: S311  an order, not a secret
    for epoch in range(recipe.epochs):
        rng.shuffle(examples)
        optimizer.learn_rate = recipe.learn_rate * (1 - epoch / recipe.epochs)
        losses: dict[str, float] = {}
        progress = tqdm(total=len(examples), desc=f"Epoch {epoch + 1} of {recipe.epochs}", unit="text")
        for batch in minibatch(examples, size=64):  # type: ignore[no-untyped-call]
            nlp.update(batch, drop=recipe.dropout, losses=losses, sgd=optimizer)
            progress.update(len(batch))
        progress.close()
    shutil.rmtree(folder, ignore_errors=True)
    _be_cautious(nlp, recipe.caution)
    nlp.tokenizer = tokenizer.inner
    nlp.vocab.vectors = Vectors()
    nlp.to_disk(folder)
    known.save(folder)
    return len(examples)


def _incidents(file: Path) -> list[Marked]:
    """The marked incidents of the sample, gold left out: most hold nothing personal, which has to be learnt too."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [
        Marked(row["text"], tuple((span["start"], span["end"], span["type"]) for span in row["spans"]))
        for row in rows
        if row["split"] != "gold"
    ]


def _be_cautious(nlp: Language, caution: float) -> None:
    """Lower the score of the action that takes a word for nothing personal: more is found, also what is not there."""
    ner: Any = nlp.get_pipe("ner")
    actions = [ner.moves.get_class_name(number) for number in range(ner.moves.n_moves)]
    scorer = next(n for n in ner.model.walk() if n.name == "linear" and n.get_dim("nO") == len(actions))
    bias = scorer.get_param("b").copy()
    bias[actions.index("O")] -= caution
    scorer.set_param("b", bias)


def _ordinary(pieces: Sequence[str], vectors: Embeddings, names: frozenset[str]) -> list[str]:
    """The whole words among the pieces whose vectors are least like those of names, and that are none."""
    is_name = np.array([piece in names for piece in pieces])
    likeness = vectors @ (vectors[is_name].mean(axis=0) - vectors[~is_name].mean(axis=0))
    limit = np.quantile(likeness, 0.7)
    whole = zip(pieces, likeness, strict=True)
    return [p for p, like in whole if like < limit and len(p) > 1 and not p.startswith("##") and p not in names]


def _pipeline(recipe: RedactionRecipe) -> Language:
    """An entity recogniser over the shapes of words and their vectors, which the tokenizer sees to."""
    nlp = spacy.blank("en")
    encoder = {
        "@architectures": "spacy.Tok2Vec.v2",
        "embed": {
            "@architectures": "spacy.MultiHashEmbed.v2",
            "width": recipe.width,
            "attrs": ["PREFIX", "SUFFIX", "SHAPE", "SPACY"],
            "rows": [1000, 2000, 1000, 50],
            "include_static_vectors": True,
        },
        "encode": {
            "@architectures": "spacy.MaxoutWindowEncoder.v2",
            "width": recipe.width,
            "window_size": 1,
            "maxout_pieces": 2,
            "depth": recipe.depth,
        },
    }
    parser = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 64,
        "maxout_pieces": 2,
        "use_upper": True,
        "tok2vec": encoder,
    }
    nlp.add_pipe("ner", config={"model": parser})
    return nlp


def _examples(nlp: Language, marked: Iterable[Marked]) -> Iterable[Example]:
    for item in marked:
        doc = nlp.make_doc(item.text)
        entities = [
            span
            for start, end, type in item.spans
            if type in LEARNT and (span := doc.char_span(start, end, label=type, alignment_mode="expand"))
        ]
        reference: Doc = doc.copy()
        reference.ents = filter_spans(entities)
        yield Example(doc, reference)
