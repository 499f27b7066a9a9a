"""P1-P10 under random commands; every offer is foretold by the naive reading of the rules."""
# ruff: noqa: FBT001 - Hypothesis hands over whatever it drew, by name

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from extask.distribution import Distributor
from extask.messages import (
    PRIORITIES,
    Accept,
    AgentConfig,
    AgentPresence,
    Answer,
    AnyCommand,
    Complete,
    Configure,
    Confirm,
    Decline,
    EndEngagement,
    Enqueue,
    Look,
    Move,
    Orphaned,
    Place,
    PoolConfig,
    Preferred,
    Reprioritize,
    Return,
    ServiceConfig,
    SetAgentState,
    SetExpiry,
    StartEngagement,
    Withdraw,
)
from tests.unit.distribution.naive import Naive

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
SECOND = timedelta(seconds=1)
AGENTS = ("a-1", "a-2", "a-3", "a-4")
TASKS = tuple(f"t-{number}" for number in range(12))
SERVICES = ("calls", "chats", "forms")

services = st.sampled_from((*SERVICES, "chats"))
agents = st.sampled_from(AGENTS)
strangers = st.sampled_from((*AGENTS, "a-5"))
tasks = st.sampled_from(TASKS)
priorities = st.none() | st.sampled_from(PRIORITIES)
unless = st.sampled_from(("accepted", "returned", "completed"))
spans = st.sampled_from([0, 0, 0, 0, 1, 1, 1, 4, 5, 6, 10, 20, 61]).map(lambda s: s * SECOND)
wishes = st.lists(
    st.builds(Preferred, agent=strangers, priority=st.none() | st.integers(1, 2)), max_size=2
).map(tuple)
places = st.builds(
    Place,
    service=services,
    priority=priorities,
    block_agent=st.sampled_from((False, False, True)),
    preferred=st.just(()) | wishes,
    preferred_only=st.sampled_from((False, False, False, True)),
    prefer_for=st.sampled_from((None, 7 * SECOND)),
    exclude=st.lists(strangers, max_size=2).map(tuple) | st.just(()),
)


def pool_config() -> PoolConfig:
    return PoolConfig(
        services=(
            ServiceConfig(name="calls", acw=10 * SECOND),
            ServiceConfig(name="chats", simultaneous=True, distribute_when=("busy",)),
            ServiceConfig(name="forms", rona_flag=False, keep_place=True, max_waiting=4),
        ),
        agents=tuple(
            AgentConfig(
                id=agent,
                simultaneous=number,
                services={"calls": number != 1, "chats": number != 0, "forms": True},
            )
            for number, agent in enumerate(AGENTS)
        ),
    )


class JudgementMachine(RuleBasedStateMachine):
    """Two distributors, of which one is restored from snapshots again and again, and the naive."""

    def __init__(self) -> None:
        super().__init__()
        config = pool_config()
        presence = [AgentPresence(agent=agent, presence="available") for agent in AGENTS[:3]]
        self.pool = Distributor(config, presence, at=START)
        self.twin = Distributor(config, presence, at=START)
        self.naive = Naive(START)
        self.naive.configure(config)
        for told in presence:
            self.naive.people[told.agent].presence = told.presence
            self.naive.people[told.agent].idle = START
        self.now = START
        self.keys = 0
        self.runs = dict.fromkeys(TASKS, 1)
        self.epochs = dict.fromkeys(TASKS, 0)
        self.said: list[tuple[AnyCommand, Answer]] = []
        self.version = 1

    # --- driving ---------------------------------------------------------------------------------

    def apply(self, command: AnyCommand, at: datetime | None = None) -> Answer:
        at = at or self.now
        answer = self.pool.apply(command, at)
        assert self.twin.apply(command, at) == answer
        self.said.append((command, answer))
        self.compare(command)
        return answer

    def compare(self, command: AnyCommand | None = None) -> None:
        events = self.pool.take_events()
        assert self.twin.take_events() == events
        assert self.twin.next_deadline() == self.pool.next_deadline()
        for event in events:
            if isinstance(command, Configure) and event.kind == "configured":
                self.naive.configure(command.config)
            self.naive.consume(event)
        self.naive.pass_time(self.pool.now)

    def key(self) -> str:
        self.keys += 1
        return f"k-{self.keys}"

    def about(self, task: str) -> dict[str, Any]:
        return {"key": self.key(), "task": task, "run": self.runs[task], "epoch": self.epochs[task]}

    # --- commands --------------------------------------------------------------------------------

    @rule(span=spans)
    def time_passes(self, span: timedelta) -> None:
        self.now += span
        self.pool.advance(self.now)
        self.twin.advance(self.now)
        self.compare()

    @rule()
    def the_next_deadline_comes(self) -> None:
        due = self.pool.next_deadline()
        if due is not None:
            self.time_passes(max(due - self.now, timedelta(0)))

    @rule(task=tasks, place=places, life=st.none() | spans, older=st.none() | spans)
    def enqueue(
        self, task: str, place: Place, life: timedelta | None, older: timedelta | None
    ) -> None:
        if task in self.naive.tasks:
            return
        self.epochs[task] += 1
        expires_at = None if life is None else self.now + life
        first_queued = None if older is None else self.now - older
        command = Enqueue(
            **self.about(task), place=place, expires_at=expires_at, first_queued=first_queued
        )
        answer = self.apply(command)
        assert answer.status in {"done", "refused", "expired"}
        if answer.status == "done":
            assert answer.standing is not None
            assert answer.standing.position == self.pool.position(task)

    @rule(task=tasks, place=places, transfer=st.booleans(), unless=unless)
    def move(self, task: str, place: Place, *, transfer: bool, unless: Any) -> None:
        answer = self.apply(
            Move(
                **self.about(task),
                place=place,
                to_epoch=self.epochs[task] + 1,
                transfer=transfer,
                unless=unless,
            )
        )
        if answer.status == "done":
            self.epochs[task] += 1

    @rule(task=tasks, unless=unless)
    def withdraw(self, task: str, unless: Any) -> None:
        answer = self.apply(Withdraw(**self.about(task), unless=unless))
        if answer.status == "done":
            assert task not in self.naive.tasks

    @rule(task=tasks, kind=st.sampled_from((Confirm, Look)))
    def ask(self, task: str, kind: Any) -> None:
        before = self.naive.tasks.get(task)
        answer = self.apply(kind(**self.about(task)))
        if before is not None:
            expected = "accepted" if before.where == "engaged" else "done"
            assert answer.status == expected

    @rule(task=tasks, to=priorities, by=st.none() | st.integers(-3, 3))
    def reprioritize(self, task: str, to: Any, by: int | None) -> None:
        self.apply(Reprioritize(**self.about(task), to=to, by=by))

    @rule(task=tasks, life=spans)
    def set_expiry(self, task: str, life: timedelta) -> None:
        self.apply(SetExpiry(**self.about(task), expires_at=self.now + life))

    @rule(task=tasks, place=places, epoch=st.integers(1, 3), act=st.integers(0, 2))
    def a_run_goes_astray(self, task: str, place: Place, epoch: int, act: int) -> None:
        if act == 0:
            self.orphaned(task)
        elif act == 1:
            self.a_later_run_enqueues_again(task, place, epoch)
        else:
            self.a_superseded_run_speaks(task, place)

    def orphaned(self, task: str) -> None:
        self.apply(Orphaned(**self.about(task)))
        assert task not in self.naive.tasks

    def a_later_run_enqueues_again(self, task: str, place: Place, epoch: int) -> None:
        self.runs[task] += 1
        self.epochs[task] = epoch
        answer = self.apply(Enqueue(**self.about(task), place=place))
        assert answer.status in {"done", "refused"}

    def a_superseded_run_speaks(self, task: str, place: Place) -> None:
        if task in self.naive.tasks:
            old: dict[str, Any] = {"task": task, "run": self.runs[task] - 1, "epoch": 9}
            for kind in (Withdraw, Confirm, Look, Orphaned):
                assert self.apply(kind(key=self.key(), **old)).status == "stale"
            enqueue = Enqueue(key=self.key(), **old, place=place)
            assert self.apply(enqueue).status == "stale"

    @precondition(lambda self: self.naive.shares)
    @rule(data=st.data(), kind=st.sampled_from((Accept, Accept, Accept, Decline, Complete, Return)))
    def an_agent_acts(self, data: Any, kind: Any) -> None:
        session = data.draw(st.sampled_from(sorted(self.naive.shares)))
        share = self.naive.shares[session]
        offered = share.accepted is None
        answer = self.apply(kind(key=self.key(), session=session, agent=share.agent))
        fits = offered == (kind in {Accept, Decline})
        assert answer.status == ("done" if fits else "refused")

    @precondition(lambda self: self.naive.shares)
    @rule(kind=st.sampled_from((Accept, Accept, Accept, Decline, Complete, Complete, Return)))
    def everybody_acts(self, kind: Any) -> None:
        for session, share in sorted(self.naive.shares.items()):
            known = session in self.naive.shares
            if known and (share.accepted is None) == (kind in {Accept, Decline}):
                self.apply(kind(key=self.key(), session=session, agent=share.agent))

    @rule(
        agent=strangers,
        presence=st.sampled_from((None, *["available"] * 5, "busy", "in_call", "offline")),
        duty=st.sampled_from((None, True, True, True, False)),
        clear=st.booleans(),
    )
    def an_agent_changes_state(
        self, agent: str, presence: Any, duty: bool | None, *, clear: bool
    ) -> None:
        self.apply(
            SetAgentState(
                key=self.key(), agent=agent, presence=presence, on_duty=duty, clear_rona=clear
            )
        )

    @precondition(lambda self: self.keys % 2 == 0)
    @rule(agent=agents, call=st.sampled_from("xyz"), blocking=st.booleans(), acw=spans)
    def a_call_starts(self, agent: str, call: str, *, blocking: bool, acw: timedelta) -> None:
        self.apply(
            StartEngagement(
                key=self.key(), agent=agent, engagement=call, blocking=blocking, acw=acw
            )
        )

    @rule(agent=strangers, call=st.sampled_from("xyz"))
    def a_call_ends(self, agent: str, call: str) -> None:
        self.apply(EndEngagement(key=self.key(), agent=agent, engagement=call))

    @precondition(lambda self: self.keys % 4 == 0)
    @rule(
        agent=strangers,
        number=st.integers(0, 3),
        active=st.dictionaries(services, st.sampled_from((True, True, False)), min_size=2),
        removed=st.sampled_from((False, False, True)),
    )
    def an_agent_is_configured(
        self, agent: str, number: int, active: dict[str, bool], *, removed: bool
    ) -> None:
        """Change an agent's number, services and skills; more of them active than not."""
        self.version += 1
        changed = AgentConfig(
            id=agent, version=self.version, simultaneous=number, services=active, removed=removed
        )
        config = PoolConfig(version=self.version, agents=(changed,))
        self.apply(Configure(key=self.key(), config=config))

    @precondition(lambda self: self.keys % 4 == 1)
    @rule(
        simultaneous=st.sampled_from((True, True, True, False)),
        worth=st.sampled_from((0, 60, 600)),
        cooldown=spans,
    )
    def a_service_is_configured(
        self, worth: int, cooldown: timedelta, *, simultaneous: bool
    ) -> None:
        self.version += 1
        changed = ServiceConfig(
            name="chats",
            version=self.version,
            simultaneous=simultaneous,
            decline_cooldown=cooldown,
        )
        config = PoolConfig(version=self.version, level_worth=worth * SECOND, services=(changed,))
        self.apply(Configure(key=self.key(), config=config))

    @precondition(lambda self: self.said)
    @rule(data=st.data(), earlier=spans)
    def a_command_is_repeated(self, data: Any, earlier: timedelta) -> None:
        command, answer = data.draw(st.sampled_from(self.said))
        before = self.pool.snapshot()
        assert self.pool.apply(command, self.now - earlier) == answer
        assert self.pool.snapshot() == before

    @rule()
    def it_is_restored(self) -> None:
        data = self.pool.snapshot()
        self.twin = Distributor.restore(data)
        assert self.twin.snapshot() == data

    # --- what always holds ------------------------------------------------------------------

    @invariant()
    def nothing_more_could_be_offered(self) -> None:
        self.naive.quiet()

    @invariant()
    def every_position_is_exact(self) -> None:
        for service in SERVICES:
            for place, task in enumerate(self.naive.positions(service), 1):
                assert self.pool.position(task) == place

    @invariant()
    def every_task_is_in_one_place(self) -> None:
        shares = self.naive.shares.values()
        for task in self.naive.tasks.values():
            assert sum(it.task == task.name for it in shares) == (task.where != "waiting")
        told = self.pool.overview().services
        standing = sum(it.waiting + it.offered + it.engaged for it in told)
        assert self.naive.entered == standing + self.naive.gone
        assert len(self.pool.sessions) == len(shares)

    @invariant()
    def holds_follow_blocking_work(self) -> None:
        self.naive.check_holds()

    def teardown(self) -> None:
        """After all tasks have ended every agent is free."""
        for task in list(self.naive.tasks):
            self.apply(Orphaned(**self.about(task)))
        for agent, person in self.naive.people.items():
            for call in list(person.calls):
                self.apply(EndEngagement(key=self.key(), agent=agent, engagement=call))
        self.time_passes(timedelta(days=1))
        assert set(self.pool.overview().agents) <= {"free", "unreachable"}
        assert not self.pool.sessions


CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

TestJudgement = JudgementMachine.TestCase
TestJudgement.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=CHECKS
)


class LongJudgementMachine(JudgementMachine):
    """The same for as long as proving may take."""


TestJudgementAtLength = pytest.mark.prove(pytest.mark.timeout(3600)(LongJudgementMachine.TestCase))
TestJudgementAtLength.settings = settings(
    max_examples=3_000, stateful_step_count=80, deadline=None, suppress_health_check=CHECKS
)
