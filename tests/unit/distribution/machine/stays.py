"""The part of the log that tells where tasks stand: queued, moved, reprioritised, gone."""

from __future__ import annotations

from extask.messages import PRIORITIES, Event, Place
from tests.unit.distribution.machine.log import Log, instant
from tests.unit.distribution.machine.picture import NOTHING, Task


class StaysLog(Log):
    """Reads events of stays."""

    # --- where tasks stand ---------------------------------------------------------------------

    def place(self, task: Task, event: Event) -> None:
        data = event.data
        task.service = event.service or ""
        task.level = PRIORITIES.index(data["priority"])
        queued = instant(data["first_queued"])
        assert queued is not None
        assert queued <= event.at
        task.first_queued = queued
        task.block, task.number = data["blocking"], data["number"]
        task.preferred = tuple(data.get("preferred", ()))
        task.preferred_only = data.get("preferred_only", False)
        task.window = instant(data.get("prefer_until")) or task.window
        task.exclude = tuple(data.get("exclude", ()))
        task.skills = data.get("skills", {})
        task.distribution = data.get("distribution")
        task.expires = instant(data["expires_at"])

    def on_queued(self, event: Event) -> None:
        assert event.rank == 1 or self.reports()
        task = self.come(event)
        self.place(task, event)
        self.check_place(task)
        task.entered = task.first_queued if self.reports() else event.at
        self.picture.wait(task)

    def come(self, event: Event) -> Task:
        picture, name = self.picture, event.task or ""
        assert name not in picture.tasks
        picture.sequence += 1
        picture.entered += 1
        task = picture.tasks[name] = Task(name, picture.sequence)
        task.run, task.epoch, task.rank = event.run or 0, event.epoch or 0, event.rank or 0
        return task

    def settle(self, task: Task, place: Place) -> None:
        """Let a task stand in its service as a command asks."""
        config = self.service(task).config
        task.level = PRIORITIES.index(place.priority or config.priority)
        task.block, task.distribution = place.block_agent, place.distribution
        task.exclude, task.skills = tuple(sorted(set(place.exclude))), dict(place.skills)
        task.preferred_only = place.preferred_only
        ranked = sorted(place.preferred, key=lambda it: it.priority or 0)
        task.preferred = tuple(dict.fromkeys(it.agent for it in ranked))
        lasting = config.prefer_for if place.prefer_for is None else place.prefer_for
        task.window = self.picture.now + lasting

    def check_place(self, task: Task) -> None:
        """See that a task that has come to a service stands as the command asked."""
        command, asked = self.command, Task(task.name, 0, service=task.service)
        assert command is not None
        assert command.kind in ("enqueue", "move", "report")
        self.settle(asked, command.place)
        assert task.service == command.place.service
        names = ["level", "number", "block", "distribution", "exclude", "skills"]
        names += ["preferred", "preferred_only", *(["window"] if task.preferred else [])]
        assert [getattr(task, it) for it in names] == [getattr(asked, it) for it in names]

    def on_moved(self, event: Event) -> None:
        task = self.picture.tasks[event.task or ""]
        if "transfer" in event.data:
            self.change_queue(task, event)
            return
        level, number = task.level, task.number
        listed = self.picture.mode(task) != "pickup"
        assert (event.data["state"] == "queued") == (task.where == "waiting")
        self.place(task, event)
        assert task.number == (number if task.level == level else None)
        ordered = self.picture.mode(task) != "pickup"
        if task.where == "waiting" and ordered and (level != task.level or not listed):
            self.picture.wait(task)

    def change_queue(self, task: Task, event: Event) -> None:
        picture, left = self.picture, task.left
        if event.session:
            self.end_share(event)
            task.left = None
        task.where = "nowhere"
        before = task.expires
        self.place(task, event)
        self.check_place(task)
        assert task.expires == (before if left is None else event.at + left)
        keeps = self.service(task).config.keep_place
        if event.data["transfer"] and not keeps:
            picture.sequence += 1
            task.seq = picture.sequence
            assert task.first_queued == event.at
        task.entered, task.reached, task.asked = event.at, -1, False
        picture.wait(task)

    def on_reprioritized(self, event: Event) -> None:
        task = self.picture.tasks[event.task or ""]
        level = PRIORITIES.index(event.data["priority"])
        assert level != task.level
        assert PRIORITIES[task.level] == event.data["before"]
        task.level, task.number = level, None
        if task.where == "waiting":
            self.picture.wait(task)

    def on_expiry_set(self, event: Event) -> None:
        task, at = self.picture.tasks[event.task or ""], instant(event.data["expires_at"])
        assert at is not None
        if task.where == "engaged":
            task.left = max(at - event.at, NOTHING)
        else:
            task.expires = at

    def on_displaced(self, event: Event) -> None:
        task = self.picture.tasks[event.task or ""]
        assert task.where != "engaged"
        assert self.service(task).config.removed

    def leave(self, event: Event, how: str) -> None:
        task = self.picture.tasks.pop(event.task or "")
        assert not [it for it in self.picture.shares.values() if it.task is task]
        self.picture.gone += 1
        self.picture.ended[task.name] = (task.run, task.epoch, how)

    def on_withdrawn(self, event: Event) -> None:
        if event.session:
            self.end_share(event)
        self.leave(event, "withdrawn")

    def on_expired(self, event: Event) -> None:
        task = self.picture.tasks[event.task or ""]
        assert task.where != "engaged"
        assert task.expires is not None
        assert event.at >= task.expires
        self.leave(event, "expired")
