"""Healthy sessions of the blind part: repairs, inquiries, work that is handed out, conversations."""
# Tables of what is said and answered: a row a line.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from tests.cases.grammars.parts import Draft, Part, drawn, every, llm, together, tool, user


def repairs() -> Iterator[Draft]:
    """The same check after each of many changes."""
    dice = drawn("repairs")
    steps: list[Part] = [user("src/cache.rs does not compile any more, please mend it.")]
    for old, new, error in (
        ("fn get(&self", "fn get(&mut self", "error[E0502]: cannot borrow `self.map` as mutable\n  --> src/cache.rs:31:9"), ("let e = self.map", "let e = &mut self.map", "error[E0308]: mismatched types\n  --> src/cache.rs:34:14"),
        ("e.hits += 1;", "e.hits += 1_u64;", "error[E0499]: cannot borrow `*self` as mutable more than once\n  --> src/cache.rs:40:9"), ("self.evict(now)", "Self::evict(&mut self.map, now)", "error[E0061]: this function takes 1 argument but 2 were supplied\n  --> src/cache.rs:41:9"),
        ("fn evict(&mut self)", "fn evict(map: &mut Map, now: Instant)", "warning: unused variable: `now`\n    Finished dev profile in 4.1s")):
        steps += [tool("edit", {"file": "src/cache.rs", "find": old, "replace": new}, "1 replacement"), tool("bash", {"command": "cargo build 2>&1 | tail -20"}, error)]
    yield Draft("borrow-checker", [*steps, tool("bash", {"command": "cargo test -q"}, "test result: ok. 41 passed")])
    steps = [tool("bash", {"command": "git bisect start v3.2 v3.1"}, "Bisecting: 127 revisions left (roughly 7 steps)")]
    for left, verdict in ((63, "bad"), (31, "good"), (15, "good"), (7, "bad"), (3, "bad"), (1, "good"), (0, "bad")):
        steps += [tool("bash", {"command": "make -s && ./bench --case import"}, f"import: {dice.uniform(3.8, 4.4) if verdict == 'bad' else dice.uniform(1.1, 1.3):.2f} s"), tool("bash", {"command": f"git bisect {verdict}"}, f"Bisecting: {left} revisions left\n[{dice.getrandbits(40):010x}]")]
    yield Draft("bisecting-a-slow-import", [*steps, llm("The import became slow with the change of the row parser.")])
    steps = []
    for file, line, error in (("Dockerfile", "FROM node:22-slim", "npm error code ENOENT: package-lock.json"), ("Dockerfile", "COPY package*.json ./", "gyp ERR! find Python"), ("Dockerfile", "RUN apt-get update && apt-get install -y python3", "gyp ERR! not found: make"),
                              ("Dockerfile", "RUN apt-get install -y build-essential", "tsc: error TS5083: Cannot read file '/app/tsconfig.json'"), (".dockerignore", "!tsconfig.json", None)):
        steps += [tool("insert_line", {"file": file, "line": line}, "ok"), tool("docker_build", {"tag": "portal:dev"}, "writing image sha256:77ab done") if error is None else tool("docker_build", {"tag": "portal:dev"}, None, error=f"process did not complete successfully: exit code 1: {error}")]
    yield Draft("image-build", steps)
    steps = []
    for prop, value, differ in (("padding", "14px", 6.81), ("padding", "12px", 4.02), ("line-height", "1.4", 3.77), ("line-height", "1.5", 1.12), ("border-radius", "3px", 0.94), ("font-weight", "600", 0.31), ("gap", "9px", 0.38), ("gap", "8px", 0.0)):
        steps += [tool("set_css", {"selector": ".card", "property": prop, "value": value}, "saved"), tool("screenshot_diff", {"page": "/cards", "baseline": "design-7"}, {"differs_percent": differ})]
    yield Draft("pixels-against-the-design", steps)
    explain = "EXPLAIN ANALYZE SELECT c.name, sum(o.net) FROM orders o JOIN customers c USING (customer_id) WHERE o.placed_at > now() - interval '90 days' GROUP BY 1"
    steps = [tool("sql", {"query": explain}, "Seq Scan on orders ... Execution Time: 8412.2 ms")]
    for change, plan in (("CREATE INDEX ON orders (placed_at)", "Bitmap Heap Scan on orders ... Execution Time: 2210.7 ms"), ("CREATE INDEX ON orders (customer_id)", "Bitmap Heap Scan on orders ... Execution Time: 2214.9 ms"), ("DROP INDEX orders_customer_id_idx", "Bitmap Heap Scan on orders ... Execution Time: 2208.3 ms"),
                         ("SET work_mem = '64MB'", "HashAggregate (no spill) ... Execution Time: 1377.0 ms"), ("CREATE INDEX ON orders (placed_at) INCLUDE (customer_id, net)", "Index Only Scan ... Execution Time: 188.4 ms")):
        steps += [tool("sql", {"query": change}, "OK"), tool("sql", {"query": explain}, plan)]
    yield Draft("one-slow-query", [*steps, llm("From 8.4 s to 0.19 s with one covering index.")])
    yield Draft("grid-of-learning-rates", [tool("train", {"model": "tide-gru", "lr": lr, "batch": batch, "epochs": 3}, f"val_loss={0.31 + 0.04 * abs(n - 7) + dice.uniform(0.0, 0.03):.4f} ({dice.randint(118, 131)} s)") for n, (lr, batch) in enumerate((lr, batch) for lr in (0.01, 0.003, 0.001, 0.0003) for batch in (32, 64, 128))] + [llm("The best is 0.001 with 64.")])
    steps = [user("The certificate of the mail host ends on Friday.")]
    for obstacle, cure, done in (("Connection refused on port 80", ["ufw", "allow", "80/tcp"], "Rule added"), ("DNS problem: NXDOMAIN looking up A for mail.quayside.example", ["dnsctl", "add", "mail", "A", "203.0.113.9"], "added"), ("CAA record for quayside.example prevents issuance", ["dnsctl", "add", "@", "CAA", "0 issue letsencrypt.org"], "added")):
        steps += [tool("run", {"argv": ["certbot", "renew", "--cert-name", "mail.quayside.example"]}, None, error=obstacle), tool("run", {"argv": cure}, done)]
    yield Draft("certificate-renewal", [*steps, tool("run", {"argv": ["certbot", "renew", "--cert-name", "mail.quayside.example"]}, "Congratulations, all renewals succeeded")])
    steps = [user("Bring the payment service to the new chart.")]
    for fault, name, arguments, result in (("another operation (install/upgrade/rollback) is in progress", "helm", {"args": "rollback pay 14 -n pay"}, "Rollback was a success"), ("secrets \"pay-hmac\" not found", "kubectl", {"args": "create secret generic pay-hmac --from-file=key -n pay"}, "secret/pay-hmac created"),
                                           ("Deployment is invalid: spec.selector: field is immutable", "kubectl", {"args": "delete deploy pay -n pay"}, "deployment.apps \"pay\" deleted")):
        steps += [tool("helm", {"args": "upgrade pay ./chart -n pay --wait"}, None, error=f"UPGRADE FAILED: {fault}"), tool(name, arguments, result)]
    yield Draft("chart-upgrade", [*steps, tool("helm", {"args": "upgrade pay ./chart -n pay --wait"}, "Release \"pay\" has been upgraded. REVISION: 16")])
    steps = [user("Post the invoice of Hallam Glass, 4,180.00.")]
    for code, name, arguments in (("ACC-114 cost centre missing", "invoice.set", {"field": "cost_centre", "value": "4200"}), ("ACC-203 period 2026-01 is closed", "invoice.set", {"field": "posting_date", "value": "2026-02-01"}), ("ACC-340 second approval required", "approval.request", {"from": "head of finance"})):
        steps += [tool("invoice.post", {"draft": "D-5521"}, {"posted": False, "reason": code}), tool(name, {"draft": "D-5521", **arguments}, {"ok": True})]
    yield Draft("invoice-with-obstacles", [*steps, tool("invoice.post", {"draft": "D-5521"}, {"posted": True, "document": "1900004471"})])


def long_hauls() -> Iterator[Draft]:
    """Healthy work of fifty steps and more."""
    dice = drawn("long hauls")
    steps: list[Part] = [user("Add gift cards to the shop, one commit a part, tests with each.")]
    for part, file, faults in (("model", "gift_card.ex", 0), ("migration", "20260301_gift_cards.exs", 1), ("balance", "balance.ex", 2), ("redeeming", "redeem.ex", 1), ("expiry", "expiry.ex", 0), ("mail", "gift_mail.ex", 1), ("admin page", "gift_live.ex", 2), ("report", "gift_report.ex", 0)):
        steps += [tool("read", {"path": f"lib/shop/{file}"}, f"{dice.randint(0, 80)} lines"), tool("write", {"path": f"lib/shop/{file}", "summary": f"first version of the {part}"}, "written")]
        for left in range(faults, 0, -1):
            steps += [tool("mix_test", {}, f"{left} failures in {part}"), tool("write", {"path": f"lib/shop/{file}", "summary": f"{part}: handle case {left} of {faults}"}, "written")]
        steps += [tool("mix_test", {}, f"{300 + len(steps)} tests, 0 failures"), tool("git_commit", {"message": f"Gift cards: {part}"}, f"[main {dice.getrandbits(28):07x}]")]
    yield Draft("gift-cards-in-eight-commits", steps)
    yield Draft("royalties-of-a-catalogue", [user("Which of the 56 recordings earned anything in May?"), *(tool("royalties", {"isrc": f"QZKDL26{dice.randint(10000, 99999)}", "month": "2026-05"}, {"streams": 0, "amount": "0.00"} if n % 9 else {"streams": n * 131 + 40, "amount": f"{n * 0.31 + 0.1:.2f}"}) for n in range(56)), llm("Seven of them.")])
    steps = []
    for topic, angle in (("ferry strike", "what travellers can claim"), ("school meals", "what a tray costs"), ("wolf seen", "how sheep are kept safe"), ("bridge closed", "which detours exist"), ("new museum", "who paid for it"), ("hail damage", "whose insurance pays"), ("local election", "who stands for what"), ("heat network", "when which street is dug up")):
        steps += [tool("assign", {"to": "reporter", "brief": f"Please write 300 words on the topic '{topic}' and explain {angle}. Name two sources."}, "accepted", agent="desk"), tool("archive_search", {"q": topic}, f"{dice.randint(2, 60)} articles", agent="reporter"), tool("submit", {"topic": topic, "words": dice.randint(270, 330)}, "submitted", agent="reporter"),
                  tool("check_facts", {"topic": topic}, f"{dice.randint(0, 2)} corrections", agent="checker"), tool("approve", {"topic": topic}, "approved", agent="desk"), llm(f"'{topic}' is ready for the page.", agent="desk")]
    yield Draft("eight-topics-of-a-news-desk", steps)


def inquiries() -> Iterator[Draft]:
    """Looking around until the cause or the answer is found."""
    yield Draft("why-checkout-is-slow", [user("p99 of checkout went from 0.4 to 6 s at 14:10. Why?")] + [tool(name, arguments, result) for name, arguments, result in (
        ("kubectl", {"args": "get deploy checkout -o wide"}, "checkout 12/12 12 12 41d"), ("kubectl", {"args": "top pods -l app=checkout"}, "checkout-6d9 210m 388Mi\ncheckout-7fk 205m 391Mi"), ("promql", {"query": "rate(http_requests_total{app=\"checkout\"}[5m])"}, "181.2"),
        ("promql", {"query": "histogram_quantile(0.99, rate(http_duration_bucket{app=\"checkout\"}[5m]))"}, "6.1"), ("promql", {"query": "histogram_quantile(0.99, rate(http_duration_bucket{app=\"basket\"}[5m]))"}, "0.09"), ("promql", {"query": "histogram_quantile(0.99, rate(http_duration_bucket{app=\"tax\"}[5m]))"}, "5.8"),
        ("logs", {"app": "tax", "since": "30m", "grep": "ERROR"}, "no lines"), ("logs", {"app": "tax", "since": "30m", "grep": "slow"}, "14:11 slow query: rates_by_postcode 5402 ms\n14:12 slow query: rates_by_postcode 5630 ms"), ("sql", {"db": "tax", "query": "SELECT last_analyze, n_live_tup FROM pg_stat_user_tables WHERE relname='rates'"}, "null | 0"),
        ("sql", {"db": "tax", "query": "SELECT count(*) FROM rates"}, "4110322"), ("events", {"app": "tax", "since": "2h"}, "14:08 job load-rates finished"), ("sql", {"db": "tax", "query": "ANALYZE rates"}, "ANALYZE"), ("promql", {"query": "histogram_quantile(0.99, rate(http_duration_bucket{app=\"tax\"}[5m]))"}, "0.07"))] + [llm("load-rates filled the table at 14:08 and nobody analysed it; it is mended.")])
    yield Draft("chain-of-citations", [part for query, title, cited in (("retention of lead-210 in peat", "Peat cores as archives (2004)", "Holm 1998"), ("Holm 1998 lead-210 peat mobility", "Downward movement of lead-210 (1998)", "Urban 1990"), ("Urban 1990 lead-210 wetlands", "Mobility in wetlands (1990)", "Oldfield 1979"), ("Oldfield 1979 peat dating", "Dating of ombrotrophic peat (1979)", "no earlier work")) for part in (
        tool("scholar", {"q": query, "n": 5}, [title, "Peat and climate (2011)"]), tool("paper_text", {"title": title, "section": "references"}, f"… builds on {cited} …"))] + [llm("The method goes back to Oldfield 1979.")])
    yield Draft("first-hour-in-a-monorepo", [tool("bash", {"command": command}, result) for command, result in (
        ("ls", "apps  libs  tools  WORKSPACE"), ("ls apps", "admin  api  mobile  worker"), ("ls libs", "auth  money  queue  ui"), ("rg -l 'class RateLimiter'", ""), ("rg -il 'rate.?limit'", "libs/queue/throttle.kt\napps/api/filters.kt"), ("sed -n 1,80p libs/queue/throttle.kt", "class Throttle(val perMinute: Int) {"), ("rg -n 'Throttle\\(' apps", "apps/worker/main.kt:22"),
        ("sed -n 1,60p apps/worker/main.kt", "val throttle = Throttle(env(\"PER_MINUTE\"))"), ("sed -n 1,120p apps/api/filters.kt", "// TODO rate limit"), ("git log --oneline -5 -- apps/api/filters.kt", "91c0 Add filter chain"), ("rg -n PER_MINUTE", "apps/worker/deploy.yaml:31: 600"))] + [llm("Only the worker is throttled; the API has an open TODO.")])
    yield Draft("where-the-ledger-parts", [user("Bank and ledger differ by 312.40 at the end of the year. Find the day."), *(
        tool("balance_difference", {"account": "1200", "as_of": day}, {"difference": amount}) for day, amount in (("2025-12-31", 312.4), ("2025-06-30", 0.0), ("2025-09-30", 312.4), ("2025-08-15", 0.0), ("2025-09-07", 0.0), ("2025-09-19", 312.4), ("2025-09-13", 312.4), ("2025-09-10", 0.0), ("2025-09-12", 312.4), ("2025-09-11", 0.0))), tool("entries", {"account": "1200", "day": "2025-09-12"}, [{"voucher": "B-2291", "amount": 312.4, "bank": "missing"}]), llm("Voucher B-2291 of 12 September was never paid out.")])
    yield Draft("which-rule-for-live-shellfish", [tool("browse", {"url": f"https://food-import.example/{page}"}, f"<main>{text}</main>") for page, text in (("", "Animal products, plants, animals"), ("animal-products", "Meat, fish, honey"), ("animal-products/fish", "Wild fish, farmed fish, live bivalves: see molluscs"), ("animal-products/molluscs", "Rule 14 applies, forms in the annex"), ("rules/14", "Certificate model M-LBM, notice 24 h ahead"), ("annex", "Forms A to N"), ("annex/m-lbm", "Model M-LBM, 3 pages"))] + [llm("Certificate M-LBM and a notice of 24 h.")])


def handed_out() -> Iterator[Draft]:
    """Several agents, each with work of its own."""
    dice = drawn("handed out")
    steps: list[Part] = []
    for topic, answer in (("encryption of stored data", "AES-256, keys in a HSM."), ("encryption of data in transit", "TLS 1.2 and above."), ("deletion of data after the contract", "Within 30 days, with a record."), ("access of staff to customer data", "On approval, logged, reviewed quarterly."), ("penetration tests", "Once a year by a third party."), ("backups and their restoration", "Daily, restored in a drill twice a year."), ("subprocessors", "Four, listed on the site."), ("notice of incidents", "Within 48 hours.")):
        steps += [tool("ask_specialist", {"task": f"Please answer the section of the customer's questionnaire on {topic}. Use our security handbook, two sentences at most, and say where it is written."}, answer, agent="coordinator"), tool("form_fill", {"section": topic, "text": answer}, "saved", agent="coordinator")]
    yield Draft("security-questionnaire", steps)
    services = ("gateway", "auth", "ledger", "mailer", "search", "media")
    yield Draft("timeline-of-an-outage", [user("Write the timeline of the outage between 02:00 and 04:00."), *together([tool("task", {"agent": "log-analyst", "prompt": f"List every error of {service} between 02:00 and 04:00 UTC, with the time of the first and the last."}, "none" if service in ("search", "media") else f"first 02:{dice.randint(11, 29)}, last 03:{dice.randint(31, 58)}, {dice.randint(20, 900)} errors", agent="lead") for service in services], dice, 2.0, 40.0),
        tool("task", {"agent": "writer", "prompt": "Write the timeline from the six answers."}, "timeline.md, 41 lines", agent="lead", start=44.0, end=60.0)])
    waves: list[Part] = []
    for begin, lands in ((0.0, ("Chile", "Peru", "Ecuador", "Bolivia", "Uruguay")), (70.0, ("Ecuador", "Bolivia"))):
        waves += together([tool("researcher", {"brief": f"Market size of irrigation pumps in {land}, with a source" + (" (the last source was from 2012, find one after 2020)" if begin else "")}, f"{dice.randint(11, 240)} million USD, {'2022' if begin or land not in ('Ecuador', 'Bolivia') else '2012'}", agent="editor") for land in lands], dice, begin, 55.0)
    yield Draft("market-brief-in-two-waves", [*waves, llm("Brief with five countries, all sources after 2020.", agent="editor", start=130.0, end=138.0)])
    steps = []
    for number, (draft, score, remark) in enumerate((("The pump failed because it ran dry.", 4, "Say how long it ran dry."), ("The pump ran dry for 40 minutes and failed.", 5, "Say why nobody saw it."), ("The pump ran dry for 40 minutes, unseen because the level alarm was muted.", 7, "Who muted it, and why?"), ("The pump ran dry for 40 minutes; the level alarm had been muted for the tank cleaning of 3 May.", 8, "Add what changes now."), ("… muted for the tank cleaning; mutes now end by themselves after 8 h.", 9, "Good, publish.")), 1):
        steps += [llm(f"Draft {number}: {draft}", agent="writer"), llm(f"{score}/10. {remark}", agent="critic")]
    yield Draft("writer-and-critic-converge", [*steps, tool("publish", {"doc": "pump-failure"}, "published", agent="writer")])
    steps = []
    for claim, what, paid in (("C-771", "hail on a greenhouse", 2140), ("C-774", "a stolen trailer", 0), ("C-775", "water in a cellar", 860), ("C-779", "a broken shop window", 415), ("C-780", "a fire in a barn", 18200)):
        steps += [tool("transfer_to_assessor", {"claim": claim}, "accepted", agent="intake"), tool("assess", {"claim": claim}, f"{what}: {'not covered' if not paid else f'{paid} EUR covered'}", agent="assessor"), tool("transfer_to_payments", {"claim": claim}, "accepted", agent="assessor"), tool("settle", {"claim": claim, "amount_eur": paid}, "letter sent" if not paid else "paid", agent="payments"), tool("transfer_to_intake", {"claim": claim}, "closed", agent="payments")]
    yield Draft("claims-through-three-desks", steps)
    yield Draft("modules-typed-by-four-agents", sorted((part for n in range(4) for part in every([
        tool("read_file", {"path": f"core/{name}.py"}, f"{dice.randint(80, 300)} lines", agent=f"typer-{n}") if turn == 0 else tool("write_file", {"path": f"core/{name}.py", "diff": f"+ annotations for {dice.randint(4, 19)} functions"}, "ok", agent=f"typer-{n}") if turn == 1 else tool("mypy", {"path": f"core/{name}.py"}, "Success: no issues found in 1 source file", agent=f"typer-{n}")
        for name in (("dates", "money"), ("routes", "models"), ("events", "cache"), ("text", "units"))[n] for turn in range(3)], 9.0, 3.0, n * 1.7)), key=lambda part: float(part["start"])))


def conversations() -> Iterator[Draft]:
    """Several turns of a person, each with work of its own."""
    dice = drawn("conversations")
    yield Draft("order-changed-by-chat", [part for said, name, arguments, result, answer in (
        ("Hi, can you make order 55012 two lamps instead of one?", "order.update", {"order": 55012, "line": 1, "quantity": 2}, {"ok": True, "total": 118.0}, "Done, two lamps, 118.00."), ("And send it to my office.", "order.update", {"order": 55012, "ship_to": "office"}, {"ok": True, "total": 118.0}, "It goes to your office."), ("Is it gift wrapped?", "order.read", {"order": 55012}, {"gift": False, "lines": 1}, "Not yet. Shall I add it?"),
        ("Yes please", "order.update", {"order": 55012, "gift": True}, {"ok": True, "total": 121.5}, "It is wrapped now, 121.50."), ("Actually back to one lamp, sorry.", "order.update", {"order": 55012, "line": 1, "quantity": 1}, {"ok": True, "total": 62.5}, "One lamp again, 62.50."), ("When does it come?", "order.eta", {"order": 55012}, {"eta": "2026-05-21"}, "On 21 May.")) for part in (user(said), tool(name, arguments, result), llm(answer))])
    yield Draft("notebook-questions", [part for question, where, value in (("How many bikes were rented in July?", "month = 7", 6120), ("And in August?", "month = 8", 7344), ("Only at the station?", "month = 8 AND dock = 'station'", 2427), ("And at the harbour?", "month = 8 AND dock = 'harbour'", 1910), ("Same for July.", "month = 7 AND dock = 'harbour'", 1604), ("Weekends only?", "month = 7 AND dock = 'harbour' AND dow IN (0, 6)", 611)) for part in (
        user(question), tool("duckdb", {"sql": f"SELECT count(*) FROM rentals WHERE {where}"}, str(value)), llm(f"{value}."))])
    yield Draft("appointment-that-suits", [part for said, day, slots in (("I need to move my physio.", "2026-03-09", []), ("Then Tuesday?", "2026-03-10", []), ("Wednesday, perhaps?", "2026-03-11", []), ("Any time on Thursday?", "2026-03-12", ["07:30"]), ("Too early. Friday?", "2026-03-13", ["11:15", "14:00"])) for part in (
        user(said), tool("free_slots", {"therapist": "K. Aro", "date": day}, slots), llm("I am sorry, nothing is free that day. Which other day would suit you?" if not slots else f"Free: {', '.join(slots)}."))] + [user("11:15."), tool("book", {"therapist": "K. Aro", "at": "2026-03-13T11:15"}, "booked")])
    steps: list[Part] = []
    for said, edit, failed in (("The export test is red, can you look?", "encode the header as UTF-8", "2 failed: test_export, test_export_empty"), ("still red", "write the header even without rows", "1 failed: test_export"), ("still red on my side too", "use CRLF line ends as the fixture does", "1 failed: test_export"), ("hm, still red", "sort the columns before writing", "58 passed")):
        steps += [user(said), llm(f"I will {edit}."), tool("apply_edit", {"file": "export.go", "intent": edit}, "applied"), tool("go_test", {"package": "./export"}, failed)]
    yield Draft("pairing-on-a-red-test", [*steps, user("green, thanks!")])
    steps = []
    for host, mount, usage, biggest, cure in (("mx-1", "/var", 96, "/var/log", "journalctl --vacuum-time=7d"), ("db-7", "/srv", 91, "/srv/wal", "pg_archivecleanup /srv/wal 0000000100000A2F"), ("ci-3", "/", 98, "/home/ci", "docker system prune -af"), ("mx-2", "/var", 93, "/var/log", "journalctl --vacuum-time=7d")):
        steps += [user(f"ALERT DiskAlmostFull {host} {mount}"), tool("ssh", {"host": host, "command": f"df -h {mount} | tail -1"}, f"{usage}% {mount}"), tool("ssh", {"host": host, "command": f"du -xh --max-depth=2 {mount} | sort -h | tail -5"}, f"{dice.randint(50, 90)}G {biggest}"), tool("ssh", {"host": host, "command": cure}, f"freed {dice.randint(8, 40)}G"), llm(f"{host}: space is free again.")]
    yield Draft("night-of-full-disks", steps)
