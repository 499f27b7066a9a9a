from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from fastapi import Request
from temporalio.service import RPCError, RPCStatusCode

from api import errors, faults
from api.operations import params
from extask.errors import ExtaskError, FairUseLimit, Fault, Misconfigured
from tests.api.desk import Desk, api_routes

ROOT = Path(__file__).parents[2]
UNSEEN = {"extask_error", "misconfigured"}
"""Codes that no caller ever sees."""
SHAPE = {"type", "title", "status", "detail", "code", "faults", "findings"}


def is_problem(response: object, status: int) -> dict[str, object]:
    assert getattr(response, "status_code") == status, getattr(response, "text")  # noqa: B009
    assert response.headers["content-type"] == "application/problem+json"  # type: ignore[attr-defined]
    problem: dict[str, object] = response.json()  # type: ignore[attr-defined]
    assert set(problem) == SHAPE
    assert problem["status"] == status
    return problem


async def test_every_endpoint_has_the_one_shape_of_problems(desk: Desk) -> None:
    for method, path, operation in api_routes(desk.app):
        if operation in {"GetLiveness", "GetVersion"}:
            continue
        called = re.sub(r"{\w+}", "x", path)
        if operation == "GetReadiness":
            is_problem(await desk.http.request(method, called), 503)
            continue
        is_problem(await desk.http.request(method, called), 401)
        who = "agent" if operation.endswith("Sessions") else "tenant_admin"
        wrong = await desk.http.request(
            method, f"{called}?limit=0&nonsense=1", json={"x": 1}, headers=desk.headers(who)
        )
        if wrong.status_code >= 400:
            assert is_problem(wrong, wrong.status_code)["code"] in documented(), operation
        allowed = await desk.http.request("TRACE", called)
        assert is_problem(allowed, 405)["code"] == "method_not_allowed"


async def test_unknown_places_are_problems_too(desk: Desk) -> None:
    assert is_problem(await desk.http.get("/nowhere"), 404)["code"] == "not_found"
    assert is_problem(await desk.http.get("/api/v1/nowhere"), 404)["code"] == "not_found"


@pytest.mark.parametrize("media_type", ["application/x-www-form-urlencoded", "text/json"])
async def test_a_body_that_says_to_be_no_json_is_told_how_to_be_sent(
    desk: Desk, media_type: str
) -> None:
    headers = {**desk.headers("flow"), "content-type": media_type}
    sent = await desk.http.post("/api/v1/tasks", content=b'{"service": "support"}', headers=headers)
    told = is_problem(sent, 415)
    assert told["code"] == "unsupported_media_type"
    assert "Content-Type: application/json" in str(told["detail"])


async def test_a_large_body_is_refused_before_it_is_read(desk: Desk) -> None:
    read = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(512):
            read += 4096
            yield b" " * 4096

    headers = {**desk.headers("flow"), "content-type": "application/json"}
    body = b'{"title": "' + b"x" * 2_097_152 + b'"}'
    announced = await desk.http.post("/api/v1/tasks", content=body, headers=headers)
    assert is_problem(announced, 413)["code"] == "body_too_large"
    streamed = await desk.http.post("/api/v1/tasks", content=chunks(), headers=headers)
    assert is_problem(streamed, 413)["code"] == "body_too_large"


async def test_faults_outside_the_body_say_where(desk: Desk) -> None:
    problem = is_problem(await desk.call("GET", "/tasks?limit=0&colour=red"), 400)
    assert {fault["pointer"] for fault in problem["faults"]} == {"query/limit", "query/colour"}  # type: ignore[attr-defined]


async def test_a_query_parameter_given_twice_is_refused(desk: Desk) -> None:
    problem = is_problem(await desk.call("GET", "/sessions?agent=a-anna&agent=a-ben"), 400)
    assert problem["faults"][0]["pointer"] == "query/agent"  # type: ignore[index]
    assert (await desk.call("GET", "/tasks?state=queued&state=active")).status_code == 200


async def test_what_nobody_foresaw_shows_nothing_of_the_inside(desk: Desk) -> None:
    @desk.app.get("/boom")
    async def boom(_request: Request) -> None:
        raise KeyError("a secret of the inside")

    problem = is_problem(await desk.http.get("/boom"), 500)
    assert problem["code"] == "internal_error"
    assert "secret" not in str(problem)


async def test_temporal_away_is_503_and_a_repeat_starts_the_kept_task(desk: Desk) -> None:
    body = {"service": "support", "params": {"product": "printer"}}
    response = await desk.call(
        "POST", "/tasks", body, who="flow", headers={"Idempotency-Key": "once"}
    )
    assert is_problem(response, 503)["code"] == "unavailable"
    assert int(response.headers["retry-after"]) >= 1
    assert len((await desk.ok("GET", "/tasks"))["value"]) == 1


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (FairUseLimit(), 429, "fair_use_limit"),
        (Misconfigured("a path"), 500, "internal_error"),
        (RPCError("x", RPCStatusCode.UNAVAILABLE, b""), 503, "unavailable"),
        (RPCError("x", RPCStatusCode.INVALID_ARGUMENT, b""), 500, "internal_error"),
        (ConnectionRefusedError(), 503, "unavailable"),
        (
            errors.UnknownService("x", (Fault("/service", "unknown_service", "x"),)),
            404,
            "unknown_service",
        ),
    ],
    ids=str,
)
def test_each_error_is_translated_in_one_place(error: Exception, status: int, code: str) -> None:
    trouble = errors.trouble_of(error)
    assert (trouble.status, trouble.code) == (status, code)


def test_a_refusal_with_an_unknown_reason_is_a_conflict() -> None:
    assert errors.refusal("never_heard_of").code == "conflict"
    assert errors.refusal("pool_behind").retry_after is not None


def _tree(root: type[ExtaskError]) -> Iterator[type[ExtaskError]]:
    yield root
    for each in root.__subclasses__():
        yield from _tree(each)


def documented() -> set[str]:
    text = (ROOT / "docs" / "reference" / "errors.md").read_text()
    return set(re.findall(r"^\| `([a-z_]+)` \|", text, re.MULTILINE))


def test_the_codes_of_problems_are_documented_with_their_status() -> None:
    text = (ROOT / "docs" / "reference" / "errors.md").read_text()
    told = re.findall(r"^\| `([a-z_]+)` \| (\d+) \|", text, re.MULTILINE)
    raised = {
        each.code: next(errors.STATUS[base] for base in each.__mro__ if base in errors.STATUS)
        for each in _tree(ExtaskError)
        if each.__module__ in {"extask.errors", "api.errors"} and each.code not in UNSEEN
    }
    by_framework = {code: status for status, code in errors.HTTP_CODES.items()}
    assert {code: int(status) for code, status in told} == raised | by_framework | dict(
        errors.REFUSALS
    )


def test_every_code_is_documented_and_no_other() -> None:
    written = {
        code
        for files in ("api/**/*.py", "extask/storage/**/*.py", "extask/definition/**/*.py")
        for file in (*ROOT.glob(files), ROOT / "extask" / "calendars.py")
        for code in re.findall(r"Fault\(\s*f?[^,]+,\s*\"([a-z_]+)\"", file.read_text())
    }
    used = {
        *(
            each.code
            for each in _tree(ExtaskError)
            if each.__module__ in {"extask.errors", "api.errors"}
        ),
        *errors.HTTP_CODES.values(),
        *errors.REFUSALS,
        *faults.CODES.values(),
        *params.CODES.values(),
        *written,
        "wrong_type",
        "invalid",
        "param_missing",
        "excludes",
        "required",
    }
    assert documented() == used - UNSEEN
