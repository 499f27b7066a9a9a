"""Small plans and a driver for tests of the machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from extask.definition.plan import (
    Case,
    Expression,
    Handler,
    Listed,
    Literally,
    Mapped,
    Param,
    Plan,
    Step,
    Template,
    Value,
)
from extask.engine import (
    Aborted,
    Ask,
    Consult,
    Engine,
    Facts,
    Finish,
    Happened,
    Patched,
    Redirected,
    Sleep,
    Todo,
    first_progress,
)
from extask.messages import (
    Answer,
    CallAnswered,
    CallOut,
    Hours,
    Place,
    StepRecord,
    TaskCommand,
    TaskEvent,
    Withdraw,
)

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
LIFE = timedelta(hours=8)
MINUTE = timedelta(minutes=1)


def value(written: object) -> Value:
    if isinstance(written, str) and written.startswith("${") and written.endswith("}"):
        return Expression(expression=written[2:-1])
    if isinstance(written, str) and "${" in written:
        head, _, tail = written.partition("${")
        expression, _, rest = tail.partition("}")
        return Template(template=(head, Expression(expression=expression), rest))
    if isinstance(written, list):
        return Listed(items=tuple(value(item) for item in written))
    if isinstance(written, dict):
        return Mapped(entries={name: value(entry) for name, entry in written.items()})
    return Literally(value=written)


def step(
    kind: str,
    properties: Mapping[str, Any] | None = None,
    then: Mapping[str, str] | None = None,
    *,
    cases: tuple[tuple[str | None, str], ...] = (),
    save: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "kind": kind,
        "line": 1,
        "properties": {name: value(each) for name, each in (properties or {}).items()},
        "then": dict(then or {}),
        "cases": tuple(Case(condition=condition, target=target) for condition, target in cases),
        "save": {name: value(each) for name, each in (save or {}).items()},
    }


def plan(
    params: tuple[Param, ...] = (),
    when: dict[Handler, str] | None = None,
    **steps: dict[str, Any],
) -> Plan:
    return Plan(
        workflow="example",
        version=1,
        digest="d",
        lifetime=LIFE,
        start=next(iter(steps)),
        params={param.name: param for param in params},
        steps={name: Step(name=name, **fields) for name, fields in steps.items()},
        when=when or {},
    )


def text(name: str, default: str = "") -> Param:
    return Param(name=name, type="text", default=default)


def facts(place: Place | None = None) -> Facts:
    return Facts(
        task="t-1",
        tenant="acme",
        run=1,
        created_at=START,
        service="support",
        place=place or Place(service="support"),
    )


class Driver:
    """Drives an engine by hand: a clock, what it asks, what it told."""

    def __init__(
        self,
        plan: Plan,
        params: dict[str, Any] | None = None,
        place: Place | None = None,
        longest_life: timedelta | None = None,
    ) -> None:
        self.now = START
        self.facts = facts(place).model_copy(update={"longest_life": longest_life})
        self.plan = plan
        progress = first_progress(plan, self.facts, params or {}, START + LIFE)
        self.engine = Engine(plan, self.facts, progress)
        self.records: list[StepRecord] = []
        self.lost: Answer | None = Answer(status="done")
        """What is answered to whether a lost attempt has queued the task; empty: nothing yet."""

    def todo(self, after: timedelta = timedelta(0)) -> Todo:
        self.now += after
        todo = self.engine.next(self.now)
        while self.lost is not None and _asks_for_lost(todo):
            self.engine.answer(self.lost, self.now)
            todo = self.engine.next(self.now)
        self.records += self.engine.take_records()
        return todo

    def asked(self, after: timedelta = timedelta(0)) -> TaskCommand:
        todo = self.todo(after)
        assert isinstance(todo, Ask), todo
        assert self.engine.next(self.now) == todo
        return todo.command

    def answer(self, status: str = "done", **fields: object) -> None:
        self.asked()
        self.engine.answer(Answer.model_validate({"status": status, **fields}), self.now)

    def slept(self, after: timedelta = timedelta(0)) -> timedelta | None:
        todo = self.todo(after)
        assert isinstance(todo, Sleep), todo
        return None if todo.until is None else todo.until - self.now

    def called(self, after: timedelta = timedelta(0)) -> CallOut:
        todo = self.todo(after)
        assert isinstance(todo, Sleep), todo
        assert todo.call is not None
        assert self.engine.next(self.now) == todo
        return todo.call

    def reply(self, status: int | None = 200, after: timedelta = timedelta(0), **more: Any) -> None:
        out = self.called()
        self.now += after
        told = {"number": out.number, "attempt": out.attempt, "status": status, **more}
        self.engine.notify(CallAnswered.model_validate(told))

    def consulted(self, **hours: object) -> str:
        todo = self.todo()
        assert isinstance(todo, Consult), todo
        assert self.engine.next(self.now) == todo
        self.engine.consulted(Hours.model_validate(hours), self.now)
        return todo.calendar

    def happen(self, name: str, body: object = None, request: str = "e1") -> None:
        self.engine.notify(Happened(name=name, body=body, request=request))

    def ended(self, after: timedelta = timedelta(0)) -> str:
        todo = self.todo(after)
        assert isinstance(todo, Finish), todo
        assert todo.ending == self.engine.ending
        return f"{todo.ending.says} ({todo.ending.outcome})"

    def tell(self, kind: str, rank: int, **fields: object) -> None:
        event = {"epoch": self.engine.epoch, "rank": rank, "at": self.now, "kind": kind, **fields}
        self.engine.notify(TaskEvent.model_validate(event))

    def abort(self, by: str = "api", request: str = "r1") -> None:
        self.engine.notify(Aborted.model_validate({"request": request, "by": by}))

    def redirect(self, service: str = "sales", **fields: object) -> None:
        event = {"request": "r1", "service": service, **fields}
        self.engine.notify(Redirected.model_validate(event))

    def decided(self) -> str:
        answer = self.engine.request_answer("r1")
        assert answer is not None
        return answer.reason or answer.status

    def patch(self, **fields: object) -> None:
        self.engine.notify(Patched.model_validate(fields))

    def path(self) -> list[str]:
        self.records += self.engine.take_records()
        return [record.step for record in self.records if record.kind == "entered"]

    def outcomes(self) -> list[tuple[str, str]]:
        self.records += self.engine.take_records()
        return [(r.step, r.outcome) for r in self.records if r.kind == "left"]


def _asks_for_lost(todo: Todo) -> bool:
    return isinstance(todo, Ask) and isinstance(todo.command, Withdraw) and todo.command.any_stay


Move = Callable[[Driver], None]


def queued(driver: Driver) -> Driver:
    """Answer the first `Enqueue`."""
    driver.answer(rank=1)
    return driver


def accepted(driver: Driver, after: timedelta = timedelta(minutes=1)) -> Driver:
    """Let an agent accept a queued task."""
    queued(driver).slept()
    driver.now += after
    driver.tell("accepted", rank=3, agent="a-1", session="t-1.1.1")
    return driver
