"""Four weeks of a department: coded through the service, retrained weekly, promoted, refused, rolled back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from coded import SAMPLE, TAXONOMY
from codesuggest.domain import Caller, Taxonomy
from codesuggest.embed import HashingEmbedder
from codesuggest.errors import GateError
from codesuggest.promotion import Shelf, promote, roll_back
from codesuggest.protocol import load_protocol
from codesuggest.redact import Redactor
from codesuggest.registry import load_model, save_model
from codesuggest.retrain import Retrained, RetrainRecipe, Surroundings, retrain
from codesuggest.retrain.recording import record
from codesuggest.retrain.remaking import remake_and_compare
from codesuggest.settings import shipped
from codesuggest.store.history import confirmations
from codesuggest.suggest import Suggester
from codesuggest.tracking import Tracking, local_url
from codesuggest.train import load_recipe, train
from reviewers import Department, Person, department

WEEK = 75
POISONED = 0.3
Row = Mapping[str, object]


def recipe(gold: Path, archive: Path) -> RetrainRecipe:
    return RetrainRecipe.model_validate(
        {
            "name": "ward",
            "taxonomy": TAXONOMY,
            "data": {"files": [archive]},
            "embedder": {"name": "hashing-128"},
            "ranker": {"n_folds": 2, "max_words": 4000, "max_characters": 4000},
            "gold": {"share": 0.2, "files": [gold]},
            "held_out": {"newest": False, "site_folds": 0, "curve": []},
        }
    )


@dataclass
class Ward:
    """The department, its coder and lead, and what is counted on the way."""

    of: Department
    around: Surroundings
    recipe: RetrainRecipe
    tracking: Tracking
    lead: Person
    coder: Person
    n_confirmed: int = 0
    weeks: list[Retrained] = field(default_factory=list)

    def week(self, rows: Sequence[Row], codes: Mapping[str, Mapping[str, list[str]]]) -> Retrained:
        """A week's incidents come in, are coded through the service, and a challenger is trained on all so far."""
        sent = [
            {key: row[key] for key in ("id", "text", "site")} | {"reported": str(row["reported"])[:10]} for row in rows
        ]
        for start in range(0, len(sent), 25):
            answer = self.lead.post("/v1/incidents/batch", {"incidents": sent[start : start + 25]})
            assert answer.status_code == 201, answer.text
        while incident := self.coder.next()["incident"]:
            assert self.coder.confirm(incident, codes[incident["reference"]]).status_code == 201
            self.n_confirmed += 1
        made = retrain(self.recipe, self.around)
        record(made, self.around.shelf, self.tracking)
        self.weeks.append(made)
        return made

    def settle_alias(self, name: str) -> None:
        version = (self.around.shelf.decision(name) or {})["version"]
        self.tracking.alias("champion", version)


def poisoned(rows: Sequence[Row], taxonomy: Taxonomy) -> dict[str, dict[str, list[str]]]:
    """Right codes, but on three incidents of ten those of somebody who misread the list by one line on every axis."""
    codes = {}
    for number, row in enumerate(rows):
        given: dict[str, list[str]] = dict(row["codes"])  # type: ignore[call-overload]
        if number % 10 < 10 * POISONED:
            for axis, right in given.items():
                listed = taxonomy.assignable[axis]
                given[axis] = list(dict.fromkeys(listed[(listed.index(code) + 1) % len(listed)] for code in right))
        codes[str(row["id"])] = given
    return codes


def right(rows: Sequence[Row]) -> dict[str, dict[str, list[str]]]:
    return {str(row["id"]): row["codes"] for row in rows}  # type: ignore[misc]


@pytest.fixture
def rows() -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = {"gold": [], "train": [], "development": []}
    for line in SAMPLE.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found[row["split"]].append(row)
    return found


def first_champion(rows: Sequence[Row], folder: Path) -> None:
    """A model that has learnt from a dozen incidents."""
    (folder / "few.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    text = f'name = "first"\ntaxonomy = "{TAXONOMY}"\n[data]\nfiles = ["few.jsonl"]\n[embedder]\nname = "hashing-128"\n'
    (folder / "first.toml").write_text(text + "[ranker]\nn_folds = 2\nmax_words = 4000\nmax_characters = 4000\n")
    save_model(train(load_recipe(folder / "first.toml")).model, folder / "models" / "first")
    (folder / "models" / "in-use").write_text("first\n")


@pytest.mark.slow
def test_four_weeks_of_a_department(
    rows: dict[str, list[dict[str, object]]], working: Taxonomy, redactor: Redactor, sqlite_url: str, tmp_path: Path
) -> None:
    first_champion(rows["development"][:12], tmp_path)
    gold = tmp_path / "gold.jsonl"
    gold.write_text("".join(json.dumps(row) + "\n" for row in rows["gold"]), encoding="utf-8")
    archive = tmp_path / "archive.jsonl"
    archive.write_text("".join(json.dumps(row) + "\n" for row in rows["train"][4 * WEEK :][:WEEK]), encoding="utf-8")
    shelf = Shelf(tmp_path / "models")
    weeks = [rows["train"][WEEK * n : WEEK * (n + 1)] for n in range(4)]
    suggester = Suggester(load_model(shelf.folder / "first"), HashingEmbedder(128), redactor)
    with department(suggester, sqlite_url, blind=0.3, requests_per_minute=100_000) as of:
        around = Surroundings(shelf, load_protocol(shipped("protocol.toml")).gate, of.database)
        tracking = Tracking(local_url(shelf.folder))
        people = of.person("lead", "administrator"), of.person("coder")
        ward = Ward(of, around, recipe(gold, archive), tracking, *people)
        for week in weeks[:2]:
            made = ward.week(week, right(week))
            assert made.comparison.decision.is_promotable, made.comparison.decision.reasons
            promote(shelf, made.name)
        spoilt = ward.week(weeks[2], poisoned(weeks[2], working))
        assert not spoilt.comparison.decision.is_promotable
        assert any("codings since: worse" in reason for reason in spoilt.comparison.decision.reasons)
        with pytest.raises(GateError, match="may not replace"):
            promote(shelf, spoilt.name)
        assert shelf.in_use == made.name
        mend(ward, right(weeks[2]))
        last = ward.week(weeks[3], right(weeks[3]))
        assert roll_back(shelf, by="lead", reason="a trial").model == shelf.in_use == ward.weeks[0].name
        ward.settle_alias(shelf.in_use)
    assert_it_adds_up(ward, last)


def mend(ward: Ward, codes: Mapping[str, Mapping[str, list[str]]]) -> None:
    """The coder corrects the week's wrong codings, each by a row that supersedes the earlier one."""
    with ward.of.database.reading() as session:
        given = confirmations(session, Caller("tests"))
    for row in given:
        if row.reference in codes and {a: list(c) for a, c in row.codes.items()} != dict(codes[row.reference]):
            answer = ward.coder.post(f"/v1/confirmations/{row.id}/supersede", {"codes": codes[row.reference]})
            assert answer.status_code == 201, answer.text


def assert_it_adds_up(ward: Ward, last: Retrained) -> None:
    """Every incident is confirmed once, and in the snapshot, as gold or to train on; every model can be made again."""
    assert ward.n_confirmed == 4 * WEEK
    stored = [one for one in last.learner.snapshot.incidents if one.incident is not None]
    assert len(stored) == 4 * WEEK - last.collected.left_out.get("repeated", 0)
    held = int((~last.learner.is_trained_on).sum())
    assert int(last.model.manifest.data["n"]) + held == len(last.learner.snapshot.incidents)
    kinds = [change.kind for change in ward.around.shelf.changes()]
    assert kinds == ["promoted", "promoted", "rolled back"]
    aliases = ward.tracking.versions_of_aliases()
    assert aliases == {"champion": "1", "challenger": "4"}
    for week in ward.weeks:
        same, n = remake_and_compare(ward.around.shelf, week.name, None)
        assert same == n > 0, week.name
