"""The tables of the journal. A change here needs a migration beside it; a test compares the two."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Index, Integer, MetaData, String, Table

from loopwatch_processor.journal.columns import Amount, Count, Key, Words

HEAD = "r0003"
"""The newest migration."""
VERSION_TABLE = "loopwatch_version"

metadata = MetaData()

version_table = Table(VERSION_TABLE, MetaData(), Column("version_num", String(32), primary_key=True))
"""As Alembic would make it, which reads it at the next migration."""

incidents = Table(
    "incidents",
    metadata,
    Column("id", Key, primary_key=True),
    Column("dedup_key", Words, nullable=False),
    Column("environment", Words, nullable=False),
    Column("service", Words, nullable=False),
    Column("agent", Words, nullable=False),
    Column("detector", Words, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("state", Words, nullable=False),
    Column("opened_s", Amount, nullable=False),
    Column("changed_s", Amount, nullable=False),
    Column("resolved_s", Amount),
    Column("document", JSON, nullable=False),
    Index("incidents_by_resolved_s", "resolved_s"),
    Index("incidents_by_changed_s", "changed_s"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Key, primary_key=True),
    Column("channel", Words, nullable=False),
    Column("target", Words, nullable=False),
    Column("incident_id", Key, nullable=False),
    Column("ordinal", Count, nullable=False),
    Column("action", Words, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("created_s", Amount, nullable=False),
    Column("due_s", Amount, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_try_s", Amount, nullable=False),
    Column("last_error", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("done_s", Amount),
    Index("outbox_by_state", "state", "done_s"),
    Index("outbox_by_incident", "incident_id", "action"),
)

mutes = Table(
    "mutes",
    metadata,
    Column("id", Key, primary_key=True),
    Column("agent", Words, nullable=False),
    Column("detector", Words, nullable=False),
    Column("environment", Words, nullable=False),
    Column("service", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("created_s", Amount, nullable=False),
    Column("until_s", Amount, nullable=False),
    Column("ended_s", Amount),
)

sessions = Table(
    "sessions",
    metadata,
    Column("key", Key, primary_key=True),
    Column("environment", Words, nullable=False),
    Column("service", Words, nullable=False),
    Column("agent", Words, nullable=False),
    Column("agent_type", Words, nullable=False),
    Column("started_ns", Count, nullable=False),
    Column("ended_ns", Count, nullable=False),
    Column("steps", Count, nullable=False),
    Column("tool_calls", Count, nullable=False),
    Column("tokens", Count, nullable=False),
    Column("cost_usd", Amount),
    Column("stop_reason", Words, nullable=False),
    Column("severity", Integer),
    Column("open", Boolean, nullable=False),
    Column("changed_s", Amount, nullable=False),
    Column("document", JSON, nullable=False),
    Index("sessions_by_changed_s", "changed_s"),
)

session_detectors = Table(
    "session_detectors",
    metadata,
    Column("session_key", Key, primary_key=True),
    Column("detector", Key, primary_key=True),
)

session_steps = Table(
    "session_steps",
    metadata,
    Column("session_key", Key, primary_key=True),
    Column("trace_id", Key, primary_key=True),
    Column("span_id", Key, primary_key=True),
    Column("start_ns", Count, nullable=False),
    Column("end_ns", Count, nullable=False),
    Column("kind", Words, nullable=False),
    Column("agent", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("document", JSON, nullable=False),
    Index("session_steps_by_start_ns", "session_key", "start_ns"),
)

documents = Table(
    "documents",
    metadata,
    Column("name", Key, primary_key=True),
    Column("changed_s", Amount, nullable=False),
    Column("document", JSON, nullable=False),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("replica", Key, primary_key=True),
    Column("key", Key, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("seen_s", Amount, nullable=False),
    Column("state", Words, nullable=False),
    Index("snapshots_by_seen_s", "replica", "seen_s"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("environment", Key, primary_key=True),
    Column("id", Key, primary_key=True),
    Column("type", Words, nullable=False),
    Column("queue", Words, nullable=False),
    Column("service", Words, nullable=False),
    Column("agent", Words, nullable=False),
    Column("status", Words, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("submitted_s", Amount, nullable=False),
    Column("executing_s", Amount),
    Column("ended_s", Amount),
    Column("since_s", Amount, nullable=False),
    Column("stop_reason", Words, nullable=False),
    Column("error_type", Words, nullable=False),
    Column("trace_id", Words, nullable=False),
    Column("span_id", Words, nullable=False),
    Column("swept_s", Amount),
    Column("swept_from", Words, nullable=False),
    Column("illegal", Integer, nullable=False),
    Column("changed_s", Amount, nullable=False),
    Index("jobs_by_status", "status", "since_s"),
    Index("jobs_by_submitted_s", "submitted_s"),
)

job_transitions = Table(
    "job_transitions",
    metadata,
    Column("environment", Key, primary_key=True),
    Column("job_id", Key, primary_key=True),
    Column("status", Key, primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("at_ns", Count, primary_key=True, autoincrement=False),
    Column("arrived_s", Amount, nullable=False),
    Column("type", Words, nullable=False),
    Column("queue", Words, nullable=False),
    Column("service", Words, nullable=False),
    Column("agent", Words, nullable=False),
    Column("stop_reason", Words, nullable=False),
    Column("error_type", Words, nullable=False),
    Column("trace_id", Words, nullable=False),
    Column("span_id", Words, nullable=False),
)
