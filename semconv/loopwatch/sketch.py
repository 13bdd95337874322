"""Keyed hash and sketch of arguments: how alike, and which field differs, without the content.

:mod:`loopwatch.words` defines the similarity that is estimated, :mod:`loopwatch.sketch_layout` the bytes.
A sketch is made of keyed hashes: pseudonymous, not anonymous, since who has the key can guess short texts.
"""

import hashlib
import os
from collections.abc import Iterable
from typing import Final

from loopwatch.attributes import ToolResultClass
from loopwatch.canonical import ArgumentClass, Json, canonical_text, capped, class_of, json_text, normalise
from loopwatch.effect import effect_of, texts_of
from loopwatch.fingerprint import Fingerprint, ResultFingerprint
from loopwatch.results import canonical_result, error_key, is_rejection, names_something, result_class
from loopwatch.sentences import FEW_NAMES, names_in, prose_of, quoted_sentences
from loopwatch.skeleton import walk_skeleton
from loopwatch.sketch_layout import (
    KEY_BITS,
    MARK_BITS,
    SKETCH_MAX_CHARS,
    Field,
    bins_similarity,
    decode,
    encode,
)
from loopwatch.volatile import steady
from loopwatch.words import FieldText, field_of, fields_of, is_slot_batch

__all__ = [
    "SKETCH_KEY_VARIABLE",
    "SKETCH_MAX_CHARS",
    "Fingerprint",
    "ResultFingerprint",
    "Sketcher",
    "changed_fields",
    "similarity",
    "sketcher_for",
    "slot_batch",
]

SKETCH_KEY_VARIABLE: Final = "LOOPWATCH_SKETCH_KEY"
"""Environment variable with the secret key; without it the key is derived from the session id."""


_NAMES_KEPT: Final = 16
_ERROR_MAX_CHARS: Final = 300
"""As much as a reader keeps of an error where content is captured."""
_KEY, _VALUE, _WORD, _NAME = _DOMAINS = (b"k", b"v", b"w", b"n")


class Sketcher:
    """Makes hashes and sketches under one *key* of any length; those of different keys cannot be compared.

    Safe to share between threads.
    """

    __slots__ = ("_hasher", "_mark_hashers")

    def __init__(self, key: bytes) -> None:
        secret = hashlib.blake2b(key, digest_size=32, person=b"loopwatch sketch").digest()
        self._hasher = hashlib.blake2b(digest_size=8, key=secret)
        self._mark_hashers = {domain: hashlib.blake2b(domain, digest_size=2, key=secret) for domain in _DOMAINS}

    def hash(self, text: str) -> str:
        """Return 16 hexadecimal digits for *text* as it stands (canonicalise arguments first)."""
        hasher = self._hasher.copy()
        hasher.update(text.encode("utf-8", "replace"))
        return hasher.hexdigest()

    def sketch(self, arguments: object) -> str:
        """Return the sketch of *arguments*: at most 64 characters, "" when they were not captured (None)."""
        return "" if arguments is None else self._sketch(normalise(arguments))

    def fingerprint(self, arguments: object) -> Fingerprint | None:
        """Return hash, sketch and class of *arguments*, None when they were not captured (None)."""
        if arguments is None:
            return None
        normal = normalise(arguments)
        text, kind, quoted = canonical_text(normal), class_of(normal), quoted_sentences(list(texts_of(normal)))
        if quoted:
            kind = ArgumentClass.PROSE
        fields = [field_of("", quoted)] if quoted else fields_of(normal)
        bare = walk_skeleton(text, normal)
        return Fingerprint(
            self.hash(text),
            self._sketched(fields),
            kind,
            "" if bare == text else self.hash(bare),
            "" if kind is ArgumentClass.CODE else self._names(prose_of(fields)),
            effect_of(normal, kind),
        )

    def result(self, value: object) -> ResultFingerprint:
        """Return what stands for a result; None is the answer of a tool that has none."""
        said = json_text(normalise("" if value is None else value))
        kind = result_class(said)
        text = capped(said if kind in (ToolResultClass.MOMENT, ToolResultClass.ID) else steady(said))
        return ResultFingerprint(self.hash(text), self.sketch(text), kind)

    def error(self, message: str) -> ResultFingerprint:
        """Return what stands where the result of a call would that failed with *message*.

        The hash is of what it says, the sketch of its kind alone: without quotes, paths and numbers.
        """
        message = message[:_ERROR_MAX_CHARS]
        kind = ToolResultClass.NAMED if names_something(message) else None
        kind = ToolResultClass.REJECTED if is_rejection(message) else kind
        return ResultFingerprint(self.hash(canonical_result(message)), self.sketch(error_key(message)), kind)

    def key_mark(self, path: str) -> int:
        """Return the mark by which :func:`changed_fields` names the field at the dotted *path*."""
        (mark,) = self._marks(_KEY, (path,))
        return mark >> (MARK_BITS - KEY_BITS)

    def _sketch(self, normal: Json) -> str:
        return encode(()) if normal == "" else self._sketched(fields_of(normal))

    def _sketched(self, fields: Iterable[FieldText]) -> str:
        return encode([self._field(field) for field in fields])

    def _names(self, text: str) -> str:
        names = names_in(text)
        if len(names) < FEW_NAMES:
            return ""
        marks = sorted({mark >> (MARK_BITS - KEY_BITS) for mark in self._marks(_NAME, names)})
        return bytes(marks[:_NAMES_KEPT]).hex()

    def _field(self, field: FieldText) -> Field:
        (value,) = self._marks(_VALUE, (field.value,))
        return Field(self.key_mark(field.path), value, tuple(self._marks(_WORD, field.words)))

    def _marks(self, domain: bytes, texts: Iterable[str]) -> list[int]:
        fresh, found = self._mark_hashers[domain].copy, []
        for text in texts:
            hasher = fresh()
            hasher.update(text.encode("utf-8", "replace"))
            found.append(int.from_bytes(hasher.digest(), "big") >> (16 - MARK_BITS))
        return found


def sketcher_for(session_id: str) -> Sketcher:
    """Return a session's sketcher: keyed by ``LOOPWATCH_SKETCH_KEY`` where that is set, else by its id."""
    key = os.environ.get(SKETCH_KEY_VARIABLE, "")
    return Sketcher(key.encode() if key else b"session:" + session_id.encode("utf-8", "replace"))


def similarity(left: str, right: str) -> float:
    """Estimate the Jaccard index of the words behind two sketches, in [0, 1].

    Arguments without any word are alike only when all their fields are. 0.0 when either cannot be read:
    what is unknown never counts as alike.
    """
    first, second = decode(left), decode(right)
    if first is None or second is None:
        return 0.0
    if first.bins is None and second.bins is None:
        union = len(first.word_set | second.word_set)
        if union:
            return len(first.word_set & second.word_set) / union
    bins, others = first.as_bins(), second.as_bins()
    if bins.filled or others.filled:
        return bins_similarity(bins, others)
    return float(_marks(first.fields) == _marks(second.fields))


def changed_fields(left: str, right: str) -> frozenset[int] | None:
    """Return the marks of the fields that both sketches have with different values, None when either cannot be read.

    A mark (0 to 255) stands for the field's name (:meth:`Sketcher.key_mark`): one field has one mark in every
    sketch of one key. An empty set under two different hashes means that a field was added, or that the difference
    is outside the fields that are marked (five in the binned layout).
    """
    first, second = decode(left), decode(right)
    if first is None or second is None:
        return None
    shared = {field.key for field in first.fields} & {field.key for field in second.fields}
    return frozenset(key for key, _ in _marks(first.fields) ^ _marks(second.fields) if key in shared)


def slot_batch(left: str, right: str) -> bool | None:
    """Say whether two sketches are one sentence with a slot filled differently (``words.is_slot_batch``).

    None when that is unknown: a sketch cannot be read, or was of too many words to keep their order.
    """
    first, second = decode(left), decode(right)
    if first is None or second is None or first.bins is not None or second.bins is not None:
        return None
    return is_slot_batch(first.words, second.words)


def _marks(fields: Iterable[Field]) -> set[tuple[int, int]]:
    return {(field.key, field.value) for field in fields}
