"""Content encodings: what comes out, and what never does."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from loopwatch_processor.errors import LoopwatchError, TooLarge, Undecodable
from loopwatch_processor.receive.compression import DECODERS, gunzip, unzstd

Codec = tuple[Callable[[bytes], bytes], Callable[[bytes, int], bytes]]
CODECS: dict[str, Codec] = {"gzip": (gzip.compress, gunzip), "zstd": (zstandard.compress, unzstd)}
MIB = 1024 * 1024


@pytest.fixture(params=CODECS, name="codec")
def _codec(request: pytest.FixtureRequest) -> Codec:
    return CODECS[request.param]


@given(parts=st.lists(st.binary(max_size=300), min_size=1, max_size=5))
@pytest.mark.parametrize("name", CODECS)
def test_every_part_of_a_body_comes_out(name: str, parts: list[bytes]) -> None:
    """Several members or frames in one body are one stream, in order."""
    compress, decompress = CODECS[name]
    assert decompress(b"".join(compress(part) for part in parts), MIB) == b"".join(parts)


def test_a_body_longer_than_one_piece_comes_out_whole(codec: Codec) -> None:
    """Feeding in pieces changes nothing for bodies that do not compress."""
    compress, decompress = codec
    body = b"".join(zlib.crc32(str(i).encode()).to_bytes(4, "big") for i in range(60_000))
    assert decompress(compress(body), MIB) == body


def test_the_limit_itself_passes_and_one_byte_more_does_not(codec: Codec) -> None:
    """The limit is on what comes out, and inclusive."""
    compress, decompress = codec
    assert decompress(compress(b"x" * 1000), 1000) == b"x" * 1000
    with pytest.raises(TooLarge):
        decompress(compress(b"x" * 1001), 1000)


def test_an_empty_body_stays_empty(codec: Codec) -> None:
    """An empty request is a success in every encoding."""
    assert codec[1](b"", 10) == b""


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_body_that_ends_early_is_refused(codec: Codec, cut: int) -> None:
    """A truncated stream is never taken for a shorter one: its spans would be lost without a word."""
    compress, decompress = codec
    whole = compress(bytes(range(256)) * 4)
    with pytest.raises(Undecodable, match="not valid"):
        decompress(whole[:-cut], MIB)


def test_trailing_garbage_is_refused(codec: Codec) -> None:
    """What follows the last part must be another part."""
    compress, decompress = codec
    with pytest.raises(Undecodable):
        decompress(compress(b"abc") + b"garbage", MIB)


def test_a_million_empty_parts_are_refused(codec: Codec) -> None:
    """Empty members and frames produce nothing but work, so their number is bounded."""
    compress, decompress = codec
    with pytest.raises(Undecodable, match="10000 compressed parts"):
        decompress(compress(b"") * 20_000, MIB)


@given(noise=st.binary(max_size=200))
@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_noise_is_refused_and_never_raises_anything_else(name: str, noise: bytes) -> None:
    """Arbitrary bytes end in one of our own errors or in bytes within the limit."""
    try:
        assert len(DECODERS[name](noise, 1000)) <= 1000
    except LoopwatchError:
        pass


def test_a_zstd_window_beyond_the_limit_is_refused() -> None:
    """A frame cannot make us reserve more memory than the limit by asking for a large window."""
    parameters = zstandard.ZstdCompressionParameters(window_log=27)
    stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    body = stream.compress(b"tiny") + stream.flush()
    with pytest.raises(Undecodable, match="memory"):
        unzstd(body, MIB)
