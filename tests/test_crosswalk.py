"""Moving to another taxonomy: what is certain moves by itself, the rest is decided by people, nothing old changes."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from codesuggest.cli import app
from codesuggest.crosswalk import move_file, move_store, propose
from codesuggest.domain import Axis, Caller, Narrative, RedactedNarrative, RedactedText, Taxonomy
from codesuggest.embed import HashingEmbedder
from codesuggest.errors import ForbiddenError, ModelError, TaxonomyError, UnknownCodeError
from codesuggest.read import NarrativeReader, read_narratives
from codesuggest.redact import Redactor
from codesuggest.registry import save_model
from codesuggest.settings import Settings, settings
from codesuggest.store import tables
from codesuggest.store.database import Database
from codesuggest.store.history import confirmations, settled_incidents
from codesuggest.store.learning import incidents_to_learn_from
from codesuggest.store.moves import codings_in, record_move
from codesuggest.suggest import Suggester
from codesuggest.taxonomy import (
    Crosswalk,
    Moved,
    agreed,
    load_crosswalk,
    load_taxonomy,
    parse_coding_string,
    require_coded_in,
    write_coding_string,
)
from codesuggest.train import Recipe, train
from codesuggest.train.recipe import DataPart
from codesuggest.web import create_app
from reviewers import CODES, department

EXAMPLE = Path(__file__).parents[1] / "annotation" / "crosswalk" / "example"
SAMPLE = EXAMPLE.parents[1] / "sample" / "incidents.jsonl"
LEAD = Caller("lea", "lead")
SPLIT = CODES | {"pathway": ["CHK.identity", "PST.images"]}


@pytest.fixture(scope="session")
def example() -> Crosswalk:
    return load_crosswalk(EXAMPLE / "crosswalk.toml")


@pytest.fixture(scope="session")
def next_model(example: Crosswalk, redactor: Redactor) -> Suggester:
    """A model of the made-up next taxonomy that has seen nothing but its wording."""
    recipe = Recipe(name="next", taxonomy=example.new_source, data=DataPart())
    return Suggester(train(recipe, embedder=HashingEmbedder(64)).model, HashingEmbedder(64), redactor)


def codes(**given: str) -> dict[str, tuple[str, ...]]:
    return {axis: tuple(of.split()) for axis, of in given.items()}


FULL = codes(
    severity="SEV2",
    exposure_type="EXP-MED",
    intended_modality="MOD-DENTAL",
    performed_modality="MOD-CT",
    pathway="CHK.identity",
    contributory_factor="CF-IND.slip",
)


def test_one_to_one_moves_by_itself_and_unlisted_codes_keep_themselves(example: Crosswalk) -> None:
    moved = example.move(FULL)
    assert moved.codes == FULL | codes(severity="S2", intended_modality="MOD-XR")
    assert moved.open == {}


def test_one_to_many_is_left_to_a_person_who_chooses_among_the_successors(example: Crosswalk) -> None:
    moved = example.move(FULL | codes(pathway="CHK.identity PST.images"))
    assert moved.codes["pathway"] == ("CHK.identity",)
    assert moved.open["pathway"].candidates == ("PST.lost", "PST.mislabelled")
    assert "PST.images became PST.lost or PST.mislabelled" in moved.open["pathway"].because


@pytest.mark.parametrize(
    ("given", "is_open"),
    [
        (codes(contributory_factor="CF-PAT.information"), False),
        (codes(contributory_factor="CF-PAT.information CF-IND.slip"), False),
        (codes(pathway="PST.care CHK.identity"), False),
        (codes(pathway="PST.care"), True),
    ],
)
def test_a_retired_code_is_left_out_and_asks_only_where_one_is_needed(
    example: Crosswalk, given: dict[str, tuple[str, ...]], is_open: bool
) -> None:
    moved = example.move(FULL | given)
    (axis,) = given
    assert set(moved.codes.get(axis, ())) == set(given[axis]) - {"PST.care", "CF-PAT.information"}
    assert (axis in moved.open) is is_open


def test_what_the_narrative_does_not_say_stays_unsaid(example: Crosswalk) -> None:
    given = {axis: of for axis, of in FULL.items() if axis != "severity"}
    assert (example.move(given, ("severity",)).unsaid, example.move(given, ("severity",)).open) == (("severity",), {})
    assert "severity" in example.move(given).open


def test_several_codes_on_an_axis_that_takes_one_are_for_a_person() -> None:
    old = Taxonomy("old", "Old", (Axis("cause", "Cause", many=True, pattern=r"C\d"),))
    new = Taxonomy("new", "New", (Axis("reason", "Reason", pattern=r"R\d"),))
    crosswalk = Crosswalk(old, new, {"cause": "reason"}, {"cause": {"C1": ("R1",), "C2": ("R2",), "C3": ("R1",)}})
    assert crosswalk.move(codes(cause="C1 C3")).codes == codes(reason="R1")
    assert crosswalk.move(codes(cause="C1 C2")).open["reason"].candidates == ("R1", "R2")
    with pytest.raises(UnknownCodeError, match="'C4' has no place in new"):
        crosswalk.move(codes(cause="C4"))


def test_two_codings_agree_or_are_decided(example: Crosswalk) -> None:
    first, second = example.move(FULL), example.move(FULL | codes(severity="SEV3"))
    both = agreed([first, second])
    assert both.open["severity"].candidates == ("S2", "S3")
    assert "severity" not in both.codes
    assert both.codes["pathway"] == ("CHK.identity",)
    assert agreed([first, first]) == first


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[codes.severity]\nSEV9 = 'S1'", "'SEV9' is no code of imaging-working-1"),
        ("[codes.severity]\nSEV1 = 'S9'", "'S9' is no code of imaging-working-2"),
        ("[codes.colour]\nRED = 'S1'", "no axis 'colour' in imaging-working-1"),
        ("[axes]\nseverity = 'gravity'", "no axis 'gravity' in imaging-working-2"),
        ("", "'SEV1' has no place in imaging-working-2. List it"),
        ("[codes.pathway]\nPST = 'PST.lost'", "'PST' is no code of imaging-working-1"),
    ],
)
def test_a_crosswalk_that_cannot_be_right_is_refused(write: Callable[..., Path], content: str, message: str) -> None:
    head = f"from = 'imaging-working-1'\nto = '{EXAMPLE / 'imaging-working-2'}'\n"
    with pytest.raises(TaxonomyError, match=message):
        load_crosswalk(write("crosswalk.toml", head + content))


def test_check_shows_every_kind_of_move() -> None:
    result = CliRunner().invoke(app, ["taxonomy", "crosswalk", "check", str(EXAMPLE / "crosswalk.toml")])
    assert result.exit_code == 0
    assert "  severity SEV1 -> S1" in result.stdout
    assert "  pathway PST.images -> PST.lost or PST.mislabelled" in result.stdout
    assert "1 new: only people give them\n  contributory_factor CF-EQP.learnt" in result.stdout
    assert "  intended_modality MOD-XR\n" in result.stdout  # the same code with other words


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Images deleted from the archive and never sent to PACS, they are missing", "PST.lost"),
        ("Images labelled with another name and filed into the wrong patient record", "PST.mislabelled"),
    ],
)
def test_proposals_are_ranked_by_the_new_wording_among_the_successors_only(
    example: Crosswalk, next_model: Suggester, text: str, first: str
) -> None:
    narrative = RedactedNarrative("W1", RedactedText(text))
    moved = example.move(FULL | codes(pathway="PST.images"))
    (proposed,) = propose(example, [narrative], [moved], next_model)
    pathway = proposed.axes["pathway"]
    assert {suggestion.code for suggestion in pathway} == {"PST.lost", "PST.mislabelled"}
    assert pathway[0].code == first
    assert sum(suggestion.score for suggestion in pathway) == pytest.approx(1, abs=1e-3)
    assert (proposed.model, proposed.taxonomy) == (f"crosswalk {example.name}", "imaging-working-2")


def test_a_model_of_another_taxonomy_may_not_rank(example: Crosswalk, suggester: Suggester) -> None:
    with pytest.raises(ModelError, match="trained on taxonomy imaging-working-1; the crosswalk leads to"):
        propose(example, [], [], suggester)


def test_the_sample_moves_to_the_made_up_next_list(
    example: Crosswalk, next_model: Suggester, redactor: Redactor, tmp_path: Path
) -> None:
    """Every incident moves or waits, for a reason that can be counted in the sample itself."""
    rows = list(read_narratives(SAMPLE, NarrativeReader(example.old)))[:200]
    out, queue = tmp_path / "moved.jsonl", tmp_path / "queue.jsonl"
    done = move_file(example, rows, redactor, next_model, moved=out, queue=queue)
    undecided = {"PST.images", "CF-IND.distraction", "CF-ORG.staffing"}
    given = {row.id: row.existing_codes for row in rows if isinstance(row, Narrative)}
    waits = {
        id
        for id, of in given.items()
        if undecided & {code for axis in of.values() for code in axis} or of["pathway"] == ("PST.care",)
    }
    moved, queued = ([json.loads(line) for line in path.read_text().splitlines()] for path in (out, queue))
    assert (done.n_moved, done.n_queued) == (len(rows) - len(waits), len(waits))
    assert {row["id"] for row in queued} == waits
    assert {row["taxonomy"] for row in moved} == {"imaging-working-2"}
    assert all(example.new.spelling(a, c) == c for row in moved for a, of in row["codes"].items() for c in of)
    assert all(entry["proposed"] for row in queued for entry in row["open"].values())
    assert done.retired["contributory_factor CF-PAT.information"] == sum(
        "CF-PAT.information" in of.get("contributory_factor", ()) for of in given.values()
    )


def test_rows_coded_in_another_taxonomy_are_refused(example: Crosswalk) -> None:
    row = Narrative("W1", "Film lost", FULL, {"taxonomy": "imaging-working-1"})
    require_coded_in([row], example.old)
    with pytest.raises(UnknownCodeError, match="W1 is coded in imaging-working-1, but imaging-working-2 is in use"):
        require_coded_in([row], example.new)


def test_a_grammar_without_a_list_can_be_moved_to(working: Taxonomy, national: Taxonomy) -> None:
    """To strings of PRIA24's shape. The numbers are places in our own list: they mean nothing in the national one."""
    forms: dict[str, Callable[[int], str]] = {
        "severity": lambda n: f"L{n}",
        "exposure_type": lambda n: f"E{n}",
        "intended_modality": lambda n: f"M{chr(64 + n)}",
        "performed_modality": lambda n: f"P{n}",
        "pathway": lambda n: f"{1 + n // 9}.{1 + n % 9}a",
        "contributory_factor": lambda n: f"CF{n}a",
    }
    moves = {
        axis: {code: (forms[axis](n),) for n, code in enumerate(given, start=1)}
        for axis, given in working.assignable.items()
    }
    crosswalk = Crosswalk(working, replace(national, name="shaped-24"), {}, moves)
    rows = [row for row in read_narratives(SAMPLE, NarrativeReader(working)) if isinstance(row, Narrative)]
    moved = [crosswalk.move(row.existing_codes) for row in rows]
    sure = [one for one in moved if not one.open]
    assert len(sure) == sum(bool(row.existing_codes.get("contributory_factor")) for row in rows) > 500
    for one in sure:
        assert parse_coding_string(write_coding_string(one.codes, crosswalk.new), crosswalk.new) == one.codes
    (without,) = {tuple(one.open) for one in moved if one.open}
    assert without == ("contributory_factor",)


@pytest.fixture
def moving(suggester: Suggester, database_url: str) -> str:
    """A store of three incidents in the old taxonomy: one moves by itself, one has a split code, one is disputed."""
    with department(suggester, database_url) as place:
        lead, one, two = place.person("lea", "lead"), place.person("one"), place.person("two")
        ids = place.send_in(lead, "Film lost", "Images filed to the wrong record", "Wrong patient scanned")
        with place.database.writing() as session:
            session.get_one(tables.Incident, ids[2]).n_wanted = 2
        for id, given in zip(ids, (CODES, SPLIT, CODES), strict=True):
            one.confirm(one.post(f"/v1/incidents/{id}/open").json()["incident"], given)
        two.confirm(two.post(f"/v1/incidents/{ids[2]}/open").json()["incident"], CODES | {"severity": ["SEV3"]})
    return database_url


def _everything_old(database: Database) -> list[tuple[Any, ...]]:
    with database.reading() as session:
        return [(row.id, row.taxonomy, row.codes, row.coder) for row in confirmations(session, LEAD)]


def test_the_store_moves_and_nothing_old_changes(
    moving: str, database: Database, example: Crosswalk, next_model: Suggester
) -> None:
    before = _everything_old(database)
    done = move_store(database, example, next_model, by="lea")
    assert (done.n_moved, done.n_queued, done.refused) == (1, 2, {})
    assert _everything_old(database) == before
    with database.reading() as session:
        (settled,) = settled_incidents(session, LEAD)
    assert (settled.taxonomy, settled.codes["severity"]) == ("imaging-working-2", ("S2",))
    assert settled.settled_by == "assisted"
    with database.reading() as session:
        (learnt,) = incidents_to_learn_from(session, "imaging-working-2").incidents
    assert (learnt.source, learnt.codes) == ("assisted", settled.codes)
    again = move_store(database, example, next_model, by="lea")
    assert (again.n_moved, again.n_queued) == (0, 0)
    with database.writing() as session:
        (coding,) = codings_in(session, "imaging-working-2", after=0, limit=2)
        record_move(session, coding, "onwards", "imaging-working-3", Moved(learnt.codes), lead_id=1)
    with database.reading() as session:
        (twice,) = incidents_to_learn_from(session, "imaging-working-3").incidents
    assert twice.source == "assisted"
    with database.writing() as session:
        (coding,) = codings_in(session, "imaging-working-3", after=0, limit=2)
        moved = coding.adjudication
        assert moved is not None
        columns = ("incident_id", "lead_id", "confirmations", "taxonomy", "codes", "unsaid", "adjudicated_at")
        by_lead = {name: getattr(moved, name) for name in columns}
        session.add(tables.Adjudication(**by_lead, supersedes_id=moved.id, idempotency_key="a lead's own"))
    with database.writing() as session:
        (coding,) = codings_in(session, "imaging-working-3", after=0, limit=2)
        record_move(session, coding, "onwards", "imaging-working-4", Moved(learnt.codes), lead_id=1)
    with database.reading() as session:
        (decided,) = incidents_to_learn_from(session, "imaging-working-4").incidents
    assert decided.source == "adjudicated"


def test_a_lead_decides_what_does_not_move_by_itself(
    moving: str, database: Database, example: Crosswalk, next_model: Suggester
) -> None:
    move_store(database, example, next_model, by="lea")
    with department(next_model, moving) as place:
        lead = place.person("lou", "lead")
        waiting = {row["reference"]: row for row in lead.get("/v1/adjudications").json()["incidents"]}
        assert set(waiting) == {"W2", "W3"}
        split = waiting["W2"]
        assert list(split["move"]["open"]) == ["pathway"]
        assert {s["code"] for s in split["suggestions"]["axes"]["pathway"]} == {
            *("CHK.identity", "PST.lost", "PST.mislabelled")
        }
        page = lead.get(f"/adjudication/{split['id']}").text
        assert "PST.images became PST.lost or PST.mislabelled" in page
        decided = split["move"]["codes"] | {"pathway": ["CHK.identity", "PST.mislabelled"]}
        answer = lead.post(f"/v1/incidents/{split['id']}/adjudicate", {"version": split["version"], "codes": decided})
        assert answer.json()["state"] == "adjudicated"
        assert lead.get("/v1/export").json()["incidents"][1]["taxonomy"] == "imaging-working-2"
        assert [row["reference"] for row in lead.get("/v1/adjudications").json()["incidents"]] == ["W3"]


def test_an_old_model_is_refused_once_the_store_has_moved(
    moving: str, database: Database, example: Crosswalk, next_model: Suggester, suggester: Suggester
) -> None:
    move_store(database, example, next_model, by="lea")
    with pytest.raises(ModelError, match="the store's codings have moved to imaging-working-2"):
        create_app(suggester, Settings(auth="password", database_url=moving))
    create_app(next_model, Settings(auth="password", database_url=moving)).state.service.database.close()


def test_a_service_does_not_switch_to_a_model_that_the_store_has_moved_away_from(
    moving: str, database: Database, example: Crosswalk, next_model: Suggester, suggester: Suggester, tmp_path: Path
) -> None:
    later = replace(suggester.model, manifest=replace(suggester.model.manifest, name="later"))
    save_model(later, tmp_path / "models" / "later")
    (tmp_path / "models" / "in-use").write_text("later\n")
    wanted = Settings(auth="password", database_url=moving, models_dir=tmp_path / "models")
    service = create_app(suggester, wanted, is_following=True)
    move_store(database, example, next_model, by="lea")
    service.state.follower.look()
    assert service.state.service.suggester is suggester
    service.state.service.database.close()


def test_what_waits_for_the_new_taxonomy_is_not_settled_in_the_old(
    moving: str, database: Database, example: Crosswalk, next_model: Suggester, suggester: Suggester
) -> None:
    with department(suggester, moving) as place:
        move_store(database, example, next_model, by="lea")
        waiting = place.person("lou", "lead").get("/v1/adjudications").json()["incidents"][-1]
        body = {"version": waiting["version"], "codes": SPLIT}
        answer = place.person("lee", "lead").post(f"/v1/incidents/{waiting['id']}/adjudicate", body)
    assert answer.status_code == 409
    assert "its codes wait to be moved to imaging-working-2, but imaging-working-1 is in use" in answer.text


def test_the_commands_move_a_file_and_the_store(moving: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODESUGGEST_DATABASE_URL", moving)
    settings.cache_clear()
    coded = tmp_path / "coded.jsonl"
    rows = [{"id": f"W{n}", "text": "Film lost", "codes": given} for n, given in enumerate((CODES, SPLIT), start=1)]
    coded.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    crosswalk, hashing = str(EXAMPLE / "crosswalk.toml"), ["--embedder", "hashing-64"]
    out = ["--out", str(tmp_path / "moved.jsonl")]
    applied = CliRunner().invoke(app, ["taxonomy", "crosswalk", "apply", crosswalk, str(coded), *out, *hashing])
    moved = CliRunner().invoke(app, ["taxonomy", "crosswalk", "move", crosswalk, "--by", "lea", *hashing])
    settings.cache_clear()
    assert "Moved 1 of 2 narratives to imaging-working-2" in applied.stdout, applied.stderr
    (waiting,) = (tmp_path / "moved.queue.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(waiting)["codes"]["pathway"] == ["CHK.identity"]
    assert "moved 1 incidents; 2 wait for a lead; 0 could not be moved." in moved.stdout, moved.stderr


def test_only_a_lead_of_all_sites_applies_a_crosswalk(moving: str, database: Database, example: Crosswalk) -> None:
    for name in ("one", "nobody"):
        with pytest.raises(ForbiddenError, match="is no lead of all sites"):
            move_store(database, example, None, by=name)


def test_the_example_is_what_the_readme_says() -> None:
    assert load_taxonomy(EXAMPLE / "imaging-working-2").name == "imaging-working-2"
