"""An agent that only talks: the same answer again, empty answers, one answer that chants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import eq
from typing import Final

from loopwatch.chanting import repeats_in
from loopwatch.words import is_slot_batch, jaccard, text_words
from loopwatch_processor.detectors.loop.settings import LoopSettings
from loopwatch_processor.step import Step

_SILENT_TOKENS: Final = 60
_SHORT_WORDS: Final = 3
_SHORT_FACTOR: Final = 2
_READ_CHARS: Final = 2000


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
    text = answer_of(answers[-1]) or ""
    newest = text_words(text[:_READ_CHARS])
    if not newest:
        return None
    ratios: list[float] = []
    for step in reversed(answers[:-1]):
        other = answer_of(step) or ""
        similarity = 1.0 if other == text else jaccard(newest, text_words(other[:_READ_CHARS]))
        if similarity < settings.monologue_similarity_ratio:
            break
        ratios.append(similarity)
    short = len(newest) < _SHORT_WORDS
    needed = settings.monologue_texts * (_SHORT_FACTOR if short else 1)
    if len(ratios) + 1 < needed:
        return _said_in_other_words(answers, settings)
    return TextMatch("monologue", tuple(answers[-len(ratios) - 1 :]), sum(ratios) / len(ratios))


def _said_in_other_words(answers: Sequence[Step], settings: LoopSettings) -> TextMatch | None:
    """Nobody said anything new, and the last answers say what others of them said: each as another, or all together."""
    tail, row = answers[-settings.rewritten_calls :], answers[-settings.reworded_texts :]
    if len(tail) < settings.rewritten_calls:
        return None
    is_one_question = len({_heard(step) for step in tail}) == 1
    # Seen by two answers, in a tenth of the time that all take to be read.
    if not is_one_question and (len(row) < settings.reworded_texts or _is_of_another(_said(row[-1]), _said(row[-2]))):
        return None
    if not _nothing_new_heard(row):
        return None
    said = [_said(step) for step in row]
    if min(map(len, said)) < _SHORT_WORDS:
        return None
    if is_one_question:
        ratios = _likest(said[-settings.rewritten_calls :], settings.same_names_similarity_ratio)
        if ratios:
            return TextMatch("monologue", tuple(tail), sum(ratios) / len(ratios))
    return _said_by_others(row, said, settings)


def _said(step: Step) -> tuple[str, ...]:
    return tuple(text_words((answer_of(step) or "")[:_READ_CHARS]))


def _likest(said: Sequence[tuple[str, ...]], least: float) -> list[float]:
    """How much each is like the likest of the others; nothing if one of them is less so than *least*."""
    ratios = []
    for words in said:
        ratio = max([_likeness(words, other) for other in said if other is not words])
        if ratio < least:
            return []
        ratios.append(ratio)
    return ratios


def _said_by_others(tail: Sequence[Step], said: Sequence[tuple[str, ...]], settings: LoopSettings) -> TextMatch | None:
    """Most words of the answers, and some of each, are in others of them that are not about another item."""
    if len(tail) < settings.reworded_texts:
        return None
    shares: list[float] = []
    for words in said:
        share = _share_said(words, [other for other in said if other is not words])
        if share < settings.same_names_similarity_ratio:
            return None
        shares.append(share)
    mean = sum(shares) / len(shares)
    return TextMatch("monologue", tuple(tail), mean) if mean >= settings.reworded_texts_ratio else None


def _share_said(words: tuple[str, ...], others: Sequence[tuple[str, ...]]) -> float:
    """How much of *words* is said in *others*; nothing if one of these says it of another item or number."""
    for other in others:
        if _is_of_another(words, other):
            return 0.0
    distinct = set(words)
    return len(distinct & set().union(*others)) / len(distinct)


def _is_of_another(words: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether *other* says the same of another item, or in the same form."""
    return _is_of_another_item(words, other) or _is_one_frame(words, other)


def _is_one_frame(words: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether most words stand in the same places: a form filled in anew, also where its numbers are only marks."""
    if len(words) != len(other):
        return False
    same = list(map(eq, words, other)).count(True)
    return len(words) <= 2 * same < 2 * len(words)


def _nothing_new_heard(tail: Sequence[Step]) -> bool:
    """Whether all that came from the user meanwhile is a nudge of one or two words that were not heard before."""
    heard = [_heard(step) for step in tail]
    if "" in heard:
        return False
    known: set[str] = set()
    for place, text in enumerate(dict.fromkeys(heard)):
        words = text_words(text[:_READ_CHARS])
        if place and len(set(words) - known) >= _SHORT_WORDS:
            return False
        known.update(words)
    return True


def _heard(step: Step) -> str:
    return step.model.conversation.user_text if step.model and step.model.conversation else ""


def _likeness(words: tuple[str, ...], other: tuple[str, ...]) -> float:
    return 0.0 if _is_of_another_item(words, other) else jaccard(words, other)


def _is_of_another_item(words: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """One sentence about another item, or about other numbers, is an item of a list."""
    if is_slot_batch(words, other):
        return True
    numbers = {word for word in words if word.isdigit()}
    others = {word for word in other if word.isdigit()} if numbers else numbers
    return bool(others) and numbers.isdisjoint(others)


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
