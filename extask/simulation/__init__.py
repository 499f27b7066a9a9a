"""Virtual time: dry runs and tests of definitions."""

from extask.simulation.definition_test import (
    Difference,
    FileResult,
    TestResult,
    run_test_file,
    run_test_text,
    run_tests,
)
from extask.simulation.given import Given, Seen
from extask.simulation.trace import Trace, TraceLine, trace_of
from extask.simulation.virtual import Simulated, simulate

__all__ = [
    "Difference",
    "FileResult",
    "Given",
    "Seen",
    "Simulated",
    "TestResult",
    "Trace",
    "TraceLine",
    "run_test_file",
    "run_test_text",
    "run_tests",
    "simulate",
    "trace_of",
]
