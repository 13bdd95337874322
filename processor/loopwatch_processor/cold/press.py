"""Compression that learns from what it is given: sessions of one fleet are much alike."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import zstandard

SAMPLES = 256
"""Newest texts that a dictionary is learned from: twice as many take twice as long and gain 2 %."""
_SAMPLE_BYTES = 8_192
DICTIONARY_BYTES = 204_800
"""Sessions of 40 kinds, mixed, take 380 bytes each with it, 540 with a third of it, 2,000 without any."""
_SEGMENT_BYTES, _MATCH_BYTES = 2_048, 8
"""Given, learning takes 25 ms; zstd's own search for better ones takes three times as long, for 1 %."""
_FIRST_AFTER = SAMPLES
_MOST_BETWEEN = 65_536
_LEVEL = 3
_NUMBERS = 65_536
PLAIN = 0
"""The number of no dictionary."""


@dataclass(slots=True)
class _Dictionary:
    expand: zstandard.ZstdDecompressor
    texts: int = 0
    """Compressed with it, and not released yet."""


class Press:
    """Compresses texts of some KB each; which dictionary it was is kept by the caller, as a number."""

    def __init__(self) -> None:
        self._samples: deque[bytes] = deque(maxlen=SAMPLES)
        self._dictionaries = {PLAIN: _Dictionary(_decompressor(None))}
        self._compress = _compressor(None)
        self._newest = PLAIN
        self._pressed = 0
        self._learn_at = _FIRST_AFTER

    def press(self, text: bytes) -> tuple[int, bytes]:
        """*text* compressed, and the number of the dictionary that expands it."""
        if len(text) <= _SAMPLE_BYTES:
            self._samples.append(text)
        self._pressed += 1
        if self._pressed >= self._learn_at:
            self._learn()
        self._dictionaries[self._newest].texts += 1
        return self._newest, self._compress.compress(text)

    def expand(self, number: int, data: bytes) -> bytes:
        """What `press` was given."""
        return self._dictionaries[number].expand.decompress(data)

    def release(self, number: int) -> None:
        """A text is needed no more; neither is a dictionary that no text is left of."""
        dictionary = self._dictionaries[number]
        dictionary.texts -= 1
        if dictionary.texts == 0 and number not in (self._newest, PLAIN):
            del self._dictionaries[number]

    def _learn(self) -> None:
        """Twice as many texts later than the time before, at most: what agents do changes over the weeks."""
        self._learn_at += min(self._learn_at, _MOST_BETWEEN)
        number = next(each for each in range(self._newest + 1, self._newest + _NUMBERS) if self._is_free(each))
        number %= _NUMBERS
        learned = _learned(list(self._samples))
        if learned is None:
            return
        before, self._newest = self._newest, number
        self._dictionaries[number] = _Dictionary(_decompressor(learned))
        self._compress = _compressor(learned)
        if before != PLAIN and self._dictionaries[before].texts == 0:
            del self._dictionaries[before]

    def _is_free(self, number: int) -> bool:
        return number % _NUMBERS not in self._dictionaries


def _learned(samples: list[bytes]) -> zstandard.ZstdCompressionDict | None:
    try:
        return zstandard.train_dictionary(DICTIONARY_BYTES, [*samples], k=_SEGMENT_BYTES, d=_MATCH_BYTES)
    except zstandard.ZstdError:  # too little, or too much alike, to tell what comes again
        return None


def _compressor(dictionary: zstandard.ZstdCompressionDict | None) -> zstandard.ZstdCompressor:
    if dictionary is not None:
        dictionary.precompute_compress(level=_LEVEL)
    return zstandard.ZstdCompressor(_LEVEL, dict_data=dictionary, write_checksum=False, write_dict_id=False)


def _decompressor(dictionary: zstandard.ZstdCompressionDict | None) -> zstandard.ZstdDecompressor:
    return zstandard.ZstdDecompressor(dict_data=dictionary)
