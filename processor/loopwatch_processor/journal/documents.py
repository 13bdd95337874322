"""Small documents by name: what detectors learn over days, such as the sketch of an agent type's steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from loopwatch_processor.journal.tables import documents as table
from loopwatch_processor.journal.upserts import replacing


def put(connection: Connection, name: str, document: Mapping[str, Any], now: float) -> None:
    """Keep *document*, in place of the one of that name."""
    row = {"name": name, "document": dict(document), "changed_s": now}
    connection.execute(replacing(connection.dialect.name, table), row)


def get(connection: Connection, name: str) -> dict[str, Any] | None:
    """The document of that name."""
    found: dict[str, Any] | None = connection.execute(
        select(table.c.document).where(table.c.name == name)
    ).scalar_one_or_none()
    return found
