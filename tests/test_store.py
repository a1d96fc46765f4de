"""The store, on SQLite and on PostgreSQL: migrated, append-only whoever asks, backed up, restored, erased."""

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from codesuggest.confirm import Sending, confirm
from codesuggest.domain import Caller, Decision, RedactedText, Taxonomy
from codesuggest.erase import erase_incident, erase_reported_before
from codesuggest.errors import ConflictError, SettingsError, StoreError
from codesuggest.store import tables
from codesuggest.store.backup import backup, restore
from codesuggest.store.database import Database
from codesuggest.store.log import entries, now
from codesuggest.store.people import coders, server_secret
from codesuggest.store.schema import check, newest, require_current, schema_version, upgrade

CODES = {
    "severity": ("SEV2",),
    "exposure_type": ("EXP-MED",),
    "intended_modality": ("MOD-CT",),
    "performed_modality": ("MOD-CT",),
    "pathway": ("CHK.identity",),
    "contributory_factor": ("CF-IND.slip",),
}


def add_incident(database: Database, reference: str = "W1", **columns: object) -> int:
    values = {"site": "", "text": "Film lost.", "existing_codes": {}, "redactor": "r", "draw": 0.5, **columns}
    with database.writing() as session:
        row = tables.Incident(reference=reference, received_at=now(), **values)
        session.add(row)
        session.flush()
        return row.id


def add_coder(database: Database, name: str = "ada", role: str = "coder", site: str = "") -> Caller:
    with database.writing() as session:
        row = tables.Coder(name=name, display_name=name, role=role, site=site, created_at=now())
        session.add(row)
        session.flush()
        return Caller(name, role, site, row.id)


@pytest.fixture
def confirmed(database: Database, working: Taxonomy) -> tuple[Database, int]:
    """A store with one confirmation, and its incident's id."""
    incident_id, coder = add_incident(database), add_coder(database)
    decision = Decision(CODES, comment=RedactedText("asked the ward"))
    with database.writing() as session:
        confirm(session, incident_id, decision, Sending(coder, "key-0001", 1), taxonomy=working)
    return database, incident_id


def test_a_migrated_store_is_as_the_code_wants_it(database: Database) -> None:
    assert check(database) == []


def test_a_new_database_is_refused_until_it_is_upgraded_and_upgrading_again_changes_nothing(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/new.db")
    with pytest.raises(StoreError, match="codesuggest db upgrade"):
        require_current(database)
    assert upgrade(database) == ("", newest())
    assert upgrade(database) == (newest(), newest())


def test_a_store_of_every_released_schema_is_upgraded_with_all_it_holds(database: Database) -> None:
    with database.writing() as session:
        session.execute(text("DROP TABLE server_secrets"))
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    add_coder(database, "ada")
    assert check(database) == ["schema 0001; expected 0002. Run: codesuggest db upgrade"]
    assert upgrade(database) == ("0001", newest())
    assert check(database) == []
    with database.reading() as session:
        assert [coder.name for coder in coders(session)] == ["ada"]
        assert len(server_secret(session)) == 43, "32 random bytes"


def test_a_store_of_a_newer_release_is_refused(database: Database) -> None:
    with database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for use in (upgrade, require_current):
        with pytest.raises(StoreError, match="newer release"):
            use(database)


def test_what_is_no_database_is_refused_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"no database at all" * 500)
    with pytest.raises(StoreError, match="cannot be opened"):
        schema_version(Database(f"sqlite:///{tmp_path}/x.db"))


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", ""])
def test_other_databases_are_refused_by_the_settings_name(url: str) -> None:
    with pytest.raises(SettingsError, match="CODESUGGEST_DATABASE_URL"):
        Database(url)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE confirmations SET codes = '{}'",
        "UPDATE confirmations SET comment = NULL",
        "UPDATE confirmations SET comment = 'other'",
        "DELETE FROM confirmations",
        "UPDATE audit_log SET actor = 'nobody'",
        "DELETE FROM audit_log",
    ],
)
def test_the_database_itself_forbids_changing_a_confirmation(confirmed: tuple[Database, int], statement: str) -> None:
    database, _ = confirmed
    with pytest.raises(ConflictError), database.writing() as session:
        session.execute(text(statement))
    with database.reading() as session:
        row = session.get_one(tables.Confirmation, 1)
    assert row.comment == "asked the ward"
    assert row.codes == {axis: list(codes) for axis, codes in CODES.items()}


def test_replacing_a_confirmation_is_forbidden_too(confirmed: tuple[Database, int]) -> None:
    database, _ = confirmed
    if not database.is_sqlite:
        pytest.skip("only SQLite has REPLACE")
    with pytest.raises(ConflictError), database.writing() as session:
        session.execute(text("INSERT OR REPLACE INTO confirmations SELECT * FROM confirmations"))


def test_truncating_confirmations_is_forbidden_too(confirmed: tuple[Database, int]) -> None:
    database, _ = confirmed
    if database.is_sqlite:
        pytest.skip("SQLite has no TRUNCATE")
    with pytest.raises(ConflictError), database.writing() as session:
        session.execute(text("TRUNCATE confirmations CASCADE"))


def test_a_missing_trigger_is_found(confirmed: tuple[Database, int]) -> None:
    database, _ = confirmed
    on = "" if database.is_sqlite else " ON confirmations"
    with database.writing() as session:
        session.execute(text(f"DROP TRIGGER confirmations_no_update{on}"))
    assert any("confirmations_no_update" in problem for problem in check(database))


def test_erasing_takes_the_words_and_leaves_what_was_decided(confirmed: tuple[Database, int]) -> None:
    database, incident_id = confirmed
    with database.writing() as session:
        erase_incident(session, session.get_one(tables.Incident, incident_id), by="ada", cause="asked for")
    database.forget_erased()
    with database.reading() as session:
        incident = session.get_one(tables.Incident, incident_id)
        row = session.get_one(tables.Confirmation, 1)
        assert (incident.text, incident.reference, incident.state) == (None, f"erased-{incident_id}", "erased")
        assert (row.comment, row.shown, row.codes["severity"]) == (None, None, ["SEV2"])
        assert entries(session)[0].action == "erase"
    if database.is_sqlite:
        path = Path(str(database.url.database))
        assert not any(b"asked the ward" in file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


def test_after_an_erasure_nothing_but_words_can_go(confirmed: tuple[Database, int]) -> None:
    database, incident_id = confirmed
    with database.writing() as session:
        erase_incident(session, session.get_one(tables.Incident, incident_id), by="ada", cause="asked for")
    for statement in ("UPDATE confirmations SET codes = '{}'", "UPDATE confirmations SET comment = 'new'"):
        with pytest.raises(ConflictError), database.writing() as session:
            session.execute(text(statement))


def test_retention_erases_what_was_reported_before_a_day(database: Database) -> None:
    old = add_incident(database, "old", reported=dt.date(2020, 1, 1))
    new = add_incident(database, "new", reported=dt.date(2026, 1, 1))
    with database.writing() as session:
        assert erase_reported_before(session, dt.date(2021, 1, 1), by="ada") == 1
    with database.reading() as session:
        states = {id: session.get_one(tables.Incident, id).state for id in (old, new)}
    assert states == {old: "erased", new: "waiting"}


def test_a_backup_restores_to_the_same_store(confirmed: tuple[Database, int], tmp_path: Path) -> None:
    database, _ = confirmed
    if not database.is_sqlite and not shutil.which("pg_dump"):
        pytest.skip("PostgreSQL's client programs are not installed")
    assert backup(database, tmp_path / "store.backup") > 0
    other = _empty_beside(database, tmp_path)
    assert restore(other, tmp_path / "store.backup") == newest()
    assert check(other) == []
    with other.reading() as session:
        assert session.get_one(tables.Confirmation, 1).codes["severity"] == ["SEV2"]
    with pytest.raises(StoreError, match="holds a store already"):
        restore(other, tmp_path / "store.backup")
    other.close()


def test_a_backup_is_never_written_over_and_is_its_owners_only(confirmed: tuple[Database, int], tmp_path: Path) -> None:
    database, _ = confirmed
    if not database.is_sqlite and not shutil.which("pg_dump"):
        pytest.skip("PostgreSQL's client programs are not installed")
    backup(database, tmp_path / "store.backup")
    assert (tmp_path / "store.backup").stat().st_mode & 0o077 == 0
    with pytest.raises(StoreError, match="exists"):
        backup(database, tmp_path / "store.backup")


def test_what_is_no_backup_leaves_no_database_behind(tmp_path: Path, write: Callable[[str, str], Path]) -> None:
    file = write("x.backup", "nothing of the kind")
    with pytest.raises(StoreError, match="not a backup"):
        restore(Database(f"sqlite:///{tmp_path}/fresh.db"), file)


def _empty_beside(database: Database, folder: Path) -> Database:
    if database.is_sqlite:
        return Database(f"sqlite:///{folder}/restored.db")
    name = f"{database.url.database}_restored"
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    return Database(database.url.set(database=name).render_as_string(hide_password=False))


def test_a_failed_write_changes_nothing(database: Database) -> None:
    add_incident(database, "W1")
    with pytest.raises(ConflictError):
        add_incident(database, "W1")
    with pytest.raises((StoreError, DatabaseError)):
        _add_and_fail(database)
    with database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM incidents")).scalar_one() == 1


def _add_and_fail(database: Database) -> None:
    with database.writing() as session:
        session.add(
            tables.Incident(reference="W2", received_at=now(), text="x", existing_codes={}, redactor="r", draw=0)
        )
        session.flush()
        session.execute(text("SELECT nothing FROM nowhere"))


def test_what_is_read_together_is_of_one_moment_whatever_is_written_meanwhile(database: Database) -> None:
    add_incident(database, "W1")
    with database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM incidents")).scalar_one() == 1
        add_incident(database, "W2")
        assert session.execute(text("SELECT count(*) FROM incidents")).scalar_one() == 1
    with database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM incidents")).scalar_one() == 2
