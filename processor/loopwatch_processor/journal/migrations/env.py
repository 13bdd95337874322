"""Alembic's entry: migrates the connection that `schema` hands over, inside its transaction."""

from __future__ import annotations

from alembic import context

from loopwatch_processor.journal.tables import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
context.run_migrations()
