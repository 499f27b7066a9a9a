"""Calls of flows: one attempt each, within its time, whatever the far side does."""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn

import httpx2
import structlog
from pydantic_core import PydanticSerializationError, to_json
from temporalio import activity

from extask import addresses, errors, outbound, temporal
from extask.definition.expressions import ExpressionFailed
from extask.definition.fitting import fit
from extask.definition.plan import ParamType
from extask.messages import CallAnswered, CallOut, CallRequest
from extask.outbound import Outbound, RefusedAddress, TooLarge
from extask.storage import flows
from extask.storage.database import Database
from extask.vault import SecretMissing, Vault

MAX_ANSWER = 256 * 1024
DEEPEST = 64
LARGEST = 2.0**63
BEAT_S = 1.0
_OK = range(200, 300)


class CallFailed(Exception):
    """An attempt came to nothing: `failure` for the workflow, the message for the log."""

    def __init__(self, failure: str, why: str = "", *, for_good: bool = True) -> None:
        super().__init__(why)
        self.failure = failure
        self.for_good = for_good


_FAILURES: Mapping[type[Exception], tuple[str, bool]] = {
    TimeoutError: ("timeout", False),
    RefusedAddress: ("refused_address", True),
    TooLarge: ("too_large", True),
    SecretMissing: ("misconfigured", True),
    errors.Unavailable: ("unavailable", False),
    httpx2.ConnectError: ("unreachable", False),
    httpx2.TransportError: ("broken_answer", False),
    httpx2.InvalidURL: ("refused_address", True),
    OSError: ("unreachable", False),
}
"""What an attempt failed of, and whether for good; the first that fits counts."""
_TOLD = (CallFailed, RefusedAddress, SecretMissing)
"""Errors whose texts are ours and hold no address, no secret and nothing of the far side."""


@dataclass(frozen=True)
class Target:
    """Where a call goes, with its secrets: never to be shown."""

    address: str = field(repr=False)
    method: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    inputs: Mapping[str, ParamType] = field(default_factory=dict)
    outputs: Mapping[str, ParamType] = field(default_factory=dict)


class FlowActivities:
    """Calls flows of tenants' catalogues, and addresses that tenants allow."""

    def __init__(self, database: Database, out: Outbound, vault: Vault) -> None:
        self._database = database
        self._out = out
        self._vault = vault

    @activity.defn(name=temporal.CALL_OUT)
    async def call_out(self, request: CallRequest) -> CallAnswered:
        """Make one attempt of a call; it fails by its answer, not by an error."""
        call = request.call
        answer = CallAnswered(number=call.number, attempt=call.attempt)
        try:
            async with _beating(), asyncio.timeout(call.timeout.total_seconds()):
                status, body = await self._attempt(request)
        except Exception as error:  # noqa: BLE001 - its text may hold an address or a secret
            failure, for_good = _failure(error)
            _log(request, failure, error)
            return answer.model_copy(update={"failure": failure, "for_good": for_good})
        return answer.model_copy(update={"status": status, "body": body})

    async def _attempt(self, request: CallRequest) -> tuple[int, Any]:
        """Call, and read the answer where its status is ok; else nobody asks for its body."""
        call = request.call
        target = await self._target(request)
        _check(call.body, target.inputs, "bad_body")
        async with self._out.sent(_request(request, target)) as response:
            if response.status_code not in _OK and response.status_code not in call.accept:
                return response.status_code, None
            body = _read(response, await outbound.read(response, MAX_ANSWER))
        _check(body, target.outputs, "bad_answer")
        return response.status_code, body

    async def _target(self, request: CallRequest) -> Target:
        call = request.call
        if call.flow:
            return await self._flow(request.tenant, call.flow)
        await self._must_be_allowed(request.tenant, call.url)
        return Target(address=call.url, method=call.method)

    async def _flow(self, tenant: str, name: str) -> Target:
        """Find a flow of the catalogue, and put its secrets in."""
        async with self._database.connect() as connection:
            row = await flows.get(connection, tenant, name)
        if row is None:
            raise CallFailed("unknown_flow", "the tenant's catalogue has no such flow")
        return Target(
            address=self._vault.fill(tenant, row.address, addresses.encoded),
            method=row.method,
            headers={head: self._vault.fill(tenant, text) for head, text in row.headers.items()},
            inputs=row.inputs,
            outputs=row.outputs,
        )

    async def _must_be_allowed(self, tenant: str, url: str) -> None:
        """Hold that an address lies under one that the tenant allows."""
        async with self._database.connect() as connection:
            allowed = await flows.list_urls(connection, tenant)
        try:
            address = addresses.read(url, loopback=True)
            prefixes = [addresses.read(each.prefix, loopback=True) for each in allowed]
        except ValueError as error:
            raise CallFailed("refused_address", f"the address {error}") from None
        if not any(addresses.within(address, each) for each in prefixes):
            raise CallFailed("not_allowed", "the address is not on the tenant's allow-list")


@asynccontextmanager
async def _beating() -> AsyncIterator[None]:
    """Give signs of life; in answer to one the server says that the call is not wanted any more."""

    async def beat() -> NoReturn:
        while True:
            activity.heartbeat()
            await asyncio.sleep(BEAT_S)

    heart = asyncio.create_task(beat())
    try:
        yield
    finally:
        heart.cancel()


def _request(request: CallRequest, target: Target) -> httpx2.Request:
    call = request.call
    headers = {
        "user-agent": "extask",
        "accept": "application/json",
        **{name.lower(): value for name, value in target.headers.items()},
        "accept-encoding": "identity",
        "idempotency-key": f"{request.task}:{call.number}",
    }
    if call.body is None:
        return httpx2.Request(target.method, target.address, headers=headers)
    headers["content-type"] = "application/json"
    body = to_json(call.body)
    return httpx2.Request(target.method, target.address, headers=headers, content=body)


def _read(response: httpx2.Response, raw: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Read a body as JSON, or else as text; an empty one is nothing."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise CallFailed("broken_answer", "the answer is packed, though that was not asked for")
    text = raw.decode(errors="replace")
    try:
        body = json.loads(text, parse_constant=_no_constant) if text else None
        # Half characters, numbers and depths that nobody could write down again are no JSON here.
        _look_through(body, 0)
        to_json(body)
    except (ValueError, RecursionError, PydanticSerializationError):
        return text
    return body


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _look_through(value: object, depth: int) -> None:
    if depth > DEEPEST:
        raise RecursionError
    if isinstance(value, int | float) and not abs(value) < LARGEST:
        raise ValueError("the number is too large")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inner:
        _look_through(each, depth + 1)


def _check(body: object, declared: Mapping[str, ParamType], failure: str) -> None:
    """Hold that a body has what was declared, each of its type."""
    if not declared:
        return
    if not isinstance(body, dict):
        raise CallFailed(failure, "the body is no object")
    for name, kind in declared.items():
        try:
            fit(kind, body[name])
        except (KeyError, ExpressionFailed):
            raise CallFailed(failure, f"the body has no '{name}' that is a {kind}") from None


def _failure(error: Exception) -> tuple[str, bool]:
    if isinstance(error, CallFailed):
        return error.failure, error.for_good
    return next(
        (_FAILURES[each] for each in _FAILURES if isinstance(error, each)), ("broken", True)
    )


def _log(request: CallRequest, failure: str, error: Exception) -> None:
    """Tell of a failed attempt: why, where that is in words of ours, and never where it went."""
    call: CallOut = request.call
    structlog.get_logger("extask.calls").warning(
        "a call failed",
        tenant=request.tenant,
        task=request.task,
        flow=call.flow or "(an address)",
        number=call.number,
        attempt=call.attempt,
        failure=failure,
        error=type(error).__name__,
        reason=str(error) if isinstance(error, _TOLD) else "",
        at=_place(error) if failure == "broken" else "",
    )


def _place(error: Exception) -> str:
    """Tell where something broke, for whoever is to mend it."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename}:{frame.lineno}"
