"""`name=value` as people type it: text, JSON after `:=`, switches, preferred agents."""

from __future__ import annotations

import json

from extask.errors import Misconfigured

_SWITCHES = {"on": True, "yes": True, "true": True, "off": False, "no": False, "false": False}
_TEXTS = {"display_name", "description"}
"""Settings whose values are text whatever they look like."""


def text(pair: str) -> tuple[str, str]:
    """Read `name=text`.

    Raises:
        Misconfigured: it is not written so.
    """
    name, sign, value = pair.partition("=")
    if not sign or not name:
        raise Misconfigured(f"'{pair}' is not written as name=value")
    return name, value


def param(pair: str) -> tuple[str, object]:
    """Read `name=text` or `name:=json`.

    Raises:
        Misconfigured: it is not written so.
    """
    name, value = text(pair)
    if not name.endswith(":"):
        return name, value
    try:
        return name[:-1], json.loads(value)
    except ValueError as error:
        raise Misconfigured(f"'{value}' in '{pair}' is no JSON") from error


def setting(pair: str) -> tuple[str, object]:
    """Read `name=value`, where on, off and whole numbers are what they look like.

    Raises:
        Misconfigured: it is not written so.
    """
    name, value = param(pair)
    if not isinstance(value, str) or name in _TEXTS or f"{name}:=" in pair:
        return name, value
    on = switch(value)
    if on is not None:
        return name, on
    return name, int(value) if value.removeprefix("-").isdecimal() else value


def switch(word: str) -> bool | None:
    """Read on or off in its usual words; nothing for any other word."""
    return _SWITCHES.get(word.lower())


def preferred(user: str) -> dict[str, object]:
    """Read a preferred agent, `UPN` or `UPN:PRIORITY`.

    Raises:
        Misconfigured: the priority is no number.
    """
    upn, sign, priority = user.partition(":")
    if not sign:
        return {"upn": upn}
    if not priority.isdecimal():
        raise Misconfigured(f"'{priority}' in '{user}' is no number from 1 to 99")
    return {"upn": upn, "priority": int(priority)}
