"""What detectors remember, as far as it is plain data. Windows of calls hold content: they fill anew."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from loopwatch_processor.detectors import budget
from loopwatch_processor.detectors.loop import memory as loop
from loopwatch_processor.detectors.loop.agents import LINKS
from loopwatch_processor.detectors.loop.detector import HANDOFFS
from loopwatch_processor.detectors.loop.episode import Episode
from loopwatch_processor.detectors.loop.memory import AgentMemory
from loopwatch_processor.detectors.loop.requests import ENTRY
from loopwatch_processor.detectors.progress import NAME as PROGRESS
from loopwatch_processor.detectors.reports import Report, Reports
from loopwatch_processor.run import Run
from loopwatch_processor.session import AgentState, Session
from loopwatch_processor.snapshot.steps import Row


def of_run(run: Run) -> dict[str, Any]:
    """What was reported in *run*, and whether it is a job; what its budget said is told by its session's findings."""
    found: dict[str, Any] = {}
    if budget.is_known_task(run):
        found["task"] = True
    if (reports := run.memo.get(PROGRESS)) is not None:
        found["reports"] = {agent: list(map(_report_row, known)) for agent, known in reports.agents.items()}
    return found


def to_run(run: Run, data: Mapping[str, Any]) -> None:
    """Give *run* what `of_run` wrote."""
    if data.get("task"):
        budget.mark_task(run)
    if reports := data.get("reports"):
        known = ((agent, [Report(*row) for row in rows]) for agent, rows in reports.items())
        run.remember(PROGRESS, Reports(OrderedDict(known)))


def of_agent(agent: AgentState) -> Row | None:
    """The loops of *agent* that go on, and since when it counts."""
    memory: AgentMemory | None = agent.memo.get(loop.NAME)
    if memory is None or not (memory.episodes or memory.afresh_ns or memory.compacted_ns):
        return None
    return [_episodes(memory.episodes), memory.afresh_ns, memory.compacted_ns, memory.asked_ns]


def to_agent(agent: AgentState, data: Row | None) -> None:
    """Give *agent* what `of_agent` wrote."""
    if data is not None:
        episodes, afresh_ns, compacted_ns, *asked = data
        # Where an older loopwatch wrote it, answers count from where calls do.
        since = {"afresh_ns": afresh_ns, "asked_ns": asked[0] if asked else afresh_ns, "compacted_ns": compacted_ns}
        agent.memo[loop.NAME] = AgentMemory(episodes=_episodes_of(episodes), **since)


def of_session(session: Session) -> dict[str, Any]:
    """Which agent hears requests, which traces belong together, and exchanges between agents that go on."""
    memo = session.memo
    return {
        "entry": memo.get(ENTRY),
        "links": memo.get(LINKS) or {},
        "handoffs": _episodes(memo.get(HANDOFFS) or {}),
    }


def to_session(session: Session, data: Mapping[str, Any]) -> None:
    """Give *session* what `of_session` wrote."""
    if data["entry"]:
        session.memo[ENTRY] = [(name, caller) for name, caller in data["entry"]]
    if data["links"]:
        session.memo[LINKS] = dict(data["links"])
    if data["handoffs"]:
        session.memo[HANDOFFS] = _episodes_of(data["handoffs"])


def _episodes(episodes: Mapping[str, Episode]) -> list[Row]:
    return [
        [subject, item.pattern, item.speaker, sorted(item.told), sorted(item.counted), item.quiet]
        for subject, item in episodes.items()
    ]


def _episodes_of(rows: list[Row]) -> dict[str, Episode]:
    return {
        subject: Episode(pattern, speaker, set(told), set(counted), quiet)
        for subject, pattern, speaker, told, counted, quiet in rows
    }


_REPORTED = tuple(field.name for field in fields(Report))


def _report_row(report: Report) -> Row:
    return [getattr(report, name) for name in _REPORTED]
