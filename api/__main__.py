"""Runs the API: `python -m api`."""

from __future__ import annotations

import signal

import uvicorn

from api.app import create_app
from extask import logs, processes, temporal
from extask.settings import Settings

GRACE_SECONDS = 10
IDLE_SECONDS = 75
"""A connection is kept so long between two requests: longer than proxies and clients do, so that it
is never closed here while a request is on its way."""


def main() -> None:
    """Serve until SIGINT or SIGTERM, then finish the requests under way."""
    processes.collect_rarely()
    settings = Settings()
    logs.configure(settings.log)
    # Uvicorn stops gracefully and raises the signal again afterwards: here it ends nothing more.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    uvicorn.run(
        create_app(),
        host=settings.api.host,
        port=settings.api.port,
        log_config=None,
        access_log=False,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


if __name__ == "__main__":
    main()
    temporal.leave()
