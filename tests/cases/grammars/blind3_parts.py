"""What the third blind part is written with: a log that notes step after step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.cases.grammars.parts import Draft

Call = tuple[str, object, object]
"""Name of a tool, its arguments, its result."""


class Log:
    """One session as it is written down; `onset` is where a loop began."""

    def __init__(self, agent: str = "", at: float | None = None) -> None:
        self.steps: list[dict[str, Any]] = []
        self.onset: int | None = None
        self._agent, self._at, self._run = agent, at, ""

    def user(self, text: str) -> Log:
        return self._note({"kind": "user", "result": text}, 1.0)

    def say(self, text: str, agent: str = "") -> Log:
        return self._note({"kind": "llm", "result": text, **({"agent": agent} if agent else {})}, 3.0)

    def do(self, name: str, arguments: object, result: object, took_s: float = 1.0, agent: str = "") -> Log:
        step = {"kind": "tool", "name": name, "arguments": arguments, "result": result}
        return self._note({**step, **({"agent": agent} if agent else {})}, took_s)

    def fail(self, name: str, arguments: object, error: str, took_s: float = 1.0, agent: str = "") -> Log:
        step = {"kind": "tool", "name": name, "arguments": arguments, "error": error}
        return self._note({**step, **({"agent": agent} if agent else {})}, took_s)

    def together(self, calls: Sequence[Call], took_s: float = 2.0) -> Log:
        """Calls of one reply, side by side; needs a clock."""
        assert self._at is not None
        start = self._at
        for number, (name, arguments, result) in enumerate(calls):
            self._at = start + number * 0.05
            self.do(name, arguments, result, took_s)
        return self

    def wait(self, seconds: float) -> Log:
        assert self._at is not None
        self._at += seconds
        return self

    def run(self, name: str) -> Log:
        """Another run of the agent in the same conversation."""
        self._run = name
        return self

    def here(self) -> Log:
        """The loop begins with the next step."""
        self.onset = len(self.steps)
        return self

    def draft(self, name: str, why: str) -> Draft:
        return Draft(name, tuple(self.steps), self.onset, why)

    def _note(self, step: Mapping[str, Any], took_s: float) -> Log:
        noted = dict(step)
        if self._agent and "agent" not in noted and noted["kind"] != "user":
            noted["agent"] = self._agent
        if self._run:
            noted["run"] = self._run
        if self._at is not None:
            noted["start"], noted["end"] = round(self._at, 2), round(self._at + took_s, 2)
            self._at += took_s + 0.4
        self.steps.append(noted)
        return self
