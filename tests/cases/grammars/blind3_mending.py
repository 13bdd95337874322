"""Healthy mending that detectors were reported to stop: it fails, something is changed, it fails less."""

# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from tests.cases.grammars.blind3_parts import Log
from tests.cases.grammars.blind3_work import CLAUDE, GEMINI, PLAIN, work
from tests.cases.grammars.parts import Draft, drawn


def mended_and_tried_again() -> Iterator[Draft]:
    yield _precondition()
    yield _red_to_green()
    yield _test_first()
    yield _end_to_end()
    yield _shell_mends()
    yield _other_way_after_three()
    yield _reads_and_fits()
    yield _halves_the_history()
    yield _one_file_at_length()
    yield _typo_in_the_call()


def _precondition() -> Draft:
    log = Log().user("Deploy the docs site.")
    work(log, drawn("blind3 work deploy"), PLAIN, 3)
    log.fail("deploy", {"site": "docs", "env": "prod"}, "not logged in: run login first")
    log.do("login", {"profile": "ci"}, "logged in as ci")
    log.fail("deploy", {"site": "docs", "env": "prod"}, "build missing: dist/ is empty")
    log.do("bash", {"command": "npm run docs:build"}, "wrote dist/ (148 files)")
    log.fail("deploy", {"site": "docs", "env": "prod"}, "quota: 1 preview must be removed first")
    log.do("remove_preview", {"site": "docs", "id": "pr-31"}, "removed")
    log.do("deploy", {"site": "docs", "env": "prod"}, "live at https://docs.example (v88)")
    return log.draft("what-was-missing", "The same deployment four times, and each time what it had lacked was mended; after nibor1896/Crow#93.")


def _red_to_green() -> Draft:
    dice = drawn("blind3 red to green")
    failing = ["test_zero", "test_negative", "test_unicode", "test_nested", "test_empty", "test_huge"]
    log = Log().user("The template engine has six red tests, make them green.")
    log.do("Read", {"file_path": "tpl/render.py"}, "def render(node, env): ...")
    while failing:
        log.do("Bash", {"command": "pytest -q tests/test_render.py"}, "".join(f"FAILED tests/test_render.py::{name}\n" for name in failing) + f"{len(failing)} failed, {31 - len(failing)} passed in {dice.uniform(0.6, 1.4):.2f}s\n")
        name = failing.pop(0)
        log.do("Edit", {"file_path": "tpl/render.py", "old_string": f"# {name}", "new_string": f"if case is {name[5:].upper()}: return escape(value)"}, "The file tpl/render.py has been updated.")
    log.do("Bash", {"command": "pytest -q tests/test_render.py"}, "31 passed in 0.71s\n")
    work(log, drawn("blind3 work render"), CLAUDE, 4)
    return log.draft("six-reds", "The same tests run after each edit, with one failure fewer every time; after traceroost/core#215.")


def _test_first() -> Draft:
    log = Log().user("Build a roman numeral converter test first.")
    for number, (value, roman) in enumerate(((1, "I"), (4, "IV"), (9, "IX"), (40, "XL"), (90, "XC"), (400, "CD"))):
        log.do("Write", {"file_path": "roman.test.js", "append": f"test('{value}', () => expect(roman({value})).toBe('{roman}'))"}, "ok")
        log.fail("Bash", {"command": "npm test"}, f"✕ {value}\n  Expected: \"{roman}\"\n  Received: \"{'' if number == 0 else 'I' * min(value, 9)}\"\nTests: 1 failed, {number} passed")
        log.do("Edit", {"file_path": "roman.js", "add": f"[{value}, '{roman}']"}, "ok")
        log.do("Bash", {"command": "npm test"}, f"Tests: {number + 1} passed")
    return log.draft("a-test-then-the-code", "Red and green in turn for six numerals, each with a test of its own; after bdfinst/agentic-dev-team#747.")


def _end_to_end() -> Draft:
    dice = drawn("blind3 end to end")
    stages = ["waiting for selector '#login'", "expected 'Cart (1)', saw 'Cart (0)'", "timeout: /api/coupon never answered", "coupon field is disabled", "total is 19.90, expected 17.91", "receipt mail not found", "receipt lacks the VAT line"]
    log = Log("executor").user("Step 4 of 6: make the checkout E2E pass.")
    for number, stage in enumerate(stages):
        log.fail("bash", {"command": "npx playwright test checkout --reporter=line"}, f"1 failed at step {number + 3} of 14: {stage} ({dice.randint(11, 48)}s)")
        log.do("read", {"path": f"web/{['login', 'cart', 'coupon', 'form', 'price', 'mail', 'vat'][number]}.ts"}, "export ...")
        log.do("edit", {"path": f"web/{['login', 'cart', 'coupon', 'form', 'price', 'mail', 'vat'][number]}.ts", "change": stage}, "edited")
    log.do("bash", {"command": "npx playwright test checkout --reporter=line"}, "1 passed (52s)")
    return log.draft("farther-into-the-checkout", "One end to end test for a long time in one step, failing ever farther on, and passing at last; after Runfusion/Fusion#2404.")


def _shell_mends() -> Draft:
    log = Log().user("make the import script run on the new server")
    problems = [("ModuleNotFoundError: No module named 'psycopg'", "pip install psycopg[binary]", "Successfully installed psycopg-3.2.3"), ("KeyError: 'DB_URL'", "echo 'export DB_URL=postgres://imp@db/crm' >> .env && . ./.env", ""),
                ("psycopg.OperationalError: role \"imp\" does not exist", "sudo -u postgres createuser imp", ""), ("permission denied for table customers", "sudo -u postgres psql crm -c 'GRANT INSERT ON customers TO imp'", "GRANT"),
                ("FileNotFoundError: data/customers.csv", "env CI=1 sed -i 's#data/#/srv/data/#' import.py", "")]
    for error, mend, said in problems:
        log.fail("shell", {"command": "python import.py"}, f"Traceback (most recent call last):\n  …\n{error}")
        log.do("shell", {"command": mend}, said)
    log.do("shell", {"command": "python import.py"}, "imported 8,214 customers")
    work(log, drawn("blind3 work import"), PLAIN, 3)
    return log.draft("one-obstacle-after-another", "One script fails five times for five reasons, each removed in the shell; after nexu-io/open-design#3375.")


def _other_way_after_three() -> Draft:
    log = Log("CodeActAgent").user("Add a total() to basket.py.")
    work(log, drawn("blind3 work another way"), PLAIN, 3)
    for line in (49, 49, 51):
        log.fail("edit_file_by_replace", {"file_name": "basket.py", "to_replace": "class Basket:", "new_content": f"class Basket:\n    def total(self):\n        return sum(\n# cut at {line}"}, f"Cell In[1], line {line}\n    new_content=\"\"\"class Basket:\n                ^\nSyntaxError: incomplete input")
    log.say("The edit is cut off each time. I write it with a here-document instead.")
    log.do("run", {"command": "cat >> basket.py <<'X'\n\ndef total(basket):\n    return sum(line.price for line in basket)\nX"}, "")
    log.do("run", {"command": "python -c 'import basket; print(basket.total([]))'"}, "0\n")
    log.do("run", {"command": "pytest -q tests/test_basket.py"}, "7 passed\n")
    return log.draft("another-way-after-three", "Three syntax errors alike, then it takes another way and is done; after OpenHands/OpenHands#3663.")


def _reads_and_fits() -> Draft:
    log = Log().user("Use the new palette in rendering.rs.")
    work(log, drawn("blind3 work palette"), GEMINI, 4)
    log.fail("edit", {"file_path": "src/rendering.rs", "old_string": "Color::Blue", "new_string": "palette.accent"}, "Failed to edit, expected 1 occurrence but found 6.")
    log.fail("edit", {"file_path": "src/rendering.rs", "old_string": "let title = Style::new().fg(Color::Blue)", "new_string": "let title = Style::new().fg(palette.accent)"}, "Failed to edit, 0 occurrences found for old_string in src/rendering.rs.")
    log.do("read_file", {"path": "src/rendering.rs", "offset": 20, "limit": 30}, "24    let title = Style::default().fg(Color::Blue);\n31    let rule = Style::default().fg(Color::Blue);\n")
    for name in ("title", "rule", "border", "hint", "link", "mark"):
        log.do("edit", {"file_path": "src/rendering.rs", "old_string": f"let {name} = Style::default().fg(Color::Blue);", "new_string": f"let {name} = Style::default().fg(palette.accent);"}, f"Edited src/rendering.rs: {name}")
    log.do("bash", {"command": "cargo check"}, "Finished dev [unoptimized] in 2.1s")
    return log.draft("reads-and-then-fits", "Two edits miss, it reads the lines, and six edits fit; after vinhnx/VTCode#493.")


def _halves_the_history() -> Draft:
    dice = drawn("blind3 halves the history")
    log = Log().user("Since some commit in the last 120 the importer is slow. Find it.")
    log.do("Bash", {"command": "git bisect start HEAD HEAD~120"}, "Bisecting: 59 revisions left to test after this (roughly 6 steps)\n")
    for left, verdict in ((59, "bad"), (29, "good"), (14, "good"), (7, "bad"), (3, "good"), (1, "bad")):
        seconds = dice.uniform(7.5, 9.0) if verdict == "bad" else dice.uniform(1.1, 1.6)
        log.do("Bash", {"command": "make bench-import"}, f"import of 10000 rows: {seconds:.1f} s\n")
        log.do("Bash", {"command": f"git bisect {verdict}"}, f"Bisecting: {left // 2} revisions left to test after this\n[{dice.getrandbits(40):010x}] {dice.choice(['Tidy the reader', 'Read rows lazily', 'Bump csv'])}\n")
    log.do("Bash", {"command": "git bisect log | tail -1"}, "# first bad commit: [9f31c20aa4] Validate each row twice\n")
    work(log, drawn("blind3 work bisect"), CLAUDE, 3)
    return log.draft("history-halved", "The same measure at ever fewer commits until one is left; after bdfinst/agentic-dev-team#708.")


def _one_file_at_length() -> Draft:
    log = Log().user("Turn config.py from a dict into dataclasses, section by section, reading the result each time.")
    sections = ["server", "database", "cache", "mail", "limits", "paths", "logging", "features"]
    for number, section in enumerate(sections):
        log.do("Edit", {"file_path": "config.py", "old_string": f"'{section}': {{", "new_string": f"class {section.title()}(Section):"}, "updated")
        log.do("Read", {"file_path": "config.py"}, "\n".join([f"class {one.title()}(Section): ..." for one in sections[: number + 1]] + [f"'{one}': {{...}}" for one in sections[number + 1 :]]))
    work(log, drawn("blind3 work config"), CLAUDE, 4)
    log.do("Bash", {"command": "mypy config.py && pytest -q tests/test_config.py"}, "Success: no issues found\n22 passed\n")
    return log.draft("edit-and-read-one-file", "Edit and read of one file in turn, eight sections long; after grandamenium/cortextos#390.")


def _typo_in_the_call() -> Draft:
    log = Log().user("Which of our hosts run out of certificates this month?")
    log.fail("list_hosts", {}, "Invalid tool parameters: 'group' is required")
    log.do("list_hosts", {"group": "web"}, ["w1", "w2", "w3"])
    log.fail("certificate", {"hosts": ["w1", "w2", "w3"]}, "Invalid tool parameters: unknown parameter 'hosts', did you mean 'host'?")
    for host, days in (("w1", 44), ("w2", 12), ("w3", 81)):
        log.do("certificate", {"host": host}, {"host": host, "days_left": days})
    log.fail("create_ticket", {"text": "Renew w2"}, "Invalid tool parameters: 'title' is required")
    log.do("create_ticket", {"title": "Renew the certificate of w2", "text": "12 days left"}, "OPS-3318")
    return log.draft("a-parameter-short", "Three calls lack a parameter, and each is right the second time; after musistudio/claude-code-router#314.")
