"""A running task goes on with another version of its plan, from the step in which it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from extask.definition.expressions import ExpressionFailed
from extask.definition.fitting import fit_param, to_plain
from extask.definition.kinds import KINDS, QueueState
from extask.definition.plan import Plan
from extask.definition.queue_state import standing
from extask.engine.progress import Progress, Where, goes_along
from extask.messages import StepRecord

_WORDS: dict[Where, str] = {
    "out": "in no queue",
    "in": "in a queue",
    "with_agent": "with an agent",
}
_STATES: dict[Where, QueueState] = {"out": "out", "in": "in", "with_agent": "agent"}
_UNTIL_DONE = frozenset({"call"})
"""Kinds of steps in whose midst no run changes its plan: what they asked for is under way."""


class Obstacle(NamedTuple):
    """Why a task cannot go on with another version: a stable code, and a sentence for people."""

    code: str
    message: str


def at_boundary(old: Plan, progress: Progress) -> bool:
    """Tell whether a run that has nothing to do at once may change its plan now."""
    step = old.steps.get(progress.step or "")
    return step is None or step.kind not in _UNTIL_DONE


class Movement:
    """From one version to another: which steps and parameters of the one fit the other."""

    def __init__(self, old: Plan, new: Plan) -> None:
        self._old = old
        self._new = new
        self._before = standing(old)
        self._after = standing(new)
        self._missing = [
            name for name in new.params if new.params[name].required and not self._goes(name)
        ]

    def obstacle(
        self, step: str | None, where: Where, params: Mapping[str, Any]
    ) -> Obstacle | None:
        """Tell what keeps a task in a step from going on with the new version, if anything does."""
        found = (*self._in_step(step, where), *self._in_params(params))
        return found[0] if found else None

    def obstacle_of(self, progress: Progress) -> Obstacle | None:
        """Tell the same of a run, which also knows the step that an agent interrupted."""
        stopped = progress.interrupted
        if stopped is None:
            return self.obstacle(progress.step, progress.where, progress.params)
        found = self.obstacle(stopped.step, "in", progress.params)
        if found is None and progress.step != stopped.step:
            found = self.obstacle(progress.step, "with_agent", progress.params)
        return found

    def progress(self, progress: Progress, now: datetime) -> Progress:
        """Give the run's state under the new version; its waiting goes on where it is.

        Raises:
            ValueError: something keeps it from going on.
        """
        obstacle = self.obstacle_of(progress)
        if obstacle is not None:
            raise ValueError(obstacle.message)
        params = {
            name: self._value(name, progress.params) if self._goes(name) else param.default
            for name, param in self._new.params.items()
        }
        step = self._old.steps.get(progress.step or "")
        told = StepRecord(
            at=now,
            kind="event",
            step=step.name if step else "",
            step_kind=step.kind if step else "",
            outcome="migrated",
            data={"from": self._old.version, "to": self._new.version},
        )
        updates = {"params": params, "records": (*progress.records, told)}
        return progress.model_copy(update={**updates, **self._waiting(progress)})

    def _in_step(self, step: str | None, where: Where) -> Iterator[Obstacle]:
        if step is None:
            return
        mine, theirs = self._old.steps.get(step), self._new.steps.get(step)
        version, state = f"version {self._new.version}", _STATES[where]
        if mine is None or theirs is None:
            yield Obstacle("no_such_step", f"{version} has no step '{step}'")
        elif mine.kind != theirs.kind:
            told = f"'{step}' is '{mine.kind}', and '{theirs.kind}' in {version}"
            yield Obstacle("other_kind", told)
        elif state in self._before[step] and state not in self._after[step]:
            told = f"the task is {_WORDS[where]}, where it never is at '{step}' in {version}"
            yield Obstacle("other_queue_state", told)

    def _in_params(self, params: Mapping[str, Any]) -> Iterator[Obstacle]:
        for name in self._missing:
            told = f"version {self._new.version} requires '{name}', which the task has not got"
            yield Obstacle("missing_params", told)
        for name in self._new.params:
            if name in params and self._goes(name):
                try:
                    self._value(name, params)
                except ExpressionFailed as error:
                    told = f"'{name}' does not fit version {self._new.version}: {error}"
                    yield Obstacle("missing_params", told)

    def _goes(self, name: str) -> bool:
        return goes_along(self._old, self._new, name)

    def _value(self, name: str, params: Mapping[str, Any]) -> object:
        return to_plain(fit_param(self._new.params[name], params[name]))

    def _waiting(self, p: Progress) -> dict[str, object]:
        """Keep the end of the present waiting, unless only one of the versions has any.

        Where the new one alone has one, its time begins to count now.
        """
        if p.step is None or p.phase != "waiting" or p.where == "with_agent":
            return {}
        kind = KINDS[self._new.steps[p.step].kind]
        if kind.after == "in" and p.where == "out":
            return {}  # it waits to be queued at all
        name = next((o.only_with for o in kind.outcomes.values() if o.takes_time), "")
        had, has = (name in plan.steps[p.step].properties for plan in (self._old, self._new))
        if not name or had == has:
            return {}
        if had:
            return {"deadline": None}
        phase = "placed" if kind.after == "in" else "fresh"
        return {"phase": phase, "since": None, "deadline": None}
