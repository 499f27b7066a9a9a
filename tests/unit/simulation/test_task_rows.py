from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from extask.definition.finding import Finding
from extask.simulation import task_rows
from extask.simulation.laws import TaskRow
from extask.simulation.task_rows import read_rows

ALL = ("arrived", "handling", "patience")
HEADER = b"arrived,handling,patience\n"
GOOD = b"2026-01-05T09:00:00Z,300,10m\n"


def faults(data: bytes, needed: tuple[str, ...] = ALL) -> list[tuple[str, int, int, str]]:
    rows, found = read_rows(data, "tasks.csv", needed)
    assert rows == ()
    return [(each.code, each.line, each.column, each.path) for each in found]


def test_rows_are_read_by_the_names_of_their_columns() -> None:
    data = (
        "\ufeffnote;priority;handling;patience;arrived\r\n"
        '"a; b";high;1.5;;2026-01-05T10:00:00+01:00\r\n'
        "x;;PT5M;90s;2026-01-05T09:00:01Z\r\n"
    ).encode()

    rows, found = read_rows(data, "tasks.csv", ALL)

    nine = datetime(2026, 1, 5, 9, tzinfo=UTC)
    assert found == []
    assert rows == (
        TaskRow(nine, timedelta(seconds=1.5), None, "high"),
        TaskRow(nine + timedelta(seconds=1), timedelta(minutes=5), timedelta(seconds=90)),
    )


def test_only_what_is_needed_is_read() -> None:
    rows, found = read_rows(b"handling,arrived\n5m,yesterday\n-0,\n", "tasks.csv", ("handling",))
    assert found == []
    assert [row.handling for row in rows] == [timedelta(minutes=5), timedelta(0)]
    assert rows[0].arrived is None


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", ("E106", 1, 1, "")),
        (b" \n\n", ("E106", 1, 1, "")),
        ("arrived,handling".encode("utf-16"), ("E101", 1, 1, "")),
        (HEADER, ("E106", 1, 1, "")),
        (b"arrived,handing,patience\n" + GOOD, ("E106", 1, 1, "handling")),
        (b"arrived,handling,patience,arrived\n", ("E102", 1, 1, "arrived")),
        (b"priority,arrived,handling,patience,priority\n", ("E102", 1, 1, "priority")),
        (HEADER + GOOD + b"\n" + GOOD, ("E106", 3, 1, "")),
        (HEADER + b" , ,\n", ("E106", 2, 1, "")),
        (HEADER + b"2026-01-05T09:00:00Z,300\n", ("E106", 2, 1, "patience")),
        (HEADER + GOOD[:-1] + b",x\n", ("E105", 2, 1, "")),
        (HEADER + b'2026-01-05T09:00:00Z,"300,5m\n', ("E101", 2, 1, "")),
        (HEADER + b"2026-01-05T09:00:00Z,\xff,5m\n", ("E101", 2, 1, "")),
        (HEADER + b"2026-01-05T09:00:00,300,5m\n", ("E105", 2, 1, "arrived")),
        (HEADER + b"5.1.2026,300,5m\n", ("E105", 2, 1, "arrived")),
        (HEADER + b"2026-01-05T09:00:00Z,-300,5m\n", ("E105", 2, 22, "handling")),
        (HEADER + b"2026-01-05T09:00:00Z,300,-5m\n", ("E105", 2, 26, "patience")),
        (HEADER + b"2026-01-05T09:00:00Z,,5m\n", ("E105", 2, 22, "handling")),
        (HEADER + b'2026-01-05T09:00:00Z,"soon",5m\n', ("E105", 2, 1, "handling")),
        (b"handling,priority\n5m,urgent\n", ("E105", 2, 4, "priority")),
    ],
)
def test_a_fault_is_told_with_its_line_and_column(
    data: bytes, fault: tuple[str, int, int, str]
) -> None:
    needed = ("handling",) if data.startswith(b"handling") else ALL
    assert faults(data, needed) == [fault]


def test_a_column_of_a_similar_name_is_suggested() -> None:
    _, (found,) = read_rows(b"handing\n5m\n", "tasks.csv", ("handling",))
    assert found.message == "there is no column 'handling'"
    assert found.help == "is 'handing' meant? the first line names the columns: handling"


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_rows, "MOST_ROWS", 2)
    assert faults(HEADER + 2 * GOOD) == [("E101", 1, 1, "")]
    monkeypatch.setattr(task_rows, "LARGEST", 10)
    assert faults(HEADER) == [("E101", 1, 1, "")]


SLIPS: tuple[tuple[bytes, str, str], ...] = (
    (b"", "E106", ""),
    (b"2026-01-05T09:00:00Z,300", "E106", "patience"),
    (b"2026-01-05T09:00:00Z,300,5m,more", "E105", ""),
    (b"2026-13-45T09:00:00Z,300,5m", "E105", "arrived"),
    (b"yesterday,300,5m", "E105", "arrived"),
    (b"2026-01-05T09:00:00Z,-300,5m", "E105", "handling"),
    (b"2026-01-05T09:00:00Z,300,-5m", "E105", "patience"),
    (b"2026-01-05T09:00:00Z,three,5m", "E105", "handling"),
    ("2026-01-05T09:00:00Z,300,5m \xe9".encode("latin-1"), "E101", ""),
    (b'2026-01-05T09:00:00Z,"300,5m', "E101", ""),
)
"""A line that is wrong in one way, the code of the fault, and its column."""


def test_of_5000_lines_each_fault_is_told_once_and_nothing_is_half_read() -> None:
    """Every seventh line is wrong, in one of ten ways."""
    lines, expected = [HEADER[:-1]], []
    for number in range(2, 5_002):
        if number % 7:
            lines.append(b"2026-01-05T09:00:00Z,%d,5m" % number)
            continue
        line, code, column = SLIPS[number // 7 % len(SLIPS)]
        lines.append(line)
        expected.append((code, number, column))

    rows, found = read_rows(b"\n".join(lines) + b"\n", "tasks.csv", ALL)

    assert rows == ()
    assert [(each.code, each.line, each.path) for each in found] == expected
    assert len(expected) == 714
    assert all(each.help and each.message for each in found)
    sound = [line for number, line in enumerate(lines, 1) if number == 1 or number % 7]
    rows, found = read_rows(b"\n".join(sound), "tasks.csv", ALL)
    assert (len(rows), found) == (5_000 - 714, [])


def test_a_line_with_two_faults_tells_both() -> None:
    _, found = read_rows(HEADER + b"yesterday,-5m,\n", "tasks.csv", ALL)
    assert [each.path for each in found] == ["arrived", "handling"]
    assert isinstance(found[0], Finding)
    assert found[1].message == "handling: '-5m' is negative"
