"""Content in the bytes of a streamed HTTP answer: server-sent events, JSON lines, AWS event streams.

What cannot be read counts as content: a stream of an unknown kind is never taken for a silent one.
"""

import base64
import json
import re
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from loopwatch.chunks import is_content, is_end, shows_its_end

_MAX_EVENT_BYTES: Final = 256 * 1024
"""A larger event (an image, audio) is content, unread."""
_LINE_END: Final = re.compile(rb"\r\n|\n|\r")


class Chunks(ABC):
    """Reads one answer as its bytes come. *is_ended* once the provider said so, *shows_end* where it is known to."""

    def __init__(self) -> None:
        self.is_ended = False
        self.shows_end = False

    @abstractmethod
    def feed(self, data: bytes) -> int:
        """Take the next bytes and return how many chunks of content they complete."""

    def _judge(self, document: object) -> int:
        try:
            self.shows_end = self.shows_end or shows_its_end(document)
            self.is_ended = self.is_ended or is_end(document)
            return int(is_content(document))
        except (TypeError, AttributeError):  # a known name with something unheard of under it
            return 1

    def _judge_json(self, text: bytes) -> int:
        if len(text) > _MAX_EVENT_BYTES:
            return 1
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            return int(bool(text.strip()))
        return self._judge(document)


class _Lines:
    """Cuts bytes into lines, wherever they were cut before."""

    def __init__(self) -> None:
        self._rest = b""
        self._after_return = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._after_return and data.startswith(b"\n"):
            data = data[1:]
        self._after_return = data.endswith(b"\r")
        *lines, self._rest = _LINE_END.split(self._rest + data)
        # What is more than an event may be is not kept, and still too long to be read.
        self._rest = self._rest[: _MAX_EVENT_BYTES + 1]
        yield from lines


class ServerSentEvents(Chunks):
    """``text/event-stream``, as the HTML standard has it: OpenAI, Anthropic, Gemini and most others."""

    def __init__(self) -> None:
        super().__init__()
        self._lines = _Lines()
        self._event = b""
        self._data: list[bytes] = []
        self._size_bytes = 0

    def feed(self, data: bytes) -> int:
        """Take the next bytes and return how many chunks of content they complete."""
        return sum(self._take(line) for line in self._lines.feed(data))

    def _take(self, line: bytes) -> int:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(b":")  # a comment, which keeps a connection alive, has no name
        if name == b"event":
            self._event = value.strip()
        elif name == b"data":
            self._size_bytes += len(value)
            if self._size_bytes <= _MAX_EVENT_BYTES:
                self._data.append(value.removeprefix(b" "))
        return 0

    def _dispatch(self) -> int:
        event, data, size_bytes = self._event, b"\n".join(self._data), self._size_bytes
        self._event, self._data, self._size_bytes = b"", [], 0
        if data == b"[DONE]":
            self.is_ended = True
            return 0
        if size_bytes > _MAX_EVENT_BYTES:
            return 1
        return self._judge_json(data) if data and event not in (b"ping", b"error") else 0


class JsonLines(Chunks):
    """One JSON document a line, as Ollama has it."""

    def __init__(self) -> None:
        super().__init__()
        self._lines = _Lines()

    def feed(self, data: bytes) -> int:
        """Take the next bytes and return how many chunks of content they complete."""
        return sum(self._judge_json(line) for line in self._lines.feed(data))


class AwsEvents(Chunks):
    """``application/vnd.amazon.eventstream``, as Bedrock's InvokeModelWithResponseStream and ConverseStream have it.

    Each message is: length of the message and of its headers (four bytes each), checksum, headers, payload, checksum.
    https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html
    """

    _PRELUDE: Final = 12
    _CHECKSUM: Final = 4
    _MAX_MESSAGE_BYTES: Final = 24 * 1024 * 1024

    def __init__(self) -> None:
        super().__init__()
        self._rest = b""
        self._is_lost = False

    def feed(self, data: bytes) -> int:
        """Take the next bytes and return how many chunks of content they complete."""
        if self._is_lost:
            return int(bool(data))
        self._rest += data
        found = 0
        while len(self._rest) >= self._PRELUDE:
            size = int.from_bytes(self._rest[:4])
            if not self._PRELUDE + self._CHECKSUM <= size <= self._MAX_MESSAGE_BYTES:
                self._is_lost, self._rest = True, b""
                return found + 1
            if len(self._rest) < size:
                break
            message, self._rest = self._rest[:size], self._rest[size:]
            try:
                found += self._take(message)
            except (ValueError, IndexError):
                found += 1
        return found

    def _take(self, message: bytes) -> int:
        headers_end = self._PRELUDE + int.from_bytes(message[4:8])
        headers = _aws_headers(message[self._PRELUDE : headers_end])
        payload = message[headers_end : -self._CHECKSUM]
        if headers.get(":message-type", "event") != "event":
            return 0
        kind = headers.get(":event-type", "")
        if kind != "chunk":
            return self._judge({kind: _json_or_none(payload)})
        inner = _json_or_none(payload)
        given = inner.get("bytes") if isinstance(inner, Mapping) else None
        return self._judge_json(base64.b64decode(given) if isinstance(given, str) else payload)


_AWS_SIZES: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_AWS_STRING: Final = 7


def _aws_headers(data: bytes) -> dict[str, str]:
    found = {}
    at = 0
    while at < len(data):
        name_end = at + 1 + data[at]
        name, kind = data[at + 1 : name_end].decode("utf-8", "replace"), data[name_end]
        at = name_end + 1
        size = _AWS_SIZES.get(kind)
        if size is None:
            size = int.from_bytes(data[at : at + 2])
            at += 2
        if kind == _AWS_STRING:
            found[name] = data[at : at + size].decode("utf-8", "replace")
        at += size
    return found


def _json_or_none(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


_KINDS: Final[Mapping[str, Callable[[], Chunks]]] = {
    "text/event-stream": ServerSentEvents,
    "application/x-ndjson": JsonLines,
    "application/ndjson": JsonLines,
    "application/jsonl": JsonLines,
    "application/x-jsonlines": JsonLines,
    "application/stream+json": JsonLines,
    "application/vnd.amazon.eventstream": AwsEvents,
}


def chunks_of(content_type: str, content_encoding: str) -> Chunks | None:
    """Return the reader of an answer with these HTTP headers, None where it is no stream of chunks."""
    kind = _KINDS.get(content_type.partition(";")[0].strip().lower())
    if kind is None:
        return None
    encoding = content_encoding.strip().lower()
    if encoding in ("", "identity"):
        return kind()
    return _Unpacked(kind(), encoding)


class _Unpacked(Chunks):
    """Chunks in a compressed answer; one that the standard library cannot unpack is content, unread."""

    def __init__(self, inner: Chunks, encoding: str) -> None:
        super().__init__()
        self._inner = inner
        self._unpack = zlib.decompressobj(zlib.MAX_WBITS | 32) if encoding in ("gzip", "x-gzip", "deflate") else None

    def feed(self, data: bytes) -> int:
        """Take the next bytes and return how many chunks of content they complete."""
        if self._unpack is None:
            return int(bool(data))
        try:
            found = self._inner.feed(self._unpack.decompress(data, _MAX_EVENT_BYTES))
            while self._unpack.unconsumed_tail:
                found += self._inner.feed(self._unpack.decompress(self._unpack.unconsumed_tail, _MAX_EVENT_BYTES))
        except zlib.error:
            self._unpack = None
            return 1
        self.is_ended, self.shows_end = self._inner.is_ended, self._inner.shows_end
        return found
