"""A planted name, NHS number and date of birth go through everything and are in no byte that it leaves behind."""

import io
import json
import logging
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from typer.testing import CliRunner

from coded import sample
from codesuggest.cli import app
from codesuggest.crosswalk import move_file
from codesuggest.domain import RedactedText, Taxonomy
from codesuggest.drift import Observed, Watched, watch
from codesuggest.embed import HashingEmbedder
from codesuggest.evaluate import evaluate
from codesuggest.promotion import Shelf
from codesuggest.protocol import load_protocol
from codesuggest.read import NarrativeReader
from codesuggest.redact import Redactor
from codesuggest.registry import Model, load_model, save_model
from codesuggest.report import evaluation_json, incident_json
from codesuggest.report.drifting import drift_document
from codesuggest.report.printing import to_markdown
from codesuggest.retrain import RetrainRecipe, Surroundings, retrain
from codesuggest.retrain.recording import record
from codesuggest.settings import Settings, settings, shipped
from codesuggest.store.backup import backup
from codesuggest.suggest import Suggester
from codesuggest.taxonomy import load_crosswalk
from codesuggest.tracking import Tracking, local_url
from codesuggest.train import load_recipe, train
from codesuggest.web import create_app
from reviewers import CODES, OTHER, Person, department

CROSSWALK = Path(__file__).parents[1] / "annotation" / "crosswalk" / "example" / "crosswalk.toml"
PLANTED = ("Zebedee Quillfeather", "Quillfeather", "999 123 4560", "9991234560", "17/11/1938", "ZQ4471902")
TEXT = (
    "Mr Zebedee Quillfeather, NHS no 999 123 4560, DOB 17/11/1938, hospital no ZQ4471902, was scanned in place of "
    "another patient. Mr Quillfeather was told by the ward."
)
PHRASE = "purple trolleys blocked the ramp beside the lift"
"""Words that nobody redacts: part of a narrative, and so nothing for MLflow. Models know pairs of words at most."""


@pytest.fixture
def planted(small_folder: Path, tmp_path: Path) -> Path:
    """The small recipe with a planted incident among the others, and a row that cannot be read."""
    rows = (small_folder / "incidents.jsonl").read_text(encoding="utf-8").splitlines()
    codes = json.loads(rows[0])["codes"]
    rows += [json.dumps({"id": "canary", "text": TEXT, "codes": codes}), f'{{"id": "broken", "text": "{TEXT}']
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "incidents.jsonl").write_text("\n".join(rows), encoding="utf-8")
    (folder / "recipe.toml").write_text((small_folder / "recipe.toml").read_text())
    return folder


def assert_clean(content: str | bytes, where: str) -> None:
    text = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
    assert not [value for value in PLANTED if value.casefold() in text.casefold()], where


def test_nothing_that_training_and_suggesting_leave_behind_holds_it(
    planted: Path,
    tmp_path: Path,
    redactor: Redactor,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with caplog.at_level(logging.DEBUG):
        training = train(load_recipe(planted / "recipe.toml"))
        folder = save_model(training.model, tmp_path / "out" / "model")
        suggester = Suggester(load_model(folder), HashingEmbedder(64), redactor)
        (incident,) = suggester.suggest([TEXT])
        gold = redactor.redact(NarrativeReader().narrative("g", TEXT + " Again.", codes={"severity": ("SEV2",)}))
        evaluation = evaluate(suggester, [gold], n_rounds=10)
    assert "scanned in place of another patient" in incident.redacted
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            assert_clean(path.read_bytes(), str(path))
    assert_clean(json.dumps(incident_json(incident)) + repr(incident), "suggestion")
    assert_clean(json.dumps(evaluation_json(evaluation)) + repr(gold), "evaluation")
    assert_clean(repr(training), "training")
    features = training.model.features
    assert not {"quillfeather", "zebedee", "zq4471902"} & set(features.words_.vocabulary_)
    assert not [feature for feature in features.characters_.vocabulary_ if "quill" in feature]
    assert_clean(caplog.text, "logs")
    assert_clean("".join(capfd.readouterr()), "standard output and error")


def test_no_answer_of_the_service_holds_it(suggester: Suggester, caplog: pytest.LogCaptureFixture) -> None:
    bodies = [
        {"text": TEXT},
        {"text": TEXT, "top": -1},
        {"text": [TEXT]},
        {"narratives": [{"id": TEXT, "text": TEXT}]},
        {"txt": TEXT},
        {"text": TEXT * 100},
    ]
    with caplog.at_level(logging.DEBUG), TestClient(create_app(suggester, Settings())) as client:
        for body in bodies:
            assert_clean(client.post("/v1/suggest", json=body).text, str(list(body)))
        assert_clean(client.post("/v1/suggest", content=TEXT.encode()).text, "raw body")
    assert_clean(caplog.text, "logs")


def test_no_byte_of_the_store_no_log_and_no_error_of_its_interface_holds_it(
    suggester: Suggester, sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), department(suggester, sqlite_url, double=1) as ward:
        lead, coder, other = ward.person("lea", "administrator"), ward.person("cod"), ward.person("two")
        (id,) = ward.send_in(lead, TEXT)
        rows = f'id,text,site\nF1,"{TEXT}",\nF2,"{TEXT}\n'.encode()
        lead.http.post("/v1/incidents/file", params={"name": "a.csv"}, content=rows)
        answers = [
            coder.confirm(coder.next()["incident"], comment=TEXT),
            other.confirm(other.next()["incident"], OTHER, comment=TEXT),
            lead.post(f"/v1/incidents/{id}/adjudicate", {"version": 2, "codes": CODES, "comment": TEXT}),
            other.post(f"/v1/incidents/{other.next()['incident']['id']}/skip", {"reason": TEXT}),
        ]
        assert [answer.status_code for answer in answers] == [201, 201, 201, 204]
        answers += refused_requests(lead, coder, id)
        assert all(answer.status_code < 500 for answer in answers)
        answers += [lead.get(path) for path in ("/v1/audit-log", "/v1/export", "/v1/incidents", "/metrics")]
        for answer in answers:
            assert_clean(answer.text, str(answer.request.url.path))
        backup(ward.database, Path(str(ward.database.url.database)).with_name("copy.backup"))
    for path in Path(str(ward.database.url.database)).parent.iterdir():
        assert_clean(path.read_bytes(), path.name)
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("httpx")]
    assert_clean("\n".join(ours), "logs")


def test_no_file_moved_to_another_taxonomy_and_no_report_of_drift_holds_it(
    redactor: Redactor, working: Taxonomy, tmp_path: Path
) -> None:
    crosswalk = load_crosswalk(CROSSWALK)
    codes = {axis: tuple(given) for axis, given in CODES.items()}
    rows = [
        NarrativeReader(working).narrative(f"W{n}", TEXT, codes=codes | {"pathway": (code,)})
        for n, code in enumerate(("CHK.identity", "PST.images"))
    ]
    files = tmp_path / "moved.jsonl", tmp_path / "queue.jsonl"
    done = move_file(crosswalk, rows, redactor, None, moved=files[0], queue=files[1])
    assert (done.n_moved, done.n_queued) == (1, 1)
    for file in files:
        assert_clean(file.read_bytes(), file.name)
    texts = [Observed(month, redactor.redact(rows[0]).text) for month in ("2026-01", "2026-02") for _ in range(20)]
    drift = watch(
        Watched(texts=[*texts, *(Observed("2026-03", RedactedText("film lost")) for _ in range(40))]), working
    )
    assert [alarm for alarm in drift.alarms if alarm.signal == "words"]
    assert_clean(to_markdown(drift_document(drift, working, made="2026-11-29")) + repr(drift), "drift")


def test_no_byte_of_mlflow_holds_it_nor_any_words_of_a_narrative(
    planted: Path, small_model: Model, suggester: Suggester, sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It comes in by every way there is: a file to learn from, a file of gold, and the service's store."""
    models, rows = planted / "models", (planted / "incidents.jsonl").read_text(encoding="utf-8").splitlines()
    coded = "\n".join(rows[-50:]).replace(TEXT, f"{TEXT} Then {PHRASE}.")
    (planted / "incidents.jsonl").write_text(coded, encoding="utf-8")
    told = "Mr Zebedee Quillfeather, NHS no 999 123 4560, DOB 17/11/1938, was told"
    gold = [row | {"text": f"{row['text']} {told} when {PHRASE}."} for row in sample(12, first=100)]
    (planted / "gold.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in gold))
    save_model(small_model, models / "small")
    (models / "in-use").write_text("small\n")
    rules = load_protocol(shipped("protocol.toml")).gate
    assert rules is not None
    with caplog.at_level(logging.DEBUG, "codesuggest"), department(suggester, sqlite_url, blind=1) as ward:
        lead, coder = ward.person("lea", "administrator"), ward.person("cod")
        ward.send_in(lead, *(f"{row['text']} {TEXT} {PHRASE}." for row in sample(4, first=130)), site="North")
        while incident := coder.next()["incident"]:
            assert coder.confirm(incident).status_code == 201
        rules = rules.model_copy(update={"fewest_gold": 2})
        made = retrain(quick_recipe(planted), Surroundings(Shelf(models), rules, ward.database))
        record(made, Shelf(models), Tracking(local_url(models)))
    assert made.comparison.on_gold is not None
    snapshot, used = made.learner.snapshot, made.learner.is_trained_on
    with_it = Counter((one.source, bool(used[n])) for n, one in enumerate(snapshot.incidents) if PHRASE in one.text)
    assert set(with_it) == {("from a file", True), ("settled elsewhere", False), ("blind", True), ("blind", False)}
    assert_clean((models / "snapshots" / snapshot.name / "texts.jsonl").read_bytes(), "snapshot")
    kept = dict(everything_in(models / "tracking"))
    assert {"mlflow.db", "MLmodel", "card.md", "manifest.json", "past.npy", "features.skops/schema.json"} <= {
        "/".join(Path(name).parts[-2:]) if "skops" in name else Path(name).name for name in kept
    }
    words = PHRASE.split()
    threes = [" ".join(words[n : n + 3]) for n in range(len(words) - 2)]
    for name, content in kept.items():
        assert_clean(content, name)
        assert not [three for three in threes if three.encode() in content.lower()], name
    assert_clean(caplog.text, "logs")


def quick_recipe(folder: Path) -> RetrainRecipe:
    """A quick recipe that learns from the planted file, and has the planted gold."""
    return RetrainRecipe.model_validate(
        {
            "name": "ward",
            "taxonomy": "imaging-working-1",
            "data": {"files": [folder / "incidents.jsonl"]},
            "embedder": {"name": "hashing-64"},
            "ranker": {"n_folds": 2, "max_words": 20_000, "max_characters": 2000},
            "gold": {"share": 0.5, "files": [folder / "gold.jsonl"]},
            "held_out": {"newest": False, "site_folds": 0, "curve": []},
        }
    )


def everything_in(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file's name and bytes; of an archive, those of what is packed in it."""
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            yield str(path), content
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(io.BytesIO(content)) as packed:
                    yield from ((f"{path}/{name}", packed.read(name)) for name in packed.namelist())


def refused_requests(lead: Person, coder: Person, id: int) -> list[Response]:
    """A narrative in every place where something else belongs."""
    words = {"version": 1, "codes": {"severity": [TEXT]}, "unsaid": [TEXT], "shown": {TEXT: [TEXT]}}
    span = {"start": 0, "end": 1, "type": TEXT}
    return [
        lead.post("/v1/incidents", {"id": TEXT, "text": TEXT}),
        lead.post("/v1/incidents", {"id": "W2", "text": TEXT, "site": TEXT, "codes": {TEXT: [TEXT]}}),
        lead.post("/v1/incidents/batch", {"incidents": TEXT}),
        coder.post(f"/v1/incidents/{id}/confirm", words),
        coder.post(f"/v1/incidents/{id}/confirm", {**words, "shown": None}, key=TEXT[:8]),
        coder.post(f"/v1/incidents/{id}/flag", {"version": 1, "spans": [span]}),
        coder.get(f"/v1/incidents/{TEXT}"),
        coder.get("/v1/incidents", state=TEXT, code=TEXT, cursor=TEXT),
        coder.get(f"/v1/{TEXT}"),
        lead.post("/v1/coders", {"name": TEXT, "role": TEXT, "password": TEXT}),
        lead.post("/v1/tokens", {"name": "x", "scopes": [TEXT]}),
        lead.http.post("/v1/session", json={"name": TEXT, "password": TEXT}),
        lead.http.post("/v1/incidents/file", params={"name": f"{TEXT}.csv"}, content=TEXT.encode()),
    ]


def test_no_output_of_the_command_line_holds_it(
    planted: Path, model_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODESUGGEST_MODEL", str(model_dir))
    settings.cache_clear()
    for arguments in (
        ["suggest", TEXT],
        ["suggest", str(planted / "incidents.jsonl"), "--format", "jsonl"],
        ["redact", str(planted / "incidents.jsonl"), "--format", "jsonl"],
        ["evaluate", "--gold", str(planted / "incidents.jsonl")],
    ):
        result = CliRunner().invoke(app, arguments)
        assert_clean(result.stdout + result.stderr, " ".join(arguments[:1]))
    assert_clean((planted / "incidents.skipped.csv").read_bytes(), "list of skipped rows")
