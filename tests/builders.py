"""Steps and sessions for tests, built by hand: no spans, no clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from loopwatch_processor.detectors.base import Detector
from loopwatch_processor.finding import Finding
from loopwatch_processor.session import Place, Session
from loopwatch_processor.step import ModelCall, Step, StepKind, ToolCall, Usage

START_NS = 1_780_272_000_000_000_000
"""2026-06-01T00:00:00Z."""
_MODEL_FIELDS = frozenset(ModelCall.__dataclass_fields__)
_USAGE_FIELDS = frozenset(Usage.__dataclass_fields__)
_TOOL_FIELDS = frozenset(ToolCall.__dataclass_fields__)
_ids = count(1)


def step(kind: StepKind, *, at_s: float = 0.0, duration_s: float = 1.0, **fields: Any) -> Step:
    """A step that starts *at_s* seconds after `START_NS`; every field of `Step` may be given."""
    start_ns = START_NS + round(at_s * 1e9)
    end_ns = start_ns + round(duration_s * 1e9)
    own = {"dialect": "test", "name": kind.value, "trace_id": "trace", "span_id": f"span-{next(_ids)}", "parent_id": ""}
    return Step(kind=kind, start_ns=start_ns, end_ns=end_ns, **{**own, **fields})


def model_step(**fields: Any) -> Step:
    """A model call; fields of `Step`, `ModelCall` and `Usage` may be mixed."""
    model = ModelCall(**_taken(fields, _MODEL_FIELDS))
    tokens = _taken(fields, _USAGE_FIELDS)
    return step(StepKind.MODEL_CALL, model=model, usage=Usage(**tokens) if tokens else None, **fields)


def tool_step(tool: str = "search", **fields: Any) -> Step:
    """A call of *tool*; fields of `Step` and `ToolCall` may be mixed."""
    return step(StepKind.TOOL_CALL, tool=ToolCall(tool, **_taken(fields, _TOOL_FIELDS - {"name"})), **fields)


def turn_step(agent: str = "researcher", **fields: Any) -> Step:
    """The end of an agent's turn."""
    return step(StepKind.AGENT_TURN, agent=agent, **fields)


def _taken(fields: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: fields.pop(name) for name in list(fields) if name in names}


@dataclass
class Watch:
    """One session under the eyes of one detector."""

    detector: Detector
    session: Session = field(default_factory=lambda: Session("session"))
    findings: list[Finding] = field(default_factory=list)
    """All that the detector gave out, in order, repeated ones included."""

    def feed(self, *steps: Step, run: str = "run", agent: str = "researcher") -> list[Finding]:
        """Count *steps* in the session; returns what the detector says about them."""
        found = [finding for item in steps for finding in self._update(item, run, agent)]
        self.findings.extend(found)
        return found

    def _update(self, item: Step, run: str, agent: str) -> Iterable[Finding]:
        place: Place = self.session.add(item, run, (agent, ""), False)
        return list(self.detector.update(item, place))
