"""The reckoning after a storm finds what is missing, doubled or told otherwise."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.support import storm
from tests.support.http import PREFIX, Diary, Note
from tests.support.instants import INSTANTS
from tests.support.log import Row
from tests.support.reckoning import broken_promises, gaps, misfits, rough

START = datetime(2026, 1, 5, 8, tzinfo=UTC)


def numbered(*numbers: int, generation: int = 1) -> list[dict[str, Any]]:
    return [{"pool": "main", "generation": generation, "seq": number} for number in numbers]


def cancelled(status: int = 200) -> Note:
    path = f"{PREFIX}/tasks/t/cancel"
    return Note("flow", "POST", path, {"reason": "x"}, None, START, START, status, {})


def last(*kinds: str) -> list[Row]:
    return [Row(kind, START, task="t") for kind in kinds]


def test_numbers_without_gaps_in_each_generation_are_well() -> None:
    assert gaps([*numbered(2, 1, 3), *numbered(1, 2, generation=2)]) == []


def test_a_missing_or_doubled_number_is_found() -> None:
    assert "2 events up to 3" in gaps(numbered(1, 3))[0]
    assert "3 events up to 2" in gaps(numbered(1, 2, 2))[0]
    assert "generation 2" in gaps([*numbered(1), *numbered(2, generation=2)])[0]


def test_an_outcome_must_follow_from_the_log() -> None:
    assert misfits(last("queued", "offered", "accepted", "completed"), {"t": "user_accepted"}) == []
    assert misfits([], {"t": "cancelled_by_api"}) == []
    assert "after accepted" in misfits(last("queued", "accepted"), {"t": "user_accepted"})[0]
    assert "after completed" in misfits(last("completed"), {"t": "abandoned"})[0]
    assert "after nothing" in misfits([], {"t": "user_accepted"})[0]
    assert misfits(last("completed"), {"t": "unheard_of"}) != []
    assert misfits(last("queued", "accepted", "withdrawn"), {"t": "failed"}) == []
    assert "after accepted" in misfits(last("queued", "accepted"), {"t": "failed"})[0]


def test_what_a_lost_distributor_did_last_need_not_be_told() -> None:
    begin = Row("rebuilt", START)
    once, again = [begin, *last("queued")], [begin, *last("queued"), begin]
    for rows in ([begin], once):
        assert misfits(rows, {"t": "ended_by_workflow"}) != []
    for rows in ([begin, begin], again):
        assert misfits(rows, {"t": "ended_by_workflow"}) == []
        assert misfits(rows, {"t": "user_accepted"}) != []
    assert misfits([*again, *last("queued")], {"t": "ended_by_workflow"}) != []


def test_a_promised_cancel_must_have_come_true() -> None:
    diary = Diary([cancelled()])
    assert broken_promises(diary, {"t": "cancelled_by_api"}) == []
    assert "is user_accepted" in broken_promises(diary, {"t": "user_accepted"})[0]
    assert "is None" in broken_promises(diary, {})[0]


def test_nobody_may_be_cancelled_unasked() -> None:
    assert "by nobody" in broken_promises(Diary(), {"t": "abandoned"})[0]
    assert "by nobody" in broken_promises(Diary([cancelled(409)]), {"t": "abandoned"})[0]
    assert broken_promises(Diary([cancelled(503)]), {"t": "abandoned"}) == []


def test_only_failures_of_a_known_kind_are_answers() -> None:
    away = cancelled(503)
    assert rough(Diary([away])) != []
    away.retry_after = "5"
    assert rough(Diary([away, cancelled(409), cancelled(0)])) == []
    assert rough(Diary([cancelled(500)])) != []


def test_a_storm_is_the_same_for_a_seed_and_kills_each_process() -> None:
    assert storm.draw(17, 300) == storm.draw(17, 300)
    for seed in range(1, 51):
        blows = storm.draw(seed, 300)
        assert {name for blow in blows for name in blow.victims} == set(storm.EVERYBODY)
        assert [blow.after for blow in blows] == sorted(blow.after for blow in blows)


def test_the_storms_of_every_check_meet_every_instant() -> None:
    met = {blow.instant for seed in range(1, 6) for blow in storm.draw(seed, 300)}
    assert met == set(INSTANTS)
