"""Models of a snapshot: the one for use, and those kept from a part to be measured on it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from codesuggest.domain import Embeddings, RedactedNarrative, RedactedText, Taxonomy, TrainingIncident
from codesuggest.embed import CachingEmbedder
from codesuggest.evaluate.measuring import Judged, judge
from codesuggest.rank import RowWeights
from codesuggest.registry import Model
from codesuggest.retrain.recipe import RetrainRecipe
from codesuggest.similarity import nearest
from codesuggest.snapshot import TRUSTED, Snapshot, accepted_share, narrative_of, sources_of
from codesuggest.suggest import Scorer
from codesuggest.train import Material, learn

Rows = npt.NDArray[np.bool_]
"""Which incidents of the snapshot, shape (n,)."""

_TOO_ALIKE = 0.95
"""From this similarity on an incident reads like a gold one, and is not trained on."""


@dataclass(frozen=True)
class Learner:
    """Trains on parts of one snapshot. The same recipe, snapshot and vectors give the same ranks again."""

    recipe: RetrainRecipe
    taxonomy: Taxonomy
    snapshot: Snapshot
    embedder: CachingEmbedder

    @cached_property
    def vectors(self) -> Embeddings:
        """The vectors of the snapshot's incidents, shape (n, dim)."""
        return self.embedder.embed([incident.text for incident in self.snapshot.incidents])

    @cached_property
    def is_gold(self) -> Rows:
        """Which incidents are measured on."""
        return np.array([incident.key in self.snapshot.gold for incident in self.snapshot.incidents], dtype=bool)

    @cached_property
    def is_trained_on(self) -> Rows:
        """Which incidents the model for use is trained on: not gold, nor what reads like gold."""
        kept = ~self.is_gold
        if self.is_gold.any():
            for rows, _, similarity in nearest(self.vectors, self.vectors[self.is_gold], 1):
                kept[rows] &= similarity[:, 0] < _TOO_ALIKE
        return kept

    @cached_property
    def is_trusted(self) -> Rows:
        """Which incidents may be measured on by a model that was kept from them."""
        is_trusted = np.array([one.source in TRUSTED for one in self.snapshot.incidents], dtype=bool)
        return np.asarray(self.is_gold | is_trusted)

    def model(self, rows: Rows, name: str = "") -> Model:
        """A model of these incidents."""
        chosen = [one for one, is_kept in zip(self.snapshot.incidents, rows, strict=True) if is_kept]
        material = Material(
            [narrative_of(incident) for incident in chosen],
            self.vectors[rows],
            "; ".join(self.snapshot.redactors) or "none",
            sites=[incident.site for incident in chosen],
            dates=[incident.reported for incident in chosen],
            weights=self._weights(chosen),
            data=self._data(chosen),
        )
        recipe = self.recipe.model_copy(update={"name": name or self.recipe.name})
        with threadpool_limits(1, "blas"):  # another number of threads adds up in another order
            return learn(recipe, self.taxonomy, material, self.embedder)

    def judged_without(self, rows: Rows, measured: Rows) -> dict[str, Judged]:
        """Trains on `rows` and measures on `measured`, which it has never seen; by axis."""
        return judge(Scorer(self.model(rows), self.embedder), self.gold_narratives(measured))

    def gold_narratives(self, rows: Rows) -> list[RedactedNarrative]:
        """Incidents to measure on, each with an id of its own."""
        chosen = zip(self.snapshot.incidents, rows, strict=True)
        return [RedactedNarrative(identity(one), one.text, one.codes) for one, is_kept in chosen if is_kept]

    def first(self, share: float) -> Rows:
        """A share of the incidents trained on, the same ones whenever it is drawn, and each larger share holding all
        smaller ones."""
        drawn = [
            int(hashlib.sha256("/".join(one.key).encode()).hexdigest()[:12], 16) for one in self.snapshot.incidents
        ]
        return self.is_trained_on & (np.array(drawn) < share * 16**12)

    def texts(self) -> list[RedactedText]:
        """Every text that training embeds: the snapshot's, and what the taxonomy says of its codes."""
        of_codes = [text for code in self.taxonomy.codes for text in code.texts]
        return [*(incident.text for incident in self.snapshot.incidents), *of_codes]

    def _weights(self, chosen: Sequence[TrainingIncident]) -> dict[str, RowWeights]:
        """How much each label counts; an axis on which all count fully is left out."""
        labels = self.recipe.labels
        weights = {}
        for axis in self.taxonomy.axis:
            of_axis = np.ones(len(chosen))
            for row, incident in enumerate(chosen):
                if axis in incident.accepted:
                    of_axis[row] = labels.accepted
                elif incident.source in ("imported", "from a file"):
                    of_axis[row] = labels.imported
            if (of_axis < 1).any():
                weights[axis] = of_axis
        return weights

    def _data(self, chosen: Sequence[TrainingIncident]) -> dict[str, object]:
        return {
            "snapshot": self.snapshot.name,
            "sources": sources_of(chosen),
            "accepted_share": round(accepted_share(chosen), 4),
        }


def identity(incident: TrainingIncident) -> str:
    """A name that no other incident of a snapshot has."""
    return f"{incident.site}/{incident.reference}" if incident.site else incident.reference
