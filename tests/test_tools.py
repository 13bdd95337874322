"""What the user knows of tools reaches the detectors, on spans and on calls recovered from messages."""

from __future__ import annotations

from loopwatch_processor.detectors.loop import LoopDetector, LoopSettings
from loopwatch_processor.node import Node
from loopwatch_processor.sessions import Sessions
from loopwatch_processor.step import Conversation, Step, ToolCall, ToolResult
from loopwatch_processor.tools import Declaration, Tools
from tests.builders import Watch, model_step, tool_step


def counted(sessions: Sessions, step: Step) -> list[ToolCall]:
    """The tool calls that were counted when the span of *step* arrived."""
    placed = sessions.observe(Node(step.span_id, step.parent_id, step.end_ns, "s", step), step.trace_id, 1.0)
    return [item.tool for _, item in placed if item.tool is not None]


def test_the_first_declaration_that_matches_completes_a_call() -> None:
    """What it leaves empty stays as the span says."""
    tools = Tools([Declaration("get_*", polling=True), Declaration("*", identity=("id",), side_effect="mutating")])
    (call,) = counted(Sessions(tools=tools), tool_step("get_status", side_effect="none"))
    assert (call.polling, call.identity, call.side_effect) == (True, (), "none")
    (call,) = counted(Sessions(tools=tools), tool_step("pay", side_effect="none"))
    assert (call.polling, call.identity, call.side_effect) == (False, ("id",), "mutating")


def test_without_a_match_a_call_stays_as_it_is() -> None:
    """Declarations are for the tools that they name."""
    (call,) = counted(Sessions(tools=Tools([Declaration("pay", side_effect="irreversible")])), tool_step("search"))
    assert call == ToolCall("search")


def test_calls_recovered_from_messages_are_completed_too() -> None:
    """A tool without spans of its own is declared all the same."""
    sessions = Sessions(tools=Tools([Declaration("search", polling=True)]))
    asked = Conversation(requested=(ToolCall("search", "call-1"),))
    answered = Conversation(returned=(ToolResult("call-1", "nothing", "search"),))
    assert not counted(sessions, model_step(conversation=asked, parent_id="turn"))
    (call,) = counted(sessions, model_step(conversation=answered, parent_id="turn", at_s=2.0))
    assert call.recovered
    assert call.polling


def test_a_polling_tool_does_not_loop() -> None:
    """Asking ten times for the same status is its purpose; any other tool would loop."""

    def looping(polling: bool) -> bool:
        detector = LoopDetector(LoopSettings())
        steps = [
            tool_step("get_status", arguments='{"job":"7"}', result="running", polling=polling, at_s=2.0 * number)
            for number in range(10)
        ]
        return bool(Watch(detector).feed(*steps))

    assert looping(polling=False)
    assert not looping(polling=True)
