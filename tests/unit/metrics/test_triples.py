"""Three columns that no two of them tell of: a parity, seen by triples and by no pair."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from warehouse_twin.metrics.pairs import measure_pairs, pair_trend
from warehouse_twin.metrics.samples import Samples
from warehouse_twin.metrics.triples import chosen, triple_trend

Make = Callable[..., Samples]


def parity(seed: int, *, kept: bool = True, size: int = 800) -> dict[str, Any]:
    """`odd` says whether one of `left` and `right` is set: each two of the three are independent."""
    rng = np.random.default_rng(seed)
    left, right = rng.integers(0, 2, size), rng.integers(0, 2, size)
    odd = left ^ right if kept else rng.integers(0, 2, size)
    return {"left": left, "right": right, "odd": odd, "noise": rng.normal(size=size)}


def test_what_only_three_columns_show_is_seen(samples: Make) -> None:
    good = triple_trend(samples(parity(1), parity(2), floor=parity(3, kept=False), holdout=parity(4)))
    lost = samples(parity(1), parity(2, kept=False), floor=parity(3, kept=False), holdout=parity(4))
    bad = triple_trend(lost)
    assert good.value == pytest.approx(good.ceiling, abs=0.03)
    assert good.low < good.ceiling
    assert bad.high < good.ceiling - 0.05
    assert bad.value == pytest.approx(bad.floor, abs=0.03)
    assert (good.n, good.columns) == (800, ())
    mean, *_ = pair_trend(lost, measure_pairs(lost))
    assert mean.value > 0.9


def test_the_triple_with_most_in_common_comes_first(samples: Make) -> None:
    found = chosen(samples(parity(1), parity(2)))
    assert {column.name for column in found[0]} == {"left", "right", "odd"}
    assert len(found) == 4


def test_the_cells_of_one_triple_are_compared(samples: Make) -> None:
    real = {"a": list("xxyy") * 10, "b": list("xyxy") * 10, "c": list("xyyx") * 10}
    twin = {"a": list("xxyy") * 10, "b": list("xyxy") * 10, "c": list("xyyy") * 10}
    assert triple_trend(samples(real, twin)).value == pytest.approx(0.75)
    assert triple_trend(samples(real, real)).value == 1.0


def test_of_many_columns_some_triples_are_taken(samples: Make) -> None:
    rng = np.random.default_rng(1)
    wide = {f"c{number}": rng.normal(size=200) for number in range(30)}
    assert len(chosen(samples(wide, wide))) == 20


def test_without_three_columns_or_rows_nothing_is_said(samples: Make) -> None:
    two, none = {"a": [1, 2], "b": [1, 2]}, {name: values[:0] for name, values in parity(1).items()}
    empty = {"a": [None] * 40, "b": [None] * 40, "c": [None] * 40}
    for sides in (samples(two, two), samples(parity(1), none), samples(none, parity(1))):
        score = triple_trend(sides)
        assert (score.n, score.low, score.high) == (0, 0.0, 1.0)
    assert triple_trend(samples(empty, empty)).value == 1.0
