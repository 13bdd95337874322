"""Numbers that only reach farther and find nothing; and lists and pages that are worked off one by one."""

from __future__ import annotations

from tests.detectors.loops.rows import CITIES, FILES, Healthy, Loops, calls

FIRES: Loops = {
    "a wider and wider look": (
        "drifting",
        calls(("logs", {"around": "boot", "lines": n}, "nothing unusual") for n in (10, 50, 100, 400)),
    ),
    "nearer and nearer to nothing": (
        "drifting",
        calls(("look", {"at": "55.4 N", "zoom": n}, "open sea, no features") for n in range(8, 16)),
    ),
    "more and more context by an option": (
        "drifting",
        calls(("grep", {"pattern": "settle", "-C": n}, "41: settle()") for n in (3, 10, 50, 400)),
    ),
    "an ever earlier start of a search that finds nothing": (
        "drifting",
        calls(
            ("alarms", {"boiler": "B", "since": day}, "0 alarms")
            for day in ("2026-06-01", "2026-05-01", "2026-01-01", "2020-01-01")
        ),
    ),
    "an ever later end, by an option of a command": (
        "drifting",
        calls(
            ("sh", {"command": f"git log --after=2026-01-01 --until {day} -- a.c"}, "")
            for day in ("2026-02-01", "2026-02-09", "2026-03-30", "2026-09-01")
        ),
    ),
    "paging on past the end": (
        "drifting",
        calls(("list", {"kind": "order", "offset": 20 * n}, "[]") for n in range(8)),
    ),
}

SILENT: Healthy = {
    "orders that were declined, looked up one by one": calls(
        ("order_state", {"order": name}, '{"status": "declined"}') for name in CITIES
    ),
    "weeks that are free of anything": calls(("slots", {"calendar": "a", "week": n}, "[]") for n in range(20, 32)),
    "months that are asked for one after the other": calls(
        ("bookings", {"boat": "B", "from": f"2026-{month:02}-01"}, "none") for month in range(1, 8)
    ),
    "days on which nothing is free": calls(
        ("slots", {"surgeon": "B", "on": day}, "[]") for day in ("2026-06-01", "2026-06-03", "2026-06-09", "2026-06-30")
    ),
    "rows that are noted beside the same marks": calls(
        ("note", {"row": [city, f"{city} is fine"], "marks": ["new", "new"]}, "noted") for city in CITIES
    ),
    "sizes that are sold out": calls(("stock", {"model": "a", "size": n}, "not available") for n in range(36, 46)),
    "pages that are empty, and say that more follow": calls(
        ("list", {"kind": "order", "page": n}, '{"items": [], "total": 900, "has_more": true}') for n in range(12)
    ),
    "pagination": calls(
        ("list", {"kind": "order", "offset": 20 * n}, f"orders {20 * n} to {20 * n + 19}") for n in range(12)
    ),
    "pagination with sparse pages": calls(
        ("search", {"query": "late orders in May", "page": n}, "[]" if n % 3 else f"[{n}]") for n in range(12)
    ),
    "the same write to every file": calls(
        ("write", {"path": name, "text": "licence header"}, "written") for name in FILES
    ),
    "ids looked up one by one": calls(
        ("order", {"id": n}, "shipped") for n in (10423, 10391, 10777, 10112, 10560, 10923)
    ),
    "numbers of five digits looked up one by one": calls(
        ("sh", {"command": f"check --meter {n}"}, "OK") for n in (10423, 10591, 10777, 11112, 11560, 11923)
    ),
    "lines of a list ticked off": calls(
        row for n in (1, 2, 4, 5, 7, 8) for row in (("next", {}, f"line {n}"), ("match", {"line": n}, "matched"))
    ),
    "sheets stamped one by one": calls(("stamp", {"sheet": n}, "done") for n in range(1, 16)),
    "parcels weighed in one by one": calls(("weigh_in", {"parcel": n}, '{"accepted": true}') for n in range(1, 16)),
    "rooms inspected one by one": calls(("inspect", {"room": n}, "nothing to report") for n in range(1, 16)),
    "some rooms inspected one by one": calls(
        ("inspect", {"room": n}, "nothing to report") for n in (2, 3, 5, 8, 12, 13, 17, 20)
    ),
    "opening exploration": calls([("ls", {"path": "."}, "many"), *(("read", {"path": f}, f"text {f}") for f in FILES)]),
}
