"""One session's story as lines: its facts, its steps with what was found between them, and what to do next."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from glob import escape
from typing import Any
from urllib.parse import quote

from rich.console import Console
from rich.text import Text

from loopwatch_processor.cli.columns import Column, rows, width_of, wrapped
from loopwatch_processor.cli.counted import counted
from loopwatch_processor.cli.harmless import harmless
from loopwatch_processor.config.incidents import Links
from loopwatch_processor.storyline import worst

STYLES = {"critical": "bold red", "warning": "yellow", "info": "dim"}
_MAX_RUNS = 8
_QUIET_ENDS = ("completed", "cancelled", None)
"""Stop reasons that ask for nothing."""
_TEXTS = ("arguments", "output", "error")

Story = Mapping[str, Any]


def lines(console: Console, story: Story, links: Links) -> Iterator[Text]:
    """All that is to be said of *story*."""
    yield from _facts(console, story)
    for span in story.get("open_spans", ()):
        yield from wrapped(console, Text(harmless(_open(span)), "bold"), "  ")
    yield Text()
    yield from _steps(console, story)
    if told := list(_next(story, links)):
        yield Text()
        for line in told:
            yield Text(harmless(line), no_wrap=True, overflow="ignore")


def money(usd: float | None) -> str:
    """Dollars, finer where there are few; "?" where nobody knows the price."""
    return "?" if usd is None else f"${usd:,.4f}"


def _facts(console: Console, story: Story) -> Iterator[Text]:
    yield from wrapped(console, Text.assemble(("session ", "dim"), (harmless(story["session"]), "bold")))
    who = (("agent", "agent"), ("type", "agent_type"), ("service", "service"), ("environment", "environment"))
    yield from wrapped(console, Text(harmless(" · ".join(f"{name} {story[key]}" for name, key in who if story[key]))))
    yield from wrapped(console, Text(harmless(" · ".join(_sums(story)))))
    for run in story["runs"][-_MAX_RUNS:] if story["runs_total"] > 1 else ():
        yield from wrapped(console, Text(harmless(_run(run)), "dim"), "  ")
    if story["runs_total"] > _MAX_RUNS:
        yield Text(f"  and {counted(story['runs_total'] - _MAX_RUNS, 'run')} before", "dim")
    for incident in story["incidents"]:
        label = f"incident {incident['alert']}, {incident['severity']}, {_life(incident)}: "
        style = STYLES.get(incident["severity"], "") if incident["resolved_s"] is None else "dim"
        yield from wrapped(console, Text.assemble((harmless(label), style), harmless(incident["summary"])), "  ")


def _sums(story: Story) -> Iterator[str]:
    seconds = max(0, story["ended_ns"] - story["started_ns"]) / 1e9
    yield f"{_moment(story['started_ns'] / 1e9)}, {_length(seconds)}"
    yield f"{counted(story['steps'], 'step')} ({counted(story['tool_calls'], 'tool call')})"
    yield counted(story["tokens"], "token")
    yield money(story["cost_usd"]) + (" or more" if story["unpriced_calls"] and story["cost_usd"] else "")
    yield story["stop_reason"] or ("goes on" if story["open"] else "fell silent")
    for what, count in story["errors"].items():
        kind, _, error_class = what.partition("/")
        yield f"{counted(count, 'failed ' + kind.replace('_', ' '))} ({error_class})"


def _run(run: Story) -> str:
    begun = _moment(run["started_ns"] / 1e9)
    spent = f"{run['steps']:,} steps, {run['tokens']:,} tokens, {money(run['cost_usd'])}"
    return f"run {run['run']} of {run['agent'] or '?'}: {begun}, {spent}, {run['stop_reason'] or 'goes on'}"


def _open(span: Story) -> str:
    silent = f", without content for {_length(span['silent_s'])}" if span["silent_s"] is not None else ""
    chunks = f" after {span['chunks']:,} chunks" if span["chunks"] else ""
    where = f" in {span['process']}" if span["process"] else ""
    kind = span["kind"].removesuffix("_call").replace("_", " ")
    return f"still open: {kind} {span['name'] or '?'} for {_length(span['open_s'])}{silent}{chunks}{where}"


def _life(incident: Story) -> str:
    over = incident["resolved_s"]
    told = f"open since {_moment(incident['opened_s'])}" if over is None else f"resolved {_moment(over)}"
    count = incident["sessions"]
    return f"{told}{', muted' if incident['muted'] else ''}, {count:,} session{'' if count == 1 else 's'}"


def _steps(console: Console, story: Story) -> Iterator[Text]:
    steps: Sequence[Story] = story["story"]
    found = defaultdict(list)
    for finding in story["findings"]:
        found[finding["number"]].append(finding)
    if not steps:
        hangs = "No step of it has ended yet."
        forgotten = "No step of it is remembered: only sessions in which something was found are kept."
        yield Text(hangs if story.get("open_spans") and not story["steps"] else forgotten, "dim")
        yield from (line for finding in story["findings"] for line in _finding(console, finding, story))
        return
    titles, *told = rows(_columns(steps), width_of(console))
    yield titles
    if story["steps_forgotten"]:
        yield Text(f"… {story['steps_forgotten']:,} earlier steps are not remembered", "dim")
    for finding in found.get(0, ()):
        yield from _finding(console, finding, story)
    for line, step in zip(told, steps, strict=True):
        yield line
        for name in _TEXTS:
            if step.get(name):
                yield from wrapped(console, Text(harmless(f"{name}: {step[name]}"), "dim"), "    ")
        for finding in found.get(step["number"], ()):
            yield from _finding(console, finding, story)


def _columns(steps: Sequence[Story]) -> list[Column]:
    columns = [
        Column("#", [str(step["number"]) for step in steps], is_number=True),
        Column("at", [f"{step['offset_s']:,.1f}s" for step in steps], is_number=True, dispensable=7),
        Column("agent", _agents(steps), gives_way=True, dispensable=4),
        Column("kind", [step["kind"].removesuffix("_call") for step in steps], dispensable=3),
        Column("what", [step["name"] for step in steps], gives_way=True),
        Column("took", [_length(step["duration_s"]) for step in steps], is_number=True, dispensable=8),
        Column("alike", [_alike(step) for step in steps], is_number=True),
        Column("result", [step["result"] or "" for step in steps]),
        Column("in", [_count(step["input_tokens"]) for step in steps], is_number=True, dispensable=5),
        Column("growth", [_count(step["context_growth_tokens"], "+,") for step in steps], True, dispensable=9),
        Column("full", [_percent(step["context_ratio"]) for step in steps], is_number=True, dispensable=6),
        Column("out", [_count(step["output_tokens"]) for step in steps], is_number=True, dispensable=11),
        Column("cost", [_cost(step) for step in steps], is_number=True, dispensable=10),
        Column("total", [money(step["cost_total_usd"]) for step in steps], is_number=True, dispensable=2),
        Column("error", [step["error_class"] or "" for step in steps]),
    ]
    return [column for column in columns if any(column.cells)]


def _agents(steps: Sequence[Story]) -> list[str]:
    """Whose step it is, where several agents are at work."""
    names = [step["agent"] for step in steps]
    return names if len(set(names)) > 1 else [""] * len(names)


def _alike(step: Story) -> str:
    """How much the call is like an earlier one, and which: 0.92 #3."""
    if step["similarity"] is None:
        return ""
    return f"{step['similarity']:.2f}" + (f" #{step['similar_to']}" if step["similar_to"] else "")


def _count(number: int | None, form: str = ",") -> str:
    return "" if number is None else format(number, form)


def _percent(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.0%}"


def _cost(step: Story) -> str:
    return "" if step["cost_usd"] is None else money(step["cost_usd"])


def _finding(console: Console, finding: Story, story: Story) -> Iterator[Text]:
    agent = f" of {finding['agent']}" if finding["agent"] not in ("", story["agent"]) else ""
    since = f" (first at step {finding['since_step']})" if finding["since_step"] < finding["step"] else ""
    label = harmless(f"{finding['severity']} {finding['detector']}/{finding['pattern']}{agent}{since}: ")
    style = STYLES.get(finding["severity"], "")
    yield from wrapped(console, Text.assemble("→ ", (label, style), harmless(finding["summary"])), "  ")


def _next(story: Story, links: Links) -> Iterator[str]:
    """What a person does about it."""
    finding = worst(story["findings"])
    if finding is not None:
        yield from _linked("Runbook", links.runbook_url, alert=finding["alert"])
        span_id = finding["span_id"].partition("/")[0]  # a step read from messages has a number behind it
        yield from _linked("Trace", links.trace_url, trace_id=finding["trace_id"], span_id=span_id)
        if agent := finding["agent"] or story["agent"]:
            named = ("--agent", escape(agent), "--detector", finding["detector"])
            yield f"Mute:    {shlex.join(('loopwatch', 'mute', *named, '--for', '2h'))}"
    elif story["stop_reason"] not in _QUIET_ENDS:
        yield from _linked("Runbook", links.runbook_url, alert=f"stop-reasons/{story['stop_reason']}")


def _linked(title: str, template: str | None, **values: str) -> Iterator[str]:
    if template is not None:
        for name, value in values.items():
            template = template.replace(f"{{{name}}}", quote(value.encode("utf-8", "replace"), safe="/"))
        yield f"{title + ':':<8} {template}"


def _moment(at_s: float) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _length(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{rest:02}s"
