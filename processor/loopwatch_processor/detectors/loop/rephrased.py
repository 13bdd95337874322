"""The same question again in other words."""

from __future__ import annotations

from collections.abc import Sequence

from loopwatch import sketch
from loopwatch.skeleton import NUMBER
from loopwatch.words import is_slot_batch, jaccard
from loopwatch_processor.detectors.loop.calls import CODE, PROSE, Call
from loopwatch_processor.detectors.loop.match import Match
from loopwatch_processor.detectors.loop.remarks import is_remark_on_others
from loopwatch_processor.detectors.loop.results import OK
from loopwatch_processor.detectors.loop.settings import LoopSettings

_MOST = 0.6
_SAME_NAMES = 0.8
_OTHER_NAMES = 0.25
_FEW_NAMES = 3


def rephrased(calls: Sequence[Call], settings: LoopSettings) -> Match | None:
    """The newest request in prose says what several earlier ones said."""
    newest = calls[-1]
    if newest.kind is not PROSE:
        return None
    if newest.is_mutating and not newest.outcome.fails:
        return _rewritten(calls, settings)
    found, alike, missing = [newest], list[float](), settings.rephrased_calls - 1
    asked = _asked_before(newest, calls[-settings.rephrased_window : -1])
    for place, call in enumerate(asked):
        if len(asked) - place < missing:
            return None
        if not call.overlaps_any(found):
            similarity = likeness(newest, call)
            if _is_alike(newest, call, similarity, settings) and not _is_other_work(newest, call):
                found.append(call)
                alike.append(similarity)
                missing -= 1
    if missing > 0:
        return None
    alike_calls = tuple(reversed(found))
    if is_remark_on_others(alike_calls, calls):
        return None
    return Match(_named(alike_calls, calls), alike_calls, sum(alike) / len(alike))


def _rewritten(calls: Sequence[Call], settings: LoopSettings) -> Match | None:
    """One thing is written over and over in other words, and nothing else is done: a plan none of which is begun."""
    newest = calls[-1]
    found, alike = [newest], []
    for call in reversed(calls[:-1]):
        if call.tool != newest.tool:
            break
        similarity = likeness(newest, call)
        has_states = _has_states(newest, call)
        needed = settings.same_names_similarity_ratio if has_states else settings.rephrased_similarity_ratio
        if similarity >= needed and _is_same_thing(newest, call) and not call.overlaps(found[-1]):
            found.append(call)
            alike.append(similarity)
    if len(found) < settings.rewritten_calls:
        return None
    return Match("rephrased", tuple(reversed(found)), sum(alike) / len(alike))


def _has_states(newest: Call, call: Call) -> bool:
    """Whether items are told with a word or two beside each, as plans do with what is open and what is done.

    By sketches such words are a field that stays, and in which they come again and again.
    """
    if not newest.is_sketched:
        return any("\n" in value for value in newest.literals.values())
    fields, others = newest.sketched_fields or {}, call.sketched_fields or {}
    stay = [field.words for key, field in fields.items() if key in others and others[key] == field]
    return any(len(words) > 1 and 2 * len(set(words)) <= len(words) for words in stay)


def _is_same_thing(newest: Call, call: Call) -> bool:
    """Only the words differ, by more than an item in one sentence, and the answer is the same."""
    if not newest.outcome.confirms_as(call.outcome) or _is_about_others(newest, call):
        return False
    if newest.sketch and call.sketch:
        changed = sketch.changed_fields(newest.sketch, call.sketch)
        if changed is None or len(changed) != 1:
            return False
        return _has_states(newest, call) or sketch.slot_batch(newest.sketch, call.sketch) is False
    return newest.literals == call.literals and (_has_states(newest, call) or not _is_slot_batch(newest, call))


def _asked_before(newest: Call, calls: Sequence[Call]) -> list[Call]:
    """The earlier calls of the tool, newest first, without those that *newest* only narrowed step by step."""
    mine = [call for call in reversed(calls) if call.tool == newest.tool]
    later, narrowed = newest, 0
    while narrowed < len(mine) and _is_narrowed(later, mine[narrowed]):
        later = mine[narrowed]
        narrowed += 1
    return mine[narrowed:]


def _is_alike(newest: Call, call: Call, similarity: float, settings: LoopSettings) -> bool:
    """Two requests about the very same names ask the same, even if half of the other words differ."""
    needed, with_same_names = settings.rephrased_similarity_ratio, settings.same_names_similarity_ratio
    if (similarity >= needed) is (similarity >= with_same_names):
        return similarity >= needed
    are_same = (
        min(len(newest.names), len(call.names)) >= _FEW_NAMES and jaccard(newest.names, call.names) >= _SAME_NAMES
    )
    return similarity >= (with_same_names if are_same else needed)


def _named(alike: Sequence[Call], calls: Sequence[Call]) -> str:
    """Calls that are equal to the letter are not re-phrased: they go by the name that such a loop has later."""
    if any(not alike[-1].same_call(call) for call in alike):
        return "rephrased"
    return "exact" if list(alike) == list(calls[-len(alike) :]) else "scattered"


def likeness(newest: Call, call: Call) -> float:
    """How much two requests say the same, in [0, 1]: shared words of prose; 0.0 where they are not prose."""
    if call.kind is not PROSE:
        return 0.0
    if newest.sketch and call.sketch:
        return _sketched_likeness(newest, call)
    mine, others = newest.prose, call.prose
    if len(mine) > 1:  # one instruction beside each text makes no two texts alike
        changed = [path for path, words in mine.items() if others.get(path, words) != words]
        if 0 < len(changed) < len(mine):
            return max([jaccard(mine[path], others[path]) for path in changed])
    return jaccard(newest.words, call.words)


def _sketched_likeness(newest: Call, call: Call) -> float:
    """The same by sketches: what stays in other fields makes no two texts alike, where it is told apart."""
    fields, others = newest.sketched_fields or {}, call.sketched_fields or {}
    changed = [key for key, field in fields.items() if key in others and others[key].value != field.value]
    if not 0 < len(changed) < len(fields):
        return sketch.similarity(newest.sketch, call.sketch)
    return jaccard(*([word for key in changed for word in side[key].words] for side in (fields, others)))


def _is_other_work(newest: Call, call: Call) -> bool:
    """Similar words, yet work: a poll that brought news, another page, one sentence for another item."""
    if newest.key == call.key:
        return not newest.outcome.same_as(call.outcome)
    if _is_about_others(newest, call):
        return True
    if newest.sketch and call.sketch:
        return _is_sketched_work(newest, call)
    if newest.prose == call.prose:
        return newest.literals != call.literals or not newest.outcome.same_as(call.outcome)
    if newest.outcome.fails and call.outcome.fails:
        return False
    return _is_slot_batch(newest, call) or _is_elsewhere(newest, call)


def _is_about_others(newest: Call, call: Call) -> bool:
    """Whether both name several things, and few of the same: a letter to each of many, in the words of one."""
    if min(len(newest.names), len(call.names)) < _FEW_NAMES:
        return False
    return jaccard(newest.names, call.names) <= _OTHER_NAMES


def _is_elsewhere(newest: Call, call: Call) -> bool:
    """Another field changed too: a name there is somebody else or another thing; a number tells little by itself."""
    changed = [value for path, value in newest.literals.items() if call.literals.get(path, value) != value]
    if newest.outcome.kind is OK and not all(map(NUMBER.fullmatch, changed)):
        return True
    return bool(changed) and not newest.outcome.same_as(call.outcome)


def _is_narrowed(newest: Call, call: Call) -> bool:
    """Words were added before or after a question that had found something, and something else was found."""
    kept, words = len(call.words), newest.words
    if not 0 < kept < len(words) or call.words not in (words[:kept], words[-kept:]):
        return False
    one, other = newest.outcome, call.outcome
    return one.kind is OK and other.kind is OK and not one.says_the_same_as(other)


def _is_sketched_work(newest: Call, call: Call) -> bool:
    """The same by sketches, which tell how many fields differ but not what is in them; a field more is no difference.

    The words of a long one have lost their order: most of them shared may be a page, one item of a list, or another
    task under the same preamble.
    """
    changed = sketch.changed_fields(newest.sketch, call.sketch)
    if not changed:
        return True
    is_batch = sketch.slot_batch(newest.sketch, call.sketch)
    if is_batch:
        return True
    if len(changed) > 1 or (is_batch is None and likeness(newest, call) >= _MOST):
        return not newest.outcome.same_as(call.outcome)
    return False


def _is_slot_batch(newest: Call, call: Call) -> bool:
    others, is_changed = call.prose, False
    for path, words in newest.prose.items():
        other = others.get(path, ())
        if other != words:
            if not is_slot_batch(words, other):
                return False
            is_changed = True
    return is_changed


def reworded(calls: Sequence[Call], settings: LoopSettings) -> Match | None:
    """The same words in another order, case or punctuation."""
    newest = calls[-1]
    if newest.kind is CODE or not newest.words or newest.is_mutating:
        return None
    found = [newest]
    for call in reversed(calls[-settings.rephrased_window : -1]):
        same_words = call.tool == newest.tool and call.spelling == newest.spelling
        if same_words and not _brought_news(newest, call) and not call.overlaps(found[-1]):
            found.append(call)
    if len(found) < settings.reworded_calls or len({call.key for call in found}) == 1:
        return None
    return Match("reworded", tuple(reversed(found)))


def _brought_news(newest: Call, call: Call) -> bool:
    """The very same call with another result is polling."""
    same_call = newest.key == call.key and call.outcome.is_known
    return same_call and not newest.outcome.same_as(call.outcome)
