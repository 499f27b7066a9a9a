from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from extask.engine import Sleep
from extask.messages import Confirm, Enqueue, Move, Withdraw
from tests.unit.engine.flows import LIFE, MINUTE, START, Driver, accepted, plan, queued, step, text

PAUSE = step("delay", {"for": 600}, {"done": "end"})
HOUR = timedelta(hours=1)


def test_without_any_handler_the_run_waits_for_the_agent_and_ends_handled() -> None:
    driver = accepted(Driver(plan(line_up=step("queue"))))
    assert driver.todo(HOUR) == Sleep(None, "line_up: queue with an agent")
    assert driver.engine.state is None
    driver.tell("completed", rank=4, agent="a-1", code="sold")
    assert driver.ended() == "handled (user_accepted)"
    assert driver.engine.progress.agent == "a-1"
    assert driver.engine.progress.result == "sold"
    assert driver.outcomes() == [("line_up", "completed")]


def test_the_steps_own_outcomes_go_before_the_handlers() -> None:
    driver = accepted(
        Driver(
            plan(
                (text("x"),),
                {"accepted": "wrong", "completed": "wrong"},
                line_up=step("queue", then={"accepted": "note", "completed": "thanks"}),
                note=step("set", {"x": "by"}, {"done": "end"}),
                thanks=step("end", {"result": "${task.agent + task.result}"}),
                wrong=step("end", {"result": "wrong"}),
            )
        )
    )
    assert driver.slept() is None
    assert driver.engine.step == "line_up"
    driver.tell("completed", rank=4, agent="a-1", code="ok")
    assert driver.ended() == "a-1ok (ended_by_workflow)"
    assert driver.path() == ["line_up", "note", "thanks"]


def test_the_reserved_end_beside_an_agent_ends_only_the_handler() -> None:
    driver = accepted(Driver(plan(line_up=step("queue", then={"accepted": "end"}))))
    assert driver.slept() is None
    assert driver.engine.step == "line_up"


def test_completion_drops_a_handler_that_still_runs_and_gives_back_the_life_it_took() -> None:
    driver = accepted(
        Driver(
            plan(
                (),
                {"accepted": "watch", "completed": "thanks"},
                settle=step("queue"),
                watch=step("delay", {"for": 36_000}, {"done": "end"}),
                thanks=step("delay", {"for": 60}, {"done": "end"}),
            )
        ),
        HOUR,
    )
    assert driver.slept() == 10 * HOUR
    driver.now += 9 * HOUR
    driver.tell("completed", rank=4)
    assert driver.slept() == MINUTE
    assert driver.engine.progress.expires_at == driver.now + 7 * HOUR
    assert (
        driver.outcomes()
        == [
            ("settle", "accepted"),
            ("watch", "completed"),
            ("thanks", "done"),
        ][:2]
    )


def test_acceptance_during_a_delay_ends_its_waiting_and_the_return_starts_it_anew() -> None:
    driver = queued(
        Driver(
            plan(
                (),
                {"accepted": "note"},
                line_up=step("queue", {"wait": 0}, {"timeout": "pause"}),
                pause=PAUSE,
                note=step("delay", {"for": 3600}, {"done": "end"}),
            )
        )
    )
    assert driver.slept() == 10 * MINUTE
    driver.now += MINUTE
    driver.tell("accepted", rank=2)
    assert driver.slept() == HOUR
    driver.now += 2 * MINUTE
    driver.tell("returned", rank=3)
    driver.tell("returned", rank=3)
    assert driver.slept() == 10 * MINUTE
    assert driver.engine.epoch == 1
    assert driver.engine.progress.visits == {"line_up": 1, "pause": 1, "note": 1}
    assert driver.outcomes()[-2:] == [("pause", "accepted"), ("note", "returned")]
    assert driver.engine.progress.expires_at == driver.now + LIFE - MINUTE
    assert isinstance(driver.asked(10 * MINUTE), Confirm)
    driver.answer()
    assert isinstance(driver.asked(), Withdraw)


@pytest.mark.parametrize("kind", ["queue", "move"])
def test_after_a_return_a_queueing_step_finds_itself_placed_and_waits_anew(kind: str) -> None:
    second = step(kind, {"service": "sales", "wait": 300}, {"timeout": "end"})
    driver = queued(Driver(plan(a=step("queue", {"wait": 0}, {"timeout": "b"}), b=second)))
    assert isinstance(driver.asked(), Move)
    driver.answer(rank=1)
    assert driver.slept() == 5 * MINUTE
    driver.tell("accepted", rank=2)
    assert driver.slept(4 * MINUTE) is None
    driver.tell("returned", rank=3)
    assert driver.slept(HOUR) == 5 * MINUTE
    assert driver.path() == ["a", "b", "b"]


def test_acceptance_at_a_step_that_had_not_asked_yet_lets_it_ask_after_the_return() -> None:
    driver = queued(
        Driver(
            plan(a=step("queue", {"wait": 60}, {"timeout": "b"}), b=step("move", {"service": "s"}))
        )
    )
    driver.slept()
    driver.asked(MINUTE)
    driver.answer()
    assert isinstance(driver.asked(), Move)
    driver.answer("accepted", rank=2)
    driver.tell("returned", rank=3)
    assert isinstance(driver.asked(), Move)


@pytest.mark.parametrize("kind", ["accepted", "completed", "returned", "expired"])
def test_an_event_that_cannot_be_where_the_run_stands_changes_nothing(kind: str) -> None:
    driver = Driver(plan(a=PAUSE))
    driver.slept()
    driver.tell(kind, rank=7)
    assert driver.slept() == 10 * MINUTE
    assert driver.engine.where == "out"


def test_expiry_means_nothing_with_an_agent() -> None:
    driver = accepted(Driver(plan(line_up=step("queue"))))
    driver.slept()
    driver.tell("expired", rank=4)
    assert driver.slept(2 * LIFE) is None


def test_the_expired_handler_has_five_minutes_and_is_not_interrupted_by_its_own_event() -> None:
    driver = queued(
        Driver(plan((), {"expired": "last"}, line_up=step("queue"), last=PAUSE)),
    )
    driver.slept()
    driver.now += LIFE
    driver.tell("expired", rank=2)
    assert driver.slept() == 5 * MINUTE
    assert (driver.engine.where, driver.engine.epoch) == ("out", 2)
    driver.patch(expires_at=driver.now + LIFE)
    assert driver.slept() == 5 * MINUTE
    assert driver.ended(5 * MINUTE) == "cancelled: lifetime over (expired)"
    assert driver.outcomes() == [("line_up", "expired"), ("last", "expired")]


def test_a_handlers_cancel_gives_the_reason_and_keeps_the_cause() -> None:
    give_up = step("cancel", {"reason": "nobody came"})
    driver = Driver(
        plan((), {"expired": "give_up"}, a=step("delay", {"for": 99_999}), give_up=give_up)
    )
    driver.slept()
    assert driver.ended(LIFE) == "cancelled: nobody came (expired)"


def test_a_queue_in_the_expired_handler_lives_as_long_as_the_handler() -> None:
    driver = Driver(
        plan((), {"expired": "again"}, a=step("delay", {"for": 99_999}), again=step("queue"))
    )
    driver.slept()
    command = driver.asked(LIFE)
    assert isinstance(command, Enqueue)
    assert command.expires_at == START + LIFE + 5 * MINUTE
    driver.answer(rank=1)
    driver.slept()
    driver.now += 5 * MINUTE
    driver.tell("expired", rank=2)
    assert driver.ended() == "cancelled: lifetime over (expired)"


def test_an_abort_by_a_supervisor_while_an_agent_works() -> None:
    driver = accepted(Driver(plan(line_up=step("queue"))))
    driver.slept()
    driver.abort(by="supervisor")
    command = driver.asked()
    assert isinstance(command, Withdraw)
    assert (command.unless, command.outcome) == ("completed", "aborted_by_supervisor")
    assert driver.engine.request_answer("r1") is None
    driver.answer()
    assert driver.ended() == "cancelled: by supervisor (aborted_by_supervisor)"
    answer = driver.engine.request_answer("r1")
    assert answer is not None
    assert (answer.status, answer.state) == ("done", "ended")


def test_an_abort_by_the_api_while_an_agent_works_abandons() -> None:
    driver = accepted(Driver(plan(line_up=step("queue"))))
    driver.slept()
    driver.abort()
    command = driver.asked()
    assert isinstance(command, Withdraw)
    assert command.outcome == "abandoned"
    driver.answer(agent="a-1")
    assert driver.ended() == "cancelled: by API (abandoned)"


def test_an_abort_after_a_return_unknown_to_the_run_abandons_nobody() -> None:
    driver = accepted(Driver(plan(line_up=step("queue"))))
    driver.slept()
    driver.abort()
    driver.answer()
    assert driver.ended() == "cancelled: by API (cancelled_by_api)"


def test_an_abort_that_took_the_task_from_an_agent_unknown_to_the_run_abandons_too() -> None:
    driver = queued(Driver(plan(line_up=step("queue"))))
    driver.slept()
    driver.abort()
    driver.answer(agent="a-1")
    assert driver.ended() == "cancelled: by API (abandoned)"


def test_the_aborted_handler_runs_out_of_the_queue_and_a_second_abort_is_done_already() -> None:
    driver = queued(
        Driver(plan((), {"aborted": "clean"}, line_up=step("queue"), clean=PAUSE)),
    )
    driver.slept()
    driver.abort()
    driver.abort()
    driver.answer()
    assert driver.slept() == 5 * MINUTE
    assert driver.engine.where == "out"
    driver.abort()
    driver.abort(request="r2")
    assert driver.slept() == 5 * MINUTE
    assert [driver.engine.request_answer(r).status for r in ("r1", "r2")] == ["done", "done"]  # type: ignore[union-attr]
    assert driver.ended(5 * MINUTE) == "cancelled: by API (cancelled_by_api)"


@pytest.mark.parametrize("last", [step("end"), step("cancel", {"reason": "as told"}), PAUSE])
def test_a_supervisors_abort_has_the_last_word_over_a_cancel_and_any_handler(
    last: dict[str, Any],
) -> None:
    pause = step("delay", {"for": 60}, {"done": "finish"})
    plan_ = plan((), {"aborted": "clean"}, line_up=step("queue"), clean=pause, finish=last)
    driver = queued(Driver(plan_))
    driver.slept()
    driver.abort()
    driver.answer()
    driver.slept()
    driver.abort(request="r2", by="supervisor")
    driver.abort(request="r3", by="supervisor")
    driver.todo()
    driver.todo(MINUTE)
    assert "(aborted_by_supervisor)" in driver.ended(5 * MINUTE)
    answers = [driver.engine.request_answer(each) for each in ("r1", "r2", "r3")]
    assert [each and each.status for each in answers] == ["done", "done", "done"]
    told = [record for record in driver.records if record.outcome == "aborted"]
    assert len(told) == len([r for r in told if r.kind in ("event", "left")]) == 3


def test_a_handlers_end_in_the_queue_is_a_supervisors_abort_too() -> None:
    again = step("queue", {"wait": 60}, {"timeout": "finish"})
    plan_ = plan((), {"aborted": "clean"}, line_up=step("queue"), clean=again, finish=step("end"))
    driver = queued(Driver(plan_))
    driver.slept()
    driver.abort(by="supervisor")
    driver.answer()
    driver.answer(rank=1)
    driver.slept()
    driver.todo(MINUTE)
    driver.answer()
    command = driver.asked()
    assert isinstance(command, Withdraw)
    assert command.outcome == "aborted_by_supervisor"
    driver.answer()
    assert driver.ended() == "done (aborted_by_supervisor)"


def test_an_abort_interrupts_the_expired_handler() -> None:
    driver = Driver(plan((), {"expired": "last"}, a=step("delay", {"for": 99_999}), last=PAUSE))
    driver.slept()
    driver.slept(LIFE)
    driver.abort()
    assert driver.ended() == "cancelled: by API (cancelled_by_api)"


def test_an_abort_after_expiry_came_first_still_reaches_the_expired_handler() -> None:
    driver = queued(Driver(plan((), {"expired": "last"}, a=step("queue"), last=PAUSE)))
    driver.slept()
    driver.abort()
    driver.answer("expired", rank=2)
    assert driver.ended() == "cancelled: by API (cancelled_by_api)"
    assert driver.engine.request_answer("r1").status == "done"  # type: ignore[union-attr]


def test_an_abort_after_completion_is_refused_until_the_task_is_queued_again() -> None:
    driver = accepted(
        Driver(
            plan(
                (),
                {"completed": "pause"},
                line_up=step("queue"),
                pause=step("delay", {"for": 60}, {"done": "line_up"}),
            )
        )
    )
    driver.tell("completed", rank=4)
    driver.slept()
    driver.abort(request="r1")
    assert driver.slept() == MINUTE
    assert driver.engine.request_answer("r1").reason == "completed"  # type: ignore[union-attr]
    driver.asked(MINUTE)
    driver.answer(rank=1)
    driver.abort(request="r2")
    driver.answer()
    assert driver.ended() == "cancelled: by API (cancelled_by_api)"


def test_cancelling_beside_an_agent_abandons() -> None:
    driver = accepted(
        Driver(plan((), {"accepted": "no"}, a=step("queue"), no=step("cancel", {"reason": "no"})))
    )
    command = driver.asked()
    assert isinstance(command, Withdraw)
    assert (command.unless, command.outcome) == ("returned", "abandoned")
    driver.answer("completed", rank=4)
    assert driver.ended() == "handled (user_accepted)"


def test_a_return_unknown_to_the_run_takes_the_handlers_command_back() -> None:
    driver = accepted(
        Driver(plan((), {"accepted": "no"}, a=step("queue"), no=step("cancel", {"reason": "no"})))
    )
    assert isinstance(driver.asked(), Withdraw)
    driver.answer("returned", rank=4, expires_at=driver.now + HOUR)
    assert driver.slept() is None
    assert driver.engine.where == "in"
    assert driver.engine.progress.expires_at == driver.now + HOUR
    driver.tell("returned", rank=4)
    assert driver.slept() is None
    assert driver.path() == ["a", "no", "a"]


def test_a_life_that_ended_after_an_unknown_return_ends_the_run() -> None:
    driver = accepted(
        Driver(plan((), {"accepted": "no"}, a=step("queue"), no=step("cancel", {"reason": "no"})))
    )
    assert isinstance(driver.asked(), Withdraw)
    driver.answer("expired", rank=5)
    assert driver.ended() == "cancelled: lifetime over (expired)"


def test_transfer_beside_an_agent_asks_unless_returned_and_gives_back_the_life_left() -> None:
    hand = step("transfer", {"service": "b"}, {"rejected": "end"})
    driver = accepted(Driver(plan((), {"accepted": "hand"}, a=step("queue"), hand=hand)), HOUR)
    command = driver.asked()
    assert isinstance(command, Move)
    assert command.unless == "returned"
    driver.now += 10 * HOUR
    driver.answer(rank=1)
    assert driver.ended() == "transferred to b (transferred)"
    assert driver.engine.progress.expires_at == driver.now + 7 * HOUR


def test_a_rejected_transfer_beside_an_agent_leaves_the_agent_alone() -> None:
    hand = step("transfer", {"service": "b"}, {"rejected": "end"})
    driver = accepted(Driver(plan((), {"accepted": "hand"}, a=step("queue"), hand=hand)))
    driver.answer("refused")
    assert driver.slept() is None
    assert driver.engine.where == "with_agent"
    driver.tell("returned", rank=4)
    assert driver.slept() is None
    assert driver.path() == ["a", "hand", "a"]


def test_a_fault_without_handler_takes_the_task_out_and_fails_the_run() -> None:
    driver = queued(
        Driver(
            plan(
                (text("x"),),
                None,
                a=step("queue", {"wait": 0}, {"timeout": "b"}),
                b=step("set", {"x": "${string(1 / 0)}"}, {"done": "end"}),
            )
        )
    )
    command = driver.asked()
    assert isinstance(command, Withdraw)
    assert command.outcome == "failed"
    driver.answer()
    assert driver.ended().startswith("failed: b: ")
    assert driver.records[-1].outcome == "failed"


def test_a_technical_outcome_without_target_goes_to_the_error_handler() -> None:
    driver = Driver(plan((), {"error": "sorry"}, a=step("queue"), sorry=step("end")))
    driver.answer("refused", reason="service_full")
    assert driver.ended() == "done (ended_by_workflow)"
    assert driver.outcomes() == [("a", "rejected"), ("sorry", "ended")]


def test_a_fault_within_the_error_handler_fails_the_run() -> None:
    driver = Driver(plan((), {"error": "a"}, a=step("wait")))
    assert driver.ended() == "failed: a: wait needs the task in a queue (failed)"
    assert driver.path() == ["a", "a"]


def test_a_fault_after_time_has_passed_is_a_new_one() -> None:
    driver = Driver(
        plan(
            (),
            {"error": "pause"},
            a=step("wait"),
            pause=step("delay", {"for": 60}, {"done": "a"}),
        )
    )
    assert driver.slept() == MINUTE
    assert driver.slept(MINUTE) == MINUTE


def test_a_return_may_tell_the_new_end_of_life() -> None:
    driver = accepted(Driver(plan(line_up=step("queue"))))
    driver.slept()
    driver.tell("returned", rank=4, expires_at=START + 9 * HOUR)
    driver.slept()
    assert driver.engine.progress.expires_at == START + 9 * HOUR
