"""One and the same call again and again, alone or among others; and patient looks at what takes its time."""

from __future__ import annotations

from tests.detectors.loops.rows import FILES, Healthy, Loops, calls


def _clock(second: int) -> str:
    return f"2026-05-13 08:14:{10 + 2 * second}.{91 - second}"


FIRES: Loops = {
    "one call four times": ("exact", calls([("status", {"job": 7}, "idle")] * 4)),
    "a job that stays queued at eight looks": ("exact", calls([("status", {"job": 7}, "queued")] * 8)),
    "one call whose result is never captured": ("exact", calls([("status", {"job": 7}, None)] * 4)),
    "one call that fails three times": ("exact", calls([("open", {"path": "x"}, None, "no such file: x")] * 3)),
    "one call whose answers differ in times and ids only": (
        "exact",
        calls(
            [
                (
                    "status",
                    {},
                    f'{{"state":"idle","requestId":"r-{i}","at":"2026-01-0{i + 1}T10:00:0{i}Z","took":"{i}ms"}}',
                )
                for i in range(4)
            ]
        ),
    ),
    "one call every half hour": ("exact", calls([("status", {"job": 7}, "idle")] * 4, every_s=1800)),
    "no arguments at all, known to be none": ("exact", calls([("list_tasks", {}, "2 of 6 done")] * 4)),
    "one look among other reads": (
        "scattered",
        calls(
            row
            for i in range(5)
            for row in (("read", {"path": f"f{i}"}, f"text {i}"), ("grep", {"pattern": "todo"}, "none found"))
        ),
    ),
    "a page that no click changes": (
        "unchanged",
        calls(
            row
            for i in range(6)
            for row in (("update_view", {"button": i}, f"pressed {i}"), ("look", {}, "form with 3 fields"))
        ),
    ),
    "a clock that is asked for every other second instead of a wait": (
        "exact",
        calls(("current_time", {"zone": "UTC"}, _clock(i)) for i in range(16)),
    ),
    "the newest commit, which stays the same": (
        "exact",
        calls([("head_of", {"branch": "main"}, "3c29b4a97731f0aa")] * 4),
    ),
    "one deed that is confirmed by an id each time": (
        "exact",
        calls(("create_ticket", {"title": "disk full"}, f"3c29b4a97731f0{n}a") for n in range(4)),
    ),
    "a look at an empty inbox and at the clock, in turn": (
        "cycle",
        calls(row for i in range(3) for row in (("current_time", {}, _clock(i)), ("inbox", {}, "no new mail"))),
    ),
    "one call whose answers differ in counters only": (
        "exact",
        calls(("lift", {"gate": 3}, f'{{"open": false, "seq": {9 + n}, "attempt": {n + 1}}}') for n in range(4)),
    ),
    "one letter that is refused, under a new receipt each time": (
        "exact",
        calls(
            (
                ("courier", {"to": "Dock 4"}, f'{{"state": "refused", "why": "closed", "ticket": {n}}}')
                for n in (71, 88, 90, 12)
            ),
            every_s=1800,
        ),
    ),
    "one payment that is denied, with a count of the tries": (
        "exact",
        calls(
            (
                "pay",
                {"invoice": "R-7", "retry_count": n, "nonce": f"n{n * 37}"},
                f"denied: limit reached, case {n * 7919}",
            )
            for n in range(4)
        ),
    ),
    "a mailbox that stays empty for eight patient looks": (
        "exact",
        calls([("mailbox", {"from": "court"}, "[]")] * 8, every_s=3600),
    ),
}

SILENT: Healthy = {
    "a clock that ten calls are asked of": calls(("current_time", {"zone": "UTC"}, _clock(i)) for i in range(10)),
    "a clock in words, looked at between steps": calls(
        row
        for i in range(8)
        for row in (
            ("bash", {"command": "date"}, f"Wed May 13 08:14:{10 + i} UTC 2026"),
            ("read", {"path": f"f{i}"}, f"text {i}"),
        )
    ),
    "a clock every other minute, all day long": calls(
        (("current_time", {}, f"{9 + i // 30:02}:{2 * i % 60:02}:07") for i in range(32)), every_s=120
    ),
    "the newest commit, which is another one at most looks": calls(
        ("head_of", {"branch": "main"}, f"3c29b4a97731f0{i // 3 * 2 + i % 3 // 2}a") for i in range(8)
    ),
    "a mailbox that is looked at now and then": calls([("mailbox", {"from": "court"}, "[]")] * 7, every_s=3600),
    "a state of which less is left each time": calls(
        ("copy_rest", {"to": "b"}, f'{{"state": "failed", "left": {n}}}') for n in (900, 700, 400, 200, 50)
    ),
    "objects that are brought back from a tape": calls(
        [("head", {"key": "a.tar"}, 'restore: ongoing-request="true"')] * 7, every_s=1800
    ),
    "claims handed out one by one, all declined": calls(
        ("next_claim", {}, f'{{"claim": "c{37 * n}", "status": "declined", "ticket": {91 * n}}}') for n in range(1, 9)
    ),
    "three times the same": calls([("status", {"job": 7}, "idle")] * 3),
    "a job that is queued for long, and then runs for long": calls(
        ("status", {"job": 7}, state) for state in ("QUEUED",) * 6 + ("RUNNING",) * 7 + ("done",)
    ),
    "an operation that is not done for long": calls([("operation", {"name": "a"}, '{"done": false}')] * 7),
    "a state that is asked for between other reads": calls(
        row for n in range(7) for row in (("status", {"job": 7}, "running"), ("read", {"path": f"p{n}"}, f"text {n}"))
    ),
    "an upload that goes on, by a tool whose name sounds like a change": calls(
        [("upload_state", {"file": "a"}, '{"state": "uploading"}')] * 6
    ),
    "an all-clear after entries that are told by their numbers": calls(
        row
        for n in range(8)
        for row in (("post", {"entry": f"E{n}", "amount": 7 + 3 * n}, "posted"), ("balance", {}, "balanced"))
    ),
    "arguments that are not captured": calls([("search", None, None)] * 20),
    "polling with news": calls(("status", {"job": 7}, f"{n} of 72 done") for n in range(0, 72, 6)),
    "the same look five times at once": calls([("status", {"job": 7}, "queued")] * 5, every_s=0.1, duration_s=5.0),
    "an all-clear after every change": calls(
        row
        for name in FILES
        for row in (("edit", {"path": name, "add": f"import {name}"}, "edited"), ("problems", {}, "0 problems"))
    ),
    "a poll in prose that brings news": calls(
        ("ask", {"question": "is the long build done by now"}, f"{n} of 9 done") for n in range(9)
    ),
}
