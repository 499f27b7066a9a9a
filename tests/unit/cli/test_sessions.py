from __future__ import annotations

from typing import Any

import pytest

from tests.support.command_line import KEYS, Asked, Extask, FakeApi

ANNA, BEN = "anna@demo.example", "ben@demo.example"


def session(number: int, task: str, *, state: str = "offered", agent: str = ANNA) -> dict[str, Any]:
    return {
        "id": f"{task}.1.{number}",
        "task_id": task,
        "service": "support",
        "state": state,
        "agent": {"id": "a-1", "upn": agent, "display_name": ""},
    }


def have(api: FakeApi, agent: str, *sessions: dict[str, Any]) -> None:
    """Let an agent have sessions, listed by state, and let every verb work on them."""

    def listed(asked: Asked) -> dict[str, Any]:
        state = asked.query.get("state")
        return {"value": [each for each in sessions if state in (None, each["state"])]}

    api.answer("GET", "/sessions", listed, key=KEYS.agents[agent])


def let_all_be_done(api: FakeApi, verb: str) -> None:
    def done(asked: Asked) -> dict[str, Any]:
        sessions = asked.body.get("session_ids", [])
        tasks = asked.body.get("task_ids", [])
        by_session = [{"session_id": each, "task_id": each.split(".")[0]} for each in sessions]
        by_task = [{"session_id": f"{each}.1.1", "task_id": each} for each in tasks]
        return {"results": [{**each, "status": "done"} for each in by_session + by_task]}

    api.answer("POST", f"/sessions/{verb}", done)


def acts(api: FakeApi) -> list[tuple[str, str, Any]]:
    return [(each.path, each.key, each.body) for each in api.asked if each.method == "POST"]


def test_list_shows_sessions_of_every_known_agent_or_of_one(online: Extask, api: FakeApi) -> None:
    have(api, ANNA, session(1, "t-1"))
    have(api, BEN, session(2, "t-2", state="active", agent=BEN))

    everybody = online("session", "list")
    assert [line.split()[0] for line in everybody.out.splitlines()] == ["id", "t-1.1.1", "t-2.1.2"]
    assert BEN in everybody.out

    ben = online("session", "list", "--as", BEN, "--json")
    assert [each["id"] for each in ben.json] == ["t-2.1.2"]
    assert online("session", "list", "--state", "offered", "--as", BEN, "--json").json == []


@pytest.mark.parametrize(
    ("verb", "state"),
    [
        ("accept", "offered"),
        ("decline", "offered"),
        ("complete", "active"),
        ("return", "on_hold"),
        ("hold", "active"),
        ("resume", "on_hold"),
        ("end-wrap-up", "wrap_up"),
    ],
)
def test_without_ids_the_only_session_that_fits_is_meant(
    online: Extask, api: FakeApi, verb: str, state: str
) -> None:
    other = "active" if state == "offered" else "offered"
    have(api, ANNA, session(1, "t-1", state=other))
    have(api, BEN, session(2, "t-2", state=state))
    let_all_be_done(api, verb)

    ended = online("session", verb)

    assert ended.code == 0
    assert f"t-2.1.2     t-2      {BEN}  done" in ended.out
    assert acts(api) == [(f"/sessions/{verb}", "k-ben", {"session_ids": ["t-2.1.2"]})]


def test_without_ids_it_waits_for_a_session_to_appear(online: Extask, api: FakeApi) -> None:
    def later(asked: Asked) -> dict[str, Any]:
        seen = sum(each.path == "/sessions" and each.key == asked.key for each in api.asked)
        return {"value": [session(1, "t-1")] if seen > 1 else []}

    api.answer("GET", "/sessions", later, key="k-anna")
    have(api, BEN)
    let_all_be_done(api, "accept")

    assert online("session", "accept").code == 0


def test_without_ids_and_without_a_session_it_is_refused(online: Extask, api: FakeApi) -> None:
    have(api, ANNA)
    have(api, BEN)

    ended = online("session", "accept", "--wait", "0")

    assert (ended.code, ended.err) == (1, "error: there is no session to accept\n")


def test_without_ids_and_with_several_sessions_it_asks_which(online: Extask, api: FakeApi) -> None:
    have(api, ANNA, session(1, "t-1"), session(2, "t-2"))
    have(api, BEN, session(3, "t-3"))

    ended = online("session", "decline")

    assert ended.code == 2
    assert f"  t-2.1.2  {ANNA}\n" in ended.err
    assert "there are 3 sessions to decline: say which, or --as UPN" in ended.err
    assert acts(api) == []


def test_ids_of_tasks_and_sessions_find_their_agents(online: Extask, api: FakeApi) -> None:
    have(api, ANNA, session(1, "t-1"), session(2, "t-2"))
    have(api, BEN, session(3, "t-3"))
    let_all_be_done(api, "accept")

    ended = online("session", "accept", "t-3", "t-1.1.1", "t-2", "--json")

    assert [each["agent"] for each in ended.json] == [ANNA, ANNA, BEN]
    assert acts(api) == [
        ("/sessions/accept", "k-anna", {"session_ids": ["t-1.1.1"]}),
        ("/sessions/accept", "k-anna", {"task_ids": ["t-2"]}),
        ("/sessions/accept", "k-ben", {"task_ids": ["t-3"]}),
    ]


def test_ids_that_nobody_has_stop_the_whole_command(online: Extask, api: FakeApi) -> None:
    have(api, ANNA, session(1, "t-1"))
    have(api, BEN)

    ended = online("session", "accept", "t-1", "t-9", "t-8")

    assert (ended.code, ended.err) == (1, "error: no agent has a session for t-8, t-9\n")
    assert acts(api) == []


def test_a_session_that_is_past_the_act_is_for_the_server_to_refuse(
    online: Extask, api: FakeApi
) -> None:
    have(api, ANNA, session(1, "t-1", state="active"))
    have(api, BEN, session(2, "t-1"), session(3, "t-2", state="active"))
    let_all_be_done(api, "accept")

    assert online("session", "accept", "t-1", "t-2").code == 0

    assert acts(api) == [("/sessions/accept", "k-ben", {"task_ids": ["t-1", "t-2"]})]


def test_as_an_agent_the_server_judges_the_ids(online: Extask, api: FakeApi) -> None:
    let_all_be_done(api, "complete")

    ended = online(
        *("session", "complete", "t-1", "--as", ANNA),
        *("--code", "solved", "--tag", "easy", "--tag", "fast", "--note", "rebooted"),
    )

    assert ended.code == 0
    said = {"code": "solved", "tags": ["easy", "fast"], "note": "rebooted"}
    assert acts(api) == [("/sessions/complete", "k-anna", {"task_ids": ["t-1"], **said})]


def test_with_an_api_key_no_data_folder_is_needed(extask: Extask, api: FakeApi) -> None:
    let_all_be_done(api, "accept")

    ended = extask("session", "accept", "t-1.1.1", "--url", api.url, "--api-key", "mine")

    assert ended.code == 0
    assert acts(api) == [("/sessions/accept", "mine", {"session_ids": ["t-1.1.1"]})]


@pytest.mark.parametrize(("status", "code"), [(409, 1), (403, 4), (503, 5)])
def test_a_failed_session_is_told_beside_those_that_went_through(
    online: Extask, api: FakeApi, status: int, code: int
) -> None:
    problem = {"status": status, "detail": "Too late.", "code": "too_late"}
    done = {"session_id": "t-1.1.1", "task_id": "t-1", "status": "done"}
    failed = {"session_id": None, "task_id": "t-2", "status": "failed", "problem": problem}
    api.answer("POST", "/sessions/accept", {"results": [done, failed]}, status=207)

    ended = online("session", "accept", "t-1", "t-2", "--as", ANNA)

    assert ended.code == code
    assert ended.err == "error: t-2: Too late. [too_late]\n"
    assert "t-1.1.1     t-1" in ended.out


def test_verbs_with_more_to_say_say_it(online: Extask, api: FakeApi) -> None:
    have(api, ANNA, session(1, "t-1", state="active"))
    have(api, BEN, session(2, "t-2", state="wrap_up"))
    for verb in ("transfer", "extend-wrap-up"):
        let_all_be_done(api, verb)

    assert online("session", "transfer", "sales", "--priority", "high").code == 0
    assert online("session", "transfer", "sales").code == 0
    assert online("session", "extend-wrap-up", "5m").code == 0

    ids = {"session_ids": ["t-1.1.1"]}
    assert acts(api) == [
        ("/sessions/transfer", "k-anna", {**ids, "service": "sales", "priority": "high"}),
        ("/sessions/transfer", "k-anna", {**ids, "service": "sales"}),
        ("/sessions/extend-wrap-up", "k-ben", {"session_ids": ["t-2.1.2"], "by": "5m"}),
    ]


def test_pickups_are_listed_and_one_agent_picks_up(online: Extask, api: FakeApi) -> None:
    listed = {"task_id": "t-1", "service": "support", "priority": "normal", "rule": None}
    api.answer("GET", "/sessions/pickups", {"value": [listed]})
    let_all_be_done(api, "pick-up")

    assert [each["agent"] for each in online("session", "pickups", "--json").json] == [ANNA, BEN]
    assert online("session", "pick-up", "t-1").err == "error: say for whom: --as UPN\n"
    assert online("session", "pick-up", "t-1", "--as", BEN).code == 0
    assert acts(api) == [("/sessions/pick-up", "k-ben", {"task_ids": ["t-1"]})]
