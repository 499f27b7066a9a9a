"""What a keystroke in a definition of 500 lines costs: processor time in milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import process_time

from extask.definition.catalogue import Catalogue
from extask.definition.checker import check
from extask.definition.formatter import format_definition
from extask.editor.completing import suggest
from extask.editor.navigating import references
from extask.editor.outline import Outline

LINES = 500
ROUNDS = 5
_HEAD = "workflow: long\nversion: 1\nlifetime: 30d\nparams:\n  tries: { type: integer }\nsteps:\n"
_STEP = """\
  in_{n}:
    queue: {{ service: support, priority: normal, wait: 10m }}
    then: {{ timeout: look_{n}, rejected: end }}
  look_{n}:
    check_position:
      - if: position <= {n} && params.tries > 0
        then: out_{n}
      - else: out_{n}
  out_{n}:
    leave_queue:
    then: in_{m}
"""


def source() -> str:
    """Write a definition of at least 500 lines."""
    text, number = _HEAD, 0
    while text.count("\n") < LINES:
        text += _STEP.format(n=number, m=number + 1)
        number += 1
    return text + f"  in_{number}: {{ end: }}\n"


def measure() -> dict[str, float]:
    """Give the median of each answer in milliseconds; each time the text is another one."""
    text = source()
    line = text[: text.index("leave_queue")].count("\n") + 1
    answers: dict[str, Callable[[str], object]] = {
        "findings": lambda changed: check(changed, "long.workflow.yaml"),
        "completion": lambda changed: suggest(changed, line, 5, Catalogue()),
        "references": lambda changed: references(Outline(changed), line - 1, 4),
        "formatting": format_definition,
    }
    return {what: _median(answer, text) for what, answer in answers.items()}


def _median(answer: Callable[[str], object], text: str) -> float:
    spans = []
    for number in range(ROUNDS):
        changed = text.replace("lifetime: 30d", f"lifetime: {30 + number}d")
        begun = process_time()
        answer(changed)
        spans.append(process_time() - begun)
    return median(spans) * 1000
