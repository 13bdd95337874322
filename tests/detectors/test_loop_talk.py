"""The loop detector on what agents say: answers alike, plans announced anew, blank answers, chants."""

from __future__ import annotations

from loopwatch_processor.step import Conversation
from tests.builders import model_step
from tests.detectors.loops.rows import answers
from tests.detectors.loops.watching import patterns, watch

EXCUSES = (
    "I would love to paint the fence, but the brush is lost and the shop is closed.",
    "The shop is closed and the brush is lost, or the fence would get its paint.",
    "With the brush lost and the shop closed I cannot paint any fence today.",
    "My brush is lost; as the shop is closed, painting the fence has to wait.",
    "Painting the fence must wait, for the shop stays closed and no brush is found.",
)


def test_the_same_answer_three_times_is_a_monologue() -> None:
    """Answers alike without a tool call between, whatever the user says to it."""
    text = "I am still working on the migration, please wait a moment"
    seen = watch()
    seen.feed(*answers(text, text, text + ".", user=["How far is it?", "ok", "ok"]))
    assert patterns(seen) == ["monologue"]


def test_one_excuse_in_ever_new_words_is_a_monologue() -> None:
    """Nobody says anything new, so five answers of which each is half like another are one; what is heard tells."""
    users = ["Paint the fence, please."] * 5
    assert [item.pattern for item in watch().feed(*answers(*EXCUSES, user=users))] == ["monologue"]
    asked = [f"Is the {thing} painted?" for thing in ("gate", "shed", "porch", "bench", "door")]
    assert watch().feed(*answers(*EXCUSES, user=asked)) == []
    assert watch().feed(*answers(*EXCUSES, user=[""] * 5)) == []


PLANS = (
    "First I look up the tariff, then I compare the meters, and I write the letter in the end.",
    "My plan: compare the meters after a look at the tariff, and write the letter. Let me begin.",
    "Let me begin with the tariff, which I look up; comparing the meters comes next, and the letter last.",
    "Before the letter is written, the tariff has to be looked up, and the meters want comparing.",
    "I begin now: tariff first, meters next, letter last.",
    "Now for the first step, a look at the tariff, then the meters, then the letter.",
)


def test_a_plan_that_is_announced_anew_each_time_is_a_monologue() -> None:
    """No two of six answers are much alike, and yet each says what the others said, and nobody but a nudge is heard."""
    for users in (["Write to them."] * 6, ["Write to them.", "go on", "go on", "please", "go on", "please"]):
        assert [item.pattern for item in watch().feed(*answers(*PLANS, user=users))] == ["monologue"]
    assert watch().feed(*answers(*PLANS[:5], user=["Write to them."] * 5)) == []


def test_words_that_go_on_are_no_monologue() -> None:
    """A tale told on demand has its hero in each part, and the same answer to ever new questions is no loop."""
    tale = (
        "A hedgehog called Ida lived below an old pear tree.",
        "One night Ida heard a pear drop, and beside it lay a silver key.",
        "The key fitted a small door in the trunk, behind which stairs led down.",
        "Down there sat a mole who counted all stars by their sound.",
        "Ida asked him which one hummed lowest, and he pointed to the north.",
        "So she went home, looked north from the tree, and slept until noon.",
    )
    assert watch().feed(*answers(*tale, user=["A story, please.", *["more"] * 5])) == []
    asked = [
        f"What about the {thing}, please?" for thing in ("roof tiles and gutter", "north gate bolt", "winter coal bill")
    ]
    assert watch().feed(*answers(*PLANS, user=[*asked, *asked])) == []


def test_items_told_one_by_one_are_no_monologue() -> None:
    """Sentences about other numbers or other things are a list that is worked off in words."""
    lines = [f"House {n} of the street needs {n % 4 + 20} litres of blue paint for the walls." for n in (3, 5, 6, 8, 9)]
    parts = (
        "The gate is rusty at the hinges and wants a new bolt.",
        "Under the porch two boards are rotten and should be replaced.",
        "Moss covers the north side of the shed roof.",
        "All windows close well, although the kitchen one needs putty.",
        "The door can stay as it is for some years.",
    )
    noted = ("OK, noted.", "Noted, thanks.", "Thanks, noted.", "OK.", "Noted.")
    for said in (lines, parts, noted):
        assert watch().feed(*answers(*said, user=["Go round the house."] * len(said))) == []


def test_answers_to_new_questions_are_no_monologue() -> None:
    """A closing phrase may come back with every new request."""
    text = "Your change is saved. Is there anything else that I can do?"
    users = ("Set my phone number to the new one", "Please cancel the gym membership", "Which invoices are still open?")
    assert watch().feed(*answers(text, text, text, user=users)) == []


def test_side_by_side_answers_are_no_monologue() -> None:
    """Several samples for one prompt run at the same time."""
    steps = [
        model_step(at_s=0.1 * i, conversation=Conversation(output_text="yes, it is safe to merge")) for i in range(6)
    ]
    assert watch().feed(*steps) == []


def test_empty_answers_in_a_row_are_found() -> None:
    """White space is no answer; a tool call that was asked for is."""
    assert [item.pattern for item in watch().feed(*answers("", " ", "\n", "\t"))] == ["empty_replies"]
    asked = [
        model_step(at_s=3.0 * i, finish_reason="tool_call", conversation=Conversation(output_text="")) for i in range(9)
    ]
    assert watch().feed(*asked) == []


def test_answers_that_are_not_captured_are_unknown() -> None:
    """No content, no verdict."""
    assert watch().feed(*[model_step(at_s=3.0 * i) for i in range(9)]) == []


def test_an_answer_that_chants_is_found() -> None:
    """One piece of text over and over, but not in a code block, a list or a table."""
    line = "I will check the configuration once more and then report back to you. "
    assert [item.pattern for item in watch().feed(*answers(line * 14))] == ["chanting"]
    assert watch().feed(*answers("```\n" + line * 14 + "\n```")) == []
    assert watch().feed(*answers("\n".join(f"- {line}" for _ in range(14)))) == []
