"""Columns in a handful of levels, on columns whose levels are known by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from warehouse_twin.metrics.levels import association, level_count, levels
from warehouse_twin.metrics.samples import Samples


def test_numbers_are_split_at_quantiles_and_categories_by_how_common_they_are(samples: Callable[..., Samples]) -> None:
    number = [float(value) for value in range(20)] + [None]
    letter = list("aaaaaabbbbbcccddef") + [None] * 3
    found = samples({"number": number, "letter": letter, "same": ["x"] * 21}, {"number": [1.0], "letter": ["z"], "same": [None]})
    by_name = {column.name: column for column in found.bins}
    numbers = levels(found.training, by_name["number"])
    assert np.bincount(numbers).tolist() == [6, 4, 6, 4, 1]
    assert (np.diff(numbers) >= 0).all()
    assert np.bincount(levels(found.training, by_name["letter"])).tolist() == [6, 5, 3, 2, 2, 3]
    assert [level_count(by_name[name]) for name in ("number", "letter", "same")] == [5, 6, 3]
    assert levels(found.synthetic, by_name["letter"]).tolist() == [4]
    assert levels(found.synthetic, by_name["same"]).tolist() == [2]


def test_columns_that_follow_from_each_other_are_far_from_independent() -> None:
    one = np.arange(400) % 4
    assert association(one, one) == pytest.approx(0.75)
    assert association(one, np.arange(400) // 4 % 2) == pytest.approx(0.0)
    assert association(one[:0], one[:0]) == 0.0
