"""How a shell drives the machine; the Temporal workflow does the same with real waiting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from extask.definition.plan import Plan
from extask.engine import Ask, Ending, Engine, Finish, Sleep, first_progress
from extask.messages import Answer, StepRecord, TaskCommand, TaskEvent
from tests.unit.engine.flows import LIFE, START, facts, plan, step


class Shell:
    """A shell in miniature: `submit` is its distributor, `sleep` its clock and its mailbox."""

    def __init__(self, plan: Plan, submit: Callable[[TaskCommand], Answer]) -> None:
        self.engine = Engine(plan, facts(), first_progress(plan, facts(), {}, START + LIFE))
        self.submit = submit
        self.now = START
        self.journal: list[StepRecord] = []

    def run(self) -> Ending:
        while True:
            todo = self.engine.next(self.now)
            self.journal += self.engine.take_records()
            if isinstance(todo, Finish):
                return todo.ending
            if isinstance(todo, Ask):
                self.engine.answer(self.submit(todo.command), self.now)
            elif isinstance(todo, Sleep) and not self.engine.has_news:
                self.sleep(todo.until)

    def sleep(self, until: datetime | None) -> None:
        accepted = self.now + timedelta(minutes=7)
        if until is None or until > accepted:
            self.now = accepted
            kind = "completed" if self.engine.where == "with_agent" else "accepted"
            self.engine.notify(
                TaskEvent(
                    kind=kind,
                    epoch=self.engine.epoch,
                    rank=self.engine.progress.rank + 1,
                    at=self.now,
                )
            )
        else:
            self.now = until


def test_a_shell_drives_a_run_to_its_end() -> None:
    settle_and_queue = plan(
        settle=step("delay", {"for": 30}, {"done": "line_up"}), line_up=step("queue")
    )
    shell = Shell(settle_and_queue, lambda _command: Answer(status="done", rank=1))
    assert shell.run() == Ending(kind="handled", outcome="user_accepted")
    assert shell.now == START + timedelta(minutes=14, seconds=30)
    story = [(record.kind, record.step, record.outcome) for record in shell.journal]
    assert story == [
        ("entered", "settle", ""),
        ("left", "settle", "done"),
        ("entered", "line_up", ""),
        ("event", "line_up", "accepted"),
        ("event", "line_up", "completed"),
        ("left", "line_up", "completed"),
        ("ended", "line_up", "user_accepted"),
    ]
