"""An agent that only talks: the same answer again, empty answers, one answer that chants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loopwatch.chanting import repeats_in
from loopwatch.words import is_slot_batch, jaccard, text_words
from loopwatch_processor.detectors.loop.settings import LoopSettings
from loopwatch_processor.step import Step

_SILENT_TOKENS = 60
_SHORT_WORDS = 3
_SHORT_FACTOR = 2


@dataclass(frozen=True, slots=True)
class TextMatch:
    """Answers that repeat each other, oldest first."""

    pattern: str
    steps: tuple[Step, ...]
    similarity: float = 1.0
    repeats: int = 0
    """Within one answer, for chanting."""


def answer_of(step: Step) -> str | None:
    """The text of a model call that asked for no tool; None where it did, failed, or is not captured."""
    model = step.model
    if model is None or model.conversation is None or step.error is not None:
        return None
    if model.conversation.requested or "tool" in model.finish_reason:
        return None
    text = model.conversation.output_text
    if not text.strip() and step.usage is not None and step.usage.output_tokens > _SILENT_TOKENS:
        return None
    return text


def monologue(answers: Sequence[Step], settings: LoopSettings) -> TextMatch | None:
    """The last answers are alike."""
    if len(answers) < settings.monologue_texts:
        return None  # most are no more than one or two: their words need not be read
    texts = [answer_of(step) or "" for step in answers]
    newest = text_words(texts[-1][:2000])
    if not newest:
        return None
    ratios: list[float] = []
    for text in reversed(texts[:-1]):
        similarity = 1.0 if text == texts[-1] else jaccard(newest, text_words(text[:2000]))
        if similarity < settings.monologue_similarity_ratio:
            break
        ratios.append(similarity)
    short = len(newest) < _SHORT_WORDS
    needed = settings.monologue_texts * (_SHORT_FACTOR if short else 1)
    if len(ratios) + 1 < needed:
        return _said_in_other_words(answers, settings)
    return TextMatch("monologue", tuple(answers[-len(ratios) - 1 :]), sum(ratios) / len(ratios))


def _said_in_other_words(answers: Sequence[Step], settings: LoopSettings) -> TextMatch | None:
    """Nobody said anything new, and each of the last answers says what another of them said."""
    tail = answers[-settings.rewritten_calls :]
    heard = {_heard(step) for step in tail}
    if len(tail) < settings.rewritten_calls or len(heard) > 1 or "" in heard:
        return None
    said = [tuple(text_words((answer_of(step) or "")[:2000])) for step in tail]
    if min(map(len, said)) < _SHORT_WORDS:
        return None
    ratios = [max(_likeness(words, other) for other in said if other is not words) for words in said]
    if min(ratios) < settings.same_names_similarity_ratio:
        return None
    return TextMatch("monologue", tuple(tail), sum(ratios) / len(ratios))


def _heard(step: Step) -> str:
    return step.model.conversation.user_text if step.model and step.model.conversation else ""


def _likeness(words: tuple[str, ...], other: tuple[str, ...]) -> float:
    """One sentence about another item, or about other numbers, is an item of a list."""
    numbers, others = ({word for word in said if word.isdigit()} for said in (words, other))
    if is_slot_batch(words, other) or (numbers and others and numbers.isdisjoint(others)):
        return 0.0
    return jaccard(words, other)


def empty_replies(answers: Sequence[Step], settings: LoopSettings) -> TextMatch | None:
    """The last answers hold nothing but white space."""
    count = 0
    for step in reversed(answers):
        if (answer_of(step) or "").strip():
            break
        count += 1
    return TextMatch("empty_replies", tuple(answers[-count:])) if count >= settings.empty_texts else None


def chanting(answers: Sequence[Step], settings: LoopSettings) -> TextMatch | None:
    """One answer says the same piece of text over and over; code blocks, lists and tables may."""
    repeats = repeats_in(answer_of(answers[-1]) or "", settings.chanting_period_chars)
    return TextMatch("chanting", (answers[-1],), 1.0, repeats) if repeats >= settings.chanting_repeats else None
