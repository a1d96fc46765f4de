"""An embedder adapted to a department, kept only if suggestions get better on narratives that it was not adapted to."""

import csv
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from codesuggest.domain import RedactedNarrative
from codesuggest.embed import (
    Adaptation,
    Adapted,
    CachingEmbedder,
    Embedder,
    adapt,
    default_folder,
    folder_embedder,
    make_embedder,
)
from codesuggest.errors import EmbedderError, RecipeError
from codesuggest.evaluate.measuring import Judged, judge
from codesuggest.metrics import Estimate, Rounds, estimate, per_narrative, resamples
from codesuggest.similarity import near_duplicate_groups
from codesuggest.suggest import Suggester
from codesuggest.taxonomy import load_taxonomy
from codesuggest.train.recipe import Recipe, SplitPart
from codesuggest.train.split import training_rows
from codesuggest.train.training import read_coded, train

Values = npt.NDArray[np.float64]
FIGURES = ("hit@1", "recall@3", "recall@5")


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether an adapted embedder pays, on `n` narratives held out.

    gains  figure, and by how much the model with the adapted embedder is better, mean over the axes of each narrative.
    axes   the gain in hit@1 by axis.
    """

    adapted: Adapted
    n: int
    gains: Mapping[str, Estimate]
    axes: Mapping[str, Estimate]

    @property
    def against(self) -> tuple[str, ...]:
        """Why it is not kept, in words; nothing if it pays."""
        gain = self.gains["hit@1"]
        found = [] if gain.low > 0 else [f"hit@1 is not surely better ({points(gain)} points)"]
        found += [f"{name} is worse ({points(self.gains[name])})" for name in FIGURES[1:] if self.gains[name].high < 0]
        return (*found, *(f"{axis} is worse ({points(one)})" for axis, one in self.axes.items() if one.high < 0))


def adapt_embedder(recipe: Recipe, out: Path, options: Adaptation) -> Judgement:
    """Adapt the recipe's embedder to its training narratives, and compare models on those that its split holds out.

    The folder `out` is written if it pays, with the figures in `adapted.json`; otherwise nothing is left.
    Raises RecipeError if the recipe holds nothing out, EmbedderError if `out` exists or the embedder has no weights.
    """
    if out.exists():
        raise EmbedderError(f"{out} exists. Name another folder.")
    if recipe.embedder.name.startswith("hashing-"):
        raise EmbedderError(f"{recipe.embedder.name} has no weights to adapt. Use minilm, or a folder.")
    base = make_embedder(recipe.embedder.name, recipe.embedder.folder)
    coded = read_coded(recipe, load_taxonomy(recipe.taxonomy), show_progress=True)
    texts = [narrative.text for narrative in coded.narratives]
    kept = training_rows(recipe.split, coded.details, lambda: near_duplicate_groups(base.embed(texts)), recipe.seed)
    pairs = list(zip(coded.narratives, kept, strict=True))
    chosen, gold = [n for n, is_kept in pairs if is_kept], [n for n, is_kept in pairs if not is_kept]
    if not gold:
        raise RecipeError("split: nothing is held out, so that nobody could tell whether adapting pays. Set split.by.")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as work:
        folder = Path(work) / out.name
        to_learn = [n.text for n in chosen], [n.existing_codes for n in chosen]
        adapted = adapt(recipe.embedder.folder or default_folder(), *to_learn, folder, options)
        fixed = _with_fixed_split(recipe, chosen, gold, Path(work) / "split.csv")
        judged = [_judged(fixed, embedder, gold) for embedder in (base, folder_embedder(folder))]
        judgement = _judgement(adapted, *judged)
        if not judgement.against:
            content = {"recipe": recipe.name, "options": asdict(options), **asdict(judgement)}
            (folder / "adapted.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
            shutil.move(folder, out)
    return judgement


def _with_fixed_split(
    recipe: Recipe, chosen: Sequence[RedactedNarrative], gold: Sequence[RedactedNarrative], file: Path
) -> Recipe:
    """The recipe with its split written out, so that it cannot depend on the embedder."""
    with file.open("w", newline="", encoding="utf-8") as rows:
        writer = csv.writer(rows)
        writer.writerow(["id", "part"])
        writer.writerows([n.id, part] for part, of in (("train", chosen), ("rest", gold)) for n in of)
    return recipe.model_copy(update={"split": SplitPart(by="column", column="part", file=file)})


def _judged(recipe: Recipe, embedder: Embedder, gold: Sequence[RedactedNarrative]) -> dict[str, Judged]:
    caching = CachingEmbedder(embedder)
    return judge(Suggester(train(recipe, embedder=caching, show_progress=True).model, caching), gold)


def _judgement(adapted: Adapted, before: Mapping[str, Judged], after: Mapping[str, Judged]) -> Judgement:
    """Both models on the same narratives, which are drawn again and again for the intervals."""
    gains = {axis: _gains(before[axis], after[axis]) for axis in before}
    ids = sorted({id for of in before.values() for id in of.ids})
    place = {id: number for number, id in enumerate(ids)}
    weights = resamples(len(ids))
    found = {}
    for name in FIGURES:
        total, n_axes = np.zeros(len(ids)), np.zeros(len(ids))
        for axis, of in before.items():
            rows = [place[id] for id in of.ids]
            total[rows] += gains[axis][name]
            n_axes[rows] += 1
        found[name] = _mean(total / n_axes, weights)
    axes = {axis: _mean(gain["hit@1"], resamples(len(gain["hit@1"]))) for axis, gain in gains.items()}
    return Judgement(adapted, len(ids), found, axes)


def _gains(before: Judged, after: Judged) -> dict[str, Values]:
    """What each narrative gained in each figure, shape (n,)."""
    old, new = (per_narrative(of.scores, of.truth) for of in (before, after))
    return {name: new[name] - old[name] for name in FIGURES}


def _mean(values: Values, weights: Rounds) -> Estimate:
    return estimate(weights @ values / weights.sum(axis=1))


def points(gain: Estimate) -> str:
    """A gain in words: points, with the interval."""
    return f"{gain.value * 100:+.1f}, {gain.low * 100:+.1f} to {gain.high * 100:+.1f}"
