"""Pictures: nothing overlaps, every way leads from its box to its box."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extask.definition.compiler import compile_definition
from extask.definition.drawing import svg
from extask.definition.layout import Laid, Link, Size, lay_out
from extask.definition.plan import Plan

SHIPPED = sorted((Path(__file__).parents[3] / "definitions").glob("*.workflow.yaml"))
NAMES = [f"s{number}" for number in range(12)]
SIZES = st.dictionaries(
    st.sampled_from(NAMES), st.tuples(st.floats(10, 200), st.floats(10, 80)), min_size=1
)
ODD = """\
workflow: odd
version: 1
title: "<&>"
steps:
  line_up:
    queue: { service: support, wait: 5m }
    title: A title that is much longer than what can be shown in a box
    then: { timeout: again, rejected: end }
  again:
    wait: 5m
    then: { timeout: again, completed: choose }
  choose:
    check:
      - if: "task.agent != 'a text that is far too long for three lines of words beside a way'"
        then: end
      - else: sorry
  sorry:
    cancel: "<sorry> & bye"
"""


def plan(text: str) -> Plan:
    made = compile_definition(text, "x").plan
    assert made
    return made


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, Size], list[Link]]:
    sizes = draw(SIZES)
    ends = st.sampled_from(sorted(sizes))
    label = st.tuples(st.floats(0, 90), st.floats(0, 50))
    return sizes, draw(st.lists(st.builds(Link, ends, ends, label), max_size=20))


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return all(abs(one[i] - other[i]) < (one[i + 2] + other[i + 2]) / 2 - 0.01 for i in (0, 1))


def placed(sizes: dict[str, Size], links: list[Link], laid: Laid) -> list[tuple[float, ...]]:
    boxes: list[tuple[float, ...]] = [(*laid.boxes[n], *size) for n, size in sizes.items()]
    words = zip(laid.labels, links, strict=True)
    return boxes + [(*at, *link.label) for at, link in words if link.source != link.target]


@given(graph=graphs())
def test_nothing_overlaps_and_everything_is_inside(
    graph: tuple[dict[str, Size], list[Link]],
) -> None:
    sizes, links = graph
    laid = lay_out(sizes, links)
    places = placed(sizes, links, laid)
    assert not any(overlap(one, other) for one, other in combinations(places, 2))
    for x, y, width, height in places:
        assert -0.01 <= x - width / 2 <= x + width / 2 <= laid.size[0] + 0.01
        assert -0.01 <= y - height / 2 <= y + height / 2 <= laid.size[1] + 0.01


@given(graph=graphs())
def test_every_way_leads_from_its_box_to_its_box(graph: tuple[dict[str, Size], list[Link]]) -> None:
    sizes, links = graph
    laid = lay_out(sizes, links)
    for link, way in zip(links, laid.ways, strict=True):
        for name, (x, y) in ((link.source, way[0]), (link.target, way[-1])):
            middle, (width, height) = laid.boxes[name], sizes[name]
            assert abs(x - middle[0]) <= width / 2 + 0.01
            assert abs(y - middle[1]) <= height / 2 + 6.01


def test_nothing_is_nothing() -> None:
    assert lay_out({}, []).size == (0.0, 0.0)


@pytest.mark.parametrize("text", [*(file.read_text() for file in SHIPPED), ODD])
def test_a_picture_has_every_step_every_way_and_its_words(text: str) -> None:
    drawn_plan = plan(text)
    path = list(drawn_plan.steps)
    picture = svg(drawn_plan, path, path[-1])
    root = ET.fromstring(picture)  # noqa: S314 - our own
    told = [each.text or "" for each in root.iter("{http://www.w3.org/2000/svg}text")]
    for step in drawn_plan.steps.values():
        assert any((step.title or step.name)[:10] in line for line in told)
    ways = [each.get("class") or "" for each in root.iter("{http://www.w3.org/2000/svg}path")]
    steps = drawn_plan.steps.values()
    count = 1 + len(drawn_plan.when) + sum(len(s.cases) + len(s.then) for s in steps)
    assert sum(each.startswith("way") for each in ways) == count
    assert picture.count(" walked") + picture.count(" now") > len(path)


def test_without_a_path_nothing_is_marked() -> None:
    picture = svg(plan(ODD))
    assert 'walked"' not in picture
    assert 'now"' not in picture
    assert "&lt;sorry&gt; &amp; bye" in picture
