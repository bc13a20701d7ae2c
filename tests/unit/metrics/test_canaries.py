"""Planted rows: every value somebody's, hardly any combination; told from their like where a model hands out what it learned."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.metrics.canaries import PLANTED, Canaries, canary_score, plant


def people(count: int, seed: int = 1) -> pa.Table:
    draw = np.random.default_rng(seed)
    age = draw.integers(0, 1_000, count)
    return pa.table({"parent.kind": draw.choice(["x", "y"], count), "age": age, "spent": age * 3, "note": [f"n{one % 7}" for one in age]})


TRAINING = people(2_000)
OWN = ["age", "spent", "note"]


@pytest.fixture(scope="module")
def canaries() -> Canaries:
    return plant(TRAINING, given=["parent.kind"], seed=4)


def test_a_canary_has_values_of_others_and_the_parent_of_the_row_it_replaced(canaries: Canaries) -> None:
    planted = canaries.rows.slice(0, canaries.planted)
    assert (canaries.planted, len(canaries.likes), len(canaries.rows)) == (PLANTED, PLANTED, len(TRAINING))
    assert canaries.rows.schema == TRAINING.schema
    for rows in (planted, canaries.likes):
        assert set(rows.column("age").to_pylist()) <= set(TRAINING.column("age").to_pylist())
        tripled = np.asarray(rows.column("age")) * 3 == np.asarray(rows.column("spent"))
        assert tripled.mean() < 0.05  # of everybody it is so
    replaced = sorted(TRAINING.column("parent.kind").to_pylist())
    assert sorted(canaries.rows.column("parent.kind").to_pylist()) == replaced


def test_it_is_the_same_again_and_another_with_another_seed(canaries: Canaries) -> None:
    assert plant(TRAINING, given=["parent.kind"], seed=4).rows.equals(canaries.rows)
    assert not plant(TRAINING, given=["parent.kind"], seed=5).rows.equals(canaries.rows)


def test_of_few_rows_a_quarter_is_planted() -> None:
    assert plant(TRAINING.slice(0, 101), given=[], seed=4).planted == 25


def test_a_model_that_hands_out_what_it_learned_is_found_out(canaries: Canaries) -> None:
    score = canary_score("t", canaries, canaries.rows, columns=OWN)
    assert (score.measure, score.n) == ("canaries", PLANTED)
    assert score.low > 0.9


def test_one_that_learned_of_other_rows_is_not(canaries: Canaries) -> None:
    score = canary_score("t", canaries, people(2_000, seed=9), columns=OWN)
    assert score.low < 0.5 < score.high
    assert score.high < 0.65


def test_where_nothing_can_be_told_it_says_so(canaries: Canaries) -> None:
    for drawn, columns in ((canaries.rows, []), (canaries.rows.slice(0, 0), OWN)):
        score = canary_score("t", canaries, drawn, columns=columns)
        assert (score.n, score.low, score.high) == (0, 0.0, 1.0)
    assert canary_score("t", plant(TRAINING.slice(0, 3), given=[], seed=1), canaries.rows, columns=OWN).n == 0
