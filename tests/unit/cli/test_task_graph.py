from __future__ import annotations

from pathlib import Path

from tests.support.command_line import Extask, FakeApi

DRAWN = "flowchart TD\n  start_([help]) --> s_ask\n"


def test_a_tasks_way_is_drawn(online: Extask, api: FakeApi) -> None:
    api.answer("GET", "/tasks/t-1/graph", DRAWN)

    assert online("task", "graph", "t-1").out == DRAWN
    assert (api.last.query, api.last.key) == ({"format": "mermaid"}, "k-supervisor")
    assert online("task", "graph", "t-1", "--json").json == {"task": "t-1", "mermaid": DRAWN}


def test_a_picture_goes_into_a_file(online: Extask, api: FakeApi, tmp_path: Path) -> None:
    api.answer("GET", "/tasks/t-1/graph", "<svg/>\n")
    file = tmp_path / "task.svg"

    ended = online("task", "graph", "t-1", "--format", "svg", "--out", str(file))

    assert (ended.code, ended.out) == (0, "")
    assert api.last.query == {"format": "svg"}
    assert file.read_text() == "<svg/>\n"


def test_a_task_that_is_not_there_is_told(online: Extask) -> None:
    ended = online("task", "graph", "t-2")
    assert ended.code != 0
    assert "no /tasks/t-2/graph" in ended.err
