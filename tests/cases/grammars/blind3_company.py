"""Healthy sessions that look like loops: with people, with other agents, after a compaction, at length."""

# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from tests.cases.grammars.blind3_parts import Log
from tests.cases.grammars.blind3_work import CLAUDE, work
from tests.cases.grammars.parts import Draft, drawn


def with_people_and_agents() -> Iterator[Draft]:
    yield _countdown()
    yield _one_expert_after_another()
    yield _go_on_go_on()
    yield _recalled_each_time()
    yield _code_in_other_clothes()
    yield _on_with_the_plan()


def looks_alike_and_moves() -> Iterator[Draft]:
    yield _snapshots()
    yield _form()
    yield _errors_as_the_topic()
    yield _long_research()
    yield _refrain()
    yield _nothing_was_recorded()


def _countdown() -> Draft:
    log = Log().user("Bring 10 down to 1.")
    for value in range(10, 1, -1):
        log.say(f"Modifier:\nModified {value} to {value - 1}", agent="modifier")
        log.say(f"Checker:\n{value - 1} {'NOT <= 1, so continue.' if value > 2 else 'passed, stopping.'}", agent="checker")
    return log.draft("ten-to-one", "Modifier and checker in turn, in the same words, and the number falls to one; after microsoft/autogen#5317.")


def _one_expert_after_another() -> Draft:
    log = Log("supervisor").user("Prepare the board paper on the Lisbon office.")
    for expert, task, answer in (("finance", "Cost of the Lisbon office for 2026?", "1.24 million, of which rent 0.31"), ("legal", "Which contracts end with the Lisbon office?", "lease until 06/2027, three leasing contracts"),
                                 ("people", "How many people work at the Lisbon office?", "23, of whom 9 would move"), ("finance", "What would closing Lisbon cost once?", "0.4 to 0.6 million"), ("legal", "Notice periods for the 14 who would not move?", "two to four months"), ("editor", "Write the paper from the five answers.", "board-paper.docx, 3 pages")):
        log.do(f"transfer_to_{expert}", {"task": task}, f"Transferred to {expert}")
        log.say(answer, agent=expert)
        log.do("transfer_back_to_supervisor", {}, "Transferred back", agent=expert)
    return log.draft("expert-after-expert", "Hand over and back six times, with six questions answered; after jupyter-naas/abi#1068.")


def _go_on_go_on() -> Draft:
    log = Log().user("Port the nine shell scripts to Python.")
    for number, name in enumerate(["backup", "rotate", "fetch", "stamp", "merge", "prune", "notify"], 1):
        log.do("write", {"path": f"py/{name}.py", "content": f"def main(): ...  # {name}"}, f"py/{name}.py written")
        log.do("bash", {"command": f"python -m py.{name} --dry-run"}, f"{name}: would handle {number * 13 % 29} files")
        log.say("I'll continue with the next one.")
        log.user("continue")
    log.say("Seven are ported, two of the nine call into Perl; shall I port these as well?")
    return log.draft("continue-seven-times", "The same nudge seven times, and each time another script is ported; after weave-os/router#540.")


def _recalled_each_time() -> Draft:
    log = Log("companion")
    history = ["User has a dog, Pelle."]
    for asked, answer, learnt in (("How do I house-train Pelle faster?", "Short walks after each meal.", "Pelle is 4 months old"), ("He chewed my shoe.", "At four months that is teething; freeze a wet towel.", "Pelle chews shoes"), ("What should I buy for the weekend?", "A teething ring and a long lead.", "weekend trip planned"),
                                  ("Is three hours by car ok for him?", "Yes, with two stops.", "trip takes three hours"), ("Remind me what we need?", "Towel, ring, long lead, water bowl.", "list given")):
        log.user(asked)
        log.do("recall_history", {}, list(history))
        log.say(answer)
        history.append(learnt)
    return log.draft("recalled-at-each-question", "Before every answer the memory is recalled with the same empty call, and it has grown; after agentscope-ai/QwenPaw#6041.")


def _code_in_other_clothes() -> Draft:
    body = ["def area(w, h):", "    if w < 0 or h < 0:", "        raise ValueError('negative')", "    return w * h"]
    log = Log().user("Show me area() from geo.py with line numbers.")
    log.do("read_file", {"path": "geo.py"}, "\n".join(body))
    log.say("\n".join(f"{number}  {line}" for number, line in enumerate(body, 1)))
    log.user("now without the numbers, I want to copy it")
    log.say("\n".join(body))
    log.user("and as a lambda?")
    log.say("area = lambda w, h: w * h  # without the check")
    log.user("with docstring instead, please")
    log.say("\n".join([body[0], "    \"\"\"Area of a rectangle; raises ValueError.\"\"\"", *body[1:]]))
    return log.draft("code-in-other-clothes", "A person asks for one function in four forms, and four texts alike are written; after google-gemini/gemini-cli#10620.")


def _on_with_the_plan() -> Draft:
    summary = "Context was compacted. Plan (decided): 1 table, 2 model, 3 endpoint, 4 page, 5 tests. Done: "
    log = Log().user("Add invoices to the app.")
    log.say("Plan: 1 table, 2 model, 3 endpoint, 4 page, 5 tests.")
    for number, part in enumerate(["migrations/031.sql", "models/invoice.py", "api/invoices.py", "web/invoices.svelte", "tests/test_invoices.py"]):
        log.do("view", {"path": "PLAN.md"}, "1 table\n2 model\n3 endpoint\n4 page\n5 tests\n")
        log.do("create", {"path": part, "content": f"-- {part}"}, f"created {part}")
        log.do("bash", {"command": "make check"}, f"ok, {118 + number} files")
        if number < 4:
            log.user(summary + ", ".join(str(one + 1) for one in range(number + 1)))
    work(log, drawn("blind3 work plan goes on"), CLAUDE, 3)
    log.say("All five parts are in.")
    return log.draft("on-with-the-plan", "After each of four compactions the plan is read and its next part is done; after github/copilot-cli#3157.")


def _snapshots() -> Draft:
    log = Log("crew").user("Order two boxes of A4 paper in the office shop, pay by invoice.")
    for click, page in (("link 'Paper'", "Paper: A3, A4, A5"), ("link 'A4, box'", "A4 box 24.90, quantity 1"), ("button '+'", "A4 box 24.90, quantity 2"), ("button 'Add'", "Cart (2)"), ("link 'Cart'", "Cart: 2 × A4, 49.80"),
                        ("button 'Checkout'", "Address: Main St 4"), ("radio 'Invoice'", "Pay by invoice selected"), ("button 'Order'", "Thank you, order 77120")):
        log.do("browser_click", {"element": click}, "clicked")
        log.do("browser_snapshot", {}, f"- main: {page}")
    return log.draft("click-and-look", "After every click the same empty call looks at the page, which is another; after crewAIInc/crewAI#4233.")


def _form() -> Draft:
    fields = [("First name", "Ines"), ("Last name", "Okafor"), ("Street", "Lindenweg 8"), ("Town", "Kassel"), ("Phone", "+49 561 0"), ("IBAN", "DE00 …"), ("Employer", "Acme"), ("Start", "2026-06-01"), ("Hours", "32")]
    log = Log("browser").user("Fill in the registration form from the sheet.")
    log.do("read_sheet", {"row": 14}, dict(fields))
    for number, (label, value) in enumerate(fields):
        log.do("browser_fill", {"label": label, "value": value, "snapshot": True}, {"filled": number + 1, "left": len(fields) - number - 1, "focused": label})
    log.do("browser_click", {"label": "Send", "snapshot": True}, "Registration 5521 received")
    return log.draft("nine-fields", "Nine fields of one form are filled one by one, and fewer are left each time; after n8n-io/n8n#36111.")


def _errors_as_the_topic() -> Draft:
    log = Log("research").user("Write a note on why single page apps answer 404 on reload, with remedies for our servers.")
    for query, found in (("single page app 404 not found on reload cause", "Error 404: not found after refresh, because the server looks for a file"), ("nginx 404 not found history mode try_files", "404 Not Found? use try_files $uri /index.html"), ("Apache 404 not found history mode rewrite", "Error: 404. FallbackResource /index.html"),
                         ("S3 static site 403 access denied 404 error document", "AccessDenied instead of 404: set the error document"), ("soft 404 SEO single page app", "soft 404 errors in the search console"), ("caddy 404 single page app", "try_files {path} /index.html")):
        log.do("web_search", {"query": query}, [{"title": found, "url": "https://example.net/" + query.split()[0].lower()}])
    log.do("write_file", {"path": "notes/404.md", "content": "# 404 on reload\nnginx: try_files …"}, "written")
    return log.draft("errors-are-the-topic", "The results are full of errors because errors are the topic, and every search asks of another server; after NorthlandPositronics/Cogtrix#186.")


def _long_research() -> Draft:
    dice = drawn("blind3 long research")
    towns = ["Aarhus", "Bologna", "Coimbra", "Delft", "Evora", "Freiburg", "Ghent", "Halle", "Innsbruck", "Jena", "Kosice", "Leiden", "Malmo", "Nantes"]
    log = Log("researcher").user("Which mid-sized European towns would suit our office? Rent, flights, universities.")
    for town in towns:
        log.do("tavily_search", {"query": f"{town} office rent per square metre"}, f"{town}: {dice.uniform(8, 24):.1f} € per m²")
        log.do("tavily_search", {"query": f"{town} airport direct flights"}, f"{town}: {dice.randint(0, 61)} destinations")
        log.do("tavily_search", {"query": f"{town} university students number"}, f"{town}: {dice.randint(6, 72)},000 students")
    log.say("Ghent, Bologna and Aarhus lead on all three.")
    return log.draft("fourteen-towns", "Forty-two searches in one run, three for each of fourteen towns; after langchain-ai/langgraph#6731.")


def _refrain() -> Draft:
    log = Log("poet").user("A counting rhyme for the kindergarten please, five verses with the same refrain.")
    for animal, count in (("snail", "One"), ("mouse", "Two"), ("frog", "Three"), ("goose", "Four"), ("bear", "Five")):
        log.say(f"{count} little {animal}s went over the hill, over the hill, over the hill, {count.lower()} little {animal}s went over the hill, and they are marching still. Hey ho, hey ho, over the hill we go!")
    log.do("save_text", {"name": "rhyme.txt", "verses": 5}, "saved")
    return log.draft("five-verses-one-refrain", "Verses that repeat their refrain are what was asked for; after Toloka/tolokaforge#1141.")


def _nothing_was_recorded() -> Draft:
    log = Log(at=0.0).user("Walk through the package and tell me what it does.")
    for number in range(14):
        log.do("read_file", None, None, 0.5 + number % 3 * 0.2)
        if number % 5 == 4:
            log.say(f"{number + 1} of 14 files are read; so far: {['parsing', 'storage', ''][number // 5]}".rstrip(": ") + ".")
    log.say("It parses bank statements, stores them and draws a chart of each month.")
    return log.draft("names-without-arguments", "Fourteen calls of one tool of which nothing but the name was recorded; after RooCodeInc/Roo-Code#9377.")
