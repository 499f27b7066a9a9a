"""Instants and durations as whole microseconds, exact and fast to compare."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = EPOCH.replace(tzinfo=None)
SECOND = 1_000_000
_MICROSECOND = timedelta(microseconds=1)
_LAST = ((datetime.max.replace(tzinfo=UTC) - EPOCH).days - 1) * 86_400 * SECOND


def span(duration: timedelta) -> int:
    """Convert a duration to microseconds, bounded by the calendar."""
    exact = duration // _MICROSECOND
    return exact if -_LAST <= exact <= _LAST else max(-_LAST, min(exact, _LAST))


def micros(at: datetime) -> int:
    """Convert an instant to microseconds since 1970; one without a zone is taken as UTC."""
    return span((at if at.tzinfo else at.replace(tzinfo=UTC)) - EPOCH)


def instant(at: int) -> datetime:
    """Convert microseconds since 1970 to an aware UTC instant, bounded by the calendar."""
    return EPOCH + min(at, _LAST) * _MICROSECOND


def maybe(at: int | None) -> datetime | None:
    """Convert microseconds since 1970 that may be absent."""
    return None if at is None else instant(at)


def text(at: int | None) -> str | None:
    """Write an instant as ISO 8601, as it stands in the data of events."""
    if at is None:
        return None
    # Python takes three times as long to write an instant with its zone
    return (_NAIVE_EPOCH + min(at, _LAST) * _MICROSECOND).isoformat() + "+00:00"
