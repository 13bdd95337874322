"""Calls that fail alike, or that nobody can parse; and failures of which each tells something new."""

from __future__ import annotations

from tests.detectors.loops.rows import CITIES, FILES, PERIOD_3, Healthy, Loops, Row, calls

_EDIT_FAILS: Row = ("edit", {"path": "a.c", "old": "q", "new": "r"}, None, "text to replace not found")

FIRES: Loops = {
    "an edit that never works, with looks and tests between": (
        "same_error",
        calls([PERIOD_3[0], _EDIT_FAILS, ("make", {}, "1 of 9 failed")] * 3)[:-1],
    ),
    "paths that all do not exist": (
        "same_error",
        calls(("fetch", {"url": f"https://h/{name}"}, None, f"404 for https://h/{name}") for name in FILES[:4]),
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
}

SILENT: Healthy = {
    "hosts that do not answer, each by its own name": calls(
        ("sh", {"command": f"{program} {host}"}, None, f"{program}: {host} does not answer")
        for program, host in (("ping", "web"), ("dig", "mail"), ("nc", "db"), ("curl", "shop"), ("ssh", "cache"))
    ),
    "hosts of a list that are all off": calls(
        ("sh", {"command": f"ssh {host} uptime -p"}, None, f"ssh: host {host} is off")
        for host in ("web", "mail", "db", "shop", "cache")
    ),
    "packages that a list has and the mirror has not": calls(
        ("sh", {"command": f"pkg show {name} --quiet"}, None, f"E: no package {name}") for name in CITIES
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
    "tables that cannot be read, each for itself": calls(
        ("load", {"path": f"in/{name}"}, None, f"could not parse {name}: no header") for name in FILES[:3]
    ),
    "an argument that turns out to be no argument for a plan": calls(
        ("debate", {"side": city}, None, f"{city}: the argument does not hold") for city in CITIES[:3]
    ),
    "files of one folder that may not be read": calls(
        ("sh", {"command": f"cat /srv/vault/{name}"}, None, "permission denied") for name in FILES[:6]
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
    "a retry after its precondition was mended": calls(
        [
            ("write", {"path": "a", "text": "x"}, None, "read it first"),
            ("read", {"path": "a"}, "old"),
            ("write", {"path": "a", "text": "x"}, "written"),
        ]
    ),
    "one rejected form for each item, all at once": calls(
        (("put_row", {"row": n}, None, "missing required argument 'day'") for n in range(5)),
        every_s=0.1,
        duration_s=5.0,
    ),
    "three commands that find nothing": calls(
        ("sh", {"command": f"grep -rn {word} src/"}, None, "exit status 1") for word in ("alpha", "beta", "gamma")
    ),
    "five commands that end with one bare failure": calls(
        ("sh", {"command": f"make -C build {goal}"}, None, "Command failed with exit code 2")
        for goal in ("lint", "docs", "unit", "package", "image")
    ),
    "two tries at a busy service": calls([("quote", {"symbol": "X"}, None, "busy")] * 2),
}
