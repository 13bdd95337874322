"""Sketches: similarity without content, batches apart from re-phrasings, at most 64 characters."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwatch.sketch import (
    SKETCH_KEY_VARIABLE,
    SKETCH_MAX_CHARS,
    Sketcher,
    changed_fields,
    similarity,
    sketcher_for,
    slot_batch,
)
from loopwatch.words import is_slot_batch, jaccard, words

SKETCHER = Sketcher(b"tests")
SKETCH_OF = SKETCHER.sketch
HEADS = ("ba", "ce", "di", "fo", "gu", "ha", "ke", "li", "mo", "nu")
TAILS = ("rot", "lin", "mak", "vex", "dor", "sun")
WORDS = [head + tail for head in HEADS for tail in TAILS]
TEXT = st.text(max_size=200)
ARGUMENTS = st.dictionaries(st.text(max_size=10), TEXT | st.integers() | st.none(), max_size=8) | TEXT

BATCHES = [
    ("capital of Paris", "capital of Rome"),
    ({"query": "capital of Paris"}, {"query": "capital of Rome"}),
    ({"path": "a.py"}, {"path": "b.py"}),
    ({"path": "src/a.py", "offset": 10}, {"path": "src/a.py", "offset": 20}),
    ({"query": "weather in Paris on Monday"}, {"query": "weather in New York on Friday"}),
    ("tests for prorate in billing/plans.py, short", "tests for refund in billing/totals.py, short"),
    (
        "Answer for the board in plain sentences, mark doubts, name sources, no bullet points or tables at all: say "
        "what heating the palm house cost and which repairs are due",
        "Answer for the board in plain sentences, mark doubts, name sources, no bullet points or tables at all: list "
        "rare orchids that flowered, with donors",
    ),
    (
        "Draft one polite rejection letter: Ms Orr, post baker, mention bread, under 120 words and thank warmly",
        "Draft one polite rejection letter: Mr Pym, post driver, mention calm, under 120 words and thank warmly",
    ),
    ({"task": "summarise chapter 3 of the handbook"}, {"task": "summarise chapter 4 of the handbook"}),
]
REPHRASINGS = [
    ("best agent frameworks 2025", "top frameworks for building agents in 2025"),
    ({"query": "ACME annual revenue 2025"}, {"query": "2025 annual revenue of ACME Corp"}),
    ({"query": "what was the quarterly revenue of ACME"}, {"query": "ACME revenue by quarter"}),
    ("find the annual report of ACME", "annual report ACME pdf download"),
    ("how does photosynthesis work", "explain how the photosynthesis process works"),
]


def _pair(rng: random.Random) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two texts of 1 to 400 words that share a drawn part of them, in fields or in one piece."""
    size, shared = rng.choice((1, 4, 12, 29, 40, 90, 400)), rng.random()
    vocabulary = [f"{rng.choice(WORDS)}{number}" for number in range(3 * size)]
    left = vocabulary[:size]
    right = [word if rng.random() < shared else vocabulary[size + place] for place, word in enumerate(left)]
    right += vocabulary[2 * size : 2 * size + rng.randrange(size)]
    if rng.random() < 0.5:
        rng.shuffle(right)
    if rng.random() < 0.5:
        return {"q": " ".join(left)}, {"q": " ".join(right)}
    half = size // 2
    return (
        {"a": " ".join(left[:half]), "b": " ".join(left[half:]), "n": 7},
        {"a": " ".join(right[:half]), "b": " ".join(right[half:]), "n": 7},
    )


def test_estimate_is_near_the_true_similarity_for_nearly_all_pairs() -> None:
    """Within 0.12 of the Jaccard index of words for at least 95 % of a seeded sample, short and long alike."""
    rng = random.Random(20)
    pairs = [_pair(rng) for _ in range(1500)]

    def near(left: object, right: object) -> bool:
        return abs(similarity(SKETCH_OF(left), SKETCH_OF(right)) - jaccard(words(left), words(right))) <= 0.12

    assert sum(near(left, right) for left, right in pairs) >= 0.95 * len(pairs)
    long = [pair for pair in pairs if min(len(words(pair[0])), len(words(pair[1]))) > 31]
    assert len(long) > 200
    assert sum(near(left, right) for left, right in long) >= 0.95 * len(long)


@pytest.mark.parametrize(("left", "right"), BATCHES)
def test_batches_are_told(left: object, right: object) -> None:
    """One sentence with a slot filled differently is a batch, by content and by sketch."""
    assert is_slot_batch(words(left), words(right))
    assert slot_batch(SKETCH_OF(left), SKETCH_OF(right)) is True


@pytest.mark.parametrize(("left", "right"), REPHRASINGS)
def test_rephrasings_are_no_batches(left: object, right: object) -> None:
    """Words that are moved, added or dropped make no batch, by content or by sketch."""
    assert not is_slot_batch(words(left), words(right))
    assert slot_batch(SKETCH_OF(left), SKETCH_OF(right)) is False
    assert similarity(SKETCH_OF(left), SKETCH_OF(right)) > 0.25


def test_the_field_that_differs_is_named() -> None:
    """A moving offset is told from a moving path, in the short layout and in the long one."""
    body = " ".join(WORDS)
    for extra in ({}, {"text": body}):
        first, offset, path = (
            SKETCH_OF({"path": place, "offset": at, **extra})
            for place, at in (("a.py", 10), ("a.py", 20), ("b.py", 10))
        )

        assert changed_fields(first, offset) == frozenset({SKETCHER.key_mark("offset")})
        assert changed_fields(first, path) == frozenset({SKETCHER.key_mark("path")})
        assert changed_fields(first, first) == frozenset()


def test_an_added_field_is_no_changed_one() -> None:
    """Only what both sides have can have changed."""
    plain, more = SKETCH_OF({"q": "revenue of ACME"}), SKETCH_OF({"q": "revenue of ACME", "page": 2})
    other = SKETCH_OF({"q": "ACME revenue", "page": 3})

    assert changed_fields(plain, more) == frozenset()
    assert changed_fields(plain, other) == {SKETCHER.key_mark("q")}
    assert changed_fields(more, other) == {SKETCHER.key_mark("q"), SKETCHER.key_mark("page")}


def test_nested_fields_are_named_by_their_path() -> None:
    """The filter inside an object is a field of its own."""
    left, right = {"filter": {"page": 1, "by": "name"}}, {"filter": {"page": 2, "by": "name"}}

    assert changed_fields(SKETCH_OF(left), SKETCH_OF(right)) == frozenset({SKETCHER.key_mark("filter.page")})


@given(ARGUMENTS)
def test_every_sketch_fits_and_is_like_itself(arguments: object) -> None:
    """At most 64 characters for anything, and nothing differs from itself."""
    sketch = SKETCH_OF(arguments)

    assert 0 < len(sketch) <= SKETCH_MAX_CHARS
    assert similarity(sketch, sketch) == pytest.approx(1.0)
    assert changed_fields(sketch, sketch) == frozenset()


@given(ARGUMENTS, ARGUMENTS)
def test_similarity_is_symmetric_and_bounded(left: object, right: object) -> None:
    """The order of two sketches does not matter and the estimate is a ratio."""
    first, second = SKETCH_OF(left), SKETCH_OF(right)

    assert 0.0 <= similarity(first, second) <= 1.0
    assert similarity(first, second) == similarity(second, first)
    assert slot_batch(first, second) == slot_batch(second, first)


@given(st.text(max_size=80))
def test_what_is_no_sketch_is_never_alike(text: str) -> None:
    """A damaged or foreign sketch is unknown: not alike, and nobody raises."""
    assert similarity("", text) == 0.0
    assert similarity("AA" + text, SKETCH_OF("a b c")) == 0.0
    assert changed_fields("", text) is None
    assert slot_batch("", text) is None


def test_missing_arguments_have_no_sketch() -> None:
    """Not captured is unknown, and differs from empty."""
    assert SKETCHER.fingerprint(None) is None
    assert SKETCH_OF(None) == ""
    assert SKETCH_OF({}) != ""
    assert similarity(SKETCH_OF({}), SKETCH_OF("")) == 1.0


def test_without_words_only_equal_fields_are_alike() -> None:
    """Punctuation has no words, so its value decides."""
    assert similarity(SKETCH_OF("?!"), SKETCH_OF("?!")) == 1.0
    assert similarity(SKETCH_OF("?!"), SKETCH_OF("!!")) == 0.0


def test_scripts_without_spaces_have_words() -> None:
    """A re-phrased Chinese query is alike, an unrelated one is not."""
    first, second, other = (
        SKETCH_OF(text) for text in ("北京今天的天气怎么样", "今天北京天气如何", "股票价格上涨了吗")
    )

    assert similarity(first, second) > 0.4 > similarity(first, other)


def test_long_arguments_keep_no_order() -> None:
    """Whether two long texts are a batch is unknown, not false."""
    assert slot_batch(SKETCH_OF(" ".join(WORDS)), SKETCH_OF("capital of Rome")) is None


def test_another_key_makes_another_sketch() -> None:
    """Hashes and sketches are keyed, so a word list alone does not read them."""
    other = Sketcher(b"other")

    assert SKETCH_OF("capital of Rome") != other.sketch("capital of Rome")
    assert SKETCHER.hash("capital of Rome") != other.hash("capital of Rome")
    assert len(SKETCHER.hash("")) == 16


def test_the_key_of_the_environment_wins_over_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a secret two sessions cannot be compared, with one they can."""
    assert sketcher_for("one").hash("x") != sketcher_for("two").hash("x")
    assert sketcher_for("one").hash("x") == sketcher_for("one").hash("x")

    monkeypatch.setenv(SKETCH_KEY_VARIABLE, "secret")

    assert sketcher_for("one").hash("x") == sketcher_for("two").hash("x")
