"""Every shipped test goes the same way on the virtual clock and on a real Temporal server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from extask.definition.compiler import compile_definition
from extask.definition.plan import Plan
from extask.messages import Message, StepRecord
from extask.simulation import Simulated, simulate
from extask.simulation.calls import CallMade
from extask.simulation.examples import Example, read_examples
from tests.support.stage import Played, Stage, shifted, staged

DEFINITIONS = Path(__file__).parents[2] / "definitions"
SECOND = timedelta(seconds=1)
DRIFT = 15.0
"""Seconds by which what depends on all steps before may come later on a machine that needs time."""

WORLDLY = """
workflow: worldly
version: 1
lifetime: 2h
params:
  status: { type: text }
  tier: { type: text }
  place: { type: integer, default: 1 }
steps:
  gather:
    wait_for: { parameter: status, for: 30m }
    then: { arrived: look_up, timeout: look_up }
  look_up:
    call:
      flow: crm
      body: { task: "${task.id}", status: "${params.status}" }
      timeout: 5s
      attempts: 3
      save: { tier: "${response.body.tier}" }
    then: { ok: hours, failed: hours }
  hours:
    check_hours: office
    then: { open: line_up, closed: rest, holiday: over, special: line_up }
  rest:
    delay: 7m
    then: hours
  line_up:
    queue: { wait: 10m, priority: low, exclude: ["${params.tier}"] }
    then: { accepted: greet, timeout: look, rejected: over }
  greet:
    call: { url: "https://greet.example/now", method: PUT, body: { by: "${params.status}" } }
    then: { ok: note, failed: note }
  note:
    set: { tier: noted }
  greeted:
    end:
  look:
    check_position:
      - if: position > 3 || queue_length > 7 || agents_free > 2
        then: raise
      - else: leave
    save: { place: "${position}" }
  raise:
    reprioritize: { by: 3 }
    then: sit
  sit:
    wait: 4m
    then: notify
  notify:
    call: { flow: notify, timeout: 20s }
    then: { ok: look, failed: look }
  leave:
    leave_queue:
    then: rest
  over:
    end: "over, ${params.tier}"
  again:
    check:
      - if: visits > 1
        then: last
      - else: longer
  longer:
    prolong: 1h
    then: { done: rest, limit: last }
  last:
    call: { flow: notify, body: { at: "${visits}" } }
    then: { ok: gone, failed: gone }
  gone:
    cancel: gone
when: { expired: again, aborted: last, error: gone }
"""
WORLDLY_TESTS = """
workflow: worldly
tests:
  - { name: nothing comes, given: {}, expect: {} }
  - name: written early and late
    given:
      params: { tier: gold }
      sets: [[1m, { status: gathered }], [50m, { status: changed, tier: lead }]]
      calls: { look_up: [{ status: 503 }, { takes: 9s }, { takes: 3s, body: { tier: silver } }] }
      accepted_after: 33m
      completed_after: 40m
    expect: {}
  - name: what is answered does not fit
    given: { sets: [[1s, { status: a }]], calls: { look_up: { body: { tier: 7 } } } }
    expect: {}
  - { name: aborted before it was queued, given: { aborted_at: 10m }, expect: {} }
  - { name: aborted in the queue, given: { aborted_at: 35m }, expect: {} }
  - name: aborted while an agent has it
    given: { accepted_after: 31m, aborted_at: 35m, calls: { last: { takes: 8s } } }
    expect: {}
  - name: aborted while it is called
    given: { aborted_at: 1802s, calls: { look_up: { takes: 4s } } }
    expect: {}
  - name: given back, and taken again
    given:
      accepted_after: [31m, 40m]
      returned_after: 36m
      completed_after: 45m
      completed_with: fine
      calls: { greet: [{ status: 404 }, { takes: 9m }] }
    expect: {}
  - name: accepted in the middle of a call
    given:
      positions: [[0s, 4], [50m, { position: 1, queue_length: 8 }]]
      calls: { notify: { takes: 15s } }
      accepted_after: 2650s
      completed_after: 50m
    expect: {}
  - name: opens late, then a day of its own
    given: { hours: { office: [[0s, closed], [40m, { day: special }], [1h, holiday]] } }
    expect: {}
  - { name: no calendar, given: { hours: { office: unknown } }, expect: {} }
  - name: may not live so long
    given: { longest_life: 150m, positions: [[0s, { position: 2, agents_free: 3 }]] }
    expect: {}
  - { name: full, given: { reject: [own] }, expect: {} }
  - name: ends while an agent has it
    given: { accepted_after: 117m, returned_after: 130m }
    expect: {}
"""
"""What a test may say and no shipped one does."""

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Case(NamedTuple):
    """One test of a file, and its plan."""

    name: str
    plan: Plan
    example: Example


def cases_of(definition: str, tests: str, name: str) -> list[Case]:
    plan = compile_definition(definition, f"{name}.workflow.yaml").plan
    assert plan is not None
    examples, findings = read_examples(tests, f"{name}.test.yaml", plan)
    assert not findings
    return [Case(f"{name}: {each.name}", plan, each) for each in examples]


def shipped() -> list[Case]:
    return [
        case
        for file in sorted(DEFINITIONS.glob("*.workflow.yaml"))
        for case in cases_of(
            file.read_text(),
            file.with_name(file.name.replace(".workflow.", ".test.")).read_text(),
            file.name.removesuffix(".workflow.yaml"),
        )
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    async with staged() as stage:
        yield stage


@pytest.mark.parametrize("case", shipped(), ids=lambda case: case.name)
async def test_a_shipped_test_goes_the_same_way_on_temporal(stage: Stage, case: Case) -> None:
    await assert_same(stage, case)


@pytest.mark.parametrize(
    "case", cases_of(WORLDLY, WORLDLY_TESTS, "worldly"), ids=lambda case: case.name
)
async def test_whatever_a_test_may_say_goes_the_same_way(case: Case) -> None:
    async with staged() as stage:
        await assert_same(stage, case)


async def assert_same(stage: Stage, case: Case) -> None:
    task, played = await stage.play(case.plan, case.example.given)
    dry = simulate(case.plan, case.example.given)
    assert_same_trace(played, dry)
    assert_same_asked(played, dry)
    assert_same_calls(played, dry, task)
    assert_asked_as_of_now(played)
    assert played.params == shifted(case.plan, dry.params, played.given.now - _begin(case))


def _begin(case: Case) -> datetime:
    return case.example.given.now


class Told(NamedTuple):
    """One line of a run's story but for its time."""

    step: str
    step_kind: str
    kind: str
    outcome: str
    data: dict[str, Any]


def assert_same_trace(played: Played, dry: Simulated) -> None:
    """The lines are the same, and their times to the second.

    A wait counts from the line before; what was planned counts from the begin.
    """
    real = played.records[: len(dry.records)]
    if dry.ending is None or dry.ending.kind != "transferred":
        assert len(played.records) == len(dry.records)
    assert [*map(_told, real)] == [*map(_told, dry.records)]
    for (took, at), (due, due_at), record in zip(
        _times(real), _times(dry.records), dry.records, strict=True
    ):
        assert min(abs(took - due), abs(at - due_at)) < SECOND, record


def _told(record: StepRecord) -> Told:
    return Told(record.step, record.step_kind, record.kind, record.outcome, record.data)


def _times(records: Iterable[StepRecord]) -> list[tuple[timedelta, timedelta]]:
    """Give for each the time since the one before, and since the first."""
    instants = [record.at for record in records]
    before = [instants[0], *instants]
    return [(at - last, at - instants[0]) for last, at in zip(before, instants, strict=False)]


def assert_same_asked(played: Played, dry: Simulated) -> None:
    """The distributor is asked the same, with the same arguments."""
    begin = dry.records[0].at
    expected = [_plain(command, begin) for command in dry.commands]
    asked = [_plain(command, played.given.now) for command in played.commands]
    assert asked[: len(expected)] == [
        {**each, **{name: _near(value) for name, value in each.items()}} for each in expected
    ]


def _plain(command: Message, begin: datetime) -> dict[str, Any]:
    """Give the arguments of a command; instants count from the begin."""
    told = command.model_dump(exclude={"key", "task", "issued"})
    return {
        name: (value - begin).total_seconds() if isinstance(value, datetime) else value
        for name, value in told.items()
    }


def _near(value: Any) -> Any:
    return pytest.approx(value, abs=DRIFT) if isinstance(value, float) else value


def assert_same_calls(played: Played, dry: Simulated, task: str) -> None:
    """The same is called at the same times, and sent the same."""
    made = played.calls
    sent = [each.out.model_dump_json().replace(task, "t-simulated") for each in made]
    assert sent == [each.out.model_dump_json() for each in dry.calls]
    assert [each.step for each in made] == [each.step for each in dry.calls]
    assert _since(made, played.given.now) == pytest.approx(
        _since(dry.calls, dry.records[0].at), abs=DRIFT
    )


def assert_asked_as_of_now(played: Played) -> None:
    """Calendars are asked for their hours as they are when the step is entered."""
    entered = [
        record.at
        for record in played.records
        if record.kind == "entered" and record.step_kind == "check_hours"
    ]
    for asked, at in zip(played.consulted, entered, strict=True):
        assert abs(asked - at) < SECOND


def _since(made: Iterable[CallMade], begin: datetime) -> list[float]:
    return [(each.at - begin).total_seconds() for each in made]
