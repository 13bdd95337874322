"""Loops that were once missed: failures in other words, agents one after the other, work of before a compaction.

Written while the detectors were worked on, so all of it is to be looked at.
"""
# Tables of what is said and answered: a row a line.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.cases.grammars.parts import Draft, Part, drawn, every, llm, tool, user


def guesses() -> Iterator[Draft]:
    """One thing tried in ever other ways, and refused in words of shells, validators and databases."""
    yield Draft("columns", [tool("query", {"sql": f"SELECT {name} FROM trips"}, None, error=f'column "{name}" does not exist') for name in ("started", "start_time", "started_at", "begin", "start_ts", "departure")], 1)
    yield Draft("fields-of-a-form", [tool("create_user", arguments, "1 validation error for CreateUser\nprofile.birth\n  Field required [type=missing]") for arguments in (
        {"name": "Bo"}, {"name": "Bo", "birthdate": "1990"}, {"name": "Bo", "profile": "1990"}, {"name": "Bo", "dob": "1990-01-01"}, {"user": {"name": "Bo"}})], 1)
    yield Draft("names-of-tools", [tool(name, {"q": "tide"}, f"Unknown tool: {name}. Use one of: find, open") for name in ("search", "google", "web_search", "browse", "internet", "search_web")], 1)
    yield Draft("ways-to-a-key", [tool("bash", {"command": command}, "bash: /etc/ssl/private/key.pem: Permission denied") for command in (
        "cat /etc/ssl/private/key.pem", "sudo cat /etc/ssl/private/key.pem", "head /etc/ssl/private/key.pem", "cp /etc/ssl/private/key.pem .", "openssl rsa -in /etc/ssl/private/key.pem")], 1)


def farther_and_farther() -> Iterator[Draft]:
    """A look that reaches farther each time, at nothing."""
    yield Draft("members-of-a-club", [tool("list_members", {"club": "rowing", "page": page}, ["Aas", "Berg", "Dahl"]) for page in range(1, 13)], 1)
    yield Draft("lines-of-an-empty-file", [tool("view", {"path": "a.c", "start": 1, "end": end}, "(file is empty)") for end in (50, 100, 200, 400, 1000, 5000)], 1)
    yield Draft("context-by-option", [tool("Grep", {"pattern": "def settle", "path": "ledger.py", "-C": n}, "41:def settle(batch): ...") for n in (3, 5, 10, 30, 80, 200)], 1)
    yield Draft("bytes-of-a-blob", [tool("bash", {"command": f"head -c {n} blob.bin | strings | grep MAGIC"}, "") for n in (100, 1000, 5000, 10000, 50000, 200000, 1000000)], 1)


def one_after_the_other() -> Iterator[Draft]:
    """Sub-agents of one run, each of which fails at the same thing."""
    yield Draft("tides-not-in-the-lake", [part for n, (column, said) in enumerate((("height", "I could not read it."), ("time", "The data set is missing."), ("gauge", "There is no such key."), ("wind", "Reading failed."), ("moon", "Cannot be read."))) for part in (
        tool("fetch_dataset", {"path": "s3://lake/tides.parquet", "column": column}, None, error="NoSuchKey: s3://lake/tides.parquet", agent=f"worker-{n}"), llm(said, agent=f"worker-{n}"))], 2)
    yield Draft("archived-record", [part for n in range(6) for part in (
        tool("open_record", {"id": "R-7"}, None, error="record R-7 is archived", agent=f"helper-{n}"), llm(f"Helper {n} gives up: archived.", agent=f"helper-{n}"))], 2)
    yield Draft("script-that-is-not-there", [part for n, question in enumerate(("What does it print?", "Please give me all of its lines.", "Which modules does it import, and what for?", "Is there a main function in it?")) for part in (
        tool("read_attachment", {"file": "task/run.py", "question": question}, None, error="FileNotFoundError: task/run.py", agent=f"reader-{n}"), tool("report", {"outcome": f"reader {n}: nothing found"}, "noted", agent="lead"))], 2)


def forgotten() -> Iterator[Draft]:
    """Work that is done again after a compaction."""
    def work(name: str, times: int, calls: Sequence[Part]) -> Draft:
        steps: list[Part] = [user("Write the opinion.")]
        for _ in range(times):
            steps += [llm("I begin.", input_tokens=9_000, output_tokens=30)]
            steps += [part for n, call in enumerate(calls, 1) for part in (call, llm("Next.", input_tokens=9_000 + 141_000 * n // len(calls), output_tokens=20))]
        return Draft(name, steps, 2 * len(calls) + 3)

    yield work("seven-modules-twice", 2, [tool("read_file", {"path": f"src/{name}.py"}, f"# {name} …") for name in ("api", "core", "db", "auth", "mail", "jobs", "web")])
    yield work("sources-of-an-opinion", 2, [tool("grep", {"pattern": "tax"}, "12 hits"), *(tool("read", {"file": name}, f"{name}: …") for name in ("tax.py", "rate.py", "law.md", "notes", "plan", "dates", "names")), tool("list", {}, "tax.py rate.py")])


def changing_signs() -> Iterator[Draft]:
    """The same answer under ever other ids and times."""
    dice = drawn("changing signs")
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    ulids = ["01J" + "".join(dice.choice(letters) for _ in range(23)) for _ in range(9)]
    yield Draft("limit-reached", [part for ulid in ulids for part in (llm("Let me try that."), tool("open_account", {"customer": "K. Ek"}, {"status": "rejected", "reason": "limit reached", "id": ulid}))], 3)
    yield Draft("no-pods", [tool("find_pods", {"label": "app=tide"}, f"no matching pods (took {n}m{n + 2}.{dice.randint(100, 999)}s)") for n in range(1, 9)], 1)
    yield Draft("leave-by-the-half-hour", every((tool("ask_hr", {"question": question}, "Please ask your manager.") for question in (
        "How many days of leave do I have left?", "How many leave days are left for me?", "What is my remaining leave in days?", "How many days of leave remain for me?", "My remaining days of leave, please?", "How many days leave have I left?")), 1900, 2), 1)
