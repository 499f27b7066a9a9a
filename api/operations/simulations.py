"""Dry runs of definitions."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from datetime import datetime

from api.shapes.findings import FindingShape
from api.shapes.simulations import (
    SimulatedCall,
    SimulatedLine,
    SimulatedRun,
    SimulationAnswer,
    SimulationRequest,
)
from extask.definition.compiler import compile_definition
from extask.definition.finding import Finding
from extask.simulation.dry_run import dry_run, lines, read_given
from extask.simulation.virtual import Simulated


async def simulate(body: SimulationRequest) -> SimulationAnswer:
    """Run a definition once in virtual time; nothing is kept, nobody is asked."""
    return await asyncio.to_thread(_simulate, body)


def _simulate(body: SimulationRequest) -> SimulationAnswer:
    compiled = compile_definition(body.source, body.file)
    found = list(compiled.findings)
    if compiled.plan is None:
        return SimulationAnswer(ok=False, findings=_shapes(found), run=None)
    text = json.dumps(body.given, ensure_ascii=False)
    given, faults = read_given(text, "given", compiled.plan)
    run = None if faults else _shape(dry_run(compiled.plan, given), given.now)
    return SimulationAnswer(ok=run is not None, findings=_shapes([*found, *faults]), run=run)


def _shapes(findings: list[Finding]) -> list[FindingShape]:
    return [FindingShape(**asdict(each)) for each in findings]


def _shape(run: Simulated, began: datetime) -> SimulatedRun:
    return SimulatedRun(
        ends=run.ends,
        ended=run.ending is not None,
        took=run.took,
        priority=run.priority,
        params=dict(run.params),
        path=list(run.path),
        lines=[SimulatedLine(**asdict(line)) for line in lines(run)],
        calls=[
            SimulatedCall(after=made.at - began, step=made.step, body=made.out.body)
            for made in run.calls
        ],
    )
