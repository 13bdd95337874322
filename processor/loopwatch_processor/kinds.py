"""The kinds of steps as names of their own, for what looks at every span.

To get a member of an enumeration by its class takes Python 3.11 ten times as many instructions as such a name.
"""

from __future__ import annotations

from typing import Final

from loopwatch_processor.step import StepKind

MODEL_CALL: Final = StepKind.MODEL_CALL
TOOL_CALL: Final = StepKind.TOOL_CALL
AGENT_TURN: Final = StepKind.AGENT_TURN
JOB: Final = StepKind.JOB
OTHER: Final = StepKind.OTHER
CALLS: Final = (MODEL_CALL, TOOL_CALL)
RUNS: Final = (AGENT_TURN, JOB)
COUNTED: Final = (MODEL_CALL, TOOL_CALL, AGENT_TURN, JOB)
"""All but `OTHER`."""
