"""The loop detector on calls that are little alike and get one answer."""

from __future__ import annotations

from tests.detectors.loops.rows import calls
from tests.detectors.loops.watching import watch

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
