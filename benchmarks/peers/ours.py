"""codesuggest itself, trained by the same function as `codesuggest train`."""

import json
import tempfile
import time
from pathlib import Path

import numpy as np

from codesuggest.domain import RedactedNarrative, RedactedText, Scores
from codesuggest.errors import RecipeError
from codesuggest.registry import Model
from codesuggest.suggest import Suggester
from codesuggest.taxonomy import write_taxonomy
from codesuggest.train import Recipe, load_recipe, train

from .incidents import Sample, cells
from .outcome import Outcome
from .vectors import StoredEmbedder


def trained(sample: Sample, embedder: StoredEmbedder) -> tuple[Model, float]:
    """A model of a sample's training part, and the CPU seconds that one axis of it took, embedding apart.

    Raises RecipeError if there is nothing to learn from.
    """
    with tempfile.TemporaryDirectory() as work:
        recipe = _recipe(sample, Path(work))
        started = time.process_time() - embedder.cpu_s
        model = train(recipe, embedder=embedder).model
    return model, (time.process_time() - embedder.cpu_s - started) / len(model.rankers)


def scored(model: Model, sample: Sample, embedder: StoredEmbedder) -> dict[str, Scores]:
    """The scores of the test narratives by axis, columns as in the model's manifest."""
    narratives = [RedactedNarrative(str(n), RedactedText(text)) for n, text in enumerate(sample.test.texts)]
    return Suggester(model, embedder).score(narratives)


def train_and_score(sample: Sample, embedder: StoredEmbedder) -> dict[str, Outcome]:
    """Every axis of a sample, columns as in its cells."""
    try:
        model, seconds = trained(sample, embedder)
    except RecipeError as error:
        return {axis: Outcome(np.zeros((0, 0)), note=f"not trained: {error}") for axis in sample.taxonomy.axis}
    scores = scored(model, sample, embedder)
    outcomes = {}
    for cell in cells(sample):
        codes = model.manifest.axes[cell.axis]
        columns = [codes.index(code) for code in cell.codes]
        threshold = float("nan") if cell.exclusive else model.rankers[cell.axis].threshold_
        outcomes[cell.axis] = Outcome(scores[cell.axis][cell.coded][:, columns], seconds, threshold)
    return outcomes


def _recipe(sample: Sample, work: Path) -> Recipe:
    write_taxonomy(sample.taxonomy, work / "taxonomy")
    with (work / "incidents.jsonl").open("w", encoding="utf-8") as file:
        for number, (text, coding) in enumerate(zip(sample.train.texts, sample.train.codings, strict=True)):
            reported = {"reported": sample.train.dates[number].isoformat()} if sample.train.dates else {}
            file.write(json.dumps({"id": str(number), "text": text, "codes": coding} | reported) + "\n")
    recipe = work / "recipe.toml"
    files = '["incidents.jsonl"]' if sample.train.texts else "[]"
    recipe.write_text(
        f'name = "{sample.data}"\ntaxonomy = "taxonomy"\n[data]\nfiles = {files}\nredacted = true\n',
        encoding="utf-8",
    )
    return load_recipe(recipe)
