"""Retraining: what counts as a label, what is gold, what is kept, and that a model can be made again."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from coded import TAXONOMY, Coding, add, add_coders, correct, fill, sample, settle
from codesuggest.cli import app
from codesuggest.domain import RedactedText, TrainingIncident
from codesuggest.embed import CachingEmbedder, HashingEmbedder
from codesuggest.errors import ModelError, RecipeError
from codesuggest.promotion import Shelf
from codesuggest.protocol import load_protocol
from codesuggest.registry import Model, load_model, save_model
from codesuggest.retrain import Retrained, RetrainRecipe, Surroundings, load_retrain_recipe, retrain
from codesuggest.retrain.collecting import collect
from codesuggest.retrain.learner import Learner
from codesuggest.retrain.recording import record_of
from codesuggest.retrain.remaking import remade
from codesuggest.retrain.running import trained
from codesuggest.settings import settings, shipped
from codesuggest.snapshot import Snapshot, accepted_share, forget
from codesuggest.store import tables
from codesuggest.store.database import Database
from codesuggest.store.learning import incidents_to_learn_from
from codesuggest.suggest import Scorer
from codesuggest.taxonomy import load_taxonomy
from reviewers import CODES, OTHER

ROOT = Path(__file__).parents[1]
RECIPE = RetrainRecipe.model_validate(
    {
        "name": "ward",
        "taxonomy": TAXONOMY,
        "seed": 5,
        "data": {},
        "embedder": {"name": "hashing-64"},
        "ranker": {"n_folds": 2, "max_words": 2000, "max_characters": 2000},
        "labels": {"accepted": 0.25},
        "gold": {"share": 0.5},
        "held_out": {"curve": [0.5], "site_folds": 2},
    }
)
RULES = load_protocol(shipped("protocol.toml")).gate
N = 130


@pytest.fixture(scope="module")
def around(sqlite_template: Path, small_model: Model, tmp_path_factory: pytest.TempPathFactory) -> Surroundings:
    """A store with sample incidents, every other one coded blind, and a champion in use that knows little."""
    folder = tmp_path_factory.mktemp("retrain")
    (folder / "store.db").write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{folder}/store.db")
    fill(database, sample(N, first=200))
    save_model(small_model, folder / "models" / "small")
    (folder / "models" / "in-use").write_text("small\n")
    assert RULES is not None
    rules = RULES.model_copy(update={"fewest_gold": 20})
    return Surroundings(Shelf(folder / "models"), rules, database)


@pytest.fixture(scope="module")
def retrained(around: Surroundings) -> Retrained:
    return retrain(RECIPE, around)


def learnt(database: Database) -> dict[str, TrainingIncident]:
    with database.reading() as session:
        return {one.reference: one for one in incidents_to_learn_from(session, TAXONOMY).incidents}


def row(reference: str, site: str = "") -> dict[str, object]:
    return {"id": reference, "text": f"Words of {reference}.", "site": site}


def test_the_most_trusted_codes_that_stand_count(database: Database) -> None:
    with database.writing() as session:
        add_coders(session, 2)
        settle(session, add(session, row("settled"), Coding(CODES), Coding(OTHER, 2), state="adjudicated"), OTHER)
        add(session, row("agreed"), Coding(CODES), Coding(CODES, 2))
        add(session, row("blind"), Coding(CODES))
        add(session, row("assisted"), Coding(CODES, shown=CODES))
        add(session, row("half blind"), Coding(OTHER, shown=OTHER), Coding(CODES, 2), state="disagreed")
        add(session, row("came coded"), state="waiting", existing_codes={"severity": ["SEV5"]})
        corrected = add(session, row("corrected"), Coding(CODES))
        first = session.scalars(select(tables.Confirmation).where(tables.Confirmation.incident_id == corrected)).one()
        correct(session, corrected, first, Coding(OTHER, shown=CODES))
    found = learnt(database)
    assert {reference: one.source for reference, one in found.items()} == {
        "settled": "adjudicated",
        "agreed": "agreed",
        "blind": "blind",
        "assisted": "assisted",
        "half blind": "blind",
        "came coded": "imported",
        "corrected": "assisted",
    }
    assert found["settled"].codes["severity"] == found["corrected"].codes["severity"] == ("SEV3",)
    assert found["half blind"].codes["severity"] == ("SEV2",)


def test_what_cannot_be_learnt_from_is_left_out_and_counted(database: Database) -> None:
    with database.writing() as session:
        add_coders(session, 2)
        add(session, row("differ"), Coding(CODES), Coding(OTHER, 2), state="disagreed")
        add(session, row("old"), Coding(CODES, taxonomy="imaging-working-0"))
        add(session, row("waiting"), state="waiting")
        add(session, row("gone"), Coding(CODES), state="erased")
        add(session, row("mended"), Coding(CODES), state="withdrawn")
    with database.reading() as session:
        found = incidents_to_learn_from(session, TAXONOMY)
    assert found.incidents == ()
    assert found.left_out == {
        "disagreed": 1, "coded in imaging-working-0": 1, "not coded": 1, "erased": 1, "withdrawn": 1
    }  # fmt: skip


def test_only_a_first_suggestion_that_was_taken_is_an_acceptance(database: Database) -> None:
    shown = CODES | {"severity": ["SEV4", "SEV2"], "pathway": []}
    with database.writing() as session:
        add_coders(session, 2)
        add(session, row("one"), Coding(CODES, shown=shown))
        add(session, row("blind"), Coding(CODES))
        add(session, row("both"), Coding(CODES, shown=CODES), Coding(CODES, 2, shown=shown))
    found = learnt(database)
    unled = {"severity", "pathway"}
    assert set(found["one"].accepted) == set(found["both"].accepted) == set(CODES) - unled
    assert found["blind"].accepted == ()
    assert accepted_share(list(found.values())) == pytest.approx(8 / 18)


def test_gold_is_drawn_from_blind_incidents_only_and_never_trained_on(retrained: Retrained) -> None:
    snapshot = retrained.learner.snapshot
    assert {one.source for one in snapshot.gold_incidents} == {"blind"}
    assert 20 < len(snapshot.gold) < 45  # half of 65, by a draw
    trained_on = [one for one, used in zip(snapshot.incidents, retrained.learner.is_trained_on, strict=True) if used]
    assert not {one.key for one in trained_on} & snapshot.gold
    assert retrained.model.manifest.data["n"] == len(trained_on)
    texts = {one.text for one in snapshot.gold_incidents}
    assert not texts & {one.text for one in trained_on}


def test_gold_that_was_drawn_once_stays_gold_when_more_is_coded(around: Surroundings, retrained: Retrained) -> None:
    more = sample(40, first=200 + N)
    database = around.database
    assert database is not None
    fill(database, more)
    later = collect(RECIPE, load_taxonomy(TAXONOMY), database).snapshot
    assert retrained.learner.snapshot.gold < later.gold


def test_a_text_in_gold_and_in_training_is_gold_only() -> None:
    same = [
        TrainingIncident(reference, "", None, text, {"severity": ("SEV2",)}, "blind")  # type: ignore[arg-type]
        for reference, text in (("a", "Same words."), ("b", "same  WORDS."), ("c", "Others."))
    ]
    snapshot = Snapshot.of(same, same[:1], "f", set())
    assert [one.reference for one in snapshot.incidents] == ["a", "c"]
    assert snapshot.gold == {("", "a")}


def test_what_reads_almost_like_gold_is_not_trained_on() -> None:
    words = "the wrong knee was scanned on the day list in room three by the bank radiographer"
    incidents = [
        TrainingIncident(str(n), "", None, text, dict.fromkeys(CODES, ()), "blind")  # type: ignore[arg-type]
        for n, text in enumerate((words, f"{words} today", "a cannula leaked during contrast"))
    ]
    snapshot = Snapshot.of(incidents, incidents[:1], "f", set())
    learner = Learner(RECIPE, load_taxonomy(TAXONOMY), snapshot, CachingEmbedder(HashingEmbedder(64)))
    assert learner.is_trained_on.tolist() == [False, False, True]


def test_accepted_suggestions_weigh_less_and_are_counted(retrained: Retrained) -> None:
    weights = retrained.learner._weights(retrained.learner.snapshot.incidents)
    assert set(weights) == set(CODES)
    assert Counter(weights["severity"].tolist()) == {1.0: N // 2, 0.25: N // 2}
    data = retrained.model.manifest.data
    assert set(data["sources"]) == {"blind", "assisted"}
    assert 0.5 < data["accepted_share"] < 0.9


def test_labels_that_weigh_nothing_are_left_out(retrained: Retrained) -> None:
    silent = RECIPE.model_copy(update={"labels": RECIPE.labels.model_copy(update={"accepted": 0.0})})
    model = replace(retrained.learner, recipe=silent).model(retrained.learner.is_trained_on)
    n_blind = retrained.model.manifest.data["sources"]["blind"]
    assert len(model.rankers["severity"].unseen_) == n_blind
    assert len(retrained.model.rankers["severity"].unseen_) == retrained.model.manifest.data["n"]


def test_champion_and_challenger_are_measured_on_the_same_gold(retrained: Retrained) -> None:
    both = retrained.comparison.on_gold
    assert both is not None
    assert both.champion.hit.shape == both.challenger.hit.shape == (len(both.gold.sites), 6)
    assert np.array_equal(np.isnan(both.champion.hit), np.isnan(both.challenger.hit))
    axis = both.gold.axes.index("severity")
    finding = next(one for one in retrained.comparison.decision.findings if one.about == "axis severity")
    assert finding.challenger == pytest.approx(np.nanmean(both.challenger.hit[:, axis]))
    assert finding.champion == pytest.approx(np.nanmean(both.champion.hit[:, axis]))


def test_models_kept_from_the_newest_quarter_and_from_sites_are_measured_on_them(retrained: Retrained) -> None:
    beside = retrained.beside
    assert set(beside.newest) <= set(CODES)
    sites = {one.site for one in retrained.learner.snapshot.incidents}
    assert beside.sites
    assert set(beside.sites) <= sites
    assert all(0 <= figures["severity"].value <= 1 for figures in beside.sites.values())
    (n_trained,) = beside.curve
    assert n_trained < int(retrained.learner.is_trained_on.sum())


def test_the_decision_is_stored_and_nothing_is_put_in_use(around: Surroundings, retrained: Retrained) -> None:
    stored = around.shelf.decision(retrained.name)
    assert stored is not None
    assert (stored["model"], stored["champion"]) == (retrained.name, "small")
    assert stored["snapshot"] == retrained.learner.snapshot.name
    assert stored["reasons"] == list(retrained.comparison.decision.reasons)
    assert around.shelf.in_use == "small"


def test_the_run_holds_the_evaluation_in_every_form_without_single_incidents(
    around: Surroundings, retrained: Retrained
) -> None:
    texts = record_of(retrained, around.shelf).texts
    reports = {name: text for name, text in texts.items() if name.startswith("reports/")}
    assert list(reports) == ["reports/evaluation.html", "reports/evaluation.md", "reports/evaluation.json"]
    titles = [section["title"] for section in json.loads(reports["reports/evaluation.json"])["sections"]]
    assert titles[0] == "Accuracy on each axis"
    assert "The surest errors" not in titles
    gold = [one.text for one in retrained.learner.snapshot.gold_incidents]
    assert not [name for name, text in reports.items() if any(narrative in text for narrative in gold)]


def test_a_model_is_made_again_with_the_same_ranks(around: Surroundings, retrained: Retrained) -> None:
    again = remade(around.shelf, retrained.name, None)
    saved = load_model(around.shelf.folder / retrained.name)
    gold = retrained.learner.gold_narratives(retrained.learner.is_gold)
    assert again.manifest.data == saved.manifest.data
    first, second = (Scorer(model, HashingEmbedder(64)).score(gold) for model in (saved, again))
    for axis in CODES:
        assert np.array_equal(first[axis], second[axis]), axis


@pytest.mark.slow
def test_several_trainings_at_a_time_give_the_same_model(retrained: Retrained) -> None:
    model, beside = trained(retrained.learner, retrained.name, n_jobs=2)
    assert beside == retrained.beside
    for axis, ranker in model.rankers.items():
        assert np.array_equal(ranker.lexical_, retrained.model.rankers[axis].lexical_), axis


def test_a_snapshot_is_named_by_its_content_and_comes_back_whole(retrained: Retrained, tmp_path: Path) -> None:
    snapshot = retrained.learner.snapshot
    snapshot.save(tmp_path)
    assert Snapshot.load(tmp_path, snapshot.name) == snapshot
    other = replace(snapshot, gold=frozenset())
    assert other.name != snapshot.name


def test_an_altered_snapshot_is_refused(retrained: Retrained, tmp_path: Path) -> None:
    place = retrained.learner.snapshot.save(tmp_path)
    file = place / "incidents.jsonl"
    file.write_text(file.read_text().replace("SEV2", "SEV1", 1))
    with pytest.raises(ModelError, match="altered"):
        Snapshot.load(tmp_path, place.name)


def test_narratives_that_are_erased_or_mended_leave_every_snapshot(retrained: Retrained, tmp_path: Path) -> None:
    snapshot = retrained.learner.snapshot
    place = snapshot.save(tmp_path)
    erased, mended, *others = snapshot.incidents
    assert forget(tmp_path, [], {}) == 0
    current = {one.key: str(one.text) for one in others} | {mended.key: "It reads otherwise now."}
    assert forget(tmp_path, [erased.incident or 0], current) == 2
    kept = (place / "texts.jsonl").read_text()
    assert json.dumps(others[0].text) in kept
    assert not [one for one in (erased, mended) if json.dumps(one.text) in kept]
    with pytest.raises(ModelError, match="2 of .* erased"):
        Snapshot.load(tmp_path, snapshot.name)


def test_an_erased_incident_leaves_no_vector_behind(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, shelf = Database(sqlite_url), Shelf(tmp_path / "models")
    with database.writing() as session:
        add_coders(session, 1)
        add(session, row("gone"), Coding(CODES))
    kept = CachingEmbedder(HashingEmbedder(8), shelf.vectors / "hashing-8.npz")
    kept.embed([RedactedText("Words of gone.")])
    kept.save([RedactedText("Words of gone.")])
    monkeypatch.setenv("CODESUGGEST_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("CODESUGGEST_MODELS_DIR", str(shelf.folder))
    settings.cache_clear()
    try:
        erased = CliRunner().invoke(app, ["erase", "gone", "--yes"])
    finally:
        settings.cache_clear()
    assert erased.output.startswith("Erased 1 incident."), erased.output
    assert not list(shelf.folder.rglob("*.npz"))


def test_a_text_that_stays_in_a_snapshot_is_for_its_owner_only(around: Surroundings, retrained: Retrained) -> None:
    place = around.shelf.snapshots / retrained.learner.snapshot.name
    assert (place / "texts.jsonl").stat().st_mode & 0o077 == 0
    assert not [
        one for one in retrained.learner.snapshot.incidents if one.text in (place / "incidents.jsonl").read_text()
    ]


def test_an_empty_store_is_nothing_to_learn_from(around: Surroundings, sqlite_url: str) -> None:
    with pytest.raises(RecipeError, match="Nothing to learn from"):
        retrain(RECIPE, replace(around, database=Database(sqlite_url)))


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("[labels]\ntrust = 1", "'labels.trust'"),
        ("[gold]\nshare = 1", "'gold.share'"),
        ('[split]\nby = "random"', "draws its own gold"),
    ],
)
def test_a_bad_recipe_of_retraining_is_refused(tmp_path: Path, extra: str, message: str) -> None:
    (tmp_path / "r.toml").write_text(f'name = "x"\ntaxonomy = "{TAXONOMY}"\n[data]\n{extra}\n')
    with pytest.raises(RecipeError, match=message):
        load_retrain_recipe(tmp_path / "r.toml")


def test_the_shipped_recipe_can_be_read_and_does_not_trust_acceptances_fully() -> None:
    assert load_retrain_recipe(ROOT / "training" / "retrain.toml").labels.accepted < 1
