"""Durations as people write them: `30s`, `1h30m`, `2d`, or ISO 8601."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import lru_cache

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_SHORT = re.compile(
    r"(?:(?P<w>\d{1,9})w)?(?:(?P<d>\d{1,9})d)?(?:(?P<h>\d{1,9})h)?(?:(?P<m>\d{1,9})m)?"
    r"(?:(?P<s>\d{1,9}(?:\.\d{1,6})?)s)?",
    re.ASCII,
)
_ISO = re.compile(
    r"P(?:(?P<w>\d{1,9})W)?(?:(?P<d>\d{1,9})D)?"
    r"(?:T(?=\d)(?:(?P<h>\d{1,9})H)?(?:(?P<m>\d{1,9})M)?(?:(?P<s>\d{1,9}(?:\.\d{1,6})?)S)?)?",
    re.ASCII,
)
PATTERN = "^(?=.*[0-9])" + re.sub(r"\?P<.>", "?:", f"(?:{_SHORT.pattern}|{_ISO.pattern})$")
"""The same as a regular expression for JSON Schema."""
LONGEST = timedelta(days=3_650)


@lru_cache(maxsize=1024)
def parse_duration(text: str) -> timedelta:
    """Read a duration.

    Raises:
        ValueError: it is none, or longer than ten years.
    """
    found = _SHORT.fullmatch(text) or _ISO.fullmatch(text)
    parts = {
        unit: amount for unit, amount in (found.groupdict() if found else {}).items() if amount
    }
    if not parts:
        raise ValueError(f"{text!r} is not a duration")
    whole = sum(int(amount) * _UNITS[unit] for unit, amount in parts.items() if unit != "s")
    seconds, _, fraction = parts.get("s", "0").partition(".")
    whole += int(seconds)
    if whole > LONGEST.total_seconds():
        raise ValueError(f"{text!r} is longer than ten years")
    return timedelta(seconds=whole, microseconds=int(fraction.ljust(6, "0")))


def format_duration(duration: timedelta) -> str:
    """Write a duration the short way; `parse_duration` reads it back, but for a minus sign."""
    if duration < timedelta(0):
        return "-" + format_duration(-duration)
    rest = duration.days * _UNITS["d"] + duration.seconds
    text = ""
    for unit, size in list(_UNITS.items())[1:4]:
        amount, rest = divmod(rest, size)
        text += f"{amount}{unit}" if amount else ""
    if duration.microseconds:
        return f"{text}{rest}.{duration.microseconds:06d}".rstrip("0") + "s"
    return f"{text}{rest}s" if rest or not text else text
