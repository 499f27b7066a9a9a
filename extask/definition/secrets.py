"""Finds what looks like a key or a token in the text of a definition, wherever it stands."""

from __future__ import annotations

import re

from extask.definition.finding import Findings, spot_at

HELP = "delete it, and call a flow of the catalogue that has the secret by name"
_LOOKS = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"AKIA[0-9A-Z]{16}\b"
    r"|[sr]k_(?:live|test)_[0-9A-Za-z]{16,}"
    r"|gh[pousr]_[0-9A-Za-z]{30,}"
    r"|github_pat_\w{30,}"
    r"|glpat-[\w-]{20,}"
    r"|xox[abprs]-[\w-]{10,}"
    r"|AIza[\w-]{35}"
    r"|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*"
    r"|(?:Bearer|Basic)[ ](?=[A-Za-z+/=._~-]*[0-9])[A-Za-z0-9+/=._~-]{16,}"
    r"|-----BEGIN[ ](?:[A-Z]+[ ])*PRIVATE[ ]KEY)"
    r"|(?<=[?&])(?:access_token|token|api_?key|secret|password|sig)=[^&\s$'\"]{8,}"
)


def judge(text: str, findings: Findings) -> None:
    """Note what looks like a secret, once a line, unless that line was told of it already."""
    for found in _LOOKS.finditer(text):
        spot = spot_at(text, found.start(), found.end())
        if not findings.has_on(spot.line, "E506"):
            message = "this looks like a key or token, which everybody could read here"
            findings.add("E506", spot, message, help=HELP)
