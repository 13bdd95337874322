"""Healthy work that was once taken for a loop, or nearly: states that stay, lists told by numbers, one frame for many tasks.

Written while the detectors were worked on, so all of it is to be looked at.
"""
# Tables of what is said and answered: a row a line.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from tests.cases.grammars.parts import Draft, Part, drawn, every, llm, tool, user

_PREAMBLE = (
    "You are a member of a team that prepares the yearly report of the botanical garden. The report goes to the board, who know plants but not accounts. "
    "Write plain sentences, no bullet points, and mark what you are unsure of. The numbers are in the shared folder; last year's report is beside them. Your task: "
)


def states_that_stay() -> Iterator[Draft]:
    """Jobs, builds and resources that say for a while that they are not done."""
    yield Draft("rollout", every([tool("deploy", {"app": "cart", "version": "2.9"}, "deployment started"),
                                  *(tool("rollout_status", {"app": "cart"}, state) for state in ("pending", "pending", *("in progress",) * 5, "complete")), llm("cart 2.9 is live.")], 30))
    yield Draft("alignment-job", every([tool("submit_job", {"script": "align.sh"}, {"job_id": "7731"}),
                                        *(tool("job_status", {"job_id": "7731"}, {"job_id": "7731", "status": state}) for state in ("PENDING",) * 4 + ("RUNNING",) * 7 + ("COMPLETED",)),
                                        tool("fetch_output", {"job_id": "7731"}, "aligned 98.2 %")], 120))
    yield Draft("pod-with-sleeps", [part for phase in ("ContainerCreating",) * 4 + ("Running",) for part in (
        tool("bash", {"command": "sleep 20"}, ""), tool("bash", {"command": "kubectl get pod api-0 -o jsonpath={.status.phase}"}, phase))])
    yield Draft("talk-transcoded", every([tool("transcode", {"file": "talk.mov"}, "queued as #55"),
                                          *(tool("transcode_state", {"id": 55}, "still processing, please check again later") for _ in range(6)), tool("transcode_state", {"id": 55}, "finished: talk.mp4")], 60))
    yield Draft("cluster-with-wait-tool", [tool("create_cluster", {"name": "ml-2"}, "creating")] + [part for state in ("CREATING",) * 5 + ("ACTIVE",) for part in (
        tool("wait", {"seconds": 30}, "waited 30 seconds"), tool("describe_cluster", {"name": "ml-2"}, {"name": "ml-2", "status": state}))])
    yield Draft("payment-settles", every([tool("create_payment", {"amount": 40}, {"id": "pay_81", "status": "processing"}),
                                          *(tool("get_payment", {"id": "pay_81"}, {"id": "pay_81", "status": "processing"}) for _ in range(5)), tool("get_payment", {"id": "pay_81"}, {"id": "pay_81", "status": "succeeded"})], 4))
    yield Draft("phone-downloads-then-installs", every([tool("install_status", {}, state) for state in ("downloading",) * 5 + ("installing",) * 5 + ("installed",)], 15))
    yield Draft("virus-scan-counts-down", every([tool("scan_status", {"id": "s4"}, f"scanning, about {left} minutes left") for left in (12, 11, 9, 9, 8, 6, 4, 2, 1)] + [tool("scan_status", {"id": "s4"}, "clean")], 90))


def told_by_numbers() -> Iterator[Draft]:
    """Lists whose items are numbers, and pages that say that more follow."""
    dice = drawn("told by numbers")
    yield Draft("free-weeks", [tool("free_slots", {"calendar": "dr-ek", "week": week}, [] if week != 31 else ["Tue 10:00"]) for week in range(20, 32)])
    yield Draft("storeys", [tool("inspect", {"building": "B", "level": level}, "no defects found") for level in range(-2, 9)])
    yield Draft("shoe-sizes", [tool("check_stock", {"model": "Trail 4", "size": size}, "not available") for size in range(36, 46)])
    yield Draft("empty-pages-that-go-on", [user("Find all orders with a gift note since January."), *(
        tool("list_orders", {"filter": "gift_note", "page": page}, {"items": [] if page not in (3, 14) else [f"O{dice.randint(1000, 9999)}"], "total": 1600, "has_more": page < 16}) for page in range(1, 17)), llm("Two orders.")])
    yield Draft("balance-after-entries", [part for n in range(7) for part in (tool("post", {"entry": f"E{n}", "amount": dice.randint(10, 99)}, "posted"), tool("trial_balance", {}, "balanced"))])


def one_frame() -> Iterator[Draft]:
    """Different tasks under one preamble, and in one sentence with two slots."""
    yield Draft("chapters-of-a-report", [tool("run_subagent", {"prompt": _PREAMBLE + task}, f"section filed ({n})") for n, task in enumerate((
        "describe how the number of visitors developed over the seasons and what the weather had to do with it.", "explain the costs of heating the palm house, and which repairs are due in the next two years.",
        "list the rare orchids that flowered, with a sentence each on where they came from.", "summarise what the school programme did and which classes came more than once.",
        "say what was spent on staff, and why the summer helpers cost more than planned.", "write the foreword in the voice of the director and thank the donors by name."))])
    yield Draft("tests-for-functions", [tool("coder", {"instruction": f"Write unit tests for the function {name} in billing/{module}.py. Cover the normal case, the empty input and one error. Use pytest, no mocks, and keep each test under ten lines."}, f"{n + 4} tests written")
                                        for n, (name, module) in enumerate((("prorate", "plans"), ("apply_coupon", "coupons"), ("next_invoice_date", "calendar"), ("merge_lines", "invoice"), ("tax_for", "tax"), ("refund_total", "refunds")))])
    yield Draft("rejection-letters", [tool("draft_letter", {"prompt": f"Write a polite rejection letter to {name}, who applied for the post of {post}; mention that we liked {liked} and keep it under 120 words."}, "draft saved") for name, post, liked in (
        ("Ms Orr", "baker", "her sourdough"), ("Mr Pym", "driver", "his calm"), ("Ms Quill", "clerk", "her handwriting"), ("Mr Roe", "gardener", "the roses he sent"), ("Ms Sand", "cook", "her menu"), ("Mr Tarn", "porter", "his references"))])
    yield Draft("paragraphs-for-a-critic", [tool("critic", {"text": text, "instruction": "Check this paragraph for factual errors and unclear sentences, and suggest at most three changes."}, f"{n % 3} changes") for n, text in enumerate((
        "The lighthouse was built in 1831 of local granite.", "Its lamp burned colza oil until the change to paraffin.", "Three keepers lived there in turns of six weeks.", "In 1986 the light was automated and the keepers left.", "Today the tower belongs to the parish and may be climbed."))])


def mended_by_hand() -> Iterator[Draft]:
    """Edits by tools of other names, and an error that stays until the last of them."""
    steps: list[Part] = []
    for n in range(8):
        steps += [tool("change_line", {"file": "f.rs", "line": 40 + n, "text": f"let k = {n};"}, "changed"), tool("cargo_check", {}, "error[E0308]: mismatched types, expected u32, found u64")]
    yield Draft("type-error-stays", [*steps, tool("change_line", {"file": "f.rs", "line": 3, "text": "use u64"}, "changed"), tool("cargo_check", {}, "ok")])
    steps = []
    for n, what in enumerate(("retry", "cache", "mutex", "queue", "timeout", "order", "flush", "fsync")):
        steps += [llm(f"Maybe the {what} is at fault."), tool("rewrite_function", {"name": what, "body": f"def {what}(): return {n}"}, "ok"), tool("run_tests", {}, "FAIL: test_durability (1 of 58)")]
    yield Draft("one-test-stays-red", [*steps, tool("rewrite_function", {"name": "sync_all", "body": "..."}, "ok"), tool("run_tests", {}, "58 passed")])
