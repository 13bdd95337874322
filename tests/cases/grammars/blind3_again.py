"""Loops as reported most often: the same call, again and again, whatever it says."""

# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from tests.cases.grammars.blind3_parts import Log
from tests.cases.grammars.blind3_work import CLAUDE, PLAIN, work
from tests.cases.grammars.parts import Draft, drawn


def the_same_call_again() -> Iterator[Draft]:
    yield _listing()
    yield _diagnosis()
    yield _empty_history()
    yield _no_reviews()
    yield _found_and_asked_again()
    yield _unchanged_file()
    yield _template_read()
    yield _no_resources()
    yield _never_executed()
    yield _echoes()


def _listing() -> Draft:
    folder = "/home/mira/.jupyter/custom/"
    log = Log().user("Give my notebooks a dark header. The css goes into ~/.jupyter/custom.")
    work(log, drawn("blind3 work listing"), PLAIN, 1)
    log.do("bash", {"command": "jupyter --config-dir"}, "/home/mira/.jupyter\n")
    log.do("read", {"path": "/home/mira/.jupyter/jupyter_notebook_config.py", "limit": 40}, "c = get_config()\n")
    plain, long = "custom.css\nlogo.svg\n", "total 8\n-rw-r--r-- 1 mira mira  212 custom.css\n-rw-r--r-- 1 mira mira 1840 logo.svg\n"
    log.here()
    for _ in range(6):
        log.do("bash", {"command": f"ls {folder}"}, plain)
    for _ in range(5):
        log.do("bash", {"command": f"ls -la {folder}"}, long)
    return log.draft("listing-before-writing", "A folder is listed six times and then five times in long form, and the file is never written; after earendil-works/pi#6158.")


def _diagnosis() -> Draft:
    dice = drawn("blind3 diagnosis")
    log = Log().user("The webhook rejects valid orders since yesterday. Find out why the schema check fails.")
    work(log, drawn("blind3 work diagnosis"), PLAIN, 1)
    log.do("read_file", {"path": "src/hooks/order.schema.json"}, '{"type":"object","required":["id","lines","currency"]}')
    log.do("grep", {"pattern": "order.schema", "path": "src"}, "src/hooks/validate.ts:14: ajv.compile(orderSchema)")
    log.do("read_file", {"path": "src/hooks/validate.ts"}, "export const check = ajv.compile(orderSchema)\n")
    command = "node -e \"const a=require('./dist/hooks/validate').check; console.log(a(require('./fixtures/order.json')), a.errors)\""
    thoughts = ["That prints true, so the fixture is fine. Let me try a different approach.",
                "The validator accepts it. I should look at this from another angle.",
                "Still true/null. Perhaps I need to check the compiled validator directly.",
                "OK so the compiled validator says true. Let me verify that differently.",
                "Hmm. A different approach is needed: run the check on the fixture."]
    log.here()
    for _ in range(19):
        log.do("bash", {"command": command}, "true null\n")
        log.say(dice.choice(thoughts))
    return log.draft("a-different-approach", "Nineteen times the same diagnosis prints the same, each followed by the resolve to try something else; after PrimeIntellect-ai/prime-agent#1326.")


def _empty_history() -> Draft:
    log = Log().user("Implement issue 318 on branch foreman/issue-318 and commit.")
    log.do("bash", {"command": "git checkout foreman/issue-318"}, "Switched to branch 'foreman/issue-318'\n")
    log.do("bash", {"command": "sed -n 1,60p internal/queue/lease.go"}, "package queue\n\ntype Lease struct { ... }\n")
    log.here()
    for _ in range(40):
        log.do("bash", {"command": 'git log foreman/issue-318 --oneline | grep -i "318" | head -10'}, "")
    return log.draft("looks-for-its-own-commit", "Forty times it looks for a commit that it never makes, and nothing comes back; after defilantech/LLMKube#569.")


def _no_reviews() -> Draft:
    log = Log(at=100.0).user("Wait for the reviews on PR 77 and address them.")
    log.do("terminal", {"command": "cd ~/svc && gh pr view 77 --json state,mergeable"}, '{"mergeable":"MERGEABLE","state":"OPEN"}', 2.1)
    log.here()
    for _ in range(44):
        log.do("terminal", {"command": "cd ~/svc && gh api repos/acme/svc/pulls/77/reviews 2>&1", "timeout": 15}, {"output": "[]", "exit_code": 0, "error": None}, 1.3)
        log.wait(3.0)
    return log.draft("no-review-comes", "Every four seconds it asks for reviews that no one has written, without ever waiting; after NousResearch/hermes-agent#79839.")


def _found_and_asked_again() -> Draft:
    url = "https://api.github.com/search/repositories?q=duckdb+extension+created:>2026-04-01&sort=stars&per_page=5"
    found = "quack-geo 412\nparquet-lens 318\nduck-sheets 207\nhive-duck 166\nducktail 120\n"
    hint = "\n<system-reminder>You made this very call before. Look at its result, or try something else.</system-reminder>"
    log = Log("scout").user("Which DuckDB extensions appeared since April? Write a short digest to digest.md.")
    log.here()
    for number in range(30):
        result = found if number < 12 else found + hint
        log.do("Shell", {"command": f"curl -s '{url}' | python3 -c \"import json,sys; [print(r['name'], r['stargazers_count']) for r in json.load(sys.stdin)['items']]\""}, result)
    return log.draft("right-the-first-time", "The first answer was complete and is asked for twenty-nine times more, reminders or not; after MoonshotAI/kimi-cli#2142.")


def _unchanged_file() -> Draft:
    log = Log().user("把 pay/refund.py 里的重复校验合并成一个函数。")
    work(log, drawn("blind3 work unchanged"), CLAUDE, 3)
    log.do("Glob", {"pattern": "pay/**/*.py"}, "pay/refund.py\npay/ledger.py\npay/models.py")
    log.do("Read", {"file_path": "pay/refund.py"}, "1  def refund(order, amount):\n2      if amount <= 0:\n3          raise ValueError('amount')\n...\n148      return entry\n")
    log.here()
    for number in range(14):
        if number % 5 == 4:
            log.say("我需要先看一下文件内容，然后再修改。")
        log.do("Read", {"file_path": "pay/refund.py"}, "Wasted call — file unchanged since your last Read. Refer to that earlier result instead.")
    return log.draft("told-it-is-unchanged", "It reads a file fourteen times though it is told each time that nothing in it changed; after MoonshotAI/kimi-cli#640.")


def _template_read() -> Draft:
    path = "C:\\work\\Kontor.WebUI\\app\\office-details.component.html"
    body = '<section class="office">\n  <h2>{{ office.name }}</h2>\n  <app-map [at]="office.at"></app-map>\n</section>\n'
    log = Log().user("The map overlaps the address on small screens, please fix the template")
    log.do("ReadFile", {"absolute_path": path}, body)
    log.do("SearchText", {"pattern": "app-map", "include": "*.scss"}, "office-details.component.scss:22: app-map { width: 480px; }")
    log.here()
    for _ in range(3):
        log.do("ReadFile", {"absolute_path": path}, body)
    log.user("try again, and stop reading that same template all the time")
    for _ in range(5):
        log.do("ReadFile", {"absolute_path": path}, body)
    return log.draft("told-not-to", "A template is read eight times, five of them after a person forbade it; after google-gemini/gemini-cli#8259.")


def _no_resources() -> Draft:
    log = Log("canvas").user("Add a step that posts to our Slack channel #releases when the deploy is green.")
    log.do("list_components", {}, ["http.request", "slack.post", "wait", "approval"])
    log.here()
    variants: list[object] = [{"integration": "slack", "type": "channel"}, {"integration": "slack", "type": "channel"}, {"integration": "slack", "type": "channels"}]
    for number in range(18):
        log.do("list_integration_resources", variants[number % 3], [])
        if number in (5, 11):
            log.do("describe_trigger", {"name": "deploy.finished"}, {"fields": ["status", "ref"]})
    return log.draft("an-empty-list", "The list of channels is empty, and it is asked for over and over in two spellings; after superplanehq/superplane#4123.")


def _never_executed() -> Draft:
    body = {"endpoint": "/v2/recipes/lookup", "fields": ["title", "kcal", "steps"], "method": "GET"}
    log = Log("Code Expert").user("Fetch title, calories and steps from the recipes API.")
    log.do("Extract API data", {"section": "recipes"}, "GET /v2/recipes/lookup?fields=...")
    log.here()
    for _ in range(12):
        log.say("I now know which call to make. I will use Make API Call with the endpoint and the three fields.")
        log.do("Make API Call", body, "Error: the request was not sent (no response within 30 s)", 30.0)
    return log.draft("the-call-that-is-not-sent", "It says that it knows which call to make and makes it in vain twelve times; after crewAIInc/crewAI#737.")


def _echoes() -> Draft:
    dice = drawn("blind3 echoes")
    log = Log("plan").user("先做计划：把日志从 MySQL 迁到 ClickHouse。")
    for path in ("svc/log_store.py", "svc/models.py", "deploy/mysql.yaml"):
        log.do("ReadFile", {"path": path}, f"# {path}\n... {dice.randint(60, 300)} lines")
    log.say("探索已经完成，现在写计划。")
    log.here()
    for number in range(20):
        if number % 4 == 3:
            log.do("ReadFile", {"path": "svc/log_store.py"}, "# svc/log_store.py\n... 164 lines")
        else:
            word = dice.choice(["ok", "plan", "ready", "x", "go"])
            log.do("Bash", {"command": f"echo {word}"}, f"{word}\n")
        if number == 9:
            log.user("不要循环，直接写计划文件！")
            log.say("抱歉，我不会再循环了。现在写计划。")
    return log.draft("echo-instead-of-a-plan", "Instead of writing the plan it prints single words and reads one file, also after a person's protest; after MoonshotAI/kimi-cli#2623.")
