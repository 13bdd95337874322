"""A journal of before there were snapshots."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from loopwatch_processor.journal import documents, schema, snapshots
from loopwatch_processor.journal.database import Journal
from loopwatch_processor.journal.settings import JournalSettings


def test_an_older_journal_keeps_what_it_has_and_takes_snapshots(tmp_path: Path) -> None:
    """The table is added beside what was there."""
    url = f"sqlite:///{tmp_path}/journal.db"
    with create_engine(url).begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(schema.MIGRATIONS))
        config.set_main_option("path_separator", "os")
        command.upgrade(config, "r0002")
        documents.put(connection, "baselines", {"groups": []}, 1.0)
    journal = Journal(JournalSettings(url))
    journal.open()
    with journal.reading() as connection:
        assert documents.get(connection, "baselines") == {"groups": []}
        assert snapshots.newest(connection, "", 0.0, 10) == []
    journal.close()
