from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from extask.messages import Event
from extask.storage.task_line import Life, Silent, Story, tell
from tests.unit.storage.builders import at, event

ANNA = {"agent": "a-anna", "session": "t-1.1.1"}
BEN = {"agent": "a-ben", "session": "t-1.1.2"}
LIFE = Life("support", "normal", at(0))
DONE = replace(LIFE, ended_at=at(20), outcome="user_accepted", last=(1, 9))
FAILED = replace(DONE, outcome="failed")
QUEUED = event("queued", 1, stamp=(1, 1, 1), data={"priority": "high"})
CHOSEN = {"level": 1, "algorithm": "most_qualified"}
OFFERED = event("offered", 2, stamp=(1, 1, 2), **ANNA, data=CHOSEN)
ACCEPTED = event("accepted", 4, stamp=(1, 1, 3), **ANNA)
HELD = event("held", 5, stamp=(1, 1, 4), **ANNA)
CHANGED = event("hold_changed", 6, stamp=(1, 1, 5), **ANNA)
RESUMED = event("resumed", 8, stamp=(1, 1, 6), **ANNA)
COMPLETED = event("completed", 12, stamp=(1, 1, 7), **ANNA)
WRAPPING = event("wrap_up_started", 12, stamp=(1, 1, 0), rank=None, **ANNA)
LASTED = {"wrap_up_us": 3_000_000}
WRAPPED = event("wrap_up_ended", 15, stamp=(1, 1, 0), rank=None, **ANNA, data=LASTED)
STORY = (QUEUED, OFFERED, ACCEPTED, HELD, CHANGED, RESUMED, COMPLETED)


def spans(story: Story, number: int = 1) -> dict[str, float]:
    """Sum a service session's phases, in seconds."""
    found: dict[str, float] = {}
    for it in story.intervals:
        if it.service_session == number:
            found[it.phase] = found.get(it.phase, 0) + it.lasted.total_seconds()
    return found


def share(story: Story, session: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for it in story.intervals:
        if it.session == session:
            found[it.phase] = found.get(it.phase, 0) + it.lasted.total_seconds()
    return found


def outcomes(story: Story) -> list[tuple[str, str | None, float]]:
    return [
        (stay.service, stay.outcome, ((stay.ended_at or at(0)) - at(0)).total_seconds())
        for stay in story.stays
    ]


def test_a_task_is_in_one_phase_after_the_other_and_its_agent_in_the_same() -> None:
    story = tell(DONE, (*STORY, WRAPPING, WRAPPED))
    told = {"workflow": 1, "queue": 1, "offer": 2, "work": 5, "hold": 3, "wrap_up": 3}
    assert spans(story) == told
    assert share(story, "t-1.1.1") == {"offer": 2, "work": 5, "hold": 3, "wrap_up": 3}
    assert len(story.intervals) == 7
    (stay,) = story.stays
    assert (stay.outcome, stay.ended_at, stay.agent) == ("user_accepted", at(12), "a-anna")
    assert (stay.level, stay.algorithm, stay.attempts) == (1, "most_qualified", 1)
    assert stay.priority == "high"
    assert story.silent == ()


@given(st.permutations(STORY))
def test_the_order_in_which_events_were_written_makes_no_difference(told: list[Event]) -> None:
    assert tell(DONE, told) == tell(DONE, STORY)


def test_of_a_living_task_only_what_has_ended_is_told() -> None:
    story = tell(LIFE, STORY[:3])
    assert story.stays == ()
    assert spans(story) == {"workflow": 1, "queue": 1, "offer": 2}


def test_if_the_workflow_goes_on_after_completion_another_service_session_begins() -> None:
    ended = replace(DONE, outcome="ended_by_workflow")
    story = tell(ended, STORY)
    assert outcomes(story) == [
        ("support", "user_accepted", 12),
        ("support", "ended_by_workflow", 20),
    ]
    assert spans(story, 2) == {"workflow": 8}


def test_another_service_begins_another_service_session() -> None:
    moved = event("moved", 6, stamp=(1, 2, 1), service="billing", data={"state": "queued"})
    story = tell(replace(FAILED, last=(1, 3)), (QUEUED, moved))
    assert outcomes(story) == [("support", "transferred", 6), ("billing", "failed", 20)]
    assert spans(story, 2) == {"queue": 14}


def test_a_transfer_within_the_service_begins_one_too_and_a_rewritten_place_does_not() -> None:
    again = {"state": "queued", "transfer": True}
    over = event("moved", 6, stamp=(1, 2, 1), **ANNA, data=again)
    assert len(tell(FAILED, (*STORY[:3], over)).stays) == 2
    rewritten = event("moved", 3, stamp=(1, 2, 1), **ANNA, data={"state": "offered"})
    story = tell(FAILED, (*STORY[:2], rewritten))
    assert len(story.stays) == 1
    assert spans(story) == {"workflow": 1, "queue": 1, "offer": 18}


def test_of_several_open_offers_the_task_is_on_offer_until_the_last_is_gone() -> None:
    told = (
        QUEUED,
        OFFERED,
        event("offered", 2, stamp=(1, 1, 3), **BEN),
        event("declined", 5, stamp=(1, 1, 4), **ANNA),
        event("lapsed", 7, stamp=(1, 1, 5), **BEN),
    )
    story = tell(FAILED, told)
    assert spans(story) == {"workflow": 1, "queue": 14, "offer": 5}
    assert share(story, "t-1.1.1") == {"offer": 3}
    assert share(story, "t-1.1.2") == {"offer": 5}
    assert story.stays[0].attempts == 2


def test_a_loser_of_a_broadcast_leaves_the_task_with_who_was_first() -> None:
    told = (
        QUEUED,
        OFFERED,
        event("offered", 2, stamp=(1, 1, 3), **BEN),
        event("accepted", 3, stamp=(1, 1, 4), **BEN),
        event("offer_cancelled", 4, stamp=(1, 1, 5), **ANNA),
        event("completed", 9, stamp=(1, 1, 6), **BEN),
    )
    story = tell(DONE, told)
    assert spans(story) == {"workflow": 1, "queue": 1, "offer": 1, "work": 6}
    assert share(story, "t-1.1.1") == {"offer": 2}
    assert (story.stays[0].agent, story.stays[0].level) == ("a-ben", None)


def test_what_comes_after_the_end_is_left_out() -> None:
    ghost = event("queued", 25, stamp=(1, 10, 1))
    assert tell(FAILED, (QUEUED, ghost)) == tell(FAILED, (QUEUED,))


def test_what_was_under_way_at_the_end_counts_until_its_own_end() -> None:
    out = event("withdrawn", 23, stamp=(1, 1, 4), **ANNA)
    story = tell(FAILED, (*STORY[:3], out))
    assert share(story, "t-1.1.1") == {"offer": 2, "work": 19}
    assert outcomes(story) == [("support", "failed", 23)]


def test_a_share_whose_end_nobody_told_ends_with_the_task() -> None:
    story = tell(FAILED, STORY[:3])
    assert story.silent == (Silent("t-1.1.1", at(20), "cancelled"),)
    assert share(story, "t-1.1.1") == {"offer": 2, "work": 16}
    story = tell(DONE, STORY[:3])
    assert story.silent == (Silent("t-1.1.1", at(20), "accepted"),)
    assert outcomes(story) == [("support", "user_accepted", 20)]


def test_a_share_whose_end_nobody_told_ends_where_the_task_is_told_to_be_elsewhere() -> None:
    again = event("queued", 9, stamp=(1, 2, 1), service="billing")
    story = tell(LIFE, (*STORY[:3], again))
    assert story.silent == (Silent("t-1.1.1", at(9), "cancelled"),)
    assert outcomes(story) == [("support", "transferred", 9)]


def test_the_line_never_runs_backwards_and_shares_keep_their_own_time() -> None:
    ben = {**BEN, "service": "billing"}
    told = (
        QUEUED,
        event("withdrawn", 8, stamp=(1, 1, 2)),
        event("queued", 6, stamp=(1, 2, 1), service="billing"),  # by the clock of another pool
        event("offered", 7, stamp=(1, 2, 2), **ben),
        event("accepted", 9, stamp=(1, 2, 3), **ben),
        event("completed", 12, stamp=(1, 2, 4), **ben),
    )
    story = tell(DONE, told)
    assert spans(story) == {"workflow": 1, "queue": 7}
    assert spans(story, 2) == {"offer": 1, "work": 3}
    assert share(story, "t-1.1.2") == {"offer": 2, "work": 3}


def reported(seconds: float, since: float, service: str = "support") -> Event:
    data = {"reported": True, "accepted_at": at(since).isoformat()}
    return event("accepted", seconds, stamp=(2, 1, 8), service=service, **ANNA, data=data)


def test_who_works_on_after_all_never_stopped() -> None:
    done = event("completed", 18, stamp=(2, 1, 9), **ANNA)
    story = tell(replace(DONE, last=(2, 9)), (*STORY, reported(15, 4), done))
    assert share(story, "t-1.1.1") == {"offer": 2, "work": 11, "hold": 3}
    assert spans(story) == {"workflow": 1, "queue": 1, "offer": 2, "work": 11, "hold": 3}
    assert outcomes(story) == [("support", "user_accepted", 18)]


def test_what_the_task_was_in_meanwhile_is_taken_back_and_other_agents_keep_theirs() -> None:
    moved = event("moved", 9, stamp=(1, 2, 1), service="billing", **ANNA, data={"state": "queued"})
    ben = {**BEN, "service": "billing"}
    told = (
        *STORY[:3],
        moved,
        event("offered", 10, stamp=(1, 2, 2), **ben),
        event("accepted", 11, stamp=(1, 2, 3), **ben),
        reported(15, 4),
        event("completed", 18, stamp=(2, 1, 9), **ANNA),
    )
    story = tell(replace(DONE, last=(2, 9)), told)
    assert outcomes(story) == [("support", "user_accepted", 18)]
    assert share(story, "t-1.1.1") == {"offer": 2, "work": 14}
    assert share(story, "t-1.1.2") == {"offer": 1, "work": 4}
    assert story.silent == (Silent("t-1.1.2", at(15), "cancelled"),)


def test_of_a_share_that_no_event_told_of_the_acceptance_counts() -> None:
    story = tell(replace(LIFE, service="support"), (QUEUED, reported(15, 6, "billing")))
    assert outcomes(story) == [("support", "transferred", 6)]
    assert spans(story) == {"workflow": 1, "queue": 5}
    assert share(story, "t-1.1.1") == {"work": 9}


def test_an_offer_whose_acceptance_was_lost_ends_with_it() -> None:
    story = tell(LIFE, (QUEUED, OFFERED, reported(15, 6)))
    assert share(story, "t-1.1.1") == {"offer": 4, "work": 9}
    again = tell(LIFE, (*STORY[:3], reported(15, 4)))
    assert share(again, "t-1.1.1") == {"offer": 2, "work": 11}


def test_events_about_a_share_that_nobody_has_tell_nothing() -> None:
    told = (
        QUEUED,
        event("held", 3, stamp=(1, 1, 2), **ANNA),
        event("declined", 4, stamp=(1, 1, 3), **ANNA),
        event("expiry_set", 4, stamp=(1, 1, 4)),
        WRAPPED,
    )
    assert spans(tell(FAILED, told)) == {"workflow": 1, "queue": 19}
    assert share(tell(FAILED, told), "t-1.1.1") == {"wrap_up": 3}


def test_no_time_at_all_leaves_no_interval() -> None:
    taken = event("accepted", 2, stamp=(1, 1, 3), **ANNA)
    done = event("completed", 2, stamp=(1, 1, 4), **ANNA)
    story = tell(DONE, (QUEUED, OFFERED, taken, done))
    assert spans(story) == {"workflow": 1, "queue": 1}
    assert all(it.lasted > timedelta(0) for it in story.intervals)
