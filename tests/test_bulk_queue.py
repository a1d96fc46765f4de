"""Bulk's leftovers: what needs a person waits in the review queue once, however often a run is stopped or repeated."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from codesuggest.bulk import BulkJob, run_bulk
from codesuggest.bulk.assembling import manifest_path
from codesuggest.bulk.coding import codes_in
from codesuggest.cli import app
from codesuggest.domain import Arrival, RedactedNarrative, RedactedText
from codesuggest.errors import StoreError
from codesuggest.intake import Received, ReviewQueue
from codesuggest.read import Columns
from codesuggest.settings import settings, shipped
from codesuggest.store.database import Database
from codesuggest.store.tables import Incident, ShownSuggestion
from codesuggest.suggest import Suggester

Write = Callable[[str, str | bytes], Path]
STRING = "IMGW1/SEV2/EXP-MED/MOD-CT/MOD-CT/CHK.identity"
ROWS = [
    f'{n},"Mr Zebedee Quillfeather had the wrong CT, wristband not checked, bay {n}. {STRING if n == 3 else ""}",north,'
    f"0{n}/02/2026"
    for n in range(1, 8)
]
CSV = "\n".join(["id,text,site,when", *ROWS, "8,,north,", "1,again,north,"]) + "\n"
COLUMNS = Columns(reported="when")


class Stopped(Exception):  # noqa: N818  stands for a kill
    """The process ends here."""


def queue_of(database: Database) -> ReviewQueue:
    return ReviewQueue.opened(database.url.render_as_string(hide_password=False), shipped("protocol.toml"))


def incidents(database: Database) -> Sequence[Incident]:
    with database.reading() as session:
        return session.scalars(select(Incident).order_by(Incident.id)).all()


def test_what_needs_a_person_waits_in_the_queue_redacted_and_with_its_suggestions(
    write: Write, job: Callable[..., BulkJob], suggester: Suggester, database: Database
) -> None:
    queue = queue_of(database)
    manifest = run_bulk(job(write("in.csv", CSV), columns=COLUMNS), suggester=suggester, people=queue)
    assert manifest.rows == {"pre-coded": 7, "unreadable": 2}
    assert sorted(queue.received.added) == [str(n) for n in range(1, 8)]
    assert queue.report() == "To the review queue: 7 added, 0 there already, 0 not taken."
    rows = incidents(database)
    assert {(row.site, row.state, row.version) for row in rows} == {("north", "waiting", 1)}
    assert [str(row.reported) for row in rows] == [f"2026-02-0{n}" for n in range(1, 8)]
    assert all("Quillfeather" not in (row.text or "") and "<PERSON_1>" in (row.text or "") for row in rows)
    assert rows[2].existing_codes["pathway"] == ["CHK.identity"]
    with database.reading() as session:
        (kept,) = session.scalars(select(ShownSuggestion).where(ShownSuggestion.incident_id == rows[0].id))
    assert kept.model == suggester.model.manifest.name
    assert kept.content is not None
    assert [len(ranked) for ranked in kept.content["axes"].values()] >= [5]


def test_what_is_decided_automatically_needs_nobody(
    write: Write, job: Callable[..., BulkJob], bold: Suggester, database: Database
) -> None:
    queue = queue_of(database)
    manifest = run_bulk(job(write("in.csv", CSV)), suggester=bold, people=queue)
    n_automatic = manifest.whole["0.95"]
    assert n_automatic > 0
    assert len(incidents(database)) == 7 - n_automatic


def test_a_run_that_is_repeated_adds_nothing_and_says_so(
    write: Write, job: Callable[..., BulkJob], suggester: Suggester, database: Database
) -> None:
    source = write("in.csv", CSV)
    run_bulk(job(source), suggester=suggester, people=queue_of(database))
    source.write_text(CSV.replace("bay 5", "bay five"))
    queue = queue_of(database)
    run_bulk(job(source, "again.csv"), suggester=suggester, people=queue)
    assert len(incidents(database)) == 7
    assert queue.report().splitlines() == [
        "To the review queue: 0 added, 6 there already, 1 not taken:",
        "  5: incident 5 has this reference and another text",
    ]


def test_a_run_stopped_while_it_sends_goes_on_and_sends_each_incident_once(
    write: Write, job: Callable[..., BulkJob], suggester: Suggester, database: Database
) -> None:
    source = write("in.csv", CSV)
    whole, stopped = job(source, "whole.csv", chunk=1), job(source, "stopped.csv", chunk=1)
    run_bulk(whole, suggester=suggester)

    class Interrupted(ReviewQueue):
        def sent(self, received: Received) -> None:
            super().sent(received)
            raise Stopped

    with pytest.raises(Stopped):
        run_bulk(stopped, suggester=suggester, people=Interrupted(queue_of(database).send))
    assert not stopped.out.exists(), "the output appears when everything is sent"
    n_sent = len(incidents(database))
    assert 0 < n_sent < 7
    queue = queue_of(database)
    run_bulk(stopped, suggester=suggester, people=queue)
    assert (len(queue.received.known), len(queue.received.added)) == (n_sent, 7 - n_sent)
    assert len(incidents(database)) == 7
    assert stopped.out.read_bytes() == whole.out.read_bytes()
    assert manifest_path(stopped.out).read_bytes() == manifest_path(whole.out).read_bytes()


def test_what_already_waits_stays_as_it_was_drawn_and_as_it_was_decided(
    write: Write, job: Callable[..., BulkJob], suggester: Suggester, database: Database
) -> None:
    source = write("in.csv", CSV)
    run_bulk(job(source), suggester=suggester, people=queue_of(database))
    with database.writing() as session:
        for row in session.scalars(select(Incident)):
            row.state, row.version = "coded", 2
    run_bulk(job(source, "again.csv"), suggester=suggester, people=queue_of(database))
    assert {(row.state, row.version) for row in incidents(database)} == {("coded", 2)}


def test_incidents_of_two_sites_may_share_a_reference_and_all_are_accounted_for(
    write: Write, job: Callable[..., BulkJob], suggester: Suggester, database: Database, tmp_path: Path
) -> None:
    for name, site in (("a", "north"), ("b", "south"), ("c", "south")):
        write(f"in/{name}.csv", f"id,text,Hospital\n1,CT of the wrong patient at {name},{site}\n")
    queue = queue_of(database)
    run_bulk(job(tmp_path / "in", "out", columns=Columns(site="Hospital")), suggester=suggester, people=queue)
    assert list(queue.received.added) == ["1", "1 (2)"]
    assert list(queue.received.refused) == ["1"]
    assert [row.site for row in incidents(database)] == ["north", "south"]


def test_a_reference_that_the_store_cannot_hold_is_refused_alone(suggester: Suggester, database: Database) -> None:
    send = queue_of(database).send
    arrivals = [Arrival(RedactedNarrative(id, RedactedText("Film lost"))) for id in ("x" * 65, "", "ok")]
    received = send(suggester, arrivals)
    assert list(received.added) == ["ok"]
    assert list(received.refused) == ["x" * 64, ""]


def test_codes_come_back_from_the_cell_that_they_were_written_to() -> None:
    assert codes_in("severity=SEV2; contributory_factor=CF-IND.slip|CF-ORG.staffing") == {
        "severity": ("SEV2",),
        "contributory_factor": ("CF-IND.slip", "CF-ORG.staffing"),
    }
    assert codes_in("") == {}


def test_a_store_that_is_not_ready_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Run: codesuggest db upgrade"):
        ReviewQueue.opened(f"sqlite:///{tmp_path}/none.db", shipped("protocol.toml"))


@pytest.mark.slow
def test_the_command_sends_in_processes_of_their_own(
    write: Write, model_dir: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODESUGGEST_DATABASE_URL", database_url)
    settings.cache_clear()
    source = write("in.csv", CSV)
    options: list[Any] = ["--model", model_dir, "--workers", "2", "--to-queue"]
    result = CliRunner().invoke(app, ["bulk", str(source), str(source.with_name("out.csv")), *map(str, options)])
    settings.cache_clear()
    assert result.exit_code == 0, result.output
    assert "To the review queue: 7 added, 0 there already, 0 not taken." in result.stdout
    assert "Quillfeather" not in result.output
    manifest = json.loads(manifest_path(source.with_name("out.csv")).read_text())
    assert manifest["rows"] == {"pre-coded": 7, "unreadable": 2}
    database = Database(database_url)
    assert len(incidents(database)) == 7
    database.close()


def test_spark_says_that_it_has_no_queue(write: Write, model_dir: Path) -> None:
    result = CliRunner().invoke(
        app, ["bulk", str(write("in.csv", CSV)), "out", "--model", str(model_dir), "--engine", "spark", "--to-queue"]
    )
    assert "--to-queue is for this machine's engine" in str(result.exception)
