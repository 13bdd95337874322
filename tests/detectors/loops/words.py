"""One thing asked, handed on or written down in ever new words; and one sentence about many things."""

from __future__ import annotations

from collections.abc import Iterable

from loopwatch_processor.step import Step
from tests.detectors.loops.rows import CITIES, FILES, REPHRASED, Healthy, Loops, calls, search

_PLANS = (
    ("Collect the data", "Clean the data", "Draw a map of it"),
    ("Draw a map of it", "Gather the data", "Clean the data"),
    ("Collect all the data", "Clean it", "Draw the map"),
    ("Collect the data", "Tidy the data up", "Draw a map"),
    ("Collect data", "Clean the data", "Draw the map of it"),
)
"""Three tasks in ever new words."""

_TASKS = (
    "Please find the minutes of the Larkfield council of May 2019 on the bridge motion and tell me who moved it",
    "Search the archive of the council in Larkfield, May 2019, and report whoever moved the motion about the bridge",
    "Which member moved the bridge motion? Consult the Larkfield council's archive for May 2019 and report back",
)
"""One question in ever new words; only the names in it stay."""
_OTHER_TASKS = (
    "Please look up minutes of the Millbrook council of July 2021 on the bridge motion, and tell who moved it",
    "Please find the minutes of the Ashford council of June 2020 about the bridge motion, say who moved it",
    "Please find the minutes of the Larkfield council of May 2019 on the bridge motion and tell me who moved it",
)


def _delegated(tasks: Iterable[str]) -> list[Step]:
    code = [f'task = ("{task}.")\nprint(ask(task))' for task in tasks]
    return calls([("python", {"code": text}, f"no answer {index}") for index, text in enumerate(code)])


FIRES: Loops = {
    "one task handed on in ever new words, inside code": (
        "rephrased",
        _delegated(_TASKS),
    ),
    "one question in other words": ("rephrased", calls(search(*REPHRASED))),
    "an empty answer that repeats the question": (
        "rephrased",
        calls(search(*REPHRASED, result='{"hits": [], "note": "nothing for $"}')),
    ),
    "a task handed on again inside code": (
        "rephrased",
        calls(
            ("python", {"code": f'task = ("{text}")\nprint(helper(task))'}, f"no luck {i}")
            for i, text in enumerate(
                (
                    "Please find the year in which the old harbour bridge was opened to the public",
                    "Please find out in which year the old harbour bridge was opened to public traffic",
                    "Find the opening year of the old harbour bridge, the year it was opened to the public",
                )
            )
        ),
    ),
    "a plan that is worded again and again": (
        "rephrased",
        calls(("write_plan", {"steps": [{"do": do, "state": "open"} for do in plan]}, "saved") for plan in _PLANS),
    ),
    "a summary that is saved again and again": (
        "rephrased",
        calls(
            ("save_note", {"text": text}, "saved")
            for text in (
                "The harbour bridge opened in spring after ten years of building work",
                "After ten years of building work the harbour bridge opened in spring",
                "In spring, the harbour bridge opened, after building work of ten years",
                "Ten years of building work ended when the harbour bridge opened in spring",
                "Building work of ten years, then the harbour bridge opened: in spring",
            )
        ),
    ),
    "the same words in another order": (
        "reworded",
        calls(search("blue shoes", "shoes blue", "Blue  shoes", "shoes, blue", result="12 hits")),
    ),
    "one question in other words, told by stop words only": (
        "rephrased",
        calls(
            ("ask", {"question": text}, "ask your manager")
            for text in (
                "How many days of leave do I have left?",
                "How many leave days have I left?",
                "How many days of leave are left for me?",
            )
        ),
    ),
    "a to-do list in ever new short words": (
        "rephrased",
        calls(
            ("write_todos", {"todos": [{"text": text, "state": "open"} for text in texts]}, "3 open")
            for texts in (
                ("Order the bricks", "Mix the mortar", "Build the wall"),
                ("Buy the bricks", "Mix the mortar", "Raise the wall"),
                ("Order some bricks", "Stir the mortar", "Build the wall"),
                ("Get the bricks", "Mix the mortar", "Build a wall"),
                ("Order the bricks", "Mix some mortar", "Build the wall"),
            )
        ),
    ),
}

SILENT: Healthy = {
    "tasks about different things in the same words": _delegated(_OTHER_TASKS),
    "one instruction beside other texts": calls(
        (
            "critic",
            {"text": text, "instruction": "Check this paragraph for factual errors and unclear sentences"},
            "fine",
        )
        for text in (
            "The lighthouse was built of granite",
            "Its lamp burned oil for fifty years",
            "Three keepers lived there in turns of weeks",
            "Today the tower belongs to the parish",
        )
    ),
    "words of a shop beside the same two languages": calls(
        ("translate", {"text": text, "source": "en", "target": "de"}, f"[{text}]")
        for text in ("Add to basket", "Remove from basket", "Your basket is empty", "Show the basket")
    ),
    "one task for each function, with its module": calls(
        ("coder", {"task": f"Write unit tests for the function {name} in billing/{module}.py, under ten lines"}, "done")
        for name, module in (("prorate", "plans"), ("apply_coupon", "coupons"), ("tax_for", "tax"), ("refund", "out"))
    ),
    "one sentence for each item of a list": calls(
        search(*(f"current weather in {city} for tomorrow" for city in CITIES), result="forecast for $: mild")
    ),
    "one letter to each city, named in a field of its own": calls(
        ("tell", {"office": city, "text": f"Please tell us by Friday how many chairs {city} needs for May"}, "queued")
        for city in CITIES
    ),
    "a search that is narrowed until it finds few": calls(
        ("find", {"q": " ".join(("chair", "oak", "red", "high", "slim", "used")[:n])}, f"{4 ** (7 - n)} hits")
        for n in range(3, 7)
    ),
    "one sentence for each item of a list of long names": calls(
        search(
            *(
                f"list the opening hours in winter and the price of a ticket for adults at the {name} in spring of 2026"
                for name in (
                    "old harbour museum of ships",
                    "gallery beside north station",
                    "castle above lake Vessel",
                    "botanical garden behind Mill Street",
                )
            ),
            result="hours of $: ten to four",
        )
    ),
    "a letter to each of many, with more than one thing of their own": calls(
        (
            tool,
            {
                "text": f"Dear {name}, thank you for helping at the summer camp: your shift is on {day} at {n} o'clock "
                f"in tent {n + 20}, so please bring water and sun cream"
            },
            "queued",
        )
        for tool in ("tell", "post")
        for n, (name, day) in enumerate(
            zip(
                CITIES,
                ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Sunday", "Easter", "Whitsun"),
                strict=True,
            ),
            7,
        )
    ),
    "one question about each file": calls(
        ("ask_file", {"path": name, "question": "Which public functions does this module have?"}, f"{name}: {i}")
        for i, name in enumerate(FILES)
    ),
    "parallel fan-out of similar questions": calls(
        search(*REPHRASED, result="hits for $"), every_s=0.1, duration_s=5.0
    ),
    "a plan whose items get done": calls(
        (
            "write_plan",
            {"steps": [{"do": do, "state": "done" if n > at else "open"} for at, do in enumerate(plan)]},
            "ok",
        )
        for n, plan in enumerate(_PLANS)
    ),
    "a plan worded anew before each piece of work": calls(
        row
        for n, plan in enumerate(_PLANS)
        for row in (("write_plan", {"steps": [{"do": do} for do in plan]}, "saved"), ("read", {"part": n}, f"text {n}"))
    ),
    "facts noted one by one": calls(
        ("save_note", {"text": f"The bridge in {city} was opened in spring and is open to all traffic"}, "saved")
        for city in CITIES
    ),
    "different sub-tasks handed to a helper": calls(
        ("helper", {"task": task}, f"done: {task}")
        for task in (
            "Collect the sales figures of the last quarter from the ledger",
            "Draft a letter to the suppliers about the new delivery dates",
            "Check that every invoice above ten thousand has two signatures",
            "Book the meeting room on Friday for the quarterly review",
        )
    ),
}
