"""What a run asks of the world beside its distributor: calls of flows, opening hours."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from extask.messages.words import Message

Day = Literal["regular", "holiday", "special"]


class CallOut(Message):
    """One attempt of a call; `number` is the call's in its run and the same for each attempt."""

    number: int
    attempt: int = 1
    flow: str = ""
    """A flow of the tenant's catalogue; empty: the address in `url`."""
    url: str = ""
    method: str = "POST"
    body: Any = None
    """JSON; empty: none is sent."""
    timeout: timedelta
    accept: tuple[int, ...] = ()
    """Statuses that count as ok beside 200 to 299."""


class CallRequest(Message):
    """Asks for one attempt of a task's call."""

    tenant: str
    task: str
    call: CallOut


class CallAnswered(Message):
    """What came of one attempt: a status with the body as JSON, or why there was none."""

    kind: Literal["call_answered"] = "call_answered"
    number: int
    attempt: int = 1
    status: int | None = None
    body: Any = None
    """JSON; text that is no JSON is a text."""
    failure: str = ""
    """Why there is no status: `timeout`, `unreachable`, `refused_address`, `too_large` …"""
    for_good: bool = False
    """Whether another attempt would fail as well."""


class HoursRequest(Message):
    """Asks whether a calendar of the tenant is open at an instant."""

    tenant: str
    calendar: str
    at: datetime


class Hours(Message):
    """Whether a calendar is open, and what day it is there; not `known`: there is none such."""

    known: bool = True
    open: bool = False
    day: Day = "regular"
