"""The part of the log about offers and work: every offer is foretold, every share adds up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from extask.messages import PRIORITIES, Event
from tests.unit.distribution.machine import rules
from tests.unit.distribution.machine.log import instant, micros
from tests.unit.distribution.machine.picture import NOTHING, STRIDE, Person, Share, Task
from tests.unit.distribution.machine.stays import StaysLog

OUT = {"withdrawn", "expired", "moved", "assigned"}
"""Reasons for which an offer ends without its task waiting again."""


class OffersLog(StaysLog):
    """Reads events of offers and engagements."""

    # --- offers --------------------------------------------------------------------------------

    def on_offered(self, event: Event) -> None:
        why, task = event.data["why"], self.picture.tasks[event.task or ""]
        person = self.picture.people[event.agent or ""]
        if why in ("assigned", "picked_up"):
            self.handed(event, why)
        elif not self.foreseen:
            self.foretold(event, task)
        self.check_capacity(task, person)
        self.open(event, task, together=why in ("policy", "preferred") and self.is_broadcast(task))

    def is_broadcast(self, task: Task) -> bool:
        return self.picture.mode(task) == "broadcast"

    def foretold(self, event: Event, task: Task) -> None:
        """Compare an offer with the one that had to come; whoever is asked with it follows."""
        foretold = rules.next_offer(self.picture)
        assert foretold is not None, f"nobody may take {event}"
        tests = [self.explained(foretold, person) for person in foretold.people]
        names = [person.config.id for person in foretold.people]
        assert tests[0](event), f"{foretold.task} was to be offered to {names}: {event}"
        self.following = tests[1:]
        self.pass_over(task, event)
        self.picture.take_turn(task)
        task.asked = True

    def pass_over(self, task: Task, event: Event) -> None:
        """Count a first offer for those who might have had it instead (Q4)."""
        if not event.data["first"]:
            return
        self.service(task).firsts.append(event.at)
        if task.level not in STRIDE:
            return
        person = self.picture.people[event.agent or ""]
        for other in self.picture.queue(task.service):
            if other.level in STRIDE and not other.asked and other is not task:
                reserved = rules.is_reserved(self.picture, other)
                if not rules.ruling(self.picture, other, person, reserved=reserved)[0]:
                    other.passed += 1
                    assert other.passed < rules.bound(other.level, other.older), other

    def explained(self, foretold: rules.Foretold, person: Person) -> Callable[[Event], bool]:
        """Give the test that an event offers this task to this agent for these reasons."""
        picture, task, reserved = self.picture, foretold.task, foretold.reserved
        level = 0 if reserved else rules.class_of(picture, task, person)[1]
        expected = {
            "why": "preferred" if reserved else "policy",
            "level": level,
            "algorithm": "" if reserved else picture.policy(task)[level].algorithm,
            "qualification": (0 if reserved else rules.qualification(picture, task, person, level)),
            "free": not rules.is_occupied(person),
            "first": not task.asked,
        }

        def test(event: Event) -> bool:
            who = (event.kind, event.task, event.agent)
            same = who == ("offered", task.name, person.config.id)
            return same and all(event.data[it] == value for it, value in expected.items())

        return test

    def handed(self, event: Event, why: str) -> None:
        """Follow an offer by a supervisor's word or of a pick-up."""
        task = self.picture.tasks[event.task or ""]
        person = self.picture.people[event.agent or ""]
        command: Any = self.command
        kind = "assign" if why == "assigned" else "pick_up"
        assert command is not None
        assert (command.kind, command.task, command.agent) == (kind, event.task, event.agent)
        told = [event.data[it] for it in ("level", "algorithm", "qualification", "first")]
        assert told == [0, "", 0, False]
        assert event.data["free"] == (not rules.is_occupied(person))
        assert rules.is_present(self.picture, person, task.service)
        assert person.on_duty
        if why == "picked_up":
            self.following = [lambda it: (it.kind, it.session) == ("accepted", event.session)]

    def check_capacity(self, task: Task, person: Person) -> None:
        """P1: no offer breaks C1 to C4."""
        assert not any(it.blocking for it in person.shares.values())
        assert not any(blocking for blocking, _, _ in person.calls.values())
        assert not person.wraps
        if not rules.is_blocking(self.picture, task):
            assert len(person.shares) < person.config.simultaneous

    def open(self, event: Event, task: Task, *, together: bool = False) -> None:
        picture, data = self.picture, event.data
        timeout = max(self.service(task).config.rona_timeout, timedelta(seconds=1))
        blocking = rules.is_blocking(picture, task)
        told = (data["blocking"], data["turn"], data["config"], data["distribution"])
        assert told == (blocking, task.number, picture.version, picture.mode(task))
        assert data["priority"] == PRIORITIES[task.level]
        assert instant(data["deadline"]) == event.at + timeout
        assert data["waited_us"] == micros(event.at - task.first_queued)
        session, agent = event.session or "", event.agent or ""
        assert session not in picture.shares
        share = Share(session, task, agent, blocking, event.at, event.at + timeout, together)
        picture.shares[session] = picture.people[agent].shares[session] = share
        task.where = "offered"

    def on_accepted(self, event: Event) -> None:
        if event.data.get("reported"):
            self.reported(event)
            return
        share, _, task = self.parts(event)
        assert task.where == "offered"
        assert self.picture.offers(task) == [share]
        assert event.at < share.deadline
        assert event.data["blocking"] == share.blocking
        assert event.data["offer_us"] == micros(event.at - share.offered)
        task.where, share.accepted = "engaged", event.at
        if task.expires is not None:
            task.left, task.expires = task.expires - event.at, None

    def reported(self, event: Event) -> None:
        """Believe a report that an agent has the task; nothing else tells where it stands."""
        picture, command = self.picture, self.command
        assert command is not None
        assert command.kind == "report"
        accepted = instant(event.data["accepted_at"])
        assert accepted == (command.accepted_at or event.at)
        task = self.come(event)
        task.service, task.where, task.asked = event.service or "", "engaged", True
        task.first_queued = task.entered = min(command.first_queued or event.at, event.at)
        self.settle(task, command.place)
        if command.expires_at is not None:
            task.left = max(command.expires_at - accepted, NOTHING)
        session, agent = event.session or "", event.agent or ""
        assert event.data["blocking"] == rules.is_blocking(picture, task)
        share = Share(session, task, agent, event.data["blocking"], event.at, event.at)
        share.accepted = accepted
        picture.shares[session] = picture.people[agent].shares[session] = share

    def blamed(self, event: Event) -> Task:
        share, person, task = self.drop(event)
        assert event.data["offer_us"] == micros(event.at - share.offered)
        person.idle = event.at
        self.cool(task, share.agent, event.at)
        return task

    def wait_again(self, task: Task) -> None:
        if not self.picture.offers(task):
            self.picture.wait(task)

    def on_declined(self, event: Event) -> None:
        self.wait_again(self.blamed(event))

    def on_lapsed(self, event: Event) -> None:
        share, person, task = self.parts(event)
        assert event.at == share.deadline
        config = self.service(task).config
        until = event.at + config.rona_for
        flagged = config.rona_flag and config.rona_for > NOTHING and not share.together
        if flagged and (person.rona is None or person.rona < until):
            self.following.append(
                lambda it: (
                    (it.kind, it.agent) == ("rona_flagged", share.agent)
                    and instant(it.data["until"]) == until
                )
            )
        self.wait_again(self.blamed(event))

    def on_offer_cancelled(self, event: Event) -> None:
        _, _, task = self.drop(event)
        reason, command = event.data["reason"], self.command
        if reason == "pulled_back":
            assert command is not None
            assert command.kind == "pull_back"
            self.cool(task, event.agent or "", event.at)
        if self.picture.offers(task):
            return
        assert reason != "taken"
        task.where = "nowhere"
        if reason not in OUT:
            self.picture.wait(task)

    # --- work ----------------------------------------------------------------------------------

    def on_completed(self, event: Event) -> None:
        share, task = self.end_share(event), self.picture.tasks[event.task or ""]
        self.leave(event, "completed")
        config = self.service(task).config
        if share.blocking and config.acw > NOTHING and not config.simultaneous:
            self.expect_wrap_up(share.agent, event.at + config.acw)

    def expect_wrap_up(self, agent: str, until: datetime) -> None:
        self.following = [
            lambda it: (
                (it.kind, it.agent) == ("wrap_up_started", agent)
                and instant(it.data["until"]) == until
            )
        ]

    def on_returned(self, event: Event) -> None:
        share, _, task = self.parts(event)
        self.end_share(event)
        assert event.data["by"] in ("agent", "supervisor")
        task.expires = None if task.left is None else event.at + task.left
        task.left = None
        assert instant(event.data["expires_at"]) == task.expires
        self.cool(task, share.agent, event.at)
        self.picture.wait(task)

    def on_held(self, event: Event) -> None:
        share, _, _ = self.parts(event)
        assert share.accepted
        assert not share.held_at
        share.held_at = event.at
        share.wished = event.data["by"] == "agent"
        share.interrupted = not share.wished

    def on_hold_changed(self, event: Event) -> None:
        share, _, _ = self.parts(event)
        flags = (event.data["agent"], event.data["interruption"])
        assert share.held_at
        assert any(flags)
        assert flags != (share.wished, share.interrupted)
        share.wished, share.interrupted = flags

    def on_resumed(self, event: Event) -> None:
        share, _, _ = self.parts(event)
        assert share.held_at
        assert share.wished != share.interrupted
        assert event.data["held_us"] == micros(event.at - share.held_at)
        share.held += event.at - share.held_at
        share.held_at, share.wished, share.interrupted = None, False, False
