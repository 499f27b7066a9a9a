"""Which subjects of a repair have their turn in a round."""

from __future__ import annotations

from datetime import UTC, datetime

from activities import repairs
from extask.messages import Place
from extask.storage.rows import TaskRow

AT = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
POOLS = [("a", "main"), ("a", "night"), ("b", "main")]


def row(tenant: str, task: str) -> TaskRow:
    texts = dict.fromkeys(("service", "workflow", "digest", "caller", "title", "result"), "x")
    never = ("due_at", "queued_at", "accepted_at", "ended_at")
    empty = dict.fromkeys(("reference_id", "outcome", "step", "agent", "session", *never))
    numbers = {"version": 1, "run": 1, "epoch": 1, "rank": 1}
    rest = {"links": (), "customer_identifier": "", "params": {}, "place": Place(service="x")}
    more = {"block_agent": True, "preferred_users": (), "priority": "normal", "state": "queued"}
    head = {"tenant": tenant, "id": task, "pool": "main", "created_at": AT, "expires_at": AT}
    return TaskRow.model_validate(head | texts | empty | numbers | rest | more)


def test_each_tenants_first_comes_before_any_tenants_second() -> None:
    rows = [row("a", "a-1"), row("a", "a-2"), row("a", "a-3"), row("b", "b-1")]
    assert [each.id for each in repairs._fairly(rows, 3)] == ["a-1", "b-1", "a-2"]


def test_a_round_goes_on_with_the_pools_that_the_last_one_left() -> None:
    assert repairs._onwards(POOLS, None, 2) == POOLS[:2]
    assert repairs._onwards(POOLS, "a/night", 2) == [POOLS[2], POOLS[0]]
    assert repairs._onwards([], "a/night", 2) == []
