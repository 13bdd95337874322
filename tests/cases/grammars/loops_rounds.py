"""Loops that go round: cycles, agents that hand on, words without deeds, work that is done again."""
# Tables of what is said and answered: a row a line.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from tests.cases.grammars.parts import Draft, Part, drawn, llm, tool, user


def cycles() -> Iterator[Draft]:
    """Two to five calls that go round with the results they had."""
    rounds: tuple[tuple[str, int, tuple[Part, ...]], ...] = (
        ("stock-and-price", 6, (tool("get_stock", {"sku": "L-20"}, "0"), tool("get_price", {"sku": "L-20"}, "unknown"))),
        ("map-list-map", 5, (tool("open_map", {"sheet": "N32"}, "sheet N32, 1:50000"), tool("list_layers", {}, "roads, water"), tool("zoom", {"to": "Rold"}, "Rold is not on this sheet"))),
        ("three-logs", 4, (tool("sh", {"command": "journalctl -u gate"}, "gate: waiting for badge"), tool("sh", {"command": "systemctl status gate"}, "active (running)"),
                           tool("sh", {"command": "cat /etc/gate.conf"}, "badge=on"), tool("sh", {"command": "ls /var/gate"}, "badges.db"))),
        ("five-forms", 4, tuple(tool("open_form", {"form": name}, f"form {name}, read only") for name in ("A1", "B2", "C7", "D4", "E9"))),
        ("search-open-back", 5, (tool("search", {"q": "flood of 1872 gauge height"}, "1. Harbour chronicle"), tool("open", {"result": 1}, "The page is not available."), tool("back", {}, "1. Harbour chronicle"))),
    )
    for name, times, calls in rounds:
        yield Draft(name, [*calls] * times, len(calls))


def agent_rounds() -> Iterator[Draft]:
    """Agents that hand one thing to each other."""
    yield Draft("analyst-verifier", [
        user("What share of the returns is due to size?"),
        *[part for n in range(7) for part in (
            llm(("The share of returns due to size is 31 %, from the returns table.", "From the returns table, the share of returns due to size is 31 %.")[n % 2], agent="analyst"),
            llm(("I cannot confirm the 31 %, please check the returns table again.", "Please check the returns table again, I cannot confirm the 31 %.")[n % 2], agent="verifier"))],
    ], 3)
    yield Draft("triage-billing-support", [
        part for _ in range(5) for part in (
            tool("transfer", {"to": "billing", "reason": "customer asks about an invoice"}, "transferred", agent="triage"),
            tool("transfer", {"to": "support", "reason": "invoice of a defective device"}, "transferred", agent="billing"),
            tool("transfer", {"to": "triage", "reason": "not a technical question"}, "transferred", agent="support"))
    ], 3)
    yield Draft("coder-reviewer-text", [
        part for n in range(6) for part in (
            llm("I have added the missing lock in the ferry allocator as you asked; please review it again.", agent="coder"),
            tool("read_diff", {"branch": "ferry"}, "empty diff", agent="reviewer"),
            llm("The lock in the ferry allocator is still missing, please add it and ask me again.", agent="reviewer"))
    ], 3)
    yield Draft("planner-doer-critic", [
        part for n in range(5) for part in (
            llm("Plan: ask the archive for the ship's log, then summarise it.", agent="planner"),
            llm("The archive does not hold the ship's log, so I cannot summarise it.", agent="doer"),
            llm("The summary is missing. Please plan again how to get it from the archive.", agent="critic"))
    ], 3)
    yield Draft("after-you", [
        part for n in range(8) for part in (
            llm(("Shall I book the theatre, or will you?", "Will you book the theatre, or shall I?")[n % 2], agent="concierge"),
            llm(("As you prefer, I can book it or you can.", "I can book it or you can, as you prefer.")[n % 2], agent="travel"))
    ], 2)
    yield Draft("editor-writer-new-words", [
        part for n in range(6) for part in (
            llm(("The opening is too long. Cut it to forty words.", "Please shorten the opening to forty words, it is too long.", "Forty words at most for the opening, please; it is still too long.",
                 "Too long an opening again. Bring it down to forty words.", "Cut the opening to forty words, it is too long.", "The opening still is too long, forty words please.")[n], agent="editor"),
            tool("write_section", {"section": "opening", "words": 90}, "section exists already, not overwritten", agent="writer"),
            llm("The opening is cut to forty words now.", agent="writer"))
    ], 3)


def words_only() -> Iterator[Draft]:
    """Answers without deeds."""
    yield Draft("will-start-now", [user("Please make the seating plan for the gala.")] + [
        llm(text) for text in ("I will now start to make the seating plan for the gala.", "I will now start making the seating plan for the gala.", "Now I will start to make the seating plan for the gala.",
                               "I will start now to make the seating plan for the gala.", "I will now start to make the seating plan for the gala.", "I will now begin to make the seating plan for the gala.",
                               "I will now start to make the seating plan for the gala.")
    ], 2)
    yield Draft("empty-answers", [user("Which dose is right for a child of 20 kg?")] + [llm("") for _ in range(7)], 2)
    yield Draft("blank-lines", [user("Sum up the hearing.")] + [llm("\n\n" if n % 2 else "   ") for n in range(8)], 2)
    phrase = "and the harbour master replied that the harbour was closed, "
    yield Draft("chant-in-one-answer", [user("Tell me of the night of the storm."), llm("The storm came at nine, " + phrase * 24), user("And what came then?"), llm("Then " + phrase * 30)], 1)
    yield Draft("apology", [user("Cancel my subscription.")] + [llm("I apologise for the confusion. Let me correct that right away.") for _ in range(8)], 2)
    yield Draft("token-stutter", [user("Is the sample an ether?"), llm("Yes, it is."), user("Give me the chemical name."), llm("It is methyl-" + "ethyl-methyl-" * 60)], 3)


def after_compaction() -> Iterator[Draft]:
    """Work that is done again after each compaction, and forgotten again."""
    def rounds(name: str, times: int, work: tuple[Part, ...], summary: str) -> Draft:
        steps: list[Part] = []
        for _ in range(times):
            steps += [llm("I read what I need.", input_tokens=12_000, output_tokens=40)]
            steps += [part for n, call in enumerate(work) for part in (call, llm("Next.", input_tokens=40_000 + 30_000 * n, output_tokens=30))]
            steps += [llm(summary, input_tokens=190_000, output_tokens=300)]
        return Draft(name, steps, 2 * len(work) + 3)

    yield rounds("statutes", 4, tuple(tool("read_statute", {"number": n}, f"Act {n}, 80 pages …") for n in (12, 44, 71, 98)), "Summary: the acts have to be read before the opinion can be written.")
    yield rounds("survey-tables", 4, tuple(tool("load_table", {"table": name}, f"{name}: 90000 rows …") for name in ("households", "incomes", "rents")), "Summary so far: nothing is computed yet; load the tables first.")
    yield rounds("monolith", 3, tuple(tool("cat", {"path": f"src/{name}.cob"}, f"IDENTIFICATION DIVISION. PROGRAM-ID. {name}. …") for name in ("ACCT", "LOAN", "RATE", "POST", "EOD")), "The context was compacted. To do: understand the programs, then port them.")
    yield rounds("photo-plates", 5, tuple(tool("inspect_plate", {"plate": n}, f"plate {n}: 412 stars, limiting magnitude 14") for n in (7, 8, 9)), "Condensed history: plates are to be inspected in order.")


def reading_round() -> Iterator[Draft]:
    """The same things read round and round, in any order, and nothing is changed."""
    def reads(name: str, tool_name: str, texts: dict[str, str], rounds: int) -> Draft:
        dice, steps = drawn(name), []
        for _ in range(rounds):
            order = list(texts)
            dice.shuffle(order)
            steps += [tool(tool_name, {"path": path}, texts[path]) for path in order]
        return Draft(name, steps, len(texts))

    yield reads("will-and-codicil", "read_document", {"will.pdf": "To my niece the house", "codicil.pdf": "To my nephew the boat", "letter.pdf": "Do not sell the house"}, 7)
    yield reads("four-configs", "read_file", {"nginx.conf": "listen 80;", "app.env": "PORT=8081", "compose.yml": "web: 8081", "hosts": "127.0.0.1 web"}, 7)
    yield reads("wards", "open_chart", {"ward 1": "12 beds, 12 taken", "ward 2": "10 beds, 10 taken", "ward 3": "8 beds, 8 taken", "ward 4": "9 beds, 9 taken", "ward 5": "6 beds, 6 taken"}, 6)
    dice = drawn("with-thoughts")
    steps: list[Part] = []
    for _ in range(18):
        path = dice.choice(("scheduler.ex", "worker.ex", "supervisor.ex"))
        steps += [llm(f"Let me look at {path} again to understand the flow."), tool("view", {"path": path}, f"defmodule {path} do … end")]
    seen = [part.get("arguments") for part in steps]
    onset = next(n for n, part in enumerate(steps) if part["kind"] == "tool" and part["arguments"] in seen[:n])
    yield Draft("with-thoughts", steps, onset)


def delegation_reworded() -> Iterator[Draft]:
    """One long task, delegated in ever new words, and answered alike each time."""
    unknown = "I could not find this."
    yield Draft("bell-founder", [
        tool("research_agent", {"task": task}, unknown) for task in (
            "Find out who cast the great bell of St Knud's church in Odense, in which year, and what it weighs. Look in parish records first.",
            "Please look through the parish records and find the founder of the great bell of St Knud's in Odense, with its year and weight.",
            "We need to know the founder, the year and the weight of the great bell in St Knud's church, Odense. Parish records may help.",
            "Consult parish records in Odense about the great bell of St Knud's: who founded it, when, and how heavy is it?",
            "Search again, more carefully: great bell, St Knud's church, Odense. Report founder, year of casting and weight.",
            "Determine by whom and when the great bell of St Knud's church in Odense was cast, and its weight; begin with the records of the parish.")
    ], 1)
    yield Draft("vendor-risk", [
        part for n, task in enumerate((
            "Assess whether Polarlog A/S is solvent, using its last three annual reports, and give me a grade from A to E.",
            "Look at the last three annual reports of Polarlog A/S and grade its solvency between A and E.",
            "Grade the solvency of Polarlog A/S (A to E) on the basis of the annual reports of the last three years.",
            "I need a solvency grade, A to E, for Polarlog A/S. Base it on three years of annual reports.",
            "From three annual reports derive how solvent Polarlog A/S is; answer with a grade from A to E.",
            "Polarlog A/S: solvency, grade A to E, sources are the three latest annual reports."))
        for part in (llm(f"Attempt {n + 1}: I delegate to the analyst.", agent="lead"), tool("ask_analyst", {"instruction": task}, "The annual reports could not be opened.", agent="lead"))
    ], 3)
    yield Draft("orbit-fit", [
        tool("call_agent", {"agent": "numerics", "prompt": prompt}, {"status": "incomplete", "reason": "no observations given"}) for prompt in (
            "Fit an orbit to the asteroid 2031 KX from the observations and return the six elements with errors.",
            "Compute the orbital elements of asteroid 2031 KX by fitting the observations, and give their errors too.",
            "From the observations of 2031 KX, derive its orbit: six elements, each with its error.",
            "Please do an orbit fit for 2031 KX. I want all six elements and the error of each.",
            "The orbit of asteroid 2031 KX is needed (six elements with uncertainties), fitted to what was observed.",
            "Determine the six orbital elements, with errors, of the asteroid 2031 KX using its observations.",
            "Run the fit for asteroid 2031 KX once more and report the orbital elements and their errors.")
    ], 1)
    yield Draft("menu-allergens", [
        tool("subtask", {"description": text}, f"Result: the supplier list is needed first. ({n})") for n, text in enumerate((
            "Go through the summer menu and mark every dish that has nuts, milk or gluten in it, as the law demands, and return the marked menu.",
            "Return the summer menu with allergens marked: nuts, milk, gluten. The law wants this for each dish.",
            "For each dish of the summer menu, mark whether it contains gluten, milk or nuts, and send back the marked menu.",
            "Mark nuts, milk and gluten on the summer menu dish by dish, since the law demands it; give me the marked menu.",
            "The summer menu needs its allergen marks (gluten, nuts, milk). Please mark every dish and return the menu.",
            "Please return a marked summer menu in which dishes with milk, nuts or gluten are recognisable, as required by law."))
    ], 1)


def nudged() -> Iterator[Draft]:
    """Loops that a harness keeps going."""
    yield Draft("continue-same-call", [user("Publish the tide tables.")] + [
        part for _ in range(7) for part in (tool("publish", {"what": "tide tables"}, "nothing to publish"), llm("I have tried to publish the tide tables."), user("continue"))
    ], 4)
    yield Draft("keep-going-text", [user("Write the grant proposal.")] + [
        part for _ in range(7) for part in (llm("The grant proposal is finished. Let me know if you need anything else."), user("Please keep going until the task is complete."))
    ], 3)
    yield Draft("no-tool-call-reminder", [user("Rotate the keys of the lab door.")] + [
        part for n in range(6) for part in (
            llm(("I will rotate the keys of the lab door now.", "Now I will rotate the keys of the lab door.")[n % 2]),
            user("You did not call a tool. Call a tool, or call finish when the task is done."))
    ], 3)
    yield Draft("retry-message", [user("Archive the minutes of 2019.")] + [
        part for _ in range(6) for part in (tool("archive", {"year": 2019}, None, error="target is read-only"), user("The last action failed. Try again."))
    ], 3)
    yield Draft("continue-rephrased", [user("Which ward had the outbreak?")] + [
        part for query in ("outbreak ward name", "name of the ward with the outbreak", "which ward had the outbreak", "ward outbreak name", "the ward where the outbreak was", "outbreak in which ward")
        for part in (tool("search_reports", {"query": query}, "0 reports"), user("continue"))
    ], 3)
