"""INSERT … ON CONFLICT, which SQLite and PostgreSQL both have and standard SQL has not."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

Insert: TypeAlias = "postgresql.Insert | sqlite.Insert"


def insert(dialect: str, table: Table) -> Insert:
    """An INSERT into *table* that can say what happens where the row is there already."""
    if dialect == "sqlite":
        return sqlite.insert(table)
    # Late: it is 30 ms of the start of who has no such database.
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


@cache
def replacing(dialect: str, table: Table) -> Insert:
    """One that puts the new row in place of the one with the same key."""
    statement = insert(dialect, table)
    return statement.on_conflict_do_update(index_elements=table.primary_key, set_=new_values(statement, table))


def new_values(statement: Insert, table: Table) -> dict[str, Any]:
    """What *statement* wants to insert, by column; not the key."""
    return {column.name: statement.excluded[column.name] for column in table.columns if not column.primary_key}


def shallow(value: Any) -> dict[str, Any]:
    """The fields of a dataclass; compiled ones have no slots, and `dataclasses.asdict` would copy every document."""
    return {field.name: getattr(value, field.name) for field in fields(value)}
