"""Loops of coding agents as reported: edits that never fit, calls without their parts."""

# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from tests.cases.grammars.blind3_parts import Log
from tests.cases.grammars.blind3_work import CLINE, GEMINI, PLAIN, work
from tests.cases.grammars.parts import Draft, drawn


def the_edit_that_never_fits() -> Iterator[Draft]:
    yield _three_places()
    yield _debug_lines()
    yield _two_definitions()
    yield _already_patched()
    yield _write_and_replace()
    yield _lint_stays()
    yield _each_undoes_the_other()


def calls_without_their_parts() -> Iterator[Draft]:
    yield _read_nothing()
    yield _nobody_to_send_to()
    yield _searches_for_nothing()
    yield _no_such_tool()


def _three_places() -> Draft:
    log = Log().user("Rename the timeout in the retry helper to attempt_timeout, only in fetch().")
    work(log, drawn("blind3 work three places"), GEMINI, 2)
    log.do("read_file", {"absolute_path": "/src/net/retry.go"}, "func fetch(...) {\n\ttimeout := 5 * time.Second\n...\nfunc push(...) {\n\ttimeout := 5 * time.Second\n")
    args = {"file_path": "/src/net/retry.go", "old_string": "\ttimeout := 5 * time.Second", "new_string": "\tattemptTimeout := 5 * time.Second"}
    log.here()
    for number in range(9):
        log.fail("replace", args, "Failed to edit, expected 1 occurrence(s) but found 3.")
        if number in (2, 5):
            log.say("The replacement failed. I will try the replacement again, making sure that it is exact.")
    return log.draft("three-places", "The text to replace stands in three places, and the edit is sent nine times unchanged; after google-gemini/gemini-cli#2137.")


def _debug_lines() -> Draft:
    dice = drawn("blind3 debug lines")
    body = "def load(path):\n    log.debug('load %s', path)\n    with open(path) as f:\n        rows = f.read().split('\\n')\n        log.debug('rows=%d', len(rows))\n    return rows\n"
    log = Log().user("do the chores in CHORES.md, then remove all debug logs from ingest/load.py")
    work(log, drawn("blind3 work debug lines"), GEMINI, 2)
    log.here()
    for _ in range(7):
        log.do("read_file", {"path": "ingest/load.py"}, body)
        indent = " " * dice.choice([2, 3, 4, 6, 8])
        log.fail("replace", {"file_path": "ingest/load.py", "old_string": f"{indent}log.debug(\"load %s\", path)\n", "new_string": "", "instruction": "drop debug line"},
                 "Failed to edit, 0 occurrences found for old_string in ingest/load.py. The exact text was not found; check whitespace and quoting.")
        log.say("You are correct. My apologies, the old text did not match exactly. I will read the file again to have the correct content, then retry.")
    return log.draft("apologises-and-retries", "Read, edit that does not match, apology: seven rounds that differ in a few blanks only; after google-gemini/gemini-cli#2475.")


def _two_definitions() -> Draft:
    dice = drawn("blind3 two definitions")
    body = "const statusColor = (s) => ...\n" * 2
    log = Log().user("Build fails: statusColor is defined twice in Documents.tsx. Remove the first one.")
    work(log, drawn("blind3 work two definitions"), GEMINI, 2)
    log.do("run_shell_command", {"command": "npm run build"}, "error TS2451: Cannot redeclare block-scoped variable 'statusColor'. Documents.tsx(14,7)")
    log.here()
    for number in range(8):
        log.do("read_file", {"path": "src/pages/Documents.tsx"}, body)
        tail = "\n".join(["  switch (s) {", "    case 'done': return 'green'", "  }"][: dice.randint(1, 3)])
        log.fail("replace", {"file_path": "src/pages/Documents.tsx", "old_string": "const statusColor = (s) => {\n" + tail, "new_string": ""}, "Failed to edit, expected 1 occurrence(s) but found 2.")
        if number == 3:
            log.user("you are stuck in a loop")
            log.say("You are absolutely right, I am stuck in a loop. I will read the file to get the exact lines of the first definition and remove only that.")
    return log.draft("always-found-twice", "It knows that it is stuck and goes on cutting a text that stands there twice; after google-gemini/gemini-cli#3926.")


def _already_patched() -> Draft:
    edit = {"file_path": "ui/Finder.tsx", "old_string": "onScroll={load}", "new_string": "onScroll={throttle(load, 120)}"}
    other = {"file_path": "ui/LogListView.tsx", "old_string": "rows.map(", "new_string": "visible(rows).map("}
    log = Log().user("Scrolling is jerky in both lists; throttle one and window the other.")
    work(log, drawn("blind3 work patched"), CLINE, 3)
    log.do("read_file", {"path": "ui/Finder.tsx"}, "<List onScroll={load} />")
    log.do("read_file", {"path": "ui/LogListView.tsx"}, "{rows.map(r => <Row {...r} />)}")
    log.do("edit", edit, "Edited ui/Finder.tsx (1 replacement)")
    log.do("edit", other, "Edited ui/LogListView.tsx (1 replacement)")
    log.say("Now I still have to throttle the scroll handler in Finder.tsx.")
    log.here()
    for number in range(10):
        log.fail("edit", edit, "Failed to edit, 0 occurrences found for old_string in ui/Finder.tsx. No edits made. Check whitespace, indentation and escaping.")
        if number % 3 == 2:
            log.say("The indentation may differ. Applying the throttle to Finder.tsx.")
    return log.draft("patched-before", "An edit that was applied is applied ten times more and cannot match; after QwenLM/qwen-code#5932.")


def _write_and_replace() -> Draft:
    dice = drawn("blind3 write and replace")
    log = Log().user("Der CSV-Export verliert Umlaute, bitte beheben (src/export.ts).")
    work(log, drawn("blind3 work export"), CLINE, 1)
    log.do("read_file", {"path": "src/export.ts"}, "export const toCsv = (rows) => Buffer.from(rows.join('\\n'), 'latin1')")
    log.do("execute_command", {"command": "npm test -- export"}, "FAIL export.test.ts\n  expected 'Müller' received 'M\\uFFFDller'\nTests: 1 failed")
    log.here()
    for _ in range(7):
        log.do("write_to_file", {"path": "src/export.ts", "content": f"// export\nexport const toCsv = (rows) => Buffer.from(rows.join('\\n'), '{dice.choice(['latin1', 'binary'])}')\n"}, "The content was successfully saved to src/export.ts.")
        log.fail("replace_in_file", {"path": "src/export.ts", "diff": "------- SEARCH\nexport function toCsv(rows) {\n=======\nexport function toCsv(rows: Row[]) {\n+++++++ REPLACE"}, "The SEARCH block does not match anything in the file.")
        log.do("execute_command", {"command": "npm test -- export"}, "FAIL export.test.ts\n  expected 'Müller' received 'M\\uFFFDller'\nTests: 1 failed")
    return log.draft("written-and-replaced", "The file is written anew, a replacement misses, the same test fails, seven times round; after cline/cline#3039.")


def _lint_stays() -> Draft:
    errors = "src/App.jsx\n  12:9  error  'theme' is assigned a value but never used  no-unused-vars\n  31:5  error  Parsing error: Unexpected token <\n"
    log = Log("aider").user("Attempt to fix lint errors? (Y)es")
    log.do("lint", {"files": ["src/App.jsx"]}, errors)
    log.here()
    for number in range(10):
        log.say(["I'll remove the unused variable and close the fragment properly.", "The fragment needs to be closed. Here is the corrected block.", "To fix the lint errors, the unused variable is removed and the fragment is closed."][number % 3])
        log.fail("apply_edit", {"path": "src/App.jsx", "search": "const theme = useTheme();\n  return (\n    <>", "replace": "return (\n    <>"}, "SearchReplaceNoExactMatch: this SEARCH block failed to exactly match lines in src/App.jsx")
        log.do("lint", {"files": ["src/App.jsx"]}, errors)
    return log.draft("the-same-two-errors", "Ten attempts change nothing in the file, and the linter says so ten times; after Aider-AI/aider#1090.")


def _each_undoes_the_other() -> Draft:
    first = {"file": "Profile.swift", "old": "struct Profile {", "new": "struct Profile {\n    var nickname: String = \"\""}
    second = {"file": "Profile.swift", "old": "func title() -> String { name }", "new": "func title() -> String { nickname.isEmpty ? name : nickname }"}
    log = Log().user("Add a nickname to Profile and let title() prefer it.")
    work(log, drawn("blind3 work undoes"), PLAIN, 2)
    log.do("open_file", {"file": "Profile.swift"}, "struct Profile {\n    var name: String\n    func title() -> String { name }\n}")
    log.here()
    for _ in range(6):
        log.do("edit_file", first, "Edited Profile.swift")
        log.do("edit_file", second, "Edited Profile.swift")
        log.do("open_file", {"file": "Profile.swift"}, "struct Profile {\n    var name: String\n    func title() -> String { nickname.isEmpty ? name : nickname }\n}")
        log.say("The property nickname is missing again. I will add it.")
    return log.draft("each-edit-undoes-the-last", "Each second edit takes the first away, which is then made again, six times; after github/CopilotForXcode#402.")


def _read_nothing() -> Draft:
    log = Log().user("把 notes 目录里的会议记录汇总成一页。")
    log.do("exec", {"command": "ls notes"}, "2026-03-02.md  2026-03-09.md  2026-03-16.md")
    log.here()
    for number in range(11):
        arguments: object = {} if number % 4 else {"path": ""}
        log.fail("read", arguments, "Validation failed for tool \"read\": path: must have required property 'path'. Received arguments: {}")
        if number == 5:
            log.say("参数似乎没有传进去，我再试一次读取文件。")
    return log.draft("read-without-a-path", "A file is to be read eleven times without saying which; after openclaw/openclaw#55005.")


def _nobody_to_send_to() -> Draft:
    log = Log("patrol").user("Send the weekly summary to the team calendar owner.")
    log.do("mcp_get_service_details", {"server": "calendar"}, {"tools": [{"name": "send_email", "required": ["to", "subject", "body"]}]})
    log.here()
    for number in range(8):
        log.fail("mcp_invoke_tool", {"server_name": "calendar", "tool_name": "send_email"}, "Required parameter 'to' was not provided")
        log.say(["The wrapper did not carry the recipient. Retrying.", "I will call it again with the recipient set.", "Perhaps the parameters get lost in the wrapper; trying once more."][number % 3])
    return log.draft("a-mail-without-a-recipient", "A mail is sent eight times without recipient, with the promise of setting one; after MarimerLLC/rockbot#421.")


def _searches_for_nothing() -> Draft:
    dice = drawn("blind3 searches for nothing")
    log = Log("assistant").user("Check whether my site's SEO plugin is active and run a health summary.")
    log.here()
    for number in range(12):
        name = "ability-search" if number % 3 else "skill-load"
        field = "query" if number % 3 else "slug"
        log.fail(name, dice.choice(["{}", '{"":""}', '{"input":{}}']), f"{field} is a required property of input.")
    return log.draft("searches-without-a-query", "Two meta tools are called in turn with empty arguments and refused each time; after Ultimate-Multisite/superdav-ai-agent#2123.")


def _no_such_tool() -> Draft:
    names = ["str_replace_editor", "file_editor", "edit_file_content", "apply_file_patch", "editor.replace", "write_file_v2", "modify_file", "text_editor"]
    log = Log().user("Bump the minimum Node version to 22 in the docs.")
    work(log, drawn("blind3 work no such tool"), PLAIN, 2)
    log.do("grep", {"pattern": "Node 20", "path": "docs"}, "docs/install.md:9: You need Node 20 or newer.")
    log.here()
    for number in range(14):
        log.fail(names[number % len(names)], {"path": "docs/install.md", "old": "Node 20", "new": "Node 22"}, f"Tool {names[number % len(names)]} not found. Available: grep, read, bash")
    return log.draft("tools-that-are-not-there", "Tool after tool is called that is not there, though those that are there are named each time; after earendil-works/pi#5247.")
