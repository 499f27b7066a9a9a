from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from extask.definition.plan import Param, Plan
from extask.engine import Ask, Engine, Finish, Sleep
from extask.messages import Enqueue, Look, Move, Place, Preferred, Reprioritize, Standing, TaskStart
from tests.unit.engine.flows import LIFE, MINUTE, START, Driver, facts, plan, queued, step, text

WAIT = step("wait", {"for": 300}, {"timeout": "end"})


def line(**more: dict[str, Any]) -> Plan:
    return plan(
        line_up=step("queue", {"wait": 0}, {"timeout": next(iter(more))}),
        params=(),
        when=None,
        **more,
    )


def standing(**fields: object) -> Standing:
    return Standing.model_validate({"service": "support", "priority": "normal", **fields})


def test_delay_sleeps_for_its_time_and_goes_on() -> None:
    driver = Driver(plan(settle=step("delay", {"for": 30}, {"done": "end"})))
    todo = driver.todo()
    assert todo == Sleep(START + timedelta(seconds=30), "settle: delay")
    assert driver.engine.state == "delayed"
    assert driver.ended(timedelta(seconds=30)) == "done (ended_by_workflow)"
    assert driver.outcomes() == [("settle", "done")]


def test_delay_until_a_past_instant_goes_on_at_once() -> None:
    driver = Driver(
        plan(a=step("delay", {"until": "2026-01-05T08:00:00Z"}, {"done": "b"}), b=step("end"))
    )
    assert driver.ended() == "done (ended_by_workflow)"


def test_delay_until_an_expression() -> None:
    until = "${task.created + duration('1h')}"
    driver = Driver(plan(a=step("delay", {"until": until}, {"done": "end"})))
    assert driver.slept() == timedelta(hours=1)


def test_the_life_ends_during_a_delay() -> None:
    driver = Driver(plan(a=step("delay", {"for": 10 * 3600}, {"done": "end"})))
    assert driver.slept() == LIFE
    assert driver.ended(LIFE) == "cancelled: lifetime over (expired)"


def test_an_earlier_deadline_goes_before_the_end_of_life_when_both_have_passed() -> None:
    driver = Driver(
        plan(
            a=step("delay", {"for": 60}, {"done": "b"}),
            b=step("delay", {"for": 60}, {"done": "end"}),
        )
    )
    driver.slept()
    assert driver.ended(timedelta(hours=9)) == "cancelled: lifetime over (expired)"
    assert driver.path() == ["a", "b"]


def test_queue_carries_the_steps_words_before_those_of_the_create_call() -> None:
    properties = {
        "service": "sales",
        "priority": "high",
        "preferred": [{"agent": "anna", "priority": 3}, "${params.who}", ""],
        "preferred_only": True,
        "prefer_for": 90,
        "exclude": ["zoe"],
        "skills": {"english": 5},
        "distribution": "broadcast",
        "block_agent": False,
    }
    asked = Place(service="support", priority="low", exclude=("bob",))
    driver = Driver(
        plan((text("who"),), line_up=step("queue", properties)), {"who": "ben"}, place=asked
    )
    command = driver.asked()
    assert command == Enqueue(
        key="t-1:0:1",
        task="t-1",
        run=0,
        epoch=1,
        expires_at=START + LIFE,
        place=Place(
            service="sales",
            priority="high",
            block_agent=False,
            preferred=(Preferred(agent="anna", priority=3), Preferred(agent="ben")),
            preferred_only=True,
            prefer_for=timedelta(seconds=90),
            exclude=("zoe",),
            skills={"english": 5},
            distribution="broadcast",
        ),
    )


def test_queue_without_words_takes_those_of_the_create_call() -> None:
    asked = Place(service="support", priority="low", exclude=("bob",))
    driver = Driver(plan(line_up=step("queue")), place=asked)
    command = driver.asked()
    assert isinstance(command, Enqueue)
    assert command.place == asked


@pytest.mark.parametrize("written", [["${params.who}"], ["", "${params.who}"], []])
def test_preferred_agents_without_a_name_leave_those_of_the_create_call(written: list[str]) -> None:
    asked = Place(service="support", preferred=(Preferred(agent="cleo"),))
    line_up = step("queue", {"preferred": written})
    driver = Driver(plan((text("who"),), line_up=line_up), {"who": ""}, place=asked)
    command = driver.asked()
    assert isinstance(command, Enqueue)
    assert command.place == asked


def test_more_than_ten_preferred_agents_are_an_error() -> None:
    driver = Driver(plan(line_up=step("queue", {"preferred": [f"a{n}" for n in range(11)]})))
    assert driver.ended() == "failed: line_up: more than 10 preferred agents (failed)"


def test_queue_rejected_stays_out() -> None:
    driver = Driver(
        plan(line_up=step("queue", then={"rejected": "pause"}), pause=step("delay", {"for": 60}))
    )
    driver.answer("refused", reason="service_full")
    assert driver.slept() == MINUTE
    assert driver.engine.where == "out"
    assert driver.outcomes() == [("line_up", "rejected")]


def test_queue_answered_that_the_life_is_over() -> None:
    driver = Driver(plan(line_up=step("queue")))
    driver.answer("expired")
    assert driver.ended() == "cancelled: lifetime over (expired)"


def test_queue_without_wait_waits_for_ever_and_the_distributor_owns_the_state() -> None:
    driver = queued(Driver(plan(line_up=step("queue"))))
    assert driver.todo() == Sleep(None, "line_up: queue in the queue")
    assert driver.engine.state is None
    assert driver.engine.where == "in"


def test_acceptance_told_before_the_answer_to_the_enqueue_is_kept() -> None:
    driver = Driver(plan(line_up=step("queue")))
    driver.asked()
    driver.tell("accepted", rank=3, epoch=1)
    driver.answer(rank=1)
    driver.slept()
    assert driver.engine.where == "with_agent"


def test_queue_while_standing_already_only_rewrites() -> None:
    driver = queued(Driver(line(again=step("queue", {"service": "support", "priority": "high"}))))
    command = driver.asked()
    assert isinstance(command, Move)
    assert (command.place.priority, command.to_epoch, command.transfer) == ("high", 2, False)


def test_queue_beside_an_agent_is_an_error() -> None:
    driver = queued(
        Driver(plan(a=step("queue", then={"accepted": "b"}), b=step("queue", {"service": "x"})))
    )
    driver.slept()
    driver.tell("accepted", rank=2)
    driver.asked()
    driver.answer()
    assert driver.ended().startswith("failed: b: queue is not possible while an agent")


def test_a_step_that_needs_the_queue_fails_out_of_it() -> None:
    driver = Driver(plan(a=step("wait")))
    assert driver.ended() == "failed: a: wait needs the task in a queue (failed)"


@pytest.mark.parametrize(
    ("looked", "target"),
    [
        ({"position": 2}, "near"),
        ({"position": 9, "estimated_wait": timedelta(hours=3)}, "slow"),
        ({"position": 9, "queue_length": 9, "waited": MINUTE, "agents_free": 1}, "far"),
    ],
)
def test_check_position_chooses_by_what_the_distributor_says(
    looked: dict[str, Any], target: str
) -> None:
    driver = queued(
        Driver(
            line(
                look=step(
                    "check_position",
                    cases=(
                        ("position <= 3", "near"),
                        ("estimated_wait > duration('2h')", "slow"),
                        (None, "far"),
                    ),
                ),
                near=WAIT,
                slow=WAIT,
                far=WAIT,
            )
        )
    )
    assert isinstance(driver.asked(), Look)
    driver.answer(standing=standing(**looked))
    driver.slept()
    assert driver.engine.step == target


def test_check_position_saves_what_it_saw_before_it_chooses() -> None:
    driver = queued(
        Driver(
            plan(
                (Param(name="place", type="integer", default=0),),
                line_up=step("queue", {"wait": 0}, {"timeout": "look"}),
                look=step(
                    "check_position",
                    cases=(("params.place == 7", "stay"), (None, "end")),
                    save={"place": "${position}"},
                ),
                stay=WAIT,
            )
        )
    )
    driver.answer(standing=standing(position=7, priority="high"))
    driver.slept()
    assert driver.engine.step == "stay"
    assert driver.engine.progress.params == {"place": 7}
    assert driver.engine.progress.priority == "high"


def test_check_position_without_an_answer_is_an_error() -> None:
    driver = queued(Driver(line(look=step("check_position", cases=((None, "end"),)))))
    driver.answer("refused", reason="unknown_task")
    driver.answer()
    assert (
        driver.ended() == "failed: look: the place in the queue is not known unknown_task (failed)"
    )


def test_check_takes_the_first_case_that_holds() -> None:
    driver = Driver(
        plan(
            (text("who"),),
            look=step(
                "check",
                cases=(("params.who == 'me'", "me"), ("visits == 1", "other"), (None, "end")),
            ),
            me=step("end", {"result": "me"}),
            other=step("end", {"result": "other ${params.who} in time"}),
        ),
        {"who": "you"},
    )
    assert driver.ended() == "other you in time (ended_by_workflow)"
    assert driver.outcomes()[0] == ("look", "case 2")


def test_check_in_which_nothing_holds_is_an_error() -> None:
    driver = Driver(plan(look=step("check", cases=(("visits > 5", "end"),))))
    assert driver.ended() == "failed: look: no case holds (failed)"


def test_a_condition_that_cannot_be_evaluated_is_an_error() -> None:
    driver = Driver(plan(look=step("check", cases=(("1 / 0 == 1", "end"), (None, "end")))))
    assert driver.ended().startswith("failed: look: 1 / 0 == 1")


@pytest.mark.parametrize(("answered", "kept"), [("very_high", "very_high"), (None, "normal")])
def test_reprioritize_raises_and_keeps_what_was_answered(answered: str, kept: str) -> None:
    driver = queued(Driver(line(push=step("reprioritize", {"by": 1}, {"done": "stay"}), stay=WAIT)))
    command = driver.asked()
    assert isinstance(command, Reprioritize)
    assert (command.by, command.to) == (1, None)
    driver.answer(priority=answered)
    driver.slept()
    assert driver.engine.progress.priority == kept


def test_set_gives_all_parameters_from_the_same_old_values() -> None:
    driver = Driver(
        plan(
            (
                text("a", "1"),
                text("b", "2"),
                Param(name="d", type="duration", default=0),
                Param(name="t", type="time", default="1970-01-01T00:00:00Z"),
            ),
            swap=step(
                "set",
                {"a": "${params.b}", "b": "${params.a}", "d": 90, "t": "${task.created}"},
                {"done": "end"},
            ),
        )
    )
    driver.ended()
    assert driver.engine.progress.params == {
        "a": "2",
        "b": "1",
        "d": 90,
        "t": "2026-01-05T09:00:00Z",
    }


@pytest.mark.parametrize(
    ("param", "written"),
    [
        (text("x"), "${params.x + params.x}"),
        (Param(name="x", type="choice", default="a", values=("a", "b")), "c"),
    ],
)
def test_a_value_out_of_bounds_is_an_error(param: Param, written: str) -> None:
    driver = Driver(
        plan((param,), {"error": "sorry"}, a=step("set", {"x": written}), sorry=step("end")),
        {"x": "y" * 4000} if param.type == "text" else {},
    )
    assert driver.ended() == "done (ended_by_workflow)"
    assert driver.path() == ["a", "sorry"]


def test_a_wait_beyond_the_end_of_time_is_an_error() -> None:
    driver = Driver(plan(a=step("delay", {"for": 3600})))
    driver.now = driver.now.replace(year=9999, month=12, day=31, hour=23, minute=30)
    driver.patch(expires_at=driver.now.replace(minute=59))
    assert driver.ended() == "failed: a: that is beyond the end of time (failed)"


def test_every_name_of_an_expression_is_known() -> None:
    names = (
        "task.id == 't-1' && task.created < task.created + task.age + duration('1s')"
        " && task.priority == 'normal' && task.customer_identifier == ''"
        " && task.transfers == 0 && task.agent == '' && task.result == '' && visits == 1"
    )
    driver = Driver(
        plan(
            a=step("check", cases=((names, "good"), (None, "end"))),
            good=step("end", {"result": "good"}),
        )
    )
    assert driver.ended() == "good (ended_by_workflow)"


def test_the_transfer_of_a_task_that_is_out_puts_it_into_the_targets_queue() -> None:
    driver = Driver(plan(a=step("transfer", {"service": "backup", "priority": "high"})))
    command = driver.asked()
    assert isinstance(command, Enqueue)
    assert (command.place.service, command.place.priority) == ("backup", "high")
    assert driver.engine.state == "moving"
    todo = driver.todo()
    assert isinstance(todo, Ask)
    assert todo.takes_over == "backup"
    driver.answer(rank=1)
    assert driver.ended() == "transferred to backup (transferred)"
    assert driver.engine.state is None
    assert driver.records[-1].kind == "transferred"


def test_the_eleventh_transfer_is_rejected_unasked() -> None:
    driver = Driver(plan(a=step("transfer", {"service": "b"}, {"rejected": "end"})))
    driver.engine._run.change(transfers=10)
    assert driver.ended() == "done (ended_by_workflow)"


def test_next_without_an_answer_says_the_same_and_an_answer_unasked_is_a_fault() -> None:
    driver = Driver(plan(line_up=step("queue")))
    assert isinstance(driver.todo(), Ask)
    assert driver.asked() == driver.asked()
    driver.answer("done")
    with pytest.raises(ValueError, match="nothing was asked"):
        driver.engine.answer(Look, driver.now)  # type: ignore[arg-type]


def test_a_stale_answer_never_reaches_the_plan() -> None:
    driver = Driver(plan(line_up=step("queue")))
    with pytest.raises(ValueError, match="superseded"):
        driver.answer("stale")


def test_a_finished_run_stays_finished() -> None:
    driver = Driver(plan(a=step("end")))
    assert isinstance(driver.todo(), Finish)
    driver.tell("accepted", rank=3, epoch=4)
    driver.abort()
    assert driver.ended(MINUTE) == "done (ended_by_workflow)"
    answer = driver.engine.request_answer("r1")
    assert answer is not None
    assert (answer.status, answer.reason, answer.state) == ("refused", "ended", "ended")


def test_facts_come_from_the_start_of_the_workflow() -> None:
    place = Place(service="support", priority="high")
    start = TaskStart(
        tenant="acme",
        task="t-1",
        service="support",
        workflow="example",
        version=1,
        digest="d",
        created_at=START,
        expires_at=START + LIFE,
        place=place,
    )
    made = type(facts()).of(start)
    assert (made.priority, made.service) == ("high", "support")


def test_a_task_is_not_queued_before_it_is_due() -> None:
    driver = Driver(line(after=WAIT))
    due = driver.facts.model_copy(update={"due_at": START + timedelta(hours=1)})
    driver.engine = Engine(driver.plan, due, driver.engine.progress)
    assert driver.slept() == timedelta(hours=1)
    assert isinstance(driver.asked(timedelta(hours=1)), Enqueue)
