"""A simulated task's workflow: production's engine, asking production's judgement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from extask.definition.plan import Plan
from extask.engine import (
    Ask,
    Consult,
    Engine,
    Facts,
    Finish,
    first_progress,
    missing_params,
    transferred_progress,
)
from extask.messages import Answer, CallAnswered, Event, Hours, Outcome, TaskCommand, TaskEvent
from extask.simulation.scenario import SimulatedService, SimulatedTask

Asks = Callable[[TaskCommand], Answer]


class Errand:
    """One task under way by its workflow, over as many plans as it is transferred to."""

    def __init__(self, task: SimulatedTask, plan: Plan) -> None:
        self.task = task
        self.until: datetime | None = None
        """When it goes on by itself."""
        self.turn = 0
        """How often it went on: a plan to go on that is older is void."""
        self.outcome: Outcome | None = None
        self.handed_over = False
        """Whether it was transferred to a service without a workflow: it only waits there."""
        self._facts = Facts(
            task=task.id,
            tenant="simulated",
            created_at=task.at,
            service=task.place.service,
            place=task.place,
            priority=task.place.priority or "normal",
        )
        expires_at = task.at + (plan.lifetime if task.patience is None else task.patience)
        params = dict(task.stream.params)
        progress = first_progress(plan, self._facts, params, expires_at)
        self._engine = Engine(plan, self._facts, progress)

    def hear(self, event: Event) -> None:
        """Hear what the judgement decided."""
        told = event.model_dump(include={"kind", "epoch", "rank", "at", "agent", "session"})
        code = event.data.get("code", "")
        self._engine.notify(TaskEvent.model_validate({**told, "code": code}))

    def go_on(self, now: datetime, ask: Asks, services: Mapping[str, SimulatedService]) -> None:
        """Go on until the workflow waits, or is over.

        Calendars are open, and calls are answered with nothing at once: a forecast knows no others.
        """
        self.turn += 1
        while True:
            todo = self._engine.next(now)
            if isinstance(todo, Ask):
                self._engine.answer(self._answered(todo, ask, services), now)
            elif isinstance(todo, Consult):
                self._engine.consulted(Hours(open=True), now)
            elif isinstance(todo, Finish):
                if self._is_over(todo, services):
                    return
            elif todo.call is not None:
                number, attempt = todo.call.number, todo.call.attempt
                self._engine.notify(CallAnswered(number=number, attempt=attempt, status=200))
            else:
                self._engine.take_records()
                self.until = todo.until
                return

    def _is_over(self, todo: Finish, services: Mapping[str, SimulatedService]) -> bool:
        if todo.ending.kind != "transferred":
            self.outcome = todo.ending.outcome
        else:
            self.handed_over = not self._take_over(services)
        return self.outcome is not None or self.handed_over

    def _answered(self, todo: Ask, ask: Asks, services: Mapping[str, SimulatedService]) -> Answer:
        target = services.get(todo.takes_over or "")
        if target is not None and target.plan is not None:
            engine = self._engine
            missing = missing_params(engine.plan, target.plan, engine.progress.params)
            if missing:
                message = ", ".join(missing)
                return Answer(status="refused", reason="missing_params", message=message)
        return ask(todo.command)

    def _take_over(self, services: Mapping[str, SimulatedService]) -> bool:
        """Go on by the plan of the service that the task was transferred to, if it has one."""
        old = self._engine
        plan = services[old.progress.standing or ""].plan
        if plan is not None:
            progress = transferred_progress(old.plan, plan, old.progress)
            self._engine = Engine(plan, self._facts, progress)
        return plan is not None
