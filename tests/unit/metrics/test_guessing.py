"""Attacks that guess find copies, and nothing in rows that were drawn afresh: by the nearest row, and by singling out."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.metrics.inference import nearest_row_attacks
from warehouse_twin.metrics.score import Score
from warehouse_twin.metrics.singling_out import singling_out


def people(rows: int, seed: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows)
    y = np.where(rng.random(rows) < 0.1, np.nan, np.round(x + rng.normal(size=rows), 2))
    day = rng.integers(0, 900, rows).astype("datetime64[D]")
    return pa.table({"x": x, "y": pa.array(y, from_pandas=True), "day": day, "c": rng.choice(list("abcd"), rows)})


TRAINING, HOLDOUT, FRESH = people(1_600, 1), people(400, 2), people(2_000, 3)
COPIES = TRAINING.take(np.random.default_rng(4).integers(0, 1_600, 2_000))
ALONE = pa.table({name: FRESH[name].take(np.random.default_rng(place).permutation(2_000)) for place, name in enumerate(FRESH.column_names)})


@pytest.fixture
def scores(attacked):
    def measure(synthetic: pa.Table, training: pa.Table = TRAINING, holdout: pa.Table = HOLDOUT, **more: object) -> list[Score]:
        known = attacked(synthetic, training, holdout, **more)
        return [singling_out(known, seed=5), *nearest_row_attacks(known, seed=5)]

    return measure


@pytest.mark.parametrize("honest", [FRESH, ALONE], ids=["fresh", "alone"])
def test_rows_that_were_drawn_afresh_give_nobody_away(scores, honest: pa.Table) -> None:
    for score in scores(honest):
        assert score.low <= 0 <= score.high, score
        assert score.value < 0.1, score
        assert score.n == 400


def test_copies_are_singled_out_linked_and_tell_what_was_not_known(scores) -> None:
    single, link, guess = scores(COPIES)
    assert single.low > 0.5
    assert link.low > 0.3
    assert guess.low > 0.4
    assert len(guess.columns) == 1


def test_half_as_many_copies_are_half_the_risk(scores) -> None:
    half = scores(pa.concat_tables([COPIES.slice(0, 1_000), FRESH.slice(0, 1_000)]))
    for whole, part in zip(scores(COPIES), half, strict=True):
        assert part.low > 0
        assert part.value < 0.8 * whole.value


def test_a_column_that_follows_from_the_others_in_the_source_may_be_guessed_of_everybody(scores) -> None:
    def doubled(rows: pa.Table) -> pa.Table:
        return rows.append_column("twice", pa.array(2 * rows["x"].to_numpy()))

    guess = scores(doubled(FRESH), doubled(TRAINING), doubled(HOLDOUT))[2]
    assert guess.low <= 0.0


def test_rows_of_one_person_count_as_one(scores) -> None:
    owners = np.arange(1_600) % 20, np.arange(400) % 5
    for alone, one in zip(scores(COPIES), scores(COPIES, owners=owners), strict=True):
        assert one.n == 5
        assert one.low < alone.low
        assert one.low < 0.1


def test_where_nothing_tells_rows_apart_nobody_is_singled_out(scores) -> None:
    same = pa.table({"a": ["x"] * 50, "b": [None] * 50})
    for score in scores(same, same, same.slice(0, 20)):
        assert (score.value, score.n) == (pytest.approx(0.0), 20)
        assert score.low <= 0


@pytest.mark.parametrize("side", ["synthetic", "training", "holdout"])
def test_without_rows_of_a_kind_nothing_is_said(scores, side: str) -> None:
    sides = {"synthetic": FRESH, "training": TRAINING, "holdout": HOLDOUT, side: FRESH.slice(0, 0)}
    assert {(score.low, score.high, score.n) for score in scores(**sides)} == {(-1.0, 1.0, 0)}


def test_one_column_or_one_row_is_no_error(scores) -> None:
    assert {score.n for score in scores(FRESH.select(["x"]), TRAINING.select(["x"]), HOLDOUT.select(["x"]))} == {0}
    assert {score.n for score in scores(FRESH.slice(0, 1), TRAINING.slice(0, 1), HOLDOUT.slice(0, 1))} == {1}


def test_the_same_seed_says_the_same(scores) -> None:
    assert scores(FRESH) == scores(FRESH)


def test_of_many_columns_some_are_looked_at(scores) -> None:
    def wide(rows: int, seed: int) -> pa.Table:
        values = np.random.default_rng(seed).normal(size=(40, rows))
        return pa.table({f"x{place}": value for place, value in enumerate(values)})

    training = wide(400, 1)
    assert all(score.low > 0.3 for score in scores(training, training, wide(100, 2)))
