"""Where a job is after all that was said of it: in any order, however often."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from loopwatch_processor.jobs.life import live
from loopwatch_processor.jobs.transition import Status, Transition
from tests.jobs.made import NOW_S, said

TOLD = st.builds(
    said,
    st.sampled_from(["queued", "executing", "completed", "failed"]),
    st.integers(0, 5).map(float),
    attempt=st.integers(1, 3),
)


def stands(*transitions: Transition) -> tuple[str, int, int]:
    """Status, try, and how much of it cannot have happened."""
    life = live(transitions)
    return life.status.value, life.last.attempt, len(life.illegal)


def test_a_plain_life() -> None:
    """Queued, executing, completed, with the times of the clocks that said so."""
    life = live([said("queued", 0), said("executing", 2), said("completed", 5)])
    assert life.status is Status.COMPLETED
    assert (life.submitted_ns, life.executing_ns, life.ended_ns) == tuple(int((NOW_S + at) * 1e9) for at in (0, 2, 5))
    assert not life.illegal


def test_the_end_may_come_first() -> None:
    """Submitter and worker export apart: what comes last is not what is true last."""
    assert stands(said("completed", 5), said("queued", 0), said("executing", 2)) == ("completed", 1, 0)
    assert stands(said("completed", 5), said("executing", 2)) == ("completed", 1, 0)
    assert stands(said("completed", 5)) == ("completed", 1, 0)


def test_clocks_of_two_machines_differ() -> None:
    """A submitter whose clock is ahead of the worker's does not put its job back into the queue."""
    assert stands(said("executing", 1), said("completed", 2), said("queued", 3)) == ("completed", 1, 0)


def test_a_retry_goes_on_after_a_failure() -> None:
    """By its number, also where it was queued before the failure was told; or, without numbers, by its time."""
    retried = (said("executing", 1), said("failed", 4), said("queued", 3, attempt=2))
    assert stands(*retried) == ("queued", 2, 0)
    assert stands(*retried, said("executing", 5, attempt=2), said("completed", 6, attempt=2)) == ("completed", 2, 0)
    assert stands(said("executing", 1), said("failed", 2), said("executing", 3)) == ("executing", 1, 0)


def test_what_cannot_have_happened_is_counted_and_changes_nothing() -> None:
    """A completed job is done: another end, or another try, is a fault of somebody's."""
    done = (said("executing", 1), said("completed", 2))
    assert stands(*done, said("failed", 3)) == ("completed", 1, 1)
    assert stands(*done, said("executing", 3)) == ("completed", 1, 1)
    assert stands(*done, said("executing", 3, attempt=2), said("completed", 4, attempt=2)) == ("completed", 1, 2)


def test_two_emitters_of_one_queue_are_no_fault() -> None:
    """A queue's instrumentation and the helpers tell the same at slightly different times."""
    twice = [said(status, at + more) for status, at in (("queued", 0), ("executing", 2)) for more in (0.0, 0.1)]
    assert stands(*twice, said("completed", 5), said("completed", 5.1)) == ("completed", 1, 0)


@given(st.lists(TOLD, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(told: list[Transition], dice: object) -> None:
    """Whatever is said: shuffled and delivered twice it comes to the same."""
    shuffled = [*told, *told]
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert live(shuffled).status is live(told).status
    assert live(shuffled).illegal == live(told).illegal
    assert live(shuffled).last.attempt == live(told).last.attempt
