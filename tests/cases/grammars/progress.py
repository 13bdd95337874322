"""Agents that say how far they are: with a state of the work, a score, or both."""
# Tables of what is said and answered: a row a line.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from tests.cases.grammars.parts import Draft, Part, drawn, llm, tool, user


def _told(steps: list[Part], states: list[str | None], scores: list[float | None]) -> list[Part]:
    """*steps* with what each reports, as far as it does."""
    found = []
    for step, state, score in zip(steps, states, scores, strict=True):
        told = {name: value for name, value in (("state_hash", state), ("progress", score)) if value is not None}
        found.append({**step, **told})
    return found


def _looks(things: str, tool_name: str = "look_at") -> list[Part]:
    return [tool(tool_name, {"thing": thing}, f"{thing}: {len(thing)} parts, nothing done yet") for thing in things.split()]


def state_stands_still() -> Iterator[Draft]:
    """Other calls at every step, and the state that the agent reports stays as it was."""
    steps = _looks("boiler pump valve gauge burner flue tank meter")
    yield Draft("heating-checklist", [user("Work through the service checklist of the heating."), *_told(steps, ["0 of 9 ticked"] * 8, [None] * 8)], 2)
    steps = [llm(text) for text in ("The outline needs a stronger opening.", "Perhaps two chapters should change places.", "The third chapter could begin with the flood.", "A map might help the reader.",
                                    "Whose voice tells the story is still open.", "The ending should answer the opening.", "It may be better to begin with the harbour.")]
    yield Draft("outline-never-written", [user("Write the first chapter."), *_told(steps, ["draft:0 words"] * 7, [0.0] * 7)], 2)
    steps = _looks("north south east west roof cellar stairs hall", "survey")
    yield Draft("score-alone", _told(steps, [None] * 8, [0.1, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2]), 2)
    dice = drawn("after-good-start")
    steps = [tool("reconcile", {"account": dice.randint(1000, 9999)}, f"{dice.randint(2, 40)} lines matched") for _ in range(4)]
    steps += [tool("search_ledger", {"text": text}, f"{dice.randint(2, 90)} hits") for text in ("wages", "rent", "fees", "insurance", "fuel", "tolls", "gifts")]
    yield Draft("after-good-start", _told(steps, [f"open:{n}" for n in (40, 31, 22, 9)] + ["open:9"] * 7, [None] * 11), 4)


def score_falls() -> Iterator[Draft]:
    """The score is lower than several steps ago, and does not climb."""
    fixes = ("index", "cache", "batch", "lock", "pool", "shard", "queue", "retry")
    steps = [tool("tune", {"knob": knob}, f"{knob} changed, throughput measured") for knob in fixes]
    yield Draft("tuned-to-death", [user("Make the import twice as fast."), *_told(steps, [f"s{n}" for n in range(8)], [0.3, 0.5, 0.6, 0.55, 0.4, 0.35, 0.3, 0.2])], 4)
    steps = [llm(text) for text in ("I cut the second verse.", "I changed the rhyme of the third.", "Now the metre of the first is off.", "I moved the chorus up.", "The bridge is gone as well.", "I put half of the verse back.")]
    yield Draft("song-gets-shorter", _told(steps, [None] * 6, [0.7, 0.7, 0.6, 0.5, 0.4, 0.3]), 2)
    steps = [tool("migrate_step", {"part": part}, f"{part}: rolled back") for part in ("users", "orders", "stock", "prices", "vouchers", "mail", "logs")]
    yield Draft("migration-rolls-back", _told(steps, [f"{n} parts" for n in (6, 6, 5, 4, 3, 2, 1)], [0.9, 0.9, 0.75, 0.6, 0.45, 0.3, 0.15]), 2)


def state_moves() -> Iterator[Draft]:
    """States and scores that change, if slowly, or of work that is done."""
    steps = _looks("saddle bridle girth stirrup rein bit halter rug brush hoofpick")
    yield Draft("tack-room-slow", [user("Take stock of the tack room."), *_told(steps, [f"{n // 4} shelves" for n in range(10)], [None] * 10)])
    steps = [tool("try_key", {"bow": n, "pin": 7 * n % 11}, f"turns by {n} degrees") for n in range(9)]
    yield Draft("score-wavers-upwards", _told(steps, [None] * 9, [0.1, 0.2, 0.15, 0.3, 0.25, 0.4, 0.45, 0.4, 0.6]))
    steps = _looks("lamp fuse socket switch cable drum plug meter", "check")
    yield Draft("done-and-checked", _told(steps, ["all 12 lamps"] * 8, [1.0] * 8))
    steps = _looks("psalm hymn canon fugue motet mass dirge carol", "transcribe")
    yield Draft("state-stands-score-rises", _told(steps, ["folio 3"] * 8, [0.1 * n for n in range(1, 9)]))
    steps = _looks("alder birch cedar dogwood elm fir gean holly", "identify")
    yield Draft("reports-now-and-then", _told(steps, ["1 row", None, None, None, "2 rows", None, None, "3 rows"], [None] * 8))
    steps = [tool("fit_model", {"family": family}, f"deviance of {family} noted") for family in ("gamma", "poisson", "binomial", "tweedie", "normal", "beta")]
    yield Draft("one-bad-try", _told(steps, [f"m{n}" for n in range(6)], [0.5, 0.6, 0.3, 0.6, 0.65, 0.7]))
