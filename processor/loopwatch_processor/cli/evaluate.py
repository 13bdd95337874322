"""`loopwatch evaluate`: how right are the detectors on sessions that people have labelled?"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Annotated

import orjson
import typer
from rich.console import Console

from loopwatch_processor import evaluation
from loopwatch_processor.assembly import build_pipeline
from loopwatch_processor.cli.columns import Column, rows, width_of
from loopwatch_processor.cli.counted import counted
from loopwatch_processor.cli.harmless import harmless
from loopwatch_processor.cli.options import ConfigPath, Format, FormatOption, Settings
from loopwatch_processor.config import Config, load
from loopwatch_processor.corpus import Labelled, UnusableCorpus, read
from loopwatch_processor.evaluation import Figures, Outcome, wilson
from loopwatch_processor.finding import Severity
from loopwatch_processor.misses import explain

LEVELS = (Severity.WARNING, Severity.CRITICAL)


def evaluate(
    files: Annotated[list[Path], typer.Argument(help="Labelled sessions, JSON lines, gzipped or not.")],
    *,
    label: Annotated[str, typer.Option(help="The field that holds the label; default: expected, else label.")] = "",
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=VALUE", help="Only sessions of which this holds; may be repeated."),
    ] = None,
    sketches: Annotated[
        bool, typer.Option("--sketches", help="Evaluate also without content: hash and sketch, as helpers send it.")
    ] = False,
    misses: Annotated[bool, typer.Option("--misses", help="Say of each wrong verdict why, in one line.")] = False,
    format: FormatOption = Format.table,  # noqa: A002 - the flag's name
    config: ConfigPath = None,
    settings: Settings = None,
) -> None:
    """Run the detectors over labelled sessions, as the service would, and compare with what people said.

    JSON is one object a file and level. The format of the files: docs/evaluate.md.
    """
    loaded, wanted = load(config, settings or [], sends=False), dict(_field(item) for item in only or ())
    for file in files:
        sessions = [item for item in read(file, label) if _has(item, wanted)]
        for reduced in (False, True) if sketches else (False,):
            outcomes = _run(sessions, loaded, reduced)
            if format is Format.json:
                _print_json(file.name, outcomes, reduced)
            else:
                _print_table(file.name + (" (sketches)" if reduced else ""), outcomes, misses)


def _run(sessions: Sequence[Labelled], config: Config, sketches: bool) -> list[Outcome]:
    return [evaluation.evaluate(item, lambda: build_pipeline(config), sketches=sketches) for item in sessions]


def _field(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise UnusableCorpus(f"--only {text}: write FIELD=VALUE, such as tier=consensus")
    return name, value


def _has(session: Labelled, wanted: dict[str, str]) -> bool:
    return all(str(session.fields.get(name)) == value for name, value in wanted.items())


def _print_json(name: str, outcomes: Sequence[Outcome], sketches: bool) -> None:
    for level in LEVELS:
        told = {**evaluation.as_dict(name, level, outcomes), "sketches": sketches}
        sys.stdout.buffer.write(orjson.dumps(told) + b"\n")
    sys.stdout.flush()


def _print_table(name: str, outcomes: Sequence[Outcome], misses: bool) -> None:
    console = Console(highlight=False, markup=False)
    labelled = sum(1 for outcome in outcomes if outcome.session.expected)
    console.print(
        f"{harmless(name)}: {counted(labelled, 'labelled session')} of {len(outcomes)}", style="bold", soft_wrap=True
    )
    reached = [(f"{level.label} and above", evaluation.at_level(outcomes, level)) for level in LEVELS]
    for line in rows(_columns([*reached, *evaluation.controls(outcomes).items()]), width_of(console)):
        console.print(line, soft_wrap=True)
    for line in (*_patterns(outcomes), *_delays(outcomes), *(_misses(outcomes) if misses else ())):
        console.print(harmless(line), soft_wrap=True)
    console.print()


def _columns(told: Sequence[tuple[str, Figures]]) -> tuple[Column, ...]:
    figures = [item for _, item in told]
    return (
        Column("FLAGGED BY", [rule for rule, _ in told]),
        Column("LOOPS FOUND", [f"{item.tp}/{item.loops}" for item in figures], is_number=True),
        Column("FALSE", [f"{item.fp}/{item.oks}" for item in figures], is_number=True),
        Column("PRECISION", [_share(item.tp, item.tp + item.fp) for item in figures]),
        Column("RECALL", [_share(item.tp, item.loops) for item in figures]),
        Column("FALSE ALARMS", [_share(item.fp, item.oks) for item in figures]),
        Column("F1", ["–" if item.f1 is None else f"{item.f1:.3f}" for item in figures]),
    )


def _share(hits: int, n: int) -> str:
    interval = wilson(hits, n)
    return "–" if interval is None else f"{hits / n:.2f} [{interval[0]:.2f}–{interval[1]:.2f}]"


def _patterns(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for expected, title in (("loop", "found as"), ("ok", "falsely as")):
        found = [item.first(Severity.WARNING) for item in outcomes if item.session.expected == expected]
        counts = Counter(first[1].finding.pattern for first in found if first is not None)
        if counts:
            yield f"{title}: " + ", ".join(f"{pattern} {count}" for pattern, count in counts.most_common())


def _delays(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for level in LEVELS:
        if waited := evaluation.delays(outcomes, level):
            yield (
                f"tool calls from the onset to the {level.label}: median {median(waited):g}, "
                f"at most {waited[-1]} ({counted(len(waited), 'loop')} with a known onset)"
            )


def _misses(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for outcome in outcomes:
        if why := explain(outcome, Severity.WARNING):
            yield f"  {outcome.session.id}: {why}"
