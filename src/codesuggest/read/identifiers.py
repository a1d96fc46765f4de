"""Which incidents a file has named already, in memory that does not grow with the file."""

import sqlite3


class SeenIds:
    """The ids met so far and the row of each: a temporary table that SQLite keeps on disk once it is large."""

    def __init__(self) -> None:
        self._table = sqlite3.connect("", isolation_level=None)
        self._table.execute("CREATE TABLE seen (id TEXT PRIMARY KEY, row INTEGER) WITHOUT ROWID")
        self._table.execute("BEGIN")

    def first_row(self, id: str, row: int) -> int:
        """The row in which `id` was met first; `row` itself if that is now."""
        added = self._table.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (id, row)).rowcount
        return row if added else int(self._table.execute("SELECT row FROM seen WHERE id = ?", (id,)).fetchone()[0])
