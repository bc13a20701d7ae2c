"""Exact copies are counted against the whole training part, beside the holdout's own."""

from __future__ import annotations

import pyarrow as pa
import pytest

from warehouse_twin.metrics.copies import Records, exact_copies, same_rows


def rows(*values: tuple[int, str | None]) -> pa.Table:
    return pa.table({"a": [one for one, _ in values], "b": pa.array([other for _, other in values], pa.string())})


TRAINING = rows((1, "x"), (2, "y"), (2, "y"), (3, None))


def test_a_row_is_a_copy_when_all_its_columns_are_equal() -> None:
    records = Records("t", ("a", "b"), TRAINING, rows((1, "x"), (3, None), (1, "y"), (9, "x")))
    score = exact_copies(records)
    assert score.value == 0.5
    assert (score.better, score.n, score.ceiling, score.floor) == ("lower", 4, None, None)
    assert score.low < 0.5 < score.high


def test_floor_and_ceiling_are_the_shares_of_independent_and_held_out_rows() -> None:
    score = exact_copies(
        Records(
            "t", ("a", "b"), TRAINING, rows((1, "x")), floor=rows((1, "y"), (2, "x")), holdout=rows((1, "x"), (9, "x"), (2, "y"), (7, "q"))
        )
    )
    assert (score.floor, score.ceiling, score.n) == (0.0, 0.5, 1)


def test_far_more_copies_than_chance_are_significant_and_as_many_are_not() -> None:
    training, holdout = rows(*((n, "x") for n in range(200))), rows(*((n, "x") for n in range(195, 395)))
    copied = exact_copies(Records("t", ("a", "b"), training, training, holdout=holdout))
    chance = exact_copies(Records("t", ("a", "b"), training, holdout, holdout=holdout))
    assert copied.ceiling == chance.ceiling == pytest.approx(0.025)
    assert copied.low > 0.025
    assert chance.low <= 0.025 == chance.value


def test_fewer_than_two_columns_say_nothing() -> None:
    score = exact_copies(Records("t", ("a",), TRAINING, TRAINING))
    assert (score.n, score.low, score.high) == (0, 0.0, 1.0)


def test_empty_sides_are_no_error() -> None:
    empty = TRAINING.slice(0, 0)
    assert exact_copies(Records("t", ("a", "b"), empty, TRAINING, holdout=empty)).value == 0.0
    assert exact_copies(Records("t", ("a", "b"), TRAINING, empty)).n == 0


def test_a_table_that_is_kept_holds_the_same_rows_in_any_order() -> None:
    assert same_rows("t", TRAINING, TRAINING.take([3, 2, 1, 0]), columns=("a", "b")).value == 1.0
    assert same_rows("t", TRAINING, TRAINING.slice(0, 3), columns=("a", "b")).value == 0.75
    assert same_rows("t", TRAINING, rows((1, "x"), (2, "y"), (3, None), (3, None)), columns=("a", "b")).value == 0.75
    assert same_rows("t", TRAINING.slice(0, 0), TRAINING.slice(0, 0), columns=("a", "b")).value == 1.0
