"""A PagerDuty Events API v2 of our own: refuses what the real one refuses, and counts incidents as it would.

As a process: `python -m tests.fakes.events_api --port 8099 --key NAME=KEY`. Then `GET /record` tells what arrived,
`POST /hooks/NAME` takes any JSON, as trackers and heartbeats do, and
`POST /faults` with `{"status": 429, "count": 3, "delay_s": 0, "reset": false, "retry_after_s": 5}` makes it fail.
"""

from __future__ import annotations

import argparse
import json
import socket
import struct
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.fakes.events_rules import BODY_MAX_BYTES, problems_of

PATH = "/v2/enqueue"
HOOKS = "/hooks/"
MAX_HOOKED = 1_000
"""So many posts of each hook are remembered."""
PER_MINUTE = 120
KEY = "0123456789abcdef0123456789abcdef"
"""The key that is known where none is named."""


@dataclass
class Incident:
    """What PagerDuty makes of the events with one key and dedup key, from a trigger to the resolve."""

    key: str
    """The name of the routing key."""
    dedup_key: str
    severity: str
    summary: str
    opened_s: float
    status: str = "triggered"
    """triggered, acknowledged or resolved."""
    triggers: int = 1
    payload: dict[str, Any] = field(default_factory=dict)
    links: list[dict[str, str]] = field(default_factory=list)
    resolved_s: float | None = None

    @property
    def urgency(self) -> str:
        """Whether it wakes somebody: by the default of a service with dynamic notifications."""
        return "high" if self.severity in ("critical", "error") else "low"


@dataclass
class Fault:
    """What the next requests meet instead of an answer."""

    status: int = 0
    """HTTP status to answer; 0: none."""
    count: int = 1
    """So many requests."""
    delay_s: float = 0.0
    """To wait before anything else."""
    reset: bool = False
    """Whether the connection is reset."""
    retry_after_s: float | None = None


class EventsApi:
    """The rules and the record, without any network. *keys*: routing keys by name. *clock* gives seconds."""

    def __init__(
        self,
        keys: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
        per_minute: int = PER_MINUTE,
    ) -> None:
        self._names = {key: name for name, key in (keys or {"default": KEY}).items()}
        self._clock = clock
        self._per_minute = per_minute
        self._recent: dict[str, deque[float]] = {}
        self._lock = threading.Lock()
        self._open: dict[tuple[str, str], Incident] = {}
        self.faults: deque[Fault] = deque()
        self.events: list[dict[str, Any]] = []
        """What was accepted, in order, with `key` (a name) in the place of the routing key, and `at_s`."""
        self.answers: Counter[int] = Counter()
        """Requests by the HTTP status of their answer."""
        self.incidents: list[Incident] = []
        """In the order in which they opened."""
        self.ignored: Counter[str] = Counter()
        """acknowledge and resolve events that fitted no open incident."""
        self.hooks: dict[str, deque[Any]] = {}
        """What was posted to other webhooks than PagerDuty's, by their names."""

    def next_fault(self) -> Fault | None:
        """What the request that arrives now is to meet."""
        with self._lock:
            while self.faults:
                if self.faults[0].count > 0:
                    self.faults[0].count -= 1
                    return self.faults[0]
                self.faults.popleft()
            return None

    def enqueue(self, body: bytes) -> tuple[int, dict[str, Any]]:
        """Status and JSON of the answer to a POST of *body*."""
        with self._lock:
            status, answer = self._enqueue(body)
            self.answers[status] += 1
            return status, answer

    def hook(self, name: str, body: bytes) -> int:
        """Keep what was posted to the webhook *name*; the status of the answer."""
        try:
            posted = json.loads(body)
        except ValueError:
            return 400
        with self._lock:
            self.hooks.setdefault(name, deque(maxlen=MAX_HOOKED)).append(posted)
        return 200

    def of(self, status: str) -> list[Incident]:
        """The incidents that are in *status* now."""
        return [incident for incident in self.incidents if incident.status == status]

    def record(self) -> dict[str, Any]:
        """Everything, as plain data."""
        with self._lock:
            return {
                "events": list(self.events),
                "incidents": [{**asdict(incident), "urgency": incident.urgency} for incident in self.incidents],
                "answers": {str(status): count for status, count in self.answers.items()},
                "ignored": dict(self.ignored),
                "hooks": {name: list(posted) for name, posted in self.hooks.items()},
                "open": len(self._open),
            }

    def _enqueue(self, body: bytes) -> tuple[int, dict[str, Any]]:
        if len(body) > BODY_MAX_BYTES:
            return _invalid("Event object is too large (limit is 512 KB)")
        try:
            event = json.loads(body)
        except ValueError:
            return _invalid("Event object is not JSON")
        if errors := problems_of(event):
            return _invalid(*errors)
        name = self._names.get(event["routing_key"])
        if name is None:
            return _invalid("Invalid routing key")
        now_s = self._clock()
        if not self._within_rate(name, now_s):
            return 429, {"status": "throttle exceeded", "message": "Requests for this service are arriving too quickly"}
        return 202, {"status": "success", "message": "Event processed", "dedup_key": self._take(event, name, now_s)}

    def _within_rate(self, name: str, now_s: float) -> bool:
        recent = self._recent.setdefault(name, deque())
        while recent and recent[0] <= now_s - 60.0:
            recent.popleft()
        if len(recent) >= self._per_minute:
            return False
        recent.append(now_s)
        return True

    def _take(self, event: dict[str, Any], name: str, now_s: float) -> str:
        event = {**event, "key": name, "at_s": now_s}
        del event["routing_key"]
        self.events.append(event)
        dedup_key: str = event.get("dedup_key") or f"made-up-{len(self.events)}"
        match event["event_action"]:
            case "trigger":
                self._trigger(event, dedup_key, now_s)
            case action:
                self._close(action, name, dedup_key, now_s)
        return dedup_key

    def _trigger(self, event: dict[str, Any], dedup_key: str, now_s: float) -> None:
        payload, name = event["payload"], event["key"]
        incident = self._open.get((name, dedup_key))
        if incident is None:
            incident = Incident(name, dedup_key, payload["severity"], payload["summary"], now_s, triggers=0)
            self._open[name, dedup_key] = incident
            self.incidents.append(incident)
        incident.triggers += 1
        incident.severity, incident.summary = payload["severity"], payload["summary"]
        incident.payload, incident.links = payload, event.get("links") or []

    def _close(self, action: str, name: str, dedup_key: str, now_s: float) -> None:
        incident = self._open.get((name, dedup_key))
        if incident is None:
            self.ignored[action] += 1
        elif action == "acknowledge":
            incident.status = "acknowledged"
        else:
            incident.status, incident.resolved_s = "resolved", now_s
            del self._open[name, dedup_key]


def _invalid(*errors: str) -> tuple[int, dict[str, Any]]:
    return 400, {"status": "invalid event", "message": "Event object is invalid", "errors": list(errors)}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path == "/faults":
            self.server.api.faults.append(Fault(**json.loads(body)))
            self._answer(200, {})
        elif self.path.startswith(HOOKS):
            self._answer(self.server.api.hook(self.path.removeprefix(HOOKS), body), {})
        elif self.path != PATH:
            self._answer(404, {"message": "Not Found"})
        else:
            self._enqueue(body)

    def do_GET(self) -> None:
        found = self.server.api.record() if self.path == "/record" else None
        self._answer(200 if found is not None else 404, found or {"message": "Not Found"})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """The record says more."""

    def _enqueue(self, body: bytes) -> None:
        api, fault = self.server.api, self.server.api.next_fault()
        if fault is not None:
            threading.Event().wait(fault.delay_s)
            if fault.reset:
                self.close_connection = True
                # Closing with nothing to linger for is what sends a reset.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            if fault.status:
                api.answers[fault.status] += 1
                self._answer(fault.status, {"message": "a scripted fault"}, fault.retry_after_s)
                return
        self._answer(*api.enqueue(body))

    def _answer(self, status: int, found: Mapping[str, Any], retry_after_s: float | None = None) -> None:
        body = json.dumps(found).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        if retry_after_s is not None:
            self.send_header("retry-after", f"{retry_after_s:g}")
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True


class Server(ThreadingHTTPServer):
    """*api* on *host*; port 0 is any free one."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, api: EventsApi, port: int = 0, host: str = "127.0.0.1") -> None:
        super().__init__((host, port), _Handler)
        self.api = api

    @property
    def url(self) -> str:
        """What to set notify.pagerduty_url to."""
        return f"http://127.0.0.1:{self.server_address[1]}{PATH}"


@contextmanager
def serving(api: EventsApi | None = None) -> Iterator[Server]:
    """*api* on a free port, until the end of the block."""
    with Server(api or EventsApi()) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="A fake PagerDuty Events API v2.")
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 in a container")
    parser.add_argument("--port", type=int, default=8099)
    parser.add_argument("--key", action="append", metavar="NAME=KEY", help=f"default: default={KEY}")
    options = parser.parse_args()
    keys = dict(item.split("=", 1) for item in options.key) if options.key else None
    with Server(EventsApi(keys), options.port, options.host) as server:
        print(f"the fake Events API listens on {server.url}", flush=True)  # noqa: T201
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
