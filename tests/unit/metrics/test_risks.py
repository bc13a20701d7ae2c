"""Risks of attacks: rates over entities, and what they come to."""

from __future__ import annotations

import numpy as np
import pytest

from warehouse_twin.metrics.risks import Tried, of_entities, risk


def tried(members: list[float], others: list[float], times: int = 1) -> Tried:
    return Tried(np.asarray(members * times), np.asarray(others * times))


def test_the_risk_is_what_members_have_more_of_the_room_that_others_leave() -> None:
    score = risk("m", "t", tried([1, 1, 0, 1], [1, 0, 1, 0], times=100), n=400)
    assert score.value == pytest.approx((0.75 - 0.5) / 0.5)
    assert 0 < score.low < score.value < score.high < 1
    assert (score.better, score.n) == ("lower", 400)


def test_what_everybody_can_be_told_is_no_risk() -> None:
    score = risk("m", "t", tried([1, 1], [1, 1]), n=2)
    assert (score.low, score.value, score.high) == (0, 0, 0)


def test_few_entities_say_little() -> None:
    few, many = (risk("m", "t", tried([1, 0], [0, 0], times=times), n=1) for times in (2, 200))
    assert few.value == many.value == 0.5
    assert few.low < 0 < many.low


def test_rows_of_one_entity_count_as_one() -> None:
    assert of_entities(np.asarray([1.0, 0.0, 1.0, 1.0]), np.asarray([7, 7, 3, 3])).tolist() == [1.0, 0.5]


def test_rows_are_drawn_with_their_entities(attacked) -> None:
    rows = {"x": list(range(50))}
    some = attacked(rows, rows, rows, owners=(range(100, 150), range(200, 250))).some(10, seed=1, stream="s")
    assert (some.training_entities - some.training["x"].to_numpy()).tolist() == [100] * 10
    assert (some.holdout_entities - some.holdout["x"].to_numpy()).tolist() == [200] * 10
    assert some.training["x"].to_pylist() != some.holdout["x"].to_pylist()
