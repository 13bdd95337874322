"""Healthy work that detectors were reported to stop: many things alike, one after the other or at once."""

# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from tests.cases.grammars.blind3_parts import Log
from tests.cases.grammars.blind3_work import CLAUDE, GEMINI, KIMI, PLAIN, work
from tests.cases.grammars.parts import Draft, drawn


def many_things_alike() -> Iterator[Draft]:
    yield _moved_components()
    yield _headers()
    yield _tables()
    yield _asked_then_created()
    yield _vendor_pages()
    yield _offsets()
    yield _commits()


def many_at_once() -> Iterator[Draft]:
    yield _five_queries()
    yield _five_files()
    yield _three_files()
    yield _fan_out_twice()


def piece_by_piece() -> Iterator[Draft]:
    yield _debugger_output()
    yield _read_to_the_end()
    yield _section_by_section()
    yield _indentation()
    yield _feed()


def asked_to_repeat() -> Iterator[Draft]:
    yield _ten_times_the_time()
    yield _five_thoughts()


def _moved_components() -> Draft:
    names = ["Button", "Card", "Dialog", "Drawer", "Badge", "Tooltip", "Tabs"]
    log = Log().user("Move the shared components to src/ui and update the imports.")
    log.do("list_directory", {"path": "src/components"}, [f"{name}.tsx" for name in names])
    for number, name in enumerate(names):
        users = [f"src/pages/{page}.tsx" for page in ["Home", "Cart", "Admin", "Help"][: 1 + number % 4]]
        log.do("search_file_content", {"pattern": f"components/{name}", "path": "src"}, "\n".join(f"{path}:{3 + number}: import {name} from '../components/{name}'" for path in users))
        log.do("run_shell_command", {"command": f"git mv src/components/{name}.tsx src/ui/{name}.tsx"}, "")
        for path in users:
            log.do("replace", {"file_path": path, "old_string": f"../components/{name}", "new_string": f"../ui/{name}"}, f"Successfully modified file: {path} (1 replacements).")
    log.do("run_shell_command", {"command": "npx tsc --noEmit"}, "")
    work(log, drawn("blind3 work components"), GEMINI, 3)
    log.say("All seven components are moved, the project type-checks.")
    return log.draft("components-moved", "Seven components are searched for, moved and their imports mended one by one; after google-gemini/gemini-cli#5873.")


def _headers() -> Draft:
    log = Log().user("add our license header to every file of the parser package")
    work(log, drawn("blind3 work headers"), GEMINI, 4)
    log.do("glob", {"pattern": "parser/*.go"}, "ast.go lexer.go lexer_test.go parse.go print.go scope.go token.go visit.go")
    for number, name in enumerate(["ast", "lexer", "lexer_test", "parse", "print", "scope", "token", "visit"]):
        package = "package parser" if name != "lexer_test" else "package parser_test"
        log.do("read_file", {"path": f"parser/{name}.go", "limit": 3}, f"{package}\n\nimport {'(' if number % 2 else chr(34) + 'fmt' + chr(34)}\n")
        log.do("replace", {"file_path": f"parser/{name}.go", "old_string": package, "new_string": f"// Copyright Acme. MIT.\n\n{package}"}, f"Successfully modified parser/{name}.go (1 replacements).")
    log.do("run_shell_command", {"command": "grep -L 'Copyright Acme' parser/*.go"}, "")
    return log.draft("license-headers", "The same header is put on eight files, and a last look finds none without; after google-gemini/gemini-cli#20701.")


def _tables() -> Draft:
    dice = drawn("blind3 tables")
    log = Log().user("Analiza las ventas de cada mes de 2025 y dime cuál fue el mejor.")
    for month in range(1, 13):
        log.do("run_python", {"code": f"import pandas as pd\nd = pd.read_csv('ventas/2025-{month:02d}.csv')\nprint(len(d), d.total.sum().round(2), d.total.max())"}, f"{dice.randint(180, 900)} {dice.uniform(9e3, 6e4):.2f} {dice.uniform(300, 2400):.2f}\n")
    log.say("El mejor mes fue noviembre.")
    return log.draft("twelve-months", "One analysis for each of twelve months, each with its own figures; after google-gemini/gemini-cli#8232.")


def _asked_then_created() -> Draft:
    dice = drawn("blind3 asked then created")
    log = Log("ops").user("为下列 9 个项目各建一个存储桶，建之前先查是否已存在。")
    for project in ["atlas", "birch", "cedar", "delta", "ember", "fjord", "grove", "haven", "islet"]:
        there = project in ("cedar", "grove")
        log.do("query_bucket", {"name": f"{project}-logs"}, {"exists": there, **({"id": f"b-{dice.randint(100, 999)}"} if there else {})})
        if not there:
            log.do("create_bucket", {"name": f"{project}-logs", "region": "eu-1"}, {"created": True, "id": f"b-{dice.randint(100, 999)}"})
    log.say("新建 7 个，2 个已存在。")
    return log.draft("asked-then-created", "For each of nine projects it asks and creates where nothing is; after junjiem/dify-plugin-agent-mcp_sse#41.")


def _vendor_pages() -> Draft:
    dice = drawn("blind3 vendor pages")
    log = Log("buyer").user("Compare the price of the 2 TB model with our eight vendors.")
    for vendor in ["alto", "brio", "cargo", "domus", "elan", "forte", "gamma", "helio"]:
        log.do("browser", {"action": "navigate", "url": f"https://{vendor}.example/ssd-2tb"}, {"ok": True, "targetId": f"{dice.getrandbits(32):08X}"})
        log.do("browser", {"action": "snapshot"}, f"heading \"SSD 2 TB\"\ntext \"{dice.randint(89, 149)},{dice.randint(10, 99)} €\"\nbutton \"Add to cart\"")
    log.say("brio is cheapest; helio ships a day earlier.")
    return log.draft("eight-vendors", "Navigate and snapshot in turn on eight pages with eight prices; after openclaw/openclaw#114798.")


def _offsets() -> Draft:
    dice = drawn("blind3 offsets")
    log = Log().user("Export every open finding of the scanner into findings.csv.")
    total = 431
    for offset in range(0, total, 25):
        page = [f"F-{4000 + offset + one}" for one in range(min(25, total - offset))]
        log.do("list_findings", {"state": "open", "limit": 25, "offset": offset}, {"total": total, "items": [{"id": item, "severity": dice.choice(["low", "medium", "high"])} for item in page[:3]], "more": len(page) - 3})
    log.do("write_file", {"path": "findings.csv", "rows": total}, f"{total} rows written")
    return log.draft("offset-by-offset", "Only the offset moves on eighteen pages, and the last has fewer; after Lazarus-AI/clearwing#106.")


def _commits() -> Draft:
    dice = drawn("blind3 commits")
    parts = [("docs/install.md", "Say which Node is needed"), ("src/cache.py", "Bound the cache"), ("src/cli.py", "Add --quiet"), ("tests/test_cache.py", "Test the bound"), ("CHANGELOG.md", "Note the new option")]
    log = Log().user("commit my changes in sensible pieces")
    work(log, drawn("blind3 work commits"), CLAUDE, 5)
    left = [path for path, _ in parts]
    for path, message in parts:
        log.do("Bash", {"command": "git status --short"}, "".join(f" M {one}\n" for one in left))
        log.do("Bash", {"command": f"git add {path} && git commit -m '{message}'"}, f"[main {dice.getrandbits(28):07x}] {message}\n 1 file changed\n")
        left.remove(path)
    log.do("Bash", {"command": "git status --short"}, "")
    return log.draft("commit-by-commit", "Status and commit in turn, and each status is one file shorter; after vivekchand/clawmetry#3011.")


def _five_queries() -> Draft:
    log = Log(at=0.0).user("What's the overall health of my cluster?")
    queries = {"sum(kube_node_status_condition{condition='Ready',status='true'})": "6", "sum(rate(container_cpu_usage_seconds_total[5m]))": "11.82", "sum(container_memory_working_set_bytes)/1e9": "74.1",
               "count(kube_pod_status_phase{phase='Pending'}==1)": "2", "sum(increase(kube_pod_container_status_restarts_total[1h]))": "5"}
    log.together([("execute_promql", {"query": query}, {"status": "success", "value": value}) for query, value in queries.items()])
    log.say("Six nodes are ready; two pods are pending and five restarts happened. I look at those.")
    log.together([("execute_promql", {"query": "kube_pod_status_phase{phase='Pending'}==1"}, {"pods": ["etl-9", "etl-10"]}), ("execute_promql", {"query": "topk(3, increase(kube_pod_container_status_restarts_total[1h]))"}, {"top": [["ingest-2", 4], ["api-0", 1]]})])
    log.say("ingest-2 restarts for want of memory; etl-9 and etl-10 wait for a volume.")
    return log.draft("five-questions-at-once", "Five metrics in one reply, then the two that matter; after rh-ai-quickstart/ai-observability-summarizer#247.")


def _five_files() -> Draft:
    log = Log(at=0.0).user("Explain how a request travels through this service.")
    log.together([("read_file", {"absolute_path": f"/svc/{name}"}, text) for name, text in (("main.py", "app = build()"), ("routes.py", "router.get('/orders')"), ("auth.py", "def guard(request)"), ("orders.py", "async def orders(db)"), ("db.py", "pool = create_pool()"))])
    log.do("grep_search", {"pattern": "add_middleware"}, "main.py:19: app.add_middleware(Guard)")
    log.together([("read_file", {"absolute_path": f"/svc/mw/{name}.py"}, f"class {name.title()}: ...") for name in ("guard", "trace")])
    log.say("A request passes Trace and Guard, is routed in routes.py, and orders() reads from the pool.")
    work(log, drawn("blind3 work five files"), GEMINI, 6)
    return log.draft("opens-with-five-files", "Five files are read at once before the first thought; after QwenLM/qwen-code#3236.")


def _three_files() -> Draft:
    log = Log("worker", at=50.0).user("Ticket 12: show the due date in the list.")
    log.together([("read", {"path": path}, text) for path, text in (("/app/list.vue", "<li v-for='t in tasks'>{{ t.title }}</li>"), ("/app/task.ts", "export interface Task { title: string; due?: string }"), ("/app/date.ts", "export const short = (d: string) => ..."))])
    work(log, drawn("blind3 work batched"), PLAIN, 4)
    log.do("edit", {"path": "/app/list.vue", "old": "{{ t.title }}", "new": "{{ t.title }} <small v-if='t.due'>{{ short(t.due) }}</small>"}, "edited")
    log.together([("read", {"path": path}, text) for path, text in (("/app/list.vue", "<li v-for='t in tasks'>{{ t.title }} <small ..."), ("/app/list.test.ts", "it('lists')"), ("/app/setup.ts", "export const render = ..."))])
    log.do("bash", {"command": "npm test"}, "Tests 14 passed (14)")
    return log.draft("batched-reads", "Twice three files are read in one reply, with an edit between; after daymanondev/pi-auto-pilot#46.")


def _fan_out_twice() -> Draft:
    dice = drawn("blind3 fan out twice")
    log = Log("lead", at=0.0).user("Review the release branch: every package for security, then for API breaks.")
    packages = ["core", "http", "cli", "store"]
    for topic in ("security problems", "breaking API changes"):
        log.together([("task", {"agent": "reviewer", "prompt": f"Review packages/{package} of the release branch for {topic}. Report file, line and severity."}, f"{package}: {dice.randint(0, 4)} findings on {topic}; worst in {package}/{dice.choice(['index', 'pool', 'parse'])}.ts:{dice.randint(5, 300)}") for package in packages], 40.0)
        log.say(f"All four packages are reviewed for {topic}.")
    return log.draft("two-rounds-of-four", "Four reviewers in words alike, twice, for other packages and another matter; after OpenRouterTeam/typescript-agent#89.")


def _debugger_output() -> Draft:
    dice = drawn("blind3 debugger output")
    modules = ["ntdll", "kernel32", "KERNELBASE", "ucrtbase", "user32", "win32u", "gdi32", "msvcp_win", "advapi32", "sechost", "rpcrt4", "combase", "shell32", "ole32"]
    log = Log(at=0.0).user("Attach cdb to the hung process and list every loaded module that is not Microsoft's.")
    log.do("start_process", {"command": "cdb -p 8812"}, {"session": "pty-3", "pid": 9120})
    for number in range(26):
        log.do("read_output", {"session": "pty-3", "max_bytes": 8192}, {"bytes": 8192 if number < 25 else 2210, "total": min((number + 1) * 8192, 25 * 8192 + 2210), "text": f"ModLoad: {dice.getrandbits(44):016x}   C:\\Windows\\System32\\{dice.choice(modules)}.dll\n…"}, 0.3)
    log.say("Three modules are not Microsoft's: acmehook.dll, zprint.dll, vpnshim.dll.")
    return log.draft("eight-kilobytes-a-call", "Twenty-six equal calls read on in a long output, each with other bytes; after RooCodeInc/Roo-Code#9502.")


def _read_to_the_end() -> Draft:
    log = Log().user("summarise legacy/billing.cob for the migration and list every file it opens")
    for offset in range(1, 880, 40):
        paragraph = ["OPEN INPUT CUSTFILE", "PERFORM CALC-VAT", "MOVE WS-NET TO OUT-NET", "READ RATEFILE", "WRITE INV-REC", "DISPLAY 'DONE'"][offset // 40 % 6]
        log.do("read_file", {"path": "legacy/billing.cob", "offset": offset, "limit": 40}, f"{offset}  {paragraph} SECTION-{offset // 40}.\n…\n{offset + 39}      EXIT.\n")
    log.do("write_file", {"path": "notes/billing.md", "content": "# billing.cob\nOpens CUSTFILE, RATEFILE, INVFILE ..."}, "ok")
    return log.draft("read-once-to-the-end", "A long file is read once in windows of forty lines and then summarised; after macanderson/stella#4034.")


def _section_by_section() -> Draft:
    log = Log("codex").user("Write the operator handbook, one section at a time, into docs/operate.md.")
    for section in ("Start and stop", "Where the logs are", "Backups", "Restoring a backup", "Rotating keys", "Upgrading", "Rolling back", "When the disk is full", "Whom to call"):
        log.do("file_write", {"path": "docs/operate.md", "append": f"## {section}\n\n{section}: what to do, in order …\n"}, "Success. Updated docs/operate.md")
    work(log, drawn("blind3 work sections"), KIMI, 5)
    log.do("exec", {"command": "grep -c '^## ' docs/operate.md"}, "9\n")
    return log.draft("nine-sections-one-file", "Nine writes to one file, each a section of its own; after agent-tools-org/ai-dispatch#125.")


def _indentation() -> Draft:
    dice = drawn("blind3 indentation")
    log = Log("CodeActAgent").user("The YAML was pasted with tabs. Fix the indentation by hand, the formatter chokes on the templates.")
    left, line = 61, 12
    while left:
        mended = min(left, dice.randint(4, 9))
        log.say(dice.choice(["Let me fix the remaining indentation.", "Let me fix the rest of the indentation."]))
        log.do("str_replace_editor", {"command": "str_replace", "path": "chart/values.yaml", "old_str": f"\t\tname: part-{line}", "new_str": f"    name: part-{line}"}, f"The file chart/values.yaml has been edited. Lines {line}-{line + mended} replaced.")
        left, line = left - mended, line + mended
        log.do("bash", {"command": "grep -cP '\\t' chart/values.yaml"}, f"{left}\n")
    return log.draft("remaining-indentation", "The rest of the indentation is mended again and again, and the lines that are left become none; after OpenHands/OpenHands#7960.")


def _feed() -> Draft:
    dice = drawn("blind3 feed")
    log = Log("browser").user("Scroll our feed back to the post about the summer party and note who commented.")
    topics = ["new office plants", "quarter results", "lost umbrella", "parking", "bike week", "welcome Ana", "server move", "coffee machine", "hackathon", "fire drill", "canteen menu"]
    log.do("navigate", {"url": "https://intra.example/feed"}, "Navigated")
    for topic in topics:
        log.do("scroll", {"direction": "down", "pages": 1}, f"Scrolled. New posts: {topic} ({dice.randint(1, 40)} likes)")
    log.do("scroll", {"direction": "down", "pages": 1}, "Scrolled. New posts: summer party! (87 likes)")
    log.do("extract", {"goal": "commenters of the summer party post"}, ["Ana", "Luis", "Mei"])
    return log.draft("back-through-the-feed", "The same scroll twelve times, and each shows another post until the right one comes; after browser-use/browser-use#4033.")


def _ten_times_the_time() -> Draft:
    dice = drawn("blind3 ten times the time")
    log = Log(at=0.0).user("Call current_time ten times and print each result at once. I want to see how even the calls are.")
    second = 7.0
    for _ in range(10):
        second += dice.uniform(1.1, 2.4)
        log.do("current_time", {"timezone": "UTC"}, f"2026-05-13 08:14:{second:06.3f}", 0.2)
        log.say(f"08:14:{second:06.3f}")
    log.say("Ten calls, 1.1 to 2.4 s apart.")
    return log.draft("ten-times-as-asked", "A person asked for ten calls of the same tool and gets ten; after langgenius/dify#19589.")


def _five_thoughts() -> Draft:
    thoughts = ["Cost: the new plan is cheaper from month four on.", "Risk: moving in December collides with the audit.", "People: two of five know the new tool.", "Way back: exports stay readable for a year.", "So: move in February, train in January."]
    log = Log("agent").user("Think five times about whether we should change the payroll provider, and reflect on each output before the next.")
    for thought in thoughts:
        log.do("think", {"thought": thought}, thought)
        log.say(f"Noted. {thought.split(':')[0]} is clear enough to go on.")
    log.say("My advice is February.")
    return log.draft("five-thoughts-as-asked", "Five thoughts, as asked, each about another side; after n8n-io/n8n#22771.")
