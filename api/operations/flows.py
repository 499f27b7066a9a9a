"""Flows: what workflows may call by name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from api.auth import Principal
from api.ports import Ports
from api.shapes.flows import Flow, FlowList, PutFlow
from extask import addresses, vault
from extask.errors import BadInput, Fault, NotFound
from extask.storage import flows
from extask.storage.flow_rows import FlowRow

_OURS = frozenset(
    {"connection", "content-encoding", "content-length", "content-type", "expect", "host"}
    | {"accept-encoding", "idempotency-key", "keep-alive", "te", "trailer", "transfer-encoding"}
    | {"upgrade"}
)
"""Headers that the call itself sets, or that would change how it is read."""
_SECRET_HEADER = re.compile(r"auth|cookie|token|secret|key|password|signature", re.IGNORECASE)
_SECRET_QUERY = re.compile(
    r"[?&](sig|signature|code|key|[a-z_-]*(?:token|secret|password|api_?key))=([^&]+)",
    re.IGNORECASE,
)


async def page(ports: Ports, who: Principal) -> FlowList:
    """List the tenant's flows."""
    async with ports.database.connect() as connection:
        rows = await flows.list_all(connection, who.tenant)
    return FlowList(value=[_shown(row) for row in rows])


async def get(ports: Ports, who: Principal, name: str) -> Flow:
    """Get a flow.

    Raises:
        NotFound: there is none.
    """
    async with ports.database.connect() as connection:
        row = await flows.get(connection, who.tenant, name)
    if row is None:
        raise NotFound(f"There is no flow '{name}'.")
    return _shown(row)


async def put(ports: Ports, who: Principal, name: str, body: PutFlow) -> Flow:
    """Add a flow or replace it.

    Raises:
        BadInput: its address may not be called, or something is to be named as a secret.
    """
    faults = (*_address(body.address, loopback=ports.loopback), *_headers(body.headers))
    if faults:
        raise BadInput("The flow cannot be called like this.", faults)
    row = FlowRow(name=name, **body.model_dump())
    async with ports.database.begin() as connection:
        await flows.save(connection, who.tenant, row)
    return _shown(row)


async def remove(ports: Ports, who: Principal, name: str) -> None:
    """Remove a flow; calls of it fail from then on.

    Raises:
        NotFound: there is none.
    """
    async with ports.database.begin() as connection:
        await flows.remove(connection, who.tenant, name)


def address_fault(pointer: str, address: str, *, loopback: bool) -> Iterator[Fault]:
    """Find what keeps an address from being called."""
    try:
        addresses.read(address, loopback=loopback)
    except ValueError as error:
        yield Fault(pointer, "bad_address", f"The address {error}.")


def _address(address: str, *, loopback: bool) -> Iterator[Fault]:
    # What a secret will be changes nothing about where the call goes: it may not stand before that.
    scheme, slashes, after = address.partition("//")
    server = re.split("[/?#]", after, maxsplit=1)[0]
    rest = after.removeprefix(server)
    plain = scheme + slashes + server + vault.without_references(rest, "x")
    yield from address_fault("/address", plain, loopback=loopback)
    for name, value in _SECRET_QUERY.findall(rest):
        if not vault.names_in(value):
            yield _literal("/address", f"The value of '{name}' in the address")


def _headers(headers: dict[str, str]) -> Iterator[Fault]:
    for name, value in headers.items():
        pointer = f"/headers/{name}"
        if name.lower() in _OURS:
            yield Fault(pointer, "not_one_of", f"The header '{name}' is set by the call itself.")
            continue
        plain = vault.without_references(value)
        if not re.fullmatch(r"[ -~]*", plain) or "{secret" in plain:
            told = f"The header '{name}' holds no plain text with secrets as {{secret:NAME}}."
            yield Fault(pointer, "bad_form", told)
        elif _SECRET_HEADER.search(name) and not vault.names_in(value):
            yield _literal(pointer, f"The header '{name}'")


def _literal(pointer: str, what: str) -> Fault:
    told = f"{what} looks like a secret; write {{secret:NAME}} and keep it where workers are."
    return Fault(pointer, "secret_as_literal", told)


def _shown(row: FlowRow) -> Flow:
    return Flow.model_validate(row.model_dump())
