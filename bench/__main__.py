"""Prints one table of ratios: `python -m bench`. A machine of two cores needs about eight minutes.

Every figure is the median of five runs. What is measured beside something else takes turns with
it on the same server, with workers of the same make and settings; its ratio is the median of the
five pairs' ratios, so that whatever else the machine does weighs on both.
"""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass
from time import perf_counter

from bench import (
    checking,
    commands,
    decisions,
    editor,
    failover,
    forecasting,
    house,
    many_clients,
    over_http,
    pipeline,
    premises,
)
from bench.paired import Pairs
from extask import processes, temporal


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    what: str
    ours: str
    beside: str = ""
    ratio: str = ""
    aim: str = ""

    def show(self) -> None:
        """Print it as soon as it is known."""
        print(
            f"{self.what:<58} {self.ours:>12} {self.beside:>18} {self.ratio:>20} {self.aim:>10}",
            flush=True,
        )


def _paired(what: str, found: Pairs, beside: str, aim: str = "") -> Line:
    ours, other = found.rates
    low, *_, high = found.ratios
    ratio = f"{found.ratio:.2f} ({low:.2f} to {high:.2f})"
    return Line(what, f"{ours:,.0f}/s", f"{beside} {other:,.0f}/s", ratio, aim)


def _gap(gaps: list[float]) -> str:
    return f"{gaps[0]:.1f} to {gaps[-1]:.1f} s"


async def main() -> None:
    """Measure everything, one thing after the other."""
    me = asyncio.current_task()
    assert me is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)
    Line("", "median of 5", "beside", "ratio (lowest to highest)", "aim").show()
    async with premises.opened() as place:
        home = await house.furnish(place)
        try:
            with place.running("worker", "bench.bare_worker"):
                await _in_temporal(place, home)
            gaps = await failover.measure(place, home)
            Line(
                "no answer after the distributor's worker was killed", _gap(gaps), aim="≤ 5 s"
            ).show()
            with place.running("worker", "bench.bare_worker", "api"):
                whole = await over_http.measure(place.client, home, place.api_url)
                _paired("whole task over HTTP", whole, "skeleton").show()
        finally:
            await home.database.close()
    rate = decisions.measure()
    what = "decisions with 10,000 agents, 100,000 tasks waiting"
    Line(what, f"{rate:,.0f}/s", aim="≥ 20,000").show()
    language = checking.measure()
    took, yaml = f"{language.checking:.1f} ms", f"YAML alone {language.composing:.2f} ms"
    ratio = f"{language.checking / language.composing:.1f}"
    Line("a definition of 80 lines checked", took, yaml, ratio, "≤ 2 ms").show()
    speed = forecasting.measure()
    took, judged = f"{speed.seconds:.1f} s", f"judgement {speed.judgement:.1f} s"
    Line("forecast: 100,000 tasks through 50 agents", took, judged, aim="≤ 20 s").show()
    for what, spent in editor.measure().items():
        aim = "" if what == "formatting" else "≤ 50 ms"
        Line(f"{what} in a definition of 500 lines", f"{spent:.1f} ms", aim=aim).show()


async def _in_temporal(place: premises.Premises, home: house.House) -> None:
    events = await pipeline.events_of_one(place.client, home)
    released = await pipeline.released(place.client, home)
    _paired("task assigned and released", released, "hello", "≥ 0.60").show()
    completed = await pipeline.completed(place.client, home)
    _paired("task accepted and completed", completed, "hello").show()
    Line("history events of the simplest task", str(events), aim="≤ 25").show()
    rate = await commands.measure(home)
    Line("commands through one distributor, in batches", f"{rate:,.0f}/s", aim="≥ 10,000").show()
    rate = await commands.sustained(home)
    Line("the same until all events are written", f"{rate:,.0f}/s", aim="≥ 1,500").show()
    twelve = await many_clients.measure(place.client, home)
    _paired("commands of twelve clients on one pool", twelve, "of four", "≥ 0.80").show()


if __name__ == "__main__":
    begun = perf_counter()
    processes.collect_rarely()  # as the processes do whose clients it stands for
    asyncio.run(main())
    print(f"done in {perf_counter() - begun:.0f} s with {os.cpu_count()} cores")
    temporal.leave()
