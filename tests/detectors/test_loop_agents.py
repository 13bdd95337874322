"""Loops between agents: turns that go round and say the same."""

from __future__ import annotations

from loopwatch_processor.detectors.loop import LoopDetector, LoopSettings
from loopwatch_processor.finding import Severity
from loopwatch_processor.step import Conversation, Step
from tests.builders import Watch, model_step, tool_step

_ANALYZER = (
    "The quarterly figures look right to me, please verify the totals once more",
    "Please verify the totals once more, the quarterly figures do look right to me",
)
_VERIFIER = (
    "I could not confirm the totals, please analyze the quarterly figures once more",
    "Please analyze the quarterly figures once more, the totals I could not confirm yet",
)


def watch() -> Watch:
    """A session under the loop detector."""
    return Watch(LoopDetector(LoopSettings()))


def says(text: str, at_s: float, **fields: object) -> Step:
    """A model call that ends in *text*; every step arrives with the other agent's words as the user message."""
    heard = "The other agent says that something has to be looked at again"
    return model_step(at_s=at_s, conversation=Conversation(output_text=text, user_text=heard), **fields)


def rounds(seen: Watch, count: int, texts: dict[str, str | tuple[str, ...]], **fields: object) -> None:
    """Let the agents of *texts* speak in turn, *count* times."""
    for number in range(count * len(texts)):
        agent = list(texts)[number % len(texts)]
        said = texts[agent]
        text = said if isinstance(said, str) else said[number // len(texts) % len(said)]
        seen.feed(says(text, 3.0 * number, **fields), agent=agent)


def test_two_agents_that_hand_the_same_words_to_and_fro_are_found() -> None:
    """Ping-pong: warning in the fourth round, critical five repetitions later."""
    seen = watch()
    rounds(seen, 4, {"Analyzer": _ANALYZER, "Verifier": _VERIFIER})
    assert [(item.pattern, item.severity) for item in seen.findings] == [("ping_pong", Severity.WARNING)]
    assert "Analyzer → Verifier → Analyzer" in seen.findings[0].summary
    rounds(seen, 4, {"Analyzer": _ANALYZER, "Verifier": _VERIFIER})
    assert "quarterly" not in seen.findings[0].summary


def test_ping_pong_that_goes_on_is_critical() -> None:
    """Five more turns after the warning."""
    seen = watch()
    rounds(seen, 8, {"Analyzer": _ANALYZER, "Verifier": _VERIFIER})
    assert seen.findings[-1].severity is Severity.CRITICAL


def test_three_agents_in_a_circle_are_found() -> None:
    """A hand-off cycle of period three."""
    seen = watch()
    texts = {
        "Planner": "Hand the open task to the builder",
        "Builder": "The plan lacks detail, over to review",
        "Reviewer": "Nothing to review here, back to planning",
    }
    rounds(seen, 4, texts)
    assert {item.pattern for item in seen.findings} == {"handoff_cycle"}


def test_agents_that_say_something_new_are_healthy() -> None:
    """Delegation goes to and fro; words that move on are progress."""
    seen = watch()
    tasks = (
        "collect sales figures",
        "write letters to suppliers",
        "check invoice signatures",
        "book a meeting room",
        "order new printers",
        "translate the handbook",
        "update the holiday calendar",
        "close old tickets",
    )
    for number, task in enumerate(tasks):
        seen.feed(says(f"Please {task}", 6.0 * number), agent="Lead")
        seen.feed(says(f"Finished: {task}, nothing left open", 6.0 * number + 3), agent="Worker")
    assert seen.findings == []


def test_new_tool_results_are_progress() -> None:
    """The same words, yet every round learns something new."""
    seen = watch()
    for number in range(8):
        seen.feed(says("Please look at the next batch", 9.0 * number), agent="Lead")
        seen.feed(
            tool_step(
                "read_batch", at_s=9.0 * number + 2, arguments=f'{{"n":"b-{number}x"}}', result=f"batch {number}"
            ),
            says("The batch is fine, give me the next", 9.0 * number + 4),
            agent="Worker",
        )
    assert "ping_pong" not in {item.pattern for item in seen.findings}


def test_words_that_are_not_captured_are_unknown() -> None:
    """Agents that take turns without captured content are no loop."""
    seen = watch()
    for number in range(40):
        seen.feed(model_step(at_s=3.0 * number), agent=("Lead", "Worker")[number % 2])
    assert seen.findings == []


def test_linked_traces_are_one_exchange() -> None:
    """Each turn in a trace of its own, linked to the one before."""
    seen = watch()
    for number in range(8):
        agent, text = (("Analyzer", _ANALYZER), ("Verifier", _VERIFIER))[number % 2]
        links = ((f"t{number - 1}", "s"),) if number else ()
        seen.feed(says(text[number // 2 % len(text)], 3.0 * number, trace_id=f"t{number}", links=links), agent=agent)
    assert {item.pattern for item in seen.findings} == {"ping_pong"}


def hand_overs(seen: Watch, drafts: list[str]) -> None:
    """An analyzer and a verifier that hand *drafts* over by a tool, with content capture off."""
    for number, draft in enumerate(drafts):
        for place, agent in enumerate(("Analyzer", "Verifier")):
            at_s = 10.0 * number + 5 * place
            hashed = {"arguments_hash": f"{agent} {draft}", "arguments_class": "prose", "result_hash": f"to {agent}"}
            seen.feed(model_step(at_s=at_s), tool_step("hand_over", at_s=at_s + 2, **hashed), agent=agent)


def test_ping_pong_is_told_by_tool_calls_where_words_are_not_captured() -> None:
    """The same hand-over, turn after turn: the agents are named, and it goes on to critical."""
    seen = watch()
    hand_overs(seen, ["as before"] * 10)

    worst = max(item.severity for item in seen.findings if item.pattern == "ping_pong")
    assert worst is Severity.CRITICAL


def test_hand_overs_of_new_work_are_no_ping_pong() -> None:
    """Another draft each time."""
    seen = watch()
    hand_overs(seen, [f"draft {number}" for number in range(10)])

    assert [item.pattern for item in seen.findings if item.pattern == "ping_pong"] == []


def test_one_sentence_about_the_next_item_is_work_handed_on() -> None:
    """A list worked off by two agents: the same words, another order each time, and tools that only say ok."""
    seen = watch()
    for number in range(12):
        for place, (agent, said) in enumerate(
            (("Lead", "Please process order A{n}"), ("Worker", "Order A{n} is done"))
        ):
            at_s = 10.0 * number + 5 * place
            tool = tool_step("note", at_s=at_s, arguments=f'{{"order":"A{number}"}}', result="ok")
            seen.feed(tool, says(said.format(n=number), at_s + 2), agent=agent)

    assert [item for item in seen.findings if item.pattern == "ping_pong"] == []


def test_agents_that_have_three_sayings_each_are_found() -> None:
    """The words change from turn to turn, and come round: nothing new is said."""
    seen = watch()
    waiting = ("The stairs come after the walls", "First the walls, I said", "Nothing is done here until plaster dries")
    rounds(seen, 7, {"Mason": waiting, "Joiner": ("Lay the stairs now please",)})
    assert {item.pattern for item in seen.findings} == {"ping_pong"}


def test_one_order_and_ever_new_answers_are_healthy() -> None:
    """An order in the same words each time is no loop while something else comes back."""
    seen = watch()
    verses = (
        "Rain on tin",
        "a lamp burns late",
        "the ferry hoots",
        "gulls quarrel",
        "ice breaks up",
        "nets dry",
        "dusk",
    )
    rounds(seen, 7, {"Editor": ("Write the next verse of the song",), "Poet": verses})
    assert seen.findings == []


def test_messages_whose_receipts_differ_are_no_news() -> None:
    """Two agents that send each other the same letters, where only the id of each letter is new; a look may be."""
    for tool, found in (("send_note", {"ping_pong"}), ("look_up", set())):
        seen = watch()
        for number in range(14):
            agent = ("Mason", "Joiner")[number % 2]
            step = tool_step(tool, at_s=5.0 * number, arguments=f'{{"text":"after {agent}"}}', result=f"no. {number}a")
            seen.feed(model_step(at_s=5.0 * number - 2), step, agent=agent)
        assert {item.pattern for item in seen.findings if item.pattern == "ping_pong"} == found


def test_similar_calls_without_words_are_no_ping_pong() -> None:
    """Where only tool calls are known, nothing less than the very same calls counts."""
    seen = watch()
    for number in range(12):
        for place, agent in enumerate(("Lead", "Worker")):
            at_s = 10.0 * number + 5 * place
            arguments = f'{{"order_id":{number},"task":"process the order"}}'
            seen.feed(
                model_step(at_s=at_s), tool_step("submit", at_s=at_s + 2, arguments=arguments, result="ok"), agent=agent
            )

    assert [item for item in seen.findings if item.pattern == "ping_pong"] == []


def test_thanks_for_thanks_in_whichever_order_is_found() -> None:
    """Two agents are done and go on being polite, in no fixed round, with one new phrase among ten."""
    seen = watch()
    thanks = ("Many thanks!", "Much obliged to you", "Bye for now")
    welcome = ("Any time", "My pleasure", "See you soon")
    for number, place in enumerate((0, 1, 2, 0, 0, 2, 1, 1, 2, 0)):
        last = "Take care of yourself" if number == 8 else welcome[(place * 2 + number // 3) % 3]
        seen.feed(says(thanks[place], 6.0 * number), agent="Tailor")
        seen.feed(says(last, 6.0 * number + 3), agent="Client")
    assert {item.pattern for item in seen.findings} == {"ping_pong"}


def test_a_game_in_words_that_come_again_is_healthy() -> None:
    """Moves are short and some come again, but half of them were not made before."""
    seen = watch()
    moves = ("e4", "Nf3", "Bc4", "d3", "check", "Nc3", "castles", "h3", "check", "Be3", "Qd2", "check", "a4", "Rf1")
    for number, move in enumerate(moves):
        seen.feed(says(move, 6.0 * number), agent="White")
        seen.feed(says(f"my answer to it: {moves[-1 - number]}", 6.0 * number + 3), agent="Black")
    assert seen.findings == []


def test_agents_that_hand_nothing_to_and_fro_are_found() -> None:
    """Both have their turns, and neither says a word."""
    seen = watch()
    for number in range(10):
        seen.feed(says(" ", 3.0 * number), agent=("Admin", "Manager")[number % 2])
    assert {item.pattern for item in seen.findings} == {"ping_pong"}


def test_agents_whose_answers_are_not_captured_are_not_silent() -> None:
    """What they are told is known and new each time, what they say is not."""
    seen = watch()
    for number in range(12):
        told = Conversation(user_text=f"Task {number}: look after yard {'abcdefghijkl'[number]}", output_text="")
        step = model_step(at_s=3.0 * number, conversation=told)
        seen.feed(step, agent=("Lead", "Worker")[number % 2])
    assert seen.findings == []
