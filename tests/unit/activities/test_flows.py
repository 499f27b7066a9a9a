"""One attempt of a call: it ends within its time and tells why, whatever the far side does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from temporalio.testing import ActivityEnvironment

from activities.flows import MAX_ANSWER, FlowActivities
from extask import outbound
from extask.messages import CallAnswered, CallOut, CallRequest
from extask.outbound import Outbound
from extask.storage import flows, tenants
from extask.storage.database import Database
from extask.storage.flow_rows import AllowedUrl, FlowRow
from extask.storage.migrate import migrate
from extask.storage.rows import TenantRow
from extask.vault import Vault
from tests.support.far_side import (
    NAME,
    Answer,
    FarSide,
    drips,
    far_side,
    floods,
    says,
    says_nothing,
    says_raw,
    trusting,
)

SOON = timedelta(seconds=0.3)
LONG = timedelta(seconds=30)
SECRETS = {"EXTASK_SECRET_ACME__TOKEN": "hush-hush", "EXTASK_SECRET_ACME__SIG": "s/g&"}


async def here(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


@dataclass
class Calling:
    """The activity over a real database, and whoever may be called."""

    database: Database
    environment: ActivityEnvironment = field(default_factory=ActivityEnvironment)
    out: Outbound = field(
        default_factory=lambda: Outbound(loopback=True, lookup=here, trusting=trusting())
    )

    async def call(self, tenant: str = "acme", **call: Any) -> CallAnswered:
        """Make one attempt."""
        out = CallOut.model_validate({"number": 3, "attempt": 2, "timeout": LONG, **call})
        activities = FlowActivities(self.database, self.out, Vault(SECRETS))
        request = CallRequest(tenant=tenant, task="t-1", call=out)
        answer: CallAnswered = await self.environment.run(activities.call_out, request)
        assert (answer.number, answer.attempt) == (3, 2)
        return answer

    async def flow(self, address: str, **more: Any) -> None:
        """Add a flow, or change it."""
        row = {"name": "crm", "address": address, "method": "POST", "headers": {}}
        async with self.database.begin() as conn:
            given = {**row, "inputs": {}, "outputs": {}, **more}
            await flows.save(conn, "acme", FlowRow.model_validate(given))

    async def allow(self, prefix: str) -> None:
        """Allow addresses that begin so."""
        async with self.database.begin() as conn:
            await flows.save_url(conn, "acme", AllowedUrl(name="far", prefix=prefix))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("template") / "migrated.db"
    migrate(f"sqlite:///{path}")
    return path.read_bytes()


@pytest.fixture
async def calling(tmp_path: Path, template: bytes) -> AsyncIterator[Calling]:
    (tmp_path / "extask.db").write_bytes(template)
    database = Database(f"sqlite:///{tmp_path / 'extask.db'}")
    async with database.begin() as conn:
        await tenants.add(conn, TenantRow(name="acme", created_at=datetime.now(UTC)))
    yield Calling(database)
    await database.close()


async def answered(calling: Calling, answer: Answer, **call: Any) -> CallAnswered:
    """Call a flow that answers so."""
    async with far_side(answer) as far:
        await calling.flow(f"http://127.0.0.1:{far.port}/hook", **call.pop("flow_row", {}))
        return await calling.call(flow="crm", **call)


# ------------------------------------------------------------------ what goes well


async def test_a_flow_is_called_with_its_secrets_and_the_calls_key(calling: Calling) -> None:
    async with far_side(says(b'{"tier": "gold"}'), encrypted=True) as far:
        await calling.flow(
            f"https://{NAME}:{far.port}/hook?sig={{secret:sig}}",
            method="PUT",
            headers={"Authorization": "Bearer {secret:token}", "X-Team": "blue"},
            inputs={"customer": "text"},
            outputs={"tier": "text"},
        )
        answer = await calling.call(flow="crm", body={"customer": "Zoë"})
    assert (answer.status, answer.body, answer.failure) == (200, {"tier": "gold"}, "")
    head, _, body = far.requests[0].partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    assert first == "PUT /hook?sig=s%2Fg%26 HTTP/1.1"
    assert {
        "authorization: Bearer hush-hush",
        "x-team: blue",
        "idempotency-key: t-1:3",
        "content-type: application/json",
        "accept-encoding: identity",
    } <= {*lines}
    assert json.loads(body) == {"customer": "Zoë"}


async def test_an_allowed_address_is_called_without_a_body(calling: Calling) -> None:
    async with far_side(says(status="204 No Content")) as far:
        await calling.allow(f"http://127.0.0.1:{far.port}/v1")
        url = f"http://127.0.0.1:{far.port}/v1/x?y=z"
        answer = await calling.call(url=url, method="GET")
    assert (answer.status, answer.body) == (204, None)
    assert far.requests[0].startswith(b"GET /v1/x?y=z HTTP/1.1\r\n")
    assert b"content-type" not in far.requests[0]


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        (b"", None),
        (b" 12 ", 12),
        ('"ü"'.encode(), "ü"),
        (b"plain words", "plain words"),
        (b"{", "{"),
        (b"\xff", "\ufffd"),
        (b'{"a": NaN}', '{"a": NaN}'),
        (b'"\\ud800"', '"\\ud800"'),
        (b"[1e18, -1.5, true]", [1e18, -1.5, True]),
        (b"[1e999]", "[1e999]"),
        (b"9" * 20, "9" * 20),
        (b"9" * 5_000, "9" * 5_000),
        (b"[" * 100_000, "[" * 100_000),
        (b"[" * 70 + b"]" * 70, "[" * 70 + "]" * 70),
    ],
    ids=range(14),
)
async def test_an_answer_is_json_or_else_text(calling: Calling, sent: bytes, body: object) -> None:
    assert (await answered(calling, says(sent))).body == body


async def test_an_answer_of_the_very_limit_is_read(calling: Calling) -> None:
    answer = await answered(calling, says(b"x" * MAX_ANSWER))
    assert answer.status == 200
    assert len(answer.body) == MAX_ANSWER


async def test_a_status_is_told_and_its_body_read_only_where_it_counts(calling: Calling) -> None:
    for status, accept, body in ((404, (), None), (404, (404,), "gone"), (503, (), None)):
        answer = await answered(calling, says(b"gone", status=f"{status} X"), accept=accept)
        assert (answer.status, answer.body, answer.failure) == (status, body, "")


async def test_a_redirect_is_a_status_and_nobody_follows_it(calling: Calling) -> None:
    away = says(b"", "location: http://169.254.169.254/latest", status="307 Temporary Redirect")
    async with far_side(away) as far:
        await calling.flow(f"http://127.0.0.1:{far.port}/hook")
        answer = await calling.call(flow="crm")
    assert (answer.status, answer.body, answer.failure) == (307, None, "")
    assert len(far.requests) == 1


# ------------------------------------------------------------------ what does not


@pytest.mark.parametrize("answer", [says_nothing, drips], ids=["silent", "dripping"])
async def test_a_slow_far_side_fails_in_time_and_is_left(calling: Calling, answer: Answer) -> None:
    before = asyncio.all_tasks()
    async with far_side(answer) as far:
        await calling.flow(f"http://127.0.0.1:{far.port}/hook")
        began = asyncio.get_running_loop().time()
        got = await calling.call(flow="crm", timeout=SOON)
        assert asyncio.get_running_loop().time() - began < 5
        assert (got.failure, got.for_good, got.status) == ("timeout", False, None)
        await far.left.wait()
    assert asyncio.all_tasks() == before


async def test_a_name_that_is_never_found_fails_in_time(calling: Calling) -> None:
    async def lost(_host: str, _port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    calling.out = Outbound(lookup=lost)
    await calling.flow(f"https://{NAME}/")
    assert (await calling.call(flow="crm", timeout=SOON)).failure == "timeout"


BROKEN = (
    b"",
    b"\x00\x01\x02 nonsense\r\n\r\n",
    b"HTTP/1.1 abc\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nx",
    b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 300_000 + b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 1\r\n\r\nx",
)


@pytest.mark.parametrize("raw", BROKEN, ids=range(len(BROKEN)))
async def test_broken_http_is_a_failure(calling: Calling, raw: bytes) -> None:
    answer = await answered(calling, says_raw(raw))
    assert (answer.status, answer.failure) == (None, "broken_answer")


@pytest.mark.parametrize("answer", [says(b"x" * (MAX_ANSWER + 1)), floods], ids=["told", "flood"])
async def test_a_huge_answer_is_left(calling: Calling, answer: Answer) -> None:
    got = await answered(calling, answer)
    assert (got.failure, got.for_good) == ("too_large", True)


async def test_a_dead_far_side_is_unreachable(calling: Calling) -> None:
    async with far_side(says_nothing) as far:
        port = far.port
    await calling.flow(f"http://127.0.0.1:{port}/hook")
    answer = await calling.call(flow="crm")
    assert (answer.failure, answer.for_good) == ("unreachable", False)

    async def nobody(_host: str, _port: int) -> Sequence[str]:
        raise OSError("the name stands for nothing")

    calling.out = Outbound(lookup=nobody)
    await calling.flow(f"https://{NAME}/")
    assert (await calling.call(flow="crm")).failure == "unreachable"


@pytest.mark.parametrize("machine", ["10.1.2.3", "127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1"])
async def test_a_name_that_leads_inside_is_refused(calling: Calling, machine: str) -> None:
    async def inside(_host: str, _port: int) -> Sequence[str]:
        return [machine]

    calling.out = Outbound(lookup=inside)
    await calling.flow(f"https://{NAME}/hook")
    answer = await calling.call(flow="crm")
    assert (answer.failure, answer.for_good) == ("refused_address", True)


async def test_only_allowed_addresses_are_called(calling: Calling) -> None:
    await calling.allow("https://flows.example/v1")
    for url, failure in (
        ("https://flows.example/v2", "not_allowed"),
        ("https://flows.example.evil.example/v1", "not_allowed"),
        ("https://flows.example/v1/..%2fv2", "not_allowed"),
        ("https://flows.example/v1/../v2", "refused_address"),
        ("https://10.0.0.1/v1", "refused_address"),
        ("gopher://flows.example/v1", "refused_address"),
        ("", "refused_address"),
    ):
        answer = await calling.call(url=url)
        assert (answer.failure, answer.for_good) == (failure, True), url
    assert (await calling.call("other", url="https://flows.example/v1")).failure == "not_allowed"


async def test_what_is_not_set_up_fails_for_good_and_the_log_says_why(calling: Calling) -> None:
    await calling.flow("https://flows.example/", headers={"X-Key": "{secret:lost_one}"})
    with capture_logs() as log:
        answer = await calling.call(flow="crm")
        unknown = await calling.call(flow="never_heard_of")
        elsewhere = await calling.call("other", flow="crm")
    assert (answer.failure, answer.for_good) == ("misconfigured", True)
    assert "lost_one" not in answer.model_dump_json()
    assert log[0]["reason"] == "there is no secret 'lost_one' of the tenant 'acme'"
    assert (unknown.failure, unknown.for_good) == ("unknown_flow", True)
    assert elsewhere.failure == "unknown_flow"


async def test_bodies_have_what_was_declared(calling: Calling) -> None:
    row = {"inputs": {"customer": "text", "size": "integer"}, "outputs": {"until": "duration"}}
    good = {"customer": "x", "size": 2, "more": None}
    for sent, said, failure in (
        (good, b'{"until": "5m", "more": 1}', ""),
        ({"customer": "x"}, b"{}", "bad_body"),
        ({"customer": "x", "size": "2"}, b"{}", "bad_body"),
        ([], b"{}", "bad_body"),
        (good, b'{"until": "never"}', "bad_answer"),
        (good, b"words", "bad_answer"),
    ):
        with capture_logs() as log:
            answer = await answered(calling, says(said), body=sent, flow_row=row)
        assert (answer.failure, answer.for_good) == (failure, failure != ""), (sent, said)
        assert not failure or log[0]["reason"].startswith("the body ")


async def test_the_database_away_is_worth_another_attempt(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'no' / 'such.db'}")
    answer = await Calling(database).call(flow="crm")
    assert (answer.failure, answer.for_good) == ("unavailable", False)
    await database.close()


# ------------------------------------------------------------------ what nobody sees, what ends


async def breaks(*_about: object, **_more: object) -> None:
    raise KeyError("https://flows.example/?sig=hush-hush")


@pytest.mark.parametrize(
    ("answer", "broken"),
    [(says_raw(b"nonsense"), False), (says(b"x", status="500 X"), False), (says(b"x"), True)],
    ids=["nonsense", "status", "bug"],
)
async def test_no_address_and_no_secret_is_told(
    calling: Calling, monkeypatch: pytest.MonkeyPatch, answer: Answer, *, broken: bool
) -> None:
    if broken:
        monkeypatch.setattr(outbound, "read", breaks)
    row = {"headers": {"Authorization": "Bearer {secret:token}"}}
    with capture_logs() as log:
        got = await answered(calling, answer, flow_row=row)
    for shown in (got.model_dump_json(), json.dumps(log)):
        assert not [each for each in ("hush", "127.0.0.1", "/hook", "sig") if each in shown]
    assert got.failure == ("broken" if broken else "broken_answer" if got.status is None else "")


async def test_a_call_that_is_called_off_stops(calling: Calling) -> None:
    before = asyncio.all_tasks()
    arrived = asyncio.Event()

    async def silent(far: FarSide, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await says_nothing(far, writer)

    async with far_side(silent) as far:
        await calling.flow(f"http://127.0.0.1:{far.port}/hook")
        call = asyncio.create_task(calling.call(flow="crm"))
        await arrived.wait()
        calling.environment.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await far.left.wait()
    assert asyncio.all_tasks() == before


async def test_many_slow_calls_hold_nobody_up(calling: Calling) -> None:
    beats = list[object]()
    calling.environment.on_heartbeat = lambda *_details: beats.append(1)
    async with far_side(drips) as far, far_side(says(b"1")) as other:
        await calling.flow(f"http://127.0.0.1:{far.port}/hook")
        await calling.allow(f"http://127.0.0.1:{other.port}")
        slow = asyncio.gather(*(calling.call(flow="crm") for _ in range(30)))
        while len(far.requests) < 30:
            await far.pause()
        quick = Calling(calling.database)
        assert (await quick.call(url=f"http://127.0.0.1:{other.port}/")).body == 1
        assert not slow.done()
        far.over.set()
        assert {each.failure for each in await slow} == {"broken_answer"}
    assert len(beats) >= 30
