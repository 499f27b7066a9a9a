"""Wishes that a task go on with another version of its workflow, kept until its run may."""

from __future__ import annotations

from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from extask.definition.plan import Plan
    from extask.engine import Engine, Movement, Progress, at_boundary
    from extask.messages import MigrateTask, TaskAnswer

_DONE = TaskAnswer(status="done")


class Migrations:
    """What was asked of one task, and what was answered; a request's key answers a repeat."""

    def __init__(self) -> None:
        self._open: dict[str, MigrateTask] = {}
        self._answers: dict[str, TaskAnswer] = {}
        self._closed = False

    async def answered(self, request: MigrateTask) -> TaskAnswer:
        """Keep a wish until there is an answer; of a task that has ended it is refused."""
        self._open.setdefault(request.request, request)
        if self._closed:
            self.close()
        while (answer := self._answers.get(request.request)) is None:
            await workflow.wait_condition(lambda: request.request in self._answers)
        self._open.pop(request.request, None)
        return answer

    def due(self, engine: Engine) -> bool:
        """Tell whether a run that sleeps is to look at a wish now."""
        return bool(self._open) and at_boundary(engine.plan, engine.progress)

    @property
    def next(self) -> MigrateTask:
        """The first wish."""
        return next(iter(self._open.values()))

    @staticmethod
    def known(engine: Engine, request: MigrateTask) -> TaskAnswer | None:
        """Answer what needs no other plan: the task is there already, or is elsewhere by now."""
        here = (engine.plan.workflow, engine.plan.version)
        if here == (request.workflow, request.version):
            return _DONE
        if here == (request.workflow, request.came_from):
            return None
        told = f"The task is on version {here[1]} of '{here[0]}' by now."
        return TaskAnswer(status="refused", reason="other_version", message=told)

    @staticmethod
    def moved(engine: Engine, plan: Plan, now: datetime) -> tuple[TaskAnswer, Progress | None]:
        """Answer what becomes of the run under another plan, and its progress there."""
        movement = Movement(engine.plan, plan)
        obstacle = movement.obstacle_of(engine.progress)
        if obstacle is None:
            return _DONE, movement.progress(engine.progress, now)
        told = f"{obstacle.message[:1].upper()}{obstacle.message[1:]}."
        return TaskAnswer(status="refused", reason=obstacle.code, message=told), None

    def decide(self, request: MigrateTask, answer: TaskAnswer) -> None:
        """Keep the answer for whoever asked."""
        self._open.pop(request.request)
        self._answers[request.request] = answer

    def close(self) -> None:
        """Refuse what is open, and what is yet to come: the task has ended."""
        self._closed = True
        told = TaskAnswer(status="refused", reason="already_ended", message="The task has ended.")
        self._answers |= dict.fromkeys(self._open, told)
        self._open.clear()
