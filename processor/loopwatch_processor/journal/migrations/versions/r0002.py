"""Jobs, and everything that was said of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0002"
down_revision: str | None = "r0001"


def upgrade() -> None:
    """Add the tables of jobs."""
    op.create_table(
        "jobs",
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("submitted_s", sa.Float(53), nullable=False),
        sa.Column("executing_s", sa.Float(53), nullable=True),
        sa.Column("ended_s", sa.Float(53), nullable=True),
        sa.Column("since_s", sa.Float(53), nullable=False),
        sa.Column("stop_reason", sa.Text(), nullable=False),
        sa.Column("error_type", sa.Text(), nullable=False),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("span_id", sa.Text(), nullable=False),
        sa.Column("swept_s", sa.Float(53), nullable=True),
        sa.Column("swept_from", sa.Text(), nullable=False),
        sa.Column("illegal", sa.Integer(), nullable=False),
        sa.Column("changed_s", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("environment", "id"),
    )
    op.create_index("jobs_by_status", "jobs", ["status", "since_s"], unique=False)
    op.create_index("jobs_by_submitted_s", "jobs", ["submitted_s"], unique=False)
    op.create_table(
        "job_transitions",
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at_ns", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("arrived_s", sa.Float(53), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("stop_reason", sa.Text(), nullable=False),
        sa.Column("error_type", sa.Text(), nullable=False),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("span_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("environment", "job_id", "status", "attempt", "at_ns"),
    )
