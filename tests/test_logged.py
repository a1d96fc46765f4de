"""Reports beside the model: in its MLflow run, in every form, without incidents and people, and found from the page."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from codesuggest.cli import app
from codesuggest.promotion import Shelf
from codesuggest.settings import settings
from codesuggest.suggest import Suggester
from codesuggest.tracking import RunRecord, Tracking, local_url, run_page
from reviewers import department

SAMPLE = Path(__file__).parents[1] / "annotation" / "sample"
WORDS = "Zeppelin collided with the gantry while the patient was on the CT table"


@pytest.fixture(scope="module")
def kept(model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """A models folder with the small model, and MLflow's store with its run."""
    shelf = Shelf(tmp_path_factory.mktemp("kept"))
    shutil.copytree(model_dir, shelf.folder / "small")
    (shelf.folder / "in-use").write_text("small\n", encoding="utf-8")
    tracking = Tracking(local_url(shelf.folder))
    logged = tracking.log(RunRecord("small", {}, {}, {}, {}, shelf.folder / "small", "A film was lost."))
    shelf.write_decision("small", {"run": logged.run, "version": logged.version, "made": "2026-11-29"})
    return shelf


@pytest.fixture(autouse=True)
def _settings(kept: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODESUGGEST_MODELS_DIR", str(kept.folder))
    settings.cache_clear()


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    """Thirty incidents that the small model has not seen, one of them unmistakable."""
    rows = [json.loads(line) for line in (SAMPLE / "incidents.jsonl").read_text(encoding="utf-8").splitlines()]
    chosen = rows[300:330]
    chosen[0]["text"] = WORDS
    path = tmp_path / "gold.jsonl"
    path.write_text("\n".join(map(json.dumps, chosen)), encoding="utf-8")
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments], catch_exceptions=True)


def artefacts(shelf: Shelf) -> dict[str, str]:
    (folder,) = shelf.folder.glob("tracking/artifacts/*/artifacts/reports")
    return {f"reports/{path.name}": path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_an_evaluation_is_logged_in_every_form_to_the_run_of_the_model_it_measured(kept: Shelf, gold: Path) -> None:
    page = gold.with_name("page.html")
    result = run("evaluate", "--gold", str(gold), "--log", "--report", str(page))
    assert result.exit_code == 0, result.stderr
    decision = kept.decision("small") or {}
    name = decision["reports"][-1]
    assert name.startswith("reports/evaluation-20")
    assert f"Logged as {name} to MLflow run {decision['run']}." in result.stderr
    files = {path: text for path, text in artefacts(kept).items() if path.startswith(name)}
    assert sorted(files) == [f"{name}.html", f"{name}.json", f"{name}.md"]
    logged, own = json.loads(files[f"{name}.json"]), page.read_text(encoding="utf-8")
    assert logged["title"] == "How good the model small is"
    assert "The surest errors" in own
    assert "The surest errors" not in [section["title"] for section in logged["sections"]]
    assert logged["note"] == "Single incidents and people are left out."
    assert not [path for path, text in files.items() if "Zeppelin" in text or "S0301" in text]


def test_an_audit_beside_a_model_is_logged_without_the_coders(kept: Shelf, gold: Path) -> None:
    other = gold.with_name("second.jsonl")
    rows = [json.loads(line) for line in gold.read_text(encoding="utf-8").splitlines()]
    other.write_text("\n".join(json.dumps({**row, "coder": "second-1"}) for row in rows), encoding="utf-8")
    options = ["--model", "small", "--narratives", str(gold), "--rounds", "100"]
    result = run("audit", str(gold), str(other), *options, "--log")
    assert result.exit_code == 0, result.stderr
    assert "second-1" in result.stdout
    name = (kept.decision("small") or {})["reports"][-1]
    assert name.startswith("reports/audit-20")
    logged = artefacts(kept)[f"{name}.md"]
    assert "The model as one more coder" in logged
    assert "second-" not in logged


@pytest.mark.parametrize("options", [[], ["--agenda", "2"], ["--suspects", "2"]])
def test_what_measures_no_model_is_not_logged(gold: Path, options: list[str]) -> None:
    model = ["--model", "small"] if options else []
    result = run("audit", str(gold), "--log", *model, *options)
    assert result.exit_code == 2
    assert "goes with --model" in result.stderr


def test_a_model_without_a_run_is_refused_before_it_is_measured(kept: Shelf, gold: Path, model_dir: Path) -> None:
    shutil.copytree(model_dir, kept.folder / "other", dirs_exist_ok=True)
    path = kept.decision_file("small")
    path.rename(path.with_suffix(".aside"))
    try:
        result = run("evaluate", "--gold", str(gold), "--model", "small", "--log")
    finally:
        path.with_suffix(".aside").rename(path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "small: no MLflow run to log to. Only models that `codesuggest retrain` made have one" in str(result)


def test_where_mlflow_is_missing_or_has_forgotten_the_run_it_is_said(
    kept: Shelf, gold: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODESUGGEST_TRACKING_URL", f"sqlite:///{tmp_path}/empty.db")
    settings.cache_clear()
    before = kept.decision("small")
    result = run("evaluate", "--gold", str(gold), "--log")
    assert result.exit_code == 1
    assert "did not do as asked" in str(result.exception)
    assert kept.decision("small") == before
    monkeypatch.setattr("importlib.util.find_spec", lambda *_: None)
    result = run("evaluate", "--gold", str(gold), "--log")
    assert result.exit_code == 1
    assert "pip install 'codesuggest[learn]'" in str(result.exception)


def test_the_page_lists_what_is_beside_the_models_and_links_it_where_a_server_shows_it(
    kept: Shelf, suggester: Suggester, sqlite_url: str
) -> None:
    kept.note_report("small", "reports/evaluation")
    html, run_id = {"accept": "text/html"}, (kept.decision("small") or {})["run"]
    server = "https://mlflow.example.org/"
    for url, link in (("", ""), (server, f'<a href="https://mlflow.example.org/#/runs/{run_id}">small</a>')):
        with department(suggester, sqlite_url, models_dir=kept.folder, tracking_url=url) as ward:
            page = ward.person("lea" if url else "lee", "lead").http.get("/reports", headers=html).text
            near = ward.person("sid" if url else "sue", "lead", site="north").http.get("/reports", headers=html)
        assert "reports/evaluation" in page
        assert link in page
        assert ("#/runs/" in page) is bool(url)
        assert near.status_code == 403


def test_a_runs_page_shows_no_password() -> None:
    assert run_page("https://me:secret@mlflow.example.org/at", "r1") == "https://mlflow.example.org/at/#/runs/r1"
    assert run_page("sqlite:////srv/mlflow.db", "r1") == ""


def test_a_models_own_words_name_its_reports(kept: Shelf) -> None:
    kept.note_report("small", "reports/evaluation")
    kept.write_decision("small", {**(kept.decision("small") or {}), "snapshot": "abc"})
    result = run("models", "show", "small")
    assert result.exit_code == 0, result.stderr
    assert "  reports/evaluation.html, .md and .json" in result.stdout
