"""Loops of the blind part: calls that bring nothing new, however they are worded."""
# Tables of what is said and answered: a row a line.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.cases.grammars.parts import Draft, Part, drawn, every, llm, tool, user


def same_in_new_numbers() -> Iterator[Draft]:
    """The same outcome, under another id, time or token."""
    dice = drawn("same in new numbers")
    yield Draft("stock-reservation", [user("Reserve 40 pallets of A-17 for Thursday."), tool("wms.stock", {"sku": "A-17"}, {"free": 12})] + [
        tool("wms.reserve", {"sku": "A-17", "pallets": 40}, None, error=json.dumps({"status": 409, "code": "INSUFFICIENT_STOCK", "free": 12, "requestId": f"{dice.getrandbits(64):016x}", "timestamp": f"2026-04-02T08:{n // 6:02d}:{n % 6 * 10 + dice.randint(0, 9):02d}.{dice.randint(100, 999)}Z"})) for n in range(9)], 3)
    yield Draft("empty-metric", [user("How busy is the new node?")] + [part for n in range(8) for part in (
        llm(("Let me look at the load of node-9.", "I will check the load of node-9.", "Now I look at the metric of node-9.")[n % 3]), tool("promql_instant", {"query": "node_load5{instance=\"node-9:9100\"}"}, {"status": "success", "data": {"resultType": "vector", "result": []}, "evaluated_at": 1771920000.0 + n * 4.37, "took_ms": dice.randint(2, 9)}))], 3)
    yield Draft("cookie-banner", [tool("goto", {"url": "https://tickets.example/tram"}, "<div id=consent>We value your privacy</div>")] + [
        tool("click", {"selector": "#buy"}, f"<html data-nonce='{dice.getrandbits(48):012x}'><div id=consent>We value your privacy</div><input name=csrf value='{dice.getrandbits(80):020x}'></html>") for _ in range(9)], 2)
    yield Draft("image-that-is-not-there", every([tool("set_image", {"deploy": "geo", "image": "geo:1.44"}, "deployment.apps/geo image updated"), tool("kubectl", {"args": "describe pod geo-58c"}, "Failed to pull image \"geo:1.44\": manifest unknown"), *(
        tool("kubectl", {"args": "get pods -l app=geo"}, f"NAME READY STATUS RESTARTS AGE\ngeo-58c 0/1 ImagePullBackOff 0 {age}s") for age in range(31, 31 + 14 * 5, 5))], 5), 3)
    yield Draft("waiting-in-a-closed-chat", [tool("chat_send", {"chat": "x-19", "text": "Could you send us a photo of the damage?"}, {"sent": False, "reason": "chat was closed by the customer"})] + [
        tool("chat_poll", {"chat": "x-19"}, {"now": f"2026-05-07T10:{n // 6:02d}:{n % 6 * 10:02d}Z", "state": "closed", "messages": []}) for n in range(41)], 2)
    steps: list[Part] = [user("Export the payroll journal of February.")]
    for _ in range(7):
        steps += [tool("oauth_token", {"scope": "journal.read"}, {"access_token": f"ey{dice.getrandbits(120):030x}", "expires_in": 3600}), tool("journal_export", {"month": "2026-02"}, None, error=f"403 insufficient_scope: requires payroll.admin (trace {dice.getrandbits(56):014x})")]
    yield Draft("new-token-same-scope", steps, 3)
    yield Draft("attempt-counter", [user("Charge the renewal of customer 8841.")] + [
        tool("charge", {"customer": 8841, "amount": 49.0, "attempt": n, "idempotency_key": f"{dice.getrandbits(64):016x}"}, {"outcome": "declined", "decline_code": "do_not_honor", "advice": "do not retry", "charge": f"ch_{dice.getrandbits(40):010x}"}) for n in range(1, 10)], 2)


def knobs() -> Iterator[Draft]:
    """One number or word is turned that has nothing to do with the fault."""
    dice = drawn("knobs")
    yield Draft("rate-of-an-unknown-currency", [user("What is 500 XTG in euro?")] + [tool("fx_rate", {"base": "XTG", "quote": "EUR", "date": f"2026-03-{day:02d}"}, {"error": "unsupported currency code XTG"}) for day in range(17, 5, -1)], 2)
    steps: list[Part] = [tool("shell", {"cmd": "docker start ingest"}, "ingest", start=0.0, end=1.0)]
    now = 2.0
    for seconds in (5, 10, 20, 30, 45, 60, 90):
        steps.append(tool("shell", {"cmd": f"sleep {seconds}"}, "", start=now, end=now + seconds))
        now += seconds + 4.0
        steps.append(tool("shell", {"cmd": "docker ps -a --filter name=ingest --format '{{.Status}}'; docker logs --tail 2 ingest"}, "Exited (1)\nValueError: INGEST_URL is not set", start=now - 3.0, end=now - 2.0))
    yield Draft("longer-sleeps-for-a-dead-container", steps, 3)
    yield Draft("seeds-out-of-memory", [part for seed in (1, 7, 13, 42, 99, 123, 2024, 31337) for part in (
        llm(f"I try again with seed {seed}."), tool("launch", {"script": "finetune.py", "batch_size": 64, "seed": seed}, None, error=f"torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 23.65 GiB of which {dice.uniform(0.9, 1.4):.2f} GiB is free."))], 3)
    yield Draft("patterns-for-what-is-not-there", [user("Where is applySurcharge defined?"), tool("rg", {"pattern": "applySurcharge", "path": "."}, "0 matches in 412 files")] + [
        tool("rg", {"pattern": pattern, "path": "."}, "0 matches in 412 files") for pattern in ("function applySurcharge", "applySurcharge\\(", "applySurcharge\\s*\\(", "const applySurcharge", "applySurcharge =", "def applySurcharge", "async applySurcharge", "\\bapplySurcharge\\b", "applySurcharge:")], 2)
    yield Draft("one-more-worker", [user("Import the patients of the closed practice."), *(tool("run_import", {"file": "patients.csv", "workers": workers}, None, error="line 1: column 'nhs_number' is missing") for workers in (4, 8, 2, 1, 16, 3, 6))], 2)


def new_words() -> Iterator[Draft]:
    """One question in other words, and nothing new in the answers."""
    dice = drawn("new words")
    yield Draft("policy-on-bereavement", [user("How many days off do I get when my aunt dies?")] + [
        tool("hr_search", {"query": query, "top_k": 2}, [{"title": "Leave of absence: overview", "score": round(dice.uniform(0.61, 0.74), 3)}, {"title": "How to book holidays", "score": round(dice.uniform(0.4, 0.6), 3)}]) for query in (
            "bereavement leave aunt", "compassionate leave extended family", "days off death of aunt", "leave after death of a relative aunt uncle", "bereavement policy days aunt", "funeral leave aunt number of days", "compassionate leave aunt entitlement", "how many days bereavement leave for an aunt")], 2)
    yield Draft("code-for-a-diagnosis", [user("Code the visit of this morning."), *(tool("coding_assistant", {"question": question}, "I am not certain. Please consult the tabular list.") for question in (
        "Which ICD-10 code fits a sprain of the left thumb, first visit?", "What is the ICD-10 code for a sprained left thumb at the initial encounter?", "Please give the ICD-10-CM code: left thumb sprain, initial encounter.", "Left thumb sprained, patient seen for the first time: which ICD-10 code applies?", "Could you tell me the diagnosis code for a sprain of the thumb on the left hand, initial visit?", "Initial encounter for left thumb sprain, ICD-10 code?", "I need the code in ICD-10 for spraining the left thumb, first consultation."))], 2)
    yield Draft("salary-nobody-publishes", [part for order in ("Find out what the managing director of Kvarn AB earned in 2025.", "Research the 2025 compensation of the managing director of Kvarn AB.", "Please look up the pay of Kvarn AB's managing director for 2025.", "What was the 2025 remuneration of the head of Kvarn AB? Research it.", "Determine how much Kvarn AB paid its managing director in 2025.", "Dig up the 2025 salary of the managing director at Kvarn AB.") for part in (
        tool("delegate", {"to": "researcher", "task": order}, dice.choice(("Kvarn AB is private and publishes no salaries.", "No figure is published; Kvarn AB is privately held.", "Salaries of Kvarn AB are not public.")), agent="manager"), llm("That does not answer it yet. I ask the researcher again.", agent="manager"))], 2)
    steps: list[Part] = [user("What does the Pro plan of Loftbase cost?")]
    for query in ("Loftbase Pro pricing", "Loftbase Pro plan cost", "price of Loftbase Pro", "Loftbase pricing Pro tier", "how much is Loftbase Pro", "Loftbase Pro plan price per month"):
        steps += [tool("web_search", {"q": query}, [{"url": "https://loftbase.example/pricing", "title": "Pricing - Loftbase"}]), tool("open_url", {"url": "https://loftbase.example/pricing"}, "<h1>Pricing</h1><p>Starter 9 EUR</p><p>Pro: contact sales</p>")]
    yield Draft("price-on-request", steps, 3)
    yield Draft("no-rows-in-other-sql", [user("Which tram had most faults on line 12 in 2019?"), tool("sql", {"q": "SELECT min(year), max(year) FROM faults"}, "2021|2025")] + [tool("sql", {"q": query}, "(0 rows)") for query in (
        "SELECT tram, count(*) FROM faults WHERE line = 12 AND year = 2019 GROUP BY tram", "SELECT tram, count(*) AS n FROM faults WHERE year = 2019 AND line = 12 GROUP BY 1 ORDER BY 2 DESC", "SELECT tram FROM faults WHERE line = 12 AND year = 2019", "SELECT f.tram, COUNT(f.id) FROM faults f WHERE f.line = '12' AND f.year = '2019' GROUP BY f.tram",
        "WITH x AS (SELECT * FROM faults WHERE year = 2019) SELECT tram, count(*) FROM x WHERE line = 12 GROUP BY tram", "SELECT tram, count(*) FROM faults WHERE line IN (12) AND year BETWEEN 2019 AND 2019 GROUP BY tram LIMIT 1", "SELECT * FROM faults WHERE line = 12 AND year = 2019 LIMIT 10")], 3)


def guesswork() -> Iterator[Draft]:
    """The same fault with other guesses, and malformed calls."""
    dice = drawn("guesswork")
    yield Draft("columns-by-guess", [user("List the overdue invoices with the customer's mail.")] + [
        tool("db_query", {"sql": f"SELECT i.no, c.{column} FROM invoices i JOIN customers c ON c.id = i.customer_id WHERE i.due < now()"}, None, error=f"psycopg.errors.UndefinedColumn: column c.{column} does not exist\nLINE 1: SELECT i.no, c.{column} FROM") for column in ("email", "mail", "e_mail", "email_address", "contact_email", "mail_address", "emailaddr", "primary_email")], 2)
    yield Draft("routes-by-guess", [tool("bash", {"command": f"curl -s -w '%{{http_code}}' http://scheduler.internal/{path}"}, '{"detail":"Not Found","see":"/openapi.json"}404') for path in ("api/jobs", "api/v1/jobs", "api/v2/jobs", "jobs", "v1/jobs", "rest/jobs", "api/job/list", "api/jobs/all", "jobs.json", "scheduler/jobs")], 1)
    yield Draft("paths-after-find-said-no", [tool("bash", {"command": "find / -name 'settings.toml' 2>/dev/null"}, "")] + [
        tool("bash", {"command": f"cat {path}"}, f"cat: {path}: No such file or directory") for path in ("/etc/app/settings.toml", "/app/settings.toml", "/app/config/settings.toml", "/opt/app/settings.toml", "/srv/app/settings.toml", "/usr/local/etc/settings.toml", "/root/settings.toml", "/home/app/settings.toml", "/app/src/settings.toml")], 2)
    yield Draft("service-levels-by-guess", [tool("parcel.quote", {"from": "LUX", "to": "TLL", "kg": 4, "service": level}, {"error": "invalid_enum", "field": "service", "allowed": ["ECO", "PRIO24"]}) for level in ("express", "EXPRESS", "next_day", "NEXTDAY", "standard", "Priority", "overnight", "fast")], 1)
    yield Draft("flags-by-guess", [part for flag in ("--dry", "--dryrun", "--check", "--simulate", "--no-act", "--preview", "--test") for part in (
        llm("I will do a dry run first."), tool("exec", {"cmd": f"dbshift apply {flag} 0042"}, None, error=f"Error: unknown flag: {flag}\nSee 'dbshift apply --help'."))], 3)
    steps: list[Part] = []
    for spaces, line in ((4, 118), (2, 118), (8, 118), (4, 117), (4, 119), (6, 118), (3, 118)):
        steps += [tool("apply_patch", {"patch": f"@@ -{line},2 +{line},2 @@\n{' ' * spaces}total = net\n-{' ' * spaces}return total\n+{' ' * spaces}return round(total, 2)"}, None, error=f"error: patch failed: billing/sum.py:{line}\nerror: hunk #1 does not apply"), llm(dice.choice(("The indentation seems to differ.", "I adapt the context of the patch.", "Perhaps the line moved.")))]
    yield Draft("hunk-does-not-apply", steps, 2)
    yield Draft("trailing-commas", [tool("create_event", text, None, error=f"json.decoder.JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column {len(text)} (char {len(text) - 1})") for text in (
        '{"title": "Stand-up",}', '{"title": "Stand-up", "at": "09:00",}', '{"title": "Standup", "at": "09:00",}', '{"title": "Stand-up", "at": "9:00", }', '{"at": "09:00", "title": "Stand-up",}', '{"title": "Daily stand-up", "at": "09:00",}', '{"title": "Daily stand-up", "at": "09:00", "room": "2",}', '{"room": "2", "title": "Daily stand-up", "at": "09:00",}')], 1)
    yield Draft("calls-as-prose", [user("Turn the heating of room 4 down to 18.")] + [part for text in ("<call>set_temp(room=4, value=18)</call>", "<tool>set_temp 4 18</tool>", "<call name=set_temp>room 4, 18 degrees</call>", "set_temp(4, 18)", "<call>set_temp(4, 18)</call>", "<function>set_temp(room=4)</function>") for part in (
        llm(text), user("No tool call was found in your answer. Use the function interface."))], 3)
    yield Draft("without-the-patient", [tool("read_chart", {}, None, error="1 validation error for ReadChart\npatient_id\n  Field required [type=missing, input_value={}, input_type=dict]") for _ in range(9)], 1)


def half_hours() -> Iterator[Draft]:
    """Loops that are easy to miss because each call comes half an hour after the last."""
    dice = drawn("half hours")
    yield Draft("folder-of-the-wrong-year", every([tool("sftp_list", {"host": "partner", "path": "/"}, "inbound  outbound-2026"), *(tool("sftp_get", {"host": "partner", "path": "/outbound-2025/stock.csv"}, None, error="[Errno 2] No such file: /outbound-2025/stock.csv") for _ in range(10))], 1800), 2)
    yield Draft("fax-to-a-dead-number", every([user("Fax the referral to Dr Beck."), *(tool("send_fax", {"to": "+49 30 5550 118", "pages": 2}, {"status": "failed", "reason": "number not in service", "job": dice.randint(70000, 79999)}) for _ in range(9))], 1830), 2)
    yield Draft("unlock-that-was-refused", every([part for _ in range(6) for part in (tool("lab_portal", {"action": "login", "user": "ward7"}, None, error="account locked"), tool("helpdesk", {"request": "unlock ward7"}, "refused: the account has left the organisation"))], 1750), 2)
    yield Draft("restart-as-medicine", every([part for n in range(7) for part in (tool("alert_state", {"name": "QueueLag"}, {"state": "firing", "lag": 18210 + n * 700 + dice.randint(0, 400)}), tool("restart", {"service": "consumer"}, f"restarted, pid {dice.randint(900, 32000)}"), llm("I restarted the consumer, the lag should fall now."))], 600), 3)
    yield Draft("badge-printer-offline", every([user("Print a badge for Ms Ruiz."), *(tool("print_badge", {"visitor": "Ruiz", "printer": "LOBBY-2"}, f"job {dice.randint(100, 999)} rejected: printer LOBBY-2 was removed from service on 3 March") for _ in range(8))], 1800), 2)
