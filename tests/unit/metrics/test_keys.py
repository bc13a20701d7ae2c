"""Keys: matched as tuples, counted exactly."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.metrics.keys import (
    NO_KEY,
    ORPHAN,
    child_counts,
    children,
    key_unique,
    match_parents,
    orphan_rate,
    orphans,
    row_count,
    unique_key,
)

PARENT = pa.table({"place": ["JFK", "JFK", "LGA"], "hour": [1, 2, 1]})
CHILD = pa.table({"at": ["LGA", "JFK", "LGA", None, "JFK"], "when": pa.array([1, 2, 2, 1, 2], pa.int32())})


def matched() -> np.ndarray:
    return match_parents(CHILD, PARENT, columns=("at", "when"), references=("place", "hour"))


def test_keys_are_matched_as_tuples_across_types() -> None:
    assert matched().tolist() == [2, 1, ORPHAN, NO_KEY, 1]


def test_orphans_are_a_share_of_the_rows_that_have_a_key() -> None:
    score = orphans("t", matched(), columns=("at", "when"))
    assert (score.value, score.low, score.high, score.n, score.better) == (0.25, 0.25, 0.25, 4, "lower")
    assert orphans("t", np.array([NO_KEY]), columns=("at",)).value == 0.0


def test_the_share_of_orphans_is_compared_with_the_sources() -> None:
    """A quarter of the twin's rows lead nowhere, half of the source's."""
    score = orphan_rate("t", np.array([0, 1, ORPHAN, NO_KEY]), np.array([0, ORPHAN]), columns=("at",))
    assert (score.value, score.n, score.better) == (0.75, 3, "higher")
    assert orphan_rate("t", np.array([], dtype=int), np.array([], dtype=int), columns=("at",)).value == 1.0


def test_without_any_parent_counts_agree() -> None:
    none = np.array([], dtype=np.int64)
    score = child_counts("t", columns=("at",), training=none, entities=none, synthetic=none, holdout=none, seed=1)
    assert (score.value, score.n) == (1.0, 0)


def test_parents_without_children_count_as_none() -> None:
    assert children(matched(), rows=3).tolist() == [0, 2, 1]


def test_without_parents_every_key_is_an_orphan() -> None:
    assert match_parents(CHILD, PARENT.slice(0, 0), columns=("at",), references=("place",)).tolist() == [
        ORPHAN,
        ORPHAN,
        ORPHAN,
        NO_KEY,
        ORPHAN,
    ]


def test_child_counts_compare_distributions_with_the_zeros() -> None:
    score = child_counts(
        "t",
        columns=("at",),
        training=np.array([0, 0, 1, 2]),
        entities=np.arange(4),
        synthetic=np.array([1, 1, 1, 2]),
        holdout=np.array([0, 1, 1, 2]),
        seed=1,
    )
    assert score.value == pytest.approx(0.5)  # at 0: 2/4 against none
    assert score.ceiling == pytest.approx(0.75)
    assert (score.n, score.columns) == (4, ("at",))


def test_child_counts_without_a_holdout_have_no_ceiling() -> None:
    one = np.array([1, 2])
    assert child_counts("t", columns=("at",), training=one, entities=one, synthetic=one, holdout=None, seed=1).ceiling is None


def test_keys_must_be_complete_and_distinct() -> None:
    rows = pa.table({"a": [1, 1, 2, None], "b": ["x", "y", "x", "z"]})
    assert key_unique("t", rows, columns=("a", "b")).value == 0.75
    assert key_unique("t", rows, columns=("b",)).value == 0.75
    assert key_unique("t", rows.slice(0, 3), columns=("a", "b")).value == 1.0
    assert key_unique("t", rows.slice(0, 0), columns=("a",)).value == 1.0


def test_too_many_rows_are_as_wrong_as_too_few() -> None:
    assert row_count("t", rows=50, expected=100).value == 0.5
    assert row_count("t", rows=200, expected=100).value == 0.5
    assert row_count("t", rows=0, expected=0).value == 1.0
    exact, drawn = (row_count("t", rows=90, expected=100, error=error) for error in (0.0, 10.0))
    assert (exact.low, exact.high) == (0.9, 0.9)
    assert drawn.low < 0.9 < drawn.high == 1.0


def test_declared_keys_hold_where_they_are_filled() -> None:
    rows = pa.table({"mail": ["a", "b", "b", None, None], "shop": [1, 1, 2, 1, 1]})
    once, twice = unique_key("t", rows, columns=("mail", "shop")), unique_key("t", rows, columns=("mail",))
    assert (once.value, once.n, once.columns, once.label) == (1.0, 3, ("mail", "shop"), "t.unique_key(mail, shop)")
    assert (twice.value, twice.low, twice.high) == (pytest.approx(2 / 3), twice.value, twice.value)
    assert unique_key("t", rows.slice(0, 0), columns=("mail",)).value == 1.0
    assert unique_key("t", rows.slice(3, 2), columns=("mail",)).n == 0
