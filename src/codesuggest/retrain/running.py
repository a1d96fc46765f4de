"""One retraining: snapshot, train, measure champion and challenger, decide, record. Nothing in use is touched."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed

from codesuggest.embed import CachingEmbedder, Embedder, make_embedder
from codesuggest.evaluate.measuring import Judged
from codesuggest.gate import Decision, decide, decision_json, not_compared
from codesuggest.metrics import Estimate
from codesuggest.promotion import Shelf
from codesuggest.protocol import GateRules
from codesuggest.registry import Model, load_model, save_model
from codesuggest.retrain.collecting import Collected, collect
from codesuggest.retrain.learner import Learner, Rows, identity
from codesuggest.retrain.measuring import OnSameGold, hits, newest_quarter, on_codings_since, on_same_gold
from codesuggest.retrain.recipe import RetrainRecipe
from codesuggest.store.database import Database
from codesuggest.suggest import Scorer
from codesuggest.taxonomy import load_taxonomy

_FEWEST = 20
"""Incidents below which a part is neither trained without nor measured on."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a retraining happens.

    database      the store; None: imported codes only.
    embedder_dir  folder of the embedder's weights, where they are not the installed ones.
    n_jobs        trainings at a time, each in a process of its own.
    tell          told what is being done, in words.
    is_watched    whether somebody looks on, and progress is shown.
    """

    shelf: Shelf
    rules: GateRules | None
    database: Database | None = None
    embedder_dir: Path | None = None
    n_jobs: int = 1
    tell: Callable[[str], None] = field(default=lambda _: None)
    is_watched: bool = False


@dataclass(frozen=True, slots=True)
class Beside:
    """What models show that were kept from a part: hit@1 by axis on the newest quarter, by site, and on gold by the
    number of incidents trained on."""

    newest: Mapping[str, Estimate]
    sites: Mapping[str, Mapping[str, Estimate]]
    curve: Mapping[int, Mapping[str, Estimate]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A model beside the champion, if there is one; `on_gold`: what the gate looked at, None if it could not."""

    champion: Scorer | None
    decision: Decision
    on_gold: OnSameGold | None = None


@dataclass(frozen=True, slots=True)
class Retrained:
    """A challenger, saved, and everything that was found of it. `made`: when, in UTC."""

    model: Model
    learner: Learner
    collected: Collected
    comparison: Comparison
    beside: Beside
    made: str

    @property
    def name(self) -> str:
        """The challenger's name."""
        return self.model.manifest.name


def retrain(recipe: RetrainRecipe, around: Surroundings) -> Retrained:
    """Train a challenger and have the gate decide; it is saved, with the decision, and not put in use.

    Raises RecipeError if there is nothing to learn from; ModelError if the champion cannot be loaded.
    """
    shelf, made = around.shelf, dt.datetime.now(dt.UTC)
    taxonomy = load_taxonomy(recipe.taxonomy)
    collected = collect(recipe, taxonomy, around.database, show_progress=around.is_watched)
    snapshot = collected.snapshot
    around.tell(
        f"Snapshot {snapshot.name}: {len(snapshot.training):,} incidents to train on, {len(snapshot.gold):,} gold."
    )
    embedder = remembering(make_embedder(recipe.embedder.name, recipe.embedder.folder), shelf)
    learner = Learner(recipe, taxonomy, snapshot, embedder)
    snapshot.save(shelf.snapshots)
    embedder.embed(learner.texts(), show_progress=around.is_watched)
    embedder.save(learner.texts())
    name = shelf.free_name(f"{recipe.name}-{made:%Y%m%d}-{snapshot.name[:6]}")
    around.tell(f"Training {name} on {int(learner.is_trained_on.sum()):,} incidents, and models beside it ...")
    model, beside = trained(learner, name, n_jobs=around.n_jobs)
    save_model(model, shelf.folder / name)
    comparison = compare(
        learner, Scorer(model, embedder), champion_of(shelf, around.embedder_dir, embedder), around.rules
    )
    retrained = Retrained(model, learner, collected, comparison, beside, made.isoformat(timespec="seconds"))
    keep_decision(shelf, name, comparison, snapshot=snapshot.name)
    return retrained


def remembering(embedder: Embedder, shelf: Shelf) -> CachingEmbedder:
    """An embedder with the vectors of earlier retrainings."""
    return CachingEmbedder(embedder, shelf.vectors / f"{embedder.identity}.npz")


def champion_of(shelf: Shelf, embedder_dir: Path | None, embedder: CachingEmbedder) -> Scorer | None:
    """The model in use, made ready to score; with `embedder` if that is the one it was trained with."""
    return scorer_of(shelf, shelf.in_use, embedder_dir, embedder) if shelf.in_use else None


def scorer_of(shelf: Shelf, name: str, embedder_dir: Path | None, embedder: CachingEmbedder) -> Scorer:
    """A model made ready to score. Raises ModelError or EmbedderError if it cannot be."""
    model = load_model(shelf.folder / name)
    is_same = model.manifest.embedder == embedder.identity
    return Scorer(model, embedder if is_same else make_embedder(model.manifest.embedder, embedder_dir))


def compare(learner: Learner, challenger: Scorer, champion: Scorer | None, rules: GateRules | None) -> Comparison:
    """Have the gate compare a model with the champion on the gold of the learner's snapshot."""
    if rules is None:
        return Comparison(champion, not_compared("The protocol has no [gate], so nothing is promoted by itself."))
    if champion is None:
        return Comparison(None, not_compared("No model is in use, so there is nothing to be better than."))
    if champion.model.taxonomy.fingerprint != challenger.model.taxonomy.fingerprint:
        reason = f"{champion.model.manifest.name} codes in {champion.model.manifest.taxonomy}: no comparison is fair."
        return Comparison(champion, not_compared(reason))
    if not learner.is_gold.any():
        return Comparison(champion, not_compared("There is no gold. Code some incidents blind, or twice."))
    both = on_same_gold(learner, champion, challenger, rare_under=rules.rare_under)
    since = on_codings_since(learner, champion)
    return Comparison(champion, decide(both.champion, both.challenger, both.gold, rules, since=since), both)


def keep_decision(shelf: Shelf, name: str, comparison: Comparison, **more: object) -> None:
    """Store the gate's decision, with what was known of it before."""
    champion = comparison.champion.model.manifest.name if comparison.champion else ""
    content = {"model": name, "champion": champion, "made": dt.datetime.now(dt.UTC).isoformat(timespec="seconds")}
    earlier = {key: value for key, value in (shelf.decision(name) or {}).items() if key not in content}
    shelf.write_decision(name, {**content, **earlier, **more, **decision_json(comparison.decision)})


def trained(learner: Learner, name: str, *, n_jobs: int) -> tuple[Model, Beside]:
    """The model for use, and what models show that were kept from a part, several trained at a time."""
    parts = list(_parts(learner))
    tasks = [delayed(Learner.judged_without)(learner, part.rows, part.measured) for part in parts]
    run = Parallel(n_jobs=min(n_jobs, 1 + len(tasks)))
    model, *judged = run([delayed(Learner.model)(learner, learner.is_trained_on, name), *tasks])
    newest: Mapping[str, Estimate] = {}
    sites: dict[str, Mapping[str, Estimate]] = {}
    curve: dict[int, Mapping[str, Estimate]] = {}
    for part, found in zip(parts, judged, strict=True):
        if part.kind == "newest":
            newest = hits(found)
        elif part.kind == "curve":
            curve[int(part.rows.sum())] = hits(found)
        else:
            sites |= {site: hits(_of_site(found, learner, site)) for site in part.sites}
    return model, Beside(newest, sites, curve)


@dataclass(frozen=True, slots=True)
class _Part:
    """What a model is trained on, and what it is measured on."""

    kind: str
    rows: Rows
    measured: Rows
    sites: tuple[str, ...] = ()


def _parts(learner: Learner) -> Iterator[_Part]:
    options, base = learner.recipe.held_out, learner.is_trained_on
    newest = newest_quarter(learner)
    site = np.array([incident.site for incident in learner.snapshot.incidents])
    found = [_Part("newest", base & ~newest, learner.is_trusted & newest)] if options.newest else []
    for sites in _folds(site[learner.is_trusted].tolist(), options.site_folds):
        inside = np.isin(site, sites)
        found.append(_Part("sites", base & ~inside, learner.is_trusted & inside, sites))
    found += [_Part("curve", learner.first(share), learner.is_gold) for share in options.curve]
    yield from (part for part in found if part.rows.sum() >= _FEWEST and part.measured.sum() >= _FEWEST)


def _folds(sites: Sequence[str], n_folds: int) -> list[tuple[str, ...]]:
    """The sites dealt out, the largest first; none where there is only one site."""
    names = [site for site, _ in Counter(site for site in sites if site).most_common()]
    return [tuple(names[fold::n_folds]) for fold in range(min(n_folds, len(names)))] if len(names) > 1 else []


def _of_site(judged: Mapping[str, Judged], learner: Learner, site: str) -> dict[str, Judged]:
    ids = {identity(incident) for incident in learner.snapshot.incidents if incident.site == site}
    found = {}
    for axis, of in judged.items():
        rows = np.array([id in ids for id in of.ids], dtype=bool)
        if rows.any():
            kept = tuple(id for id in of.ids if id in ids)
            found[axis] = replace(of, ids=kept, scores=of.scores[rows], truth=of.truth[rows], decided=of.decided[rows])
    return found
