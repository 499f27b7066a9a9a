from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import Extask, FakeApi

OLD = """\
workflow: greet
version: 1
params:
  name: { type: text, default: you }
steps:
  bye:
    end: "${params.name}"
"""
NEW = OLD.replace("version: 1", "version: 2").replace("default: you", "required: true")
ROW: dict[str, Any] = {
    "workflow": "greet",
    "version": 2,
    "state": "published",
    "current": True,
    "canary": None,
    "title": "",
    "findings": [],
}
SEEN = {
    "count": 3,
    "movable": 2,
    "refused": 1,
    "staying": [
        {
            "task_id": "t-1",
            "step": "look",
            "code": "no_such_step",
            "message": "version 2 has no step 'look'",
        }
    ],
}


FINDING: dict[str, Any] = {
    "code": "E501",
    "severity": "error",
    "file": "new.workflow.yaml",
    "line": 4,
    "column": 3,
    "end_column": 7,
    "message": "there is no service 'suport'",
    "help": "did you mean 'support'?",
    "path": "steps.bye",
    "fix": "support",
}
REJECTED = {
    "detail": "The definition has errors; see its findings.",
    "code": "definition_rejected",
    "faults": [{"pointer": "/source", "code": "E501", "message": "…"}],
    "findings": [FINDING],
}


@pytest.fixture
def old(tmp_path: Path) -> str:
    file = tmp_path / "old.workflow.yaml"
    file.write_text(OLD)
    return str(file)


@pytest.fixture
def new(tmp_path: Path) -> str:
    file = tmp_path / "new.workflow.yaml"
    file.write_text(NEW)
    return str(file)


def test_publishing_says_what_is_meant(online: Extask, api: FakeApi, new: str) -> None:
    api.answer("POST", "/definitions", ROW, status=201)

    assert online("definition", "publish", new).code == 0
    assert api.last.body == {"source": NEW, "file": new}
    assert online("definition", "publish", new, "--breaking", "--not-current").code == 0
    assert api.last.body == {"source": NEW, "file": new, "breaking": True, "current": False}
    assert api.last.key == "k-workflow"


def test_a_draft_is_published_by_its_name(online: Extask, api: FakeApi, new: str) -> None:
    api.answer("GET", "/definitions/greet/draft", {"source": OLD})
    api.answer("POST", "/definitions/greet/draft/publish", ROW, status=201)

    assert online("definition", "publish", "--draft", "greet").code == 0
    assert api.last.body == {}
    api.answer("POST", "/definitions/greet/draft/publish", REJECTED, status=400)
    ended = online("definition", "publish", "--draft", "greet")
    assert (ended.code, ended.err.splitlines()[-1]) == (
        1,
        "error: the draft of 'greet' has errors",
    )
    for arguments in ([], [new, "--draft", "greet"]):
        ended = online("definition", "publish", *arguments)
        assert (ended.code, "--draft NAME" in ended.err) == (2, True)


def test_a_refusal_names_what_breaks(online: Extask, api: FakeApi, new: str) -> None:
    told = {"detail": "it breaks who sends tasks: …", "code": "breaking_change"}
    api.answer("POST", "/definitions", told, status=409)

    ended = online("definition", "publish", new)

    assert ended.code == 1
    assert ended.err == "error: it breaks who sends tasks: … [breaking_change]\n"


def test_what_the_server_finds_is_shown_at_its_line(online: Extask, api: FakeApi, new: str) -> None:
    api.answer("POST", "/definitions", REJECTED, status=400)

    ended = online("definition", "publish", new)

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.splitlines() == [
        "new.workflow.yaml:4:3: error: there is no service 'suport' [E501]",
        "  |",
        "4 |   name: { type: text, required: true }",
        "  |   ^~~~",
        "  = help: did you mean 'support'?",
        f"error: {new} has errors",
    ]
    warning = FINDING | {"code": "W701", "severity": "warning", "message": "nobody reads it"}
    api.answer("POST", "/definitions", {**ROW, "findings": [warning]}, status=201)
    ended = online("definition", "publish", new)
    assert (ended.code, "greet" in ended.out) == (0, True)
    assert ended.err.startswith("new.workflow.yaml:4:3: warning: nobody reads it [W701]\n")


def test_a_file_is_saved_as_draft_and_its_findings_are_shown(
    online: Extask, api: FakeApi, new: str, tmp_path: Path
) -> None:
    finding = {
        "code": "E602",
        "severity": "error",
        "file": new,
        "line": 4,
        "column": 3,
        "end_column": 7,
        "message": "the parameter 'name' is required now",
        "help": "publish it with --breaking",
        "path": "params.name",
        "fix": None,
    }
    api.answer("PUT", "/definitions/greet/draft", {"findings": [finding]})

    ended = online("definition", "draft", new)

    assert ended.out.startswith(f"{new}:4:3: error: the parameter 'name' is required now [E602]")
    assert "extask definition publish --draft greet" in ended.err
    assert api.last.body == {"source": NEW, "file": new}
    broken = tmp_path / "greet.workflow.yaml"
    broken.write_text("nonsense")
    assert online("definition", "draft", str(broken)).code == 0
    assert api.last.path == "/definitions/greet/draft"


def test_a_draft_is_shown_and_dropped(online: Extask, api: FakeApi) -> None:
    api.answer("GET", "/definitions/greet/draft", {"source": OLD})
    api.answer("DELETE", "/definitions/greet/draft", "", status=204)

    assert online("definition", "draft", "greet").out == OLD
    ended = online("definition", "draft", "greet", "--drop")
    assert (ended.code, ended.out, ended.err) == (0, "", "'greet' has no draft any more\n")


def test_versions_are_listed_with_what_runs_on_them(online: Extask, api: FakeApi) -> None:
    row = {**ROW, "running": 7, "published_by": "wanda"}
    api.answer("GET", "/definitions/greet/versions", {"value": [row], "draft": True})

    ended = online("definition", "versions", "greet")

    assert ended.out.splitlines()[1].split() == ["2", "published", "yes", "7", "wanda"]
    assert "extask definition draft greet" in ended.err
    api.answer("GET", "/definitions/greet/versions", {"value": [row], "draft": False})
    assert online("definition", "versions", "greet").err == ""


def test_new_tasks_take_what_is_chosen(online: Extask, api: FakeApi) -> None:
    api.answer("PUT", "/definitions/greet/current", ROW)
    api.answer("PUT", "/definitions/greet/canary", {**ROW, "current": False, "canary": 25})
    api.answer("DELETE", "/definitions/greet/canary", "", status=204)

    assert online("definition", "current", "greet", "2").code == 0
    assert api.last.body == {"version": 2}
    ended = online("definition", "canary", "greet", "2", "--percent", "25")
    assert ended.out.splitlines()[1].split()[-1] == "25"
    assert api.last.body == {"version": 2, "percent": 25}
    assert "takes the current version" in online("definition", "canary", "greet", "--drop").err
    for arguments in ([], ["2", "--drop"]):
        assert online("definition", "canary", "greet", *arguments).code == 2


@pytest.mark.parametrize("verb", ["deprecate", "retire"])
def test_versions_go(online: Extask, api: FakeApi, verb: str) -> None:
    api.answer("POST", f"/definitions/greet/versions/1/{verb}", {**ROW, "state": f"{verb}d"})

    assert f"{verb}d" in online("definition", verb, "greet", "1").out


def test_two_files_are_compared_offline(extask: Extask, old: str, new: str) -> None:
    ended = extask("definition", "diff", old, new)

    assert ended.out == (
        "param name changed\n"
        "  required added: true\n"
        "  default removed: you\n"
        "breaking: the parameter 'name' is required now\n"
    )
    told = extask("definition", "diff", old, new, "--json").json
    assert (told["workflow"], told["from"], told["to"]) == ("greet", 1, 2)
    assert told["differences"][0]["property"] == "required"
    assert extask("definition", "diff", old, old).err == "there is no difference\n"


def test_a_file_is_compared_with_what_is_published(online: Extask, api: FakeApi, new: str) -> None:
    api.answer("GET", "/definitions/greet", {"source": OLD})

    assert "required added: true" in online("definition", "diff", new).out
    assert api.last.query == {}
    online("definition", "diff", new, "--from", "1")
    assert api.last.query == {"version": "1"}
    api.answer("GET", "/definitions/greet", {"source": "of another time"})
    ended = online("definition", "diff", new)
    assert (ended.code, "cannot read 'greet'" in ended.err) == (1, True)


def test_published_versions_are_compared_by_the_server(online: Extask, api: FakeApi) -> None:
    one = {
        "area": "step",
        "name": "bye",
        "change": "added",
        "property": "",
        "old": "",
        "new": "end",
    }
    api.answer("GET", "/definitions/greet/diff", {"differences": [one], "breaking": []})

    ended = online("definition", "diff", "greet", "--from", "1", "--to", "2")

    assert ended.out == "step bye added: end\n"
    assert api.last.query == {"from": "1", "to": "2"}


def test_a_dry_run_names_those_that_stay(online: Extask, api: FakeApi) -> None:
    api.answer("POST", "/definitions/greet/migrate/preview", SEEN)

    ended = online("definition", "migrate", "greet", "--from", "1", "--to", "2", "--dry-run")

    assert ended.err == "3 tasks run on version 1: 2 may go on with 2\n"
    assert "t-1      look  version 2 has no step 'look'" in ended.out
    assert [each.path for each in api.asked] == ["/definitions/greet/migrate/preview"]


def test_a_migration_is_begun_once_it_is_agreed(
    online: Extask, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.answer("POST", "/definitions/greet/migrate/preview", SEEN)
    api.answer("POST", "/definitions/greet/migrate", {"id": "j-1"}, status=202)
    migrate = ("definition", "migrate", "greet", "--from", "1", "--to", "2")
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))

    assert online(*migrate).code == 1
    ended = online(*migrate, "--reason", "longer", "--yes")

    assert "extask job show j-1" in ended.err
    assert api.last.body == {"from": 1, "to": 2, "reason": "longer"}
    assert len(api.last.headers["idempotency-key"]) == 32


def test_where_nothing_runs_nothing_is_migrated(online: Extask, api: FakeApi) -> None:
    api.answer("POST", "/definitions/greet/migrate/preview", {**SEEN, "count": 0, "staying": []})

    ended = online("definition", "migrate", "greet", "--from", "1", "--to", "2", "--yes")

    assert (ended.code, "no task runs on version 1 of 'greet'" in ended.err) == (1, True)
