"""Cells of a number: k-safe, complete, in order; answers known by hand."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from warehouse_twin.profiling.cells import _gathered, numeric_cells


def cells(values: list[float], *, k: int, entities: list[int] | None = None, max_cells: int = 2_000):
    holders = np.arange(len(values)) if entities is None else np.asarray(entities)
    return numeric_cells(np.asarray(values, dtype=float), holders, k=k, max_cells=max_cells)


def test_a_value_that_k_entities_hold_is_a_point_mass() -> None:
    assert cells([5.0, 5.0, 7.0, 7.0, 7.0], k=2) == (((5.0, 5.0, 2), (7.0, 7.0, 3)), 0)


def test_rare_values_are_gathered_into_a_cell_with_their_mean_and_spread() -> None:
    found, protected = cells([1.0, 2.0, 3.0, 4.0], k=4)
    (low, high, rows) = found[0]
    assert len(found) == 1
    assert rows == 4
    assert protected == 0
    assert (low + high) / 2 == 2.5
    assert np.isclose(high - low, 2 * np.std([1, 2, 3, 4]) * 3**0.5)


def test_many_rows_of_one_entity_make_no_cell() -> None:
    assert cells([1.0, 2.0, 3.0, 3.0], k=2, entities=[9, 9, 9, 9]) == ((), 4)


def test_a_lone_extreme_is_protected_and_cannot_be_read() -> None:
    found, protected = cells([1.0] * 20 + [2.0] * 20 + [987_654.0], k=10)
    assert protected == 1
    assert max(high for _, high, _ in found) == 2.0


def test_a_gathered_cell_stays_between_its_neighbours() -> None:
    found, _ = cells([10.0] * 5 + [11.0, 19.0, 19.5] + [20.0] * 5, k=3)
    assert found[1][0] >= 10.0
    assert found[1][1] <= 20.0


def test_prices_stay_on_their_side_of_zero() -> None:
    found, _ = cells([0.01, 0.02, 0.03, 50.0], k=4)
    assert found[0][0] == 0.0


def test_a_value_far_beyond_all_others_is_pulled_in_so_that_their_mean_does_not_tell_it() -> None:
    near = [100.0 + place for place in range(9)]
    found = [cells([*near, extreme], k=10) for extreme in (1e6, 7_351_946_208.0)]
    assert found[0] == found[1], "how far it was makes no difference"
    ((low, high, rows),) = found[0][0]
    assert rows == 10
    assert 100 < (low + high) / 2 < 150
    assert cells([*near, 120.0], k=10) != cells([*near, 110.0], k=10), "what lies among the others counts as it is"


def test_no_more_cells_than_asked_for() -> None:
    values = np.repeat(np.arange(1_000.0), 3)
    found, protected = numeric_cells(values, np.arange(3_000), k=2, max_cells=100)
    assert len(found) <= 100
    assert protected == 0


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 12)), max_size=200), st.integers(2, 5))
def test_every_cell_has_k_entities_behind_it(rows: list[tuple[int, int]], k: int) -> None:
    values = np.asarray([float(value) for value, _ in rows])
    entities = np.asarray([entity for _, entity in rows], dtype=np.int64)
    found, protected = numeric_cells(values, entities, k=k)
    assert sum(count for _, _, count in found) + protected == len(rows)
    assert [cell[0] for cell in found] == sorted(cell[0] for cell in found)
    begin = 0
    kept = np.sort(values)
    for _, _, count in found:
        assert count >= k
    if not protected:  # then the cells are the values in order, and the entities behind each can be counted
        holders = entities[np.argsort(values, kind="stable")]
        for _, _, count in found:
            assert len(set(holders[begin : begin + count])) >= k
            begin += count
        assert begin == len(kept)


def walked(values: np.ndarray, entities: np.ndarray, *, k: int, wanted: int) -> list[int]:
    """Where cells of one run of rare values end, found row by row."""
    bounds, seen = [0], set()
    for place in range(len(values)):
        seen.add(int(entities[place]))
        last = place + 1 == len(values) or values[place + 1] != values[place]
        if last and len(seen) >= k and place + 1 - bounds[-1] >= wanted:
            bounds.append(place + 1)
            seen = set()
    return [*bounds[1:-1], len(values)] if len(bounds) > 1 else [len(values)] if len(seen) >= k else []


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)), min_size=1, max_size=150), st.integers(2, 5), st.integers(1, 20))
def test_gathering_stops_where_walking_row_by_row_would(rows: list[tuple[int, int]], k: int, wanted: int) -> None:
    values, entities = (np.asarray(part) for part in zip(*sorted(rows), strict=True))
    found = _gathered(values.astype(float), entities, k=k, wanted=wanted)
    assert np.cumsum([cell[2] for cell in found]).tolist() == walked(values, entities, k=k, wanted=wanted)
