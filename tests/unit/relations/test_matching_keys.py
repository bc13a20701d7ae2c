"""Drawn keys made to fit: to a key that exists, or apart from one another."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse_twin.profiling.columns import ColumnTask, profile_column
from warehouse_twin.profiling.table_profile import ColumnProfile
from warehouse_twin.relations.matching_keys import slots_apart, snap, spread_apart, step_between

HOUR = dt.timedelta(hours=1)
START = dt.datetime(2024, 1, 1)


def column(*values: object, kind: pa.DataType | None = None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, type=kind)])


def hours(*numbers: float | None) -> pa.ChunkedArray:
    return column(*(None if number is None else START + number * HOUR for number in numbers), kind=pa.timestamp("us"))


def profiled(values: pa.ChunkedArray) -> ColumnProfile:
    return profile_column(ColumnTask("x", "T"), values, np.arange(len(values)), k=1)


WEATHER = [column("JFK", "JFK", "JFK", "LGA"), hours(0, 10, 20, 5)]


def test_a_key_that_exists_is_kept() -> None:
    assert snap([column("LGA", "JFK"), hours(5, 10)], WEATHER, seed=1).tolist() == [3, 1]


def test_else_the_nearest_hour_of_the_same_place() -> None:
    assert snap([column("JFK", "JFK", "JFK", "LGA", "JFK"), hours(4, 6, 99, 19, -3)], WEATHER, seed=1).tolist() == [0, 1, 2, 3, 0]


def test_between_two_hours_that_are_as_near_the_earlier_one_is_taken() -> None:
    assert snap([column("JFK"), hours(5)], WEATHER, seed=1).tolist() == [0]


def test_else_any_at_all() -> None:
    found = snap([column(*["EWR"] * 200), hours(*range(200))], WEATHER, seed=1)
    assert set(found.tolist()) == {0, 1, 2, 3}
    assert (found == snap([column(*["EWR"] * 200), hours(*range(200))], WEATHER, seed=1)).all()
    assert not (found == snap([column(*["EWR"] * 200), hours(*range(200))], WEATHER, seed=2)).all()


def test_what_is_settled_already_is_never_given_up() -> None:
    child = [column("EWR", "LGA", "JFK"), hours(1, 99, 12)]
    assert snap(child, WEATHER, seed=1, fixed=[0]).tolist() == [-1, 3, 1]
    assert snap(child, WEATHER, seed=1, fixed=[0, 1]).tolist() == [-1, -1, -1]
    assert snap([column("EWR", "JFK"), hours(5, 10)], WEATHER, seed=1, fixed=[1]).tolist() == [3, 1]


def test_without_numbers_any_that_agrees_on_the_rest() -> None:
    cities = [column("DE", "DE", "FR"), column("Ulm", "Bonn", "Nice")]
    found = snap([column(*["DE"] * 50, "FR", "IT"), column(*["Rome"] * 52)], cities, seed=1)
    assert set(found[:50].tolist()) == {0, 1}
    assert found[50] == 2
    assert found[51] in (0, 1, 2)


def test_a_key_with_a_null_in_it_leads_nowhere() -> None:
    assert snap([column("JFK", None), hours(None, 5)], WEATHER, seed=1).tolist() == [-1, -1]


def test_without_parents_nothing_is_found() -> None:
    nobody = [column(kind=pa.string()), hours()]
    assert snap([column("JFK"), hours(1)], nobody, seed=1).tolist() == [-1]
    assert snap(nobody, WEATHER, seed=1).tolist() == []
    assert snap([column("JFK"), hours(1)], [column(None, kind=pa.string()), hours(None)], seed=1).tolist() == [-1]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50)), max_size=25),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50)), max_size=25),
)
def test_the_nearest_is_the_nearest(wanted: list[tuple[int, int]], known: list[tuple[int, int]]) -> None:
    child, parent = ([column(*(pair[at] for pair in pairs), kind=pa.int64()) for at in (0, 1)] for pairs in (wanted, known))
    for (group, number), found in zip(wanted, snap(child, parent, seed=1), strict=True):
        same = [abs(other - number) for at, other in known if at == group]
        if same:
            assert known[found][0] == group
            assert abs(known[found][1] - number) == min(same)
        else:
            assert (found == -1) == (not known)


# ── apart ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_equal_values_move_to_free_steps_and_the_others_stay() -> None:
    values = column(10, 30, 10, 50)
    assert spread_apart(values, [], profiled(column(10, 20, 30, 40, 50))).to_pylist() == [10, 30, 20, 50]


def test_only_rows_of_one_group_are_kept_apart() -> None:
    values, groups = column(1, 1, 1, 2), column("a", "b", "a", "b")
    assert spread_apart(values, [groups], profiled(column(1, 2, 3))).to_pylist() == [1, 1, 2, 2]


def test_a_run_at_the_end_is_pushed_back_into_the_range() -> None:
    assert sorted(spread_apart(column(1, 9, 9, 9), [], profiled(column(1, 2, 9))).to_pylist()) == [1, 7, 8, 9]


def test_what_does_not_fit_goes_beyond() -> None:
    assert sorted(spread_apart(column(1, 1, 2, 2), [], profiled(column(1, 2, 3))).to_pylist()) == [1, 2, 3, 4]


def test_a_dense_grid_is_filled_whole() -> None:
    drawn = np.random.default_rng(1).integers(0, 500, 500)
    moved = spread_apart(column(0, 499, *drawn[2:].tolist()), [], profiled(column(*range(500))))
    assert sorted(moved.to_pylist()) == list(range(500))


def test_times_keep_their_steps() -> None:
    moved = spread_apart(hours(0, 0, 0, 24), [], profiled(hours(*range(30))))
    assert moved.to_pylist() == hours(0, 1, 2, 24).to_pylist()


def test_a_time_that_is_the_same_every_day_moves_by_days() -> None:
    daily = hours(*(5.5 + 24 * day for day in range(40)))
    assert step_between(profiled(daily), daily.type) == 86_400e6
    moved = spread_apart(hours(5.5, 5.5, 5.5 + 24 * 9), [], profiled(daily))
    assert moved.to_pylist() == hours(5.5, 29.5, 5.5 + 24 * 9).to_pylist()


def test_steps_of_times_divide_the_day() -> None:
    shifts = hours(*(start + 24 * day for day in range(20) for start in (5, 10)))
    assert step_between(profiled(shifts), shifts.type) == 3_600e6  # not five hours: the next day begins at none of these
    moved = spread_apart(hours(5, 5, 10, 29), [], profiled(shifts))
    assert moved.to_pylist() == hours(5, 6, 10, 29).to_pylist()


def test_decimals_and_numbers_without_a_step() -> None:
    prices = pa.chunked_array([pa.array([1.25, 1.25, 2.0]).cast(pa.decimal128(6, 2))])
    assert [str(value) for value in spread_apart(prices, [], profiled(prices)).to_pylist()] == ["1.25", "1.26", "2.00"]
    odd = column(np.pi, np.pi, np.e)
    moved = spread_apart(odd, [], profiled(odd)).to_pylist()
    assert len(set(moved)) == 3
    assert all(2.7 < value < 3.2 for value in moved)


def test_nothing_to_move() -> None:
    assert spread_apart(column(kind=pa.int64()), [], profiled(column(1))).to_pylist() == []


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 12)), max_size=30))
def test_slots_of_a_group_are_distinct_in_order_and_in_range_where_they_fit(rows: list[tuple[int, int]]) -> None:
    groups, slots = (np.asarray([row[at] for row in rows], dtype=np.int64) for at in (0, 1))
    moved = slots_apart(slots, groups, lowest=0, highest=12)
    for group in range(3):
        mine = groups == group
        assert len(set(moved[mine])) == mine.sum()
        if 0 < mine.sum() <= 13:
            assert 0 <= moved[mine].min() <= moved[mine].max() <= 12
        order = np.argsort(slots[mine], kind="stable")
        assert (np.diff(moved[mine][order]) > 0).all()


@pytest.mark.parametrize("groups", [[0, 0, 0], [0, 1, 2]])
def test_distinct_slots_stay(groups: list[int]) -> None:
    assert slots_apart(np.asarray([7, 0, 3]), np.asarray(groups), lowest=0, highest=9).tolist() == [7, 0, 3]
