from __future__ import annotations

import io
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest

from extask.cli import guard
from extask.cli.house import House, Program
from extask.errors import ExtaskError

SOON = timedelta(seconds=10)
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); "
FOREVER = "import time\nwhile True: time.sleep(60)"


def eventually(holds: Callable[[], bool], within: timedelta = SOON) -> None:
    deadline = monotonic() + within.total_seconds()
    while not holds():
        assert monotonic() < deadline, "it never came to that"
        os.sched_yield()


def program(code: str, name: str = "child", grace: timedelta = SOON) -> Program:
    return Program(name, (sys.executable, "-c", code), dict(os.environ), grace)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    return state != "Z"


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (1, 2, 15)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    logs = tmp_path / "logs"
    logs.mkdir()
    return logs


def says(logs: Path, text: str, name: str = "child") -> Callable[[], bool]:
    return lambda: text in (logs / f"{name}.log").read_text()


def test_children_end_when_the_house_is_left(logs: Path) -> None:
    code = f"import os; print('pid', os.getpid(), flush=True); {FOREVER}"
    with House(logs) as house:
        house.start(program(code, "one"))
        house.start(program(code, "two"))
        house.wait_for(says(logs, "pid", "one"), "one", SOON)
        house.wait_for(says(logs, "pid", "two"), "two", SOON)

    pids = [int((logs / f"{name}.log").read_text().split()[1]) for name in ("one", "two")]
    assert not any(map(alive, pids))


def test_a_child_that_ends_by_itself_is_told_with_the_end_of_its_log(logs: Path) -> None:
    code = "[print('line', number) for number in range(100)]; raise SystemExit(7)"
    with pytest.raises(ExtaskError) as error, House(logs) as house:
        house.start(program(code, "api"))
        house.watch()

    assert f"api ended with status 7; its log {logs}/api.log ends so:" in str(error.value)
    assert "| line 99" in str(error.value)
    assert "| line 84\n" not in str(error.value)


def test_a_killed_child_is_told_with_its_signal(logs: Path) -> None:
    with pytest.raises(ExtaskError, match="child ended with signal 9"), House(logs) as house:
        house.start(program("import os; os.kill(os.getpid(), 9)"))
        house.watch()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_watch_and_every_child(logs: Path, number: int) -> None:
    code = f"import os; os.kill(os.getppid(), {number}); {FOREVER}"
    with pytest.raises(SystemExit) as ended, House(logs) as house:
        house.start(program(code))
        house.watch()

    assert ended.value.code == 0


def test_a_child_that_does_not_end_is_killed_after_its_grace(logs: Path) -> None:
    with House(logs) as house:
        house.start(program(STUBBORN + FOREVER, grace=timedelta(milliseconds=200)))
        house.wait_for(says(logs, "up"), "child", SOON)


def test_a_second_signal_ends_the_patience(logs: Path) -> None:
    stubborn = (
        "import os, signal, time\n"
        "signal.signal(15, lambda *_: os.kill(os.getppid(), 15))\n"
        "print('up', flush=True)\n" + FOREVER
    )
    with House(logs) as house:
        house.start(program(stubborn, grace=timedelta(minutes=10)))
        house.wait_for(says(logs, "up"), "child", SOON)


def test_what_is_not_ready_in_time_is_told(logs: Path) -> None:
    with pytest.raises(ExtaskError, match="Temporal was not ready within 0:00:00"):  # noqa: SIM117
        with House(logs) as house:
            house.wait_for(lambda: False, "Temporal", timedelta(milliseconds=50))


def test_a_program_runs_to_its_end(logs: Path) -> None:
    with House(logs) as house:
        house.run(program("print('done')"), SOON)
        with pytest.raises(ExtaskError, match="child ended with status 3"):
            house.run(program("raise SystemExit(3)"), SOON)
        with pytest.raises(ExtaskError, match="child was not ready"):
            house.run(program(FOREVER), timedelta(milliseconds=50))

    assert (logs / "child.log.1").read_text() == ""


def test_nothing_is_left_of_a_house_that_was_killed(logs: Path) -> None:
    child = f"import os; print('pid', os.getpid(), flush=True); {FOREVER}"
    house = f"""
import os, sys
from pathlib import Path
from extask.cli.house import House, Program
with House(Path({str(logs)!r})) as house:
    house.start(Program("child", (sys.executable, "-c", {child!r}), dict(os.environ)))
    house.watch()
"""
    log = logs / "child.log"
    with subprocess.Popen([sys.executable, "-c", house]) as process:
        eventually(lambda: log.exists() and log.read_text().endswith("\n"))
        process.kill()
    pid = int(log.read_text().split()[1])

    eventually(lambda: not alive(pid))


def test_the_guard_ends_what_it_was_told_to_guard_and_nothing_else() -> None:
    with (
        subprocess.Popen([sys.executable, "-c", FOREVER], start_new_session=True) as guarded,
        subprocess.Popen([sys.executable, "-c", FOREVER], start_new_session=True) as forgotten,
    ):
        guard.guard([f"+{guarded.pid}\n", f"+{forgotten.pid}\n", f"-{forgotten.pid}\n"], grace=0)
        assert guarded.wait() in (-signal.SIGTERM, -signal.SIGKILL)
        assert forgotten.poll() is None
        forgotten.kill()


def test_the_guard_ends_where_there_is_nothing_left_to_guard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with subprocess.Popen([sys.executable, "-c", ""], start_new_session=True) as ended:
        ended.wait()
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"+{ended.pid}\n"))
    with pytest.warns(RuntimeWarning, match="found in sys.modules"):
        runpy.run_module("extask.cli.guard", run_name="__main__")


def test_the_guard_kills_what_does_not_listen() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STUBBORN + FOREVER], start_new_session=True, stdout=subprocess.PIPE
    ) as stubborn:
        assert stubborn.stdout is not None
        stubborn.stdout.readline()
        guard.end([stubborn.pid], grace=0.1)
        assert stubborn.wait() == -signal.SIGKILL


def test_a_lost_guard_does_no_harm(logs: Path) -> None:
    with House(logs) as house:
        house._guard.kill()
        house._guard.wait()
        house.run(program("print('done')"), SOON)
