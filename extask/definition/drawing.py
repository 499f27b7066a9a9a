"""Draws a plan as an SVG picture, with the path of a run on it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from textwrap import shorten, wrap
from typing import Literal

from extask.definition import captions
from extask.definition.layout import Laid, Link, Point, lay_out
from extask.definition.plan import END, Plan, Step

Shape = Literal["start", "step", "choice", "ending", "event", "end"]
MARGIN = 16.0
_LETTER, _LINE = 7.2, 17.0
"""Width of a letter and height of a line, in pixels."""
_WIDEST, _LINES = 26, 3
"""Letters of a line, lines of words beside a way."""
_STYLE = """\
text{font:13px system-ui,sans-serif;fill:#1b1f24}
.kind,.label{font-size:12px;fill:#57606a}
.box{fill:#fff;stroke:#57606a}.choice{fill:#ddf4ff}.ending{fill:#ffebe9}.event{fill:#fff8c5}
.start,.end{fill:#dafbe1}.way{fill:none;stroke:#57606a}.event-way{stroke-dasharray:5 4}
.back{fill:#fff;opacity:.85}.tip{fill:#57606a}
.walked{stroke:#0969da;stroke-width:3}.now{stroke:#bc4c00;stroke-width:4}
@media (prefers-color-scheme:dark){
svg{background:#0d1117}text{fill:#e6edf3}.kind,.label{fill:#9198a1}
.box{fill:#151b23;stroke:#9198a1}.choice{fill:#0c2d4d}.ending{fill:#4d1f22}.event{fill:#423510}
.start,.end{fill:#12361f}.way{stroke:#9198a1}.back{fill:#0d1117}.tip{fill:#9198a1}
.walked{stroke:#4493f8}.now{stroke:#f0883e}}"""

_TIP = """\
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" \
orient="auto" markerUnits="userSpaceOnUse"><path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>"""


@dataclass(frozen=True, slots=True)
class _Box:
    name: str
    shape: Shape
    lines: tuple[str, ...]

    @property
    def size(self) -> tuple[float, float]:
        width = max(len(line) for line in self.lines) * _LETTER + 28
        return width + (24 if self.shape == "choice" else 0), len(self.lines) * _LINE + 18


@dataclass(frozen=True, slots=True)
class _Way:
    source: str
    target: str
    words: tuple[str, ...] = ()
    event: bool = False

    @property
    def link(self) -> Link:
        width = max((len(line) for line in self.words), default=0) * _LETTER
        return Link(self.source, self.target, (width, len(self.words) * _LINE))


def svg(plan: Plan, path: Collection[str] = (), now: str = "") -> str:
    """Draw a plan as SVG, with the steps of a path walked and the present one marked."""
    ways = list(_ways(plan))
    boxes = list(_boxes(plan, ends=any(way.target == END for way in ways)))
    laid = lay_out({box.name: box.size for box in boxes}, [way.link for way in ways])
    walked = _walked(list(path), ways)
    width, height = (side + 2 * MARGIN for side in laid.size)
    title = escape(f"{plan.workflow} {plan.version}: {plan.title or 'how its steps lead on'}")
    sides = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{title}" {sides}>',
        f"<title>{title}</title><style>{_STYLE}</style>{_TIP}",
        f'<g transform="translate({MARGIN:.0f} {MARGIN:.0f})">',
        *(_line(way, points, way in walked) for way, points in zip(ways, laid.ways, strict=True)),
        *(_drawn(box, laid, _mark(box.name, path, now)) for box in boxes),
        *(_words(way, at) for way, at in zip(ways, laid.labels, strict=True) if way.words),
        "</g></svg>",
    ]
    return "\n".join(parts) + "\n"


# --- what is drawn -------------------------------------------------------------------------------


def _boxes(plan: Plan, *, ends: bool) -> Iterator[_Box]:
    yield _Box("start ", "start", (plan.workflow,))
    for step in plan.steps.values():
        lines = (step.title or step.name, *captions.of_step(step))
        yield _Box(step.name, _shape(step), tuple(map(_short, lines)))
    for event in plan.when:
        yield _Box(f"when {event}", "event", captions.of_event(plan, event))
    if ends:
        yield _Box(END, "end", ("end",))


def _shape(step: Step) -> Shape:
    if step.cases:
        return "choice"
    return "ending" if step.kind in ("cancel", "end") else "step"


def _short(text: str) -> str:
    return shorten(text, 32, placeholder="…") or "…"


def _ways(plan: Plan) -> Iterator[_Way]:
    yield _Way("start ", plan.start)
    for step in plan.steps.values():
        for case in step.cases:
            yield _Way(step.name, case.target, _wrapped(case.condition or "else"))
        for outcome, target in step.then.items():
            yield _Way(step.name, target, (outcome,))
    for event, target in plan.when.items():
        yield _Way(f"when {event}", target, event=True)


def _wrapped(condition: str) -> tuple[str, ...]:
    return tuple(wrap(condition, _WIDEST, max_lines=_LINES, placeholder="…"))


def _walked(path: list[str], ways: list[_Way]) -> list[_Way]:
    """Find the ways a run took; of several between two steps all may have been."""
    taken = {*pairwise(path), ("start ", path[0])} if path else set()
    return [way for way in ways if (way.source, way.target) in taken]


def _mark(name: str, path: Collection[str], now: str) -> str:
    return " now" if name == now else " walked" if name in path else ""


# --- how it is drawn -----------------------------------------------------------------------------


def _drawn(box: _Box, laid: Laid, mark: str) -> str:
    (x, y), (width, height) = laid.boxes[box.name], box.size
    left, top = x - width / 2, y - height / 2
    look = f'class="box {box.shape}{mark}"'
    if box.shape == "choice":
        edges = [(left, y), (left + 14, top), (x + width / 2 - 14, top), (x + width / 2, y)]
        edges += [(x + width / 2 - 14, top + height), (left + 14, top + height)]
        outline = f'<polygon {look} points="{" ".join(map(_point, edges))}"/>'
    else:
        bend = 6 if box.shape == "step" else height / 2
        outline = (
            f'<rect {look} x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" '
            f'height="{height:.1f}" rx="{bend:.0f}"/>'
        )
    return f"<g>{outline}{_lines(box.lines, x, y, ('', 'kind'))}</g>"


def _lines(lines: tuple[str, ...], x: float, y: float, looks: tuple[str, ...]) -> str:
    first = y - (len(lines) - 1) * _LINE / 2 + 4.5
    return "".join(
        f'<text class="{looks[min(number, len(looks) - 1)]}" text-anchor="middle" '
        f'x="{x:.1f}" y="{first + number * _LINE:.1f}">{escape(line)}</text>'
        for number, line in enumerate(lines)
    )


def _line(way: _Way, points: tuple[Point, ...], walked: bool) -> str:  # noqa: FBT001 - one of two looks
    look = f"way{' event-way' if way.event else ''}{' walked' if walked else ''}"
    return f'<path class="{look}" d="{_curve(points)}" marker-end="url(#tip)"/>'


def _curve(points: tuple[Point, ...]) -> str:
    """Bend softly from point to point, leaving and arriving upright."""
    path = f"M{_point(points[0])}"
    for (x0, y0), (x1, y1) in pairwise(points):
        bend = (y1 - y0) / 2
        if x0 == x1 or y0 == y1:
            path += f"L{_point((x1, y1))}"
        else:
            path += f"C{_point((x0, y0 + bend))} {_point((x1, y1 - bend))} {_point((x1, y1))}"
    return path


def _words(way: _Way, middle: Point) -> str:
    """Write what a way is called upon it, on a ground that covers the line."""
    (x, y), (width, height) = middle, way.link.label
    ground = (
        f'<rect class="back" x="{x - width / 2:.1f}" y="{y - height / 2:.1f}" '
        f'width="{width:.1f}" height="{height:.1f}"/>'
    )
    return f"<g>{ground}{_lines(way.words, x, y, ('label',))}</g>"


def _point(point: Point) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"
