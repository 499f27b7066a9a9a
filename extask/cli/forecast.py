"""`extask forecast`: what a scenario comes to, and how many agents it takes. Offline."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from extask import processes
from extask.cli.forecast_output import Format, show_forecast, show_sweep
from extask.cli.output import note
from extask.cli.shared import Json
from extask.definition.render import render, render_all
from extask.errors import DefinitionRejected, Misconfigured
from extask.simulation import forecasting
from extask.simulation.chart import forecast_chart, sweep_chart
from extask.simulation.scenario import Scenario
from extask.simulation.scenario_file import MOST_AGENTS, Faulty, read_scenario

_SPAN = re.compile(r"(?:(?P<group>[a-z][a-z0-9_]*)=)?(?P<low>[0-9]{1,5})\.\.(?P<high>[0-9]{1,5})")
_MOST_RUNS = 10_000
_File = Annotated[Path, typer.Argument(metavar="FILE", help="A scenario.")]
_Agents = Annotated[
    str | None,
    typer.Option(
        metavar="[GROUP=]LOW..HIGH",
        help="Try each number of agents in the group, and name the smallest that is enough.",
    ),
]
_Runs = Annotated[int, typer.Option(min=1, max=_MOST_RUNS, help="How many independent runs.")]
_Seed = Annotated[int, typer.Option(help="Another seed makes other chances.")]
_Format = Annotated[Format, typer.Option("--format", help="How to print.")]
_Chart = Annotated[
    Path | None, typer.Option(metavar="FILE.svg", help="Draw a chart into this file.")
]


def forecast(
    *,
    file: _File,
    agents: _Agents = None,
    runs: _Runs = 10,
    seed: _Seed = 1,
    format_: _Format = "table",
    as_json: Json = False,
    chart: _Chart = None,
) -> None:
    """Forecast a scenario in virtual time: waits, service levels, occupancy; or its staffing."""
    shown = _chosen(format_, as_json=as_json)
    if chart is not None and chart.suffix != ".svg":
        raise Misconfigured(f"a chart is an SVG file: name it {chart.with_suffix('.svg')}")
    scenario = _scenario(file)
    span = None if agents is None else _span(scenario, agents)
    processes.collect_rarely()
    with _progress() as told:
        if span is None:
            made = forecasting.forecast(scenario, seed=seed, runs=runs, told=told)
        else:
            group, numbers = span
            tried = [*forecasting.sweep(scenario, group, numbers, seed=seed, runs=runs, told=told)]
    if span is None:
        _draw(chart, lambda: forecast_chart(made))
        show_forecast(made, shown)
        return
    _draw(chart, lambda: sweep_chart(group, tried))
    show_sweep(group, tried, shown)
    if forecasting.smallest(tried) is None:
        raise typer.Exit(1)


def _chosen(format_: Format, *, as_json: bool) -> Format:
    if as_json and format_ == "csv":
        raise Misconfigured("print JSON or CSV, not both")
    return "json" if as_json else format_


def _scenario(file: Path) -> Scenario:
    try:
        scenario, faulty = read_scenario(file)
    except OSError as error:
        raise Misconfigured(f"cannot read {file}: {error.strerror}") from error
    if scenario is None:
        note("\n\n".join(map(_told, faulty)))
        number = sum(len(each.findings) for each in faulty)
        raise DefinitionRejected(f"{file}: {number} fault{'s' if number > 1 else ''}")
    return scenario


def _told(faulty: Faulty) -> str:
    if faulty.text:
        return render_all(faulty.findings, faulty.text)
    return "\n".join(render(finding, "") for finding in faulty.findings)


def _span(scenario: Scenario, agents: str) -> tuple[str, range]:
    """Read which numbers of agents to try in which group."""
    written = _SPAN.fullmatch(agents)
    if written is None:
        raise Misconfigured("write --agents 8..14, or --agents GROUP=8..14")
    known = [group.name for group in scenario.groups]
    group = written["group"] or (known[0] if len(known) == 1 else "")
    if group not in known:
        raise Misconfigured(
            f"write --agents GROUP={agents.rpartition('=')[2]} with one of: {', '.join(known)}"
        )
    low, high = int(written["low"]), int(written["high"])
    if not 1 <= low <= high <= MOST_AGENTS:
        raise Misconfigured(f"write two numbers from 1 to {MOST_AGENTS}, the smaller one first")
    if not forecasting.targets(scenario, group):
        raise Misconfigured(f"no service of {group} has a target to meet")
    return group, range(low, high + 1)


@contextmanager
def _progress() -> Iterator[Callable[[float], None] | None]:
    """Show on a terminal how far the work is; elsewhere nobody is to be told."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("in virtual time", total=1.0)
        yield lambda share: progress.update(task, completed=share)


def _draw(chart: Path | None, drawn: Callable[[], str]) -> None:
    if chart is None:
        return
    try:
        chart.write_text(drawn(), "utf-8")
    except OSError as error:
        raise Misconfigured(f"cannot write {chart}: {error.strerror}") from error
