"""Instants as whole numbers, and columns of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import pytest

from extask.distribution import clock
from extask.distribution.columns import NONE, Reader, Writer
from extask.distribution.throughput import Throughput

LAST = datetime(9999, 12, 30, tzinfo=UTC)


def test_spans_are_exact_and_bounded_by_the_calendar() -> None:
    assert clock.span(timedelta(days=2, seconds=3, microseconds=4)) == 172_803_000_004
    assert clock.span(timedelta(microseconds=-1)) == -1
    assert clock.instant(clock.span(timedelta.max)) == LAST
    assert clock.span(timedelta.min) == -clock.span(timedelta.max)


def test_instants_come_back_in_utc_whatever_their_zone() -> None:
    noon = datetime(2026, 1, 5, 12, tzinfo=UTC)
    assert clock.micros(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)) == 1_000_000
    assert clock.instant(clock.micros(noon)) == noon
    assert clock.micros(noon.astimezone(timezone(timedelta(hours=9)))) == clock.micros(noon)
    assert clock.micros(noon.replace(tzinfo=None)) == clock.micros(noon)
    assert clock.instant(clock.micros(noon)).tzinfo is UTC
    assert clock.instant(clock.micros(LAST) + 1) == LAST


def test_instants_may_be_absent() -> None:
    assert (clock.maybe(None), clock.text(None)) == (None, None)
    assert clock.maybe(0) == clock.EPOCH
    assert clock.text(0) == "1970-01-01T00:00:00+00:00"


WIDE = [0, 1, -1, 255, 256, None, (1 << 62), -(1 << 62) + 1, None, 7, 1 << 40]


@pytest.mark.parametrize("rising", [False, True])
@pytest.mark.parametrize("numbers", [WIDE, [], [0, 0], [None], list(range(5, 50)), [-5, 5]])
def test_columns_come_back_as_they_were(numbers: list[int | None], *, rising: bool) -> None:
    writer = Writer()
    writer.column("numbers", numbers, rising=rising)
    writer.column("others", [3])
    reader = Reader(writer.finish())
    assert reader.column("numbers", rising=rising) == numbers
    assert reader.column("others") == [3]
    assert NONE not in numbers


def test_tables_come_back_row_by_row() -> None:
    rows = [(1, 500, None), (2, 501, 7), (3, 499, -7)]
    writer = Writer()
    writer.table("rows", rows, (1,))
    writer.table("none", [])
    reader = Reader(writer.finish())
    assert list(reader.table("rows", 3, (1,))) == rows
    assert list(reader.table("none", 3)) == []


def test_what_rises_and_what_is_alike_takes_little_room() -> None:
    sizes = []
    for rising in (False, True):
        writer = Writer()
        numbers = [1_700_000_000_000_000 + 1_000_000 * place for place in range(10_000)]
        writer.column("numbers", numbers, rising=rising)
        writer.column("zeros", [0] * 10_000)
        sizes.append(len(writer.finish()))
    assert sizes[1] < 400
    assert sizes[0] > 8 * sizes[1]


def test_random_ids_are_kept_as_bytes_and_any_other_as_it_is() -> None:
    letters = [f"t-{number:032x}" for number in range(2_000)]
    odd = ["", "t-", "t-0", "T-00", "tt-00", "00 ", "anna", "\u00fc", "t-0G", "t_00"]
    ids = [*odd, "00", "c-00", "c-000a", *letters, "0123456789abcdef"]
    writer = Writer()
    numbers = [writer.id(value) for value in ids]
    assert numbers == list(range(len(ids)))
    assert writer.id("anna") == ids.index("anna")
    assert writer.id(None) is None
    reader = Reader(writer.finish())
    assert [reader.id(number) for number in range(len(ids))] == ids


def test_random_ids_take_half_their_length() -> None:
    writer = Writer()
    for number in range(1_000):
        writer.id("t-" + sha256(str(number).encode()).hexdigest()[:32])
    assert len(writer.finish()) < 17_000


def test_words_small_values_and_bytes_come_back() -> None:
    writer = Writer()
    assert [writer.word(it) for it in ("b", "a", "b", "c")] == [0, 1, 0, 2]
    writer.put("value", {"a": [1, None, "\u00fc"]})
    writer.raw("bytes", b"\0\1\2")
    writer.raw("more", b"")
    writer.column("after", [9])
    reader = Reader(writer.finish())
    assert [reader.word(it) for it in range(3)] == ["b", "a", "c"]
    assert reader.get("value") == {"a": [1, None, "\u00fc"]}
    assert (reader.raw("bytes"), reader.raw("more")) == (b"\0\1\2", b"")
    assert reader.column("after") == [9]


HOUR = 3_600_000_000


def test_an_estimate_takes_five_first_offers_within_the_hour_the_last_instant_included() -> None:
    offers = Throughput([0, 10, 20, 30])
    assert offers.estimate(1, 40) is None
    offers.note(40)
    assert offers.firsts() == [0, 10, 20, 30, 40]
    wait, basis = offers.estimate(3, 42) or (None, None)
    assert wait == timedelta(microseconds=31)
    assert basis is not None
    assert (basis.offers, basis.over) == (5, timedelta(microseconds=42))
    assert offers.estimate(0, 42) is None
    assert offers.estimate(1, HOUR) is not None
    assert offers.estimate(1, HOUR + 1) is None


def test_only_the_last_twenty_first_offers_are_remembered() -> None:
    offers = Throughput()
    for now in range(25):
        offers.note(now)
    assert offers.firsts() == list(range(5, 25))
