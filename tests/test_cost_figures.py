"""The picture and the table of "What it costs" say what was measured."""

from __future__ import annotations

from xml.etree import ElementTree

from bench.results import load
from docs.figures import build
from docs.figures.cost_picture import measured, panels, picture

SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_is_current() -> None:
    """After a new measurement: make docs."""
    assert build.COST_PICTURE.read_text(encoding="utf-8") == picture(measured())


def test_the_table_is_current() -> None:
    """After a new measurement: make docs."""
    page = build.COST_PAGE.read_text(encoding="utf-8")
    _, found = load(build.RESULT)

    assert page == build.with_costs(page)
    assert all(f"| {item.what} | {item.way} |" in page for item in found)


def test_every_point_is_drawn_and_told_in_words() -> None:
    """For who cannot see it, too."""
    root = ElementTree.fromstring(picture(measured()))
    points = sum(len(panel.points) for panel in panels(measured()))

    assert len(list(root.iter(f"{SVG}circle"))) == points
    assert (root.findtext(f"{SVG}desc") or "").count(" at ") == points


def test_every_point_lies_inside_the_picture() -> None:
    """Whatever is measured next."""
    root = ElementTree.fromstring(picture(measured()))
    _, _, width, height = map(float, root.attrib["viewBox"].split())

    for circle in root.iter(f"{SVG}circle"):
        assert 0 < float(circle.attrib["cx"]) < width
        assert 0 < float(circle.attrib["cy"]) < height
