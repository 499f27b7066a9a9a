"""Word by word what each command is answered."""

from __future__ import annotations

from typing import Any

from extask.messages import (
    Accept,
    Answer,
    Assign,
    Complete,
    Configure,
    Confirm,
    Decline,
    EndEngagement,
    EndWrapUp,
    Enqueue,
    ExtendWrapUp,
    Hold,
    Look,
    Orphaned,
    PickUp,
    Place,
    PoolConfig,
    PullBack,
    Report,
    Reprioritize,
    Resume,
    Return,
    ServiceConfig,
    SetExpiry,
    StartEngagement,
    Withdraw,
)
from tests.unit.distribution.floor import START, Floor, move, seconds

AT = START
DONE = {"status": "done", "at": AT, "task": "t-1", "priority": "normal"}
SESSION = {"agent": "a-1", "session": "t-1.1.1"}
STALE = {
    "status": "stale",
    "reason": "stale",
    "message": "A later run or queue stay has taken over.",
}


def told(answer: Answer) -> dict[str, Any]:
    """Give what an answer says beside the standing."""
    return answer.model_dump(exclude={"standing"}, exclude_defaults=True)


def refused(reason: str, message: str, task: str | None = None) -> dict[str, Any]:
    said = {"status": "refused", "reason": reason, "message": message}
    return said if task is None else {**said, "task": task}


def test_what_a_workflow_asks_of_a_waiting_task() -> None:
    floor = Floor(agents=0)
    answer = floor.enqueue("t-1")
    assert told(answer) == {**DONE, "rank": 1}
    assert answer.standing == floor.pool.standing("t-1")
    floor.enqueue("t-0")
    for command in (Confirm, Look):
        answer = floor.do(command(**floor.about("t-1")))
        assert told(answer) == {**DONE, "rank": 1}
        assert (answer.standing is None) == (command is Confirm)
    raised = floor.do(Reprioritize(**floor.about("t-1"), by=1))
    assert told(raised) == {**DONE, "priority": "high", "rank": 2}
    later = floor.do(SetExpiry(**floor.about("t-1"), expires_at=AT + seconds(9)))
    assert told(later) == {**DONE, "priority": "high", "rank": 3}
    moved = move(floor, "t-1", "calls")
    assert told(moved) == {**DONE, "priority": "high", "rank": 1}
    assert moved.standing == floor.pool.standing("t-1")
    unknown = refused("unknown_task", "The pool knows no such stay of this task.", "t-1")
    assert told(floor.do(Confirm(**floor.about("t-1", 7)))) == unknown
    unknown["task"] = "t-9"
    assert told(floor.do(Confirm(**floor.about("t-9")))) == unknown
    out = floor.do(Withdraw(**floor.about("t-1", 2)))
    assert told(out) == {**DONE, "priority": "high", "rank": 2, "first_queued": AT}


def test_what_a_workflow_asks_of_a_task_that_an_agent_has() -> None:
    floor = Floor()
    assert told(floor.enqueue("t-1")) == {**DONE, **SESSION, "rank": 2}
    floor.wait(2)
    assert told(floor.accept("t-1")) == {**DONE, **SESSION, "rank": 3, "at": AT + seconds(2)}
    floor.wait(3)
    first = {"status": "accepted", "at": AT + seconds(2), "task": "t-1", **SESSION, "rank": 3}
    assert told(floor.do(Confirm(**floor.about("t-1")))) == first
    look = floor.do(Look(**floor.about("t-1")))
    assert told(look) == first
    assert look.standing is not None
    assert told(floor.do(Withdraw(**floor.about("t-1")))) == first
    assert told(move(floor, "t-1", "calls")) == first
    done = {**DONE, **SESSION, "at": AT + seconds(5)}
    later = floor.do(SetExpiry(**floor.about("t-1"), expires_at=AT + seconds(60)))
    assert told(later) == {**done, "rank": 4}
    out = floor.do(Withdraw(**floor.about("t-1"), unless="completed"))
    assert told(out) == {**done, "rank": 5, "first_queued": AT}


def test_what_a_workflow_asks_after_the_end() -> None:
    floor = Floor()
    floor.enqueue("t-1")
    floor.accept("t-1")
    floor.wait(1)
    done = {**DONE, **SESSION, "code": "solved", "at": AT + seconds(1), "rank": 4}
    assert told(floor.complete("t-1")) == done
    floor.wait(1)
    ended = {key: it for key, it in done.items() if key != "priority"} | {"status": "completed"}
    for command in (Confirm, Look, Withdraw):
        assert told(floor.do(command(**floor.about("t-1")))) == ended
    assert told(floor.do(Confirm(**floor.about("t-1", run=2)))) == ended
    no_stay = refused("unknown_task", "The pool knows no such stay of this task.", "t-1")
    assert told(floor.do(Confirm(**floor.about("t-1", epoch=2)))) == no_stay
    assert told(floor.do(Confirm(**floor.about("t-1", epoch=0)))) == STALE
    assert told(floor.do(Confirm(**floor.about("t-1", run=0)))) == STALE
    floor.enqueue("t-2")
    floor.do(Withdraw(**floor.about("t-2")))
    assert told(floor.do(Confirm(**floor.about("t-2", run=0)))) == STALE
    no_stay["task"] = "t-2"
    assert told(floor.do(Confirm(**floor.about("t-2", run=2)))) == no_stay


def test_a_task_that_comes_after_its_end_has_expired_at_once() -> None:
    floor = Floor()
    floor.wait(5)
    place, now = Place(service="calls"), floor.now
    command = Enqueue(**floor.about("t-1", 3, 2), place=place, expires_at=now)
    expired = {"status": "expired", "at": now, "task": "t-1"}
    assert told(floor.do(command)) == expired
    floor.wait(5)
    assert told(floor.do(Confirm(**floor.about("t-1", 3, 2)))) == expired
    assert floor.kinds() == []
    floor.enqueue("t-2")
    late = floor.do(SetExpiry(**floor.about("t-2"), expires_at=AT))
    assert told(late) == {"status": "expired", "at": floor.now, "task": "t-2", "rank": 5}


def test_a_task_whose_life_ended_here_has_expired_without_a_code() -> None:
    floor = Floor(agents=0)
    floor.enqueue("t-1", life=5)
    floor.wait(7)
    expired = {"status": "expired", "at": AT + seconds(5), "task": "t-1", "rank": 2}
    assert told(floor.do(Confirm(**floor.about("t-1")))) == expired


def test_what_an_agent_asks() -> None:
    floor = Floor(ServiceConfig(name="calls", acw=seconds(9)))
    floor.enqueue("t-1")
    session, done = floor.session("t-1"), {**DONE, **SESSION}

    def ask(command: Any, **more: Any) -> dict[str, Any]:
        return told(floor.do(command(**{**session, "key": floor.key()}, **more)))

    assert ask(Decline) == {**done, "rank": 3}
    floor.wait(5)
    session, done = floor.session("t-1"), {**done, "session": "t-1.1.2", "at": AT + seconds(5)}
    assert ask(Accept) == {**done, "rank": 5}
    assert ask(Hold) == {**done, "rank": 6}
    assert ask(Hold) == {**done, "rank": 6}
    assert ask(Resume) == {**done, "rank": 7}
    assert ask(Resume) == {**done, "rank": 7}
    assert ask(Return) == {**done, "rank": 8}
    floor.wait(5)
    session, done = floor.session("t-1"), {**done, "session": "t-1.1.3", "at": AT + seconds(10)}
    assert ask(Accept) == {**done, "rank": 10}
    assert ask(Complete, code="c") == {**done, "rank": 11, "code": "c"}
    wrapped = {key: it for key, it in done.items() if key != "priority"}
    assert ask(ExtendWrapUp, by=seconds(1)) == wrapped
    assert ask(EndWrapUp) == wrapped


def test_what_is_asked_of_an_agent() -> None:
    floor = Floor()
    done, call = {"status": "done", "at": AT, "agent": "a-1"}, {"agent": "a-1", "engagement": "c"}
    assert told(floor.state("a-1")) == done
    assert told(floor.do(StartEngagement(key="1", **call))) == done
    assert told(floor.do(StartEngagement(key="2", **call))) == done
    assert told(floor.do(EndEngagement(key="3", **call))) == done
    no_call = refused("unknown_engagement", "There is no such engagement.")
    assert told(floor.do(EndEngagement(key="4", **call))) == no_call
    nobody = refused("unknown_agent", "There is no agent a-9.")
    call["agent"] = "a-9"
    assert told(floor.state("a-9")) == nobody
    assert told(floor.do(StartEngagement(key="5", **call))) == nobody
    assert told(floor.do(EndEngagement(key="6", **call))) == nobody
    no_wrap_up = refused("no_wrap_up", "This wrap-up is over, or another agent's.")
    assert told(floor.do(EndWrapUp(key="7", session="c", agent="a-1"))) == no_wrap_up
    configured = floor.do(Configure(key="8", config=PoolConfig()))
    assert told(configured) == {"status": "done", "at": AT}


def test_why_an_agents_word_about_a_session_is_refused() -> None:
    floor = Floor(agents=2)
    floor.enqueue("t-1")
    session = floor.session("t-1")

    def ask(command: Any, **more: Any) -> dict[str, Any]:
        return told(floor.do(command(**{**session, "key": floor.key(), **more})))

    not_yet = refused("not_active", "The offer has not been accepted.")
    assert ask(Complete) == ask(Return) == ask(Hold) == ask(Resume) == not_yet
    theirs = refused("not_yours", "This session is another agent's.", "t-1")
    assert ask(Accept, agent="a-2") == theirs
    ask(Accept)
    late = refused("not_offered", "The task is not on offer any more: it was accepted.")
    assert ask(Accept) == ask(Decline) == late
    ask(Return)
    assert ask(Complete) == refused("too_late", "The session is over.", "t-1")
    floor.do(Withdraw(**floor.about("t-1")))
    assert ask(Complete) == refused("already_ended", "The task has ended.", "t-1")
    nothing = refused("unknown_session", "There is no such session.")
    assert ask(Complete, session="t-9.1.1") == nothing


def test_why_a_place_is_refused() -> None:
    floor = Floor(ServiceConfig(name="calls", max_waiting=1), agents=0)
    floor.enqueue("t-1")
    full = refused("service_full", "1 tasks are waiting for calls already.")
    assert told(floor.enqueue("t-2")) == full
    nowhere = refused("unknown_service", "There is no service forms.")
    assert told(floor.enqueue("t-2", "forms")) == nowhere
    assert told(move(floor, "t-1", "forms")) == nowhere
    report = Report(**floor.about("t-3"), state="waiting", place=Place(service="forms"))
    assert told(floor.do(report)) == nowhere
    gone = ServiceConfig(name="calls", version=2, removed=True)
    floor.do(Configure(key="gone", config=PoolConfig(services=(gone,))))
    assert told(floor.enqueue("t-2"))["message"] == "There is no service calls."


def test_what_a_supervisor_is_answered() -> None:
    floor = Floor(agents=2)
    floor.enqueue("t-1")

    def assign(task: str, agent: str) -> dict[str, Any]:
        return told(floor.do(Assign(key=floor.key(), task=task, agent=agent)))

    def pull_back(task: str) -> dict[str, Any]:
        return told(floor.do(PullBack(key=floor.key(), task=task)))

    assert assign("t-1", "a-1") == {**DONE, **SESSION, "rank": 2}
    again = {**DONE, "agent": "a-2", "session": "t-1.1.2"}
    assert assign("t-1", "a-2") == {**again, "rank": 4}
    floor.accept("t-1")
    taken = refused("with_agent", "An agent has accepted the task.", "t-1")
    assert assign("t-1", "a-1") == taken
    assert pull_back("t-1") == {**again, "rank": 6}
    assert floor.holders() == {"t-1": "a-1"}
    assert pull_back("t-1") == {**DONE, "rank": 8}
    idle = refused("not_offered", "The task waits; nobody has it.", "t-1")
    assert pull_back("t-1") == idle
    floor.state("a-1", presence="offline")
    away = refused("presence", "The agent cannot take it: presence.", "t-1")
    assert assign("t-1", "a-1") == away
    assert assign("t-1", "a-9") == refused("unknown_agent", "There is no agent a-9.")
    unknown = refused("unknown_task", "The pool knows no such stay of this task.", "t-9")
    assert assign("t-9", "a-1") == pull_back("t-9") == unknown
    floor.do(Withdraw(**floor.about("t-1")))
    left = refused("already_ended", "The task has left the queue.", "t-1")
    assert assign("t-1", "a-1") == pull_back("t-1") == left


def test_what_who_picks_up_is_answered() -> None:
    floor = Floor(agents=2)

    def pick_up(task: str, agent: str = "a-1") -> dict[str, Any]:
        return told(floor.do(PickUp(key=floor.key(), task=task, agent=agent)))

    floor.enqueue("t-1", distribution="pickup")
    assert pick_up("t-1") == {**DONE, **SESSION, "rank": 3}
    assert pick_up("t-1", "a-2") == refused("too_late", "Another agent has the task.", "t-1")
    floor.enqueue("t-2", exclude=("a-2",))
    in_turn = refused("not_for_pickup", "The task is not for picking up.", "t-2")
    assert pick_up("t-2", "a-2") == in_turn
    floor.enqueue("t-3", distribution="pickup", exclude=("a-2",))
    excluded = refused("excluded", "The agent cannot take it: excluded.", "t-3")
    assert pick_up("t-3", "a-2") == excluded


def test_who_is_orphaned_or_recalled_is_out() -> None:
    floor = Floor()
    out = {"status": "done", "at": AT, "task": "t-1"}
    assert told(floor.do(Orphaned(**floor.about("t-1")))) == out
    floor.enqueue("t-1")
    assert told(floor.do(Orphaned(**floor.about("t-1")))) == {**out, "rank": 4}
    assert floor.last("withdrawn").data == {"outcome": "failed", "reason": "orphaned"}
    recall = {"any_stay": True, "unless": "completed"}
    gone = floor.do(Withdraw(**floor.about("t-1", 0), **recall))
    assert told(gone) == {**out, "epoch": 1}
    assert told(floor.do(Withdraw(**floor.about("t-1", 0, 0), **recall))) == STALE
    out["task"] = "t-2"
    assert told(floor.do(Withdraw(**floor.about("t-2", 0), **recall))) == out


def test_what_a_report_is_answered() -> None:
    floor = Floor()
    head = {"place": Place(service="calls")}

    def report(state: Any, epoch: int = 1, run: int = 1, **more: Any) -> dict[str, Any]:
        about = floor.about("t-1", epoch, run)
        return told(floor.do(Report(**about, state=state, **head, **more)))

    out = {"status": "done", "at": AT, "task": "t-1"}
    assert report("out") == out
    assert report("waiting", rank=1) == {**DONE, **SESSION, "rank": 3}
    assert report("waiting", rank=9) == {**DONE, **SESSION, "rank": 9}
    accepted = {"status": "accepted", "at": AT, "task": "t-1", **SESSION, "rank": 10}
    floor.accept("t-1")
    assert report("waiting") == accepted
    assert report("active", session="t-1.1.1") == {**DONE, **SESSION, "rank": 10}
    assert report("waiting", run=0) == STALE
    floor.do(Return(**floor.session("t-1")))
    assert report("active", session="t-1.1.1") == {**DONE, "status": "returned", "rank": 11}
    assert report("out") == out
    withdrawn = {"outcome": "ended_by_workflow", "reason": "reported"}
    assert floor.last("withdrawn").data == withdrawn
