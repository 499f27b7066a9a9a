"""Histories of released versions go on with today's workflows."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from extask import temporal
from extask.engine.kinds import KINDS
from extask.engine.run import Run
from tests.replay.shipped import TESTS, name_of
from workflows.distributor import DistributorWorkflow
from workflows.external_task import ExternalTaskWorkflow
from workflows.reconciler import ReconcilerWorkflow
from workflows.task_job import TaskJobWorkflow

WORKFLOWS = (ExternalTaskWorkflow, DistributorWorkflow, ReconcilerWorkflow, TaskJobWorkflow)
HISTORIES = Path(__file__).with_name("histories")
FILES = sorted(HISTORIES.glob("*/*.json"))


SHIPPED = [file for file in FILES if file.stem.rpartition("_")[0] in map(name_of, TESTS)]


def failure(file: Path) -> Exception | None:
    history = WorkflowHistory.from_json(file.stem, file.read_text())
    replayer = Replayer(workflows=WORKFLOWS, plugins=[temporal.plugin()])
    replaying = replayer.replay_workflow(history, raise_on_replay_failure=False)
    return asyncio.run(replaying).replay_failure


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_a_recorded_history_replays(file: Path) -> None:
    assert failure(file) is None


def test_runs_of_all_shipped_definitions_are_recorded() -> None:
    recorded = {file.stem.rpartition("_")[0] for file in SHIPPED}
    assert recorded == {*map(name_of, TESTS)}


def at_once(run: Run, now: datetime) -> None:
    """Do not wait."""
    run.leave("done" if run.step.kind == "delay" else "timeout", now)


def later(run: Run, now: datetime) -> None:
    """Wait first."""
    run.wait(now, now + timedelta(hours=1))


CHANGED = dict.fromkeys(KINDS, later) | dict.fromkeys(("delay", "wait", "wait_for"), at_once)
del CHANGED["fail"]  # no author writes it


@pytest.mark.parametrize("kind", CHANGED)
def test_an_interpreter_that_does_otherwise_is_caught(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, kind, CHANGED[kind])
    assert any(map(failure, SHIPPED))


def test_each_release_has_histories_of_every_workflow() -> None:
    for release in {file.parent for file in FILES}:
        recorded = {file.stem for file in release.glob("*.json")}
        assert {"distributor", "handled", "reconciler"} <= recorded, release.name
