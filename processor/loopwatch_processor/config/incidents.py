"""Settings of incidents, of the journal that keeps them, and of the links that lead from them."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from loopwatch_processor.config.section import Section
from loopwatch_processor.incidents import IncidentLimits
from loopwatch_processor.journal.settings import JournalSettings
from loopwatch_processor.snapshot.keeper import SnapshotLimits


class Incidents(Section):
    """When findings are one incident, and when it is over."""

    hold_s: float = Field(default=120.0, gt=0)
    """How long an incident stays open at least. Prometheus only pages for what it saw open: two of its scrapes and
    evaluations have to fit in, so go below the default only where they are faster, or where loopwatch pages itself."""
    settle_s: float = Field(default=60.0, ge=0)
    """A session leaves its incident so long after its run ended, if nothing is found in it again."""
    quiet_s: float = Field(default=900.0, gt=0)
    """A session in which nothing is found for so long leaves its incident; three times its own pace where that is
    longer. A limit that was exceeded stays exceeded until the run ends."""
    reopen_s: float = Field(default=900.0, ge=0)
    """What opens again so soon after it was resolved is flapping: each time it is held open twice as long."""
    max_hold_s: float = Field(default=14_400.0, gt=0)
    """The longest that flapping holds an incident open."""
    max_open: int = Field(default=10_000, ge=1)
    """Incidents open at the same time; beyond it the least severe are not opened, and counted."""
    max_sessions_listed: int = Field(default=100, ge=1)
    """Sessions that an incident lists; the others are counted."""
    max_findings: int = Field(default=20, ge=1)
    """Findings that an incident keeps beside the one that names it."""

    def limits(self) -> IncidentLimits:
        """The same for the pipeline."""
        return IncidentLimits(**self.model_dump())


MAX_JOBS_IN_MEMORY = 50_000
"""Jobs that are followed without a journal, at most: some 60 MB."""


class Journal(Section):
    """The database that remembers incidents, pages on their way, mutes, and sessions with findings."""

    enabled: bool = True
    """Without it a restart forgets every open incident, every job, and a page that was not delivered yet."""
    url: str | None = None
    """sqlite:////path/journal.db or postgresql://user@host/name; null: journal.db in $XDG_STATE_HOME/loopwatch
    (~/.local/state/loopwatch). Leave a password to the environment (PGPASSWORD, or this setting's variable)."""
    retention_s: float = Field(default=2_592_000.0, gt=0)
    """How long resolved incidents and ended sessions are kept."""
    max_sessions: int = Field(default=100_000, ge=1)
    """Sessions kept; beyond it the oldest go."""
    max_steps_per_session: int = Field(default=2_000, ge=1)
    """Steps kept of a session's story; beyond it the oldest go."""
    max_jobs: int = Field(default=500_000, ge=1)
    """Jobs kept; beyond it those go of which nothing was heard for longest."""
    max_pending: int = Field(default=10_000, ge=1)
    """Incidents, messages and sessions, of each, that are held in memory while the database does not answer; ten times
    as many transitions of jobs."""

    snapshot_s: float = Field(default=10.0, gt=0)
    """How often sessions that changed are written, so that a restart goes on with their sums: what kill -9 costs."""
    max_snapshots: int = Field(default=20_000, ge=1)
    """Open sessions kept so; beyond it those that were active least recently are not."""
    max_snapshot_spans: int = Field(default=128, ge=0)
    """Spans kept of each, of the traces that go on: these move with their run, and count once when they come again."""
    replica: str = ""
    """The name of this process among those that share the journal, the same after a restart: it goes on with its own
    sessions. Empty: the host's name where the journal is PostgreSQL."""

    def snapshots(self) -> SnapshotLimits:
        """What is kept of open sessions."""
        return SnapshotLimits(self.snapshot_s, self.max_snapshots, self.max_snapshot_spans)

    def settings(self, session_idle_s: float) -> JournalSettings:
        """The same for the journal itself; a session ends that was silent for *session_idle_s*."""
        return JournalSettings(
            url=self.url,
            retention_s=self.retention_s,
            max_sessions=self.max_sessions,
            max_steps_per_session=self.max_steps_per_session,
            max_jobs=self.max_jobs,
            max_pending=self.max_pending,
            session_idle_s=session_idle_s,
        )

    def settings_in_memory(self) -> JournalSettings:
        """The same for jobs that are followed without a journal."""
        return JournalSettings(
            retention_s=self.retention_s,
            max_jobs=min(self.max_jobs, MAX_JOBS_IN_MEMORY),
            max_pending=self.max_pending,
        )


_FILLED_IN = {
    "runbook_url": ("{alert}",),
    "dashboard_url": ("{uid}", "{agent}", "{environment}", "{service}"),
    "trace_url": ("{trace_id}", "{span_id}"),
    "session_url": ("{session}",),
}


class Links(Section):
    """Where pages and alerts lead; {…} is filled in, null leaves the link out."""

    runbook_url: str | None = "https://github.com/loopwatch/loopwatch/blob/main/alert_rules/runbooks/{alert}.md"
    """{alert} is the alert's name. loopwatch serves the same pages: http://host:4318/runbooks/{alert}."""
    dashboard_url: str | None = None
    """Grafana, such as https://grafana.example.com/d/{uid}?var-agent={agent}; also {environment}, {service}."""
    trace_url: str | None = None
    """Your trace view, such as https://jaeger.example.com/trace/{trace_id}; {trace_id}, {span_id}."""
    session_url: str | None = None
    """One session's story; {session}. loopwatch serves it as JSON: http://host:4318/sessions/{session}."""

    @field_validator(*_FILLED_IN)
    @classmethod
    def _names_what_is_known(cls, url: str | None, info: ValidationInfo) -> str | None:
        known = _FILLED_IN[str(info.field_name)]
        for name in re.findall(r"\{\w+\}", url or ""):
            if name not in known:
                raise ValueError(f"{name} is nothing that is filled in here: use {', '.join(known)}")
        return url


class Capture(Section):
    """Which text of agents leaves the process: names, counts and hashes always do."""

    content: Literal["none", "journal"] = "none"
    """journal: redacted arguments, results and errors of tool calls are kept with a session's steps."""
    redact_keys: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """Names of fields, in any case, whose values are taken out beside passwords, keys and tokens: [customer_name]."""
    redact_patterns: tuple[str, ...] = ()
    """Regular expressions of what is taken out wherever it stands, such as 'CUST-[0-9]{4}'."""

    @field_validator("redact_patterns")
    @classmethod
    def _are_patterns(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                empty = re.compile(pattern).match("") is not None
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
            if empty:
                raise ValueError(f"{pattern!r} matches nothing at all, everywhere: take out what makes it optional")
        return patterns
