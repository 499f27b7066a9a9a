"""Draws forecasts as SVG: lines over a numbered plane, with intervals, and nothing from outside."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from xml.sax.saxutils import escape

from extask.definition.durations import format_duration
from extask.simulation.estimates import Estimate
from extask.simulation.forecasting import Forecast, Staffing, targets
from extask.simulation.laws import SECOND
from extask.simulation.record import PERCENTILES, Key

_COLOURS = ("#1f5fa8", "#b3441e", "#2d7a3e", "#7a3b8f", "#8a6d00", "#00707a")
_DASHES = ("", "8 4", "2 3", "8 3 2 3", "12 3", "4 4")
_WIDTH, _HEIGHT = 760, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 24, 40, 48
_STEPS = (1, 2, 5, 10)
_TIMES = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400)
_MARKS = 6
Show = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Line:
    """A named line through estimates."""

    name: str
    points: tuple[tuple[float, Estimate], ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """What is told along one side, how its numbers are written, and by which steps they rise."""

    title: str
    show: Show
    times: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines over one plane; `wanted` are heights to be reached."""

    title: str
    x: Axis
    y: Axis
    lines: tuple[Line, ...]
    wanted: tuple[float, ...] = ()


def forecast_chart(made: Forecast) -> str:
    """Draw places on arrival over time, and waits by share of tasks."""
    services = made.scenario.services
    time = Axis("time from the beginning", _duration, times=True)
    places = tuple(Line(name, tuple(_places(made, name))) for name in services)
    waits = tuple(Line(name, tuple(_waits(made, name))) for name in services)
    return draw(
        made.scenario.title,
        (
            Panel("Place in the queue on arrival", time, Axis("place", _number), places),
            Panel(
                "Answered tasks waited no longer than",
                Axis("share of the answered tasks", _percent),
                Axis("wait", _duration, times=True),
                waits,
            ),
        ),
    )


def sweep_chart(group: str, staffings: Sequence[Staffing]) -> str:
    """Draw service levels by the number of agents in a group."""
    scenario = staffings[0].forecast.scenario
    wanted = targets(scenario, group)
    lines = tuple(Line(name, tuple(_levels(staffings, name))) for name in wanted)
    panel = Panel(
        "Share answered within the target's time",
        Axis(f"agents in {group}", _number, whole=True),
        Axis("service level", _percent),
        lines,
        tuple(sorted({target.share for target in wanted.values()})),
    )
    return draw(scenario.title, (panel,))


def _places(made: Forecast, service: str) -> Iterator[tuple[float, Estimate]]:
    for key, value in made.figures.items():
        if key.name == service and key.at is not None:
            yield key.at / SECOND, value


def _waits(made: Forecast, service: str) -> Iterator[tuple[float, Estimate]]:
    for share in PERCENTILES:
        value = made.figures.get(Key("service", service, f"wait_p{share}"))
        if value is not None:
            yield share / 100, value


def _levels(staffings: Iterable[Staffing], service: str) -> Iterator[tuple[float, Estimate]]:
    for staffing in staffings:
        value = staffing.forecast.figures.get(Key("service", service, "service_level"))
        if value is not None:
            yield staffing.number, value


def draw(title: str, panels: Sequence[Panel]) -> str:
    """Draw panels one below the other."""
    height = 36 + len(panels) * _HEIGHT
    size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    font = 'font-family="sans-serif" font-size="12"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size} {font}>',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(_WIDTH / 2, 24, title, "middle", size=16),
    ]
    for number, panel in enumerate(panels):
        parts.append(f'<g transform="translate(0 {36 + number * _HEIGHT})">')
        parts.extend(_Plane(panel).draw())
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])


class _Plane:
    """One panel's plane: from values to places on the page."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        points = [point for line in panel.lines for point in line.points]
        self._xs = _marks([x for x, _ in points], panel.x, from_zero=False)
        highs = [value for _, it in points for value in (it.mean, it.high or 0.0)]
        self._ys = _marks([*highs, *panel.wanted], panel.y, from_zero=True)

    def draw(self) -> Iterator[str]:
        panel = self._panel
        yield _text(_LEFT, 20, panel.title, "start", size=13)
        yield from self._grid()
        for wanted in panel.wanted:
            y = self._y(wanted)
            yield _stroke(f"M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}", "#444444", "1 3")
        right = _WIDTH - _RIGHT
        for number, line in enumerate(panel.lines):
            colour, dash = (each[number % len(each)] for each in (_COLOURS, _DASHES))
            yield from self._line(line, colour, dash)
            yield _text(right, 20, line.name, "end", colour=colour)
            right -= 8 * len(line.name) + 32
            yield _stroke(f"M{right} 16h28", colour, dash, width=2)
            right -= 16

    def _grid(self) -> Iterator[str]:
        panel, low = self._panel, _HEIGHT - _BOTTOM
        for value in self._ys:
            y = self._y(value)
            yield _stroke(f"M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}", "#dddddd", "")
            yield _text(_LEFT - 6, y + 4, panel.y.show(value), "end")
        for value in self._xs:
            x = self._x(value)
            yield _stroke(f"M{x:.1f} {low}v4", "#444444", "")
            yield _text(x, low + 18, panel.x.show(value), "middle")
        yield _text((_LEFT + _WIDTH - _RIGHT) / 2, low + 36, panel.x.title, "middle")
        yield _text(_LEFT - 6, _TOP - 8, panel.y.title, "end")

    def _line(self, line: Line, colour: str, dash: str) -> Iterator[str]:
        for x, value in line.points:
            if value.low is not None and value.high is not None:
                high, low = self._y(value.high), self._y(max(value.low, 0.0))
                yield _stroke(f"M{self._x(x):.1f} {high:.1f}V{low:.1f}", colour, "", opacity=0.45)
        places = [f"{self._x(x):.1f} {self._y(value.mean):.1f}" for x, value in line.points]
        if places:
            yield _stroke("M" + "L".join(places), colour, dash, width=2)
        for place in places:
            across, down = place.split()
            yield f'<circle cx="{across}" cy="{down}" r="2.5" fill="{colour}"/>'

    def _x(self, value: float) -> float:
        first, last = self._xs[0], self._xs[-1]
        return _LEFT + (value - first) / (last - first) * (_WIDTH - _LEFT - _RIGHT)

    def _y(self, value: float) -> float:
        return _HEIGHT - _BOTTOM - value / self._ys[-1] * (_HEIGHT - _TOP - _BOTTOM)


def _marks(values: Sequence[float], axis: Axis, *, from_zero: bool) -> list[float]:
    """Choose round numbers that span the values; at least two."""
    low = 0.0 if from_zero else min(values, default=0.0)
    high = max(values, default=0.0)
    least = (high - low or high or 1.0) / _MARKS
    step = _step(max(least, 1.0) if axis.whole else least, times=axis.times)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [step * number for number in range(first, max(last, first + 1) + 1)]


def _step(least: float, *, times: bool) -> float:
    if times and 1 <= least <= _TIMES[-1]:
        return next(float(step) for step in _TIMES if step >= least)
    scale = 10.0 ** math.floor(math.log10(least))
    return next(step * scale for step in _STEPS if step * scale >= least * (1 - 1e-9))


def _stroke(path: str, colour: str, dash: str, *, width: float = 1, opacity: float = 1) -> str:
    more = f' stroke-dasharray="{dash}"' if dash else ""
    more += f' opacity="{opacity}"' if opacity < 1 else ""
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{more}/>'


def _text(
    x: float, y: float, words: str, anchor: str, *, size: int = 12, colour: str = "#222222"
) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"'
    return f'<text {place} fill="{colour}">{escape(words)}</text>'


def _duration(seconds: float) -> str:
    return format_duration(timedelta(seconds=round(seconds, 3)))


def _percent(share: float) -> str:
    return f"{share * 100:g} %"


def _number(value: float) -> str:
    return f"{value:g}"
