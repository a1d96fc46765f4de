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
from codesuggest.registry import Model, digest
from codesuggest.suggest import Suggester
from codesuggest.train.recipe import Recipe, SplitPart
from codesuggest.train.training import Prepared, fit, prepare

_HELD_OUT = 0.2
_DOUBLINGS = 5
_LEAST = 20
"""Narratives below which nothing is trained or measured."""

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
    bootstrap = bootstrap or Bootstrap()
    cached = CachingEmbedder(embedder or make_embedder(recipe.embedder.name, recipe.embedder.folder))
    study = _Studying(prepare(recipe, embedder=cached, show_progress=show_progress), gold, bootstrap)
    steps: list[tuple[str, Kept, bool]] = [*study.sizes(), *study.splits(gold.site, gold.date)]
    curve: list[Study] = []
    splits: list[Study] = []
    for name, kept, is_split in tqdm(steps, desc="Studying", unit="model", disable=not show_progress):
        (splits if is_split else curve).append(study.measured(name, kept, is_split=is_split))
    cost = {} if recipe.data.redacted else study.cost_of_redaction()
    return Studies(recipe.name, tuple(curve), tuple(splits), cost)


class _Studying:
    """A recipe's data and gold."""

    def __init__(self, prepared: Prepared, gold: Gold, bootstrap: Bootstrap) -> None:
        self._prepared, self._gold, self._bootstrap = prepared, gold, bootstrap
        self._redactor = Redactor()
        known = {digest(narrative.text) for narrative in gold.redacted}
        fresh = np.array([digest(narrative.text) not in known for narrative in prepared.redacted], dtype=bool)
        self._training = prepared.training_rows(prepared.recipe.split) & fresh
        if self._training.sum() < _LEAST:
            raise RecipeError(f"{prepared.recipe.name}: fewer than {_LEAST} narratives are left to train on for study.")

    def sizes(self) -> Iterator[tuple[str, Kept, bool]]:
        """The training narratives halved and halved again, the fewest first; each part holds those before it."""
        order = np.random.default_rng(self._prepared.recipe.seed).permutation(np.flatnonzero(self._training))
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
        held_out = [n for n, is_kept in zip(self._prepared.redacted, kept, strict=True) if not is_kept]
        gold = held_out if is_split else self._gold.redacted
        model = fit(self._prepared, kept)
        return study_of(name, self._suggester(model), gold, int(kept.sum()), self._bootstrap)

    def cost_of_redaction(self) -> dict[str, Comparison]:
        """Trained and measured on redacted text, beside the same on text as read, which nothing keeps."""
        as_read = [_as_read(n) for n in self._prepared.narratives]
        raw = _with_text(self._prepared, as_read)
        found = [
            hits(judge(self._suggester(fit(prepared, self._training)), gold))
            for prepared, gold in (
                (self._prepared, self._gold.redacted),
                (raw, [_as_read(n) for n in self._gold.narratives]),
            )
        ]
        return dict(compared(found[0], found[1], self._bootstrap))

    def _suggester(self, model: Model) -> Suggester:
        return Suggester(model, self._prepared.embedder, self._redactor)

    def _kept(self, split: SplitPart) -> Kept:
        return self._prepared.training_rows(split)

    def _all_have(self, column: str) -> bool:
        return all(narrative.details.get(column) for narrative in self._prepared.narratives)

    def _held_out_site(self, column: str) -> str:
        """The site whose share of all narratives is nearest to what is held out; none where there is only one."""
        if not self._all_have(column):
            return ""
        counts = Counter(narrative.details[column] for narrative in self._prepared.narratives)
        wanted = _HELD_OUT * counts.total()
        enough = [name for name, n in counts.items() if n >= _LEAST and counts.total() - n >= _LEAST]
        return min(sorted(enough), key=lambda name: abs(counts[name] - wanted), default="")


def _as_read(narrative: Narrative) -> RedactedNarrative:
    """A narrative as if it needed no redaction: for a measurement in memory, never to be kept."""
    return RedactedNarrative(narrative.id, RedactedText(narrative.text), narrative.existing_codes)


def _with_text(prepared: Prepared, narratives: Sequence[RedactedNarrative]) -> Prepared:
    spelled = [
        replace(n, existing_codes=of.existing_codes) for n, of in zip(narratives, prepared.redacted, strict=True)
    ]
    return replace(prepared, redacted=spelled, vectors=prepared.embedder.embed([n.text for n in spelled]))
