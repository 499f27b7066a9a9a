from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from extask.messages import Event
from extask.storage.rows import SessionRow
from extask.storage.session_state import take_event
from tests.unit.storage.builders import at, event

S1 = {"agent": "a-anna", "session": "t-1.1.1"}
OFFERED = event("offered", 2, stamp=(1, 1, 2), **S1, data={"deadline": at(22).isoformat()})
ACCEPTED = event("accepted", 3, stamp=(1, 1, 3), **S1)
HELD = event("held", 4, stamp=(1, 1, 4), **S1)
RESUMED = event("resumed", 6, stamp=(1, 1, 5), **S1)
COMPLETED = event("completed", 9, stamp=(1, 1, 6), **S1, data={"code": "done"})
WRAPPING = event(
    "wrap_up_started", 9, stamp=(1, 1, 0), rank=None, **S1, data={"until": at(39).isoformat()}
)
WRAPPED = event("wrap_up_ended", 20, stamp=(1, 1, 0), rank=None, **S1)
STORY = (OFFERED, ACCEPTED, HELD, RESUMED, COMPLETED, WRAPPING, WRAPPED)


def follow(*told: Event) -> SessionRow:
    row = None
    for one in told:
        row = take_event(row, one, "main")
    assert row is not None
    return row


@given(st.permutations(STORY))
def test_in_whatever_order_its_events_come_an_ended_session_stays_ended(story: list[Event]) -> None:
    row = follow(*story)
    assert (row.state, row.outcome, row.code) == ("ended", "accepted", "done")
    assert (row.offered_at, row.deadline, row.accepted_at) == (at(2), at(22), at(3))
    assert (row.ended_at, row.wrap_up_until, row.wrap_up_ended_at) == (at(9), at(39), at(20))
    assert row.held_at is None


@given(st.permutations(STORY[:-1]))
def test_a_wrap_up_goes_on_whatever_is_told_of_the_time_before(story: list[Event]) -> None:
    row = follow(*story)
    assert (row.state, row.outcome, row.ended_at) == ("wrap_up", "accepted", at(9))


@given(st.permutations((OFFERED, ACCEPTED, COMPLETED)))
def test_without_wrap_up_a_session_ends_for_good(story: list[Event]) -> None:
    assert follow(*story).state == "ended"


def test_events_in_their_order_count_the_time_on_hold() -> None:
    assert follow(*STORY).hold == at(6) - at(4)
    again = follow(*STORY[:3], COMPLETED, WRAPPING)
    assert (again.hold, again.held_at) == (at(9) - at(4), None)


def test_an_event_that_only_names_a_session_leaves_it_alone() -> None:
    row = follow(OFFERED, ACCEPTED)
    expiry = event("expiry_set", 5, stamp=(1, 1, 4), **S1)
    assert take_event(row, expiry, "main") == row


def test_a_session_keeps_why_it_came_to_its_agent_and_the_priority_it_had_last() -> None:
    chosen = {"why": "policy", "level": 1, "algorithm": "most_qualified", "priority": "high"}
    row = follow(event("offered", 2, stamp=(1, 1, 2), **S1, data=chosen))
    assert row.model_dump(include=set(chosen)) == chosen
    place = {"state": "offered", "priority": "low"}
    row = take_event(row, event("moved", 3, stamp=(1, 2, 1), **S1, data=place), "main")
    assert (row.state, row.priority) == ("offered", "low")
    lower = event("reprioritized", 5, stamp=(1, 1, 4), **S1, data={"priority": "lowest"})
    assert take_event(row, lower, "main").priority == "lowest"


def test_why_a_session_is_on_hold_is_known_while_it_is() -> None:
    by_agent = event("held", 4, stamp=(1, 1, 4), **S1, data={"by": "agent"})
    row = follow(OFFERED, ACCEPTED, by_agent)
    assert (row.held_by_agent, row.held_by_interruption) == (True, False)
    both = {"agent": True, "interruption": True}
    row = take_event(row, event("hold_changed", 5, stamp=(1, 1, 5), **S1, data=both), "main")
    assert (row.state, row.held_at) == ("on_hold", at(4))
    assert (row.held_by_agent, row.held_by_interruption) == (True, True)
    row = take_event(row, event("resumed", 6, stamp=(1, 1, 6), **S1), "main")
    assert (row.held_by_agent, row.held_by_interruption, row.hold) == (False, False, at(6) - at(4))
    late = follow(OFFERED, ACCEPTED, COMPLETED)
    for told in (by_agent, event("hold_changed", 5, stamp=(1, 1, 5), **S1, data=both)):
        assert take_event(late, told, "main") == late


def test_a_wrap_up_that_is_extended_ends_later() -> None:
    until = {"until": at(60).isoformat()}
    longer = event("wrap_up_extended", 15, stamp=(1, 1, 0), rank=None, **S1, data=until)
    row = follow(*STORY[:-1], longer)
    assert (row.state, row.wrap_up_until) == ("wrap_up", at(60))
    assert take_event(row, WRAPPED, "main").state == "ended"
    assert follow(*STORY, longer).state == "ended"


def test_who_hands_a_task_to_another_pool_transferred_it_and_an_offer_is_only_cancelled() -> None:
    out = event("withdrawn", 5, stamp=(1, 1, 4), **S1, data={"outcome": "transferred"})
    assert follow(OFFERED, ACCEPTED, out).outcome == "transferred"
    assert follow(OFFERED, out).outcome == "cancelled"
    gone = event("withdrawn", 5, stamp=(1, 1, 4), **S1, data={"outcome": "cancelled_by_api"})
    assert follow(OFFERED, ACCEPTED, gone).outcome == "cancelled"


def test_who_works_on_after_all_has_the_session_back_as_it_was_accepted() -> None:
    data = {"reported": True, "accepted_at": at(3).isoformat()}
    again = follow(*STORY, event("accepted", 30, stamp=(2, 1, 8), **S1, data=data))
    assert (again.state, again.outcome, again.accepted_at) == ("active", None, at(3))
    assert (again.ended_at, again.wrap_up_until, again.wrap_up_ended_at) == (None, None, None)
    done = event("completed", 40, stamp=(2, 1, 9), **S1)
    assert take_event(again, done, "main").state == "ended"
