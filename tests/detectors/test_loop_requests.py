"""The loop detector over several agents and requests: what starts afresh, and what does not."""

from __future__ import annotations

import pytest

from loopwatch_processor.step import Conversation, Step
from tests.builders import model_step, tool_step
from tests.detectors.loops.rows import calls
from tests.detectors.loops.watching import patterns, watch


def test_agents_do_not_blur_each_other() -> None:
    """Two agents that each call once or twice are no loop together."""
    seen = watch()
    for index, step in enumerate(calls([("status", {"job": 7}, "idle")] * 6)):
        seen.feed(step, agent=f"worker-{index % 3}")
    assert seen.findings == []


def test_a_new_root_span_starts_afresh() -> None:
    """The next request to the same agent may well need the same calls."""
    seen = watch()
    for number in range(4):
        steps = [
            tool_step("status", at_s=60.0 * number + i, trace_id=f"t{number}", arguments="{}", result="idle")
            for i in range(3)
        ]
        seen.feed(*steps, run=f"root-{number}")
    assert seen.findings == []


def test_rootless_calls_in_traces_of_their_own_are_one_loop() -> None:
    """Where no root agent span tells of a request, a new trace is no fresh start."""
    seen = watch()
    for number in range(4):
        step = tool_step("status", at_s=60.0 * number, trace_id=f"t{number}", arguments="{}", result="idle")
        seen.feed(step, run=f"t{number}")
    assert patterns(seen) == ["exact"]


def asks(at_s: float, text: str) -> Step:
    """A model call whose newest user message is *text*."""
    return model_step(
        at_s=at_s, duration_s=0.5, conversation=Conversation(user_text=text, output_text=f"answer {at_s}")
    )


def test_a_new_request_from_the_user_starts_afresh() -> None:
    """Three looks for one question and three for another are no loop of six."""
    seen = watch()
    first, second = calls([("status", {}, "idle")] * 3), calls([("status", {}, "idle")] * 3)
    later = [tool_step("status", at_s=100.0 + i * 2, arguments="{}", result="idle") for i in range(len(second))]
    seen.feed(asks(-2, "How is the import of the May invoices going?"), *first, asks(50, "It is being worked on"))
    seen.feed(asks(90, "And what about printing labels for the warehouse in Leeds?"), *later)
    assert seen.findings == []


@pytest.mark.parametrize(
    "text",
    [
        "continue",
        "How is the import of the May invoices going now?",
        "Observation: parked as number nine hundred and one",
    ],
    ids=["nudge", "the same again", "a tool's result as user message"],
)
def test_nudges_and_results_start_nothing_afresh(text: str) -> None:
    """What the harness says between the calls, and what the user asks again, leave the count as it is."""
    seen = watch()
    result = "parked as number nine hundred and one"
    asked = "How is the import of the May invoices going?"
    seen.feed(asks(-2, asked), *calls([("status", {}, result)] * 3))
    seen.feed(asks(50, asked), asks(60, text))
    seen.feed(tool_step("status", at_s=70, arguments="{}", result=result))
    assert patterns(seen) == ["exact"]


def test_a_person_may_ask_the_same_every_hour() -> None:
    """Each time the agent looks once and answers: what comes back is no news, and no loop either."""
    seen = watch()
    for hour in range(6):
        at_s = 3600.0 * hour
        seen.feed(asks(at_s, "Has the parcel from Lyon arrived yet?"))
        seen.feed(tool_step("track", at_s=at_s + 2, arguments="{}", result="in transit"))
        seen.feed(asks(at_s + 4, "Has the parcel from Lyon arrived yet?"))
    assert seen.findings == []
