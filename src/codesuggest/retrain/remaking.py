"""A model made again from its recorded recipe and snapshot, and whether it ranks as it did."""

from pathlib import Path

import numpy as np

from codesuggest.embed import make_embedder
from codesuggest.errors import ModelError
from codesuggest.metrics import ranks
from codesuggest.promotion import Shelf
from codesuggest.protocol import GateRules
from codesuggest.registry import Model, load_model
from codesuggest.retrain.learner import Learner
from codesuggest.retrain.recipe import RetrainRecipe
from codesuggest.retrain.running import Comparison, champion_of, compare, remembering, scorer_of
from codesuggest.snapshot import Snapshot
from codesuggest.suggest import Scorer


def learner_of(shelf: Shelf, model: Model, embedder_dir: Path | None) -> Learner:
    """What a model was trained by. Raises ModelError if it was not trained by `codesuggest retrain`, or if its snapshot
    is not whole any more."""
    manifest = model.manifest
    if "snapshot" not in manifest.data:
        raise ModelError(f"{manifest.name} was not trained by `codesuggest retrain`, so it has no snapshot.")
    snapshot = Snapshot.load(shelf.snapshots, str(manifest.data["snapshot"]))
    recorded = {**manifest.recipe, "embedder": {"name": manifest.embedder}}
    embedder = remembering(make_embedder(manifest.embedder, embedder_dir), shelf)
    return Learner(RetrainRecipe.model_validate(recorded), model.taxonomy, snapshot, embedder)


def remade(shelf: Shelf, name: str, embedder_dir: Path | None) -> Model:
    """The model trained again; nothing is written. Raises ModelError as `learner_of`."""
    learner = learner_of(shelf, load_model(shelf.folder / name), embedder_dir)
    return learner.model(learner.is_trained_on, name)


def n_same_ranks(learner: Learner, first: Model, second: Model) -> tuple[int, int]:
    """On how many of the snapshot's incidents both models rank all codes of all axes alike, and of how many."""
    narratives = learner.gold_narratives(np.ones(len(learner.snapshot.incidents), dtype=bool))
    one, other = (Scorer(model, learner.embedder).score(narratives) for model in (first, second))
    alike = np.all([(ranks(one[axis]) == ranks(other[axis])).all(axis=1) for axis in one], axis=0)
    return int(alike.sum()), len(narratives)


def remake_and_compare(shelf: Shelf, name: str, embedder_dir: Path | None) -> tuple[int, int]:
    """Make a model again: on how many of its snapshot's incidents all ranks are the same, and of how many."""
    model = load_model(shelf.folder / name)
    learner = learner_of(shelf, model, embedder_dir)
    return n_same_ranks(learner, model, learner.model(learner.is_trained_on, name))


def compare_again(shelf: Shelf, name: str, rules: GateRules | None, embedder_dir: Path | None) -> Comparison:
    """Have the gate compare a model with the one in use now, on the gold of the newest snapshot that there is.

    Raises ModelError if no model was retrained here yet.
    """
    retrained = [manifest for manifest in shelf.manifests() if "snapshot" in manifest.data]
    if not retrained:
        raise ModelError(f"{shelf.folder}: no snapshot yet, so no gold to compare on. Run: codesuggest retrain.")
    learner = learner_of(shelf, load_model(shelf.folder / retrained[-1].name), embedder_dir)
    challenger = scorer_of(shelf, name, embedder_dir, learner.embedder)
    champion = champion_of(shelf, embedder_dir, learner.embedder)
    return compare(learner, challenger, champion, rules)
