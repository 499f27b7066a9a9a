"""Steps that ask the world outside: calls, opening hours, who is there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from extask.definition.plan import Param, Plan
from extask.engine import Engine, Sleep, transferred_progress
from extask.messages import CallAnswered, CallOut, Enqueue, Place, Survey
from tests.unit.engine.flows import MINUTE, START, Driver, accepted, plan, queued, step, text

SECOND = timedelta(seconds=1)
CALL = {"flow": "crm", "body": {"who": "${params.x}", "n": [1, True, None]}}
WAYS = {"ok": "end", "failed": "sorry"}
SORRY = step("end", {"result": "sorry"})


def calling(save: dict[str, object] | None = None, **properties: object) -> Plan:
    return plan(
        (text("x", "anna"), Param(name="n", type="integer", default=0)),
        ask=step("call", {**CALL, **properties}, {"ok": "done", "failed": "sorry"}, save=save),
        done=step("end", {"result": "${params.x + ' ' + string(params.n)}"}),
        sorry=SORRY,
    )


def test_a_call_is_made_with_what_the_step_says_and_waits_for_its_answer() -> None:
    driver = Driver(calling(method="PUT", timeout=5, accept=[404]))
    out = driver.called()
    assert out == CallOut(
        number=1,
        flow="crm",
        method="PUT",
        body={"who": "anna", "n": [1, True, None]},
        timeout=5 * SECOND,
        accept=(404,),
    )
    driver.patch(params={"x": "berta"})
    assert driver.called(MINUTE) == out
    driver.reply(404)
    assert driver.ended() == "berta 0 (ended_by_workflow)"


def test_without_words_a_call_has_ten_seconds_and_one_attempt() -> None:
    driver = Driver(calling())
    assert driver.called().timeout == 10 * SECOND
    driver.reply(500)
    assert driver.ended() == "sorry (ended_by_workflow)"


def test_what_is_saved_comes_from_the_answer() -> None:
    driver = Driver(calling({"x": "${response.body.tier}", "n": "${response.status}"}))
    driver.reply(201, body={"tier": "gold"})
    assert driver.ended() == "gold 201 (ended_by_workflow)"
    left = next(record for record in driver.records if record.kind == "left")
    assert (left.outcome, left.data) == ("ok", {"status": 201, "params": ["n", "x"]})


@pytest.mark.parametrize("body", [None, {}, {"tier": None}, {"tier": ["a"]}, {"tier": "x" * 5121}])
def test_what_does_not_fit_saves_nothing_and_fails(body: object) -> None:
    driver = Driver(calling({"n": "${response.status}", "x": "${response.body.tier}"}))
    driver.reply(body=body)
    assert driver.ended() == "sorry (ended_by_workflow)"
    assert driver.engine.progress.params == {"x": "anna", "n": 0}
    left = next(record for record in driver.records if record.kind == "left")
    assert left.data == {"attempt": 1, "reason": "does_not_fit"}


def test_attempts_follow_after_growing_pauses() -> None:
    driver = Driver(calling(attempts=8))
    pauses: list[float] = []
    for attempt, status in enumerate((408, 429, 500, 599, None, None, 503), 1):
        assert driver.called().attempt == attempt
        assert driver.called().number == 1
        driver.reply(status, failure="timeout")
        pause = driver.slept()
        assert pause is not None
        pauses.append(pause.total_seconds())
        todo = driver.todo()
        assert isinstance(todo, Sleep)
        assert todo.call is None
        driver.now += pause
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    driver.reply(None, failure="unreachable")
    assert driver.ended() == "sorry (ended_by_workflow)"
    told = [record.data for record in driver.records if record.data.get("reason")]
    assert told[0] == {"attempt": 1, "reason": "408"}
    assert told[-1] == {"attempt": 8, "reason": "unreachable"}


@pytest.mark.parametrize(("status", "for_good"), [(404, 0), (301, 0), (None, 1), (500, 1)])
def test_what_would_fail_again_is_not_tried_again(status: int | None, for_good: int) -> None:
    driver = Driver(calling(attempts=5))
    driver.reply(status, failure="refused_address", for_good=bool(for_good))
    assert driver.ended() == "sorry (ended_by_workflow)"


def test_an_answer_of_another_attempt_changes_nothing() -> None:
    driver = Driver(calling(attempts=2))
    driver.reply(500)
    driver.slept()
    driver.engine.notify(CallAnswered(number=1, attempt=1, status=200))
    assert driver.slept() == SECOND
    driver.called(SECOND)
    for number, attempt in ((1, 1), (1, 3), (2, 2)):
        driver.engine.notify(CallAnswered(number=number, attempt=attempt, status=200))
    assert not driver.engine.has_news
    assert driver.called().attempt == 2


def test_each_call_has_its_own_number_also_after_a_transfer() -> None:
    again = plan(
        a=step("call", CALL | {"body": None}, {"ok": "a", "failed": "b"}),
        b=step("transfer", {"service": "sales"}, {}),
    )
    driver = Driver(again)
    driver.reply(204)
    assert driver.called().number == 2
    driver.reply(400)
    driver.answer(rank=1)
    driver.todo()
    progress = transferred_progress(again, again, driver.engine.progress)
    driver.engine = Engine(again, driver.facts, progress)
    assert driver.called().number == 3


def test_an_address_cannot_be_left_by_what_is_put_into_it() -> None:
    url = "https://crm.example.com/of/${params.x}?by=1"
    driver = Driver(
        plan((text("x"),), a=step("call", {"url": url}, WAYS), sorry=SORRY), {"x": "a/../b c"}
    )
    assert driver.called().url == "https://crm.example.com/of/a%2F..%2Fb%20c?by=1"
    driver = Driver(plan((text("x"),), a=step("call", {"url": url}, WAYS)), {"x": ".."})
    assert driver.ended().startswith("failed: a: the address climbs about")


def test_a_private_address_is_not_called() -> None:
    driver = Driver(plan(a=step("call", {"url": "https://10.0.0.1/"}, WAYS)))
    assert driver.ended().startswith(
        "failed: a: the address leads to a private or reserved network"
    )


@pytest.mark.parametrize("timeout", [0, 301])
def test_a_call_has_some_time_and_not_too_much(timeout: int) -> None:
    driver = Driver(plan(a=step("call", {**CALL, "body": 1, "timeout": timeout}, WAYS)))
    assert "which does not fit" in driver.ended()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"a": "x" * 5121}, "a text has 5121"),
        ([1] * 101, "a list has 101"),
        ({str(n): n for n in range(101)}, "a map has 101"),
        ([["x" * 5000] * 14], "a body has"),
        (["${1.0 / 0.0}"], "infinity"),
        (["${b'x'}"], "has no place in a body"),
    ],
)
def test_a_body_is_bounded(body: object, words: str) -> None:
    driver = Driver(plan(a=step("call", {"flow": "crm", "body": body}, WAYS)))
    assert words in driver.ended()


def test_a_body_may_have_times_and_maps() -> None:
    body = {"at": "${task.created}", "old": "${task.age}", "all": "${{'a': [1.5]}}"}
    driver = Driver(plan(a=step("call", {"flow": "crm", "body": body}, WAYS)))
    assert driver.called().body == {"at": "2026-01-05T09:00:00Z", "old": 0, "all": {"a": [1.5]}}


# --- acceptance, return, the end of life ---------------------------------------------------------


def in_queue(**then: str) -> Plan:
    return plan(
        line_up=step("queue", {"service": "support", "wait": 0}, {"timeout": "ask"}),
        ask=step("call", {"flow": "crm", "attempts": 2}, {"ok": "stay", "failed": "stay", **then}),
        stay=step("wait"),
        beside=step("call", {"flow": "greet"}, {"ok": "end", "failed": "end"}),
    )


def test_acceptance_wins_and_the_call_is_not_wanted_any_more() -> None:
    driver = Driver(in_queue())
    queued(driver)
    assert driver.called().flow == "crm"
    driver.tell("accepted", rank=3, agent="a-1")
    todo = driver.todo()
    assert isinstance(todo, Sleep)
    assert (todo.call, todo.until) == (None, None)
    driver.engine.notify(CallAnswered(number=1, status=200))
    assert not driver.engine.has_news
    assert driver.path() == ["line_up", "ask"]


def test_after_a_return_the_call_is_made_anew() -> None:
    driver = Driver(in_queue())
    queued(driver)
    driver.reply(500)
    driver.slept()
    driver.tell("accepted", rank=3)
    driver.slept(SECOND)
    driver.tell("returned", rank=4)
    out = driver.called()
    assert (out.number, out.attempt) == (2, 1)
    assert driver.engine.progress.visits["ask"] == 1


def test_a_call_beside_the_agent_is_dropped_when_the_task_comes_back() -> None:
    driver = Driver(in_queue(accepted="beside"))
    queued(driver)
    driver.called()
    driver.tell("accepted", rank=3)
    assert driver.called().flow == "greet"
    driver.tell("returned", rank=4)
    assert driver.called().flow == "crm"


def test_a_handler_beside_the_agent_calls_and_then_rests() -> None:
    driver = Driver(in_queue(accepted="beside", completed="beside"))
    queued(driver)
    driver.called()
    driver.tell("accepted", rank=3)
    driver.reply()
    assert driver.slept() is None
    assert (driver.engine.step, driver.engine.progress.phase) == ("ask", "resting")
    driver.tell("completed", rank=5)
    assert driver.called().flow == "greet"


def test_the_end_of_life_comes_before_an_answer() -> None:
    driver = Driver(calling())
    driver.called()
    assert driver.ended(timedelta(hours=8)) == "cancelled: lifetime over (expired)"


# --- opening hours -------------------------------------------------------------------------------


def hours(**then: str) -> Plan:
    ends = {name: step("end", {"result": name}) for name in ("open", "closed", "other")}
    look = step("check_hours", {"calendar": "office"}, {"open": "open", "closed": "closed", **then})
    return plan((), None, look=look, **ends)


@pytest.mark.parametrize(
    ("told", "then", "end"),
    [
        ({"open": True}, {}, "open"),
        ({"open": False}, {}, "closed"),
        ({"open": True, "day": "holiday"}, {}, "closed"),
        ({"open": False, "day": "holiday"}, {"holiday": "other"}, "other"),
        ({"open": True, "day": "special"}, {}, "open"),
        ({"open": False, "day": "special"}, {}, "closed"),
        ({"open": True, "day": "special"}, {"special": "other"}, "other"),
    ],
)
def test_opening_hours_choose(told: dict[str, object], then: dict[str, str], end: str) -> None:
    driver = Driver(hours(**then))
    assert driver.consulted(**told) == "office"
    assert driver.ended() == f"{end} (ended_by_workflow)"


def test_an_unknown_calendar_is_an_error() -> None:
    driver = Driver(hours())
    driver.consulted(known=False)
    assert driver.ended() == "failed: look: there is no calendar 'office' (failed)"


def test_nobody_tells_hours_unasked() -> None:
    driver = Driver(hours())
    driver.consulted(open=True)
    with pytest.raises(ValueError, match="no calendar was asked for"):
        driver.engine.consulted(hours=None, now=START)  # type: ignore[arg-type]


# --- who is there --------------------------------------------------------------------------------


def service(name: str = "sales") -> Plan:
    ends = {name: step("end", {"result": name}) for name in ("available", "busy", "empty")}
    ways = {name: name for name in ends}
    return plan(
        (),
        None,
        line_up=step("queue", {"service": "support", "wait": 0}, {"timeout": "look"}),
        look=step("check_service", {"service": name}, ways),
        **ends,
    )


@pytest.mark.parametrize("there", ["available", "busy", "empty"])
def test_who_is_there_chooses(there: str) -> None:
    asked = Place(service="support", skills={"german": 2}, priority="high")
    driver = Driver(service(), place=asked)
    queued(driver)
    survey = driver.asked()
    assert isinstance(survey, Survey)
    assert survey.place == asked.model_copy(update={"service": "sales"})
    driver.answer(availability=there)
    driver.answer()
    assert driver.ended() == f"{there} (ended_by_workflow)"


def test_in_its_own_queue_it_asks_as_it_stands() -> None:
    queue = {"service": "support", "wait": 0, "exclude": ["a-1"]}
    look = step("check_service", {"service": "support"}, {})
    driver = Driver(plan(q=step("queue", queue, {"timeout": "look"}), look=look))
    enqueue = driver.asked()
    assert isinstance(enqueue, Enqueue)
    driver.answer(rank=1, priority="low")
    survey = driver.asked()
    assert isinstance(survey, Survey)
    assert survey.place == enqueue.place.model_copy(update={"priority": "low"})


def test_a_service_that_is_not_known_is_an_error() -> None:
    driver = Driver(service())
    queued(driver)
    driver.answer("refused", reason="unknown_service")
    driver.answer()
    assert driver.ended() == "failed: look: who is there is not known unknown_service (failed)"


def test_one_with_an_agent_asks_too() -> None:
    look = step("check_service", {"service": "sales"}, {"busy": "end"})
    driver = accepted(Driver(plan((), {"accepted": "look"}, q=step("queue"), look=look)))
    assert isinstance(driver.asked(), Survey)
    driver.answer(availability="busy")
    assert driver.slept() is None
