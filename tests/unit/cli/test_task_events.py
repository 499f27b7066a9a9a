from __future__ import annotations

from tests.support.command_line import Extask, FakeApi

TOLD = {"id": "t-1", "name": "approved", "state": "delayed"}


def test_an_event_is_sent_with_a_key_of_its_own(online: Extask, api: FakeApi) -> None:
    api.answer("POST", "/tasks/t-1/events", TOLD, status=202)

    ended = online("task", "event", "t-1", "approved", "--json")

    assert ended.json == TOLD
    assert api.last.body == {"name": "approved"}
    assert len(api.last.headers["idempotency-key"]) == 32


def test_an_events_body_is_json(online: Extask, api: FakeApi) -> None:
    api.answer("POST", "/tasks/t-1/events", TOLD, status=202)

    sent = online(
        *("task", "event", "t-1", "approved", "--body", '{"by": "Keller"}'),
        *("--idempotency-key", "once"),
    )
    assert sent.code == 0
    assert api.last.body == {"name": "approved", "body": {"by": "Keller"}}
    assert api.last.headers["idempotency-key"] == "once"

    ended = online("task", "event", "t-1", "approved", "--body", "Keller")
    assert ended.code == 2
    assert "text stands in double quotes" in ended.err
