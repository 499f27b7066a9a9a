"""How commands reach the API: address, keys, and problems told as this program's errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx2

from extask.cli.credentials import DEFAULT_URL, Credentials, Folder, Role
from extask.errors import (
    BadInput,
    Conflict,
    ExtaskError,
    FairUseLimit,
    Fault,
    Misconfigured,
    NotAllowed,
    NotFound,
    Unavailable,
)

TIMEOUT_SECONDS = 30.0
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


class Api:
    """The native API, as seen by the holder of one key."""

    def __init__(self, url: str, key: str) -> None:
        self._client = httpx2.Client(
            base_url=url.rstrip("/") + "/api/v1",
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=TIMEOUT_SECONDS,
        )

    def get(self, path: str, **query: object) -> Any:
        """Get a resource; empty query values are not sent."""
        given = {name: str(value) for name, value in query.items() if value is not None}
        return self.call("GET", path, params=given)

    def every(self, path: str, **query: object) -> Iterator[dict[str, Any]]:
        """Go through a list, over all of its pages."""
        page = self.get(path, **query)
        while True:
            yield from page["value"]
            if not page.get("nextLink"):
                return
            page = self.call("GET", page["nextLink"])

    def post(self, path: str, body: Any, **headers: str) -> Any:
        """Post a body; headers are named with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.call("POST", path, json=body, headers=named)

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Make one call and answer its body.

        Raises:
            Unavailable: nobody answers there, or not now.
            ExtaskError: the API refused; the class says how.
        """
        try:
            response = self._client.request(method, path, **options)
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise Unavailable(f"cannot reach {self._client.base_url}: {error}") from error
        if response.is_success:
            return _body(response)
        raise refusal(response.status_code, _body(response))


def _body(response: httpx2.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return {"detail": response.text[:500]} if response.text else {}


def refusal(status: int, problem: Any) -> ExtaskError:
    """Make an error of a problem, with all that it says."""
    told: Mapping[str, Any] = problem if isinstance(problem, Mapping) else {}
    what = told.get("detail") or told.get("title") or f"HTTP status {status}"
    message = f"{what} [{told['code']}]" if told.get("code") else str(what)
    kind = _BY_STATUS.get(status)
    if kind is not None:
        return kind(message)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ExtaskError(message)
    return BadInput(message, tuple(_fault(error) for error in told.get("errors", ())))


def _fault(error: Mapping[str, Any]) -> Fault:
    return Fault(
        pointer=str(error.get("pointer", "")),
        code=str(error.get("code", "")),
        message=str(error.get("message") or error.get("detail") or ""),
    )


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
        keys = {self.who: self._key(self.who)} if self.who else self._credentials.agents
        return {upn: Api(self.address, key) for upn, key in keys.items()}

    @property
    def address(self) -> str:
        """Where the API is: as said, else as the data folder remembers, else the default."""
        if self.url:
            return self.url
        known = self.folder.addresses()
        return known.api if known else DEFAULT_URL

    @property
    def _credentials(self) -> Credentials:
        credentials = self.folder.credentials()
        if credentials is None:
            raise Misconfigured(
                f"no API key: there is no {self.folder.credentials_file}; "
                "say --data-dir DIR, or --api-key KEY, or set EXTASK_API_KEY"
            )
        return credentials

    def _key(self, who: str) -> str:
        key = self._credentials.key(who)
        if key is None:
            raise Misconfigured(f"{self.folder.credentials_file} has no key of '{who}'")
        return key
