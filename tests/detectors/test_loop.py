"""The loop detector: finds repetition without progress, leaves repetitive work alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from loopwatch_processor.detectors.loop import LoopDetector, LoopSettings
from loopwatch_processor.finding import Severity
from loopwatch_processor.step import Conversation, ErrorInfo, Step
from tests.builders import Watch, model_step, tool_step
from tests.detectors.loop_cases import FIRES, REPHRASED, SILENT, answers, calls
from tests.sketching import sketched_step

UNSEEN = (
    "a wider and wider look",
    "a page that no click changes",
    "more and more context by an option",
    "an ever earlier start of a search that finds nothing",
    "an ever later end, by an option of a command",
    "a program that is not there, in four commands",
    "one letter that is refused, under a new receipt each time",
    "one payment that is denied, with a count of the tries",
    "keys that are guessed, one after the other",
    "five looks of which one shows the number of its picture",
)
"""Loops that sketches do not show: numbers are not sent, so a growing one looks like pages, and four pages are work;
one that moves with each change, like a list; one word that an error shares with commands may be the program's name."""


EXCUSES = (
    "I would love to paint the fence, but the brush is lost and the shop is closed.",
    "The shop is closed and the brush is lost, or the fence would get its paint.",
    "With the brush lost and the shop closed I cannot paint any fence today.",
    "My brush is lost; as the shop is closed, painting the fence has to wait.",
    "Painting the fence must wait, for the shop stays closed and no brush is found.",
)


def watch(**thresholds: object) -> Watch:
    """A session under the loop detector."""
    return Watch(LoopDetector(LoopSettings.model_validate(thresholds)))


def patterns(seen: Watch) -> list[str]:
    """The patterns found, in order, each once."""
    return list(dict.fromkeys(item.pattern for item in seen.findings))


@pytest.mark.parametrize(("pattern", "steps"), FIRES.values(), ids=FIRES)
def test_a_loop_is_found_as_a_warning(pattern: str, steps: list[Step]) -> None:
    """The pattern shows at the last step of the case, and warns first."""
    seen = watch()
    found = seen.feed(*steps)
    assert patterns(seen)[-1] == pattern
    assert {item.severity for item in found} == {Severity.WARNING}
    assert steps[-1].span_id in found[-1].span_ids
    assert found[-1].stop_reason == "loop_detected"


@pytest.mark.parametrize(("name", "pattern", "steps"), [(name, *case) for name, case in FIRES.items()], ids=FIRES)
def test_a_loop_is_found_by_its_sketches(name: str, pattern: str, steps: list[Step]) -> None:
    """With content capture off the same pattern shows at the same step."""
    seen = watch()
    found = seen.feed(*map(sketched_step, steps))
    if name in UNSEEN:
        assert seen.findings == []
        return
    assert patterns(seen)[-1] == pattern
    assert steps[-1].span_id in found[-1].span_ids


@pytest.mark.parametrize("steps", SILENT.values(), ids=SILENT)
def test_repetitive_work_is_left_alone_when_sketched(steps: list[Step]) -> None:
    """What is unknown by its sketch is never taken for a loop."""
    seen = watch()
    seen.feed(*map(sketched_step, steps))
    assert seen.findings == []


@pytest.mark.parametrize("steps", SILENT.values(), ids=SILENT)
def test_repetitive_work_is_left_alone(steps: list[Step]) -> None:
    """Batches, pages, polls, retries and test cycles repeat, and get on."""
    seen = watch()
    seen.feed(*steps)
    assert seen.findings == []


def test_a_loop_turns_critical_after_five_more_repetitions() -> None:
    """Warning at the fourth call, critical at the ninth."""
    found = watch().feed(*calls([("status", {"job": 7}, "idle")] * 9))
    assert [item.severity for item in found] == [Severity.WARNING] * 5 + [Severity.CRITICAL]


def test_a_loop_that_stops_starts_to_count_anew() -> None:
    """Six other calls end a loop; what comes then is a warning again."""
    loop = [("status", {"job": 7}, "idle")] * 8
    work = [("read", {"path": str(i)}, f"text {i}") for i in range(16)]
    found = watch().feed(*calls([*loop, *work, *loop]))
    assert {item.severity for item in found} == {Severity.WARNING}


def test_a_short_break_does_not_end_a_loop() -> None:
    """Hysteresis: one other call between two stretches of the same loop changes nothing."""
    loop = [("status", {"job": 7}, "idle")] * 5
    found = watch().feed(*calls([*loop, ("read", {"path": "a"}, "text"), *loop]))
    assert found[-1].severity is Severity.CRITICAL


def test_the_summary_names_what_an_operator_needs_and_no_content() -> None:
    """Tool, count, similarity, onset, cost and what would be progress; never the arguments."""
    seen = watch()
    steps = calls([("search", {"query": text}, "[]") for text in REPHRASED])
    for index, step in enumerate(steps):
        seen.feed(model_step(at_s=2.0 * index - 1, duration_s=0.5, input_tokens=1000, output_tokens=50, cost_usd=0.02))
        seen.feed(step)
    found = seen.findings[-1]
    assert found.wasted_tokens == 3150
    assert found.wasted_usd == pytest.approx(0.06)
    for part in ("`search`", "4 times", "similarity 0.", "since step 2", "3,150 tokens ($0.06)", "count as progress"):
        assert part in found.summary
    assert "refund" not in found.summary


def test_a_declared_identity_decides_what_is_the_same_call() -> None:
    """A fresh request number in the arguments hides nothing where the tool says what identifies a call."""
    steps = [
        tool_step(
            "quote", at_s=2.0 * i, arguments=f'{{"nonce":"n{i}","symbol":"X"}}', result="12", identity=("symbol",)
        )
        for i in range(4)
    ]
    assert [item.pattern for item in watch().feed(*steps)] == ["exact"]


def test_a_declared_poll_is_not_scored() -> None:
    """A tool that the user calls a poll may be asked for ever."""
    steps = [tool_step("wait_for", at_s=2.0 * i, arguments="{}", result="not yet", polling=True) for i in range(30)]
    assert watch().feed(*steps) == []


def test_hashes_stand_for_content() -> None:
    """With content capture off, equal hashes of arguments and results are an exact repeat; a new result is not."""
    hashed = [tool_step(at_s=2.0 * i, arguments_hash="ab", result_hash="cd") for i in range(4)]
    news = [tool_step(at_s=2.0 * i, arguments_hash="ab", result_hash=f"c{i}") for i in range(8)]
    assert [item.pattern for item in watch().feed(*hashed)] == ["exact"]
    assert watch().feed(*news) == []


def test_long_numbers_that_are_not_seen_are_a_loop_only_in_one_place() -> None:
    """Eight calls that differ in one number, with one answer, are one by their sketches; items of a list are not.

    Nor are calls that differ in two numbers, in an id, or in a number that may be one: something came back for it.
    """
    walk = calls(("shell", {"command": f"grep -B{n} todo main.c /etc | head"}, "none") for n in range(7, 90, 9))
    grid = calls(("click", {"x": n, "y": 3 * n}, "clicked") for n in range(12))
    rows = calls(("show", {"row": n}, "no notes") for n in range(12))

    assert patterns(_sketched(walk)) == ["drifting"]
    rooms = calls(("is_clean", {"room": 200 + n * 37 % 100}, "yes") for n in range(12))
    assert patterns(_sketched(grid)) == patterns(_sketched(rows)) == patterns(_sketched(rooms)) == []


def test_a_command_that_nobody_described_may_change_anything() -> None:
    """Without the word of what it does, code that another agent's version sketched is taken for a change."""
    steps = [sketched_step(step) for step in FIRES["one look among other reads"][1]]
    assert patterns(_watched(steps)) == ["scattered"]

    unknown = [
        replace(step, tool=replace(step.tool, arguments_class="code", arguments_effect=""))
        if step.tool is not None and step.tool.name == "read"
        else step
        for step in steps
    ]
    assert patterns(_watched(unknown)) == []


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("empty_replies", ("", "  ", "\n", "\t \n")),
        ("monologue", ("The migration is still running.",) * 3),
        ("chanting", ("I have done all that was asked for and will now mark the task as complete. " * 12,)),
    ],
)
def test_talk_is_judged_by_its_sketches(pattern: str, texts: tuple[str, ...]) -> None:
    """Blank answers, one answer again and again, and one that chants, without a word of them."""
    assert patterns(_sketched(answers(*texts))) == [pattern]


def test_different_answers_stay_different_when_sketched() -> None:
    """Neither answers in other words nor a long one is a loop."""
    said = ("Nine of ten tables are copied.", "All tables are copied; I check the rows now.", "Every row is there.")
    assert patterns(_sketched(answers(*said))) == []
    assert patterns(_sketched(answers(" ".join(f"{n} rows of table {n} are copied by now." for n in range(40))))) == []


def _sketched(steps: list[Step]) -> Watch:
    return _watched([sketched_step(step) for step in steps])


def _watched(steps: list[Step]) -> Watch:
    seen = watch()
    seen.feed(*steps)
    return seen


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


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=40), st.booleans())
def test_unknown_arguments_never_match(tools: list[str], with_result: bool) -> None:
    """Whatever the order of tools: without arguments there is no loop."""
    result = "same" if with_result else None
    steps = [tool_step(tool, at_s=2.0 * i, result=result) for i, tool in enumerate(tools)]
    assert watch().feed(*steps) == []


@given(st.permutations(range(6)))
def test_order_of_arrival_does_not_matter(order: list[int]) -> None:
    """Calls that arrive out of order are judged in their own order."""
    steps = calls([("status", {"job": 7}, "idle")] * 6)
    assert "exact" in {item.pattern for item in watch().feed(*(steps[i] for i in order))}


def test_unknown_settings_are_refused() -> None:
    """A misspelled threshold is an error, not a default."""
    with pytest.raises(ValidationError):
        LoopSettings.model_validate({"exact_call": 3})


def test_twelve_failing_calls_of_one_tool_warn_at_the_third_and_page_at_the_eighth() -> None:
    """A framework that reports the same exception for the same call until its step limit."""
    rows = [("final_sum", {"rows": 3}, None, "TypeError: rows must be a list")] * 12
    found = watch().feed(*calls(rows))
    assert [item.severity for item in found] == [Severity.WARNING] * 5 + [Severity.CRITICAL] * 5


ONE_POOL = (
    "boiler pressure drops overnight in cottage heating",
    "why heating loses water: vessel, valve, cottage",
    "expansion vessel and overnight pressure of a closed system",
    "closed system with a leaking valve, boiler water",
    "leaking expansion tank drops cottage water",
)
NOTHING = "Your search matched 0 entries. The makers' manuals are not part of your licence."


def test_questions_from_one_pool_of_words_with_one_answer_are_a_loop() -> None:
    """No two of them are half alike, but they share their words, and each was told what is not there."""
    asked = [("search", {"query": text}, NOTHING) for text in ONE_POOL]
    assert [item.pattern for item in watch().feed(*calls(asked))] == ["same_answer"]
    assert watch().feed(*calls(asked[:4])) == []


def test_questions_from_one_pool_with_other_answers_are_research() -> None:
    """Another answer to each is news."""
    found = (
        "Three entries on flats.",
        "A guide to usufruct.",
        "Classes I to III.",
        "A form for gifts.",
        "Rates of 2024.",
    )
    asked = [("search", {"query": text}, result) for text, result in zip(ONE_POOL, found, strict=True)]
    assert watch().feed(*calls(asked)) == []


def test_one_frame_of_words_with_one_answer_is_a_list() -> None:
    """What all of them share is a frame, and what they do not share is the item."""
    rooms = ("kitchen sink", "north porch", "cellar stairs", "attic hatch", "garden shed", "coal bunker")
    asked = [("search", {"query": f"open faults reported for the {room} since spring"}, NOTHING) for room in rooms]
    assert watch().feed(*calls(asked)) == []


USAGE = "Usage: fleet [OPTIONS] COMMAND. Commands: vehicle, driver, depot, report. No profile is set."
COMMANDS = (
    "fleet report incidents --kind fuel --by depot",
    "fleet incidents report --fuel",
    "fleet report fuel --incidents --group depot",
    "fleet depot list --incidents fuel",
    "fleet help report incidents --kind",
)


def test_commands_that_print_the_same_usage_are_a_loop() -> None:
    """Until something is changed in between, or another answer comes."""
    typed = [("shell", {"command": text}, USAGE) for text in COMMANDS]
    mended = ("write_file", {"path": "profile.toml", "content": "depot = 7"}, "written")
    assert [item.pattern for item in watch().feed(*calls(typed))] == ["same_answer"]
    assert watch().feed(*calls([*typed[:3], mended, *typed[3:]])) == []
    assert watch().feed(*calls([*typed[:4], (*typed[4][:2], "depot 7: 12 incidents with fuel, depot 9: 3")])) == []


def test_guesses_at_parameters_that_change_nothing_are_a_loop() -> None:
    """Each of five calls has another parameter, and the answer stays; one parameter with other values is a list."""
    head = "boot: collector 3.4.1 starting; module auth ready; module queue ready; first 8 of 48211 lines"
    day = {"service": "collector", "day": "2026-05-12"}
    guesses = ({}, {"lines": 500}, {"full": True}, {"limit": 9000}, {"truncate": False})
    assert [
        item.pattern for item in watch().feed(*calls([("fetch_log", {**day, **more}, head) for more in guesses]))
    ] == ["same_answer"]
    services = ("billing", "search", "mail", "carts", "stock", "login")
    assert watch().feed(*calls([("fetch_log", {**day, "service": name}, head) for name in services])) == []


def test_a_busy_service_may_be_asked_a_few_times() -> None:
    """Rate limits pass: four identical tries are a retry policy, five are a loop."""
    busy = ErrorInfo("429", "rate_limit", "too many requests")
    steps = [tool_step("quote", at_s=2.0 * i, arguments="{}", error=busy) for i in range(5)]
    seen = watch()
    assert seen.feed(*steps[:4]) == []
    assert [item.pattern for item in seen.feed(steps[4])] == ["exact"]
