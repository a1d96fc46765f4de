"""The starting model, made by `make suggest`, on the real embedder."""

import json
from pathlib import Path

import pytest

from codesuggest.domain import Narrative, RedactedNarrative
from codesuggest.evaluate import evaluate
from codesuggest.read import NarrativeReader, read_narratives
from codesuggest.redact import Redactor
from codesuggest.suggest import Suggester

ROOT = Path(__file__).parents[1]
MODEL = ROOT / "models" / (ROOT / "models" / "in-use").read_text().strip()

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not MODEL.is_dir(), reason="made by `make suggest`")]


@pytest.fixture(scope="module")
def starting() -> Suggester:
    return Suggester.load(MODEL)


@pytest.fixture(scope="module")
def gold(redactor: Redactor) -> list[RedactedNarrative]:
    rows = read_narratives(ROOT / "annotation" / "sample" / "incidents.jsonl", NarrativeReader())
    return [redactor.redact(row) for row in rows if isinstance(row, Narrative) and row.details["split"] == "gold"]


@pytest.mark.parametrize(
    ("text", "axis", "code"),
    [
        (
            "Wrong pt called from the waiting room for CT abdomen, answered to the same surname, no ID check",
            "pathway",
            "CHK.identity",
        ),
        ("Injector line came off, contrast in the tissues of the forearm, CT repeated", "pathway", "PHA.admin"),
        ("Left knee X-rayed, request was for the right knee", "pathway", "ACQ.anatomy"),
        (
            "MR patient found to have a pacemaker when changing, scan stopped before the magnet room",
            "pathway",
            "CHK.mrsafety",
        ),
        ("Bone scan tracer given, 600 MBq, patient then left before imaging", "intended_modality", "MOD-NM"),
    ],
)
def test_plain_cases_have_the_right_code_among_the_first_five(
    starting: Suggester, text: str, axis: str, code: str
) -> None:
    (incident,) = starting.suggest([text])
    assert code in [suggestion.code for suggestion in incident.axes[axis]]


def test_gold_is_ranked_better_than_by_frequency_on_every_axis(
    starting: Suggester, gold: list[RedactedNarrative]
) -> None:
    evaluation = evaluate(starting, gold, n_rounds=200)
    assert evaluation.n_trained_on == 0
    for axis, result in evaluation.axes.items():
        assert result.model["recall@5"].value >= result.by_frequency["recall@5"].value - 0.01, axis
        assert result.model["hit@1"].value >= result.by_frequency["hit@1"].value - 0.01, axis
    better = [a for a, r in evaluation.axes.items() if r.model["hit@1"].low > r.by_frequency["hit@1"].high]
    assert {"intended_modality", "performed_modality", "pathway", "contributory_factor"} <= set(better)


def test_its_card_was_made_from_this_very_recipe(starting: Suggester) -> None:
    card = (ROOT / "models" / "starting.md").read_text(encoding="utf-8")
    assert f"{starting.model.manifest.data['n']} made-up incidents" in card
    assert starting.model.manifest.redactor.split("-")[0] in card


def test_readme_shows_what_make_suggest_prints(starting: Suggester) -> None:
    from codesuggest.report import incident_table

    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    narrative = next(line.split("?= ", 1)[1] for line in makefile.splitlines() if line.startswith("NARRATIVE"))
    (incident,) = starting.suggest([narrative])
    shown = incident_table(incident, starting.model.taxonomy)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    codes = [line.split()[3] for line in shown.splitlines() if line.startswith("  1  ")]
    assert all(f" {code} " in readme for code in codes)
    assert json.dumps(narrative)[1:60] in readme.replace("\n", " ")
