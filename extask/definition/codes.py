"""The catalogue of finding codes, each with a page of its own in `docs/errors/`."""

from __future__ import annotations

CODES: dict[str, str] = {
    "E101": "This is not readable YAML",
    "E102": "The same key or step twice",
    "E103": "A value that YAML reads as a tag",
    "E104": "An unknown kind, key, property, parameter or event",
    "E105": "The wrong kind of value",
    "E106": "Something required is missing",
    "E107": "Two kinds in one step",
    "E108": "Not a duration",
    "E109": "A name that the language does not take",
    "E110": "'${ }' around a condition",
    "E201": "No such step",
    "E202": "A step that nothing leads to",
    "E203": "An outcome that leads nowhere",
    "E204": "An outcome that the kind has not",
    "E205": "A loop that never waits",
    "W206": "A loop that only the end of the task's life stops",
    "E207": "Running on into a step that another step jumps to",
    "E301": "An expression that cannot be read",
    "E302": "An unknown name in an expression",
    "E303": "Types that do not fit in an expression",
    "E304": "A condition that is not yes or no",
    "W305": "Compared with a value that the choice has not",
    "W306": "A condition that is always the same",
    "E401": "The task is in no queue",
    "E402": "The task is in no queue on some ways",
    "E403": "The task may already be in a queue",
    "E404": "An agent has the task",
    "W701": "A parameter that nothing reads",
    "W702": "A wait longer than the task's life",
    "W703": "A loop that comes round too fast",
    "W704": "A transition that no test covers",
    "W705": "Anchors",
}
"""Code → title. `E` forbids publishing, `W` warns and can be allowed in a file."""
