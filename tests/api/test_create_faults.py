from __future__ import annotations

from typing import Any

import pytest

from tests.api.desk import Desk

GOOD: dict[str, Any] = {"service": "support", "params": {"product": "printer"}}
TEN_AND_ONE = [{"upn": f"u{number}@acme.example"} for number in range(11)]

MALFORMED: list[tuple[str, Any, int, set[tuple[str, str]]]] = [
    ("no body", None, 400, {("", "required")}),
    ("a list", [], 400, {("", "wrong_type")}),
    ("nothing in it", {}, 400, {("/service", "required")}),
    ("service is a number", {"service": 5}, 400, {("/service", "wrong_type")}),
    ("service is empty", {**GOOD, "service": ""}, 400, {("/service", "too_short")}),
    ("unknown service", {**GOOD, "service": "nowhere"}, 404, {("/service", "unknown_service")}),
    ("service without workflow", {**GOOD, "service": "idle"}, 400, {("/service", "no_workflow")}),
    ("workflow unpublished", {**GOOD, "service": "lost"}, 400, {("/service", "no_workflow")}),
    (
        "unknown fields",
        {**GOOD, "servise": "x", "colour": 1},
        400,
        {("/servise", "unknown_field"), ("/colour", "unknown_field")},
    ),
    ("priority 10", {**GOOD, "priority": 10}, 400, {("/priority", "not_one_of")}),
    (
        "11 preferred users",
        {**GOOD, "preferred_users": TEN_AND_ONE},
        400,
        {("/preferred_users", "too_many")},
    ),
    (
        "preferred users in many wrong ways",
        {**GOOD, "preferred_users": [{"upn": "anna@acme.example", "priority": 100}, {}, "ben"]},
        400,
        {
            ("/preferred_users/0/priority", "out_of_range"),
            ("/preferred_users/1/upn", "required"),
            ("/preferred_users/2", "wrong_type"),
        },
    ),
    (
        "preferred strangers and twins",
        {
            **GOOD,
            "preferred_users": [{"upn": "x@y.z"}, {"upn": "a-anna"}, {"upn": "Anna@acme.example"}],
        },
        400,
        {("/preferred_users/0/upn", "unknown_agent"), ("/preferred_users/2/upn", "twice")},
    ),
    (
        "past expiry",
        {**GOOD, "expires_at": "2020-01-01T00:00:00Z"},
        400,
        {("/expires_at", "in_the_past")},
    ),
    (
        "expiry without zone",
        {**GOOD, "expires_at": "2999-01-01T00:00:00"},
        400,
        {("/expires_at", "no_time_zone")},
    ),
    (
        "expiry as a number",
        {**GOOD, "expires_at": 1_893_456_000},
        400,
        {("/expires_at", "bad_form")},
    ),
    (
        "expiry as digits",
        {**GOOD, "expires_at": "1893456000"},
        400,
        {("/expires_at", "bad_form")},
    ),
    (
        "expiry beyond time",
        {**GOOD, "expires_at": "9999-12-31T23:59:59-14:00"},
        400,
        {("/expires_at", "out_of_range")},
    ),
    (
        "lifetime and expiry",
        {**GOOD, "lifetime": "1h", "expires_at": "2100-01-01T00:00:00Z"},
        400,
        {("/lifetime", "excludes"), ("/expires_at", "out_of_range")},
    ),
    ("a life too long", {**GOOD, "lifetime": "366d"}, 400, {("/lifetime", "out_of_range")}),
    (
        "an end too far",
        {**GOOD, "expires_at": "2150-01-01T00:00:00Z"},
        400,
        {("/expires_at", "out_of_range")},
    ),
    ("lifetime in words", {**GOOD, "lifetime": "an hour"}, 400, {("/lifetime", "bad_form")}),
    ("no lifetime", {**GOOD, "lifetime": "0s"}, 400, {("/lifetime", "out_of_range")}),
    (
        "due after its end",
        {**GOOD, "lifetime": "1h", "due_at": "2100-01-01T00:00:00Z"},
        400,
        {("/due_at", "out_of_range")},
    ),
    (
        "params in every wrong way",
        {**GOOD, "params": {"size": "huge", "amount": "two", "patience": "soon", "colour": 1}},
        400,
        {
            ("/params/product", "param_missing"),
            ("/params/size", "not_one_of"),
            ("/params/amount", "wrong_type"),
            ("/params/patience", "bad_form"),
            ("/params/colour", "param_unknown"),
        },
    ),
    (
        "faults of form and of content together",
        {"service": "support", "params": {}, "priority": "urgent", "block_agent": "yes"},
        400,
        {
            ("/params/product", "param_missing"),
            ("/priority", "not_one_of"),
            ("/block_agent", "wrong_type"),
        },
    ),
    (
        "an unknown service is not all",
        {"service": "nowhere", "title": 5},
        400,
        {("/service", "unknown_service"), ("/title", "wrong_type")},
    ),
    (
        "too long in many places",
        {
            **GOOD,
            "title": "t" * 201,
            "customer_identifier": "c" * 1025,
            "context_parameters": [{"name": "n" * 65, "value": "v" * 5121}],
            "customer": {"first_name": "f" * 1025, "nick": "x"},
        },
        400,
        {
            ("/title", "too_long"),
            ("/customer_identifier", "too_long"),
            ("/context_parameters/0/name", "too_long"),
            ("/context_parameters/0/value", "too_long"),
            ("/customer/first_name", "too_long"),
            ("/customer/nick", "unknown_field"),
        },
    ),
    (
        "51 context parameters",
        {**GOOD, "context_parameters": [{"name": f"n{number}"} for number in range(51)]},
        400,
        {("/context_parameters", "too_many")},
    ),
    (
        "a context parameter twice",
        {**GOOD, "context_parameters": [{"name": "a"}, {"name": "a"}]},
        400,
        {("/context_parameters", "twice")},
    ),
    ("NUL in text", {**GOOD, "title": "a\x00b"}, 400, {("/title", "bad_form")}),
    ("half a character", {**GOOD, "params": {"product": "\ud800"}}, 400, {("/params", "bad_form")}),
    (
        "too deep",
        {**GOOD, "params": {"product": [[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]}},
        400,
        {("/params", "bad_form")},
    ),
    (
        "a link elsewhere",
        {**GOOD, "links": [{"title": "x", "url": "javascript:1"}]},
        400,
        {("/links/0/url", "bad_form")},
    ),
]


@pytest.mark.parametrize(
    ("body", "status", "faults"),
    [case[1:] for case in MALFORMED],
    ids=[case[0] for case in MALFORMED],
)
async def test_a_malformed_create_is_told_every_fault_with_its_pointer(
    desk: Desk, body: Any, status: int, faults: set[tuple[str, str]]
) -> None:
    response = await desk.call("POST", "/tasks", body, who="flow")
    problem = response.json()
    assert response.status_code == status, problem
    assert response.headers["content-type"] == "application/problem+json"
    assert {(fault["pointer"], fault["code"]) for fault in problem["faults"]} == faults
    assert all(fault["message"] for fault in problem["faults"])


async def test_a_body_that_is_no_json_says_so(desk: Desk) -> None:
    response = await desk.http.post(
        "/api/v1/tasks",
        content=b'{"service": ',
        headers={**desk.headers("flow"), "content-type": "application/json"},
    )
    assert response.status_code == 400
    assert [fault["code"] for fault in response.json()["faults"]] == ["not_json"]


async def test_numbers_that_json_does_not_have_are_refused(desk: Desk) -> None:
    response = await desk.http.post(
        "/api/v1/tasks",
        content=b'{"service": "support", "params": {"amount": NaN, "product": "x"}}',
        headers={**desk.headers("flow"), "content-type": "application/json"},
    )
    assert response.status_code == 400
    assert response.json()["faults"][0]["pointer"] == "/params"


async def test_a_service_without_workflow_is_named(desk: Desk) -> None:
    response = await desk.call("POST", "/tasks", {"service": "idle@acme.example"}, who="flow")
    assert "'idle'" in response.json()["detail"]
