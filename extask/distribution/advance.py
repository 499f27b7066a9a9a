"""What happens by itself, moment by moment, each moment in one order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from extask.distribution.agents import clear_rona, end_wrap_up
from extask.distribution.deadlines import Kind
from extask.distribution.dispatch import dispatch
from extask.distribution.sessions import expire, lapse
from extask.distribution.waiting import end_cooldowns, refile

if TYPE_CHECKING:
    from collections.abc import Callable

    from extask.distribution.pool import Pool
    from extask.distribution.state import Agent


def advance(pool: Pool, until: int) -> None:
    """Let everything happen that is due until an instant, that instant included."""
    deadline = pool.deadlines.take(until)
    while deadline is not None:
        pool.set_time(max(deadline[0], pool.now))
        while deadline is not None:
            _, kind, _, subject = deadline
            _HAPPEN[kind](pool, subject)
            deadline = pool.deadlines.take(pool.now)
        dispatch(pool)
        deadline = pool.deadlines.take(until)
    if until > pool.now:
        pool.set_time(until)


def _end_rona(pool: Pool, agent: Agent) -> None:
    clear_rona(pool, agent, "time")


_HAPPEN: dict[int, Callable[[Pool, Any], None]] = {
    Kind.EXPIRY: expire,
    Kind.LAPSE: lapse,
    Kind.WRAP_UP_END: end_wrap_up,
    Kind.RONA_END: _end_rona,
    Kind.WINDOW_END: refile,
    Kind.LEVEL_BEGIN: refile,
    Kind.COOLDOWN_END: end_cooldowns,
}
