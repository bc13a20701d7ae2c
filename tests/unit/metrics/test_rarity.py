"""Rare combinations and rare words: what few have and the twin shows, of members and of others."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.metrics.rare_words import rare_words
from warehouse_twin.metrics.rarity import rare_combinations


def test_a_value_that_few_hold_is_counted_by_hand(attacked) -> None:
    training = {"town": ["a"] * 6 + ["rare", "gone"]}
    holdout = {"town": ["a"] * 6 + ["rare", "other"]}
    score = rare_combinations(attacked({"town": ["a", "a", "rare"]}, training, holdout), k=3, seed=1)
    assert (score.value, score.ceiling, score.n) == (0.5, 0.5, 8)  # of members rare is shown and gone is not; of others likewise


def test_a_pair_is_rare_where_neither_of_its_values_is(attacked) -> None:
    common = [("a", "x"), ("b", "y")] * 10
    training = [*common, ("a", "y")]
    columns = [dict(zip("uv", map(list, zip(*rows, strict=True)), strict=True)) for rows in (common, training, common)]
    assert rare_combinations(attacked(*columns), k=3, seed=1).value == 0.0
    shown = rare_combinations(attacked(columns[1], *columns[1:]), k=3, seed=1)
    assert (shown.value, shown.ceiling) == (1.0, 0.0)


def test_who_holds_a_value_is_counted_by_entities(attacked) -> None:
    rows = {"town": ["a"] * 6 + ["b"] * 6}
    one = attacked(rows, rows, rows, owners=([1] * 6 + [2] * 6, [3] * 6 + [4] * 6))
    assert (rare_combinations(one, k=3, seed=1).value, rare_combinations(one, k=2, seed=1).value) == (1.0, 0.0)


def test_where_nothing_is_rare_there_is_nothing_to_show(attacked) -> None:
    rows = {"town": ["a", "b"] * 10, "word": ["word", "name"] * 10}
    for measure in (rare_combinations, rare_words):
        score = measure(attacked(rows, rows, rows), k=3, seed=1)
        assert (score.low, score.value, score.high, score.ceiling, score.n) == (0, 0, 0, 0, 20)


def towns(rows: int, seed: int) -> dict[str, object]:
    rng = np.random.default_rng(seed)
    town = np.where(rng.random(rows) < 0.7, rng.integers(0, 5, rows), rng.integers(5, 3_000, rows))
    return {"town": [f"town{number:04}" for number in town], "age": rng.integers(20, 60, rows)}


@pytest.mark.parametrize("measure", [rare_combinations, rare_words])
def test_rare_values_that_were_memorised_are_found(attacked, measure) -> None:
    training, holdout, fresh = towns(1_600, 1), towns(400, 2), towns(2_000, 3)
    honest = measure(attacked(fresh, training, holdout), k=10, seed=1)
    assert honest.low <= honest.ceiling <= honest.high
    chosen = np.random.default_rng(4).integers(0, 1_600, 2_000)
    memorised = {**fresh, "town": np.asarray(training["town"])[chosen]}
    found = measure(attacked(memorised, training, holdout), k=10, seed=1)
    assert found.low > found.ceiling + 0.05


def test_a_secret_in_a_text_is_found_whatever_stands_around_it(attacked) -> None:
    training = {"note": [f"call {number}7777 back" for number in range(10, 60)]}
    holdout = {"note": [f"call {number}8888 back" for number in range(10, 60)]}
    drawn = {"note": [f"CALL-{number}7777!" for number in range(10, 60)]}
    score = rare_words(attacked(drawn, training, holdout), k=3, seed=1)
    assert (score.value, score.ceiling) == (1.0, 0.0)
    assert score.low > 0.5


def test_nothing_and_nulls_are_no_error(attacked) -> None:
    empty, null = {"x": pa.array([], pa.string())}, {"x": pa.array([None] * 5, pa.string())}
    for measure in (rare_combinations, rare_words):
        assert measure(attacked(empty, null, null), k=3, seed=1).n == 0
        assert measure(attacked(null, null, empty), k=3, seed=1).n == 0
        assert (measure(attacked(null, null, null), k=3, seed=1).value, measure(attacked(null, null, null), k=3, seed=1).n) == (0.0, 5)
    assert rare_words(attacked({"x": [1]}, {"x": [1]}, {"x": [1]}), k=3, seed=1).value == 0.0
