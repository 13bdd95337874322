"""Healthy work over many things: lists, rows, strings, dates, pages, shards."""
# Tables of what is said and answered: a row a line.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from tests.cases.grammars.parts import Draft, drawn, every, llm, together, tool, user

_CLAUSE_TASK = (
    "You are reading one supply agreement. Find the clause that limits the liability of {party}, say under which number it "
    "stands, what the cap is in the currency of the agreement, whether gross negligence is carved out, and quote the "
    "sentence that says so. If the agreement with {party} has no such clause, answer with the word none and nothing else. "
    "Do not comment on other clauses, and do not compare with other agreements."
)


def list_batches() -> Iterator[Draft]:
    """One tool over the items of a list, in one sentence with slots."""
    dice = drawn("stock")
    goods = ("brass door handles", "oak shelf boards", "linen curtains", "enamel mugs", "garden hoses", "wool blankets",
             "bicycle pumps", "paper lanterns", "cast iron pans", "cork boards", "copper kettles")
    yield Draft("warehouse-stock", [
        user("How much do we still have of the autumn assortment in the Venlo warehouse?"),
        *(tool("ask_warehouse", {"question": f"How many {item} are in stock in the Venlo warehouse?"},
               f"{dice.randint(0, 400)} pieces") for item in goods),
        llm("Here is the list; bicycle pumps and cork boards should be reordered."),
    ])
    drugs = ("metoprolol", "ramipril", "apixaban", "furosemide", "insulin glargine", "levothyroxine", "pantoprazole", "amlodipine")
    yield Draft("ward-medication", [
        tool("chart_search", {"patient": "ward 4 bed 2", "query": f"was the dose of {drug} changed between admission and discharge"},
             dice.choice(["Dose unchanged.", "Dose unchanged.", f"Reduced to {dice.randint(1, 9)} mg on day {dice.randint(2, 6)}."]))
        for drug in drugs
    ])
    parties = ("Norvik Metals", "Halden Glass", "Bruun & Sons", "Petersen Timber", "Kaldfoss Energy", "Lindal Foods", "Torvik Marine")
    yield Draft("liability-clauses", [
        user("Make a table of the liability caps in our supply agreements."),
        *(tool("clause_reader", {"task": _CLAUSE_TASK.format(party=party)},
               dice.choice(["none", f"Clause {dice.randint(8, 19)}.{dice.randint(1, 4)}; cap EUR {dice.randint(1, 9)}00,000; gross negligence "
                            f"carved out: \"Nothing herein limits what {party} owes for gross negligence.\""]))
          for party in parties),
    ])
    stars = ("V404 Lyr", "BW Vul", "RZ Cas", "AE Aqr", "TX Cam", "W Vir", "SS Cyg", "U Gem", "RR Tel", "Z And", "VV Cep", "R Sct")
    yield Draft("light-curves", [
        tool("archive_query", {"text": f"light curve of {star}, night of 12 March, variability above three sigma?"},
             "no variability above three sigma" if dice.random() < 0.7 else f"yes, {dice.randint(4, 9)} sigma at 02:{dice.randint(10, 59)}")
        for star in stars
    ])
    streets = ("Quay Road", "Mill Lane", "Abbey Street", "Tower Hill", "Station Road", "Elm Grove", "Castle Street", "Ferry Way")
    yield Draft("parcel-addresses", [
        user("The depot has moved these parcels, please correct their addresses."),
        *(tool("set_address", {"parcel": f"PX{dice.randint(100000, 999999)}", "street": street, "town": "Harwich"}, "ok")
          for street in streets * 2),
    ])
    towns = ("Ghent", "Bruges", "Leuven", "Namur", "Ostend", "Mons", "Tournai", "Hasselt", "Kortrijk")
    yield Draft("venues-nothing-free", [
        user("Which of our towns has a hall for 300 people on 4 October?"),
        *(tool("web_search", {"query": f"hall for 300 people in {town} free on 4 October"},
               "No results." if town != "Mons" else "Salle des Forges, 320 seats, free from 3 to 6 October")
          for town in towns),
        llm("Only Mons has one: the Salle des Forges."),
    ])


def row_validation() -> Iterator[Draft]:
    """Rows that are checked one by one, and most are right."""
    dice = drawn("rows")
    yield Draft("iban-rows", [
        tool("validate_row", {"row": n, "iban": f"BE{dice.randint(10, 99)} {dice.randint(1000, 9999)} {dice.randint(1000, 9999)}",
                              "amount": dice.randint(10, 900)}, "ok") for n in range(1, 31)
    ])
    yield Draft("lab-samples", [
        user("Check today's samples against the reference ranges."),
        *(tool("check_sample", {"sample": f"S-{4400 + n}", "analyte": dice.choice(["Na", "K", "Cl", "Mg"])},
               {"within_range": n not in (7, 12)}) for n in range(16)),
        llm("S-4407 and S-4412 are out of range."),
    ])
    yield Draft("meter-readings", [
        tool("sh", {"command": f"python check_meter.py --meter {dice.randint(20000, 29999)} --month 2026-04"}, "OK\n")
        for _ in range(14)
    ])
    yield Draft("manifest-lines", [
        tool("verify_line", {"line": f"{dice.randint(2, 60)} x {goods}, {dice.randint(5, 90)} kg"}, "valid")
        for goods in ("tiles", "ball bearings", "seed potatoes", "printer paper", "sheet glass", "wine", "tyres", "bricks", "salt", "cement")
    ])


def translation() -> Iterator[Draft]:
    """Many strings, one call each."""
    strings = (
        ("Add to basket", "In den Warenkorb"), ("Remove from basket", "Aus dem Warenkorb entfernen"), ("Your basket is empty", "Ihr Warenkorb ist leer"),
        ("Go to checkout", "Zur Kasse"), ("Back to shop", "Zurück zum Laden"), ("Delivery within two days", "Lieferung binnen zwei Tagen"),
        ("Delivery within five days", "Lieferung binnen fünf Tagen"), ("Pay by invoice", "Auf Rechnung zahlen"), ("Pay by card", "Mit Karte zahlen"),
        ("Pay by bank transfer", "Per Überweisung zahlen"), ("Your order has been placed", "Ihre Bestellung ist eingegangen"),
        ("Your order has been shipped", "Ihre Bestellung ist unterwegs"), ("Your order has been cancelled", "Ihre Bestellung ist storniert"),
    )
    yield Draft("shop-strings", [
        user("Translate the strings of the shop into German."),
        *(tool("translate", {"text": text, "source": "en", "target": "de"}, said) for text, said in strings),
    ])
    yield Draft("shop-strings-saved", [
        part
        for number, (text, said) in enumerate(strings)
        for part in (llm(f"{text} → {said}"), tool("save_string", {"key": f"shop.{number}", "value": said}, "saved"))
    ])
    signs = ("Mind the step", "Mind the gap", "Mind your head", "Keep left", "Keep right", "Keep clear", "No entry", "No exit", "Exit only")
    yield Draft("museum-signs", [
        tool("ask_translator", {"request": f"Please translate the sign \"{sign}\" into French for the museum, short enough for a small plate"},
             f"Proposal for \"{sign}\" noted, {len(sign) + 4} characters") for sign in signs
    ])


def backfills() -> Iterator[Draft]:
    """One job for each day or month."""
    dice = drawn("backfill")
    yield Draft("sales-by-day", [
        user("The sales import was down in May. Load what is missing."),
        *(tool("run_import", {"table": "sales", "date": f"2026-05-{day:02}"}, {"loaded": dice.randint(900, 1900)}) for day in range(3, 20)),
    ])
    yield Draft("quiet-days", [
        tool("sh", {"command": f"./backfill.sh tide_gauge 2026-02-{day:02}"}, "0 rows rejected") for day in range(1, 25)
    ])
    yield Draft("court-calendar-months", [
        tool("sync_calendar", {"court": "Aalborg", "month": f"2025-{month:02}"},
             "no hearings" if month in (6, 7, 8) else f"{dice.randint(3, 30)} hearings")
        for month in range(1, 13)
    ])
    yield Draft("satellite-passes", [
        tool("reprocess", {"instrument": "IR-2", "pass": 88120 + n}, "done") for n in range(20)
    ])


def pagination_sparse() -> Iterator[Draft]:
    """Pages of which many are empty, and the list goes on."""
    dice = drawn("sparse")
    yield Draft("returns-by-page", [
        user("Find every return of the blue tent."),
        *(tool("list_returns", {"product": "blue tent", "page": page}, {"page": page, "of": 18, "items": [f"RT-{dice.randint(1000, 9999)}"] if page in (2, 3, 9, 14) else []})
          for page in range(1, 19)),
    ])
    yield Draft("log-windows", [
        tool("read_log", {"unit": "mailer", "offset": 500 * n, "limit": 500, "pattern": "bounce"},
             {"matches": [f"bounce of message {dice.randint(100, 999)}"] if n in (1, 6, 7, 11) else [], "next_offset": 500 * (n + 1)})
        for n in range(13)
    ])
    yield Draft("permits-few-hits", [
        tool("search_permits", {"text": "harbour crane", "page": page}, f"page {page} of 11: nothing" if page not in (4, 10) else f"page {page} of 11: permit {dice.randint(1, 99)}/2024")
        for page in range(1, 12)
    ])
    yield Draft("genome-windows", [
        tool("scan_region", {"chromosome": "7", "start": 100_000 * n, "end": 100_000 * (n + 1)},
             "no variant" if n not in (3, 8) else f"variant at {100_000 * n + dice.randint(1, 99_999)}")
        for n in range(12)
    ])


def cursor_paging() -> Iterator[Draft]:
    """Pages by a cursor that the last one gave."""
    dice = drawn("cursor")
    marks = [f"{dice.getrandbits(48):012x}" for _ in range(12)]
    yield Draft("ledger-cursor", [
        tool("list_entries", {"account": "4400", "cursor": before} if before else {"account": "4400"},
             {"entries": [f"E{dice.randint(10000, 99999)}" for _ in range(3)], "next": after})
        for before, after in zip(["", *marks], marks, strict=False)
    ])
    yield Draft("tickets-cursor-and-note", [
        part
        for before, after in pairwise(marks[:8])
        for part in (
            tool("fetch_tickets", {"queue": "refunds", "after": before}, {"tickets": [dice.randint(5000, 9000) for _ in range(2)], "cursor": after}),
            tool("write_notes", {"append": f"read up to {after}"}, "written"),
        )
    ])
    yield Draft("photos-token", [
        user("Export all photos of the dig to the archive."),
        *(tool("export_batch", {"album": "dig 2025", "page_token": before}, {"exported": 50, "next_page_token": after})
          for before, after in pairwise(marks)),
    ])
    yield Draft("read-next-button", [
        tool("next_page", {}, f"Record of proceedings, page {n}: {text}")
        for n, text in enumerate(("the chair opens the sitting", "the minister reports", "questions on fisheries", "questions on schools",
                                  "the vote on the dyke act", "a point of order", "the vote is repeated", "the sitting is closed"), 31)
    ])


def fan_out() -> Iterator[Draft]:
    """One decision, many calls at the same time."""
    dice = drawn("fan")
    yield Draft("shards", [
        user("Is order 7719 in any shard?", start=0, end=0.5),
        *together((tool("find_order", {"order": 7719, "shard": n}, "not found" if n != 9 else "found, paid") for n in range(16)), dice, 2),
        llm("It is in shard 9.", start=8, end=9),
    ])
    yield Draft("replicas-same-call", [
        user("Ask every replica how far it is behind.", start=0, end=0.5),
        *together((tool("replica_lag", {}, "0 s") for _ in range(8)), dice, 2),
        llm("All replicas are up to date.", start=8, end=9),
    ])
    yield Draft("samples-of-one-prompt", [*together(
        (tool("draft_headline", {"brief": "bridge reopens after two years"}, text) for text in (
            "Bridge open again", "Open again: the bridge", "After two years, traffic", "The bridge is back", "Two years later, open")),
        dice, 0, 9,
    ), llm("I take the fourth.", start=10, end=11)])
    yield Draft("regions-twice", [
        *together((tool("health", {"region": region}, "healthy") for region in ("north", "south", "east", "west", "centre", "isles")), dice, 0),
        tool("set_flag", {"flag": "new-router", "on": True}, "set", start=6, end=7),
        *together((tool("health", {"region": region}, "healthy") for region in ("north", "south", "east", "west", "centre", "isles")), dice, 9),
        llm("All six regions are healthy with the new router.", start=15, end=16),
    ])


def scheduled() -> Iterator[Draft]:
    """One agent that a schedule starts again and again in one conversation."""
    dice = drawn("schedule")

    def hourly(name: str, runs: int, request: str | None, steps: list[dict[str, object]], gap_s: float = 3600) -> Draft:
        parts = []
        for run in range(runs):
            asked = [user(request, start=run * gap_s, end=run * gap_s + 0.5)] if request else []
            parts += [{**part, "run": run} for part in (*asked, *every(steps, 3, 1, run * gap_s + 2))]
        return Draft(name, parts)

    yield hourly("queue-watch", 8, "Check the dead letter queue and report.", [
        tool("queue_depth", {"queue": "dead-letters"}, "0"), llm("The queue is empty, nothing to do.")])
    yield hourly("backup-check", 10, "Hourly check: did the last backup succeed?", [
        tool("last_backup", {"host": "db-3"}, {"ok": True}), tool("free_space", {"host": "db-3"}, "61 %"), llm("Backup fine, 61 % free.")])
    yield hourly("tide-warning", 7, None, [
        tool("tide_forecast", {"gauge": "Esbjerg"}, "below warning level"), llm("No warning is needed.")], 1800)
    parts = []
    for run in range(6):
        found = [] if run % 3 else [f"INV-{dice.randint(100, 999)}"]
        parts += [{**part, "run": f"day-{run}"} for part in every([
            user("Daily: pay what is due."), tool("due_invoices", {}, found), *(tool("pay", {"invoice": item}, "paid") for item in found),
            llm("Paid what was due." if found else "Nothing was due."),
        ], 5, 1, run * 86_000)]
    yield Draft("invoices-daily", parts)
