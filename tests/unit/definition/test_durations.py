"""Durations are read as people write them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extask.definition.durations import LONGEST, PATTERN, format_duration, parse_duration

WRITTEN = {
    "30s": timedelta(seconds=30),
    "5m": timedelta(minutes=5),
    "1h30m": timedelta(minutes=90),
    "2d": timedelta(days=2),
    "1w": timedelta(days=7),
    "0s": timedelta(0),
    "1.5s": timedelta(seconds=1.5),
    "PT5M": timedelta(minutes=5),
    "P1DT2H": timedelta(hours=26),
    "P2W": timedelta(days=14),
    "PT0.25S": timedelta(milliseconds=250),
}


@pytest.mark.parametrize(("text", "length"), WRITTEN.items())
def test_a_duration_is_read(text: str, length: timedelta) -> None:
    assert parse_duration(text) == length
    assert re.search(PATTERN, text)


@pytest.mark.parametrize("text", ["", "5", "m", "P", "PT", "1M", "P1M", "1y", "-5m", "5 m", "٣s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)
    assert not re.search(PATTERN, text)


def test_ten_years_are_the_longest() -> None:
    assert parse_duration("3650d") == LONGEST
    with pytest.raises(ValueError, match="longer than ten years"):
        parse_duration("3651d")


def test_a_negative_one_is_shown_with_its_sign() -> None:
    assert format_duration(timedelta(seconds=-90)) == "-1m30s"


@given(st.timedeltas(timedelta(0), LONGEST))
def test_what_is_written_can_be_read_back(length: timedelta) -> None:
    assert parse_duration(format_duration(length)) == length
