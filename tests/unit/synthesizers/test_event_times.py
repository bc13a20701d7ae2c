"""Times as gaps and back: never before their base, and inside their room."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse_twin.profiling.columns import ColumnTask, profile_column
from warehouse_twin.profiling.values import DAY_MICROSECONDS
from warehouse_twin.synthesizers.event_times import Gaps, Room, Usual, after, keeps_hours

HOUR = DAY_MICROSECONDS / 24
NOBODY = Usual({}, np.arange(0), 1)


def usual(rows: int, **values: list[float]) -> Usual:
    """Profiles of these values, each its own point mass."""
    profiles = {
        name.replace("_", "."): profile_column(
            ColumnTask(name, "DOUBLE"), pa.chunked_array([pa.array(found, type=pa.float64())]), np.arange(len(found)), k=1
        )
        for name, found in values.items()
    }
    return Usual(profiles, np.arange(rows), 1)


def test_a_gap_is_one_number_where_hours_do_not_matter() -> None:
    gaps = Gaps("gap", by_day=False)
    found = gaps.encode(np.asarray([5.0, np.nan, 9.0]), np.asarray([3.0, 3.0, np.nan]))
    assert gaps.columns == ("gap",)
    np.testing.assert_array_equal(found["gap"], [2.0, np.nan, np.nan])
    back = gaps.decode({"gap": np.asarray([2.0, -1.0, np.nan])}, np.asarray([3.0, 3.0, 3.0]), NOBODY)
    np.testing.assert_array_equal(back, [5, 3, np.nan])


def test_by_day_a_gap_has_days_and_then_a_clock_or_a_wait() -> None:
    gaps = Gaps("gap", by_day=True)
    base = np.asarray([20.0, 20.0]) * HOUR
    found = gaps.encode(np.asarray([23.0, 24 + 9.0]) * HOUR, base)
    np.testing.assert_array_equal(found["gap"], [0, 1])
    np.testing.assert_array_equal(found["gap.clock"], [np.nan, 9 * HOUR])
    np.testing.assert_array_equal(found["gap.wait"], [3 * HOUR, np.nan])
    back = gaps.decode(found, base, usual(2, gap_clock=[1.0], gap_wait=[1.0]))
    np.testing.assert_array_equal(back, np.asarray([23.0, 33.0]) * HOUR)


def test_a_clock_that_was_not_drawn_is_a_usual_one() -> None:
    gaps = Gaps("gap", by_day=True)
    nothing = np.asarray([np.nan])
    drawn = {"gap": np.asarray([2.0]), "gap.clock": nothing, "gap.wait": nothing}
    assert gaps.decode(drawn, np.asarray([HOUR]), usual(1, gap_clock=[7 * HOUR], gap_wait=[HOUR])) == 55 * HOUR
    same_day = drawn | {"gap": np.asarray([0.0])}
    assert gaps.decode(same_day, np.asarray([HOUR]), usual(1, gap_clock=[7 * HOUR], gap_wait=[HOUR])) == 2 * HOUR


def test_where_no_event_follows_on_its_day_none_does() -> None:
    gaps = Gaps("gap", by_day=True)
    drawn = {"gap": np.asarray([0.0]), "gap.clock": np.asarray([7 * HOUR]), "gap.wait": np.asarray([np.nan])}
    assert gaps.decode(drawn, np.asarray([HOUR]), usual(1, gap_clock=[], gap_wait=[])) == 31 * HOUR


def test_usual_values_follow_the_profile() -> None:
    found = usual(4_000, gap=[0.0, 0.0, 0.0, 5.0]).draw("gap")
    assert set(found) == {0.0, 5.0}
    assert (found == 0.0).mean() == pytest.approx(0.75, abs=0.03)
    assert np.isnan(usual(2, gap=[]).draw("gap")).all()


def test_hours_matter_where_the_clock_is_not_even() -> None:
    day = np.arange(1_000) / 1_000 * DAY_MICROSECONDS
    assert not keeps_hours(day)
    assert keeps_hours(9 * HOUR + day / 3)
    assert not keeps_hours(np.asarray([np.nan]))


def test_events_in_their_room_stay_and_others_move_into_it() -> None:
    room = Room(np.full(4, 10.0), np.full(4, 20.0), np.asarray([0.0, 0.0, 1.0, 0.0]), 1.0, True)
    found = room.fit(np.asarray([15.0, 99.0, 99.0, np.nan]), np.full(4, 0.5))
    np.testing.assert_array_equal(found, [15, 15, 12, np.nan])


def test_a_time_that_is_moved_keeps_its_clock() -> None:
    start, end = np.asarray([24 * HOUR + HOUR]), np.asarray([72 * HOUR - 1])
    found = Room(start, end, np.asarray([0.0]), 1.0, True, by_day=True).fit(np.asarray([99 * 24 * HOUR + 9 * HOUR]), np.asarray([0.9]))
    assert found == 48 * HOUR + 9 * HOUR


def test_without_room_events_stand_as_close_as_they_may() -> None:
    room = Room(np.asarray([19.0]), np.asarray([20.0]), np.asarray([4.0]), 1.0, True)
    assert room.fit(np.asarray([30.0]), np.asarray([0.9])) == 19.0
    free = Room(np.asarray([np.nan]), np.asarray([np.nan]), np.asarray([4.0]), 0.0, False)
    assert free.fit(np.asarray([30.0]), np.asarray([0.9])) == 30.0


def test_the_time_after_another() -> None:
    assert after(np.asarray([3.0]), 0.5) == 3.5
    assert after(np.asarray([3.0]), 0.0) > 3.0


@given(
    gap=st.floats(-5, 50),
    base=st.integers(-20, 20_000),
    end=st.integers(-20, 20_000),
    remaining=st.integers(0, 9),
    draw=st.floats(0, 0.999),
    by_day=st.booleans(),
)
def test_no_event_is_before_its_base_nor_past_an_end_that_leaves_room(
    gap: float, base: int, end: int, remaining: int, draw: float, by_day: bool
) -> None:
    """Times on a grid of hours."""
    gaps = Gaps("gap", by_day)
    start, last = np.asarray([base * HOUR]), np.asarray([end * HOUR])
    scale = 1.0 if by_day else DAY_MICROSECONDS
    drawn = {"gap": np.asarray([gap * scale]), "gap.clock": np.asarray([5.5 * HOUR]), "gap.wait": np.asarray([0.4 * HOUR])}
    decoded = gaps.decode(drawn, start, usual(1, gap_clock=[HOUR], gap_wait=[HOUR]))
    times = Room(start, last, np.asarray([float(remaining)]), HOUR, True, by_day).fit(decoded, np.asarray([draw]))
    assert (times >= start).all()
    assert (times % HOUR == 0).all()
    if end - base >= remaining:
        assert (times <= last - remaining * HOUR).all()
