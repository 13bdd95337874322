"""Healthy sessions of the blind part: lists, pages, documents, and waits."""
# Tables of what is said and answered: a row a line.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from tests.cases.grammars.parts import Draft, Part, drawn, every, llm, tool, user


def desks() -> Iterator[Draft]:
    """One thing after the other from a list."""
    dice = drawn("desks")
    steps: list[Part] = [user("Work through the refund queue. Approve what is under 50 EUR and inside 30 days, decline the rest politely.")]
    for name, item, eur, days in (("Okafor", "desk lamp", 34, 12), ("Lindgren", "bath mat", 18, 41), ("Haddad", "kettle", 47, 3), ("Moreau", "coat rack", 89, 9), ("Tanaka", "door stop", 6, 28), ("Silva", "duvet", 120, 35), ("Novak", "towel set", 44, 30)):
        number = dice.randint(81000, 81999)
        steps.append(tool("ticket.read", {"ticket": number}, {"ticket": number, "customer": name, "item": item, "amount_eur": eur, "days_since_delivery": days, "status": "open"}))
        if eur < 50 and days <= 30:
            steps.append(tool("refund.approve", {"ticket": number, "amount_eur": eur}, {"ok": True, "refund": f"RF-{dice.randint(1000, 9999)}"}))
        else:
            steps.append(tool("ticket.reply", {"ticket": number, "text": f"Dear {name}, thank you for writing about the {item}. We are sorry that we cannot refund it under our terms."}, {"ok": True}))
    yield Draft("refund-queue", [*steps, llm("Four approved, three declined.")])
    steps = [user("Screen the new suppliers against the sanctions list.")]
    for second, name in enumerate(("Baltic Timber OU", "Harrow & Pike Ltd", "Sonnleitner KG", "Aciers du Nord SA", "Minas Verdes SpA", "Kestrel Freight LLC", "Oranje Lijn BV", "Pelagos Shipping SA", "Tatra Foods sro", "Vento Energia SpA", "Zephyr Parts GmbH")):
        steps.append(tool("screen_entity", {"name": name, "lists": ["EU", "OFAC", "UN"], "threshold": 0.85}, {"matches": [], "screened_at": f"2026-02-11T09:14:{second * 3 + 2:02d}Z"}))
    yield Draft("supplier-sanctions", [*steps, llm("None of the eleven suppliers is on a list.")])
    goods = (("bicycle bell", "8306.10"), ("wool felt", "5602.21"), ("ceramic kiln", "8514.19"), ("paraffin candle", "3406.00"), ("violin string", "9209.30"), ("cork stopper", "4503.10"), ("glass bead", "7018.10"), ("rubber seal", "4016.93"), ("brass hinge", "8302.10"), ("paper bag", "4819.40"), ("linen yarn", "5306.10"), ("garden shears", "8201.60"))
    yield Draft("tariff-codes", [part for what, code in goods for part in (
        tool("http_get", {"url": f"https://tariff.example/search?q={what.replace(' ', '+')}"}, f"<table class='hits'><tr><td>{code}</td><td>{what}</td><td>duty {dice.randint(0, 12)} %</td></tr></table>"),
        tool("sheet_set", {"cell": f"D{goods.index((what, code)) + 2}", "value": code}, "ok"))])
    yield Draft("eligibility-before-clinic", [user("Check cover of everyone in tomorrow's clinic."), tool("clinic_list", {"date": "2026-03-04", "clinic": "derm-2"}, [f"MB{n * 7919 % 900000 + 100000}" for n in range(1, 13)]), *(
        tool("eligibility_270", {"member": f"MB{n * 7919 % 900000 + 100000}", "service": "98"}, {"status": "active" if n != 8 else "terminated 2026-01-31", "copay_usd": 25}) for n in range(1, 13)), llm("One of twelve has no cover since January.")])
    paths = ("", "pricing", "docs", "docs/install", "docs/upgrade", "docs/backup", "docs/faq", "blog", "blog/2024-review", "blog/new-office", "about", "jobs", "jobs/sre", "legal/terms", "legal/privacy", "status", "contact", "press")
    yield Draft("links-of-the-site", [tool("shell", {"cmd": f"curl -sI -o /dev/null -w '%{{http_code}} %{{time_total}}' https://www.quayside.example/{path}"}, f"{'404' if path == 'blog/new-office' else '200'} 0.{dice.randint(80, 410):03d}") for path in paths] + [llm("One dead link: /blog/new-office.")])
    steps = [user("Tag the photos of the site visit with what they show."), tool("ls", {"path": "/visits/0212"}, "\n".join(f"IMG_{n}.jpg" for n in range(4410, 4426)))]
    steps += [tool("describe_image", {"path": f"/visits/0212/IMG_{n}.jpg"}, what) for n, what in zip(range(4410, 4426), ("scaffold", "scaffold", "scaffold", "roof", "roof", "gutter", "scaffold", "blurred", "roof", "blurred", "door", "scaffold", "scaffold", "roof", "roof", "sign"), strict=True)]
    yield Draft("site-photos", [*steps, tool("write_tags", {"album": "0212", "count": 16}, "saved")])


def turning_pages() -> Iterator[Draft]:
    """Pages, windows and prefixes of which most have nothing."""
    dice = drawn("turning pages")
    cursors = [f"eyJr{dice.getrandbits(64):016x}" for _ in range(14)]
    hits = {4: ["iam.role.attach by svc-legacy"], 11: ["kms.key.disable by r.oduya"]}
    yield Draft("audit-trail-cursors", [user("Who changed permissions last weekend?")] + [
        tool("audit_events", {"filter": "severity>=HIGH", "cursor": cursors[n]}, {"scanned": 500, "events": hits.get(n, []), "next": cursors[n + 1] if n < 12 else None}) for n in range(13)] + [llm("Two events: a role attached by svc-legacy, and a key disabled by r.oduya.")])
    steps: list[Part] = []
    for last in range(0, 110_000, 10_000):
        found = dice.choice(((), (), (dice.randint(last + 1, last + 9000),)))
        steps.append(tool("run_sql", {"sql": f"SELECT id FROM shipments WHERE id > {last} AND id <= {last + 10000} AND weight_kg < 0 ORDER BY id"}, "\n".join(["id", *map(str, found), f"({len(found)} rows)"])))
    yield Draft("negative-weights-by-key-range", [tool("run_sql", {"sql": "SELECT max(id) FROM shipments"}, "109442"), *steps, llm("These are all shipments with a negative weight.")])
    yield Draft("partitions-of-a-bucket", [tool("aws", {"args": f"s3 ls s3://telemetry-raw/site=harbour/day=2026-01-{day:02d}/ --summarize"}, "Total Objects: 0\nTotal Size: 0" if day in (3, 4, 10, 11, 17, 18) else f"Total Objects: {dice.randint(20, 28)}\nTotal Size: {dice.randint(10**7, 10**8)}") for day in range(1, 21)] + [llm("No data at the weekends only, so nothing was lost.")])
    yield Draft("journal-in-byte-ranges", [user("The file is 2.4 MB, find every 'checksum mismatch' in it."), *(
        tool("read_bytes", {"path": "/var/log/replicator.log", "offset": offset, "length": 262144}, f"262144 bytes, {'1 line' if offset in (786432, 1835008) else 'no line'} with 'checksum mismatch'" + (f": [{dice.randint(10, 23)}:{dice.randint(10, 59)}] block {dice.randint(100, 999)}" if offset in (786432, 1835008) else "")) for offset in range(0, 2359297, 262144)), llm("Two mismatches, in different blocks.")])
    yield Draft("inbox-folders-for-a-contract", [tool("mail_list", {"folder": folder, "has_attachment": True, "from": "legal@carrow.example"}, {"count": count, "messages": [f"m-{dice.randint(10**5, 10**6)}" for _ in range(count)]}) for folder, count in (("Inbox", 0), ("Inbox/2025", 0), ("Inbox/2024", 1), ("Archive", 0), ("Sent", 0), ("Projects/Quay", 0), ("Projects/Mill", 2))] + [llm("The signed one is in Projects/Mill.")])


def documents() -> Iterator[Draft]:
    """Map over documents, then reduce."""
    dice = drawn("documents")
    notes = ("Margins fell because of freight.", "Management expects the plant in Bilbao to open in May.", "Two analysts ask about the debt covenant.", "The covenant was waived until the third quarter.", "Guidance for sales is unchanged.", "A question on the lost tender is not answered.", "The buyback is paused.", "Closing remarks; the next call is on 6 August.")
    steps: list[Part] = [user("Summarise the earnings call.")]
    for n, note in enumerate(notes, 1):
        steps += [tool("load_chunk", {"doc": "q1-call.txt", "chunk": n, "of": 8}, f"[{dice.randint(700, 1100)} words of the transcript, part {n}]"), llm(f"Chunk {n}: {note}", input_tokens=dice.randint(1500, 2100), output_tokens=dice.randint(12, 40))]
    yield Draft("earnings-call-in-chunks", [*steps, llm("Summary: freight weighs on margins, guidance stays, the buyback is paused and the covenant is waived.")])
    steps = []
    for n in range(1, 11):
        steps += [tool("ocr", {"file": f"consent_{n:03d}.pdf"}, f"CONSENT TO TREATMENT. Name: [redacted {dice.randint(100, 999)}]. Signed: yes. Witness: {'none' if n == 6 else 'yes'}."), tool("extract", {"file": f"consent_{n:03d}.pdf", "fields": ["signed", "witness", "expiry"]}, {"signed": True, "witness": n != 6, "expiry": None})]
    yield Draft("consent-forms", [*steps, llm("All are signed, number 6 has no witness, none states an expiry.")])
    clauses = ("termination", "liability cap", "governing law", "assignment", "confidentiality", "payment term", "audit right")
    answers = ("90 days", "twelve months of fees", "Ireland", "not found", "5 years", "30 days net", "not found")
    yield Draft("one-contract-many-clauses", [tool("ask_document", {"document": "msa-2019.pdf", "question": f"What does the contract say about the {clause}?"}, answer) for clause, answer in zip(clauses, answers, strict=True)] + [tool("fill_table", {"rows": 7}, "saved")])
    steps = [user("Which of the incident reviews of last year name an expired certificate as the cause?")]
    steps += [tool("fetch", {"url": f"https://wiki.example/incidents/2025-{n:02d}"}, f"<h1>Incident 2025-{n:02d}</h1><p>{cause}</p>") for n, cause in enumerate(("Disk full on the queue host.", "A deploy without its migration.", "The certificate of the mail relay had expired.", "Provider outage, no action.", "A cron job deleted live data.", "Memory leak in the renderer.", "The certificate of the partner gateway had expired.", "Wrong firewall rule.", "Failover did not start.", "Quota of the map service reached."), 1)]
    yield Draft("reviews-of-incidents", [*steps, llm("Two: 2025-03 and 2025-07.")])


def patience() -> Iterator[Draft]:
    """Long jobs whose state moves, looked at in good intervals."""
    dice = drawn("patience")
    lines = ("state=starting", "state=running stage 0/6 tasks 14/200", "state=running stage 0/6 tasks 161/200", "state=running stage 2/6 tasks 40/200", "state=running stage 3/6 tasks 12/200", "state=running stage 3/6 tasks 12/200", "state=running stage 5/6 tasks 190/200", "state=success")
    yield Draft("spark-batch", every([tool("post", {"url": "http://livy:8998/batches", "json": {"file": "s3://jobs/dedupe.py"}}, {"id": 42}), *(tool("get", {"url": "http://livy:8998/batches/42"}, line) for line in lines)], 75))
    steps: list[Part] = [tool("dns_update", {"name": "api.quayside.example", "A": "203.0.113.9"}, "change accepted, TTL 300", start=0.0, end=2.0)]
    for ttl in (288, 226, 164, 102, 40):
        now = 300.0 - ttl
        steps += [tool("sh", {"cmd": "dig +noall +answer api.quayside.example @9.9.9.9"}, f"api.quayside.example. {ttl} IN A 198.51.100.4", start=now, end=now + 1.0), tool("sh", {"cmd": "sleep 60"}, "", start=now + 1.5, end=now + 61.5)]
    yield Draft("dns-until-the-ttl-is-over", [*steps, tool("sh", {"cmd": "dig +noall +answer api.quayside.example @9.9.9.9"}, "api.quayside.example. 300 IN A 203.0.113.9", start=322.0, end=323.0), llm("The new address is out.", start=324.0, end=326.0)])
    jobs = ("lint queued, unit queued, e2e queued", "lint in_progress, unit in_progress, e2e queued", "lint success, unit in_progress, e2e queued", "lint success, unit success, e2e in_progress", "lint success, unit success, e2e in_progress", "lint success, unit success, e2e success")
    yield Draft("pipeline-of-a-branch", every([tool("git_push", {"branch": "fix/late-fee"}, "pushed 3f9e21a"), *(tool("pipeline_show", {"sha": "3f9e21a"}, state) for state in jobs), tool("merge", {"branch": "fix/late-fee"}, "merged")], 90))
    yield Draft("archive-restored-from-tape", every([user("Restore the 2017 ledger from the archive tier."), tool("restore_object", {"key": "ledger/2017.parquet", "tier": "Standard"}, "restore requested, usually takes 3 to 5 hours"), llm("I look every half hour."), *(
        tool("head_object", {"key": "ledger/2017.parquet"}, 'x-restore: ongoing-request="true"') for _ in range(7)), tool("head_object", {"key": "ledger/2017.parquet"}, 'x-restore: ongoing-request="false", expiry-date="Fri, 20 Mar 2026"'), tool("download", {"key": "ledger/2017.parquet"}, "812 MB")], 1800))
    yield Draft("replica-catches-up", every([tool("sql", {"q": "SELECT round(extract(epoch FROM now() - pg_last_xact_replay_timestamp()))"}, str(lag)) for lag in (4810, 4402, 3990, 3991, 3217, 2514, 1760, 902, 333, 41, 1)] + [tool("promote", {"host": "db-3"}, "promoted")], 120))
    events = ("gate-in 07:12", "gate-in 07:12; loaded 15:40", "gate-in 07:12; loaded 15:40", "gate-in 07:12; loaded 15:40; vessel departed 22:05", "…; customs hold 06:30", "…; customs hold 06:30; documents requested", "…; customs released 11:02")
    yield Draft("container-on-its-way", every([tool("track", {"container": "MSKU6011672"}, {"events": event, "checked": f"{n * 3 % 24:02d}:00"}) for n, event in enumerate(events)] + [tool("notify", {"to": "consignee", "text": "released"}, "sent")], 10800))
    yield Draft("vacuum-of-a-big-table", every([tool("psql", {"command": "SELECT phase, heap_blks_scanned, heap_blks_total FROM pg_stat_progress_vacuum"}, f"{phase} | {done} | 918204") for phase, done in [("scanning heap", 90000 + 131000 * n + dice.randint(0, 9000)) for n in range(6)] + [("vacuuming indexes", 918204), ("vacuuming indexes", 918204), ("vacuuming heap", 918204)]] + [tool("psql", {"command": "SELECT phase, heap_blks_scanned, heap_blks_total FROM pg_stat_progress_vacuum"}, "(0 rows)"), llm("The vacuum has ended.")], 240))
