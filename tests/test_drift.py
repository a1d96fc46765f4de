"""Change over time: what is certain is said in words, noise raises no alarm, and the rate of false alarms holds."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse, stats
from typer.testing import CliRunner

from codesuggest.cli import app
from codesuggest.dashboard import dashboard
from codesuggest.domain import Caller, RedactedText, Taxonomy
from codesuggest.drift import LEVEL, Observed, Watched, observe, watch
from codesuggest.drift.steps import Dated, steps
from codesuggest.embed import HashingEmbedder
from codesuggest.report.document import sentence
from codesuggest.report.drifting import drift_document, said
from codesuggest.report.printing import to_json, to_markdown
from codesuggest.settings import settings
from codesuggest.store import tables
from codesuggest.store.database import Database
from codesuggest.store.log import months_ago
from codesuggest.suggest import Suggester
from reviewers import CODES, department

MONTHS = [f"2025-{month:02d}" for month in range(6, 13)] + [f"2026-{month:02d}" for month in range(1, 6)]
LEAD = Caller("lea", "lead")
WORDS = ["scan", "patient", "request", "wristband", "delay", "film", "ward", "injection", "report", "booking"]


def year(seed: int, *, per_month: int = 60, overrides: tuple[float, float] = (0.12, 0.12)) -> Watched:
    """A year in which nothing changes, except perhaps the share of pathway overrides, from March 2026 on."""
    rng = np.random.default_rng(seed)
    months = [month for month in MONTHS for _ in range(per_month)]
    axes = ["severity", "pathway", "contributory_factor"]

    def is_overridden(month: str, axis: str) -> bool:
        return bool(rng.random() < overrides[axis == "pathway" and month >= "2026-03"])

    return Watched(
        overridden=[Observed(m, {axis: is_overridden(m, axis) for axis in axes}) for m in months],
        coded=[Observed(m, {"severity": (f"SEV{rng.integers(1, 6)}",)}) for m in months],
        scores=[Observed(m, {axis: float(rng.beta(3, 2)) for axis in axes}) for m in months],
        likeness=[Observed(m, float(rng.beta(5, 3))) for m in months],
        texts=[Observed(m, RedactedText(" ".join(rng.choice(WORDS, 6)))) for m in months],
    )


def test_a_rise_of_overrides_is_said_in_words_with_its_month(working: Taxonomy) -> None:
    (alarm,) = watch(year(1, per_month=100, overrides=(0.12, 0.31)), working).alarms
    assert (alarm.signal, alarm.axis, alarm.since) == ("overrides", "pathway", "2026-03")
    words = sentence(said(alarm, working))
    assert words.startswith("Patient pathway overrides rose from 1")
    assert words.endswith("% since March 2026.")


def test_an_alarm_counts_before_and_since(working: Taxonomy) -> None:
    coded = [Observed(m, {"severity": ("SEV1" if m >= "2026-01" else "SEV2",)}) for m in MONTHS for _ in range(10)]
    alarms = watch(Watched(coded=coded), working).alarms
    assert {sentence(said(alarm, working)) for alarm in alarms} == {
        "Severity: incidents with SEV1 Notifiable incident rose from 0% to 100% since January 2026.",
        "Severity: incidents with SEV2 Non-notifiable incident with consequence fell from 100% to 0% since "
        "January 2026.",
    }
    assert (alarms[0].of_before, alarms[0].of_since) == (70, 50)


def test_new_words_unlike_reports_and_low_scores_raise_alarms(working: Taxonomy) -> None:
    still = year(2)
    late = {month for month in MONTHS if month >= "2026-02"}
    changed = Watched(
        scores=[Observed(o.month, {"pathway": 0.3 if o.month in late else 0.6}) for o in still.scores],
        likeness=[Observed(o.month, o.value - 0.3 * (o.month in late)) for o in still.likeness],
        texts=[Observed(o.month, RedactedText(o.value + " photon" * (o.month in late))) for o in still.texts],
    )
    said_of = {alarm.signal: sentence(said(alarm, working)) for alarm in watch(changed, working).alarms}
    assert said_of["scores"] == "Patient pathway suggestions scored under 50% rose from 0% to 100% since February 2026."
    assert said_of["words"] == "Reports with the word “photon” rose from 0% to 100% since February 2026."
    assert said_of["likeness"].startswith("Reports little like anything the model learnt from rose from ")


def test_texts_that_read_differently_are_noticed_as_a_whole(working: Taxonomy) -> None:
    texts = [
        Observed(m, RedactedText(f"{'lead apron torn' if m >= '2026-04' else 'film lost'} {n}"))
        for m in MONTHS
        for n in range(12)
    ]
    vectors = HashingEmbedder(64).embed([observed.value for observed in texts])
    found = watch(Watched(texts=texts, vectors=vectors), working)
    assert [sentence(said(a, working)) for a in found.alarms if a.signal == "texts"] == [
        "The reports as a whole read differently since April 2026."
    ]
    assert found.signals["texts"].likeness[-1] < found.signals["texts"].likeness[0]


def test_false_alarms_keep_their_rate() -> None:
    """300 looks at 8 series in which nothing changes: more than LEVEL only as far as chance allows (1 in 1,000)."""

    def is_alarmed(seed: int) -> bool:
        rng = np.random.default_rng(seed)
        seen = rng.random((360, 8)) < rng.uniform(0.05, 0.5, 8)
        dated = Dated(np.repeat(np.arange(12), 30), 12, sparse.csr_array(seen * 1.0))
        return bool(steps(dated, level=LEVEL, n_rounds=199, seed=seed))

    n = sum(is_alarmed(seed) for seed in range(300))
    assert 3 <= n <= stats.binom.ppf(0.999, 300, LEVEL)


@pytest.mark.slow
def test_a_year_without_change_raises_an_alarm_no_oftener_than_stated(working: Taxonomy) -> None:
    n = sum(bool(watch(year(seed), working).alarms) for seed in range(60))
    assert n <= stats.binom.ppf(0.999, 60, LEVEL)


@pytest.mark.slow
def test_the_rise_is_found_nearly_always_and_near_its_month(working: Taxonomy) -> None:
    found = [watch(year(seed, overrides=(0.12, 0.31)), working).alarms for seed in range(40)]
    months = [alarm.since for alarms in found for alarm in alarms if alarm.signal == "overrides"]
    assert len(months) >= 34
    assert np.mean([month in ("2026-02", "2026-03", "2026-04") for month in months]) > 0.9


def test_few_observations_raise_no_alarm(working: Taxonomy) -> None:
    coded = [Observed(m, {"severity": ("SEV1" if m == MONTHS[1] else "SEV2",)}) for m in MONTHS[:2] for _ in range(19)]
    assert watch(Watched(coded=coded), working).alarms == ()
    assert watch(Watched(), working).alarms == ()


def fill(database: Database, *, share: tuple[float, float], per_month: int = 40) -> None:
    """Eight months of incidents coded with suggestions; pathway overrides change in the last three."""
    rng = np.random.default_rng(0)
    with database.writing() as session:
        coder = tables.Coder(name="one", display_name="one", role="coder", created_at=months_ago(8))
        session.add(coder)
        session.flush()
        for back in range(8, 0, -1):
            at = months_ago(back) + dt.timedelta(days=2)
            for n in range(per_month):
                is_other = rng.random() < share[back <= 3]
                _one(session, coder.id, at, f"I{back}-{n}", ["REF.exam" if is_other else "CHK.identity"])


def _one(session: Any, coder_id: int, at: dt.datetime, reference: str, pathway: list[str]) -> None:
    incident = tables.Incident(
        reference=reference,
        site="north" if reference.endswith("0") else "south",
        text=f"Film of the wrong patient {reference}",
        reported=at.date(),
        existing_codes={},
        redactor="r",
        received_at=at,
        state="coded",
        draw=0.5,
    )
    session.add(incident)
    session.flush()
    content = {
        "axes": {"pathway": [{"code": "CHK.identity", "label": "", "rank": 1, "score": 0.7, "words": []}]},
        "similar": [{"id": "S1", "similarity": 0.6, "codes": {}}],
    }
    made = tables.ShownSuggestion(
        incident_id=incident.id, content=content, model="m", taxonomy="imaging-working-1", redactor="r", made_at=at
    )
    session.add(made)
    session.flush()
    session.add(
        tables.Confirmation(
            incident_id=incident.id,
            coder_id=coder_id,
            suggestion_id=made.id,
            position=1,
            taxonomy="imaging-working-1",
            codes=CODES | {"pathway": pathway},
            unsaid=[],
            changed=[],
            is_blind=False,
            time_on_screen_ms=1,
            idempotency_key=reference,
            confirmed_at=at,
            shown={"pathway": ["CHK.identity", "REF.exam"]},
        )
    )


@pytest.fixture
def changed(sqlite_url: str) -> Database:
    database = Database(sqlite_url)
    fill(database, share=(0.1, 0.5))
    return database


def test_the_dashboard_says_what_changed_in_the_store(changed: Database, working: Taxonomy) -> None:
    with changed.reading() as session:
        drift = dashboard(session, LEAD, working)["drift"]
    (alarm,) = [alarm for alarm in drift["alarms"] if alarm["signal"] == "overrides"]
    assert alarm["words"].startswith("Patient pathway overrides rose from 1")
    assert alarm["since"] == months_ago(3).strftime("%Y-%m")
    assert (alarm["before"]["of"], alarm["after"]["of"]) == (200, 120)
    assert sum(month["of"] for month in drift["overridden_by_month"]["pathway"].values()) == 320


def test_the_page_shows_what_changed(changed: Database, suggester: Suggester) -> None:
    with department(suggester, str(changed.url)) as place:
        page = place.person("lea", "lead").get("/dashboard").text
    assert "Patient pathway overrides rose from" in page
    assert "Overrides by month" in page


def test_a_site_sees_its_own_months_only(changed: Database, working: Taxonomy) -> None:
    with changed.reading() as session:
        watched = observe(session, Caller("nora", "lead", "north", 1), working, since=months_ago(12).date())
    assert len(watched.texts) == len(watched.overridden) == 8 * 4


def test_codings_in_another_taxonomy_do_not_count(changed: Database, national: Taxonomy) -> None:
    with changed.reading() as session:
        watched = observe(session, LEAD, national, since=months_ago(12).date())
    assert (watched.overridden, watched.coded) == ((), ())


def test_the_report_is_the_same_in_every_form_and_withholds_small_counts(
    changed: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODESUGGEST_DATABASE_URL", str(changed.url))
    settings.cache_clear()
    files = [tmp_path / f"drift.{kind}" for kind in ("html", "md", "json")]
    options = [part for file in files for part in ("--report", str(file))]
    result = CliRunner().invoke(app, ["drift", "--embedder", "hashing-32", *options])
    settings.cache_clear()
    assert result.exit_code == 0, result.stderr
    assert "Looked at 320 incidents of 8 months" in result.stderr
    for file in files:
        assert "Patient pathway overrides rose from" in file.read_text(encoding="utf-8")
    assert json.loads(files[2].read_text(encoding="utf-8"))["title"] == "What changed"


def test_a_report_without_alarms_says_so(working: Taxonomy) -> None:
    found = watch(Watched(coded=[Observed("2026-01", {"severity": ("SEV2",)})] * 5), working)
    document = drift_document(found, working, made="2026-11-29")
    assert "Nothing changed that chance does not explain." in to_markdown(document)
    assert to_json(document)
