"""The time of checking a definition, beside reading its YAML alone: `python -m bench.checking`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import process_time

import yaml

from bench.paired import RUNS
from extask import processes
from extask.definition.catalogue import FILE_NAME, read_catalogue
from extask.definition.checker import check

DEFINITIONS = Path("definitions")
LINES = 80
"""Of the file that is checked."""
EACH = 50
_PAUSE, _LONGER_PAUSE = "1m", "\"${task.age + duration('1m')}\""


@dataclass(frozen=True)
class Speed:
    """Milliseconds of a processor for one definition: checking it, and composing its YAML alone."""

    checking: float
    composing: float


def measure() -> Speed:
    """Answer the medians of the runs, in which both take turns."""
    text = of_length(LINES)
    catalogue = read_catalogue((DEFINITIONS / FILE_NAME).read_text("utf-8"), FILE_NAME)[0]
    assert not check(text, "example.yaml", catalogue)
    ours, yamls = [], []
    for run in range(RUNS):
        texts = [_other(text, run * EACH + number) for number in range(EACH)]
        ours.append(_each(lambda one: check(one, "example.yaml", catalogue), texts))
        yamls.append(_each(lambda one: yaml.compose(one, Loader=yaml.CSafeLoader), texts))
    return Speed(median(ours), median(yamls))


def of_length(lines: int) -> str:
    """Give a definition of so many lines, one expression in eight: the example, with pauses."""
    text = (DEFINITIONS / "support_escalate.workflow.yaml").read_text("utf-8")
    more = (lines - text.count("\n")) // 4
    pauses = (
        f"  pause_{number}:\n    delay: {_PAUSE if number % 4 else _LONGER_PAUSE}\n"
        for number in range(more * 2)
    )
    return text.replace("  line_up:\n", "".join(pauses) + "  line_up:\n", 1)


def _other(text: str, number: int) -> str:
    """Give the same with expressions of its own, so that none was compiled before."""
    for word, own in (
        ("max_pushes", f"max_pushes_{number}"),
        ("duration('1m')", f"duration('{number}m')"),
        ("position > 30", f"position > {number}"),
        ("position <= 3", f"position <= {number}"),
    ):
        text = text.replace(word, own)
    return text


def _each(work: Callable[[str], object], texts: list[str]) -> float:
    begun = process_time()
    for text in texts:
        work(text)
    return (process_time() - begun) / len(texts) * 1_000


if __name__ == "__main__":
    processes.collect_rarely()  # as the processes do in which definitions are checked
    print(measure())
