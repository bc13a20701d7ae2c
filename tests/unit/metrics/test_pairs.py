"""Pair trends, with answers known by hand."""

from __future__ import annotations

import pytest

from warehouse_twin.metrics.pairs import mean_trend, measure_pairs, pair_matrices, pair_trend, related

TOGETHER = {"x": list("aabb") * 5, "y": list("ccdd") * 5}
CROSSED = {"x": list("aabb") * 5, "y": list("cdcd") * 5}


def test_a_pair_scores_one_minus_total_variation_of_its_cells(samples) -> None:
    both = samples(TOGETHER, CROSSED)
    mean, least, way = pair_trend(both, measure_pairs(both))
    assert mean.value == pytest.approx(0.5)  # cells 1/2, 1/2 against four of 1/4
    assert (mean.columns, least.columns, least.value) == ((), ("x", "y"), mean.value)
    assert (way.n, way.low, way.high) == (0, 0.0, 1.0)  # nothing to compare with


def test_the_way_runs_from_the_floor_to_the_ceiling(samples) -> None:
    between = {"x": list("aabb") * 5, "y": list("ccdd") * 3 + list("cdcd") * 2}
    both = samples(TOGETHER, between, floor=CROSSED, holdout=TOGETHER)
    way = pair_trend(both, measure_pairs(both))[2]
    assert way.value == pytest.approx(0.6)
    assert (way.floor, way.ceiling) == (0.0, 1.0)


def test_where_columns_are_independent_there_is_no_way_to_cover(samples) -> None:
    both = samples(CROSSED, CROSSED, floor=CROSSED, holdout=CROSSED)
    assert pair_trend(both, measure_pairs(both))[2].value == 1.0


def test_missing_is_a_bin_of_its_own(samples) -> None:
    both = samples({"x": ["a", None], "y": ["c", None]}, {"x": ["a", None], "y": [None, "c"]})
    assert pair_trend(both, measure_pairs(both))[0].value == 0.0


def test_the_least_is_the_pair_furthest_below_its_ceiling(samples) -> None:
    real = {**TOGETHER, "z": list("eeff") * 5}
    drawn = {**TOGETHER, "z": list("efef") * 5}
    noisy = {"x": list("aabb") * 5, "y": list("dccd") * 5, "z": list("eeff") * 5}  # y is lost in the holdout too
    both = samples(real, drawn, holdout=noisy)
    assert pair_trend(both, measure_pairs(both))[1].columns == ("x", "z")


def test_the_matrices_are_symmetric_json(samples) -> None:
    both = samples(TOGETHER, CROSSED, holdout=TOGETHER)
    assert pair_matrices(measure_pairs(both)) == {
        "columns": ["x", "y"],
        "value": [[None, 0.5], [0.5, None]],
        "floor": [[None, None], [None, None]],
        "ceiling": [[None, 1.0], [1.0, None]],
    }


def test_one_column_has_no_pair(samples) -> None:
    both = samples({"x": [1]}, {"x": [1]})
    assert measure_pairs(both) == []
    assert pair_trend(both, []) == []
    assert pair_matrices([])["columns"] == []


def test_related_pairs_are_those_that_go_together_in_the_source(samples) -> None:
    real, loose = {**TOGETHER, "z": ["e"] * 20}, {**CROSSED, "z": ["e"] * 20}
    pairs = measure_pairs(samples(real, real, floor=loose, holdout=real))
    assert [(pair.one.name, pair.other.name) for pair in related(pairs)] == [("x", "y")]
    alone = measure_pairs(samples(loose, loose, floor=loose, holdout=loose))
    assert related(alone) == alone
    unknown = measure_pairs(samples(real, real))
    assert related(unknown) == unknown


def test_only_the_pairs_that_are_asked_for_are_measured(samples) -> None:
    both = samples({**TOGETHER, "z": list("eeff") * 5}, {**CROSSED, "z": list("eeff") * 5})
    x, y, _ = both.bins
    one = measure_pairs(both, [(x, y)])
    assert [(pair.one.name, pair.other.name) for pair in one] == [("x", "y")]
    score = mean_trend("hop_trend_1", both, one, columns=("parents",))
    assert (score.label, score.value) == ("t.hop_trend_1(parents)", 0.5)
