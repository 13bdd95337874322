"""Loops that are harder to see: after good work, in changes that undo each other, between agents and people."""
# Tables of what is said and answered: a row a line.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from tests.cases.grammars.parts import Draft, Part, drawn, llm, tool, user


def late_loop() -> Iterator[Draft]:
    """Good work first, then a loop."""
    dice = drawn("late")
    start: list[Part] = [user("Port the tide model to the new compiler."), tool("list_files", {"path": "src"}, "tide.f grid.f main.f io.f wind.f")]
    start += [tool("read_file", {"path": f"src/{name}.f"}, f"C {name}, {dice.randint(100, 900)} lines") for name in ("tide", "grid", "main", "io", "wind")]
    for n in range(5):
        start += [tool("edit_file", {"path": "src/grid.f", "change": f"declare array {n}"}, "edited"), tool("make", {}, None, error=f"{9 - n} errors in grid.f")]
    yield Draft("compiler-then-stuck", [*start, *(tool("make", {}, None, error="internal compiler error: Segmentation fault") for _ in range(7))], len(start) + 1)
    start = [user("Which of our vans had no inspection this year?")] + [tool("van_record", {"van": f"V{n}"}, f"inspected on 2026-0{n % 5 + 1}-1{n % 9}") for n in range(1, 15)]
    queries = ("inspection of van V15", "van V15 inspection date", "when was van V15 inspected", "V15 van inspection record", "date of the inspection of van V15", "inspection record for van V15")
    yield Draft("vans-then-rephrasing", [*start, *(tool("search_mail", {"query": query}, "0 messages") for query in queries)], len(start) + 1)
    start = []
    for page in range(1, 11):
        start += [tool("open_page", {"number": page}, f"folio {page}: {dice.randint(2, 30)} names"), tool("note", {"text": f"folio {page} done"}, "ok")]
    yield Draft("folios-then-turning-back", [*start, *[part for _ in range(6) for part in (tool("open_page", {"number": 12}, "folio 12: torn"), tool("open_page", {"number": 11}, "folio 11: 9 names"))]], len(start) + 2)
    start = [llm("I begin with the requirements.", input_tokens=900)] + [tool("read_requirement", {"id": f"R{n}"}, f"R{n}: the pump shall stop within {n} s") for n in range(1, 11)] + [tool("write_test_plan", {"sections": 10}, "written")]
    yield Draft("plan-then-announcements", [*start, *(llm("The test plan is complete. I will now hand it over.") for _ in range(7))], len(start) + 1)
    start = [tool("sql", {"query": f"SELECT SUM(net) FROM sales WHERE region = '{region}'"}, str(dice.randint(1000, 9999))) for region in ("north", "south", "east", "west")]
    wrong = ("SELECT SUM(net) FROM return", "SELECT SUM(r.net) FROM return r", "SELECT SUM(net) AS s FROM return", "SELECT sum(net) from return;", "SELECT SUM(return.net) FROM return", "SELECT SUM(\"net\") FROM return", "SELECT SUM( net ) FROM return")
    yield Draft("sums-then-missing-table", [*start, *(tool("sql", {"query": query}, None, error="relation \"return\" does not exist") for query in wrong)], len(start) + 1)
    start = [part for n in range(8) for part in (llm(f"Slide {n + 1} next."), tool("add_slide", {"title": f"Quarter {n % 4 + 1}", "number": n + 1}, "added"))]
    yield Draft("slides-then-export", [*start, *[part for _ in range(6) for part in (tool("export", {"format": "pptx"}, "export started"), tool("list_exports", {}, "no exports"))]], len(start) + 2)


def flip_flop() -> Iterator[Draft]:
    """Changes that undo each other, and each makes the other's fault."""
    def turns(name: str, times: int, there: Part, fault: Part, back: Part, other: Part) -> Draft:
        return Draft(name, [there, fault, back, other] * times, 4)

    yield turns("pin-and-unpin", 6, tool("edit", {"path": "requirements.txt", "old": "proj==8", "new": "proj==9"}, "ok"), tool("sh", {"command": "pip check"}, "atlas 2 needs proj<9"),
                tool("edit", {"path": "requirements.txt", "old": "proj==9", "new": "proj==8"}, "ok"), tool("sh", {"command": "pip check"}, "tiles 5 needs proj>=9"))
    yield turns("scale-up-and-down", 6, tool("scale", {"service": "ticketing", "replicas": 8}, "scaled"), tool("alerts", {}, "database: too many connections"), tool("scale", {"service": "ticketing", "replicas": 4}, "scaled"), tool("alerts", {}, "ticketing: queue too long"))
    yield turns("sign-of-a-term", 7, tool("replace", {"file": "orbit.jl", "old": "+ mu", "new": "- mu"}, "replaced"), tool("run_tests", {}, None, error="test_energy failed: drift 2.1e-2"),
                tool("replace", {"file": "orbit.jl", "old": "- mu", "new": "+ mu"}, "replaced"), tool("run_tests", {}, None, error="test_period failed: 88.1 d instead of 87.97 d"))
    yield turns("rota-swap", 5, tool("assign", {"shift": "Friday night", "to": "Ida"}, "assigned"), tool("check_rota", {}, "Ida has less than 11 h of rest"), tool("assign", {"shift": "Friday night", "to": "Per"}, "assigned"), tool("check_rota", {}, "Per is on leave"))


def same_write() -> Iterator[Draft]:
    """The same content written again and again, while what should come of it does not."""
    yield Draft("same-file-same-fault", [
        part for _ in range(7) for part in (tool("write_file", {"path": "deploy.sh", "content": "set -e\nrsync -a out/ web:/srv\n"}, "wrote 2 lines"), tool("sh", {"command": "./deploy.sh"}, None, error="rsync: command not found"))
    ], 2)
    yield Draft("same-rule-same-leak", [
        part for _ in range(6) for part in (tool("set_rule", {"rule": "ward 3 visitors", "max": 2}, "rule saved"), tool("test_rule", {"rule": "ward 3 visitors"}, "5 visitors let in: rule is shadowed by 'all wards'"), llm("The rule does not hold yet, I set it again."))
    ], 3)


def long_cycle() -> Iterator[Draft]:
    """Rounds of more than five calls, the same each time."""
    yield Draft("eight-pages-from-the-start", [tool("read_page", {"document": "tender", "page": page}, f"tender, page {page}: section {page}.1") for page in range(1, 9)] * 4, 8)
    yield Draft("valve-logs-over-again", [
        tool("open_valve_log", {"valve": n}, f"valve {n}: closed since May") for n in range(1, 8)
    ] * 5, 7)
    checks = ("disk", "memory", "load", "clock", "raid", "fans", "temperature", "network", "mail")
    yield Draft("nine-checks", [part for _ in range(5) for part in (llm("I check the host before I begin."), *(tool("check", {"what": what}, f"{what}: fine") for what in checks))], 10)


def asks_again() -> Iterator[Draft]:
    """An agent that asks a person what it was told before."""
    yield Draft("which-size", [user("I want to exchange my jacket.")] + [part for said in ("Medium.", "I said medium.", "M, please.", "Medium, as before.", "Medium!", "MEDIUM.") for part in (llm("Which size would you like to have instead?"), user(said))], 3)
    yield Draft("date-of-birth", [
        part for n in range(6) for part in (llm(("Please tell me your date of birth so that I can find your file.", "To find your file I need your date of birth, please.")[n % 2]), user("4 March 1961"), tool("find_file", {"born": ""}, "no file"))
    ], 3)
    yield Draft("shall-i-book", [user("Book the 9:40 to Odense, please.")] + [part for said in ("Yes.", "Yes, book it.", "Yes!", "Go ahead and book it.", "Please do.", "Yes, the 9:40.") for part in (llm("I found the 9:40 to Odense. Shall I book it for you?"), user(said))], 3)


def blame_passing() -> Iterator[Draft]:
    """One task that fails with one sub-agent after the other, round and round."""
    yield Draft("archive-access", [
        part for n in range(9) for part in (
            llm(f"Perhaps {('Anna', 'Bo', 'Carl')[n % 3]} can do it.", agent="lead"), tool(f"ask_{('anna', 'bo', 'carl')[n % 3]}", {"task": "Fetch the deed of 1804 from the archive"}, "I have no access to the archive.", agent="lead"))
    ], 7)
    yield Draft("three-models", [
        tool("delegate", {"model": ("small", "medium", "large")[n % 3], "task": "Read the handwriting on plate 7 and return the text."}, None, error="image could not be decoded: plate7.tif is empty") for n in range(9)
    ], 1)
    yield Draft("queue-to-queue", [
        part for _ in range(5) for part in (
            tool("move_ticket", {"ticket": 4471, "queue": "network"}, "moved", agent="desk"), llm("Not a network matter, back to the desk.", agent="network"),
            tool("move_ticket", {"ticket": 4471, "queue": "printing"}, "moved", agent="desk"), llm("Not a printing matter, back to the desk.", agent="printing"))
    ], 4)


def plan_rewriting() -> Iterator[Draft]:
    """A plan that is written again and again, and nothing of it is done."""
    plans = (("Collect the data", "Clean the data", "Draw the map"), ("Gather the data", "Clean it", "Draw the map"), ("Collect data", "Tidy the data", "Make the map"), ("Get the data", "Clean the data", "Plot the map"),
             ("Collect all data", "Clean all data", "Draw the map"), ("Data collection", "Data cleaning", "Map drawing"), ("Collect the data", "Clean the data", "Draw the map"), ("Gather data", "Clean data", "Draw map"))
    yield Draft("todo-list", [tool("write_todos", {"todos": [{"text": text, "status": "pending"} for text in plan]}, "3 todos, 0 done") for plan in plans], 1)
    yield Draft("thinking-tool", [
        tool("think", {"thought": thought}, "ok") for thought in (
            "I should first find out which of the two contracts is in force.", "First I should find out which contract is in force of the two.", "I need to find out which of the two contracts is in force first.",
            "Which of the two contracts is in force? I should find that out first.", "First find out which of the two contracts is in force.", "I should find out first which of the two contracts is in force.",
            "The first thing is to find out which of the two contracts is in force.")
    ], 1)
