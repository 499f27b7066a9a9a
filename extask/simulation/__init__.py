"""Virtual time: dry runs and tests of definitions, and forecasts of whole scenarios."""

from extask.simulation.calls import CallMade
from extask.simulation.definition_test import (
    Difference,
    FileResult,
    TestResult,
    run_test_file,
    run_test_text,
    run_tests,
)
from extask.simulation.forecasting import Forecast, Staffing, forecast, smallest, sweep
from extask.simulation.given import Given, Occurs, Reply, Seen
from extask.simulation.scenario import Scenario
from extask.simulation.scenario_file import Faulty, read_scenario
from extask.simulation.trace import Trace, TraceLine, trace_of
from extask.simulation.virtual import Simulated, simulate

__all__ = [
    "CallMade",
    "Difference",
    "Faulty",
    "FileResult",
    "Forecast",
    "Given",
    "Occurs",
    "Reply",
    "Scenario",
    "Seen",
    "Simulated",
    "Staffing",
    "TestResult",
    "Trace",
    "TraceLine",
    "forecast",
    "read_scenario",
    "run_test_file",
    "run_test_text",
    "run_tests",
    "simulate",
    "smallest",
    "sweep",
    "trace_of",
]
