"""The one shape of everything that goes wrong: problems of RFC 9457."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Literal

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from starlette.exceptions import HTTPException
from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

from api.faults import faults_of
from api.shapes.findings import FindingShape
from extask import errors
from extask.definition.finding import Finding
from extask.distribution import RULES
from extask.errors import ExtaskError, Fault

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:extask:problem:{code}"
RETRY_AFTER = timedelta(seconds=2)
_AWAY = {
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.DEADLINE_EXCEEDED,
    RPCStatusCode.RESOURCE_EXHAUSTED,
    RPCStatusCode.CANCELLED,
    RPCStatusCode.ABORTED,
    RPCStatusCode.UNKNOWN,
    RPCStatusCode.INTERNAL,
}


class Unauthenticated(ExtaskError):
    """A valid API key is needed: `Authorization: Bearer KEY` or `X-Api-Key: KEY`."""

    code = "unauthenticated"


class UnknownService(errors.NotFound):
    """There is no such service in this tenant."""

    code = "unknown_service"

    def __init__(self, message: str = "", faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(message)
        self.faults = faults


class Rejected(errors.DefinitionRejected):
    """The definition has errors; see its findings."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__(faults=tuple(map(_fault, findings)))
        self.findings = findings


def _fault(finding: Finding) -> Fault:
    place = f"{finding.file}:{finding.line}:{finding.column}"
    return Fault("/source", finding.code, f"{place}: {finding.message} (help: {finding.help})")


STATUS: Mapping[type[ExtaskError], HTTPStatus] = {
    errors.BadInput: HTTPStatus.BAD_REQUEST,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.NotAllowed: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.FairUseLimit: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""Errors by the nearest class of their tree; every other one is a fault of ours, a 500."""

HTTP_CODES: Mapping[int, str] = {
    400: "bad_input",
    401: "unauthenticated",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "body_too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
    500: "internal_error",
    503: "unavailable",
}
"""What the framework itself refuses."""

REFUSALS: Mapping[str, HTTPStatus] = {
    "unknown_session": HTTPStatus.NOT_FOUND,
    "unknown_agent": HTTPStatus.NOT_FOUND,
    "unknown_service": HTTPStatus.NOT_FOUND,
    "unknown_task": HTTPStatus.NOT_FOUND,
    "unknown_engagement": HTTPStatus.NOT_FOUND,
    "not_yours": HTTPStatus.FORBIDDEN,
    "not_queued": HTTPStatus.CONFLICT,
    "not_offered": HTTPStatus.CONFLICT,
    "not_active": HTTPStatus.CONFLICT,
    "too_late": HTTPStatus.CONFLICT,
    "with_agent": HTTPStatus.CONFLICT,
    "not_for_pickup": HTTPStatus.CONFLICT,
    "no_wrap_up": HTTPStatus.CONFLICT,
    "ruled_out": HTTPStatus.CONFLICT,
    "not_transferred": HTTPStatus.CONFLICT,
    "already_ended": HTTPStatus.CONFLICT,
    "already_completed": HTTPStatus.CONFLICT,
    "too_many_events": HTTPStatus.CONFLICT,
    "service_full": HTTPStatus.CONFLICT,
    "other_version": HTTPStatus.CONFLICT,
    "no_such_step": HTTPStatus.CONFLICT,
    "other_kind": HTTPStatus.CONFLICT,
    "other_queue_state": HTTPStatus.CONFLICT,
    "missing_params": HTTPStatus.CONFLICT,
    "unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "pool_behind": HTTPStatus.SERVICE_UNAVAILABLE,
    "pool_full": HTTPStatus.SERVICE_UNAVAILABLE,
}
"""Reasons with which a distributor, a task or a job refuses, and the status each has here."""


class FaultShape(BaseModel):
    """One thing that is wrong in what was sent."""

    pointer: str = Field(description="JSON pointer into the body, or such as `query/limit`.")
    code: str = Field(description="Stable code, listed in the reference of error codes.")
    message: str = Field(description="A sentence for people.")


class Problem(BaseModel):
    """What went wrong, in the one shape that every error of this API has (RFC 9457)."""

    type: str = Field(description="A name of this kind of problem.")
    title: str = Field(description="The HTTP status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="A sentence for people.")
    code: str = Field(description="Stable code, listed in the reference of error codes.")
    faults: list[FaultShape] = Field(
        default=[], description="Everything wrong in what was sent, all at once."
    )
    findings: list[FindingShape] = Field(
        default=[], description="What the checker says of a definition that is refused."
    )


@dataclass(frozen=True)
class Trouble:
    """A problem before it is written: status, code, sentence, faults, when to come again."""

    status: int
    code: str
    detail: str
    faults: tuple[Fault, ...] = ()
    retry_after: timedelta | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def problem(self) -> Problem:
        """Write it in the one shape."""
        return Problem(
            type=TYPE.format(code=self.code),
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.detail,
            code=self.code,
            faults=[
                FaultShape(pointer=each.pointer, code=each.code, message=each.message)
                for each in self.faults
            ],
            findings=[FindingShape(**asdict(each)) for each in self.findings],
        )

    def response(self) -> JSONResponse:
        """Answer it over HTTP."""
        headers = dict(self.headers)
        if self.retry_after is not None:
            headers["Retry-After"] = str(max(1, math.ceil(self.retry_after.total_seconds())))
        if self.status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = "Bearer"
        return JSONResponse(
            self.problem().model_dump(),
            status_code=self.status,
            headers=headers,
            media_type=MEDIA_TYPE,
        )


def trouble_of(error: Exception) -> Trouble:
    """Translate any error; one that nobody foresaw shows nothing of its inside."""
    if isinstance(error, ExtaskError):
        return _foreseen(error)
    if isinstance(error, RequestValidationError):
        return _invalid(faults_of(error.errors()))
    if isinstance(error, HTTPException):
        return _framework(error)
    if _is_away(error):
        return Trouble(
            503, "unavailable", "Temporal or the database is away; try again.", (), RETRY_AFTER
        )
    return Trouble(500, "internal_error", "Something went wrong here; it is in the server's log.")


def refusal(reason: str, message: str = "") -> Trouble:
    """Translate a refusal of a distributor or of a task."""
    message = message_of(reason, message)
    reason = code_of(reason)
    status = REFUSALS.get(reason, HTTPStatus.CONFLICT)
    again = RETRY_AFTER if status is HTTPStatus.SERVICE_UNAVAILABLE else None
    known = reason if reason in REFUSALS else "conflict"
    return Trouble(status, known, message or f"Refused: {reason or 'not possible now'}.", (), again)


def code_of(reason: str) -> str:
    """Give the code under which a refusal is known here: every rule that rules out is one."""
    return "ruled_out" if reason in RULES else reason


def message_of(reason: str, message: str) -> str:
    """Give the sentence of a refusal; a rule that rules out is told in words, too."""
    return f"{message} {RULES[reason]}" if reason in RULES else message


def _foreseen(error: ExtaskError) -> Trouble:
    status = next((STATUS[each] for each in type(error).__mro__ if each in STATUS), None)
    if status is None:
        return Trouble(500, "internal_error", "Something went wrong here; see the server's log.")
    return Trouble(
        status,
        error.code,
        str(error),
        getattr(error, "faults", ()),
        getattr(error, "retry_after", None),
        findings=getattr(error, "findings", ()),
    )


def _invalid(faults: tuple[Fault, ...]) -> Trouble:
    count = f"{len(faults)} things" if len(faults) > 1 else "1 thing"
    return Trouble(400, "bad_input", f"{count} in the request cannot be understood.", faults)


def _framework(error: HTTPException) -> Trouble:
    status = 400 if error.status_code == HTTPStatus.UNPROCESSABLE_ENTITY else error.status_code
    code = HTTP_CODES.get(status, "bad_input" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "")
    detail = error.detail if isinstance(error.detail, str) else HTTPStatus(status).phrase
    return Trouble(status, code or "internal_error", detail, headers=error.headers or {})


def _is_away(error: Exception) -> bool:
    if isinstance(error, RPCError):
        return error.status in _AWAY
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or type(error).__name__ in {
            "OperationalError",
            "InterfaceError",
        }
    away = (WorkflowUpdateRPCTimeoutOrCancelledError, ConnectionError, TimeoutError)
    return isinstance(error, away) and not isinstance(error, SQLAlchemyError)


async def answer_error(request: Request, error: Exception) -> JSONResponse:
    """Answer any error as a problem; log what nobody foresaw."""
    trouble = trouble_of(error)
    if trouble.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log = structlog.get_logger("extask.api")
        passing = trouble.status == HTTPStatus.SERVICE_UNAVAILABLE
        await (log.awarning if passing else log.aerror)(
            "request failed",
            path=request.url.path,
            code=trouble.code,
            exc_info=error if trouble.code == "internal_error" else None,
            error=type(error).__name__,
        )
    return trouble.response()


def install(app: FastAPI) -> None:
    """Make every error of the application a problem."""
    for kind in (ExtaskError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, answer_error)


def responses(*statuses: int | Literal["default"]) -> dict[int | str, dict[str, Any]]:
    """Describe the problems of a route for OpenAPI."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _phrase(status), "content": content} for status in statuses}


def _phrase(status: int | Literal["default"]) -> str:
    return "Any other problem" if status == "default" else HTTPStatus(status).phrase
