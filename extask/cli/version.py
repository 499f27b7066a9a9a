"""`extask version`: what runs here, and what runs there."""

from __future__ import annotations

from extask.cli.connection import Api
from extask.cli.shared import Call, installed, online
from extask.errors import ExtaskError


@online
def version(call: Call) -> None:
    """Tell the versions of this program and of the server, if it answers."""
    call.output.record({"extask": installed("extask"), "server": _server(call.connection.address)})


def _server(url: str) -> str | None:
    try:
        return str(Api(url, "").get("/version").get("version"))
    except ExtaskError:
        return None
