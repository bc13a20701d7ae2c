"""Models that learn from good rows and from bad ones, tested on rows that nobody learned from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from warehouse_twin.metrics.samples import Samples
from warehouse_twin.metrics.utility import picked, utility, utility_worst

Make = Callable[..., Samples]
Columns = dict[str, Any]


def rows(seed: int, size: int = 600, *, together: bool = True) -> Columns:
    """`price` follows from `size` with noise, `tier` from `price` with noise; `luck` from nothing, `twice` from `size` without any."""
    rng = np.random.default_rng(seed)
    area = rng.exponential(1.0, size)
    price = area + rng.normal(0, 0.2, size)
    tier = np.where(price + rng.normal(0, 0.2, size) > 1, "rich", "poor")
    if not together:
        price, tier = rng.permutation(price), rng.permutation(tier)
    return {"size": area, "price": price, "tier": tier, "luck": rng.normal(size=size), "twice": 2 * area}


@pytest.fixture
def scores(samples: Make) -> Callable[..., Any]:
    def make(twin: Columns, target: str, **sides: Columns) -> Any:
        sides = {"floor": rows(3, together=False), "holdout": rows(4), **sides}
        return utility(samples(rows(1), twin, **sides), target, seed=1)

    return make


@pytest.mark.parametrize("target", ["price", "tier"])
def test_a_good_twin_teaches_as_much_as_real_rows_and_a_mixed_one_nothing(scores: Callable[..., Any], target: str) -> None:
    good, mixed = scores(rows(2), target), scores(rows(2, together=False), target)
    assert good.ceiling > 0.6
    assert good.floor < 0.1
    assert good.value == pytest.approx(good.ceiling, abs=0.08)
    assert good.low < good.ceiling
    assert mixed.high < good.ceiling - 0.3
    assert (good.n, good.columns, good.measure) == (600, (target,), "utility")


def test_a_model_that_says_the_opposite_knows_no_less_than_nothing(scores: Callable[..., Any]) -> None:
    """Skill below 0 is none."""
    twin = rows(2)
    score = scores({**twin, "price": -np.asarray(twin["price"]), "tier": np.where(twin["tier"] == "rich", "poor", "rich")}, "tier")
    assert score.value == score.low == 0.0


def test_a_twin_with_one_class_or_one_value_teaches_nothing(scores: Callable[..., Any]) -> None:
    assert scores({**rows(2), "tier": np.full(600, "rich")}, "tier").value == 0.0
    assert scores({**rows(2), "price": np.full(600, 1.0)}, "price").value < 0.05


def test_rows_without_the_target_are_left_out(scores: Callable[..., Any]) -> None:
    def holed(columns: Columns) -> Columns:
        return {**columns, "tier": [None if place % 2 else tier for place, tier in enumerate(columns["tier"])]}

    score = scores(holed(rows(2)), "tier", holdout=holed(rows(4)))
    assert score.n == 300
    assert score.value == pytest.approx(score.ceiling, abs=0.1)
    nothing = scores({**rows(2), "tier": np.full(600, None)}, "tier")
    assert (nothing.n, nothing.low, nothing.high) == (0, 0.0, 1.0)


def test_what_cannot_be_told_is_undecided(samples: Make) -> None:
    real, held = {**rows(1), "same": np.full(600, 5)}, {**rows(4), "same": np.full(600, 5)}
    few = {name: values[:50] for name, values in held.items()}
    rare = {**held, "tier": np.where(np.arange(600) < 9, "rich", "poor")}  # nine rows are too few to tell a class by
    cases = [
        (samples(real, real, holdout=held), "same"),
        (samples(real, real, holdout=held), "no such column"),
        (samples(real, real, holdout=few), "price"),
        (samples(real, few, holdout=held), "price"),
        (samples(real, real, holdout=rare), "tier"),
        (samples(real, real), "price"),
        (samples(real, real, holdout={**held, "price": np.where(np.arange(600) < 9, 5.0, 1.0)}), "price"),
        (samples({"price": real["price"]}, {"price": real["price"]}, holdout={"price": held["price"]}), "price"),
    ]
    for sides, target in cases:
        score = utility(sides, target, seed=1)
        assert (score.n, score.low, score.high, score.columns) == (0, 0.0, 1.0, (target,)), target


def test_many_classes_are_scored_and_the_rare_ones_as_one(samples: Make) -> None:
    def places(seed: int, *, together: bool = True) -> Columns:
        rng = np.random.default_rng(seed)
        town = np.minimum(rng.geometric(0.15, 900), 40)
        mile = 10 * town + rng.normal(0, 5, 900)
        return {"mile": mile if together else rng.permutation(mile), "town": np.char.add("town ", town.astype(str))}

    score = utility(samples(places(1), places(2), floor=places(3, together=False), holdout=places(4)), "town", seed=1)
    assert score.ceiling > 0.8
    assert score.value == pytest.approx(score.ceiling, abs=0.05)
    assert score.floor < 0.15


def test_columns_that_can_be_predicted_are_picked_before_those_that_follow_and_those_that_cannot(samples: Make) -> None:
    sides = samples(rows(1), rows(2), floor=rows(3, together=False), holdout=rows(4))
    assert picked(sides, ["luck", "twice", "tier", "price"], seed=1) == ["price", "twice", "tier"]
    assert picked(sides, ["twice", "luck"], seed=1) == ["twice"]
    assert picked(sides, ["luck"], seed=1) == ["luck"]
    assert picked(sides, [], seed=1) == []


def test_the_column_that_is_furthest_below_its_ceiling_is_named(samples: Make) -> None:
    twin = rows(2)
    broken = {**twin, "tier": np.random.default_rng(1).permutation(twin["tier"])}
    wanted = ["price", "tier", "luck"]
    good, bad = (utility_worst(samples(rows(1), drawn, holdout=rows(4)), wanted, seed=1) for drawn in (twin, broken))
    assert (bad.measure, bad.columns) == ("utility_worst", ("tier",))
    assert bad.high < bad.ceiling - 0.3
    assert good.value > good.ceiling - 0.1
    none = utility_worst(samples(rows(1), twin, holdout=rows(4)), [], seed=1)
    assert (none.n, none.columns) == (0, ())


def test_the_same_rows_give_the_same_score(samples: Make) -> None:
    sides = samples(rows(1), rows(2), holdout=rows(4))
    assert utility(sides, "price", seed=1) == utility(sides, "price", seed=1)


def test_columns_without_any_value_are_no_hindrance(samples: Make) -> None:
    def speedy(columns: Columns) -> Columns:
        return {**columns, "speed": [None] * 600}

    sides = samples(speedy(rows(1)), speedy(rows(2)), holdout=speedy(rows(4)))
    assert utility(sides, "price", seed=1).value == utility(samples(rows(1), rows(2), holdout=rows(4)), "price", seed=1).value
    assert utility(sides, "speed", seed=1).n == 0
