"""How a process writes its log: one line an event, for people or for machines."""

from __future__ import annotations

import logging
import sys

import structlog

from extask.settings import LogSettings

_TELL_ADDRESSES = ("httpx2", "httpcore2")
"""Libraries that log where a call goes, and what came back; addresses may hold secrets."""


def configure(settings: LogSettings) -> None:
    """Send structlog's and the standard library's records to standard error in one form.

    What libraries warn of is among them.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _renderer(settings),
            ],
        )
    )
    logging.basicConfig(level=settings.level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for library in _TELL_ADDRESSES:
        logging.getLogger(library).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _renderer(settings: LogSettings) -> structlog.typing.Processor:
    """Render an event; tracebacks stay plain: a drawn one tells locals, and can take a minute."""
    if settings.format == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
