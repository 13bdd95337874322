"""Loops of one agent over its tools: the same call, or one that only looks new."""
# Tables of what is said and answered: a row a line.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from tests.cases.grammars.parts import Draft, Part, drawn, every, llm, tool, user


def volatile() -> Iterator[Draft]:
    """The same call, whose result differs in times and ids only."""
    dice = drawn("volatile")
    stamp = [f"2026-04-11T09:{10 + n:02}:{dice.randint(10, 59)}.{dice.randint(100, 999)}Z" for n in range(12)]
    ids = [f"{dice.getrandbits(64):016x}" for _ in range(12)]
    yield Draft("seat-hold", [
        user("Hold seat 14C for me."),
        *(tool("hold_seat", {"seat": "14C"}, {"state": "not_held", "reason": "fare class closed", "requestId": ids[n], "at": stamp[n]}) for n in range(9)),
    ], 2)
    yield Draft("dns-record", [user("Which address does shop.example have?")] + [
        part for n in range(8)
        for part in (llm("Let me check the record once more."), tool("sh", {"command": "dig +noall +answer +stats shop.example"},
                     f"shop.example. 300 IN A 192.0.2.7\n;; Query time: {dice.randint(1, 40)} msec\n;; WHEN: Sat Apr 11 09:{10 + n}:07 UTC 2026"))
    ], 4)
    yield Draft("x-ray-lookup", [
        tool("find_image", {"patient": 8817, "study": "thorax"}, f"[{stamp[n]}] trace={ids[n]} 0 images found (took {dice.randint(3, 90)} ms)") for n in range(10)
    ], 1)
    yield Draft("build-log-tail", [
        tool("tail_log", {"build": 4410}, f"pid {dice.randint(2000, 9000)}: ERROR linker: symbol crc32 not found (session {ids[n][:8]}-{ids[n][8:12]}-4a1b-8c2d-{ids[n - 1][:12]})") for n in range(7)
    ], 1)
    yield Draft("crane-hook", [
        tool("lower_hook", {"crane": "K3"}, {"crane": "K3", "done": False, "why": "brake engaged by the operator", "seq": 90_112 + n, "ts": 1_775_898_000 + 61 * n}) for n in range(11)
    ], 1)


def rephrased() -> Iterator[Draft]:
    """One question in other words; the answers bring nothing new."""
    yield Draft("warranty-terms", [
        user("Does the warranty cover rust?"),
        *(tool("kb_search", {"query": query}, "No articles found.") for query in (
            "warranty rust coverage", "does warranty cover rust", "rust covered by warranty", "warranty coverage for rust damage", "rust damage warranty terms",
            "is rust covered under the warranty", "warranty terms rust damage coverage", "rust warranty")),
    ], 2)
    yield Draft("mayor-birthplace", [
        tool("web_search", {"query": query}, f"No results containing all of: {query}") for query in (
            "birthplace of mayor Elin Skovgaard", "where was mayor Elin Skovgaard born", "Elin Skovgaard mayor place of birth", "mayor Elin Skovgaard birthplace town",
            "Elin Skovgaard born where mayor", "town of birth of mayor Elin Skovgaard")
    ], 1)
    same = "Top hit: Overview of galaxy clusters (1998). Abstract: We review what is known of galaxy clusters."
    yield Draft("same-paper-again", [
        part for query in (
            "mass of galaxy cluster Abell 3391 from weak lensing", "weak lensing mass estimate Abell 3391", "Abell 3391 cluster mass lensing measurement",
            "lensing mass measurement of the cluster Abell 3391", "Abell 3391 weak gravitational lensing mass", "estimate of the mass of Abell 3391 by weak lensing")
        for part in (llm("I should search with better words."), tool("paper_search", {"text": query}, same))
    ], 3)
    yield Draft("shipping-label-help", [
        tool("ask_docs", {"question": question}, {"answers": [], "question": question}) for question in (
            "How do I print a shipping label for a pallet?", "How can I print the shipping label of a pallet?", "What are the steps to print a shipping label for pallets?",
            "Where do I print a pallet shipping label?", "How to print pallet shipping labels?", "How is a shipping label printed for a pallet?")
    ], 1)
    yield Draft("error-code-meaning", [
        tool("search_manual", {"q": q}, "see chapter 4") for q in (
            "E47 error meaning boiler", "boiler error E47 meaning", "what does boiler error E47 mean", "meaning of E47 on the boiler display", "E47 boiler code explanation",
            "boiler display E47 what does it mean", "boiler fault code E47")
    ], 1)


def drifting() -> Iterator[Draft]:
    """Only a number moves, and nothing new comes of it."""
    yield Draft("past-the-end", [
        user("List all open claims."),
        *(tool("list_claims", {"state": "open", "offset": offset, "limit": 25}, [f"C-{offset + k}" for k in range(3)]) for offset in (0, 25, 50)),
        *(tool("list_claims", {"state": "open", "offset": offset, "limit": 25}, []) for offset in range(75, 500, 25)),
    ], 5)
    yield Draft("wider-context", [
        tool("sh", {"command": f"grep -n -A{n} 'void settle(' ledger.cc"}, "112:void settle(Batch& batch);") for n in (5, 10, 20, 40, 80, 160, 320, 900)
    ], 1)
    yield Draft("rising-limit", [
        tool("search_messages", {"from": "harbour office", "limit": limit}, {"total": 2, "messages": ["berth 9 free", "berth 9 taken"]}) for limit in (10, 20, 50, 100, 200, 500, 1000, 2000)
    ], 1)
    yield Draft("earlier-and-earlier", [
        tool("query_events", {"sensor": "door 6", "since": f"2026-0{month}-01"}, "sensor door 6 is unknown, no events") for month in (6, 5, 4, 3, 2, 1)
    ] + [tool("query_events", {"sensor": "door 6", "since": f"20{year}-01-01"}, "sensor door 6 is unknown, no events") for year in (25, 24, 23, 22, 20, 15, 10)], 1)
    yield Draft("longer-timeout", [
        tool("fetch", {"url": "https://tides.example/api/now", "timeout_s": seconds}, None, error="connection refused") for seconds in (5, 10, 20, 30, 60, 90, 120, 300)
    ], 1)
    yield Draft("more-zoom", [
        tool("look_at_map", {"lat": 55.4, "lon": 10.4, "zoom": zoom}, "sea, no features") for zoom in (8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18)
    ], 1)


def hallucinated_params() -> Iterator[Draft]:
    """A call that fails for parameters which the tool does not have, with others each time."""
    yield Draft("book-room", [
        user("Book the small meeting room for Thursday."),
        *(tool("book_room", arguments, None, error=f"TypeError: book_room() got an unexpected keyword argument '{list(arguments)[-1]}'") for arguments in (
            {"room": "small", "when": "Thursday"}, {"room": "small", "date": "Thursday"}, {"room": "small", "day": "Thursday"}, {"room": "small", "weekday": "Thu"},
            {"room": "small", "date_time": "Thursday 10:00"}, {"room": "small", "slot": "Thursday"}, {"room": "small", "on": "Thursday"})),
    ], 2)
    yield Draft("patient-filter", [
        tool("list_patients", arguments, f"Error: unknown field \"{next(iter(arguments))}\". See the schema.") for arguments in (
            {"filter": "ward=3"}, {"where": {"ward": 3}}, {"query": "ward:3"}, {"conditions": [{"ward": 3}]}, {"filters": {"ward": "3"}}, {"by": "ward", "value": 3}, {"ward_filter": 3})
    ], 1)
    yield Draft("freight-quote", [
        part for arguments in (
            {"from": "Aarhus", "to": "Riga", "weight": "20t"}, {"from": "Aarhus", "to": "Riga", "weight_t": 20}, {"from": "Aarhus", "to": "Riga", "mass": 20000}, {"from": "Aarhus", "to": "Riga", "load": "20 tonnes"},
            {"from": "Aarhus", "to": "Riga", "cargo": {"weight": 20}}, {"from": "Aarhus", "to": "Riga", "tonnage": 20})
        for part in (llm("The parameter must have another name."), tool("quote_freight", arguments, None, error="422 Unprocessable Entity: field required: weight_kg"))
    ], 3)
    yield Draft("telescope-mode", [
        tool("set_instrument", {"mode": mode}, None, error=f"invalid mode '{mode}': must be one of M1, M2, M7") for mode in (
            "spectroscopy", "spectrograph", "long-slit", "high-resolution", "echelle", "imaging", "low-resolution", "fibre")
    ], 1)


def malformed_json() -> Iterator[Draft]:
    """Arguments that are no JSON, again and again."""
    wrapped: tuple[dict[str, object], ...] = (
        {"": ""}, {"": {}}, {"input": ""}, {"arguments": {"nurse": "Ida"}}, {"input": "{\"nurse\": \"Ida\"}"}, {"params": {"nurse": "Ida"}}, {"kwargs": "nurse=Ida"})
    yield Draft("unterminated", [
        tool("save_report", '{"title": "Q2", "body": "Sales rose' + " and rose" * n, None, error=f"Unterminated string starting at: line 1 column {25 + n} (char {24 + n})") for n in range(7)
    ], 1)
    yield Draft("single-quotes", [
        tool("add_event", text, "Invalid JSON in arguments: Expecting property name enclosed in double quotes") for text in (
            "{'title': 'audit'}", "{title: 'audit'}", "{'title': \"audit\"}", "{title: audit}", "{'title': 'audit',}", "{`title`: `audit`}")
    ], 1)
    yield Draft("truncated-patch", [
        part for n in range(6)
        for part in (llm("The patch was cut off, I will send it again."), tool("apply_patch", '{"patch": "*** Begin Patch\\n*** Update File: engine.pas\\n@@\\n-begin' + "\\n-x := 0;" * (40 + n), None, error="could not parse tool arguments as JSON: unexpected end of input"))
    ], 3)
    yield Draft("wrapped-twice", [
        tool("create_shift", arguments, None, error="ValidationError: 1 validation error for CreateShift: nurse: Field required") for arguments in wrapped
    ], 1)


def retry_forbidden() -> Iterator[Draft]:
    """Retries of what is forbidden for good."""
    yield Draft("payroll-export", every([
        tool("export_payroll", {"month": "2026-05"}, None, error="403 Forbidden: role 'clerk' may not export payroll") for _ in range(14)], 2), 1)
    yield Draft("bucket-policy", [
        part for n in range(8)
        for part in (llm(("I will try again.", "Perhaps it was a glitch.")[n % 2]), tool("put_object", {"bucket": "court-files", "key": "index.html"}, f"AccessDenied (RequestId: 7F{n}A{n * 37 % 10}C)"))
    ], 3)
    yield Draft("many-paths-denied", [
        tool("sh", {"command": command}, None, error="permission denied") for command in (
            "cat /etc/gateway/key.pem", "less /etc/gateway/key.pem", "head /etc/gateway/key.pem", "cp /etc/gateway/key.pem /tmp", "base64 /etc/gateway/key.pem", "xxd /etc/gateway/key.pem",
            "dd if=/etc/gateway/key.pem", "tail -n 99 /etc/gateway/key.pem")
    ], 1)
    yield Draft("captcha-page", [
        tool("open_page", {"url": f"https://registry.example/company/4417{suffix}"}, "403 – please prove that you are human") for suffix in (
            "", "?lang=en", "/", "/index.html", "?print=1", "#top", "?v=2", "/overview")
    ], 1)


def tool_not_found() -> Iterator[Draft]:
    """Calls of tools that do not exist."""
    yield Draft("names-at-random", [
        tool(name, {"text": "Dear Ms Holm"}, None, error=f"Tool '{name}' not found. Available tools: draft_letter, list_letters") for name in (
            "send_mail", "send_email", "email", "mail_send", "post_letter", "letter_send", "deliver")
    ], 1)
    yield Draft("same-missing-tool", [
        part for _ in range(7) for part in (llm("I use the calculator."), tool("calculator", {"expression": "17*23"}, "Error: no such tool: calculator"))
    ], 3)
    yield Draft("missing-command", [
        tool("sh", {"command": command}, None, error=f"bash: {command.split()[0]}: command not found") for command in (
            "psql -l", "psql --list", "psql -U admin -l", "psql -h localhost -l", "psql postgres -l", "psql -d postgres -c '\\l'")
    ], 1)
    yield Draft("missing-method", [
        tool("mcp_call", {"server": "atlas", "method": method}, {"error": {"code": -32601, "message": "Method not found"}}) for method in (
            "tiles/list", "tiles/get", "tiles/all", "map/tiles", "list_tiles", "tiles.list", "getTiles")
    ], 1)


def edit_never_applies() -> Iterator[Draft]:
    """A change that is refused, or changes nothing, again and again."""
    failing = "1 failed: test_rounds_half_even"
    yield Draft("old-text-missing", [
        part for n in range(6)
        for part in (
            tool("replace", {"file": "money.kt", "old": ("return x.round()", "return x.round( )", "  return x.round()", "return x.round();", "return  x.round()", "\treturn x.round()")[n], "new": "return x.halfEven()"}, None, error="old text not found in money.kt"),
            tool("run_tests", {"module": "money"}, failing),
        )
    ], 2)
    yield Draft("patch-context", [
        part for n in range(5)
        for part in (
            tool("read", {"path": "berths.sql"}, "SELECT berth FROM plan;"),
            tool("apply_patch", {"patch": f"@@ -{n + 1},3 +{n + 1},4 @@\n-SELECT berths\n+SELECT DISTINCT berth"}, None, error="patch does not apply: context mismatch"),
            llm("The context was wrong, I read the file again."),
        )
    ], 3)
    yield Draft("saved-but-unchanged", [
        part for _ in range(7)
        for part in (tool("set_field", {"record": 71, "field": "discharge", "value": "2026-03-02"}, "0 rows changed"), tool("get_field", {"record": 71, "field": "discharge"}, "null"))
    ], 2)
    yield Draft("no-op-edits", [
        part for _ in range(6)
        for part in (
            tool("edit", {"path": "deploy.yaml", "old": "replicas: 3", "new": "replicas: 3"}, "no changes made"),
            tool("sh", {"command": "kubectl rollout status deploy/shop"}, None, error="error: deployment exceeded its progress deadline"),
        )
    ], 2)


def half_hour() -> Iterator[Draft]:
    """One call every half hour, of an agent that nobody asked to watch."""
    request = user("Send the customs papers for container 5510 to the broker, then tell me.", start=0, end=1)
    yield Draft("customs-papers", [request, *every((tool("send_papers", {"container": 5510, "to": "broker"}, None, error="unknown recipient: broker") for _ in range(9)), 1800, 2, 5)], 2)
    yield Draft("find-recipe", every((tool("find_protocol", {"name": "staining B"}, "no protocol of that name") for _ in range(10)), 1800, 2), 1)
    yield Draft("rephrased-slowly", every((tool("ask_library", {"question": question}, "I do not know.") for question in (
        "Who owned the paper mill at Vejle in 1830?", "Who was the owner of the paper mill at Vejle in 1830?", "In 1830, who owned the Vejle paper mill?",
        "What is the name of the owner of the paper mill at Vejle in 1830?", "Who had the paper mill at Vejle in 1830?", "Owner of the Vejle paper mill in 1830?")), 2100, 3), 1)
    parts: list[Part] = []
    for _ in range(7):
        parts += [tool("read_sheet", {"sheet": "rota"}, "rota, week 23, 2 gaps"), tool("fill_gap", {"sheet": "rota", "gap": 3}, "there is no gap 3, nothing changed")]
    yield Draft("rota-gaps", every(parts, 1800, 4), 2)
