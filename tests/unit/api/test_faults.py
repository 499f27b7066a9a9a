from __future__ import annotations

import pytest

from api.faults import SIZE_LIMIT, faults_of, pointer_of


@pytest.mark.parametrize(
    ("location", "pointer"),
    [
        (("body", "params", "a/b~c", 0), "/params/a~1b~0c/0"),
        (("query", "limit"), "query/limit"),
        (("header", "Idempotency-Key"), "header/Idempotency-Key"),
        (("body",), ""),
        ((), ""),
    ],
)
def test_a_place_is_written_as_a_pointer(location: tuple[str | int, ...], pointer: str) -> None:
    assert pointer_of(location) == pointer


def test_each_place_and_code_is_named_once_and_not_without_end() -> None:
    twice = {"type": "missing", "loc": ("body", "a"), "msg": "Field required"}
    assert len(faults_of([twice, twice])) == 1
    many = [{**twice, "loc": ("body", number)} for number in range(SIZE_LIMIT + 1)]
    assert len(faults_of(many)) == SIZE_LIMIT


def test_a_kind_of_error_that_nobody_knows_is_just_invalid() -> None:
    assert faults_of([{"type": "new", "loc": (), "msg": "x"}])[0].code == "invalid"


@pytest.mark.parametrize(
    ("kind", "place", "told"),
    [
        ("extra_forbidden", ("body", "prority"), "There is no field 'prority' here."),
        ("missing", ("body", "service"), "This is needed."),
        ("model_attributes_type", ("body",), "Write a JSON object here."),
    ],
)
def test_faults_are_told_in_words_for_those_who_write_requests(
    kind: str, place: tuple[str, ...], told: str
) -> None:
    [fault] = faults_of([{"type": kind, "loc": place, "msg": "Input should be a dictionary"}])
    assert fault.message == told
