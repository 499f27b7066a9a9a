from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from extask.messages import Event, TaskJournal
from extask.storage.task_state import PoolView, columns, take_entry, take_event
from tests.unit.storage.builders import T, at, event

ANNA = {"agent": "a-anna", "session": "t-1.1.1"}
BEN = {"agent": "a-ben", "session": "t-1.2.1"}
MAIN = (
    event("queued", 1, stamp=(1, 1, 1), data={"priority": "high"}),
    event("offered", 2, stamp=(1, 1, 2), **ANNA),
    event("accepted", 3, stamp=(1, 1, 3), **ANNA),
    event("returned", 5, stamp=(1, 1, 4), **ANNA, data={"expires_at": at(99).isoformat()}),
    event("withdrawn", 6, stamp=(1, 1, 5)),
)
AGAIN = {"priority": "low", "first_queued": at(1).isoformat(), "expires_at": at(99).isoformat()}
SECOND = (
    event("queued", 8, stamp=(2, 2, 1), service="billing", data=AGAIN),
    event("offered", 9, stamp=(2, 2, 2), service="billing", **BEN),
    event("accepted", 10, stamp=(2, 2, 3), service="billing", **BEN),
    event("completed", 20, stamp=(2, 2, 4), service="billing", **BEN),
)


def said(run: int, first: int, **more: object) -> TaskJournal:
    head = {"tenant": T, "task": "t-1", "run": run, "first": first}
    return TaskJournal.model_validate({**head, **more})


WORKFLOW = (
    said(1, 1, epoch=0, state="delayed", step="settle"),
    said(1, 3, epoch=1, step="line_up"),
    said(1, 5, epoch=2, state="moving", step="hand_over"),
    said(2, 1, epoch=2, step="hand_over", expires_at=at(99)),
    said(2, 3, epoch=3, state="ended", outcome="user_accepted", result="done"),
)
FRESH = PoolView(
    pool="main",
    service="support",
    state="created",
    priority="normal",
    block_agent=True,
    agent=None,
    session=None,
    offers={},
    queued_at=None,
    accepted_at=None,
    expires_at=at(50),
    run=0,
    epoch=0,
    rank=0,
    pool_run=0,
    pool_epoch=0,
    pool_rank=0,
)
STREAMS: tuple[tuple[Any, ...], ...] = (MAIN, SECOND, WORKFLOW)
LENGTHS = tuple(len(stream) for stream in STREAMS)


def follow(order: tuple[int, ...]) -> dict[str, Any]:
    """Take the three streams in, each in its own order, interleaved as told."""
    row: dict[str, Any] = {
        **columns(FRESH),
        "step_run": 0,
        "step_first": 0,
        "step_begun": None,
        "step_lost": False,
    }
    streams = [iter(stream) for stream in STREAMS]
    for which in order:
        told: Event | TaskJournal = next(streams[which])
        row |= step(row, told, at(20), ("main", "second", "")[which])
    return row


def step(
    row: dict[str, Any], told: Event | TaskJournal, ended_at: datetime, pool: str
) -> dict[str, Any]:
    if isinstance(told, TaskJournal):
        return take_entry(row, told, ended_at)
    view = PoolView(**{name: row[name] for name in columns(FRESH)})
    return columns(take_event(view, told, pool))


IN_ORDER = tuple(which for which, length in enumerate(LENGTHS) for _ in range(length))


@given(st.permutations(IN_ORDER))
def test_however_pools_and_workflow_interleave_the_row_ends_the_same(order: list[int]) -> None:
    row = follow(tuple(order))
    assert (row["state"], row["outcome"], row["result"]) == ("ended", "user_accepted", "done")
    assert (row["service"], row["pool"], row["step"]) == ("billing", "second", "hand_over")
    assert (row["agent"], row["session"]) == ("a-ben", "t-1.2.1")
    assert (row["queued_at"], row["accepted_at"]) == (at(1), at(10))
    assert (row["priority"], row["expires_at"]) == ("low", at(99))


@given(st.lists(st.sampled_from(MAIN), max_size=12))
def test_an_event_taken_again_changes_nothing(told: list[Event]) -> None:
    row = FRESH
    for one in told:
        row = take_event(row, one, "main")
        assert take_event(row, one, "main") == row


def test_an_event_of_an_older_epoch_changes_no_state() -> None:
    row = replace(FRESH, state="moving", run=1, epoch=2, pool_run=1, pool_epoch=2, pool_rank=3)
    later = take_event(row, MAIN[1], "main")
    assert later == row


OFFERS = (
    event("queued", 1, stamp=(1, 1, 1)),
    event("offered", 2, stamp=(1, 1, 2), **ANNA),
    event("offered", 2, stamp=(1, 1, 3), agent="a-ben", session="t-1.1.2"),
    event("offered", 2, stamp=(1, 1, 4), agent="a-cleo", session="t-1.1.3"),
)


def shown(row: PoolView) -> tuple[str, str | None, list[str]]:
    return row.state, row.agent, list(row.offers)


def after(*told: Event) -> PoolView:
    row = FRESH
    for one in told:
        row = take_event(row, one, "main")
    return row


def test_a_task_is_on_offer_until_the_last_of_several_offers_is_gone() -> None:
    row = after(*OFFERS)
    assert shown(row) == ("offered", "a-anna", ["t-1.1.1", "t-1.1.2", "t-1.1.3"])
    row = take_event(row, event("declined", 3, stamp=(1, 1, 5), **ANNA), "main")
    assert shown(row) == ("offered", "a-ben", ["t-1.1.2", "t-1.1.3"])
    lapsed = event("lapsed", 4, stamp=(1, 1, 6), agent="a-cleo", session="t-1.1.3")
    gone = event("offer_cancelled", 4, stamp=(1, 1, 7), agent="a-ben", session="t-1.1.2")
    assert shown(take_event(row, lapsed, "main")) == ("offered", "a-ben", ["t-1.1.2"])
    row = take_event(take_event(row, lapsed, "main"), gone, "main")
    assert shown(row) == ("queued", None, [])


def test_who_loses_a_task_to_another_takes_nothing_from_them() -> None:
    lost = {"agent": "a-cleo", "session": "t-1.1.3"}
    mine = {"agent": "a-ben", "session": "t-1.1.2"}
    row = after(
        *OFFERS,
        event("offer_cancelled", 3, stamp=(1, 1, 5), **ANNA),
        event("accepted", 3, stamp=(1, 1, 6), **mine),
    )
    assert shown(row) == ("active", "a-ben", ["t-1.1.3"])
    row = take_event(row, event("offer_cancelled", 3, stamp=(1, 1, 7), **lost), "main")
    assert shown(row) == ("active", "a-ben", [])
    row = take_event(row, event("held", 4, stamp=(1, 1, 8), **mine), "main")
    row = take_event(row, event("hold_changed", 5, stamp=(1, 1, 9), **mine), "main")
    assert shown(row) == ("on_hold", "a-ben", [])
    pulled = event("returned", 6, stamp=(1, 1, 10), **mine, data={"by": "supervisor"})
    assert shown(take_event(row, pulled, "main")) == ("queued", None, [])


def test_a_rewritten_place_leaves_every_offer_open() -> None:
    rewritten = event("moved", 3, stamp=(1, 2, 1), **ANNA, data={"state": "offered"})
    row = after(*OFFERS, rewritten)
    assert shown(row) == ("offered", "a-anna", ["t-1.1.1", "t-1.1.2", "t-1.1.3"])
    gone = event("expired", 4, stamp=(1, 2, 2))
    assert shown(take_event(row, gone, "main")) == ("moving", "a-anna", [])
