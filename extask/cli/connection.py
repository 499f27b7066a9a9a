"""How commands reach the API: address, keys, and problems told as this program's errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx2

from extask.cli.credentials import DEFAULT_URL, Credentials, Folder, Role
from extask.definition.finding import Finding
from extask.errors import (
    BadInput,
    Conflict,
    DefinitionRejected,
    ExtaskError,
    FairUseLimit,
    Fault,
    Misconfigured,
    NotAllowed,
    NotFound,
    Unavailable,
)

TIMEOUT_SECONDS = 30.0
LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""Hosts that no proxy of the environment stands before."""
Data = dict[str, Any]
"""A JSON object."""
_BY_STATUS: dict[int, type[ExtaskError]] = {
    HTTPStatus.UNAUTHORIZED: NotAllowed,
    HTTPStatus.FORBIDDEN: NotAllowed,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.CONFLICT: Conflict,
    HTTPStatus.TOO_MANY_REQUESTS: FairUseLimit,
    HTTPStatus.BAD_GATEWAY: Unavailable,
    HTTPStatus.SERVICE_UNAVAILABLE: Unavailable,
    HTTPStatus.GATEWAY_TIMEOUT: Unavailable,
}


class Rejected(DefinitionRejected):
    """The definition has errors; see its findings."""

    def __init__(self, message: str, findings: tuple[Finding, ...]) -> None:
        super().__init__(message)
        self.findings = findings


class Api:
    """The native API, as seen by the holder of one key."""

    def __init__(self, url: str, key: str) -> None:
        self._client = httpx2.Client(
            base_url=url.rstrip("/") + "/api/v1",
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=TIMEOUT_SECONDS,
            trust_env=httpx2.URL(url).host not in LOOPBACK,
        )

    def get(self, path: str, **query: str | None) -> Data:
        """Get a resource; empty query values are not sent."""
        given = {name: value for name, value in query.items() if value is not None}
        return self.call("GET", path, query=given)

    def text(self, path: str, **query: str) -> str:
        """Get a resource that is no JSON."""
        return self._answer("GET", path, query=query).text

    def every(self, path: str, **query: str | None) -> Iterator[Data]:
        """Go through a list, over all of its pages."""
        page = self.get(path, **query)
        while True:
            yield from page["value"]
            if not page.get("nextLink"):
                return
            page = self.call("GET", path, query=dict(httpx2.URL(page["nextLink"]).params))

    def post(self, path: str, body: Mapping[str, object], **headers: str) -> Data:
        """Post a body; headers are named with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.call("POST", path, body=body, headers=named)

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Data:
        """Make one call and answer its body.

        Raises:
            Unavailable: nobody answers there, or not now.
            ExtaskError: the API refused; the class says how.
        """
        return _body(self._answer(method, path, query=query, body=body, headers=headers))

    def _answer(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        try:
            response = self._client.request(
                method, path, params=query or None, json=body, headers=headers
            )
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise Unavailable(f"cannot reach {self._client.base_url}: {error}") from error
        if response.is_success:
            return response
        raise refusal(response.status_code, _body(response))


def _body(response: httpx2.Response) -> Data:
    """Read a body; one that is no JSON object comes from something between us and the API."""
    try:
        body = response.json()
    except ValueError:
        body = response.text[:500]
    return body if isinstance(body, dict) else {"detail": str(body)}


def refusal(status: int, told: Data) -> ExtaskError:
    """Make an error of a problem, with all that it says."""
    what = told.get("detail") or told.get("title") or f"HTTP status {status}"
    message = f"{what} [{told['code']}]" if told.get("code") else str(what)
    kind = _BY_STATUS.get(status)
    if kind is not None:
        return kind(message)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ExtaskError(message)
    if told.get("findings"):
        return Rejected(message, tuple(Finding(**each) for each in told["findings"]))
    return BadInput(message, tuple(_fault(error) for error in told.get("faults", ())))


def _fault(told: Data) -> Fault:
    return Fault(pointer=told["pointer"], code=told["code"], message=told["message"])


@dataclass(frozen=True)
class Connection:
    """What was said about whom to talk to, and as whom."""

    folder: Folder
    url: str | None = None
    api_key: str | None = None
    who: str | None = None

    def api(self, role: Role) -> Api:
        """Talk as whom `--as` names, or else in the role that fits the command."""
        return Api(self.address, self.api_key or self._key(self.who or role))

    def agents(self) -> dict[str, Api]:
        """Talk as the agent of `--as`, or else as each agent whose key is known."""
        if self.api_key:
            return {self.who or "": Api(self.address, self.api_key)}
        keys = {self.who: self._key(self.who)} if self.who else self.credentials.agents
        return {upn: Api(self.address, key) for upn, key in keys.items()}

    @property
    def address(self) -> str:
        """Where the API is: as said, else as the data folder remembers, else the default."""
        if self.url:
            return self.url
        known = self.folder.addresses()
        return known.api if known else DEFAULT_URL

    @property
    def credentials(self) -> Credentials:
        """The keys of the data folder.

        Raises:
            Misconfigured: there are none, or they cannot be used.
        """
        credentials = self.folder.credentials()
        if credentials is None:
            raise Misconfigured(
                f"no API key: there is no {self.folder.credentials_file}; "
                "say --data-dir DIR, or --api-key KEY, or set EXTASK_API_KEY"
            )
        return credentials

    def _key(self, who: str) -> str:
        key = self.credentials.key(who)
        if key is None:
            raise Misconfigured(f"{self.folder.credentials_file} has no key of '{who}'")
        return key
