"""What the database itself forbids, whoever asks: changing or deleting a row of an append-only table.

A row may lose its words (and nothing else), and only once its incident's erasure is on record. Migrations call this
with every column named, so that what a released migration does never changes.
"""

from collections.abc import Sequence


def append_only(dialect: str, table: str, kept: Sequence[str] = (), words: Sequence[str] = ()) -> list[str]:
    """The statements that make `table` append-only.

    kept   columns that never change.
    words  columns that may become empty after an erasure of the row's incident; without any, nothing may change.
    """
    if dialect == "postgresql":
        return _postgresql(table, _forbidden(kept, words, "IS DISTINCT FROM"))
    return _sqlite(table, _forbidden(kept, words, "IS NOT"))


def _forbidden(kept: Sequence[str], words: Sequence[str], differs: str) -> str:
    if not words:
        return "TRUE"
    changed = [f"OLD.{column} {differs} NEW.{column}" for column in kept]
    rewritten = [f"(NEW.{column} IS NOT NULL AND OLD.{column} {differs} NEW.{column})" for column in words]
    unrecorded = "NOT EXISTS (SELECT 1 FROM erasures e WHERE e.incident_id = OLD.incident_id)"
    return " OR ".join([*changed, *rewritten, unrecorded])


def _sqlite(table: str, forbidden: str) -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table}: rows are never changed or removed'); END"
    taken = f"EXISTS (SELECT 1 FROM {table} t WHERE t.id = NEW.id)"  # noqa: S608  names are ours
    return [
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} WHEN {forbidden} {refuse}",
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {taken} {refuse}",
    ]


def _postgresql(table: str, forbidden: str) -> list[str]:
    refuse = (
        f"RAISE EXCEPTION '{table}: rows are never changed or removed' USING ERRCODE = 'integrity_constraint_violation'"
    )
    function = f"CREATE FUNCTION {table}_{{}}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {{}} END $$"
    return [
        function.format("refuse", f"{refuse};"),
        function.format("check", f"IF {forbidden} THEN {refuse}; END IF; RETURN NEW;"),
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_check()",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_refuse()",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION {table}_refuse()",
    ]
