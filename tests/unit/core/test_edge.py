"""The core's edge: errors, settings, logs, names in Temporal, the packed outbox."""

from __future__ import annotations

import json
import logging
import sys
import warnings
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from extask import errors, logs, temporal
from extask.messages import Event, PoolStart
from extask.settings import LogSettings, Settings
from workflows.outbox import pack, unpack

AT = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


def every_error() -> list[type[errors.ExtaskError]]:
    found: list[type[errors.ExtaskError]] = [errors.ExtaskError]
    for kind in found:
        found.extend(kind.__subclasses__())
    return [kind for kind in found if kind.__module__ == errors.__name__]


def test_an_error_without_words_says_its_docstring() -> None:
    assert str(errors.NotFound()) == "There is no such thing."
    assert str(errors.NotFound("No task t-1.")) == "No task t-1."


def test_every_error_has_a_code_of_its_own_and_stands_in_the_tree() -> None:
    kinds = every_error()
    assert len({kind.code for kind in kinds}) == len(kinds)
    for kind in kinds:
        assert kind.__name__ in (errors.__doc__ or "")


def test_errors_carry_what_their_caller_needs() -> None:
    fault = errors.Fault("/priority", "unknown_value", "There is no priority 10.")
    assert errors.BadInput("Look again.", (fault,)).faults == (fault,)
    assert errors.FairUseLimit().retry_after == timedelta(seconds=5)
    assert errors.PoolFull().retry_after == timedelta(seconds=2)


def test_settings_come_from_the_environment_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTASK_DATABASE_URL", "sqlite:///elsewhere.db")
    monkeypatch.setenv("EXTASK_DISTRIBUTOR_PERMITS", "3")
    settings = Settings()
    assert settings.database.url == "sqlite:///elsewhere.db"
    assert settings.distributor.permits == 3
    assert settings.api.port == 8080


@pytest.mark.usefixtures("unconfigured")
@pytest.mark.parametrize(("form", "expected"), [("json", '"event": "hello"'), ("text", "hello")])
def test_both_kinds_of_loggers_write_one_form(
    form: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(LogSettings.model_validate({"format": form}))
    logging.getLogger("elsewhere").warning("hello")
    structlog.get_logger("here").warning("hello", task="t-1")
    written = capsys.readouterr().err
    assert written.count(expected) == 2
    assert "t-1" in written


@pytest.mark.usefixtures("unconfigured")
@pytest.mark.filterwarnings("always:that is old")
def test_what_libraries_warn_of_is_a_line_of_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(LogSettings(format="json"))
    warnings.warn("that is old", UserWarning, stacklevel=1)
    told = json.loads(capsys.readouterr().err)
    assert told["level"] == "warning"
    assert "that is old" in told["event"]


@pytest.mark.usefixtures("unconfigured")
def test_a_traceback_in_the_log_is_plain_and_tells_no_values(
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = {"secret": "what nobody may read"}
    logs.configure(LogSettings(format="text"))
    try:
        given["asked"]
    except KeyError:
        logging.getLogger("here").exception("it failed")
    written = capsys.readouterr().err
    assert "KeyError: 'asked'" in written
    assert given["secret"] not in written


def test_search_attributes_leave_out_what_is_empty() -> None:
    made = temporal.attributes({"ExtaskTenant": "demo", "ExtaskAgent": ""})
    assert [pair.key.name for pair in made.search_attributes] == ["ExtaskTenant"]
    updates = temporal.changes({"ExtaskTenant": "demo", "ExtaskAgent": ""})
    assert [update.value for update in updates] == ["demo", None]


def test_a_distributor_is_named_after_tenant_and_pool() -> None:
    assert temporal.distributor_id("demo", "main") == "distributor:demo:main"


def test_a_packed_outbox_is_read_as_it_was() -> None:
    events = [Event(kind="queued", at=AT, task="t-1", data={"priority": "normal"})] * 3
    assert unpack(pack(events)) == events
    assert pack([]) == b""
    assert unpack(b"") == []


def test_a_pool_starts_without_configuration_by_default() -> None:
    assert PoolStart(tenant="demo", pool="main").generation == 1


def test_a_process_leaves_with_all_it_said(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os._exit", sys.exit)
    sys.stdout.write("done")
    with pytest.raises(SystemExit) as left:
        temporal.leave()
    assert (left.value.code, capfd.readouterr().out) == (0, "done")
