"""Warnings that a file allows: `# extask: allow W701 reason`."""

from __future__ import annotations

import re

from extask.definition.finding import Findings, spot_at

_ALLOW = re.compile(
    r"#(?<!\S#)[ \t]*extask:[ \t]*allow[ \t]+(?P<code>[A-Z]\d{3})\b(?P<reason>[^\n]*)",
)
_FROM_OUTSIDE = frozenset({"W508", "W704"})
"""Warnings that only a catalogue or tests of the definition can give."""


def silence(findings: Findings, text: str) -> None:
    """Forget the warnings that a file allows; tell of allowing without reason or without use."""
    for allow in _ALLOW.finditer(text):
        code, spot = allow["code"], spot_at(text, allow.start(), allow.end("code"))
        if code.startswith("E"):
            message = f"'{code}' is an error, which no comment allows"
            findings.add("W707", spot, message, help="mend it, and delete this comment")
            continue
        came = findings.drop(code)
        if not allow["reason"].strip():
            message = f"'{code}' is allowed without a reason"
            advice = f"write the reason behind it: # extask: allow {code} because …"
            findings.add("W706", spot, message, help=advice)
        if not came and code not in _FROM_OUTSIDE and not findings.errors:
            message = f"'{code}' is allowed, but nothing here gives it"
            findings.add("W707", spot, message, help="delete this comment")


def allowed(text: str) -> set[str]:
    """Give the codes that a file allows."""
    return {allow["code"] for allow in _ALLOW.finditer(text)}
