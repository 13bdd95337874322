"""Loops as reported of agents that search, go round in few steps, or stare at a page."""

# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from tests.cases.grammars.blind3_parts import Log
from tests.cases.grammars.blind3_work import KIMI, PLAIN, work
from tests.cases.grammars.parts import Draft, drawn


def asked_where_nothing_is() -> Iterator[Draft]:
    yield _knowledge_base()
    yield _research_goes_on()
    yield _search_is_refused()
    yield _memory_pair()


def a_few_steps_round() -> Iterator[Draft]:
    yield _next_to_nothing()
    yield _build_and_install()
    yield _two_windows()
    yield _read_edit_test()


def a_page_that_stays() -> Iterator[Draft]:
    yield _bottom_of_the_page()
    yield _element_gone()


def _knowledge_base() -> Draft:
    queries = ["parental leave policy contractors", "contractor parental leave", "parental leave for contractors", "leave policy contractors parental", "policy on parental leave for contractors",
               "contractors parental leave entitlement", "parental leave contractor policy", "are contractors entitled to parental leave", "parental leave contractors", "contractor leave parental policy document"]
    log = Log("HR helper").user("Do contractors get parental leave here?")
    log.do("search_knowledge_base", {"query": "vacation policy"}, [{"doc": "vacation.md", "text": "28 days"}])
    log.here()
    for query in (*queries, queries[0], queries[2]):
        log.do("search_knowledge_base", {"query": query}, "No documents found")
    return log.draft("nothing-on-contractors", "The knowledge base has nothing, and the question is turned twelve ways; after agno-agi/agno#1734.")


def _research_goes_on() -> Draft:
    dice = drawn("blind3 research")
    words = ["heat pump", "noise", "limits", "night", "residential", "Germany", "TA Lärm", "dB"]
    results = ["TA Lärm: 35 dB(A) at night in purely residential areas", "Heat pumps and noise: what applies at night", "35 dB(A), 40 dB(A), 45 dB(A): limits by area"]
    log = Log("researcher").user("What noise limit applies to heat pumps at night in a residential area in Germany?")
    log.say("Plan: 1. search the legal limit, 2. confirm by a second source, 3. answer.", agent="planner")
    log.here()
    for _ in range(12):
        query = " ".join(dice.sample(words, dice.randint(4, 6)))
        log.do("tavily_search", {"query": query, "max_results": 3}, [{"title": title, "score": round(dice.uniform(0.7, 0.95), 4)} for title in dice.sample(results, 3)])
        log.say(dice.choice(["The results state 35 dB(A) for purely residential areas. I should search again to be sure.", "I have gathered the limits. Further research on the noise limits is needed.", "Let me look for more information on the limits at night."]))
    return log.draft("sure-and-searching", "The answer is in the first results, and the same words are searched for in other order until the limit; after langmanus/langmanus#61.")


def _search_is_refused() -> Draft:
    dice = drawn("blind3 search refused")
    asked = ["scene heading format INT. EXT. rules", "screenplay scene heading format", "how to format scene headings in a screenplay", "INT. EXT. scene heading examples", "screenplay slug line format", "scene heading rules screenplay INT EXT"]
    log = Log("script analyst").user("Extract the scene headings of the attached script.")
    log.do("read_document", {"name": "script.pdf", "pages": "1-4"}, "FADE IN: INT. KITCHEN - NIGHT ...")
    log.here()
    for number in range(13):
        log.fail("search_google", {"query": asked[number % len(asked)]}, f"google search failed: 403 quota exceeded for key ...{dice.choice(['f3', 'a9', '1c'])} (request {dice.randint(10**6, 10**7)})")
    return log.draft("the-quota-is-gone", "Thirteen searches fail for the same want of quota, for a thing that needed no search; after camel-ai/camel#1366.")


def _memory_pair() -> Draft:
    dice = drawn("blind3 memory pair")
    log = Log("heartbeat", at=0.0)
    log.user("Heartbeat: look at HEARTBEAT.md and reply HEARTBEAT_OK if nothing is due.")
    log.do("read", {"path": "HEARTBEAT.md"}, "- water the plants on Fridays\n- nothing else")
    log.here()
    for _ in range(18):
        log.do("memory_search", {"query": "pending reminders", "maxResults": 5}, {"results": [{"path": "memory/2026-04-07.md", "from": 12, "lines": 6}], "tookMs": dice.randint(90, 240)})
        log.do("memory_get", {"path": "memory/2026-04-07.md", "from": 12, "lines": 6}, {"text": "reminder: ask Jo about the keys (done)", "path": "memory/2026-04-07.md"})
    return log.draft("searched-and-fetched", "Searched, fetched, searched, fetched: the same done reminder eighteen times in one heartbeat; after openclaw/openclaw#64500.")


def _next_to_nothing() -> Draft:
    dice = drawn("blind3 next to nothing")
    small = ["true", "echo standby", "echo .", "true", "echo x", "true", "echo end"]
    todos = ["migrate billing tests", "delete old fixtures", "update README"]
    log = Log().user("Migrate the billing tests to pytest.")
    work(log, drawn("blind3 work next to nothing"), KIMI, 3)
    log.do("Bash", {"command": "ls tests/billing"}, "test_invoice.py  test_tax.py\n")
    log.do("Read", {"path": "tests/billing/test_tax.py"}, "class TestTax(unittest.TestCase): ...")
    log.here()
    for number in range(34):
        if number % 6 == 5:
            log.do("TodoList", {"todos": [{"title": title, "status": "in_progress" if title == todos[0] else "pending"} for title in todos]}, "Todo list updated")
        else:
            command = dice.choice(small)
            log.do("Bash", {"command": command}, command[5:] + "\n" if command.startswith("echo") else "")
        if number in (12, 25):
            log.user("Please go on with the migration.")
    return log.draft("a-handful-of-no-ops", "Commands that do nothing in changing order, between them the list of tasks that does not change; after MoonshotAI/kimi-code#2622.")


def _build_and_install() -> Draft:
    dice = drawn("blind3 build and install")
    log = Log("CodeActAgent").user("Make the image gallery build again.")
    log.do("run", {"command": "ls"}, "package.json  src  vite.config.ts")
    log.here()
    for _ in range(10):
        log.say(dice.choice(["Let me try to build the application.", "Now let's build the application.", "Let me build the application again."]))
        log.do("run", {"command": "npm run build"}, f"vite v5.2.0 building for production...\nerror during build: Rollup failed to resolve import \"sharp-wasm\" from \"src/resize.ts\".\n✗ Build failed in {dice.randint(380, 990)}ms")
        log.say(dice.choice(["OK, first let's install sharp-wasm.", "First we need to install the missing package."]))
        log.do("run", {"command": "npm install sharp-wasm --no-save"}, f"up to date, audited 412 packages in {dice.randint(1, 4)}s")
    return log.draft("build-install-build", "Build, install what is installed, build, ten times and the same import is missing; after OpenHands/OpenHands#7960.")


def _two_windows() -> Draft:
    first = {"path": "stage/worker.py", "line_offset": 340, "n_lines": 60}
    second = {"path": "stage/queue.py", "line_offset": 1, "n_lines": 80}
    log = Log().user("Fix everything that the review lists in REVIEW.md.")
    work(log, drawn("blind3 work two windows"), KIMI, 2)
    log.do("Read", {"path": "REVIEW.md"}, "1. worker.py: close() is never awaited\n2. queue.py: maxsize ignored\n3. ...")
    log.do("Read", {"path": "stage/conf.py"}, "TIMEOUT = 30")
    log.here()
    for number in range(20):
        log.do("Read", first, "340  async def drain(self):\n...\n399      return n\n")
        if number % 4 == 3:
            log.say("I have read this twice already. I'm going to call Edit on worker.py now.")
        log.do("Read", second, "1  class Queue:\n...\n80      pass\n")
    return log.draft("says-edit-and-reads", "It announces an edit and reads the same two windows in turn, twenty times; after MoonshotAI/kimi-code#3214.")


def _read_edit_test() -> Draft:
    dice = drawn("blind3 read edit test")
    log = Log().user("make test_rounding pass")
    work(log, drawn("blind3 work read edit test"), PLAIN, 3)
    log.do("bash", {"command": "cargo test rounding"}, "test money::rounding ... FAILED\nassertion `left == right` failed\n  left: 1005\n right: 1004")
    log.here()
    for _ in range(8):
        log.do("read_file", {"path": "src/money.rs"}, "pub fn round(v: f64) -> i64 { (v * 100.0).round() as i64 }")
        log.fail("edit_file", {"path": "src/money.rs", "find": f"pub fn round(v: f64) -> {dice.choice(['i64', 'u64', 'Cents'])} {{\n", "replace": "pub fn round(v: Decimal) -> i64 {\n"}, "edit_file: `find` text not present in src/money.rs")
        log.do("bash", {"command": "cargo test rounding"}, f"   Finished test in 0.{dice.randint(20, 98)}s\ntest money::rounding ... FAILED\nassertion `left == right` failed\n  left: 1005\n right: 1004")
    return log.draft("read-edit-test", "Three steps round: read, an edit that misses, a test that fails alike; after macanderson/stella#359.")


def _bottom_of_the_page() -> Draft:
    log = Log("browser").user("Find the warranty period of the KX-20 on the vendor's page.")
    log.do("go_to_url", {"url": "https://vendor.example/kx-20"}, "Navigated")
    for part in ("Overview: quiet and small", "Specifications: 20 W, 1.2 kg", "Footer: imprint, contact"):
        log.do("scroll_down", {}, f"Scrolled down the page by one page. Visible: {part}")
    log.here()
    for number in range(22):
        if number % 6 == 0:
            log.say("Eval: Success. Memory: scrolled down the page. Next goal: scroll down again to see more of the page.")
        log.do("scroll_down", {}, "Scrolled down the page by one page. Visible: Footer: imprint, contact")
    return log.draft("below-the-footer", "The page ends, and it is scrolled down twenty-two times more; after browser-use/browser-use#191.")


def _element_gone() -> Draft:
    dice = drawn("blind3 element gone")
    log = Log("browser").user("Log in and download the April invoice.")
    log.do("go_to_url", {"url": "https://portal.example/login"}, "Navigated to https://portal.example/login")
    log.do("input_text", {"index": 3, "text": "<user>"}, "Input into index 3")
    log.do("input_text", {"index": 4, "text": "<password>"}, "Input into index 4")
    log.here()
    for number in range(13):
        index = 58 if number % 3 else dice.choice([57, 58, 59])
        log.fail("click_element", {"index": index}, f"Element not clickable with index {index} - most likely the page changed")
    return log.draft("not-clickable", "A button that is not clickable is clicked thirteen times, once in a while a neighbour of it; after browser-use/browser-use#554.")
