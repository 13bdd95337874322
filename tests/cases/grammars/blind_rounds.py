"""Loops of the blind part: rounds of one agent or several, words without deeds, work done again."""
# Tables of what is said and answered: a row a line.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from tests.cases.grammars.parts import Draft, Part, drawn, llm, tool, user


def circles() -> Iterator[Draft]:
    """Rounds of two to five steps."""
    dice = drawn("circles")
    yield Draft("formatter-against-linter", [user("Make the pre-commit checks pass.")] + [part for _ in range(6) for part in (
        tool("sh", {"cmd": "prettier --write src/menu.ts"}, "src/menu.ts 41ms"), tool("sh", {"cmd": "eslint --fix src/menu.ts"}, "✖ 1 problem (1 error, 0 warnings): prettier/prettier conflicts with quotes"))], 3)
    yield Draft("coupon-in-a-cart", [part for _ in range(6) for part in (
        tool("open_cart", {"cart": "c-88"}, f"<ul data-v='{dice.getrandbits(32):08x}'><li>Tent 199.00</li></ul>"), tool("apply_coupon", {"cart": "c-88", "code": "SPRING25"}, {"applied": False, "message": "Coupon expired on 1 March"}), llm("The coupon is not in the cart yet, let me look."))], 3)
    steps: list[Part] = [user("Roll out the new subnet.")]
    for _ in range(5):
        lock = f"{dice.getrandbits(32):08x}-{dice.getrandbits(16):04x}"
        steps += [tool("terraform", {"args": "plan -out=p"}, None, error=f"Error acquiring the state lock. ID: {lock} Who: nightly@runner-3"), tool("terraform", {"args": f"force-unlock -force {lock}"}, "state has been unlocked"), tool("sh", {"cmd": "pgrep -af terraform"}, "1 terraform apply (runner-3)"), llm("The lock is gone now, I plan again.")]
    yield Draft("lock-that-comes-back", steps, 5)
    steps = []
    for _ in range(5):
        batch = f"b{dice.randint(10000, 99999)}"
        steps += [tool("extract", {"source": "till-9"}, {"batch": batch, "rows": 812}), tool("clean", {"batch": batch}, {"batch": batch, "rows": 812}), tool("load_staging", {"batch": batch}, "loaded"), tool("validate", {"batch": batch}, {"valid": False, "rows_failed": [17, 203, 640], "rule": "vat_rate in (7, 19)"}), tool("truncate_staging", {"batch": batch}, f"812 rows removed in {dice.randint(11, 40)} ms")]
    yield Draft("load-and-truncate", steps, 5)
    ranges = ((1, 200), (150, 350), (1, 200), (300, 500), (150, 350), (1, 200), (300, 500), (1, 200), (150, 350), (300, 500), (1, 200), (150, 350), (300, 500))
    yield Draft("one-file-in-windows", [user("Add a timeout to the client."), *(tool("view_lines", {"file": "client.py", "from": first, "to": last}, f"# lines {first} to {last} of client.py (500 lines)\nclass Client{first}: ...") for first, last in ranges)], 5)
    yield Draft("five-looks-at-a-stopped-line", [part for n in range(11) for part in (
        tool("plc_read", {"tag": "LINE3.STATE"}, {"value": "STOPPED", "ts": 1778140000000 + n * 5000 + dice.randint(0, 900)}), tool("plc_read", {"tag": "LINE3.ESTOP"}, {"value": "PRESSED", "ts": 1778140000000 + n * 5000 + dice.randint(1000, 1900)}), tool("alarms", {"line": 3}, ["E-stop pressed by operator"]), tool("camera", {"line": 3}, f"frame {dice.randint(10**5, 10**6)}: belt standing, nobody there"), llm("I need to see in which state line 3 is."))], 5)
    yield Draft("feature-flag-to-and-fro", [part for _ in range(5) for part in (
        tool("flag_set", {"flag": "new-router", "on": True}, "ok"), tool("smoke_test", {"suite": "mobile"}, "FAIL login_with_sso"), tool("flag_set", {"flag": "new-router", "on": False}, "ok"), tool("smoke_test", {"suite": "mobile"}, "FAIL deep_links"))], 4)
    yield Draft("form-that-forgets", [part for _ in range(5) for part in (
        tool("fill", {"field": "iban", "value": "LU28 0019 4006 4475 0000"}, "filled"), tool("fill", {"field": "holder", "value": "Atelier Roux"}, "filled"), tool("click", {"button": "Next"}, "<p class=error>Session expired, please start again</p>"), tool("click", {"button": "Start again"}, f"<form id=f{dice.randint(100, 999)}><input name=iban><input name=holder></form>"))], 4)


def between_desks() -> Iterator[Draft]:
    """Agents that hand one thing round, or wait for each other."""
    dice = drawn("between desks")
    words = (("This is about a charge, so it is for billing.", "Billing only handles issued invoices; technical support should look.", "No technical fault to be seen, back to the front desk."), ("A charge again: billing, please.", "There is no invoice yet; please check it technically.", "Systems are fine, the front desk should decide."))
    yield Draft("front-desk-billing-tech", [user("I was charged twice for the upgrade.", agent="front-desk")] + [part for n in range(5) for part in (
        tool("handoff", {"to": "billing", "note": words[n % 2][0]}, "transferred", agent="front-desk"), tool("handoff", {"to": "tech", "note": words[n % 2][1]}, "transferred", agent="billing"), tool("handoff", {"to": "front-desk", "note": words[n % 2][2]}, "transferred", agent="tech"))], 4)
    demands = ("Please cite a source for the 40 %.", "The 40 % still has no source.", "I cannot see a source for the 40 % figure.", "Where does the figure of 40 % come from? Please cite.", "Again: the claim of 40 % needs a citation.", "There is no citation behind 40 %.")
    replies = ("I have added the source.", "The source is in place now.", "Done, the citation was added.", "I inserted the citation.", "The reference has been added now.", "Added, please look again.")
    yield Draft("citation-that-never-comes", [part for demand, reply in zip(demands, replies, strict=True) for part in (llm(demand, agent="reviewer"), llm(reply, agent="author"), tool("doc_diff", {"doc": "brief"}, "no changes since the last review", agent="reviewer"))], 3)
    yield Draft("two-approvers-wait", [part for n in range(7) for part in (
        tool("send_message", {"to": "finance-bot", "text": ("I approve as soon as finance has approved.", "Waiting for finance before I approve.", "Finance first, please.")[n % 3]}, {"delivered": True, "id": f"msg-{dice.getrandbits(32):08x}"}, agent="legal-bot"), tool("send_message", {"to": "legal-bot", "text": ("I approve as soon as legal has approved.", "Waiting for legal before I approve.", "Legal first, please.")[n % 3]}, {"delivered": True, "id": f"msg-{dice.getrandbits(32):08x}"}, agent="finance-bot"))], 2)
    steps: list[Part] = [user("Compare the three wind farms."), llm("Farm A 31 %, farm B 28 %, farm C 35 % load factor.", agent="analyst")]
    for n in range(8):
        steps += [llm('{"next": "analyst", "instructions": "Compare the load factors of the three farms."}', agent="supervisor"), llm(("As stated above: A 31 %, B 28 %, C 35 %.", "I have compared them already: C 35 %, A 31 %, B 28 %.", "The comparison is done, see my earlier answer.")[n % 3], agent="analyst")]
    yield Draft("supervisor-does-not-listen", steps, 2)
    yield Draft("dispatcher-and-driver", [part for n in range(7) for part in (
        tool("ask_driver", {"driver": 14, "question": ("Which dock are you at?", "At which dock do you stand?", "Tell me your dock, please.")[n % 3]}, "Dispatch has to assign me a dock.", agent="dispatcher"), tool("assign_dock", {"driver": 14}, None, error="cannot assign: the current dock of the driver is unknown", agent="dispatcher"))], 2)


def no_deeds() -> Iterator[Draft]:
    """Monologues, apologies, empty answers, lists of plans."""
    yield Draft("plan-of-a-plan", [user("Migrate the cron jobs to the new scheduler.")] + [llm(text, output_tokens=60) for text in (
        "First I will make an inventory of the cron jobs, then map each to a schedule, then migrate them.", "To begin, I will take an inventory of all cron jobs, map them to schedules and migrate them afterwards.", "My approach: inventory the cron jobs, map each one to a schedule, and then migrate.", "I shall start by listing the cron jobs, mapping them to schedules, and then migrating them.", "The plan is to inventory the cron jobs first, to map them to schedules next, and to migrate them last.", "Step one is an inventory of cron jobs, step two the mapping to schedules, step three the migration.", "I will start with an inventory of the cron jobs, followed by the mapping and the migration.")], 2)
    yield Draft("empty-and-reminded", [user("Translate the notice into Danish.")] + [part for _ in range(7) for part in (llm("", output_tokens=1), user("Your answer was empty. Please answer."))], 3)
    yield Draft("lo-siento", [user("Cancele mi cita del martes, por favor.")] + [part for said, again in (("Lo siento, ahora mismo no puedo acceder a la agenda.", "¿Puede cancelarla?"), ("Lo siento mucho, en este momento no tengo acceso a la agenda.", "Solo quiero cancelarla."), ("Disculpe, no puedo acceder a la agenda en este momento.", "¿Y ahora?"), ("Lo lamento, la agenda no está accesible ahora mismo.", "Inténtelo otra vez."), ("Lo siento, sigo sin poder acceder a la agenda.", "Por favor."), ("Disculpe las molestias, no tengo acceso a la agenda.", "¿Entonces?")) for part in (llm(said), user(again))], 3)
    yield Draft("todo-in-progress", [tool("todo_write", {"items": ["collect logs", "find cause", "write report"]}, "3 items")] + [part for _ in range(6) for part in (
        tool("todo_update", {"item": "collect logs", "status": "in_progress"}, {"ok": True, "open": 3, "done": 0}), tool("todo_list", {}, "[~] collect logs\n[ ] find cause\n[ ] write report"))], 3)
    adjectives = ("robust", "solid", "resilient", "reliable", "dependable", "sturdy", "sound", "strong")
    yield Draft("report-with-other-adjectives", [user("Write a short report on the load test.")] + [tool("write_file", {"path": "report.md", "content": f"# Load test\n\nThe system proved {word} at 300 requests per second. The p95 stayed below 200 ms and no request failed. Overall the result is {word}."}, "wrote report.md (29 words)") for word in adjectives], 2)
    yield Draft("thinks-it-is-done", [part for n in range(8) for part in (
        llm(("All tests pass now. Let me verify once more.", "Everything is green. I verify it one more time.", "The suite passes. A last check to be sure.")[n % 3]), tool("run_tests", {"suite": "all"}, f"212 passed in {17 + n * 7 % 5}.{n * 37 % 90 + 10} s"))], 3)


def begun_again() -> Iterator[Draft]:
    """Work that a compaction forgot, and loops at the end of good work."""
    dice = drawn("begun again")
    steps: list[Part] = [user("Find the memory leak in the image service.")]
    read = [tool("read_file", {"path": f"svc/{name}.go"}, f"package svc // {name}, {dice.randint(90, 600)} lines") for name in ("pool", "decode", "resize", "cache", "main")]
    for _ in range(4):
        steps += [*read, llm("[conversation compacted] Summary: the task is to find the memory leak in the image service. No file has been read yet.")]
    yield Draft("leak-hunt-compacted", steps, 7)
    steps = []
    for n in range(4):
        steps += [user("This session continues from an earlier one that ran out of context. Task: build the cost forecast from the four price lists."), *(tool("load_table", {"name": f"prices_{quarter}", "rows": 5000}, f"5000 rows, {11 + quarter} columns, checksum {quarter * 7919}") for quarter in range(1, 5)), llm(("I have loaded all price lists and will now build the forecast.", "The four price lists are loaded; next I build the forecast.")[n % 2])]
    yield Draft("price-lists-from-the-start", steps, 6)
    steps = [user("Enter the twelve timesheets and then close the month.")]
    for n in range(1, 13):
        steps += [tool("read_scan", {"file": f"ts_{n:02d}.png"}, f"employee {dice.randint(100, 199)}, {dice.randint(120, 176)} h"), tool("enter_hours", {"sheet": n}, "entered")]
    yield Draft("timesheets-then-closing", [*steps, *(tool("close_month", {"month": "2026-02", "force": n > 3}, None, error=f"closing refused: sheet 9 is not signed (ref {dice.randint(10**6, 10**7)})") for n in range(8))], len(steps) + 1)
    steps = [user("Bring the test coverage of parser/ to 80 %.")]
    for n, (what, percent) in enumerate((("empty input", 61), ("nested lists", 66), ("escapes", 70), ("comments", 73), ("bad numbers", 77))):
        steps += [tool("write_file", {"path": f"tests/test_parser_{n}.rb", "content": f"# {what}"}, "ok"), tool("coverage", {"path": "parser/"}, f"{percent} %")]
    yield Draft("coverage-then-standstill", [*steps, *[part for n in range(7) for part in (tool("write_file", {"path": "tests/test_parser_5.rb", "content": f"# unicode names{' again' * (n % 2)}"}, "ok"), tool("coverage", {"path": "parser/"}, "77 %"))]], len(steps) + 2)
    steps = [user("Review the 22 pull requests of the hackathon.")]
    for n in range(1, 23):
        steps += [tool("pr_diff", {"pr": 400 + n}, f"+{dice.randint(4, 300)} -{dice.randint(0, 90)}"), tool("pr_review", {"pr": 400 + n, "verdict": "approve" if n % 3 else "comment"}, "submitted")]
    yield Draft("reviews-then-a-merge-conflict", [*steps, *(tool("pr_merge", {"pr": 407, "method": method}, None, error=f"405 Pull Request is not mergeable: conflict in README.md (request {dice.getrandbits(32):08x})") for method in ("merge", "squash", "rebase") * 4)], len(steps) + 1)
    towns = ("Ghent", "Liège", "Namur", "Bruges", "Mons", "Arlon")
    steps = [tool("geocode", {"place": town}, f"50.{dice.randint(100, 999)}, {dice.randint(3, 5)}.{dice.randint(100, 999)}") for town in towns]
    yield Draft("geocoded-over-and-over", [*steps, llm("I have six towns. Let me get their coordinates."), *steps, llm("Now I need the coordinates of the towns."), *reversed(steps), llm("Let me look up the coordinates of each town."), *steps], 7)
