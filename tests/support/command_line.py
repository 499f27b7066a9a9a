"""A small real HTTP server that answers as the API does, and how a command ended."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from extask.cli.credentials import Credentials

KEYS = Credentials(
    tenant_admin="k-admin",
    workflow_admin="k-workflow",
    supervisor="k-supervisor",
    flow="k-flow",
    agents={"anna@demo.example": "k-anna", "ben@demo.example": "k-ben"},
)


@dataclass(frozen=True)
class Asked:
    """One request that the server got."""

    method: str
    path: str
    query: dict[str, str]
    key: str
    headers: dict[str, str]
    body: Any


@dataclass
class FakeApi:
    """Answers by (method, path), or (method, path, key); an answer is (status, body)."""

    url: str = ""
    answers: dict[tuple[str, str, str], tuple[int, Any]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def answer(
        self, method: str, path: str, body: object, status: int = 200, key: str = ""
    ) -> None:
        self.answers[method, path, key] = (status, body)

    def find(self, asked: Asked) -> tuple[int, Any]:
        self.asked.append(asked)
        for key in (asked.key, ""):
            found = self.answers.get((asked.method, asked.path, key))
            if found is not None:
                status, body = found
                return status, body(asked) if callable(body) else body
        return 404, {"status": 404, "detail": f"no {asked.path}", "code": "not_found"}

    @property
    def last(self) -> Asked:
        return self.asked[-1]


def handler(api: FakeApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            parts = urlsplit(self.path)
            size = int(self.headers.get("Content-Length") or 0)
            asked = Asked(
                method=self.command,
                path=parts.path.removeprefix("/api/v1"),
                query=dict(parse_qsl(parts.query)),
                key=self.headers.get("Authorization", "").removeprefix("Bearer "),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=json.loads(self.rfile.read(size)) if size else None,
            )
            status, body = api.find(asked)
            data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_any  # noqa: N815 - the library's names

    return Handler


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Extask = Callable[..., Ended]
