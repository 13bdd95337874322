"""Loops as reported where nothing fails: done and done again, waiting for what does not come, sweeping."""

# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from tests.cases.grammars.blind3_parts import Log
from tests.cases.grammars.parts import Draft, drawn


def done_and_done_again() -> Iterator[Draft]:
    yield _memory_saved()
    yield _status_set()
    yield _query_answered()


def waits_for_nothing() -> Iterator[Draft]:
    yield _silent_shell()
    yield _always_running()
    yield _what_time_is_it()
    yield _question_that_cannot_be_answered()
    yield _sweep()


def _memory_saved() -> Draft:
    dice = drawn("blind3 memory saved")
    log = Log("RAG agent").user("What did the report say on turnover? By the way, I prefer short answers.")
    log.do("retrieve_context", {"query": "turnover in the report"}, "Turnover rose by 4 % to 81 million.")
    log.here()
    for _ in range(11):
        log.do("save_memory", {"memory": dice.choice(["User prefers short answers.", "The user prefers short answers."])}, f"Saved memory {dice.getrandbits(48):012x}")
    return log.draft("remembers-once-too-often", "What a person prefers is saved eleven times, each time with success, and the answer is not given; after langchain-ai/langgraph#4231.")


def _status_set() -> Draft:
    log = Log().user("Set the status of desk 4 to closed.")
    log.do("get_status", {"desk": 4}, "open")
    log.here()
    for _ in range(20):
        log.do("set_status", {"status": "closed"}, "Call set_status again")
    return log.draft("set-again", "The tool says to call it again, and it is called twenty times with the same status; after langchain-ai/langgraph#5548.")


def _query_answered() -> Draft:
    sql = "SELECT region, SUM(net) FROM sales WHERE year = 2025 GROUP BY region"
    rows = [["north", 18210.5], ["south", 20044.0], ["west", 9120.25]]
    log = Log("db assistant").user("Sales by region in 2025?")
    log.do("describe_table", {"table": "sales"}, "region text, net numeric, year int")
    log.here()
    for number in range(7):
        log.say("To answer this the following query is needed.")
        log.do("ExeSQL", {"sql": sql + (";" if number % 2 else "")}, rows)
    return log.draft("answered-and-asked", "The first query has the answer, and it is run six times more; after infiniflow/ragflow#7725.")


def _silent_shell() -> Draft:
    log = Log(at=0.0).user("start the dev server and tell me the port")
    log.do("Bash", {"command": "npm run dev", "run_in_background": True}, "Command running in background with ID: b71c0e", 0.4)
    log.here()
    for _ in range(28):
        log.do("BashOutput", {"bash_id": "b71c0e"}, "(No content)", 0.2)
    return log.draft("a-silent-shell", "The output of a shell is read twenty-eight times within half a minute, and there is none; after anthropics/claude-code#13315.")


def _always_running() -> Draft:
    dice = drawn("blind3 always running")
    log = Log(at=0.0).user("convert talk.mov to mp4")
    log.do("exec", {"command": "ffprobe talk.mov"}, {"status": "completed", "output": "Duration: 00:41:20", "durationMs": 210})
    log.here()
    for number in range(15):
        log.do("exec", {"command": "ffmpeg -y -i talk.mov talk.mp4", "timeout": 30}, {"status": "running", "sessionId": f"{dice.getrandbits(32):08x}", "pid": dice.randint(4000, 60000), "note": "Command still running"}, 30.0)
        if number % 5 == 4:
            log.say("Still converting, one moment please.")
    return log.draft("started-again-each-time", "The conversion is started anew every half minute and reported as running with another pid each time; after openclaw/openclaw#25628.")


def _what_time_is_it() -> Draft:
    dice = drawn("blind3 what time is it")
    log = Log("Hermes", at=0.0).user("Wait until 11:05 UTC, then send the reminder to the team.")
    log.do("list_channels", {}, ["team", "alerts"])
    log.here()
    second = 10 * 3600 + 51 * 60
    for _ in range(33):
        second += dice.randint(2, 4)
        log.do("get_current_datetime", {"timezone": "UTC"}, f"2026-05-01T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}+00:00", 0.3)
        log.wait(1.5)
    return log.draft("what-time-is-it", "Told to wait for a quarter of an hour it asks for the time every other second; after NorthlandPositronics/Cogtrix#474.")


def _question_that_cannot_be_answered() -> Draft:
    log = Log(at=0.0).user("Tell me when the checks of PR 90 are through.")
    log.do("bash", {"command": "git push"}, "To origin\n   a1c..f03  fix -> fix\n", 2.0)
    log.here()
    for _ in range(14):
        log.do("bash", {"command": "gh pr checks 90 --json bucket --jq '.[] | .bucket|tostring + \" \"'"}, "expected an object but got: number", 1.2)
        log.do("bash", {"command": "sleep 25"}, "", 25.0)
    return log.draft("a-malformed-question", "The question is malformed and can never be answered, and what it says is taken for not yet; after IntertechInc/claude-agent-team-feedback#99.")


def _sweep() -> Draft:
    log = Log().user("Where is session_scroll declared? Fix its docs.")
    log.do("grep", {"pattern": "session_scroll", "path": "src/deck_ui.rs"}, "src/deck_ui.rs:612: self.session_scroll += 1;")
    reason, length = "Read the session_scroll field declaration and its docs", 1180
    log.here()
    for offset in (*range(580, length, 40), *range(1, length, 40)):
        last = min(offset + 39, length)
        log.do("read_file", {"path": "src/deck_ui.rs", "offset": offset, "limit": 40, "reason": reason}, f"{offset}| fn part_{offset * 7 % 311}(&mut self) {{ ... }}\n…\n{last}| }}\n")
    return log.draft("through-the-file-and-from-its-start", "In windows of forty lines it sweeps through a file, and again from its start, with one reason for all; after macanderson/stella#4034.")
