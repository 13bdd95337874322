"""A model server on a free port that follows scripts and keeps a ledger of what it told for each.

The scenario is the first part of the path (``/softloop/v1/chat/completions``), so that no prompt names it. Answers
depend on the request alone.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.fake_models import anthropic, openai_chat, openai_responses
from tests.fake_models.request import Reply, Usage, usage_of
from tests.fake_models.scenario import NO_DELAYS, Call, Delays, Scenario, Turn, scenarios

_DIALECTS = {
    "/v1/chat/completions": openai_chat,
    "/v1/responses": openai_responses,
    "/v1/messages": anthropic,
}
MAX_REPLIES = 100
"""Answers for each scenario: an agent that does not see where the script ends must end as well."""
_FINAL_ANSWER = "final_answer"


@dataclass
class Ledger:
    """What the server answered, to hold the totals of a scorer against."""

    replies: list[Reply] = field(default_factory=list)
    """Answers with a status of 200, in order; usage that was not told is 0."""
    refused: int = 0
    """Answers with a status of 429."""

    @property
    def tool_calls(self) -> int:
        """Tool calls that were asked for."""
        return sum(len(reply.turn.calls) for reply in self.replies)

    @property
    def input_tokens(self) -> int:
        """Input tokens told, those from the cache included."""
        return sum(reply.usage.input_tokens for reply in self.replies)

    @property
    def output_tokens(self) -> int:
        """Output tokens told."""
        return sum(reply.usage.output_tokens for reply in self.replies)


@dataclass(frozen=True)
class Answer:
    """One HTTP answer: a document, or events of which True marks a word of content."""

    status: int
    document: Any = None
    events: Iterator[tuple[bool, str]] | None = None
    delays: Delays = NO_DELAYS


@dataclass(frozen=True)
class FakeModels:
    """A running server."""

    port: int
    ledgers: Mapping[str, Ledger]
    """One for each scenario."""

    def base(self, scenario: str) -> str:
        """The base URL of *scenario*, without ``/v1``."""
        return f"http://127.0.0.1:{self.port}/{scenario}"


@contextmanager
def fake_models(delays: Delays | None = None, sleep: Callable[[float], None] = time.sleep) -> Iterator[FakeModels]:
    """Serve every scenario for the length of the block; *delays* are those of ``stall``."""
    server = _Server(scenarios(delays), sleep)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield FakeModels(server.server_port, server.ledgers)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, scripts: dict[str, Scenario], sleep: Callable[[float], None]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scripts = scripts
        self.sleep = sleep
        self.ledgers = {name: Ledger() for name in scripts}
        self._numbers = itertools.count(1)

    def answer(self, path: str, body: dict[str, Any]) -> Answer | None:
        """The answer to *body*, written into the ledger; None where nobody serves *path*."""
        _, name, rest = path.partition("?")[0].split("/", 2)
        dialect, scenario = _DIALECTS.get("/" + rest), self.scripts.get(name)
        if dialect is None or scenario is None:
            return None
        ledger, shown = self.ledgers[name], dialect.shown_results(body)
        fails = scenario.fails_from is not None and shown >= scenario.fails_from
        if fails or len(ledger.replies) >= MAX_REPLIES:
            ledger.refused += 1
            return Answer(429, dialect.error("Rate limit reached for requests"))
        turn = _as_tool(scenario.turn(shown), body)
        reply = Reply(next(self._numbers), str(body["model"]), turn, usage_of(dialect.prompt(body), turn))
        ledger.replies.append(reply if dialect.tells_usage(body) else replace(reply, usage=Usage(0, 0, 0)))
        if body.get("stream"):
            return Answer(200, events=dialect.events(reply, body), delays=scenario.delays)
        return Answer(200, dialect.document(reply, body))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        answer = self.server.answer(self.path, body)
        if answer is None:
            self._json(Answer(404, {"error": {"message": f"no such scenario or path: {self.path}"}}))
        elif answer.events is not None:
            self._stream(answer.events, answer.delays)
        else:
            self._json(answer)

    def do_GET(self) -> None:
        self._json(Answer(200, {"object": "list", "data": [{"id": "gpt-4o-mini", "object": "model"}]}))

    def _json(self, answer: Answer) -> None:
        body = json.dumps(answer.document).encode()
        self.send_response(answer.status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            self.send_header("retry-after-ms", "1")
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, events: Iterator[tuple[bool, str]], delays: Delays) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.server.sleep(delays.first_s)
        words = 0
        for is_content, event in events:
            words += is_content
            if is_content and words == delays.gap_before_word:
                self.server.sleep(delays.gap_s)
            self.wfile.write(event.encode())
            self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        """Say nothing: the ledger tells."""


def _as_tool(turn: Turn, body: dict[str, Any]) -> Turn:
    """Agents that end with a tool named final_answer get their text through it."""
    named = [(tool.get("function") or tool).get("name") for tool in body.get("tools") or ()]
    if turn.calls or _FINAL_ANSWER not in named:
        return turn
    return Turn((Call(_FINAL_ANSWER, {"answer": turn.text}),))
