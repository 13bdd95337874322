"""Loops as reported after compactions, between agents and in words alone."""

# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from tests.cases.grammars.blind3_parts import Log
from tests.cases.grammars.blind3_work import CLAUDE, work
from tests.cases.grammars.parts import Draft, drawn


def planned_and_read_anew() -> Iterator[Draft]:
    yield _plan_compact_plan()
    yield _reads_the_house_again()
    yield _finished_wave_reopened()
    yield _forgets_what_it_read()


def given_back_and_forth() -> Iterator[Draft]:
    yield _supervisor_asks_again()
    yield _two_desks()
    yield _asked_in_other_words()


def words_and_thanks() -> Iterator[Draft]:
    yield _thank_you()
    yield _blank()
    yield _awaits_a_choice()
    yield _holds_the_line()


def _plan_compact_plan() -> Draft:
    dice = drawn("blind3 plan compact plan")
    summary = "Summary of the conversation so far: goal is to move auth to tokens. A plan exists: 1 add table, 2 add middleware, 3 switch clients, 4 remove sessions. No file was changed yet."
    openings = ["Let me first review the plan and refine it.", "We have a plan in four parts. Before executing I will validate it.", "I will restate the plan to make sure that it is complete."]
    log = Log().user("Move our auth from sessions to tokens.")
    work(log, drawn("blind3 work plan"), CLAUDE, 2)
    log.do("view", {"path": "server/auth.rb"}, "class Auth; ...; end")
    log.say("Plan: 1 add table, 2 add middleware, 3 switch clients, 4 remove sessions.")
    log.here()
    for _ in range(9):
        log.user(summary)
        log.say(f"{dice.choice(openings)} Plan: 1. add the token table; 2. add the middleware; 3. switch the clients; 4. remove the sessions. Each part will be tested.")
        log.do("update_plan", {"steps": ["add the token table", "add the middleware", "switch the clients", "remove the sessions"]}, "Plan updated")
    return log.draft("plan-compact-plan", "After every compaction the same plan is made again, and no file is touched; after github/copilot-cli#3157.")


def _reads_the_house_again() -> Draft:
    dice = drawn("blind3 reads the house again")
    files = ["README.md", "docs/roadmap.md", "core/engine.ts", "core/scene.ts", "core/assets.ts", "net/sync.ts"]
    log = Log().user("Implement replay recording as sketched in docs/roadmap.md.")
    for path in files:
        log.do("shell", {"command": f"cat {path}"}, f"# {path}\n" + "…" * dice.randint(20, 60))
    log.here()
    for number in range(6):
        log.user("Context was compacted. Summary: the task is replay recording; the roadmap was read, the engine was explored.")
        log.say("I've got the high level roadmap. I'll explore the engine files to see where recording fits.")
        order = files[1:] if number % 2 else files
        for path in order[: 5 + number % 2]:
            log.do("shell", {"command": f"cat {path}"}, f"# {path}\n" + "…" * 40)
    return log.draft("reads-until-it-forgets", "It reads the code base until the context is full, forgets it and reads it again, six times; after openai/codex#13279.")


def _finished_wave_reopened() -> Draft:
    log = Log().user("Work through waves W1 to W6. W1 to W5 are done and approved.")
    log.do("read_checkpoint", {"name": "latest"}, {"wave": "W4", "state": "pending", "note": "needs approval"})
    log.here()
    for number in range(4):
        log.say("W4 is pending. I will verify its migration and request approval.")
        log.do("run", {"command": "make verify-w4"}, "w4: 212 tables verified, 0 differences")
        log.do("request_approval", {"wave": "W4", "summary": "212 tables verified"}, "W4 was approved on Monday")
        log.user("W4 is long approved, please go on with W6." if number < 3 else "Stop.")
        if number < 3:
            log.do("read_checkpoint", {"name": "latest"}, {"wave": "W4", "state": "pending", "note": "needs approval"})
    return log.draft("a-wave-reopened", "From a stale checkpoint it reopens the same finished wave four times and asks for a given approval; after openai/codex#38931.")


def _forgets_what_it_read() -> Draft:
    dice = drawn("blind3 forgets what it read")
    paths = ["mail/parse.py", "mail/send.py", "mail/queue.py"]
    todo = {"items": [{"id": 1, "text": "read the mail package", "status": "completed"}, {"id": 2, "text": "write retry notes", "status": "pending"}]}
    log = Log("hermes").user("Write notes on how retries work in the mail package to notes/retries.md.")
    for path in paths:
        log.do("read_file", {"path": path, "offset": 1, "limit": 500}, f"1| # {path}\n2| import asyncio\n…")
    log.here()
    for _ in range(7):
        log.do("todo", todo, {"ok": True, "total": 2})
        for path in dice.sample(paths, 3):
            log.do("read_file", {"path": path, "offset": 1, "limit": 500}, f"1| # {path}\n2| import asyncio\n…")
        if dice.random() < 0.5:
            log.do("search_files", {"pattern": "retry", "path": "mail"}, {"matches": 9, "files": paths})
    return log.draft("three-files-in-any-order", "After compression three files are read in changing order and the notes are not written; after NousResearch/hermes-agent#705.")


def _supervisor_asks_again() -> Draft:
    dice = drawn("blind3 supervisor")
    answer = "Berlin has 3.9 million inhabitants (2024)."
    log = Log("supervisor").user("How many inhabitants does Berlin have, and what is a tenth of that?")
    log.here()
    for _ in range(10):
        log.do("transfer_to_research_expert", {}, "Successfully transferred to research_expert")
        log.do("web_search", {"query": "inhabitants of Berlin 2024"}, answer, agent="research_expert")
        log.say(dice.choice([answer, f"According to my search, {answer}", f"Result: {answer}"]), agent="research_expert")
        log.do("transfer_back_to_supervisor", {}, "Successfully transferred back to supervisor", agent="research_expert")
    return log.draft("the-supervisor-asks-again", "The expert comes back with the answer, and the supervisor sends it out again, ten times; after langchain-ai/langgraph-supervisor-py#208.")


def _two_desks() -> Draft:
    dice = drawn("blind3 two desks")
    log = Log().user("I want to change the flight of my booking and keep the hotel.")
    log.say("Let me get you to the right colleague.", agent="flights")
    log.here()
    for _ in range(12):
        log.do("transfer_to_hotels", {"reason": dice.choice(["booking contains a hotel", "hotel part first"])}, "Transferred to hotels", agent="flights")
        log.do("transfer_to_flights", {"reason": dice.choice(["flight change requested", "change concerns the flight"])}, "Transferred to flights", agent="hotels")
    return log.draft("two-desks", "Two desks hand one customer to and fro and neither does anything; after langchain-ai/langgraph-swarm-py#6.")


def _asked_in_other_words() -> Draft:
    tasks = ["Take over the open bug backlog and delegate it, four agents at most.", "Please manage the backlog of open bugs by delegating to up to four agents.", "You are to own the open-bug backlog: split it and delegate (cap: 4 agents).",
             "Coordinate the remaining open bugs; delegate them within a cap of four.", "Your assignment: drive the whole open bug backlog with at most four agents.", "Own and delegate every open bug, never more than four agents at once."]
    refusal = "My work (PR 512) is merged. Managing the backlog is outside of what I was started for, so I stop here."
    log = Log("main").user("Finish the release: PR 512 first.")
    log.do("Agent", {"name": "worker-512", "prompt": "Get PR 512 merged."}, "PR 512 is merged.")
    log.here()
    for task in tasks:
        log.do("SendMessage", {"to": "worker-512", "message": task}, refusal)
        log.do("list_agents", {}, [{"name": "worker-512", "state": "completed"}])
    return log.draft("asked-in-other-words", "A finished worker is given what it refuses in ever new words, six times; after ShaftHQ/SHAFT_ENGINE#4083.")


def _thank_you() -> Draft:
    dice = drawn("blind3 thank you")
    log = Log("assistant").user("Write a Python script that prints the next ten leap years.")
    log.do("execute_code", {"code": "import calendar\nprint([y for y in range(2026, 2080) if calendar.isleap(y)][:10])"}, "[2028, 2032, 2036, 2040, 2044, 2048, 2052, 2056, 2060, 2064]", agent="user_proxy")
    log.say("The script works and prints the ten years. TERMINATE if satisfied.")
    log.here()
    for _ in range(8):
        log.say(dice.choice(["Thank you for your help!", "Thank you so much!", "Thanks, have a great day!"]), agent="user_proxy")
        log.say(dice.choice(["You're welcome! Have a great day!", "You're welcome! If you have any more questions, feel free to ask.", "Glad I could help! Thank you and goodbye!"]))
    return log.draft("thank-you-thank-you", "The work is done after two steps, and they thank each other until the limit; after microsoft/autogen#254.")


def _blank() -> Draft:
    log = Log("chat_manager").user("Draft an article on urban beekeeping and let the editor approve it.")
    log.say("Here is a first draft: Bees in the city find more variety than in many fields ...", agent="writer")
    log.say("The draft reads well; please add one source.", agent="editor")
    log.here()
    for _ in range(12):
        log.say("", agent="admin")
        log.say("", agent="chat_manager")
    return log.draft("blank-messages", "The admin sends nothing, the manager passes nothing on, twelve times; after microsoft/autogen#108.")


def _awaits_a_choice() -> Draft:
    dice = drawn("blind3 awaits a choice")
    log = Log().user("Goal: the catalogue is live on prod.")
    log.do("Bash", {"command": "make verify-staging"}, "staging ok: 1204 products")
    log.fail("Bash", {"command": "make publish-prod"}, "Blocked: writing to prod needs a permission rule or a person.")
    log.say("Two ways: (A) you run the command, (B) you add a permission rule and reply \"prod\". Which do you want?")
    log.here()
    for _ in range(14):
        log.user("Goal not yet met, continue.")
        log.say("Awaiting your choice (A or B). Nothing actionable on my end" + dice.choice([".", " until then."]))
    return log.draft("awaiting-your-choice", "A hook says go on, the agent says that it waits for a person, fourteen times; after anthropics/claude-code#64447.")


def _holds_the_line() -> Draft:
    dice = drawn("blind3 holds the line")
    log = Log("MainAgent").user("Improve the score of the submission.")
    log.do("train", {"config": "lgbm-7"}, {"cv": 0.8123})
    log.do("package", {"out": "submission.zip"}, "submission.zip written, score 4316.8")
    log.do("add_idea", {"id": 13, "text": "Victory and summary: the score went up, the submission is packaged."}, "idea 13 added")
    log.here()
    for number in range(18):
        log.do("analyze", {"question": dice.choice(["Is everything done?", "Is the submission complete?", "Confirm that nothing is left to do."])}, "The submission is complete. Nothing is left to do.")
        if number % 6 == 4:
            log.say("I continue to hold the line. The work is complete.")
    return log.draft("nothing-left-to-do", "All is done, and since every step has to be a call it asks eighteen times whether all is done; after bogoconic1/Qgentic-AI#257.")
