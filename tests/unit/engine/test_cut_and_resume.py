from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extask.definition.compiler import compile_definition
from extask.definition.plan import Handler, Param, Plan
from extask.engine import (
    Aborted,
    Ask,
    Consult,
    Engine,
    Finish,
    Happened,
    Patched,
    Progress,
    Sleep,
    Todo,
    first_progress,
)
from extask.messages import Answer, CallAnswered, Hours, Standing, StepRecord, TaskEvent
from tests.unit.engine.flows import LIFE, START, facts, plan, step, text

Event = TaskEvent | Aborted | Patched | Happened | CallAnswered
NAMES = ("a", "b", "c", "d", "e", "f")
HANDLERS: tuple[Handler, ...] = ("accepted", "completed", "expired", "aborted", "error")
FACTS = facts().model_copy(update={"longest_life": LIFE})
SHIPPED = sorted((Path(__file__).parents[3] / "definitions").glob("*.workflow.yaml"))

targets = st.sampled_from((*NAMES, "end"))
services = st.sampled_from(("support", "sales"))
seconds = st.sampled_from((0, 1, 60, 3600, 40_000))
conditions = st.sampled_from(
    ("visits > 2", "params.n == 1", "task.transfers == 0", "1 / params.n > 0", "params.x == ''")
)


def _then(*outcomes: str) -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(outcomes, targets))


def _steps() -> st.SearchStrategy[dict[str, Any]]:
    cases = st.tuples(st.tuples(conditions, targets), st.tuples(st.none(), targets))
    place = st.fixed_dictionaries({"service": services}, optional={"wait": seconds})
    standing = _then("accepted", "completed", "timeout", "rejected")
    length = st.fixed_dictionaries({"for": seconds})
    return st.one_of(
        st.builds(step, st.just("delay"), length, _then("done")),
        st.builds(step, st.just("queue"), place, standing),
        st.builds(step, st.just("queue"), place, standing),
        st.builds(step, st.just("wait"), length, standing),
        st.builds(step, st.just("move"), place, standing),
        st.builds(step, st.just("leave_queue"), st.none(), _then("done")),
        st.builds(step, st.just("check_position"), cases=cases, save=st.just({"n": "${position}"})),
        st.builds(step, st.just("check"), cases=cases),
        st.builds(step, st.just("reprioritize"), st.just({"by": 1}), _then("done")),
        st.builds(step, st.just("transfer"), place, _then("rejected")),
        st.builds(step, st.just("cancel"), st.just({"reason": "so ${params.x}"})),
        st.builds(step, st.just("end"), st.none()),
        st.builds(step, st.just("set"), st.just({"n": "${params.n + 1}"}), _then("done")),
        st.builds(step, st.just("set"), st.just({"x": "${params.x + 'abc'}"}), _then("done")),
        *_outside(),
    )


def _outside() -> list[st.SearchStrategy[dict[str, Any]]]:
    """Steps that wait for the world, or ask it."""
    save = st.just({"n": "${event.body.n}"})
    awaited = st.sampled_from(({"parameter": "n"}, {"parameter": "n", "for": 0}))
    events = st.sampled_from(({"event": "approve"}, {"event": "reject", "for": 60}))
    call = st.fixed_dictionaries(
        {"flow": st.just("crm"), "body": st.just({"x": "${params.x}"})},
        optional={"attempts": st.integers(1, 3), "accept": st.just([404])},
    )
    answer = st.sampled_from(({"n": "${response.body.n}"}, {"n": "${response.status}"}, {}))
    lives = st.sampled_from(({"by": 60}, {"until": "${task.created}"}, {"by": "${task.age}"}))
    hours = _then("open", "closed", "special")
    return [
        st.builds(step, st.just("wait_for"), awaited, _then("arrived", "timeout")),
        st.builds(step, st.just("wait_for"), events, _then("arrived", "timeout"), save=save),
        st.builds(step, st.just("check_hours"), st.just({"calendar": "office"}), hours),
        st.builds(
            step,
            st.just("check_service"),
            st.fixed_dictionaries({"service": services}),
            _then("available", "busy", "empty"),
        ),
        st.builds(step, st.just("prolong"), lives, _then("done", "limit")),
        st.builds(step, st.just("call"), call, _then("ok", "failed"), save=answer),
    ]


PARAMS = (text("x"), Param(name="n", type="integer", default=0))
handlers: st.SearchStrategy[dict[Handler, str]] = st.dictionaries(
    st.sampled_from(HANDLERS), st.sampled_from(NAMES)
)
plans = st.builds(
    lambda when, steps: plan(PARAMS, when, **dict(zip(NAMES, steps, strict=True))),
    handlers,
    st.tuples(*[_steps()] * len(NAMES)),
)
EVENTS = st.sampled_from(("approve", "reject", "unheard_of"))
BODIES = st.sampled_from((None, "x", 3, {"n": 4}, {"n": "four"}, [1]))
REPLIES = st.fixed_dictionaries(
    {"status": st.sampled_from((None, 200, 404, 429, 500)), "body": BODIES},
    optional={"for_good": st.booleans()},
)
OLD = st.sampled_from((0, 0, 0, 1))
HOURS = st.builds(
    Hours, known=st.booleans(), open=st.booleans(), day=st.sampled_from(("regular", "special"))
)
PRIORITY = st.sampled_from(("high", "normal"))


@dataclass
class Pair:
    """Two machines told the same; the second is cut and resumed wherever that is allowed."""

    straight: Engine
    cut: Engine
    now: datetime = START
    rank: int = 1
    told: int = 0

    def next(self) -> Todo:
        todo = self.straight.next(self.now)
        assert self.cut.next(self.now) == todo
        assert self.straight.next(self.now) == todo
        return todo

    def resume(self) -> None:
        stored = self.cut.progress.model_dump_json()
        self.cut = Engine(self.cut.plan, FACTS, Progress.model_validate_json(stored))

    def answer(self, answer: Answer) -> None:
        self.straight.answer(answer, self.now)
        self.cut.answer(answer, self.now)

    def consulted(self, hours: Hours) -> None:
        self.straight.consulted(hours, self.now)
        self.cut.consulted(hours, self.now)

    def notify(self, event: Event) -> None:
        self.straight.notify(event)
        self.cut.notify(event)
        assert self.straight.has_news == self.cut.has_news

    def records(self) -> tuple[StepRecord, ...]:
        records = self.straight.take_records()
        assert self.cut.take_records() == records
        return records


def pair(plan: Plan, params: dict[str, Any]) -> Pair:
    progress = first_progress(plan, FACTS, params, START + LIFE)
    return Pair(Engine(plan, FACTS, progress), Engine(plan, FACTS, progress))


def drive(run: Pair, data: st.DataObject, turns: int) -> list[StepRecord]:
    story: list[StepRecord] = []
    for _ in range(turns):
        todo = run.next()
        if isinstance(todo, Finish):
            break
        if isinstance(todo, Ask):
            if data.draw(st.booleans()):
                run.notify(event(run, data))
            run.answer(answer(run, data))
        elif isinstance(todo, Consult):
            run.consulted(data.draw(HOURS))
        else:
            if data.draw(st.booleans()):
                run.notify(event(run, data))
            if todo.call is not None and data.draw(st.booleans()):
                number, attempt = todo.call.number, todo.call.attempt - data.draw(OLD)
                reply = data.draw(REPLIES)
                run.notify(CallAnswered(number=number, attempt=attempt, **reply))
            pass_time(run, todo, data)
        if data.draw(st.booleans()):
            run.resume()
        if data.draw(st.booleans()):
            story += run.records()
    run.resume()
    assert run.cut.progress == run.straight.progress
    assert run.cut.request_answer("1") == run.straight.request_answer("1")
    return [*story, *run.records()]


def pass_time(run: Pair, todo: Sleep, data: st.DataObject) -> None:
    if todo.until is not None and data.draw(st.booleans()):
        run.now = max(run.now, todo.until)
    else:
        run.now += timedelta(seconds=data.draw(seconds))


def answer(run: Pair, data: st.DataObject) -> Answer:
    run.rank += 1
    kinds = ("done", "done", "done", "refused", "accepted", "completed", "expired")
    position = data.draw(st.integers(0, 5))
    return Answer.model_validate(
        {
            "status": data.draw(st.sampled_from(kinds)),
            "rank": run.rank,
            "at": run.now,
            "agent": data.draw(st.sampled_from((None, "a-1"))),
            "priority": data.draw(PRIORITY),
            "availability": data.draw(st.sampled_from(("available", "busy", "empty"))),
            "standing": Standing(service="support", priority="low", position=position),
        }
    )


def event(run: Pair, data: st.DataObject) -> Event:
    run.rank += 1
    run.told += 1
    task = ("accepted", "completed", "returned", "expired")
    kind = data.draw(st.sampled_from((*task, "aborted", "patched", "happened")))
    if kind == "aborted":
        return Aborted(request=str(run.told), by=data.draw(st.sampled_from(("api", "supervisor"))))
    if kind == "happened":
        return Happened(request=str(run.told), name=data.draw(EVENTS), body=data.draw(BODIES))
    if kind == "patched":
        later = run.now + timedelta(seconds=data.draw(seconds))
        return Patched(params={"n": 1}, priority=data.draw(PRIORITY), expires_at=later)
    epoch = run.straight.epoch + data.draw(st.sampled_from((-1, 0, 0, 0, 0, 1)))
    rank = run.rank - data.draw(st.sampled_from((0, 0, 2)))
    return TaskEvent.model_validate({"kind": kind, "epoch": epoch, "rank": rank, "at": run.now})


def holds_together(story: list[StepRecord], run: Pair) -> None:
    ends = [record for record in story if record.kind in ("ended", "transferred")]
    assert len(ends) == (1 if run.straight.ending else 0)
    assert [record.at for record in story] == sorted(record.at for record in story)
    if ends:
        assert story[-1] == ends[0]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plan=plans, data=st.data())
def test_cutting_anywhere_changes_nothing_in_a_random_plan(plan: Plan, data: st.DataObject) -> None:
    run = pair(plan, {})
    holds_together(drive(run, data, 30), run)


@pytest.mark.prove
@settings(max_examples=5_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plan=plans, data=st.data())
def test_cutting_anywhere_changes_nothing_in_many_random_plans(
    plan: Plan, data: st.DataObject
) -> None:
    run = pair(plan, {})
    holds_together(drive(run, data, 60), run)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_cutting_anywhere_changes_nothing_in_what_is_shipped(
    file: Path, data: st.DataObject
) -> None:
    compiled = compile_definition(file.read_text(), file.name).plan
    assert compiled is not None
    run = pair(compiled, {})
    holds_together(drive(run, data, 40), run)
