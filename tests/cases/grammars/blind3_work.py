"""Ordinary work of coding agents, for before a loop begins and for long runs in which none does."""

# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.cases.grammars.blind3_parts import Log


@dataclass(frozen=True, slots=True)
class Tools:
    """How one agent calls its tools: names, and the names of their arguments."""

    run: str
    read: str
    edit: str
    find: str
    path: str
    old: str
    new: str


CLAUDE = Tools("Bash", "Read", "Edit", "Grep", "file_path", "old_string", "new_string")
GEMINI = Tools("run_shell_command", "read_file", "replace", "search_file_content", "absolute_path", "old_string", "new_string")
CLINE = Tools("execute_command", "read_file", "replace_in_file", "search_files", "path", "search", "replace")
KIMI = Tools("Shell", "ReadFile", "StrReplaceFile", "Grep", "path", "old", "new")
PLAIN = Tools("bash", "read_file", "edit_file", "grep", "path", "find", "replace")

EPISODES: dict[str, tuple[tuple[str, ...], ...]] = {
    "flag": (
        ("find", "argparse", "tool/cli.py:4: import argparse\ntool/cli.py:31:     p = argparse.ArgumentParser()"),
        ("read", "tool/cli.py", "import argparse\n\ndef main():\n    p = argparse.ArgumentParser()\n    p.add_argument('src')\n    args = p.parse_args()\n    convert(args.src)\n"),
        ("edit", "tool/cli.py", "    p.add_argument('src')\n", "    p.add_argument('src')\n    p.add_argument('--dry-run', action='store_true')\n"),
        ("run", "python -m tool --help", "usage: tool [-h] [--dry-run] src\n"),
        ("say", "The option is there. Next I make convert() honour it."),
        ("edit", "tool/convert.py", "def convert(src):", "def convert(src, dry_run=False):"),
        ("run", "pytest -q tests/test_cli.py", "5 passed in 0.31s\n"),
    ),
    "null": (
        ("run", "tail -n 20 logs/app.log", "TypeError: Cannot read properties of null (reading 'locale')\n    at greet (web/greet.ts:9:22)\n"),
        ("read", "web/greet.ts", "export function greet(user: User | null) {\n  const l = user.locale\n  return texts[l].hello\n}\n"),
        ("edit", "web/greet.ts", "const l = user.locale", "const l = user?.locale ?? 'en'"),
        ("run", "npx vitest run greet", "✓ greet (4 tests) 12ms\n"),
        ("say", "A visitor without an account has no user; English is the fallback now."),
    ),
    "index": (
        ("run", "psql crm -c \"explain select * from mails where box_id = 7 order by at desc limit 50\"", "Seq Scan on mails  (cost=0.00..48120.33 rows=2104)\n"),
        ("run", "psql crm -c '\\d mails'", "Indexes:\n    \"mails_pkey\" PRIMARY KEY, btree (id)\n"),
        ("edit", "db/migrate/0042_mails.sql", "-- next", "create index concurrently mails_box_at on mails (box_id, at desc);\n-- next"),
        ("run", "make migrate-dev", "0042_mails.sql ... ok\n"),
        ("run", "psql crm -c \"explain select * from mails where box_id = 7 order by at desc limit 50\"", "Index Scan using mails_box_at on mails  (cost=0.43..61.20 rows=50)\n"),
        ("say", "From a scan of the table to fifty rows by the index."),
    ),
    "rename": (
        ("find", "getUsr\\b", "api/users.go:18\napi/users_test.go:9\nweb/handlers.go:44\n"),
        ("edit", "api/users.go", "func getUsr(id int64)", "func userByID(id int64)"),
        ("edit", "web/handlers.go", "u := getUsr(id)", "u := userByID(id)"),
        ("edit", "api/users_test.go", "getUsr(3)", "userByID(3)"),
        ("run", "go build ./... && go test ./api", "ok  \tcrm/api\t0.204s\n"),
    ),
    "dockerfile": (
        ("read", "Dockerfile", "FROM python:3.11\nCOPY . /app\nRUN pip install -r /app/requirements.txt\n"),
        ("edit", "Dockerfile", "COPY . /app\nRUN pip install -r /app/requirements.txt", "COPY requirements.txt /app/\nRUN pip install --no-cache-dir -r /app/requirements.txt\nCOPY . /app"),
        ("run", "docker build -q -t crm:dev .", "sha256:5f2c9e0b41aa\n"),
        ("run", "docker image ls crm:dev --format '{{.Size}}'", "412MB\n"),
        ("say", "Layers are cached now; the image lost 300 MB."),
    ),
    "flaky": (
        ("run", "pytest -q tests/test_clock.py --count 20", "2 failed, 18 passed in 6.02s\n"),
        ("read", "tests/test_clock.py", "def test_expiry():\n    t = Token(ttl=0.1)\n    time.sleep(0.1)\n    assert t.expired\n"),
        ("edit", "tests/test_clock.py", "    t = Token(ttl=0.1)\n    time.sleep(0.1)\n", "    t = Token(ttl=5, now=lambda: 0)\n    t.now = lambda: 6\n"),
        ("edit", "auth/token.py", "self.made = time.time()", "self.made = self.now()"),
        ("run", "pytest -q tests/test_clock.py --count 20", "20 passed in 0.18s\n"),
    ),
    "docs": (
        ("find", "TODO\\(docs\\)", "README.md:71: TODO(docs) say how to run the tests\n"),
        ("run", "grep -n '^test' Makefile", "14:test:\n18:test-slow:\n"),
        ("edit", "README.md", "TODO(docs) say how to run the tests", "`make test` runs the quick tests, `make test-slow` the others."),
        ("run", "npx markdownlint README.md", ""),
    ),
    "types": (
        ("run", "mypy store", "store/disk.py:40: error: Returning Any from function declared to return \"bytes\"\nstore/disk.py:61: error: Missing return statement\nFound 2 errors in 1 file\n"),
        ("read", "store/disk.py", "def load(key: str) -> bytes:\n    return json.loads(open(key).read())['blob']\n...\ndef size(key: str) -> int:\n    if key in index: return index[key]\n"),
        ("edit", "store/disk.py", "return json.loads(open(key).read())['blob']", "blob: str = json.loads(Path(key).read_text())['blob']\n    return blob.encode()"),
        ("edit", "store/disk.py", "if key in index: return index[key]", "return index.get(key, 0)"),
        ("run", "mypy store", "Success: no issues found in 9 source files\n"),
    ),
    "css": (
        ("find", "z-index: 9999", "web/modal.css:12\nweb/toast.css:5\n"),
        ("read", "web/modal.css", ".modal { position: fixed; z-index: 9999; }\n"),
        ("edit", "web/modal.css", "z-index: 9999", "z-index: var(--z-modal)"),
        ("edit", "web/toast.css", "z-index: 9999", "z-index: var(--z-toast)"),
        ("edit", "web/vars.css", ":root {", ":root {\n  --z-modal: 40;\n  --z-toast: 50;"),
        ("run", "npm run build", "✓ 84 modules transformed.\ndist/app.css 21.4 kB\n"),
    ),
    "retry": (
        ("find", "requests\\.get", "feeds/pull.py:22: r = requests.get(url)\n"),
        ("edit", "feeds/pull.py", "r = requests.get(url)", "r = session.get(url, timeout=10)"),
        ("edit", "feeds/pull.py", "import requests", "import requests\nfrom feeds.http import session"),
        ("run", "python -m feeds.pull --once", "pulled 38 feeds, 1 timed out and was put back\n"),
        ("say", "Feeds that time out come back on the next round."),
    ),
}


def work(log: Log, dice: Random, tools: Tools, episodes: int) -> Log:
    """Some small things that come first or after, each done to its end."""
    log.user(dice.choice(["First the small tickets in the backlog, please.", "Work off the open chores in between.", "Before that, the little things from the list."]))
    for name in dice.sample(sorted(EPISODES), episodes):
        for kind, *rest in EPISODES[name]:
            _do(log, tools, kind, rest)
    return log


def _do(log: Log, tools: Tools, kind: str, rest: list[str]) -> None:
    if kind == "say":
        log.say(rest[0])
    elif kind == "run":
        log.do(tools.run, {"command": rest[0]}, rest[1])
    elif kind == "read":
        log.do(tools.read, {tools.path: rest[0]}, rest[1])
    elif kind == "find":
        log.do(tools.find, {"pattern": rest[0]}, rest[1])
    else:
        log.do(tools.edit, {tools.path: rest[0], tools.old: rest[1], tools.new: rest[2]}, f"{rest[0]}: 1 replacement")
