from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from extask.engine import Finish
from extask.messages import Confirm, Move, Withdraw
from tests.unit.engine.flows import MINUTE, Driver, plan, queued, step

MOVES: dict[str, tuple[dict[str, Any], type, dict[str, Any]]] = {
    "timeout": (
        step("wait", {"for": 60}, {"timeout": "after"}),
        Confirm,
        {},
    ),
    "leave_queue": (
        step("leave_queue", then={"done": "after"}),
        Withdraw,
        {"unless": "accepted", "outcome": "ended_by_workflow"},
    ),
    "end": (
        step("end", {"result": "enough"}),
        Withdraw,
        {"unless": "accepted", "outcome": "ended_by_workflow"},
    ),
    "cancel": (
        step("cancel", {"reason": "no use"}),
        Withdraw,
        {"unless": "accepted", "outcome": "cancelled_by_workflow"},
    ),
    "move": (
        step("move", {"service": "backup"}, {"rejected": "refused"}),
        Move,
        {"unless": "accepted", "to_epoch": 2, "transfer": False},
    ),
    "transfer": (
        step("transfer", {"service": "backup"}, {"rejected": "refused"}),
        Move,
        {"unless": "accepted", "to_epoch": 2, "transfer": True},
    ),
    "abort": (
        step("wait"),
        Withdraw,
        {"unless": "completed", "outcome": "cancelled_by_api"},
    ),
}
DONE = {
    "timeout": ("in", 1, "after"),
    "leave_queue": ("out", 2, "after"),
    "end": "enough (ended_by_workflow)",
    "cancel": "cancelled: no use (cancelled_by_workflow)",
    "move": ("in", 2, "act"),
    "transfer": "transferred to backup (transferred)",
    "abort": "cancelled: by API (cancelled_by_api)",
}
REFUSED = {**DONE, "move": ("in", 1, "refused"), "transfer": ("in", 1, "refused")}
FIRST = {
    "accepted": ("with_agent", 1, "act"),
    "completed": "handled (user_accepted)",
    "expired": "cancelled: lifetime over (expired)",
}
ABORT_ANSWERS = {"completed": "completed", "expired": "ended"}


def asking(move: str) -> Driver:
    """A run that stands in the queue and asks what the move needs."""
    driver = queued(
        Driver(
            plan(
                line_up=step("queue", {"wait": 600}, {"timeout": "act"}),
                act=MOVES[move][0],
                after=step("delay", {"for": 60}, {"done": "end"}),
                refused=step("wait"),
            )
        )
    )
    driver.slept()
    driver.slept(5 * MINUTE)
    driver.todo(5 * MINUTE)
    driver.answer()
    if move == "timeout":
        assert driver.slept() == MINUTE
        driver.todo(MINUTE)
    if move == "abort":
        driver.slept()
        driver.abort()
    command = driver.asked()
    assert isinstance(command, MOVES[move][1])
    assert {name: getattr(command, name) for name in MOVES[move][2]} == MOVES[move][2]
    assert command.epoch == 1
    return driver


def stands(driver: Driver) -> object:
    todo = driver.todo()
    if isinstance(todo, Finish):
        return driver.ended()
    return (driver.engine.where, driver.engine.epoch, driver.engine.step)


def signal(driver: Driver, kind: str, epoch: int = 1) -> None:
    driver.tell(kind, rank=5, epoch=epoch, agent="a-1", session="t-1.1.1", code="ok")


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("signal_is", ["first", "late"])
@pytest.mark.parametrize("status", ["accepted", "completed", "expired"])
def test_what_came_first_is_followed_whichever_news_of_it_arrives_first(
    move: str, status: str, signal_is: str
) -> None:
    driver = asking(move)
    if signal_is == "first":
        signal(driver, status)
        assert driver.engine.has_news
        driver.asked()
    driver.answer(status, rank=5, agent="a-1", session="t-1.1.1", code="ok")
    if move == "abort" and status == "accepted":
        assert isinstance(driver.asked(), Withdraw)
        driver.answer(agent="a-1", session="t-1.1.1")
        assert driver.ended() == "cancelled: by API (abandoned)"
        return
    assert stands(driver) == FIRST[status]
    records = list(driver.records)
    if signal_is == "late":
        signal(driver, status)
        assert not driver.engine.has_news
    assert stands(driver) == FIRST[status]
    assert driver.records == records
    if move == "abort":
        answer = driver.engine.request_answer("r1")
        assert answer is not None
        assert (answer.status, answer.reason) == ("refused", ABORT_ANSWERS[status])


@pytest.mark.parametrize("move", MOVES)
def test_done_lets_the_step_happen(move: str) -> None:
    driver = asking(move)
    driver.answer(rank=9)
    assert stands(driver) == DONE[move]


@pytest.mark.parametrize("move", MOVES)
def test_refused_is_taken_as_not_standing_or_as_rejected(move: str) -> None:
    driver = asking(move)
    driver.answer("refused", reason="unknown_task")
    assert stands(driver) == REFUSED[move]


@pytest.mark.parametrize("move", MOVES)
def test_a_signal_of_the_released_epoch_means_nothing(move: str) -> None:
    driver = asking(move)
    signal(driver, "accepted")
    driver.answer(rank=9)
    expected = DONE[move] if move != "timeout" else ("with_agent", 1, "after")
    assert stands(driver) == expected


@pytest.mark.parametrize("move", ["leave_queue", "end", "cancel", "transfer"])
def test_a_step_stopped_by_acceptance_is_done_again_after_the_return(move: str) -> None:
    driver = asking(move)
    driver.answer("accepted", rank=5)
    assert driver.slept(timedelta(hours=20)) is None
    driver.tell("returned", rank=6)
    assert isinstance(driver.asked(), MOVES[move][1])
    assert driver.path() == ["line_up", "act", "act"]
    driver.answer()
    assert stands(driver) == DONE[move]


@pytest.mark.parametrize("move", MOVES)
def test_the_foreseen_end_is_the_one_that_comes(move: str) -> None:
    driver = asking(move)
    before = driver.engine.progress
    foreseen = driver.engine.foresee(driver.now)
    assert driver.engine.progress == before
    driver.asked()
    driver.answer()
    assert (foreseen is not None) == (move in {"cancel", "end"})
    assert foreseen in (None, driver.engine.progress)
    assert driver.engine.foresee(driver.now) is None
