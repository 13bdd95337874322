"""The picture and the tables of "How loopwatch judges a loop" say what the figures say."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import pytest

from docs.figures import build
from docs.figures.picture import picture
from docs.figures.rules import Rule, measured, rules

SVG = "{http://www.w3.org/2000/svg}"
RULES = rules()


def test_the_picture_is_current() -> None:
    """After a change of a figure: make docs."""
    assert build.PICTURE.read_text(encoding="utf-8") == picture(RULES)


def test_the_tables_are_current() -> None:
    """After a change of a figure: make docs."""
    page = build.PAGE.read_text(encoding="utf-8")
    assert page == build.with_tables(page)
    assert all(f"| {row['sessions']} |" in page for row in measured())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_is_named_and_every_count_fits_its_sessions(rule: Rule) -> None:
    """In words for who cannot see it, and with its false alarms beside its bar."""
    root = ElementTree.fromstring(picture(RULES))
    described = root.findtext(f"{SVG}desc") or ""
    texts = [item.text or "" for item in root.iter(f"{SVG}text")]
    assert f"{rule.name} finds {rule.found} of {rule.loops}" in described
    assert rule.name in texts
    assert f"{rule.long[0]} of {rule.long[1]}" in texts
    assert rule.found <= rule.loops
    assert rule.false <= rule.healthy
    assert rule.tau[0] <= rule.tau[1]
    assert rule.long[0] <= rule.long[1]


def test_nothing_is_drawn_off_the_page() -> None:
    """Every text begins inside, and every mark lies inside."""
    root = ElementTree.fromstring(picture(RULES))
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for item in root.iter():
        at = item.attrib
        if "x" in at or "cx" in at:
            assert 0 <= float(at.get("x", at.get("cx", "0"))) <= width
            assert 0 <= float(at.get("y", at.get("cy", "0"))) <= height


def test_names_that_hang_from_points_keep_apart() -> None:
    """Two lines of text on one side are a line's height apart, or begin at the same height on two sides."""
    root = ElementTree.fromstring(picture(RULES))
    for anchor in ("start", "end"):
        heights = sorted(
            float(item.attrib["y"])
            for item in root.iter(f"{SVG}text")
            if item.attrib["class"] == "small" and item.attrib["text-anchor"] == anchor
        )
        assert heights
        assert all(later - earlier >= 12 for earlier, later in pairwise(heights))


def test_figures_and_definition_of_precision_agree() -> None:
    """Of what is flagged, the share that are loops; nothing where nothing is flagged."""
    told = Rule("r", "framework", 3, 10, 1, 20, (0, 5), (1, 4), None)
    assert (told.precision, told.recall, told.long_share) == (0.75, 0.3, 0.25)
    assert told.f1 == pytest.approx(2 * 0.75 * 0.3 / 1.05)
    assert Rule("r", "framework", 0, 10, 0, 20, (0, 5), (1, 4), None).precision is None
