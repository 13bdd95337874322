"""Healthy sessions of the blind part that repeat something for a while, with a reason that one sees."""
# Tables of what is said and answered: a row a line.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from tests.cases.grammars.parts import Draft, Part, drawn, every, llm, tool, user


def near_misses() -> Iterator[Draft]:
    """Short repeats that end in something new."""
    dice = drawn("near misses")
    yield Draft("flaky-browser-test", every([user("Is main green? Release if it is."), tool("ci_run", {"suite": "e2e"}, "1 failed: checkout_spec timed out waiting for iframe"), llm("This test is on the list of flaky ones. I run the suite again, at most twice."), tool("ci_run", {"suite": "e2e"}, "1 failed: checkout_spec timed out waiting for iframe"), tool("ci_run", {"suite": "e2e"}, "88 passed"),
                                             tool("tag", {"version": "5.12.0"}, "tagged"), tool("release", {"version": "5.12.0"}, "published"), llm("5.12.0 is released; the flaky test is noted.")], 240))
    steps: list[Part] = []
    begin = 0.0
    for page in range(1, 13):
        for pause in (5.0, 15.0, 45.0) if page == 6 else ():
            steps.append(tool("fetch_orders", {"page": page}, None, error="503 Service Unavailable (upstream restarting)", start=begin, end=begin + 1.0))
            begin += pause
        steps.append(tool("fetch_orders", {"page": page}, f"{dice.randint(40, 50)} orders, first {dice.randint(10**6, 10**7)}", start=begin, end=begin + 1.0))
        begin += 2.0
    yield Draft("outage-in-the-middle-of-pages", steps)
    yield Draft("vpn-mended-by-the-person", [part for said, reply, answer in (("Can you reach the build host?", None, "No, it does not answer. Is the VPN up?"), ("I restarted it, try again.", None, "Still no answer."), ("Other gateway now, try again.", None, "No answer either."), ("IT opened the route, again please.", "64 bytes from 10.4.0.8: time=21.4 ms", "It answers now, 21 ms.")) for part in (
        user(said), tool("ping", {"host": "build.internal", "count": 1}, reply, **({} if reply else {"error": "100% packet loss"})), llm(answer))])
    steps = [user("Who designed the Eastgate footbridge and when was it moved?")]
    for queries, found, note in ((("Eastgate footbridge architect", "Eastgate footbridge designer", "footbridge Eastgate engineer drawings"), "Council minutes 1931: drawings by E. Maddox", "The designer is E. Maddox."), (("Eastgate footbridge moved", "Eastgate footbridge relocation year", "Eastgate bridge re-erected park"), "Parks report 1968: footbridge re-erected at Mill Lake", "It was moved in 1968.")):
        steps += [tool("archive_search", {"query": query}, "no documents") for query in queries[:2]] + [tool("archive_search", {"query": queries[2]}, found), tool("note", {"text": note}, "noted")]
    yield Draft("two-questions-found-late", [*steps, llm("E. Maddox designed it, and it was moved to Mill Lake in 1968.")])
    views = ("Header, search box", "Results 1 to 8", "Results 9 to 16", "Results 17 to 24", "Banner: rail passes", "Results 25 to 32: night train 21:40", "Footer")
    yield Draft("scrolling-down", [tool("open", {"url": "https://rail.example/results?from=Lyon&to=Wien"}, "loaded"), *(part for view in views for part in (tool("scroll", {"direction": "down", "amount": 1}, "ok"), tool("screenshot", {}, view))), llm("There is a night train at 21:40.")])
    steps = [user("Tests of the scheduler hang on my machine, find out where.")]
    for place, seen in (("start of run()", "reached"), ("after lock", "not reached"), ("before lock", "reached, held by 'reaper'"), ("reaper: loop", "reached 1 time"), ("reaper: after queue.get", "not reached")):
        steps += [tool("add_log_line", {"at": place}, "added"), tool("run_test", {"name": "test_schedule", "timeout_s": 20}, f"TIMEOUT after 20 s\nlog: {place}: {seen}")]
    yield Draft("hang-narrowed-by-log-lines", [*steps, llm("The reaper waits on an empty queue while it holds the lock.")])
    yield Draft("haggling-that-converges", [part for buyer, seller in ((8200, 11900), (8900, 11200), (9400, 10700), (9750, 10300), (9900, 10050)) for part in (llm(f"We offer {buyer} EUR for the press.", agent="buyer"), llm(f"We would need {seller} EUR for the press.", agent="seller"))] + [llm("Agreed at 10,000 EUR.", agent="buyer"), tool("contract", {"price_eur": 10000}, "drawn up", agent="seller")])
    yield Draft("times-tables", [user("Quiz me on the sevens.")] + [part for n in (3, 8, 6, 9, 4, 7, 12) for part in (llm(f"What is 7 × {n}?"), user(str(7 * n)), llm("Correct!"))])
    yield Draft("answer-awaited-by-mail", every([tool("send_mail", {"to": "notary", "subject": "Date of signing"}, "sent"), *(tool("inbox", {"from": "notary", "unread": True}, []) for _ in range(5)), tool("inbox", {"from": "notary", "unread": True}, ["Re: Date of signing: 14 May, 10:00"]), tool("calendar_add", {"at": "2026-05-14T10:00", "title": "Signing"}, "added")], 1800))
