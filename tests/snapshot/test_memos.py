"""What the loop detector remembers of an agent, over a restart."""

from __future__ import annotations

from loopwatch_processor.detectors.loop.memory import NAME, AgentMemory
from loopwatch_processor.session import AgentState
from loopwatch_processor.snapshot.memos import of_agent, to_agent


def restored(row: list[object] | None) -> AgentMemory:
    """What an agent remembers that was given *row*."""
    agent = AgentState("agent")
    to_agent(agent, row)
    memory: AgentMemory = agent.memo[NAME]
    return memory


def test_answers_of_before_the_last_request_stay_behind_it() -> None:
    """Their texts are not written, and without texts they would look empty."""
    agent = AgentState("agent")
    agent.memo[NAME] = AgentMemory(afresh_ns=7, asked_ns=5, compacted_ns=3)

    known = restored(of_agent(agent))

    assert (known.afresh_ns, known.asked_ns, known.compacted_ns) == (7, 5, 3)


def test_what_an_older_version_wrote_is_read() -> None:
    """It knew one time for both."""
    known = restored([[], 7, 3])

    assert (known.afresh_ns, known.asked_ns, known.compacted_ns) == (7, 7, 3)
