"""Healthy work on one thing: waiting, mending, reading, asking, handing out."""
# Tables of what is said and answered: a row a line.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from tests.cases.grammars.parts import Draft, Part, drawn, every, llm, tool, user


def delegation() -> Iterator[Draft]:
    """Different sub-tasks in similar words, to sub-agents."""
    topics = ("the council's vote on the tram", "the closing of the outdoor pool", "the new head of the library",
              "the flooded underpass at the station", "the prize for the school orchestra", "the strike at the dairy")
    yield Draft("saturday-edition", [
        user("Prepare the local pages of the Saturday edition."),
        *(tool("delegate", {"to": "writer", "task": f"Write two hundred words on {topic} for the local pages of the Saturday edition; name two sources and keep the tone neutral"},
               f"Draft on {topic} filed, {190 + 3 * n} words") for n, topic in enumerate(topics)),
        llm("All six pieces are filed."),
    ])
    services = ("billing", "stock", "returns", "search", "mail", "pricing", "loyalty", "vouchers")
    yield Draft("service-migrations", [
        part
        for n, name in enumerate(services)
        for part in (
            llm(f"Next comes {name}.", agent="lead"),
            tool("ask_engineer", {"task": f"Move the configuration of the {name} service to the new format, run its tests, and report in two sentences what broke and what you did about it"},
                 f"{name}: moved; {n} tests had to be adapted.", agent="lead"),
        )
    ])
    sections = (("title", "who owns the land and since when"), ("charges", "which mortgages and charges are registered"),
                ("leases", "which leases run beyond 2030"), ("planning", "which planning decisions are pending"), ("soil", "what the soil report says of lead"))
    yield Draft("due-diligence", [
        tool("associate", {"instruction": f"For the due diligence on the Sundby brewery site, read the folder {folder} and tell me {question}, with page numbers, in not more than ten lines"},
             f"Folder {folder}: {answer}") for (folder, question), answer in zip(sections, (
                 "owned by the brewery since 1911, page 3", "two mortgages, pages 8 and 12", "one lease until 2034, page 2", "none pending", "41 mg/kg, page 17"), strict=True)
    ])
    yield Draft("festival-crews", [
        tool("message_crew", {"crew": crew, "text": f"Please send me by Friday how many people the {crew} crew needs on each day of the festival, and who leads it."},
             "delivered") for crew in ("stage", "lights", "kitchen", "first aid", "cleaning", "parking", "tickets", "camping", "security")
    ])
    yield Draft("observing-plan", [
        step
        for target, verdict in (("the comet", "visible from 3 h"), ("the nova", "too low"), ("the asteroid", "visible from 22 h"), ("the transit", "clouds likely"), ("the cluster", "any time"))
        for step in (
            llm(f"Please work out when {target} can be observed tonight and with which filter.", agent="scheduler"),
            tool("ephemeris", {"target": target, "night": "2026-05-02"}, verdict, agent="observer"),
            llm(f"For {target}: {verdict}.", agent="observer"),
        )
    ])


def polling() -> Iterator[Draft]:
    """Long jobs whose status changes slowly."""
    yield Draft("render-queue", every(
        [user("Render the trailer and tell me when it is done."), tool("submit_render", {"scene": "trailer"}, {"job": 881}),
         *(tool("render_status", {"job": 881}, {"state": "queued", "position": place}) for place in (14, 13, 13, 12, 9, 9, 6, 4, 2, 1)),
         *(tool("render_status", {"job": 881}, {"state": "rendering", "frames": f"{frame}/720"}) for frame in (12, 190, 402, 633)),
         tool("render_status", {"job": 881}, {"state": "done", "frames": "720/720"}), llm("The trailer is rendered.")], 60))
    yield Draft("train-percent", [
        part
        for percent in (0, 4, 9, 15, 22, 31, 44, 58, 71, 88, 100)
        for part in (tool("sh", {"command": "sleep 120"}, ""), tool("sh", {"command": "tail -n 1 train.log"}, f"epoch {percent // 10}/10 loss {3.1 - percent / 40:.3f}"))
    ])
    phases = ("provisioning", "provisioning", "provisioning", "installing packages", "installing packages", "configuring", "configuring", "configuring", "starting", "ready")
    yield Draft("vm-phases", every([tool("create_vm", {"name": "build-7"}, "accepted"),
                                    *(tool("vm_state", {"name": "build-7"}, phase) for phase in phases)], 20))
    elapsed = (299, 600, 902, 1201, 1503, 1801)
    yield Draft("reindex-elapsed", every(
        [tool("start_reindex", {"index": "catalogue"}, "started"),
         *(tool("reindex_status", {"index": "catalogue"}, f"running, {seconds} s elapsed, {seconds * 411} of 803000 documents") for seconds in elapsed),
         tool("reindex_status", {"index": "catalogue"}, "finished, 803000 documents")], 300))
    yield Draft("approval-in-the-morning", every(
        [tool("request_approval", {"purchase": "centrifuge", "from": "head of laboratory"}, "asked at 08:10"),
         *(tool("approval_state", {"purchase": "centrifuge"}, "waiting for the head of laboratory") for _ in range(3)),
         tool("approval_state", {"purchase": "centrifuge"}, "seen by the head of laboratory"),
         *(tool("approval_state", {"purchase": "centrifuge"}, "one question, answered by the workshop") for _ in range(2)),
         tool("approval_state", {"purchase": "centrifuge"}, "approved"), tool("order", {"item": "centrifuge"}, "ordered")], 900))


def fix_and_test() -> Iterator[Draft]:
    """Long sessions of edits and tests."""
    dice = drawn("parser")
    steps: list[Part] = [user("The date parser fails its tests, please mend it.")]
    for n in range(14):
        steps += [
            tool("edit", {"file": "dates.rs", "line": dice.randint(20, 300), "text": f"let day = parts[{n % 3}].parse::<u8>()?; // {n}"}, "applied"),
            tool("run", {"command": "cargo test dates"}, None, error=f"test result: FAILED. {21 + n // 2} passed; {9 - n // 2} failed"),
        ]
    yield Draft("date-parser", [*steps, tool("edit", {"file": "dates.rs", "line": 88, "text": "Ok(day)"}, "applied"), tool("run", {"command": "cargo test dates"}, "test result: ok. 30 passed")])
    steps = []
    for n, what in enumerate(("the null check", "the time zone", "the rounding", "the cache", "the retry", "the lock", "the flag", "the fixture")):
        steps += [
            llm(f"Perhaps it is {what}."),
            tool("read_file", {"path": "src/tax/rates.py"}, f"def rate(day): ... # revision {n}"),
            tool("replace_in_file", {"path": "src/tax/rates.py", "old": f"# revision {n}", "new": f"# revision {n + 1}: {what}"}, "1 replacement"),
            tool("pytest", {"path": "tests/test_rates.py"}, f"1 failed, 14 passed: test_leap_year: {0.19 + n / 100:.2f} != 0.27"),
        ]
    yield Draft("leap-year-stubborn", [*steps, tool("replace_in_file", {"path": "src/tax/rates.py", "old": "% 4", "new": "in leap_years"}, "1 replacement"), tool("pytest", {"path": "tests/test_rates.py"}, "15 passed")])
    steps = [tool("sh", {"command": "terraform validate"}, None, error="Error: 6 unsupported arguments")]
    for left in range(5, -1, -1):
        steps += [tool("write", {"path": "network.tf", "content": f"resource \"vpc\" \"v{left}\" {{}}"}, "written"),
                  tool("sh", {"command": "terraform validate"}, *((None,) if left else ("Success! The configuration is valid.",)),
                       **({"error": f"Error: {left} unsupported arguments"} if left else {}))]
    yield Draft("terraform-arguments", steps)
    steps = []
    for n in range(9):
        steps += [
            tool("sh", {"command": f"sed -i 's/margin: {2 * n}px/margin: {2 * n + 2}px/' invoice.css"}, ""),
            tool("sh", {"command": "make pdf"}, "invoice.pdf written"),
            tool("view_page", {"file": "invoice.pdf", "page": 1}, f"the address stands {9 - n} mm beside the window"),
        ]
    yield Draft("invoice-layout", steps)


def retry_mended() -> Iterator[Draft]:
    """The same call again, after what it lacked was mended."""
    yield Draft("token-expired-thrice", [
        part
        for n in range(3)
        for part in (
            tool("list_shipments", {"status": "open", "page": n}, None, error="401: token expired"),
            tool("refresh_token", {"client": "carrier"}, "new token, valid for 60 s"),
            tool("list_shipments", {"status": "open", "page": n}, [f"SH{n}7", f"SH{n}8"]),
        )
    ])
    copy = {"command": "cp report.pdf /srv/board/2026/june/"}
    yield Draft("missing-directories", [
        tool("sh", copy, None, error="cp: cannot create regular file: No such file or directory"),
        tool("sh", {"command": "mkdir /srv/board/2026"}, ""),
        tool("sh", copy, None, error="cp: cannot create regular file: No such file or directory"),
        tool("sh", {"command": "mkdir /srv/board/2026/june"}, ""),
        tool("sh", copy, ""), llm("The report is in place."),
    ])
    start = {"service": "theatre-booking"}
    yield Draft("service-start", [
        part
        for lacking, mend in (("port 8080 is in use", ("stop_service", {"service": "old-booking"}, "stopped")), ("secret BOOKING_KEY is missing", ("set_secret", {"name": "BOOKING_KEY"}, "set")),
                              ("table seats does not exist", ("migrate", {"database": "booking"}, "3 migrations applied")), ("certificate has expired", ("renew_certificate", {"host": "booking"}, "renewed")))
        for part in (tool("start_service", start, None, error=lacking), tool(*mend))
    ] + [tool("start_service", start, "running")])
    yield Draft("locked-record", every([
        tool("update_record", {"patient": 5521, "field": "ward", "value": "6"}, None, error="record is locked by nurse Falk"),
        tool("send_message", {"to": "nurse Falk", "text": "May I have the record of 5521 for a minute?"}, "sent"),
        tool("update_record", {"patient": 5521, "field": "ward", "value": "6"}, None, error="record is locked by nurse Falk"),
        tool("read_messages", {}, "nurse Falk: done, closed it"),
        tool("update_record", {"patient": 5521, "field": "ward", "value": "6"}, "updated"),
    ], 90))


def exploration() -> Iterator[Draft]:
    """The first look around in something unknown."""
    dice = drawn("explore")
    files = ("main.go", "server.go", "router.go", "auth.go", "store.go", "cache.go", "mail.go", "config.go", "metrics.go", "limits.go", "errors.go")
    yield Draft("go-service", [
        user("How does this service decide who may read a document?"), tool("list_files", {"path": "."}, "\n".join(files)),
        *(tool("read_file", {"path": name}, f"package {name[:-3]}\n// {dice.randint(40, 400)} lines") for name in files),
        llm("auth.go decides, from the groups in the token."),
    ])
    words = ("seniority", "tenure", "grade", "promotion", "salary_band", "step_increase", "hire_date")
    yield Draft("payroll-greps", [
        tool("sh", {"command": f"grep -rn {word} payroll/"}, "" if word in ("tenure", "grade", "step_increase") else f"payroll/rules.cbl:{dice.randint(10, 900)}: {word}") for word in words
    ] + [tool("sh", {"command": f"sed -n '{n},{n + 80}p' payroll/rules.cbl"}, f"lines {n} to {n + 80} of the rules") for n in (1, 81, 161, 241)])
    tables = ("patients", "stays", "wards", "beds", "staff", "rotas", "orders", "doses", "results")
    yield Draft("hospital-schema", [
        tool("sql", {"query": "SHOW TABLES"}, ", ".join(tables)),
        *(tool("sql", {"query": f"DESCRIBE {table}"}, f"{dice.randint(4, 30)} columns") for table in tables),
        *(tool("sql", {"query": f"SELECT COUNT(*) FROM {table}"}, str(dice.randint(0, 90_000))) for table in tables),
    ])
    yield Draft("bucket-tree", [
        tool("ls", {"path": path}, listing) for path, listing in (
            ("/", "raw curated models"), ("/raw", "2023 2024 2025"), ("/raw/2023", "empty"), ("/raw/2024", "empty"), ("/raw/2025", "q1 q2"), ("/raw/2025/q1", "empty"),
            ("/raw/2025/q2", "buoys.parquet"), ("/curated", "empty"), ("/models", "swell.onnx"))
    ])


def reread_after_edit() -> Iterator[Draft]:
    """One file that is read again after each change."""
    yield Draft("menu-card", [
        part
        for n, dish in enumerate(("leek soup", "smoked eel", "rye pancakes", "lamb shoulder", "plum cake", "cheese board", "elderflower ice"))
        for part in (tool("read", {"path": "menu.md"}, f"dishes: {n}"), tool("append", {"path": "menu.md", "text": f"- {dish}"}, "ok"))
    ] + [tool("read", {"path": "menu.md"}, "dishes: 7")])
    yield Draft("contract-redline", [
        part
        for n, (old, new) in enumerate((("30 days", "45 days"), ("the Vendor", "the Supplier"), ("reasonable efforts", "best efforts"), ("England", "Denmark"), ("GBP", "DKK"), ("annexe", "annex")))
        for part in (
            tool("replace", {"document": "lease.docx", "old": old, "new": new}, f"{n + 1} places changed"),
            tool("read_document", {"document": "lease.docx"}, f"Lease of premises, revision {n + 2}: … {new} …"),
        )
    ])
    yield Draft("crontab-check", [
        part
        for n, line in enumerate(("5 2 * * * purge", "0 3 * * 1 report", "*/10 * * * * sync", "0 0 1 * * rotate"))
        for part in (tool("sh", {"command": f"(crontab -l; echo '{line}') | crontab -"}, ""), tool("sh", {"command": "crontab -l"}, "\n".join(("MAILTO=ops", "5 2 * * * purge", "0 3 * * 1 report", "*/10 * * * * sync", "0 0 1 * * rotate")[: n + 2])))
    ])
    yield Draft("page-after-each-click", [
        part
        for field in ("name", "birth date", "insurer", "allergies", "consent", "signature")
        for part in (tool("fill", {"field": field, "value": "…"}, "ok"), tool("screenshot", {}, f"form; next empty field after {field}"))
    ])


def search_narrowing() -> Iterator[Draft]:
    """Searches that are refined by what the last one found."""
    yield Draft("old-map", [
        user("Who engraved the 1742 map of the Randers fjord?"),
        tool("search", {"query": "map of the Randers fjord 1742"}, "Three maps: Abildgaard, Wessel, and an unsigned one"),
        tool("search", {"query": "map of the Randers fjord 1742 unsigned"}, "The unsigned map is in the Royal Library, shelf KBK 1113"),
        tool("search", {"query": "KBK 1113 map engraver"}, "KBK 1113: engraved in Odense, initials J.H."),
        tool("search", {"query": "engraver initials J.H. Odense 1740s"}, "Jonas Haas, engraver, worked in Odense until 1746"),
        tool("search", {"query": "Jonas Haas engraver Randers fjord map"}, "Haas is named in the account book of 1742 for the fjord map"),
        llm("Jonas Haas."),
    ])
    yield Draft("slow-orders", [
        tool("logs", {"query": "service:orders"}, "48211 lines"), tool("logs", {"query": "service:orders duration>2s"}, "611 lines"),
        tool("logs", {"query": "service:orders duration>2s region:west"}, "598 lines"), tool("logs", {"query": "service:orders duration>2s region:west path:/checkout"}, "597 lines"),
        tool("logs", {"query": "service:orders duration>2s region:west path:/checkout host:w-17"}, "597 lines, all of pool p2"),
        tool("logs", {"query": "host:w-17 pool:p2 wait"}, "pool exhausted since 09:12"), llm("The pool of w-17 is exhausted."),
    ])
    yield Draft("precedents", [
        tool("case_search", {"query": query}, found) for query, found in (
            ("tenant liability frozen pipes", "212 judgments"), ("tenant liability frozen pipes absence in winter", "41 judgments"),
            ("tenant liability frozen pipes absence in winter heating turned down", "9 judgments, the latest of 2021"),
            ("tenant liability frozen pipes heating turned down appeal 2021", "2 judgments: U 2021.88, U 2021.412"), ("U 2021.412", "The appeal was dismissed; half of the damage was shared."))
    ])
    yield Draft("part-number", [
        tool("catalogue", {"q": query}, found) for query, found in (
            ("pump seal", "1,204 parts"), ("pump seal 40 mm", "88 parts"), ("pump seal 40 mm viton", "12 parts"), ("pump seal 40 mm viton double", "3 parts: 7710-A, 7710-B, 7712"),
            ("7710-A", "obsolete, replaced by 7710-B"), ("7710-B", "in stock, 4 weeks"))
    ])


def multi_turn() -> Iterator[Draft]:
    """Conversations in which a person asks similar things."""
    dice = drawn("turns")
    yield Draft("ferry-times", [
        part
        for day, leaves in (("Monday", "07:10"), ("Tuesday", "07:10"), ("Wednesday", "08:40"), ("Thursday", "07:10"), ("Friday", "06:55"), ("Saturday", "10:00"))
        for part in (user(f"When does the first ferry to Samsø leave on {day}?"), tool("timetable", {"line": "Samsø", "day": day}, leaves), llm(f"On {day} the first ferry leaves at {leaves}."))
    ])
    yield Draft("same-question-each-hour", [
        part
        for n in range(6)
        for part in every([user("Has the parcel from Lyon arrived yet?"), tool("parcel_state", {"from": "Lyon"}, "in transit"), llm("Not yet, it is in transit.")], 3, 1, 3600.0 * n)
    ])
    yield Draft("recipe-scaling", [
        part
        for guests in (4, 6, 9, 12, 20, 35)
        for part in (user(f"And for {guests} guests?"), llm(f"For {guests} guests take {guests * 120} g flour, {guests} eggs and {guests * 60} ml milk, and bake for {25 + guests // 3} minutes."))
    ])
    yield Draft("account-balances", [
        part
        for name in ("the travel account", "the book account", "the gift account", "the repair account", "the reserve account")
        for part in (user(f"What is the balance of {name}?"), tool("balance", {"account": name}, f"{dice.randint(1, 4)}00.00"), llm("Here you are."))
    ])
    yield Draft("thanks-and-welcome", [
        part
        for n, question in enumerate(("Which bin does foil go into?", "And milk cartons?", "And broken glasses?", "And light bulbs?", "And old paint?"))
        for part in (user(question), llm(("The metal bin.", "The carton bin.", "The residual bin.", "Bring them to the depot.", "Bring it to the depot.")[n]), user("Thanks!"), llm("You are welcome!"))
    ])


def code_review() -> Iterator[Draft]:
    """Files that are read and remarked on, one after the other."""
    dice = drawn("review")
    files = tuple(f"{folder}/{name}.ts" for folder in ("cart", "checkout", "account") for name in ("model", "view", "service", "routes"))
    yield Draft("shop-pull-request", [
        part
        for path in files
        for part in (tool("get_diff", {"path": path}, f"@@ -{dice.randint(1, 90)} +{dice.randint(1, 90)} @@ {path}"), tool("comment", {"path": path, "line": dice.randint(1, 200), "text": dice.choice(["Please name the unit in the variable.", "This may be null.", "Is there a test for this?", "Not closed on errors."])}, "posted"))
    ])
    yield Draft("looks-good", [
        part for path in files for part in (tool("read_file", {"path": path}, f"// {path}\nexport …"), llm("No remarks."), tool("mark_viewed", {"path": path}, "ok"))
    ])
    yield Draft("helm-charts", [
        tool("lint", {"chart": chart}, "0 problems") for chart in ("ingress", "redis", "mailer", "worker", "web", "cron", "search", "proxy", "auth", "jobs")
    ] + [llm("All charts are clean.")])
    yield Draft("judge-each-file", [
        tool("review_file", {"path": path, "instructions": "Look for unchecked errors, for shared state without a lock and for secrets in the text, and say in one sentence what you found."},
             dice.choice(["nothing found", "nothing found", f"an unchecked error in line {dice.randint(10, 300)}"])) for path in files
    ])


def human_nudges() -> Iterator[Draft]:
    """A person who says "go on" while the work goes on."""
    chapters = ("The lighthouse", "The ice winter", "A letter", "The auction", "The sloop", "The last keeper")
    yield Draft("chapters", [
        part
        for n, title in enumerate(chapters, 1)
        for part in (llm(f"Chapter {n}. {title}. " + ("It was a year of storms, and the lamp was lit early. " if n % 2 else "Nobody in the village spoke of the boat. ") + f"{title} stayed with them."), user("continue"))
    ])
    yield Draft("import-by-hundreds", [
        part
        for n in range(8)
        for part in (tool("import_members", {"from_row": 100 * n, "rows": 100}, f"rows {100 * n} to {100 * n + 99} imported"), llm("A hundred more are in. Shall I go on?"), user("go on"))
    ])
    yield Draft("please-go-on-tests", [
        part
        for name in ("login", "basket", "payment", "refund", "search", "export")
        for part in (tool("write_test", {"feature": name}, f"test_{name}.py written"), tool("run_tests", {"feature": name}, "3 passed"), user("Good, please go on."))
    ])
