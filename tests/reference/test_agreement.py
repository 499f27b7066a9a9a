"""The distributor decides as the reference does that was written from the rules alone.

A run that fails prints its seed, the step, what both tell, the last steps and, if they are few,
the fewest steps that still show it.
"""

from __future__ import annotations

import pytest

from tests.reference.agreement import Run, Terms
from tests.reference.generator import CORE, LARGE, LARGE_CORE, WHOLE
from tests.reference.state import Readings

TERMS = Terms(readings=Readings(whole_rewrites=False, moved_work_stays=False))
"""Where the text can be taken in two ways: a Move within the service changes only what it writes,
and a task that an agent has begins anew wherever it is moved."""


@pytest.mark.parametrize("seed", range(1, 11))
def test_a_day_without_policies_comes_out_alike(seed: int) -> None:
    """Direct distribution, priorities, windows, cool-downs, moves, faults, configuration."""
    assert Run(seed, CORE, TERMS).go(most=400)


@pytest.mark.prove
@pytest.mark.timeout(3_000)
def test_two_thousand_tasks_without_policies_come_out_alike() -> None:
    """The same with 200 agents until 2,000 tasks have come."""
    assert Run(1, LARGE_CORE, TERMS, shrinking=0).go(most=1_000_000)


@pytest.mark.parametrize("seed", range(1, 11))
def test_a_whole_day_comes_out_alike(seed: int) -> None:
    """The same with policies, broadcast, pick-up, supervisors, hold and wrap-up."""
    assert Run(seed, WHOLE, TERMS).go(most=400)


@pytest.mark.prove
@pytest.mark.timeout(3_000)
def test_ten_thousand_tasks_of_whole_days_come_out_alike() -> None:
    """All of it with 200 agents until 10,000 tasks have come."""
    assert Run(1, LARGE, TERMS, shrinking=0).go(most=1_000_000)
