"""Every error raised on purpose.

ExtaskError
├── BadInput                 what was sent cannot be understood
│   └── DefinitionRejected   a definition has findings
├── NotAllowed               who asks may not
├── NotFound                 there is no such thing (for who asks)
├── Conflict                 the present state does not allow it
│   ├── BreakingChange       a new version would refuse what senders send
│   ├── IdempotencyConflict  the key was used with another body
│   ├── InUse                it cannot go while something else needs it
│   ├── MoreThanExpected     more tasks match than were counted before
│   ├── VersionInUse         new tasks take a version, or tasks run on it
│   ├── VersionState         a version is deprecated or retired, or not yet so
│   └── VersionTaken         a published version has other content
├── FairUseLimit             too many tasks at once
├── Unavailable              try again: something this needs is away
│   ├── PoolBehind           the pool has too much undelivered
│   └── PoolFull             the pool is at the limit of its size
└── Misconfigured            a setting is missing or wrong
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar


@dataclass(frozen=True)
class Fault:
    """One thing wrong in what was sent; `pointer` is a JSON pointer into it."""

    pointer: str
    code: str
    message: str


class ExtaskError(Exception):
    """Something went wrong that this program foresaw."""

    code: ClassVar[str] = "extask_error"

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip().splitlines()[0])


class BadInput(ExtaskError):
    """What was sent cannot be understood; every fault is listed."""

    code = "bad_input"

    def __init__(self, message: str = "", faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(message)
        self.faults = faults


class DefinitionRejected(BadInput):
    """The definition has errors; see its findings."""

    code = "definition_rejected"


class NotAllowed(ExtaskError):
    """You may not do this."""

    code = "not_allowed"


class NotFound(ExtaskError):
    """There is no such thing."""

    code = "not_found"


class Conflict(ExtaskError):
    """The present state does not allow this."""

    code = "conflict"


class BreakingChange(Conflict):
    """This version breaks who sends tasks; publish it with `breaking` if that is meant."""

    code = "breaking_change"

    def __init__(self, message: str = "", faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(message)
        self.faults = faults


class IdempotencyConflict(Conflict):
    """This idempotency key was used before with another body."""

    code = "idempotency_key_reused"


class InUse(Conflict):
    """It cannot leave its pool while it is in use."""

    code = "in_use"


class MoreThanExpected(Conflict):
    """More tasks match than were expected; look at the preview again."""

    code = "more_than_expected"


class VersionInUse(Conflict):
    """This version is still needed: new tasks take it, or tasks run on it."""

    code = "version_in_use"


class VersionState(Conflict):
    """The state of this version does not allow it."""

    code = "version_state"


class VersionTaken(Conflict):
    """This version is published already with other content."""

    code = "version_taken"


class FairUseLimit(ExtaskError):
    """The limit of concurrent tasks is reached; try again when one has ended."""

    code = "fair_use_limit"

    def __init__(self, message: str = "", retry_after: timedelta = timedelta(seconds=5)) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(ExtaskError):
    """Something this needs is away for the moment; try again."""

    code = "unavailable"

    def __init__(self, message: str = "", retry_after: timedelta = timedelta(seconds=2)) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PoolBehind(Unavailable):
    """The pool has too many undelivered events; new tasks are taken again soon."""

    code = "pool_behind"


class PoolFull(Unavailable):
    """The pool is at the limit of its size; spread its services over more `pools`."""

    code = "pool_full"


class Misconfigured(ExtaskError):
    """A setting is missing or wrong."""

    code = "misconfigured"
