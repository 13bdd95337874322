"""Several calls in rounds, in order or out of it; and rounds of which each gets on."""

from __future__ import annotations

from tests.detectors.loops.rows import CITIES, FILES, PERIOD_3, Healthy, Loops, calls

FIRES: Loops = {
    "eight waits for a pod that does not start": (
        "cycle",
        calls([("sh", {"command": "sleep 9"}, ""), ("phase", {"pod": "a"}, "ContainerCreating")] * 8),
    ),
    "a service that is restarted and waited for, and does not come up": (
        "cycle",
        calls([("restart", {}, "restarted"), ("sh", {"command": "sleep 9"}, ""), ("health", {}, "down")] * 3),
    ),
    "period two": ("cycle", calls([("read", {"path": "a"}, "A"), ("read", {"path": "b"}, "B")] * 3)),
    "period three": ("cycle", calls(PERIOD_3 * 3)),
    "nine checks over and over": (
        "rounds",
        calls([("check", {"what": name}, f"{name} is fine") for name in (*FILES, "all")] * 3),
    ),
    "five charts in changing order": (
        "rounds",
        calls(
            [("chart", {"ward": city}, f"{city}: all beds taken") for city in CITIES[:5]]
            + [("chart", {"ward": city}, f"{city}: all beds taken") for city in CITIES[4::-1]]
            + [("chart", {"ward": city}, f"{city}: all beds taken") for city in sorted(CITIES[:5])]
        ),
    ),
    "period five without results": ("cycle", calls([("get", {"id": i}, None) for i in range(5)] * 5)),
    "five looks of which one shows the number of its picture": (
        "cycle",
        calls(
            row
            for n in (88123, 12977, 54310, 23098, 77001)
            for row in (
                ("gauge", {"tank": 2}, "empty"),
                ("valve", {"tank": 2}, "shut"),
                ("log", {"tank": 2}, "shut by hand"),
                ("webcam", {"tank": 2}, f"picture {n}: nobody there"),
            )
        ),
    ),
}

SILENT: Healthy = {
    "one step at a time through what is shown": calls(
        row
        for text in ("a title", "a table of prices", "a map", "opening hours", "a form", "the imprint")
        for row in (("page_down", {}, "ok"), ("look", {}, text))
    ),
    "a search by halves, with one test between": calls(
        row
        for n, half in zip(
            (64, 32, 16, 8, 4, 2, 1), ("left", "right", "right", "left", "left", "right", "left"), strict=True
        )
        for row in (("move", {"half": half}, f"{n} left to try"), ("test", {}, "took 4 s"))
    ),
    "a revision at a time": calls(
        row
        for n, verdict in enumerate(("good", "bad", "bad", "good", "good", "bad", "good"))
        for row in (
            ("sh", {"command": f"git bisect {verdict}"}, f"Bisecting: {64 >> n} revisions left"),
            ("sh", {"command": "./slow"}, "took 4 s"),
        )
    ),
    "rounds of looks of which one counts": calls(
        row
        for n in range(10400, 18400, 1000)
        for row in (
            ("gauge", {"tank": 2}, "filling up well"),
            ("valve", {"tank": 2}, "open"),
            ("log", {"tank": 2}, "no entries today"),
            ("meter", {"tank": 2}, f"litres {n}"),
        )
    ),
    "waits for a pod that starts in the end": calls(
        row
        for phase in ("ContainerCreating",) * 5 + ("Running",)
        for row in (("sh", {"command": "sleep 9"}, ""), ("phase", {"pod": "a"}, phase))
    ),
    "waits between looks at a log that stays": calls(
        [("sh", {"command": "sleep 9"}, ""), ("sh", {"command": "tail -n 1 a.log"}, "epoch 3")] * 6
    ),
    "polling with a wait between": calls(
        row for n in range(10) for row in (("status", {"job": 7}, f"{n} of 9 done"), ("sh", {"command": "sleep 5"}, ""))
    ),
    "read and edit file after file": calls(
        row
        for name in FILES
        for row in (("read", {"path": name}, f"text of {name}"), ("edit", {"path": name, "add": "header"}, "ok"))
    ),
    "edit and test": calls(
        row
        for n in range(8)
        for row in (("edit", {"path": "a.c", "new": f"v{n}"}, "ok"), ("sh", {"command": "make test"}, "FAILED (1)"))
    ),
    "edit and test with failing spans": calls(
        row
        for n in range(8)
        for row in (("edit", {"path": "a.c", "new": f"v{n}"}, "ok"), ("make", {"goal": "test"}, None, "1 of 9 failed"))
    ),
    "two looks in turn, all at once": calls(
        [("read", {"path": "a"}, "A"), ("read", {"path": "b"}, "B")] * 4, every_s=0.1, duration_s=5.0
    ),
    "rounds of checks of which one brings news": calls(
        ("check", {"what": name}, f"{n} of 9" if name == "copy" else "fine")
        for n in range(4)
        for name in ("disk", "load", "copy", "clock", "raid", "fans", "mail")
    ),
    "two rounds of checks, then work, then two more": calls(
        ("check", {"what": what}, f"{what} is fine") for what in (*FILES, *FILES, "lock", "stock", *FILES, *FILES)
    ),
}
