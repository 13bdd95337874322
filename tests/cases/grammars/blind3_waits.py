"""Healthy waiting that detectors were reported to stop: the question is the same, the answer moves."""

# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from tests.cases.grammars.blind3_parts import Log
from tests.cases.grammars.parts import Draft, drawn


def same_question_new_answer() -> Iterator[Draft]:
    yield _restore_runs()
    yield _build_grows()
    yield _team_board()
    yield _compile_in_a_terminal()
    yield _index_fills()
    yield _limited_then_let_in()
    yield _ever_longer_waits()
    yield _roll_out()


def every_so_often() -> Iterator[Draft]:
    yield _heartbeats()
    yield _an_extractor_each_time()


def _restore_runs() -> Draft:
    dice = drawn("blind3 restore runs")
    log = Log(at=0.0).user("Restore last night's backup into staging and tell me when it is done.")
    log.do("StartRestore", {"backup": "2026-05-12", "target": "staging"}, {"job": "r-81"})
    percent = 0
    while percent < 100:
        percent = min(100, percent + dice.randint(5, 13))
        log.wait(20.0)
        log.do("CheckStatus", {"job": "r-81"}, {"state": "running" if percent < 100 else "done", "percent": percent})
    log.say("The restore is complete.")
    return log.draft("percent-by-percent", "One question about one job until a hundred percent are reached; after StartupHakk/OpenMonoAgent.ai#47.")


def _build_grows() -> Draft:
    dice = drawn("blind3 build grows")
    log = Log(at=0.0).user("build the release image and run the smoke test")
    log.do("start_process", {"command": "make image"}, {"handle": "p1"})
    crates = ["libc", "serde", "tokio", "hyper", "rustls", "tower", "axum", "sqlx", "deck-core", "deck-tui"]
    for crate in crates:
        log.do("read_output", {"handle": "p1"}, f"   Compiling {crate} v{dice.randint(0, 4)}.{dice.randint(0, 30)}.{dice.randint(0, 9)}\n")
        log.do("bash", {"command": "sleep 5"}, "", 5.0)
    log.do("read_output", {"handle": "p1"}, "Successfully tagged deck:rc\nexited (code 0)\n")
    log.do("bash", {"command": "docker run --rm deck:rc smoke"}, "smoke ok\n")
    return log.draft("read-sleep-read", "Reading and sleeping in turn, and every reading has a new line until the build ends; after macanderson/stella#359.")


def _team_board() -> Draft:
    states = [("in_progress", "in_progress", "pending"), ("in_progress", "in_progress", "pending"), ("done", "in_progress", "pending"), ("done", "in_progress", "in_progress"), ("done", "in_progress", "in_progress"),
              ("done", "done", "in_progress"), ("done", "done", "in_progress"), ("done", "done", "done")]
    log = Log("lead", at=0.0).user("Let the three teammates finish their parts, then merge.")
    for state in states:
        log.do("task_list", {}, [{"id": number + 1, "title": title, "status": one} for number, (title, one) in enumerate(zip(("schema", "importer", "views"), state, strict=True))])
        log.wait(45.0)
    log.do("bash", {"command": "git merge --no-ff schema importer views"}, "Merge made by the 'octopus' strategy.\n")
    return log.draft("a-board-of-three", "The board of a team is read eight times, and now and then a task has moved on; after QwenLM/qwen-code#9492.")


def _compile_in_a_terminal() -> Draft:
    log = Log("codex", at=0.0).user("run the full simulation and report the drift")
    log.do("exec_command", {"cmd": "./simulate --years 40", "yield_time_ms": 10000}, "Process running with session ID 41\nyear 1 drift 0.002\n", 10.0)
    outputs = ["", "year 6 drift 0.009\n", "", "", "year 15 drift 0.021\n", "year 22 drift 0.030\n", "", "year 33 drift 0.044\n", "year 40 drift 0.052\nProcess exited with code 0\n"]
    for output in outputs:
        log.do("write_stdin", {"session_id": 41, "chars": "", "yield_time_ms": 30000}, f"Session 41\n{output}", 30.0)
    log.say("The drift after forty years is 0.052.")
    return log.draft("empty-input-to-a-terminal", "Nothing is typed nine times to see what a long run prints, some looks see nothing new, and it ends; after weave-os/router#1123.")


def _index_fills() -> Draft:
    dice = drawn("blind3 index fills")
    log = Log("bot", at=0.0).user("Reindex the wiki, then look up 'travel costs'.")
    log.do("start_reindex", {"space": "wiki"}, "accepted")
    done = 0
    while done < 5200:
        done = min(5200, done + dice.randint(310, 720))
        log.do("index_status", {"space": "wiki"}, f"{done} of 5200 pages indexed")
        log.wait(15.0)
    log.do("search_wiki", {"query": "travel costs"}, ["Travel: what is refunded", "Per diem 2026"])
    return log.draft("pages-indexed", "The status of one index, the count of its pages rising to the last; after fastclaw-ai/fastclaw#80.")


def _limited_then_let_in() -> Draft:
    log = Log("worker", at=0.0).user("Load the exchange rates for March into rates.json.")
    for seconds in (2, 4, 8, 16):
        log.fail("http_get", {"url": "https://rates.example/2026-03"}, f"HTTP 429 Too Many Requests, Retry-After: {seconds}")
        log.wait(float(seconds))
    log.do("http_get", {"url": "https://rates.example/2026-03"}, {"days": 31, "base": "EUR"})
    log.do("write_file", {"path": "rates.json"}, "written, 31 days")
    return log.draft("retry-after-obeyed", "Refused four times for being too fast, it waits as long as it is told, and is let in; after Intrect-io/OpenSwarm#262.")


def _ever_longer_waits() -> Draft:
    log = Log(at=0.0).user("Request the certificate for shop.example and install it once it is issued.")
    log.do("request_certificate", {"domain": "shop.example"}, {"order": "o-5512", "status": "pending"})
    for number, seconds in enumerate((5, 10, 30, 60, 60, 60)):
        log.wait(float(seconds))
        log.do("order_status", {"order": "o-5512"}, {"status": ["pending", "pending", "processing", "processing", "processing", "valid"][number], "checked": ["dns 0/2", "dns 1/2", "dns 2/2", "dns 2/2", "signing", "issued"][number]})
    log.do("install_certificate", {"order": "o-5512"}, "installed, valid until 2026-08-11")
    return log.draft("ever-longer-waits", "An order is asked after at ever longer intervals until it is valid; after openclaw/openclaw#17118.")


def _roll_out() -> Draft:
    dice = drawn("blind3 roll out")
    log = Log(at=0.0).user("Deploy api:2.4 and make sure that all pods come up.")
    log.do("execute_command", {"command": "kubectl set image deploy/api api=api:2.4"}, "deployment.apps/api image updated")
    for ready in (0, 1, 1, 2, 4, 5, 6):
        log.do("execute_command", {"command": "kubectl get pods -l app=api"}, "".join(f"api-{dice.getrandbits(20):05x}  {'1/1  Running' if number < ready else '0/1  ContainerCreating'}  0  {dice.randint(1, 90)}s\n" for number in range(6)))
        log.wait(12.0)
    log.do("execute_command", {"command": "curl -s https://api.example/version"}, "2.4\n")
    return log.draft("pods-come-up", "The pods are listed seven times while they come up one after the other; after cline/cline#12543.")


def _heartbeats() -> Draft:
    dice = drawn("blind3 heartbeats")
    log = Log("butler", at=0.0)
    for number in range(9):
        log.run(f"beat-{number}")
        log.user("Heartbeat. Work through HEARTBEAT.md, reply OK if nothing is due.")
        log.do("read_file", {"path": "HEARTBEAT.md"}, "1. free disk on nas\n2. unread mail from the landlord")
        log.do("disk_free", {"host": "nas"}, {"free_gb": 412 - 3 * number - dice.randint(0, 2)})
        log.do("unread_mail", {"from": "landlord"}, [] if number != 6 else ["Heating check on Tuesday"])
        log.say("OK" if number != 6 else "The landlord announces a heating check on Tuesday; I put it into the calendar.")
        log.wait(1800.0)
    return log.draft("every-half-hour", "A schedule asks for the same two looks every half hour, and once something is due; after finettt/DroidClaw#41.")


def _an_extractor_each_time() -> Draft:
    log = Log("builder", at=0.0)
    for state in ("Ohio", "Iowa", "Utah", "Maine", "Texas", "Idaho", "Nevada"):
        log.run(f"tick-{state}")
        log.user("Take the next open jurisdiction from TODO.md, build its extractor, run it, tick it off.")
        log.do("Shell", {"command": "grep -m1 '\\[ \\]' TODO.md"}, f"- [ ] {state}\n")
        log.do("WriteFile", {"path": f"extract/{state.lower()}.py", "content": f"class {state}(Extractor): ..."}, "File written")
        log.do("Shell", {"command": f"python -m extract {state.lower()} | tail -1"}, f"{len(state) * 137} rows, 21 facets\n")
        log.do("Shell", {"command": f"sed -i 's/\\[ \\] {state}/[x] {state}/' TODO.md"}, "")
        log.wait(600.0)
    return log.draft("one-instruction-a-week-long", "One instruction every ten minutes, and each time another jurisdiction is done; after MoonshotAI/kimi-cli#1833.")
