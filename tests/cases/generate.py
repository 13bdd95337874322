"""Writes the labelled sessions of our own: `python tests/cases/generate.py [--check]`.

Each family has a grammar in grammars/, each case a sentence in reviews.py, in reviews_blind.py or beside it on why it
is a loop or not. Half of each family, by seed, is to be looked at while the detectors are worked on (*.seen.jsonl); the
other half only measures (*.held.jsonl). Three further parts (*.blind.jsonl, *.blind2.jsonl, *.blind3.jsonl) were
written without knowledge of the detectors, and only measure too.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from tests.cases.grammars import (  # noqa: E402
    blind2_changes,
    blind2_forms,
    blind2_long,
    blind2_rounds,
    blind2_search,
    blind2_time,
    blind2_words,
    blind3_again,
    blind3_batches,
    blind3_company,
    blind3_edits,
    blind3_mending,
    blind3_success,
    blind3_talk,
    blind3_waits,
    blind3_wander,
    blind_lists,
    blind_near,
    blind_rounds,
    blind_stuck,
    blind_work,
    healthy_lists,
    healthy_mixed,
    healthy_waits,
    healthy_work,
    loops_calls,
    loops_forms,
    loops_mixed,
    loops_rounds,
    progress,
)
from tests.cases.grammars.parts import Draft, drawn  # noqa: E402
from tests.cases.reviews import WHY  # noqa: E402
from tests.cases.reviews_blind import WHY_BLIND  # noqa: E402

Grammar = Callable[[], Iterator[Draft]]

HEALTHY: tuple[Grammar, ...] = (
    healthy_lists.list_batches,
    healthy_lists.row_validation,
    healthy_lists.translation,
    healthy_lists.backfills,
    healthy_lists.pagination_sparse,
    healthy_lists.cursor_paging,
    healthy_lists.fan_out,
    healthy_lists.scheduled,
    healthy_work.delegation,
    healthy_work.polling,
    healthy_work.fix_and_test,
    healthy_work.retry_mended,
    healthy_work.exploration,
    healthy_work.reread_after_edit,
    healthy_work.search_narrowing,
    healthy_work.multi_turn,
    healthy_work.code_review,
    healthy_work.human_nudges,
    healthy_mixed.long_work,
    healthy_mixed.status_between_edits,
    healthy_mixed.many_agents,
    healthy_mixed.backoff_then_success,
    healthy_mixed.dictation,
    healthy_mixed.waits_that_end,
    healthy_mixed.interview,
    progress.state_moves,
)
ALL_SEEN_HEALTHY: tuple[Grammar, ...] = (
    healthy_waits.states_that_stay,
    healthy_waits.told_by_numbers,
    healthy_waits.one_frame,
    healthy_waits.mended_by_hand,
)
ALL_SEEN_LOOPS: tuple[Grammar, ...] = (
    loops_forms.guesses,
    loops_forms.farther_and_farther,
    loops_forms.one_after_the_other,
    loops_forms.forgotten,
    loops_forms.changing_signs,
)
"""What no half is held of: written to show faults of the detectors that were mended then."""
LOOPS: tuple[Grammar, ...] = (
    loops_calls.volatile,
    loops_calls.rephrased,
    loops_calls.drifting,
    loops_calls.hallucinated_params,
    loops_calls.malformed_json,
    loops_calls.retry_forbidden,
    loops_calls.tool_not_found,
    loops_calls.edit_never_applies,
    loops_calls.half_hour,
    loops_rounds.cycles,
    loops_rounds.agent_rounds,
    loops_rounds.words_only,
    loops_rounds.after_compaction,
    loops_rounds.reading_round,
    loops_rounds.delegation_reworded,
    loops_rounds.nudged,
    loops_mixed.late_loop,
    loops_mixed.flip_flop,
    loops_mixed.same_write,
    loops_mixed.long_cycle,
    loops_mixed.asks_again,
    loops_mixed.blame_passing,
    loops_mixed.plan_rewriting,
    progress.state_stands_still,
    progress.score_falls,
)
BLIND_HEALTHY: tuple[Grammar, ...] = (
    blind_lists.desks,
    blind_lists.turning_pages,
    blind_lists.documents,
    blind_lists.patience,
    blind_work.repairs,
    blind_work.long_hauls,
    blind_work.inquiries,
    blind_work.handed_out,
    blind_work.conversations,
    blind_near.near_misses,
)
BLIND_LOOPS: tuple[Grammar, ...] = (
    blind_stuck.same_in_new_numbers,
    blind_stuck.knobs,
    blind_stuck.new_words,
    blind_stuck.guesswork,
    blind_stuck.half_hours,
    blind_rounds.circles,
    blind_rounds.between_desks,
    blind_rounds.no_deeds,
    blind_rounds.begun_again,
)
"""Written by somebody who did not know the detectors: a part of its own, no half of which may be tuned on."""
BLIND2_HEALTHY: tuple[Grammar, ...] = (
    blind2_search.asked_of_other_things,
    blind2_search.numbers_that_count,
    blind2_forms.interface_learnt,
    blind2_forms.forms_filled,
    blind2_rounds.round_and_further,
    blind2_rounds.desk_to_desk,
    blind2_words.words_are_the_work,
    blind2_words.short_but_new,
    blind2_words.asked_for_more,
    blind2_time.taken_up_again,
    blind2_time.on_duty,
    blind2_time.it_moves,
    blind2_changes.file_by_file,
    blind2_changes.knob_by_measure,
    blind2_changes.checked_point_by_point,
    blind2_long.walls_that_open,
    blind2_long.refused_then_granted,
    blind2_long.all_day_long,
)
BLIND2_LOOPS: tuple[Grammar, ...] = (
    blind2_search.asked_in_other_words,
    blind2_search.numbers_that_drift,
    blind2_forms.invented_parameters,
    blind2_forms.broken_calls,
    blind2_rounds.round_and_back,
    blind2_rounds.passed_to_and_fro,
    blind2_words.plans_only,
    blind2_words.chants_and_silence,
    blind2_words.asked_the_same,
    blind2_time.begun_anew,
    blind2_time.by_the_hour,
    blind2_time.new_ids_only,
    blind2_changes.done_and_undone,
    blind2_changes.knob_to_and_fro,
    blind2_changes.finished_and_checked,
    blind2_long.always_the_same_wall,
    blind2_long.refused_each_time,
    blind2_long.late_in_the_day,
)
"""A second part of that kind, by somebody else: pairs of families that look alike, one stuck and one not."""
BLIND3_HEALTHY: tuple[Grammar, ...] = (
    blind3_batches.many_things_alike,
    blind3_batches.many_at_once,
    blind3_batches.piece_by_piece,
    blind3_batches.asked_to_repeat,
    blind3_waits.same_question_new_answer,
    blind3_waits.every_so_often,
    blind3_mending.mended_and_tried_again,
    blind3_company.with_people_and_agents,
    blind3_company.looks_alike_and_moves,
)
BLIND3_LOOPS: tuple[Grammar, ...] = (
    blind3_again.the_same_call_again,
    blind3_edits.the_edit_that_never_fits,
    blind3_edits.calls_without_their_parts,
    blind3_wander.asked_where_nothing_is,
    blind3_wander.a_few_steps_round,
    blind3_wander.a_page_that_stays,
    blind3_talk.planned_and_read_anew,
    blind3_talk.given_back_and_forth,
    blind3_talk.words_and_thanks,
    blind3_success.done_and_done_again,
    blind3_success.waits_for_nothing,
)
"""A third one, modelled on what people reported in public, loops and false alarms, as often as they reported it."""
HEALTHY_PARTS = {"seen": ALL_SEEN_HEALTHY, "blind": BLIND_HEALTHY, "blind2": BLIND2_HEALTHY, "blind3": BLIND3_HEALTHY}
LOOP_PARTS = {"seen": ALL_SEEN_LOOPS, "blind": BLIND_LOOPS, "blind2": BLIND2_LOOPS, "blind3": BLIND3_LOOPS}
REASONS: Mapping[str, str] = {**WHY, **WHY_BLIND}


def cases(grammar: Grammar, expected: str) -> list[dict[str, Any]]:
    """The reviewed cases of one family, as rows in the format of docs/evaluate.md."""
    family = grammar.__name__
    return [_row(family, draft, expected) for draft in grammar()]


def _row(family: str, draft: Draft, expected: str) -> dict[str, Any]:
    name = f"{family}-{draft.name}"
    row: dict[str, Any] = {"id": name, "expected": expected}
    if expected == "loop":
        row["onset"] = draft.onset
    return {**row, "family": family, "why": draft.why or REASONS.get(name, ""), "steps": list(draft.steps)}


def files() -> Mapping[Path, str]:
    """What belongs into each file."""
    found = {}
    for folder, expected, grammars, whole_parts in (
        ("healthy", "ok", HEALTHY, HEALTHY_PARTS),
        ("loops", "loop", LOOPS, LOOP_PARTS),
    ):
        for grammar in (*grammars, *(one for of_part in whole_parts.values() for one in of_part)):
            rows = cases(grammar, expected)
            whole = next((part for part, members in whole_parts.items() if grammar in members), None)
            for part, of_part in ({whole: rows} if whole else _halves(grammar.__name__, rows)).items():
                found[HERE / folder / f"{grammar.__name__}.{part}.jsonl"] = "".join(
                    json.dumps(row, ensure_ascii=False) + "\n" for row in of_part
                )
    return found


def _halves(family: str, rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    order = [row["id"] for row in rows]
    drawn(f"halves of {family}").shuffle(order)
    seen = frozenset(order[: len(order) // 2])
    return {
        "seen": [row for row in rows if row["id"] in seen],
        "held": [row for row in rows if row["id"] not in seen],
    }


def main(check: bool) -> int:
    """Write the files; with *check* only say which differ, and return 1 where any does."""
    wanted = files()
    there = {*HERE.glob("healthy/*.jsonl"), *HERE.glob("loops/*.jsonl")}
    wrong = [path for path, text in wanted.items() if path not in there or path.read_text("utf-8") != text]
    wrong += sorted(there - wanted.keys())
    if check:
        for path in wrong:
            told = f"{path.relative_to(HERE)} is not what the grammars make: run python tests/cases/generate.py"
            sys.stderr.write(told + "\n")
        return 1 if wrong else 0
    for path in wrong:
        if path in wanted:
            path.parent.mkdir(exist_ok=True)
            path.write_text(wanted[path], "utf-8")
        else:
            path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
