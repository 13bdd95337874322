"""Undoing HTTP content encodings, with a limit on what comes out."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, Protocol

import zstandard

from loopwatch_processor.errors import TooLarge, Undecodable

inflating: Any = zlib
try:
    from isal import isal_zlib  # type: ignore[import-not-found,unused-ignore]
except ImportError:  # no wheel for this platform; zlib takes twice as long, 2.5 µs more for a span
    pass
else:
    inflating = isal_zlib

_GZIP_WBITS = 31
_GZIP_PIECE_BYTES = 64 * 1024
_ZSTD_PIECE_BYTES = 1024
"""Four bytes of zstd can say 128 KiB, so one piece overshoots the limit by 32 MiB at most."""
_ZSTD_WINDOW_MIN_BYTES = 8 * 1024 * 1024
"""What every decoder should support (RFC 8878, section 3.1.1.1.2)."""
_PARTS_MAX = 10_000
"""Members or frames in one body: 64 MiB in blocks of 64 KiB are 1,024; a million empty ones only burn time."""

Decoder = Callable[[bytes, int], bytes]


class _Part(Protocol):
    """Decompresses one gzip member or zstd frame."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def feed(self, piece: bytes, room_bytes: int, /) -> bytes: ...


class _GzipMember:
    def __init__(self) -> None:
        self._inflater: zlib._Decompress = inflating.decompressobj(_GZIP_WBITS)

    @property
    def eof(self) -> bool:
        return self._inflater.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflater.unused_data

    def feed(self, piece: bytes, room_bytes: int) -> bytes:
        return self._inflater.decompress(piece, room_bytes)


class _ZstdFrame:
    def __init__(self, decompressor: zstandard.ZstdDecompressor) -> None:
        self._inflater = decompressor.decompressobj()

    @property
    def eof(self) -> bool:
        return self._inflater.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflater.unused_data

    def feed(self, piece: bytes, _room_bytes: int) -> bytes:
        return self._inflater.decompress(piece)


def identity(body: bytes, limit_bytes: int) -> bytes:
    """Return *body* as it is.

    Raises:
        TooLarge: it is longer than *limit_bytes*.
    """
    if len(body) > limit_bytes:
        raise TooLarge(limit_bytes)
    return body


def gunzip(body: bytes, limit_bytes: int) -> bytes:
    """Decompress *body*, of one or several gzip members; an empty body stays empty.

    Raises:
        TooLarge: more than *limit_bytes* come out.
        Undecodable: it is not gzip, damaged, or ends early.
    """
    try:
        return _inflate(body, limit_bytes, _GZIP_PIECE_BYTES, _GzipMember)
    except (inflating.error, EOFError) as error:
        raise Undecodable(f"the body is not valid gzip: {error}") from error


def unzstd(body: bytes, limit_bytes: int) -> bytes:
    """Decompress *body*, of one or several zstd frames. Raises as `gunzip` does.

    zstandard ignores `max_output_size` for a frame that states its size, and its stream reader takes a frame that
    ends early for a complete one; small pieces fed to a decompression object have neither trap.
    """
    decompressor = zstandard.ZstdDecompressor(max_window_size=max(limit_bytes, _ZSTD_WINDOW_MIN_BYTES))
    try:
        return _inflate(body, limit_bytes, _ZSTD_PIECE_BYTES, lambda: _ZstdFrame(decompressor))
    except (zstandard.ZstdError, EOFError) as error:
        raise Undecodable(f"the body is not valid zstd: {error}") from error


DECODERS: dict[str, Decoder] = {
    "": identity,
    "identity": identity,
    "gzip": gunzip,
    "x-gzip": gunzip,
    "zstd": unzstd,
}
"""Content-Encoding → decoder(body, limit_bytes)."""


def _inflate(body: bytes, limit_bytes: int, piece_bytes: int, begin: Callable[[], _Part]) -> bytes:
    """Feed *body* in pieces to as many parts as it holds; EOFError when the last one is incomplete."""
    if not body:
        return body
    out = bytearray()
    part, parts = begin(), 1
    for start in range(0, len(body), piece_bytes):
        piece = body[start : start + piece_bytes]
        while piece:
            if part.eof:
                part, parts = begin(), parts + 1
            if parts > _PARTS_MAX:
                raise Undecodable(f"the body has more than {_PARTS_MAX} compressed parts: send it as one")
            out += part.feed(piece, limit_bytes + 1 - len(out))
            if len(out) > limit_bytes:
                raise TooLarge(limit_bytes)
            piece = part.unused_data if part.eof else b""
    if not part.eof:
        raise EOFError("it ends early")
    return bytes(out)
