"""Sessions of our own for the loop detector: what it has to find, and what it has to leave alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from loopwatch.canonical import canonical
from loopwatch.error_text import error_class
from loopwatch_processor.step import Conversation, ErrorInfo, Step
from tests.builders import model_step, tool_step

Row = tuple[str, Any, str | None] | tuple[str, Any, str | None, str]
"""Tool, arguments (None = not captured), result (None = not captured), and the error's message, if it failed."""


def calls(rows: Iterable[Row], *, every_s: float = 2.0, duration_s: float = 1.0) -> list[Step]:
    """Tool calls one after the other, *every_s* seconds apart."""
    return [_call(row, index * every_s, duration_s) for index, row in enumerate(rows)]


def _call(row: Row, at_s: float, duration_s: float) -> Step:
    tool, arguments, result = row[:3]
    error = ErrorInfo("ToolError", error_class("", row[3]), row[3]) if len(row) == 4 else None
    text = None if arguments is None else canonical(arguments)
    return tool_step(tool, at_s=at_s, duration_s=duration_s, arguments=text, result=result, error=error)


def answers(*texts: str, user: Iterable[str] = ()) -> list[Step]:
    """Model calls that answer in words; *user* gives the newest user message of each."""
    users = [*user] or ["Tell me how far the migration is."] * len(texts)
    return [
        model_step(at_s=3.0 * i, conversation=Conversation(output_text=text, user_text=users[i]))
        for i, text in enumerate(texts)
    ]


def _search(*queries: str, result: str = "[]") -> list[Row]:
    return [("search", {"query": query}, result.replace("$", query)) for query in queries]


REPHRASED = (
    "refund policy for damaged parcels",
    "damaged parcels refund policy details",
    "what is the refund policy for a damaged parcel",
    "refund policy damaged parcel conditions",
)
_PLANS = (
    ("Collect the data", "Clean the data", "Draw a map of it"),
    ("Draw a map of it", "Gather the data", "Clean the data"),
    ("Collect all the data", "Clean it", "Draw the map"),
    ("Collect the data", "Tidy the data up", "Draw a map"),
    ("Collect data", "Clean the data", "Draw the map of it"),
)
"""Three tasks in ever new words."""
_PERIOD_3 = [("read", {"path": "a.c"}, "int x;"), ("grep", {"pattern": "y"}, "none found"), ("outline", {}, "x")]
_EDIT_FAILS: Row = ("edit", {"path": "a.c", "old": "q", "new": "r"}, None, "text to replace not found")
_FILES = ("billing.py", "users.py", "stock.py", "mail.py", "auth.py", "cart.py", "tax.py", "pdf.py")
_CITIES = ("Oslo", "Lima", "Cairo", "Hanoi", "Quito", "Turin", "Accra", "Delhi")

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


FIRES: dict[str, tuple[str, list[Step]]] = {
    "one task handed on in ever new words, inside code": (
        "rephrased",
        _delegated(_TASKS),
    ),
    "one call four times": ("exact", calls([("status", {"job": 7}, "idle")] * 4)),
    "a job that stays queued at eight looks": ("exact", calls([("status", {"job": 7}, "queued")] * 8)),
    "eight waits for a pod that does not start": (
        "cycle",
        calls([("sh", {"command": "sleep 9"}, ""), ("phase", {"pod": "a"}, "ContainerCreating")] * 8),
    ),
    "a service that is restarted and waited for, and does not come up": (
        "cycle",
        calls([("restart", {}, "restarted"), ("sh", {"command": "sleep 9"}, ""), ("health", {}, "down")] * 3),
    ),
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
    "period two": ("cycle", calls([("read", {"path": "a"}, "A"), ("read", {"path": "b"}, "B")] * 3)),
    "period three": ("cycle", calls(_PERIOD_3 * 3)),
    "an edit that never works, with looks and tests between": (
        "same_error",
        calls([_PERIOD_3[0], _EDIT_FAILS, ("make", {}, "1 of 9 failed")] * 3)[:-1],
    ),
    "nine checks over and over": (
        "rounds",
        calls([("check", {"what": name}, f"{name} is fine") for name in (*_FILES, "all")] * 3),
    ),
    "five charts in changing order": (
        "rounds",
        calls(
            [("chart", {"ward": city}, f"{city}: all beds taken") for city in _CITIES[:5]]
            + [("chart", {"ward": city}, f"{city}: all beds taken") for city in _CITIES[4::-1]]
            + [("chart", {"ward": city}, f"{city}: all beds taken") for city in sorted(_CITIES[:5])]
        ),
    ),
    "period five without results": ("cycle", calls([("get", {"id": i}, None) for i in range(5)] * 5)),
    "one question in other words": ("rephrased", calls(_search(*REPHRASED))),
    "an empty answer that repeats the question": (
        "rephrased",
        calls(_search(*REPHRASED, result='{"hits": [], "note": "nothing for $"}')),
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
        calls(_search("blue shoes", "shoes blue", "Blue  shoes", "shoes, blue", result="12 hits")),
    ),
    "paths that all do not exist": (
        "same_error",
        calls(("fetch", {"url": f"https://h/{name}"}, None, f"404 for https://h/{name}") for name in _FILES[:4]),
    ),
    "a command with a drifting number that fails alike": (
        "same_error",
        calls(
            ("sh", {"command": f"head -c {i} /no/file"}, None, "head: /no/file: no such file") for i in (1, 5, 9, 14)
        ),
    ),
    "a table that does not exist, asked in four spellings": (
        "same_error",
        calls(
            ("sql", {"query": text}, None, 'relation "orders" does not exist')
            for text in (
                "SELECT SUM(net) FROM orders",
                "SELECT SUM(o.net) FROM orders o",
                "SELECT SUM(net) AS total FROM orders",
                "select sum(net) from orders;",
            )
        ),
    ),
    "one page behind a barrier, by four addresses": (
        "same_error",
        calls(
            ("visit", {"url": f"https://h.example/firm/17{tail}"}, "403 – please sign in first")
            for tail in ("", "/", "?lang=en", "#top")
        ),
    ),
    "one call whose answers differ in counters only": (
        "exact",
        calls(("lift", {"gate": 3}, f'{{"open": false, "seq": {9 + n}, "attempt": {n + 1}}}') for n in range(4)),
    ),
    "parameters that the tool does not have": (
        "malformed",
        calls(
            ("next_page", arguments, None, f"unexpected keyword argument '{name}'")
            for name, arguments in (("", {"": ""}), ("x", {"x": {}}), ("go", {"go": 1}))
        ),
    ),
    "tools that do not exist": (
        "malformed",
        calls((name, {"q": 1}, None, f"Unknown tool '{name}'") for name in ("find", "lookup", "query")),
    ),
    "a wider and wider look": (
        "drifting",
        calls(("logs", {"around": "boot", "lines": n}, "nothing unusual") for n in (10, 50, 100, 400)),
    ),
    "nearer and nearer to nothing": (
        "drifting",
        calls(("look", {"at": "55.4 N", "zoom": n}, "open sea, no features") for n in range(8, 16)),
    ),
    "columns that are guessed, one command after the other": (
        "same_error",
        calls(
            ("sql", {"query": f"SELECT {name} FROM trips"}, None, f'column "{name}" does not exist')
            for name in ("started", "begin", "start_time", "departure")
        ),
    ),
    "a key that nobody may read, by other commands": (
        "same_error",
        calls(
            ("sh", {"command": f"{command} /etc/ssl/key.pem"}, "sh: /etc/ssl/key.pem: Permission denied")
            for command in ("cat", "head", "less", "tail")
        ),
    ),
    "more and more context by an option": (
        "drifting",
        calls(("grep", {"pattern": "settle", "-C": n}, "41: settle()") for n in (3, 10, 50, 400)),
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
    "a letter that is sent with arguments that nobody can read": (
        "malformed",
        calls(
            (
                "send",
                {"text": "Dear all, " + "please " * n},
                None,
                "The arguments are not valid JSON: unterminated string",
            )
            for n in (9, 19, 29)
        ),
    ),
    "calls that were cut off": (
        "malformed",
        calls(
            ("put", {"rows": "1;2;" * n}, None, "Failed to parse the tool call: unexpected EOF") for n in (40, 50, 60)
        ),
    ),
    "one address that is forbidden, by other programs": (
        "same_error",
        calls(
            ("sh", {"command": f"{program} https://h.example/firm/17"}, None, "403 Forbidden")
            for program in ("curl -s", "wget", "http --follow GET", "lynx -dump")
        ),
    ),
    "a program that is not there, in four commands": (
        "same_error",
        calls(
            ("sh", {"command": command}, None, "sh: 1: jq: not found")
            for command in ("jq . a.json", "cat a.json | jq .name", "jq --version", "curl -s h.example/b | jq -r .id")
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
    "longer and longer waits for a container that is gone": (
        "same_error",
        calls(
            row
            for n in (5, 10, 20, 40)
            for row in (
                ("sh", {"command": f"sleep {n}"}, ""),
                ("sh", {"command": "podman ps -a --filter name=mailer"}, "Exited (2) a while ago"),
            )
        ),
    ),
    "keys that are guessed, one after the other": (
        "same_error",
        calls(
            (
                "sh",
                {"command": f"confctl get mailer {name} --plain"},
                None,
                f"Error: no setting {name} in mailer\nTry list",
            )
            for name in ("port", "smtp_port", "server", "outbound")
        ),
    ),
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
    "paging on past the end": (
        "drifting",
        calls(("list", {"kind": "order", "offset": 20 * n}, "[]") for n in range(8)),
    ),
}

SILENT: dict[str, list[Step]] = {
    "a mailbox that is looked at now and then": calls([("mailbox", {"from": "court"}, "[]")] * 7, every_s=3600),
    "a state of which less is left each time": calls(
        ("copy_rest", {"to": "b"}, f'{{"state": "failed", "left": {n}}}') for n in (900, 700, 400, 200, 50)
    ),
    "orders that were declined, looked up one by one": calls(
        ("order_state", {"order": name}, '{"status": "declined"}') for name in _CITIES
    ),
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
    "objects that are brought back from a tape": calls(
        [("head", {"key": "a.tar"}, 'restore: ongoing-request="true"')] * 7, every_s=1800
    ),
    "hosts that do not answer, each by its own name": calls(
        ("sh", {"command": f"{program} {host}"}, None, f"{program}: {host} does not answer")
        for program, host in (("ping", "web"), ("dig", "mail"), ("nc", "db"), ("curl", "shop"), ("ssh", "cache"))
    ),
    "hosts of a list that are all off": calls(
        ("sh", {"command": f"ssh {host} uptime -p"}, None, f"ssh: host {host} is off")
        for host in ("web", "mail", "db", "shop", "cache")
    ),
    "packages that a list has and the mirror has not": calls(
        ("sh", {"command": f"pkg show {name} --quiet"}, None, f"E: no package {name}") for name in _CITIES
    ),
    "claims handed out one by one, all declined": calls(
        ("next_claim", {}, f'{{"claim": "c{37 * n}", "status": "declined", "ticket": {91 * n}}}') for n in range(1, 9)
    ),
    "three guesses, then a look": calls(
        [
            *(
                ("sh", {"command": f"tool --{name} run"}, None, f"Error: unknown option {name}")
                for name in ("a1", "b2", "c3")
            ),
            ("sh", {"command": "tool --help"}, "options: --dry"),
            ("sh", {"command": "tool --dry run"}, "done"),
        ]
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
    "tasks about different things in the same words": _delegated(_OTHER_TASKS),
    "three times the same": calls([("status", {"job": 7}, "idle")] * 3),
    "a job that is queued for long, and then runs for long": calls(
        ("status", {"job": 7}, state) for state in ("QUEUED",) * 6 + ("RUNNING",) * 7 + ("done",)
    ),
    "an operation that is not done for long": calls([("operation", {"name": "a"}, '{"done": false}')] * 7),
    "waits for a pod that starts in the end": calls(
        row
        for phase in ("ContainerCreating",) * 5 + ("Running",)
        for row in (("sh", {"command": "sleep 9"}, ""), ("phase", {"pod": "a"}, phase))
    ),
    "waits between looks at a log that stays": calls(
        [("sh", {"command": "sleep 9"}, ""), ("sh", {"command": "tail -n 1 a.log"}, "epoch 3")] * 6
    ),
    "a state that is asked for between other reads": calls(
        row for n in range(7) for row in (("status", {"job": 7}, "running"), ("read", {"path": f"p{n}"}, f"text {n}"))
    ),
    "an upload that goes on, by a tool whose name sounds like a change": calls(
        [("upload_state", {"file": "a"}, '{"state": "uploading"}')] * 6
    ),
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
    "weeks that are free of anything": calls(("slots", {"calendar": "a", "week": n}, "[]") for n in range(20, 32)),
    "months that are asked for one after the other": calls(
        ("bookings", {"boat": "B", "from": f"2026-{month:02}-01"}, "none") for month in range(1, 8)
    ),
    "days on which nothing is free": calls(
        ("slots", {"surgeon": "B", "on": day}, "[]") for day in ("2026-06-01", "2026-06-03", "2026-06-09", "2026-06-30")
    ),
    "tables that cannot be read, each for itself": calls(
        ("load", {"path": f"in/{name}"}, None, f"could not parse {name}: no header") for name in _FILES[:3]
    ),
    "an argument that turns out to be no argument for a plan": calls(
        ("debate", {"side": city}, None, f"{city}: the argument does not hold") for city in _CITIES[:3]
    ),
    "files of one folder that may not be read": calls(
        ("sh", {"command": f"cat /srv/vault/{name}"}, None, "permission denied") for name in _FILES[:6]
    ),
    "scripts of one folder that may not be run": calls(
        ("sh", {"command": f"cd /srv/build/app && ./{name} --dry-run"}, None, "permission denied")
        for name in ("lint", "pack", "ship", "scan", "sign")
    ),
    "programs of which one may be there": calls(
        ("sh", {"command": f"{name} settle src/"}, None, f"bash: {name}: command not found")
        for name in ("rg", "ag", "ack", "ugrep", "sift")
    ),
    "a file that is not there for others than the one who looks": calls(
        ("sh", {"command": command}, None, "make: build.mk: No such file or directory")
        for command in ("make lint", "make docs", "make unit", "make image")
    ),
    "words of a shop beside the same two languages": calls(
        ("translate", {"text": text, "source": "en", "target": "de"}, f"[{text}]")
        for text in ("Add to basket", "Remove from basket", "Your basket is empty", "Show the basket")
    ),
    "rows that are noted beside the same marks": calls(
        ("note", {"row": [city, f"{city} is fine"], "marks": ["new", "new"]}, "noted") for city in _CITIES
    ),
    "sizes that are sold out": calls(("stock", {"model": "a", "size": n}, "not available") for n in range(36, 46)),
    "pages that are empty, and say that more follow": calls(
        ("list", {"kind": "order", "page": n}, '{"items": [], "total": 900, "has_more": true}') for n in range(12)
    ),
    "an all-clear after entries that are told by their numbers": calls(
        row
        for n in range(8)
        for row in (("post", {"entry": f"E{n}", "amount": 7 + 3 * n}, "posted"), ("balance", {}, "balanced"))
    ),
    "one task for each function, with its module": calls(
        ("coder", {"task": f"Write unit tests for the function {name} in billing/{module}.py, under ten lines"}, "done")
        for name, module in (("prorate", "plans"), ("apply_coupon", "coupons"), ("tax_for", "tax"), ("refund", "out"))
    ),
    "arguments that are not captured": calls([("search", None, None)] * 20),
    "polling with news": calls(("status", {"job": 7}, f"{n} of 72 done") for n in range(0, 72, 6)),
    "polling with a wait between": calls(
        row for n in range(10) for row in (("status", {"job": 7}, f"{n} of 9 done"), ("sh", {"command": "sleep 5"}, ""))
    ),
    "pagination": calls(
        ("list", {"kind": "order", "offset": 20 * n}, f"orders {20 * n} to {20 * n + 19}") for n in range(12)
    ),
    "pagination with sparse pages": calls(
        ("search", {"query": "late orders in May", "page": n}, "[]" if n % 3 else f"[{n}]") for n in range(12)
    ),
    "one sentence for each item of a list": calls(
        _search(*(f"current weather in {city} for tomorrow" for city in _CITIES), result="forecast for $: mild")
    ),
    "one letter to each city, named in a field of its own": calls(
        ("tell", {"office": city, "text": f"Please tell us by Friday how many chairs {city} needs for May"}, "queued")
        for city in _CITIES
    ),
    "a search that is narrowed until it finds few": calls(
        ("find", {"q": " ".join(("chair", "oak", "red", "high", "slim", "used")[:n])}, f"{4 ** (7 - n)} hits")
        for n in range(3, 7)
    ),
    "one sentence for each item of a list of long names": calls(
        _search(
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
                _CITIES,
                ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Sunday", "Easter", "Whitsun"),
                strict=True,
            ),
            7,
        )
    ),
    "one question about each file": calls(
        ("ask_file", {"path": name, "question": "Which public functions does this module have?"}, f"{name}: {i}")
        for i, name in enumerate(_FILES)
    ),
    "the same write to every file": calls(
        ("write", {"path": name, "text": "licence header"}, "written") for name in _FILES
    ),
    "read and edit file after file": calls(
        row
        for name in _FILES
        for row in (("read", {"path": name}, f"text of {name}"), ("edit", {"path": name, "add": "header"}, "ok"))
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
    "a retry after its precondition was mended": calls(
        [
            ("write", {"path": "a", "text": "x"}, None, "read it first"),
            ("read", {"path": "a"}, "old"),
            ("write", {"path": "a", "text": "x"}, "written"),
        ]
    ),
    "parallel fan-out of similar questions": calls(
        _search(*REPHRASED, result="hits for $"), every_s=0.1, duration_s=5.0
    ),
    "the same look five times at once": calls([("status", {"job": 7}, "queued")] * 5, every_s=0.1, duration_s=5.0),
    "two looks in turn, all at once": calls(
        [("read", {"path": "a"}, "A"), ("read", {"path": "b"}, "B")] * 4, every_s=0.1, duration_s=5.0
    ),
    "one rejected form for each item, all at once": calls(
        (("put_row", {"row": n}, None, "missing required argument 'day'") for n in range(5)),
        every_s=0.1,
        duration_s=5.0,
    ),
    "an all-clear after every change": calls(
        row
        for name in _FILES
        for row in (("edit", {"path": name, "add": f"import {name}"}, "edited"), ("problems", {}, "0 problems"))
    ),
    "rounds of checks of which one brings news": calls(
        ("check", {"what": name}, f"{n} of 9" if name == "copy" else "fine")
        for n in range(4)
        for name in ("disk", "load", "copy", "clock", "raid", "fans", "mail")
    ),
    "two rounds of checks, then work, then two more": calls(
        ("check", {"what": what}, f"{what} is fine") for what in (*_FILES, *_FILES, "lock", "stock", *_FILES, *_FILES)
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
        for city in _CITIES
    ),
    "opening exploration": calls(
        [("ls", {"path": "."}, "many"), *(("read", {"path": f}, f"text {f}") for f in _FILES)]
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
    "three commands that find nothing": calls(
        ("sh", {"command": f"grep -rn {word} src/"}, None, "exit status 1") for word in ("alpha", "beta", "gamma")
    ),
    "five commands that end with one bare failure": calls(
        ("sh", {"command": f"make -C build {goal}"}, None, "Command failed with exit code 2")
        for goal in ("lint", "docs", "unit", "package", "image")
    ),
    "three tries at a busy service": calls([("quote", {"symbol": "X"}, None, "busy")] * 2),
    "a poll in prose that brings news": calls(
        ("ask", {"question": "is the long build done by now"}, f"{n} of 9 done") for n in range(9)
    ),
}
