"""Shows the logs of an installation when a test of it fails."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.support.world import World

Reporting = Generator[None, pytest.TestReport, pytest.TestReport]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Reporting:
    report = yield
    world = getattr(item, "funcargs", {}).get("world")
    if report.when == "call" and report.failed and isinstance(world, World):
        report.sections.append(("logs of the installation", world.logs()))
    return report
