"""The ledger's tables are brought to this program's revision when it is opened: wholly or not at all."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect

from desktop_sync.core.errors import LedgerError
from desktop_sync.ledger.database import Database
from desktop_sync.ledger.tables import APPLICATION_ID, HEAD_REVISION


def upgrade(database: Database) -> None:
    """The tables are those of HEAD_REVISION. One transaction; may be repeated, also by two processes at once.

    Raises LedgerError when the file belongs to a newer version of this program or to another program.
    """
    with database.reading() as connection:
        if revision_of(connection) == HEAD_REVISION:
            return
    with database.writing("migrate") as connection:
        found = revision_of(connection)  # another process may have been faster
        if found == HEAD_REVISION:
            return
        if found is None:
            _refuse_foreign(connection, database.path)
        _migrate(connection, found, database.path)
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")


def revision_of(connection: Connection) -> str | None:
    """The revision of the tables; None in an empty file."""
    has_table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
    if connection.exec_driver_sql(has_table).fetchone() is None:  # `inspect` looks at far more, at every start
        return None
    row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


def _refuse_foreign(connection: Connection, path: Path) -> None:
    if inspect(connection).get_table_names():
        raise LedgerError("the file is a database of another program; nothing was changed", str(path))


def _migrate(connection: Connection, found: str | None, path: Path) -> None:
    # Alembic is slow to load and needed once in a ledger's life.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    settings.attributes["connection"] = connection
    if found is not None:
        try:
            ScriptDirectory.from_config(settings).get_revision(found)
        except CommandError as error:
            raise LedgerError(
                "the ledger was written by a newer version of this program; install that version, nothing was changed",
                str(path),
            ) from error
    command.upgrade(settings, "head")
