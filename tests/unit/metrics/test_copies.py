"""Exact copies are counted against the whole training part, beside the holdout's own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.metrics.copies import Records, exact_copies, repeated_rows, same_rows
from warehouse_twin.metrics.score import Score


def rows(*values: tuple[int, str | None]) -> pa.Table:
    return pa.table({"a": [one for one, _ in values], "b": pa.array([other for _, other in values], pa.string())})


TRAINING = rows((1, "x"), (2, "y"), (2, "y"), (3, None))


def repeats(rows: list[object], *, training: list[object], floor: list[object] | None = None) -> Score:
    sides = [pa.table({"a": pa.array(side), "b": pa.array(side)}) for side in (training, rows, floor or training)]
    return repeated_rows(Records("t", ("a", "b"), sides[0], sides[1], sides[2]), seed=1)


def test_rows_that_say_the_same_over_and_over_are_counted() -> None:
    found = repeats([1, 2, 3, 4, 4, 4, 5, 6], training=list(range(8)))
    assert (found.value, found.ceiling, found.floor, found.n) == (3 / 8, 0.0, 0.0, 8)
    collapsed = repeats([number % 20 for number in range(1_000)], training=list(range(1_000)))
    assert collapsed.value == 1.0
    assert collapsed.low > 0.95


def test_what_is_expected_of_repeats_is_the_larger_of_real_and_independent_rows() -> None:
    assert repeats([1] * 10, training=[1] * 5 + list(range(2, 7))).ceiling == 0.5
    assert repeats([1] * 10, training=list(range(10)), floor=[1] * 8 + [2, 3]).ceiling == 0.8


def test_a_record_of_one_column_says_nothing_of_repeats() -> None:
    one = pa.table({"a": [1, 1]})
    assert repeated_rows(Records("t", ("a",), one, one), seed=1).n == 0


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


def test_training_rows_say_what_chance_makes_too_but_no_entity_says_it_of_itself() -> None:
    """Of the training rows, 2y of entities 1 and 2 equal each other's; 1x and 3 are alone, although entity 3 has its row twice."""
    training = rows((1, "x"), (2, "y"), (2, "y"), (3, None), (3, None))
    records = Records("t", ("a", "b"), training, rows((1, "x")), holdout=rows((9, "x")), entities=np.array([0, 1, 2, 3, 3]))
    assert exact_copies(records).ceiling == pytest.approx(2 / 6)


def test_a_ceiling_of_few_held_out_rows_alone_fails_no_honest_twin() -> None:
    """Rows of 12 kinds, some rare: of 40 twins as good as real rows none has significantly more copies; one that copies 2 % has."""
    draw = np.random.default_rng(8)
    chances = np.array([0.2] * 4 + [0.02] * 8 + [0.0005] * 80)

    def some(count: int) -> pa.Table:
        kinds = draw.choice(len(chances), count, p=chances / chances.sum())
        return pa.table({"a": kinds, "b": pa.array([str(kind) for kind in kinds])})

    for _ in range(40):
        training, holdout = some(1_600), some(400)
        score = exact_copies(Records("t", ("a", "b"), training, some(2_000), holdout=holdout, entities=np.arange(1_600)))
        assert score.low <= score.ceiling
    unique = rows(*((n, "x") for n in range(1_600)))
    new = rows(*((n, "y") for n in range(1_960)))
    found = Records("t", ("a", "b"), unique, pa.concat_tables([unique.slice(0, 40), new]), holdout=rows(*((n, "z") for n in range(400))))
    score = exact_copies(replace(found, entities=np.arange(1_600)))
    assert score.low > score.ceiling


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


def test_where_real_rows_meet_less_often_than_by_chance_independent_columns_are_the_ceiling() -> None:
    """A source that counts its pairs out, none twice: draws of equal columns meet training rows by chance, and copied nothing."""
    draw = np.random.default_rng(4)
    grid = draw.permutation(10_000)
    pairs = pa.table({"a": grid // 100, "b": grid % 100})
    training, holdout = pairs.slice(0, 2_000), pairs.slice(2_000, 500)

    def some() -> pa.Table:
        return pa.table({"a": draw.integers(0, 100, 2_000), "b": draw.integers(0, 100, 2_000)})

    alone = Records("t", ("a", "b"), training, some(), holdout=holdout, entities=np.arange(2_000))
    assert exact_copies(alone).low > exact_copies(alone).ceiling == 0.0
    honest = exact_copies(replace(alone, floor=some()))
    assert honest.low <= honest.ceiling == honest.floor == pytest.approx(0.2, abs=0.03)
    copying = exact_copies(replace(alone, floor=some(), synthetic=training))
    assert copying.low > copying.ceiling
