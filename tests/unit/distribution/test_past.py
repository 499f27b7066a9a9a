"""The bounded past: what is packed is found again, and forgotten in the same order."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from extask.distribution.past import SMALL, Past
from extask.messages import Answer

ADAPTER = TypeAdapter(Answer)


def _past(bound: int) -> Past[Answer]:
    return Past(ADAPTER, bound)


def _answer(task: str, number: int = 0) -> Answer:
    return Answer(status="done", task=task, session=f"{task}.1.1", rank=number)


def _filled(count: int, bound: int = 10_000) -> Past[Answer]:
    past = _past(bound)
    for number in range(count):
        past.put(f"k-{number}", _answer(f"t-{number}", number), f"t-{number}")
    return past


def _handed_on(past: Past[Answer], bound: int = 10_000) -> Past[Answer]:
    following = _past(bound)
    for parcel in past.parcels():
        following.take(parcel)
    return following


def _known(past: Past[Answer], count: int) -> list[int]:
    return [n for n in range(count) if past.get(f"k-{n}", f"t-{n}") == _answer(f"t-{n}", n)]


def test_what_was_packed_is_found_as_it_was() -> None:
    past = _handed_on(_filled(50))
    assert len(past) == 50
    assert _known(past, 60) == list(range(50))
    assert past.get("k-50", "t-50") is None


@pytest.mark.parametrize("subject", ["", "t", 'a"b\\c', "\x1a", "done", "ü\n"])
def test_any_subject_comes_back(subject: str) -> None:
    past = _past(5)
    answer = Answer(status="refused", task=subject, message=f"{subject} \x1a\n{subject}")
    past.put("k", answer, subject)
    assert _handed_on(past).get("k", subject) == answer


def test_a_small_parcel_is_packed_again_with_what_came_since_and_a_large_one_stays() -> None:
    past = _handed_on(_filled(SMALL - 1))
    past.put("new", _answer("t-new"), "t-new")
    (only,) = past.parcels()
    assert len(only) == SMALL
    past = _handed_on(past)
    past.put("newer", _answer("t-newer"), "t-newer")
    first, second = past.parcels()
    assert (len(first), len(second)) == (SMALL, 1)
    assert first.parts() == only.parts()
    following = _handed_on(past)
    assert following.get("new", "t-new") == _answer("t-new")
    assert following.get("newer", "t-newer") == _answer("t-newer")
    assert _known(following, SMALL) == list(range(SMALL - 1))


def test_the_oldest_is_forgotten_first_packed_or_not() -> None:
    past = _handed_on(_filled(3, bound=4), bound=4)
    for number in range(3, 6):
        past.put(f"k-{number}", _answer(f"t-{number}", number), f"t-{number}")
    assert len(past) == 4
    assert _known(past, 6) == [2, 3, 4, 5]
    past = _handed_on(past, bound=4)
    assert _known(past, 6) == [2, 3, 4, 5]
    for number in range(6, 11):
        past.put(f"k-{number}", _answer(f"t-{number}", number), f"t-{number}")
    assert _known(past, 11) == [7, 8, 9, 10]


def test_the_newest_value_of_a_key_counts() -> None:
    past = _past(10)
    for rank in (1, 2):
        past.put("k", _answer("t", rank), "t")
        past = _handed_on(past)
    assert past.get("k", "t") == _answer("t", 2)


def test_packing_changes_nothing() -> None:
    past = _filled(5)
    assert [parcel.parts() for parcel in past.parcels()] == [p.parts() for p in past.parcels()]
    assert _known(past, 5) == list(range(5))


def test_of_a_value_only_what_is_not_usual_is_packed_and_of_its_subject_nothing() -> None:
    past = _past(5)
    past.put("1", Answer(status="done", task='t-"ü', session='t-"ü.1.1'), 't-"ü')
    past.put("2", Answer(status="done", message="any"), "")
    [parcel] = past.parcels()
    lines = [line for _, line in parcel.remembered()]
    session = '{"status":"done","session":"\x1a.1.1","task":"\x1a"}'
    assert lines == [session, '{"status":"done","message":"any"}']


def test_several_parcels_are_counted_together() -> None:
    past = _handed_on(_filled(SMALL, bound=SMALL + 4), bound=SMALL + 4)
    for number in range(SMALL, SMALL + 3):
        past.put(f"k-{number}", _answer(f"t-{number}", number), f"t-{number}")
    past = _handed_on(past, bound=SMALL + 4)
    assert len(past) == SMALL + 3
    for number in range(SMALL + 3, SMALL + 6):
        past.put(f"k-{number}", _answer(f"t-{number}", number), f"t-{number}")
    assert len(past) == SMALL + 4
    assert past.get("k-1", "t-1") is None
    assert _known(past, SMALL + 6) == list(range(2, SMALL + 6))
    past = _handed_on(past, bound=SMALL + 4)
    assert [parcel.forgotten for parcel in past.parcels()] == [2, 0]


def test_what_is_remembered_again_is_the_newest() -> None:
    past = _past(2)
    for number in (0, 1, 0, 2):
        past.put(f"k-{number}", _answer(f"t-{number}", number), f"t-{number}")
    assert _known(past, 3) == [0, 2]
