"""The version of a database's tables, and the way to the newest."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.schema import CreateTable

from loopwatch_processor.errors import CannotOpenJournal
from loopwatch_processor.journal.tables import HEAD, VERSION_TABLE, metadata, version_table

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x6C6F6F70
"""Two replicas that start together migrate one after the other."""


def bring_up_to_date(engine: Engine, where: str) -> None:
    """Migrate the database to `HEAD`, in one transaction.

    Raises:
        CannotOpenJournal: a newer version of loopwatch made it.
        SQLAlchemyError: the database does not do it.
    """
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        version = _version(connection)
        if version is None:
            _make(connection)
        elif version != HEAD:
            migrate(connection, version, where)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - a constant


def _make(connection: Connection) -> None:
    """The tables of `HEAD`, as all migrations together make them; to import Alembic would take a tenth of a second."""
    metadata.create_all(connection, checkfirst=False)
    connection.execute(CreateTable(version_table))
    connection.execute(version_table.insert().values(version_num=HEAD))


def migrate(connection: Connection, version: str | None, where: str) -> None:
    """Bring the tables of *version* (None: there are none) to those of `HEAD`.

    Raises:
        CannotOpenJournal: a newer version of loopwatch made them.
    """
    # Late: it takes a tenth of a second, and most starts find the tables as they should be.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in known:
        raise CannotOpenJournal(
            f"the journal {where} was made by a newer loopwatch (its tables are {version}, this one knows {HEAD}): "
            "install that version, or set journal.url to another database"
        )
    command.upgrade(config, "head")
