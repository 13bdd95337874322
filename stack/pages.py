"""What was paged, and how long after the span, or the silence, that decided it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Paged:
    """One incident at the Events API, beside the finding that made it critical."""

    agent: str
    detector: str
    summary: str
    decided_s: float | None
    """The end of the span that decided it, or when a silence was long enough, as Unix time; None: there is none."""
    opened_s: float

    @property
    def delay_s(self) -> float | None:
        """From the decision to the page."""
        return None if self.decided_s is None else self.opened_s - self.decided_s


def paged(record: Mapping[str, Any], findings: Iterable[Mapping[str, Any]]) -> list[Paged]:
    """The incidents of *record* in their order, each with the first critical finding of its agent and detector."""
    decided: dict[tuple[str, str], float] = {}
    for finding in findings:
        if finding["severity"] == "critical":
            moment = datetime.fromisoformat(finding["at"]).timestamp()
            decided.setdefault((finding["agent"], finding["detector"]), moment)
    return [_paged(incident, decided) for incident in record["incidents"]]


def tickets(record: Mapping[str, Any]) -> list[str]:
    """What the tracker was told, each problem once: alert and agent."""
    told = [group["groupLabels"] for group in record["hooks"].get("tickets", ())]
    return list(dict.fromkeys(f"{labels['alertname']} {labels.get('agent', '')}".rstrip() for labels in told))


def told_of(record: Mapping[str, Any]) -> set[str]:
    """The agents of all pages and tickets."""
    paged = {incident["payload"].get("component", "") for incident in record["incidents"]}
    return paged | {group["groupLabels"].get("agent", "") for group in record["hooks"].get("tickets", ())}


def lines(found: Iterable[Paged], width: int) -> Iterable[str]:
    """A line of text for each of *found*, in at most *width* columns."""
    for page in found:
        delay = "    ?  " if page.delay_s is None else f"{page.delay_s:5.1f} s"
        line = f"{delay}  {page.summary}"
        yield line if len(line) <= width else line[: width - 1] + "…"


def _paged(incident: Mapping[str, Any], decided: Mapping[tuple[str, str], float]) -> Paged:
    payload = incident["payload"]
    agent, detector = payload.get("component", ""), payload.get("class", "").partition("/")[0]
    return Paged(
        agent,
        detector,
        incident["summary"],
        decided.get((agent, detector)),
        incident["opened_s"],
    )
