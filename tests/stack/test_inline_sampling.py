"""What tail sampling behind loopwatch keeps of a session that is longer than it can hold."""

from __future__ import annotations

import time
from pathlib import Path

from tests.stack import agent
from tests.stack.inline import Inline, inline_running
from tests.stack.processes import until
from tests.stack.sending import model_call, request_of, send

SECOND_S = 1 / 60
"""Of the session, here: ten minutes take ten seconds, and the second that a decision waits stands for a minute."""
EVERY_S = 5
SPANS = 10 * 60 // EVERY_S
FOUND_AT = SPANS // 2
TRACE = b"ten minutes long"


def test_a_session_of_ten_minutes_is_kept_from_its_finding_on(otelcol_contrib: Path, tmp_path: Path) -> None:
    """One trace, no share of healthy ones kept, found in the middle: all that follows and a little before is kept."""
    with inline_running(otelcol_contrib, tmp_path, KEEP_PERCENT="0", DECISION_WAIT="1s") as inline:
        for number in range(1, SPANS + 1):
            tokens = agent.OVERFULL if number == FOUND_AT else 2_000
            span = model_call(TRACE, number, tokens, gen_ai__conversation__id="long")
            send(inline.url, request_of([span])).raise_for_status()
            time.sleep(EVERY_S * SECOND_S)
        until("the end of the session", lambda: SPANS.to_bytes(8, "big") in inline.spans())
        until("the rest", lambda: first_kept(inline) <= FOUND_AT)
        first = first_kept(inline)
    assert first > 1


def first_kept(inline: Inline) -> int:
    """The first span from which on none is missing."""
    kept = {int.from_bytes(span_id, "big") for span_id in inline.spans()}
    return min(kept) if kept == set(range(min(kept), SPANS + 1)) else SPANS
