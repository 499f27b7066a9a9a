from __future__ import annotations

import random
from pathlib import Path

import pytest

from extask.simulation.forecasting import run_once
from extask.simulation.laws import Draws
from extask.simulation.record import Figures, Key, Record
from tests.unit.simulation.scenarios import HEAD, ONE, load, run


def occupancy(record: Record, group: str = "desk") -> float:
    return record.figures()[Key("agents", group, "occupancy")]


def of_service(record: Record, name: str = "support") -> Figures:
    return {key: value for key, value in record.figures().items() if key[:2] == ("service", name)}


def share(record: Record, measure: str, name: str = "support") -> float:
    return record.figures()[Key("service", name, measure)]


def outcome(record: Record, kind: str, stream: str = "calls") -> float:
    return record.figures()[Key("tasks", stream, kind)]


def test_one_agent_takes_one_task_after_the_other(tmp_path: Path) -> None:
    record = run(tmp_path, ONE)

    assert record.services["support"].waits == [0, 30, 60]
    assert record.streams["calls"] == [0, 30, 60]
    assert share(record, "wait_mean") == 30
    assert share(record, "wait_p50") == 30
    assert share(record, "answered") == 1
    assert occupancy(record) == 180 / 240
    assert outcome(record, "user_accepted") == 1


def test_places_are_told_as_they_are_on_arrival(tmp_path: Path) -> None:
    text = ONE.replace("1/m", "2/m").replace("length: 4m", "length: 2m30s")
    places = {
        key.at.total_seconds(): value
        for key, value in of_service(run(tmp_path, text)).items()
        if key.at is not None
    }
    assert places == {25.0: 0, 56.25: 1, 87.5: 2, 118.75: 2}


def test_who_loses_patience_expires(tmp_path: Path) -> None:
    text = ONE.replace("handling: 90s", "handling: 90s, patience: 20s")
    record = run(tmp_path, text)

    assert record.services["support"].waits == [0, 0]
    assert share(record, "expired") == outcome(record, "expired") == 1 / 3


def test_who_has_no_patience_at_all_counts_too(tmp_path: Path) -> None:
    record = run(tmp_path, ONE.replace("handling: 90s", "handling: 90s, patience: 0s"))
    assert share(record, "expired") == outcome(record, "expired") == 1
    assert record.services["support"].tasks == 3


def test_offers_to_agents_who_answer_too_slowly_for_the_task_come_to_nothing(
    tmp_path: Path,
) -> None:
    text = ONE.replace("handling: 90s", "handling: 90s, patience: 5s")
    record = run(
        tmp_path, text.replace("services: [support]", "services: [support], answering: 9s")
    )
    assert share(record, "expired") == 1
    assert occupancy(record) == 15 / 240


def test_a_shift_changes_duty_and_work_at_its_end_goes_on(tmp_path: Path) -> None:
    shifts = "services: [support], shifts: [[0s, 90s]]"
    record = run(tmp_path, ONE.replace("services: [support]", shifts))

    assert record.services["support"].waits == [0]
    assert share(record, "waiting") == pytest.approx(2 / 3)
    assert outcome(record, "user_accepted") == 1 / 3
    assert occupancy(record) == 30 / 90


def test_agents_come_on_duty_when_their_shift_begins(tmp_path: Path) -> None:
    shifts = "services: [support], shifts: [[200s, 10m]]"
    record = run(tmp_path, ONE.replace("services: [support]", shifts))

    assert record.services["support"].waits == [140, 170, 200]
    assert occupancy(record) == 1


def test_wrap_up_keeps_the_agent_busy(tmp_path: Path) -> None:
    record = run(tmp_path, ONE.replace("{ support: }", "{ support: { acw: 30s } }"))
    assert record.services["support"].waits == [0, 60, 120]
    assert occupancy(record) == 180 / 240


CHATS = (
    HEAD
    + """
services: { support: { agents_handle_simultaneous_external_tasks: true } }
tasks:
  chats: { service: support, arrivals: { regular: 1/m }, handling: 60s, block_agent: false }
  calls:
    service: support
    arrivals: { regular: { 10s: 1/m, 75s: 0/s } }
    handling: 30s
    priority: strict
agents: { desk: { count: 1, services: [support] } }
"""
)


def test_what_is_on_hold_takes_so_much_longer(tmp_path: Path) -> None:
    """The call at 70 s interrupts the chat of 60 s, which then lasts until 150 s."""
    record = run(tmp_path, CHATS)
    assert record.streams == {"calls": [0], "chats": [0, 30, 30]}


def test_agents_with_two_places_take_two_at_once(tmp_path: Path) -> None:
    text = CHATS.replace("handling: 60s", "handling: 90s").replace(
        "count: 1", "count: 1, simultaneous_non_blocking_external_tasks: 2"
    )
    assert run(tmp_path, text).streams["chats"][:2] == [0, 0]


def test_offers_lapse_when_nobody_answers_in_time(tmp_path: Path) -> None:
    text = ONE.replace("services: [support]", "services: [support], answering: 25s")
    record = run(tmp_path, text)

    assert share(record, "answered") == 0
    assert share(record, "waiting") == 1
    assert share(record, "tasks") == 3
    assert Key("service", "support", "wait_mean") not in record.figures()


def test_the_first_who_answers_a_broadcast_gets_the_task(tmp_path: Path) -> None:
    text = ONE.replace("{ support: }", "{ support: { distribution: broadcast } }")
    record = run(tmp_path, text.replace("count: 1", "count: 2, answering: 5s"))
    assert record.services["support"].waits == [5, 5, 5]


def test_a_full_queue_refuses(tmp_path: Path) -> None:
    text = ONE.replace("{ support: }", "{ support: { max_waiting: 1 } }")
    record = run(tmp_path, text.replace("1/m", "3/m"))
    assert share(record, "refused") == outcome(record, "rejected")
    assert outcome(record, "user_accepted") + outcome(record, "rejected") == pytest.approx(1)


def test_what_comes_during_the_warm_up_does_not_count(tmp_path: Path) -> None:
    record = run(tmp_path, ONE.replace("length: 4m", "length: 4m\nwarmup: 90s"))
    assert record.services["support"].waits == [30, 60]
    assert outcome(record, "tasks") == 2
    assert outcome(record, "user_accepted") == 1
    assert occupancy(record) == 1


def test_a_service_that_nobody_needs_has_no_figures_but_its_number(tmp_path: Path) -> None:
    text = ONE.replace("{ support: }", "{ support: , other: }").replace(
        "90s } }", "90s }, none: { service: other, arrivals: { regular: 1/d }, handling: 1s } }"
    )
    record = run(
        tmp_path,
        text.replace("desk: {", "spare: { count: 1, services: [], shifts: [[1h, 2h]] }, desk: {"),
    )
    assert of_service(record, "other") == {Key("service", "other", "tasks"): 0}
    assert outcome(record, "tasks", "none") == 0
    assert Key("agents", "spare", "occupancy") not in record.figures()


def test_the_same_seed_gives_the_same_run_and_touches_no_chance_of_others(tmp_path: Path) -> None:
    text = ONE.replace("{ regular: 1/m }", "{ poisson: 2/m }").replace(
        "90s", "{ exponential: 40s }"
    )
    scenario = load(tmp_path, text.replace("length: 4m", "length: 2h"))
    before = random.getstate()

    first, again, other = (run_once(scenario, Draws(seed)).figures() for seed in (1, 1, 2))

    assert first == again != other
    assert random.getstate() == before


def test_more_agents_see_the_same_tasks(tmp_path: Path) -> None:
    text = ONE.replace("{ regular: 1/m }", "{ poisson: 2/m }").replace(
        "90s", "{ exponential: 40s }"
    )
    scenario = load(tmp_path, text.replace("length: 4m", "length: 2h"))
    few, many = (run_once(scenario.staffed("desk", number), Draws(1)) for number in (2, 20))
    assert outcome(few, "tasks") == outcome(many, "tasks") > 200
    assert share(few, "wait_mean") > share(many, "wait_mean") == 0


def test_a_run_tells_how_far_it_is(tmp_path: Path) -> None:
    told: list[float] = []
    run_once(load(tmp_path, ONE), Draws(1), told.append)
    assert told == [part / 100 for part in range(1, 101)]
