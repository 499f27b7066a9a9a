"""How forecasts are printed: as tables for people, as JSON or CSV for programs."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any, Literal

import typer

from extask.cli.output import Output
from extask.definition.durations import format_duration
from extask.definition.fitting import write_time
from extask.simulation.estimates import CONFIDENCE, Estimate
from extask.simulation.forecasting import Forecast, Staffing, smallest, targets
from extask.simulation.laws import SECOND
from extask.simulation.record import Key
from extask.simulation.scenario import Scenario

Format = Literal["table", "json", "csv"]
_COLUMNS = ("of", "name", "measure", "at_seconds", "mean", "low", "high")
_HALF = f"{CONFIDENCE:.0%} interval".replace("%", " %")


def show_forecast(made: Forecast, shown: Format) -> None:
    """Print a forecast."""
    if shown == "json":
        Output(as_json=True).record(_as_json(made))
    elif shown == "csv":
        _csv(_COLUMNS, _figures(made))
    else:
        typer.echo(f"{_head(made)}\n")
        _table(("", "mean", _HALF), _lines(made))
        _show_places(made)


def show_sweep(group: str, tried: Sequence[Staffing], shown: Format) -> None:
    """Print what each number of agents comes to, and which is enough."""
    enough = smallest(tried)
    if shown == "json":
        Output(as_json=True).record(
            {
                "group": group,
                "smallest": enough and enough.number,
                "staffings": [_staffing(each) for each in tried],
            }
        )
    elif shown == "csv":
        _csv(("number", "meets", *_COLUMNS), _sweep_figures(tried))
    else:
        typer.echo(f"{_head(tried[0].forecast)}\n")
        _show_staffings(group, tried)
        typer.echo(f"\n{_conclusion(group, tried, enough)}")


def _conclusion(group: str, tried: Sequence[Staffing], enough: Staffing | None) -> str:
    wanted = "; ".join(
        f"{_percent(target.share)} of {name} within {format_duration(target.within)}"
        for name, target in targets(tried[0].forecast.scenario, group).items()
    )
    if enough is not None:
        return f"{enough.number} in {group} is the smallest number that meets the target: {wanted}"
    numbers = f"{tried[0].number} to {tried[-1].number}"
    said = f"no number from {numbers} in {group} surely meets the target: {wanted}"
    unsure = any(each.meets == "unsure" for each in tried)
    return f"{said}\nmore --runs make the intervals narrower" if unsure else said


def _head(made: Forecast) -> str:
    runs = "1 run" if made.runs == 1 else f"{made.runs} runs"
    return f"{made.scenario.title}: {runs}, seed {made.seed}"


def _as_json(made: Forecast) -> dict[str, Any]:
    return {
        "forecast": made.scenario.title,
        "begin": write_time(made.scenario.begin),
        "length_seconds": made.scenario.length / SECOND,
        "seed": made.seed,
        "runs": made.runs,
        "confidence": CONFIDENCE,
        "figures": list(_figures(made)),
    }


def _staffing(staffing: Staffing) -> dict[str, Any]:
    return {
        "number": staffing.number,
        "meets": staffing.meets,
        **_as_json(staffing.forecast),
    }


def _figures(made: Forecast) -> Iterator[dict[str, Any]]:
    for key, value in made.figures.items():
        at = None if key.at is None else key.at / SECOND
        head = {"of": key.of, "name": key.name, "measure": key.measure, "at_seconds": at}
        yield {**head, **value._asdict()}


def _sweep_figures(tried: Iterable[Staffing]) -> Iterator[dict[str, Any]]:
    for each in tried:
        for figure in _figures(each.forecast):
            yield {"number": each.number, "meets": each.meets, **figure}


def _csv(columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> None:
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def _lines(made: Forecast) -> Iterator[tuple[str, str, str]]:
    """Give the lines of the table: each subject with its figures below, zero shares left out."""
    subject = None
    for key, value in made.figures.items():
        if key.at is not None or (key.is_share and value.mean == 0 and key.of == "tasks"):
            continue
        if subject != (key.of, key.name):
            subject = (key.of, key.name)
            yield f"{key.of} {key.name}", "", ""
        yield f"  {_words(made.scenario, key)}", _written(key, value.mean), _interval(key, value)


def _words(scenario: Scenario, key: Key) -> str:
    target = scenario.services[key.name].target if key.measure == "service_level" else None
    if target is not None:
        wanted = f"{_percent(target.share)} wanted"
        return f"answered within {format_duration(target.within)} ({wanted})"
    measure, _, share = key.measure.partition("_p")
    if share:
        return f"wait of {share} %"
    return measure.replace("wait_mean", "mean wait").replace("_", " ")


def _written(key: Key, value: float) -> str:
    if key.is_share:
        return _percent(value)
    if key.is_time:
        return format_duration(timedelta(seconds=round(value, 1)))
    return f"{value:.1f}".removesuffix(".0")


def _percent(share: float) -> str:
    return f"{share * 100:.1f}".removesuffix(".0") + " %"


def _interval(key: Key, value: Estimate) -> str:
    if value.low is None or value.high is None:
        return ""
    return f"{_written(key, value.low)} to {_written(key, value.high)}"


def _show_places(made: Forecast) -> None:
    """Print the mean place on arrival by time, a column a service."""
    names = tuple(made.scenario.services)
    times = sorted({key.at for key in made.figures if key.at is not None})
    if times:
        typer.echo("\nplace in the queue on arrival, from")
        _table(("", *names), ((format_duration(at), *_places(made, names, at)) for at in times))


def _places(made: Forecast, names: Iterable[str], at: timedelta) -> Iterator[str]:
    for name in names:
        key = Key("service", name, "position", at)
        yield _written(key, made.figures[key].mean) if key in made.figures else ""


def _show_staffings(group: str, tried: Sequence[Staffing]) -> None:
    names = targets(tried[0].forecast.scenario, group)
    shown = [
        Key("service", name, measure) for name in names for measure in ("service_level", "wait_p90")
    ]
    shown.append(Key("agents", group, "occupancy"))
    head = [f"{key.name} {_words_short(key)}" for key in shown]
    _table(("agents", *head, "enough"), (_staffing_line(each, shown) for each in tried))


def _words_short(key: Key) -> str:
    return {"service_level": "within target", "wait_p90": "wait of 90 %"}.get(
        key.measure, key.measure
    )


def _staffing_line(staffing: Staffing, shown: Iterable[Key]) -> tuple[str, ...]:
    figures = staffing.forecast.figures
    cells = [_with_interval(key, figures[key]) if key in figures else "" for key in shown]
    return (str(staffing.number), *cells, staffing.meets)


def _with_interval(key: Key, value: Estimate) -> str:
    interval = _interval(key, value)
    return f"{_written(key, value.mean)} ({interval})" if interval else _written(key, value.mean)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    named = [dict(zip(columns, row, strict=True)) for row in rows]
    Output().rows(named, columns)
