"""Studies of a recipe: models trained on less, on other parts of the data, and without redaction, none of them kept."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from codesuggest.agreement import Bootstrap
from codesuggest.domain import Narrative, RedactedNarrative, RedactedText
from codesuggest.embed import CachingEmbedder, Embedder, make_embedder
from codesuggest.errors import RecipeError
from codesuggest.evaluate.comparing import Comparison, compared
from codesuggest.evaluate.measuring import judge
from codesuggest.evaluate.slices import hits
from codesuggest.evaluate.studies import Studies, Study, study_of
from codesuggest.redact import Redactor
from codesuggest.registry import digest
from codesuggest.similarity import near_duplicate_groups
from codesuggest.suggest import Suggester
from codesuggest.taxonomy import load_taxonomy
from codesuggest.train.newest import date_of
from codesuggest.train.recipe import Recipe, SplitPart
from codesuggest.train.split import training_rows
from codesuggest.train.training import Coded, Material, learn, read_coded

_HELD_OUT = 0.2
_DOUBLINGS = 5
_LEAST = 20
"""Narratives below which nothing is trained."""

_LEAST_OF_A_SITE = 10

Kept = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Gold:
    """What the curve and the cost of redaction are measured on: narratives as read, and the same redacted.

    site, date  the columns that say where and when, for the splits by site and by time; empty: not split so.
    """

    narratives: Sequence[Narrative]
    redacted: Sequence[RedactedNarrative]
    site: str = ""
    date: str = ""


def studies(
    recipe: Recipe,
    gold: Gold,
    *,
    embedder: Embedder | None = None,
    bootstrap: Bootstrap | None = None,
    show_progress: bool = False,
) -> Studies:
    """Train as the recipe says on less and on other parts, and measure each.

    Raises as `train`, and ModelError where nothing is left to measure on.
    """
    study = _Studying(recipe, gold, embedder, bootstrap or Bootstrap(), show_progress=show_progress)
    steps: list[tuple[str, Kept, bool]] = [*study.sizes(), *study.splits(gold.site, gold.date)]
    curve: list[Study] = []
    splits: list[Study] = []
    for name, kept, is_split in tqdm(steps, desc="Studying", unit="model", disable=not show_progress):
        (splits if is_split else curve).append(study.measured(name, kept, is_split=is_split))
    cost = {} if recipe.data.redacted else study.cost_of_redaction()
    return Studies(recipe.name, tuple(curve), tuple(splits), cost)


class _Studying:
    """A recipe's data, read, redacted and embedded, and gold."""

    def __init__(
        self, recipe: Recipe, gold: Gold, embedder: Embedder | None, bootstrap: Bootstrap, *, show_progress: bool
    ) -> None:
        self._recipe, self._gold, self._bootstrap = recipe, gold, bootstrap
        self._redactor = Redactor()
        self._embedder = CachingEmbedder(embedder or make_embedder(recipe.embedder.name, recipe.embedder.folder))
        self._taxonomy = load_taxonomy(recipe.taxonomy)
        self._coded: Coded = read_coded(recipe, self._taxonomy, show_progress=show_progress)
        texts = [narrative.text for narrative in self._coded.narratives]
        self._vectors = self._embedder.embed(texts, show_progress=show_progress)
        known = {digest(narrative.text) for narrative in gold.redacted}
        fresh = np.array([digest(text) not in known for text in texts], dtype=bool)
        self._training = self._kept(recipe.split) & fresh
        if self._training.sum() < _LEAST:
            raise RecipeError(f"{recipe.name}: fewer than {_LEAST} narratives are left to train on for the studies.")

    def sizes(self) -> Iterator[tuple[str, Kept, bool]]:
        """The training narratives halved and halved again, the fewest first; each part holds those before it."""
        order = np.random.default_rng(self._recipe.seed).permutation(np.flatnonzero(self._training))
        counts = {len(order) >> halvings for halvings in range(_DOUBLINGS + 1)}
        for count in sorted(count for count in counts if count >= _LEAST):
            yield f"{count:,}", np.isin(np.arange(len(self._training)), order[:count]), False

    def splits(self, site: str, date: str) -> Iterator[tuple[str, Kept, bool]]:
        """A fifth of all narratives held out at random, about as many by site, and the newest."""
        yield "at random", self._kept(SplitPart(by="random", share=_HELD_OUT)), True
        if site and (name := self._held_out_site(site)):
            yield f"a new site: {name}", self._kept(SplitPart(by="site", column=site, hold_out=(name,))), True
        if date and self._all_have(date):
            yield "a later time", self._kept(SplitPart(by="time", column=date, share=_HELD_OUT)), True

    def measured(self, name: str, kept: Kept, *, is_split: bool) -> Study:
        """A model of some narratives, on gold, or on those that a split holds out."""
        narratives = self._coded.narratives
        held_out = [n for n, is_kept in zip(narratives, kept, strict=True) if not is_kept]
        model = self._model(narratives, kept)
        return study_of(name, model, held_out if is_split else self._gold.redacted, int(kept.sum()), self._bootstrap)

    def cost_of_redaction(self) -> dict[str, Comparison]:
        """Trained and measured on redacted text, beside the same on text as read, which nothing keeps."""
        as_read = [
            replace(_as_read(row), existing_codes=of.existing_codes)
            for row, of in zip(self._coded.details, self._coded.narratives, strict=True)
        ]
        found = [
            hits(judge(self._model(narratives, self._training), gold))
            for narratives, gold in (
                (self._coded.narratives, self._gold.redacted),
                (as_read, [_as_read(narrative) for narrative in self._gold.narratives]),
            )
        ]
        return dict(compared(found[0], found[1], self._bootstrap))

    def _model(self, narratives: Sequence[RedactedNarrative], kept: Kept) -> Suggester:
        chosen = [narrative for narrative, is_kept in zip(narratives, kept, strict=True) if is_kept]
        vectors = self._embedder.embed([narrative.text for narrative in chosen])
        dates = [date_of(of.details) for of, is_kept in zip(self._coded.details, kept, strict=True) if is_kept]
        material = Material(chosen, vectors, self._coded.redactor, dates=dates)
        return Suggester(learn(self._recipe, self._taxonomy, material, self._embedder), self._embedder, self._redactor)

    def _kept(self, split: SplitPart) -> Kept:
        return training_rows(
            split, self._coded.details, lambda: near_duplicate_groups(self._vectors), self._recipe.seed
        )

    def _all_have(self, column: str) -> bool:
        return all(narrative.details.get(column) for narrative in self._coded.details)

    def _held_out_site(self, column: str) -> str:
        """The site whose share of all narratives is nearest to what is held out; none where there is only one."""
        if not self._all_have(column):
            return ""
        counts = Counter(narrative.details[column] for narrative in self._coded.details)
        wanted = _HELD_OUT * counts.total()
        enough = [name for name, n in counts.items() if n >= _LEAST_OF_A_SITE and counts.total() - n >= _LEAST]
        return min(sorted(enough), key=lambda name: abs(counts[name] - wanted), default="")


def _as_read(narrative: Narrative) -> RedactedNarrative:
    """A narrative as if it needed no redaction: for a measurement in memory, never to be kept."""
    return RedactedNarrative(narrative.id, RedactedText(narrative.text), narrative.existing_codes)
