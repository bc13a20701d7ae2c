"""Copies are found, exact or changed a little; honest rows are not."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.metrics import distances as module
from warehouse_twin.metrics.closeness import dcr_excess, near_copies
from warehouse_twin.metrics.copies import Records
from warehouse_twin.metrics.distances import Distances, measure_distances
from warehouse_twin.metrics.score import Score

COLUMNS = ("x", "y", "z", "c")


def people(rows: int, seed: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows)
    y = np.where(rng.random(rows) < 0.1, np.nan, x + rng.normal(size=rows))
    return pa.table({"x": x, "y": pa.array(y, from_pandas=True), "z": rng.integers(0, 50, rows), "c": rng.choice(list("abcd"), rows)})


def independent(table: pa.Table, seed: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    return pa.table({name: table.column(name).take(rng.permutation(len(table))) for name in table.column_names})


TRAINING, HOLDOUT = people(1_600, 1), people(400, 2)


def measured(synthetic: pa.Table, **changes: object) -> Distances | None:
    sides = {"training": TRAINING, "holdout": HOLDOUT, "floor": independent(TRAINING, 3), "columns": COLUMNS, **changes}
    records = Records("t", synthetic=synthetic, **sides)
    held = len(records.holdout) if records.holdout is not None else 0
    return measure_distances(records, training_entities=np.arange(len(records.training)), holdout_entities=np.arange(held), seed=5)


def both(synthetic: pa.Table) -> tuple[Score, Score]:
    found = measured(synthetic)
    return dcr_excess("t", found), near_copies("t", found)


def test_fresh_real_rows_are_not_too_close() -> None:
    excess, near = both(people(2_000, 7))
    assert excess.low < 0 < excess.high < 0.1
    assert near.low < near.ceiling < near.high
    assert near.ceiling == pytest.approx(0.05, abs=0.003)


def test_copied_rows_are_too_close() -> None:
    excess, near = both(TRAINING)
    assert excess.low > 0
    assert near.low > 0.15  # a quarter of the training rows fits into a reference


def test_copies_with_small_changes_are_too_close() -> None:
    noise = np.random.default_rng(4).normal(scale=0.01, size=len(TRAINING))
    changed = TRAINING.set_column(0, "x", pa.array(TRAINING.column("x").to_numpy() + noise))
    excess, near = both(changed)
    assert excess.low > 0
    assert near.low > 0.15


def test_a_few_changed_copies_among_many_new_rows_are_found() -> None:
    """One row in eight, of a table of two thousand rows: the shipped margin is 0.09."""
    noise = np.random.default_rng(4).normal(scale=0.01, size=len(TRAINING))
    changed = TRAINING.set_column(0, "x", pa.array(TRAINING.column("x").to_numpy() + noise))
    _, near = both(pa.concat_tables([changed.take(np.arange(250)), people(1_750, 7)]))
    assert near.value > near.ceiling + 0.09
    assert near.value == pytest.approx(near.ceiling + 250 / 2_000, abs=0.03)


def test_two_thousand_rows_are_enough_to_clear_honest_ones() -> None:
    """Within the shipped goals, whole intervals and all."""
    for seed in range(3):
        training = people(1_600, 100 + seed)
        found = measured(people(2_000, 300 + seed), training=training, holdout=people(400, 200 + seed), floor=independent(training, seed))
        excess, near = dcr_excess("t", found), near_copies("t", found)
        assert excess.high <= 0.08
        assert near.high <= near.ceiling + 0.09


def test_names_that_nobody_has_are_as_far_from_held_out_rows_as_from_those_learned_from() -> None:
    def named(table: pa.Table, who: str) -> pa.Table:
        return table.append_column("name", pa.array([f"{who}{number}" for number in range(len(table))]))

    sides = {"training": named(TRAINING, "t"), "holdout": named(HOLDOUT, "h"), "floor": named(independent(TRAINING, 3), "f")}
    columns = (*COLUMNS, "name")
    made_up, copied = (
        dcr_excess("t", measured(rows, columns=columns, **sides)) for rows in (named(people(2_000, 7), "s"), named(TRAINING, "s"))
    )
    assert made_up.low < 0 < made_up.high < 0.1
    assert copied.low > 0.08


def test_independent_columns_are_farther_than_real_rows() -> None:
    excess, near = both(independent(TRAINING, 9))
    assert excess.low < 0 < excess.high
    assert near.value < near.ceiling
    assert near.floor is not None
    assert near.floor < near.ceiling


def test_where_more_of_the_holdout_equal_a_training_row_nothing_is_nearer() -> None:
    def few(rows: int, seed: int) -> pa.Table:
        rng = np.random.default_rng(seed)
        return pa.table({"x": rng.integers(0, 3, rows), "y": rng.choice(["a", "b"], rows)})

    found = measured(few(300, 3), columns=("x", "y"), training=few(400, 1), holdout=few(100, 2), floor=None)
    near = near_copies("t", found)
    assert (near.value, near.ceiling, near.n) == (0.0, 0.0, 100)


def test_far_independent_rows_do_not_widen_the_interval() -> None:
    """Each of them is closest to one of a few outlying real rows: their share hangs on which part those are in."""
    far = pa.table({**{name: people(1_000, 4).column(name) for name in ("y", "z", "c")}, "x": np.full(1_000, 50.0)})
    alone, beside = (dcr_excess("t", measured(people(2_000, 7), floor=floor)) for floor in (None, far))
    assert beside.high - beside.low < 1.1 * (alone.high - alone.low)


def test_the_result_is_a_function_of_the_seed_and_rows() -> None:
    assert both(people(500, 7)) == both(people(500, 7))


def test_larger_samples_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REFERENCES", 100)
    monkeypatch.setattr(module, "QUERIES", 60)
    found = measured(people(500, 7))
    assert found is not None
    assert (found.size, found.n, len(found.holdout.group)) == (100, 60, 60)


@pytest.mark.parametrize(
    "changes", [{"columns": ("x",)}, {"holdout": None}, {"holdout": HOLDOUT.slice(0, 0)}, {"training": TRAINING.slice(0, 0)}]
)
def test_what_says_nothing_is_not_measured(changes: dict[str, object]) -> None:
    assert measured(TRAINING, **changes) is None
    excess, near = dcr_excess("t", None), near_copies("t", None)
    assert (excess.n, excess.low, excess.high) == (0, -1.0, 1.0)
    assert (near.n, near.low, near.high) == (0, 0.0, 1.0)


def test_without_independent_rows_half_is_expected() -> None:
    excess, near = (measure("t", measured(people(2_000, 7), floor=None)) for measure in (dcr_excess, near_copies))
    assert abs(excess.value) < 0.06
    assert near.floor is None


def test_one_row_a_side_leaves_everything_open() -> None:
    found = measured(TRAINING.slice(0, 1), training=TRAINING.slice(0, 1), holdout=HOLDOUT.slice(0, 1), floor=None)
    excess = dcr_excess("t", found)
    assert (excess.value, excess.low, excess.high, excess.n) == (0.5, -1.0, 1.0, 1)
