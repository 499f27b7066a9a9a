"""Histories of released versions go on with today's workflows."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from extask import temporal
from workflows.distributor import DistributorWorkflow
from workflows.external_task import ExternalTaskWorkflow
from workflows.reconciler import ReconcilerWorkflow
from workflows.task_job import TaskJobWorkflow

WORKFLOWS = (ExternalTaskWorkflow, DistributorWorkflow, ReconcilerWorkflow, TaskJobWorkflow)
HISTORIES = Path(__file__).with_name("histories")
FILES = sorted(HISTORIES.glob("*/*.json"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_a_recorded_history_replays(file: Path) -> None:
    history = WorkflowHistory.from_json(file.stem, file.read_text())
    replayer = Replayer(workflows=WORKFLOWS, plugins=[temporal.plugin()])
    asyncio.run(replayer.replay_workflow(history))


def test_each_release_has_histories_of_every_workflow() -> None:
    for release in {file.parent for file in FILES}:
        recorded = {file.stem for file in release.glob("*.json")}
        assert {"distributor", "handled", "reconciler"} <= recorded, release.name
