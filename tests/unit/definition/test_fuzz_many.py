"""Of 200,000 inputs each is answered within a second and in little memory."""

from __future__ import annotations

import resource
from time import process_time

import pytest

from tests.support.fuzzing import made, must_answer

EACH = 5_000
"""Inputs of one batch; one batch always, all in `make prove`."""
BATCHES = 40
LONGEST = 1.0
"""Seconds of a processor for one input."""
MOST_MEMORY = 256 * 1024
"""KiB that the process may grow by while it answers a batch."""


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "batch", [0, *(pytest.param(batch, marks=pytest.mark.prove) for batch in range(1, BATCHES))]
)
def test_whatever_comes_is_answered_soon_and_in_little_memory(batch: int) -> None:
    before = _memory()
    for number in range(batch * EACH, (batch + 1) * EACH):
        text, begun = made(number), process_time()
        try:
            must_answer(text)
        except Exception as error:
            raise AssertionError(f"input {number}: {text!r}") from error
        assert process_time() - begun < LONGEST, f"input {number}: {text!r}"
    assert _memory() - before < MOST_MEMORY


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
