"""Healthy sessions in which much repeats beside the work: long ones, waits that end, talk that a person leads."""
# Tables of what is said and answered: a row a line.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from tests.cases.grammars.parts import Draft, Part, drawn, every, llm, together, tool, user


def long_work() -> Iterator[Draft]:
    """Forty steps and more, of all kinds."""
    dice = drawn("long")
    steps: list[Part] = [user("Add a waiting list to the surgery booking, with tests."), tool("list_dir", {"path": "."}, "booking tests docs"), tool("list_dir", {"path": "booking"}, "slots.py mail.py api.py")]
    steps += [tool("read_file", {"path": f"booking/{name}.py"}, f"# {name}, {dice.randint(60, 300)} lines") for name in ("slots", "mail", "api")]
    steps += [tool("shell", {"command": "pytest -q"}, "31 passed")]
    for n, (name, left) in enumerate((("slots", 5), ("slots", 4), ("api", 4), ("mail", 2), ("slots", 2), ("api", 1))):
        steps += [
            llm(f"Next: {name}, part {n}."), tool("edit_file", {"path": f"booking/{name}.py", "change": f"waiting list, part {n}"}, "edited"),
            tool("shell", {"command": "pytest -q"}, f"{left} failed, {36 - left} passed"), tool("read_file", {"path": f"booking/{name}.py"}, f"# {name}, revision {n}"),
        ]
    steps += [tool("shell", {"command": "pytest -q"}, "1 failed, 35 passed"), tool("edit_file", {"path": "tests/test_api.py", "change": "expect 202"}, "edited"),
              tool("shell", {"command": "pytest -q"}, "36 passed"), tool("shell", {"command": "git commit -am 'Add a waiting list'"}, "[main 1f3] 4 files changed"), llm("The waiting list is in.")]
    yield Draft("waiting-list", steps)
    steps = [user("Find out why the tram display in Aarhus shows yesterday's times.")]
    for n in range(6):
        steps += [tool("ssh", {"host": f"display-{n}", "command": "date"}, f"Mon Jun 1 10:0{n}:11 CEST 2026"), tool("ssh", {"host": f"display-{n}", "command": "cat /etc/timetable.version"}, "2026-05-31" if n in (2, 4) else "2026-06-01")]
    for n in (2, 4):
        steps += [tool("ssh", {"host": f"display-{n}", "command": "journalctl -u fetcher -n 5"}, f"fetcher[{dice.randint(300, 900)}]: disk full"), tool("ssh", {"host": f"display-{n}", "command": "df /"}, "/ 100 %"),
                  tool("ssh", {"host": f"display-{n}", "command": "rm -r /var/cache/fetcher"}, ""), tool("ssh", {"host": f"display-{n}", "command": "systemctl start fetcher"}, ""), tool("ssh", {"host": f"display-{n}", "command": "cat /etc/timetable.version"}, "2026-06-01")]
    yield Draft("tram-displays", [*steps, llm("Two displays had a full disk; both are up to date now.")])
    steps = [user("Reconcile the May statements.")]
    for n in range(13):
        amount = dice.randint(20, 990)
        steps += [tool("next_line", {}, f"line {n}: EUR {amount}"), tool("find_booking", {"amount": amount}, f"booking B{dice.randint(100, 999)}" if n % 4 else "none"),
                  tool("match", {"line": n}, "matched") if n % 4 else tool("flag", {"line": n, "why": "no booking"}, "flagged")]
    yield Draft("may-statements", [*steps, llm("Nine lines are matched, four are flagged.")])
    steps = []
    for n, room in enumerate(("hall", "library", "kitchen", "attic", "cellar", "stable", "chapel", "tower", "garden room")):
        steps += [llm(f"Now the {room}."), tool("load_scan", {"room": room}, f"{dice.randint(2, 9)} million points"), tool("clean_scan", {"room": room, "threshold_mm": 4}, "outliers removed"),
                  tool("measure", {"room": room}, f"{dice.randint(12, 90)}.{n} m²"), tool("save_plan", {"room": room}, "saved")]
    yield Draft("manor-survey", steps)


def status_between_edits() -> Iterator[Draft]:
    """A look that shows the same, between changes that it does not show."""
    yield Draft("git-status", [
        part for n in range(7) for part in (
            tool("edit", {"path": "poem.txt", "line": n + 1, "text": f"line {n + 1} of the poem"}, "ok"), tool("sh", {"command": "git status --short"}, " M poem.txt"))
    ])
    yield Draft("lint-stays-clean", [
        part for name in ("sow", "water", "weed", "thin", "harvest", "store", "compost") for part in (
            tool("write_file", {"path": f"garden/{name}.js", "content": f"export function {name}() {{}}"}, "written"), tool("lint", {}, "no problems"))
    ])
    yield Draft("balance-check-after-booking", [
        part for n, (debit, credit) in enumerate((("rent", "bank"), ("wages", "bank"), ("bank", "fees"), ("stock", "creditors"), ("van", "loan"), ("loan", "bank"))) for part in (
            tool("post_entry", {"debit": debit, "credit": credit, "amount": 100 + 40 * n}, "posted"), tool("trial_balance", {}, "debits equal credits"))
    ])


def many_agents() -> Iterator[Draft]:
    """Several agents that each do the same, once."""
    yield Draft("each-reads-the-brief", [
        part for n, name in enumerate(("copywriter", "designer", "translator", "lawyer", "printer", "planner")) for part in (
            tool("read", {"path": "brief.md"}, "A poster for the regatta, A1, two languages", agent=name), llm(f"As {name} I can have the regatta poster on day {n + 1}.", agent=name))
    ])
    dice = drawn("agents")
    yield Draft("parallel-scouts", [
        *together((tool("search", {"query": "boat lift width Gudenå"}, f"{n + 3} hits", agent=f"scout-{n}") for n in range(5)), dice, 0),
        *together((tool("open", {"hit": 1}, "The lift is 4.1 m wide.", agent=f"scout-{n}") for n in range(5)), dice, 6),
        llm("All five scouts agree on 4.1 m.", agent="lead", start=12, end=13),
    ])


def backoff_then_success() -> Iterator[Draft]:
    """A few retries with growing waits, and then it works."""
    yield Draft("rate-limit", [
        {**tool("geocode", {"address": "Nørregade 5"}, *((None,) if n < 3 else ("56.15 N, 10.20 E",)), **({"error": "429 Too Many Requests"} if n < 3 else {})), "start": at, "end": at + 0.3}
        for n, at in enumerate((0, 2, 6, 14))
    ] + [tool("geocode", {"address": f"Nørregade {n}"}, f"56.1{n} N, 10.2{n} E") for n in (6, 7, 8)])
    yield Draft("lock-busy-then-free", [
        part for n in range(3) for part in (tool("sh", {"command": "apt-get install -y gdal-bin"}, None, error="could not get lock, held by process 811"), tool("sh", {"command": f"sleep {10 * 2 ** n}"}, ""))
    ] + [tool("sh", {"command": "apt-get install -y gdal-bin"}, "gdal-bin is set up")])
    yield Draft("ship-radio", every([
        *(tool("call_vessel", {"name": "Freja", "channel": channel}, "no answer") for channel in (16, 13, 12)), tool("call_vessel", {"name": "Freja", "channel": 16}, "Freja here, go ahead"),
        tool("pass_message", {"text": "berth 4 at 17 h"}, "read back correctly")], 60))


def dictation() -> Iterator[Draft]:
    """A person leads, and the agent answers briefly and alike."""
    yield Draft("noted", [part for item in ("two litres of milk", "a rye bread", "six eggs", "butter", "coffee filters", "a bunch of dill", "lemons", "stamps") for part in (user(f"Put {item} on the list."), llm("Noted."))])
    yield Draft("inventory-by-voice", [
        part for n, item in enumerate(("oscilloscope", "fume hood", "balance", "centrifuge", "microscope", "freezer")) for part in (
            user(f"Next: {item}, shelf {n + 1}."), tool("add_item", {"item": item, "shelf": n + 1}, "added"), llm("Added. What comes next?"))
    ])


def waits_that_end() -> Iterator[Draft]:
    """An empty box that is looked into a few times, until something is in it."""
    yield Draft("reply-from-the-clinic", every([
        tool("send", {"to": "clinic", "text": "Is Tuesday possible?"}, "sent"), *(tool("inbox", {"from": "clinic"}, []) for _ in range(3)), tool("inbox", {"from": "clinic"}, ["Tuesday 9 h is possible."]), llm("Tuesday at nine.")], 600))
    yield Draft("file-drop", every([
        part for day in range(4) for part in (
            *(tool("sh", {"command": "ls /drop/incoming"}, "") for _ in range(2)), tool("sh", {"command": "ls /drop/incoming"}, f"orders-{day}.csv"), tool("load_orders", {"file": f"orders-{day}.csv"}, f"{40 + 7 * day} orders"), tool("sh", {"command": f"mv /drop/incoming/orders-{day}.csv /drop/done"}, ""))
    ], 300))


def interview() -> Iterator[Draft]:
    """An agent that asks one form of question about one thing after the other."""
    yield Draft("anamnesis", [
        part for organ, said in (("heart", "no"), ("lungs", "asthma as a child"), ("kidneys", "no"), ("liver", "no"), ("eyes", "short-sighted"), ("ears", "no"), ("skin", "no")) for part in (
            llm(f"Have you ever had trouble with your {organ}?"), user(said))
    ])
    yield Draft("claim-form", [
        part for n, (question, said) in enumerate((("When did it happen?", "On Sunday."), ("Where did it happen?", "In the cellar."), ("What was damaged?", "The boiler."), ("Was anybody hurt?", "No."), ("Do you have photographs?", "Yes, three."))) for part in (
            llm(question), user(said), tool("fill_form", {"field": n, "value": said}, "ok"))
    ])
