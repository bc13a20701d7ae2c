"""What is common and missing, and rows that repeat, on samples whose shares are known by hand."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.metrics.binning import Holders, binned, fit_bins
from warehouse_twin.metrics.diversity import coverage, mode_coverage, near_duplicates
from warehouse_twin.metrics.replicates import row_groups
from warehouse_twin.metrics.samples import Samples
from warehouse_twin.metrics.score import Score
from warehouse_twin.metrics.sides import Side, Sides

ROWS = np.arange(1_000)


def covered(training: pa.Table, synthetic: pa.Table, holdout: pa.Table | None = None, k: int = 1) -> Score:
    bins = fit_bins(training, training.column_names, holders=Holders(np.arange(len(training)), k))
    sides = [
        binned(rows, bins, group=row_groups(len(rows), seed=1)[0], groups=10) for rows in (training, synthetic, holdout) if rows is not None
    ]
    return coverage(Samples("t", bins, sides[0], sides[1], None, sides[2] if holdout is not None else None))


def towns(count: int, rows: int = 1_000) -> pa.Table:
    return pa.table({"town": [f"t{row % count}" for row in range(rows)], "km": np.arange(rows) * 1.0})


def test_categories_that_are_missing_count_and_are_named() -> None:
    found = covered(towns(20), towns(15), towns(20))
    assert (found.value, found.ceiling, found.columns) == (0.75, 1.0, ("town",))
    assert found.high < 0.8
    assert covered(towns(20), towns(20)).value == 1.0


def test_categories_too_rare_for_the_sample_or_for_k_are_not_asked_for() -> None:
    rare = pa.table({"town": ["a"] * 995 + ["b"] * 5})
    assert covered(rare, pa.table({"town": ["a"] * 1_000})).value == 1.0
    one = pa.table({"town": ["a"] * 900 + ["b"] * 100})
    assert covered(one, pa.table({"town": ["a"] * 1_000})).value == 0.5
    assert covered(one, pa.table({"town": ["a"] * 1_000}), k=101).value == 1.0
    assert covered(one, pa.table({"town": ["a"] * 50})).value == 1.0  # five of fifty may be missed by chance


def test_rare_categories_that_are_common_in_a_sample_by_chance_are_not_asked_for() -> None:
    draw = np.random.default_rng(4)
    training, twin = (pa.table({"clerk": [f"c{number}" for number in draw.integers(0, 1_000, 4_000)]}) for _ in range(2))
    assert np.unique(training.column("clerk").to_pylist(), return_counts=True)[1].max() > 10  # of four that are to be expected
    assert covered(training, twin.filter(pa.array(np.asarray(twin.column("clerk").to_pylist()) != "c7"))).value == 1.0
    for number in range(20):
        other = pa.table({"clerk": [f"c{value}" for value in np.random.default_rng(number).integers(0, 1_000, 4_000)]})
        assert covered(training, other).value == 1.0


def test_a_range_that_is_cut_or_has_a_hole_is_seen() -> None:
    real = pa.table({"km": ROWS * 1.0})
    assert covered(real, pa.table({"km": ROWS / 2})).value == pytest.approx(0.5, abs=0.03)
    hole = np.where((ROWS > 400) & (ROWS < 500), 0.0, ROWS)
    assert covered(real, pa.table({"km": hole})).value == pytest.approx(0.92, abs=0.01)
    more = pa.table({"km": np.arange(10_000) * 1.0})
    assert covered(more, pa.table({"km": 100.0 + np.arange(9_800)})).value == pytest.approx(
        1 - 4 / 54
    )  # the outermost two parts at both ends


def test_missing_values_say_nothing_of_the_range() -> None:
    real = pa.table({"km": pa.array(ROWS * 1.0, mask=ROWS % 2 == 0)})
    assert covered(real, pa.table({"km": ROWS * 1.0})).value == 1.0
    none = pa.table({"km": pa.array([None] * 1_000, pa.float64())})
    assert (covered(real, none).value, covered(none, real).value) == (0.0, 1.0)


def side(rows: pa.Table) -> Side:
    return Side(rows, *row_groups(len(rows), seed=2))


def people(rows: int, seed: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    return pa.table({"a": rng.normal(size=rows), "b": rng.normal(size=rows), "c": rng.choice(list("xyz"), rows)})


def test_as_many_rows_are_alike_as_in_reality_or_the_same_ones_again() -> None:
    real, held, twin = side(people(800, 1)), side(people(800, 2)), side(people(800, 3))
    good = near_duplicates(Sides("t", real, twin, side(people(800, 4)), held))
    assert good.low < good.ceiling < good.high
    assert good.floor == pytest.approx(good.ceiling, abs=0.04)
    again = people(40, 3).take(np.arange(800) % 40)
    collapsed = near_duplicates(Sides("t", real, side(again), None, held))
    assert collapsed.low > 0.95
    assert collapsed.n == 800


def test_where_real_rows_repeat_only_equal_rows_are_near() -> None:
    real = pa.table({"a": ROWS // 2, "b": ROWS // 2})  # each twice
    real = real.cast(pa.schema([("a", pa.float64()), ("b", pa.float64())]))
    found = near_duplicates(Sides("t", side(real), side(pa.table({"a": ROWS / 2, "b": ROWS / 2})), None, side(real)))
    assert found.value == 0.0
    assert 0.8 < found.ceiling <= 1.0  # but for pairs in one group


def test_without_rows_or_columns_they_say_nothing() -> None:
    real = side(people(300, 1))
    empty, narrow = side(people(0, 1)), Side(real.rows.select(["a"]), real.group, real.groups)
    for found in (
        near_duplicates(Sides("t", real, empty, None, real)),
        near_duplicates(Sides("t", narrow, narrow, None, narrow)),
        near_duplicates(Sides("t", real, real)),
        covered(towns(3), towns(3, 0)),
    ):
        assert (found.n, found.low, found.high) == (0, 0.0, 1.0)


def clusters(seed: int, lost: int | None = None) -> pa.Table:
    """Rows in five heaps of two numbers; of a heap that is lost its rows are in the next one."""
    rng = np.random.default_rng(seed)
    heap = rng.integers(0, 5, 1_000)
    heap = np.where(heap == lost, (heap + 1) % 5, heap)
    return pa.table({"x": 10.0 * heap + rng.normal(size=1_000), "y": 10.0 * (heap * 3 % 5) + rng.normal(size=1_000)})


def modes(twin: pa.Table, holdout: pa.Table | None) -> Score:
    rng = np.random.default_rng(9)
    apart = pa.table({name: clusters(5).column(name).take(pa.array(rng.permutation(1_000))) for name in ("x", "y")})
    return mode_coverage(Sides("t", side(clusters(1)), side(twin), side(apart), None if holdout is None else side(holdout)))


def test_a_heap_of_rows_that_is_lost_is_a_fifth() -> None:
    good, lost = modes(clusters(2), clusters(3)), modes(clusters(2, lost=3), clusters(3))
    assert good.value > good.ceiling - 0.03
    assert lost.value == pytest.approx(0.8, abs=0.04)
    assert lost.high < lost.ceiling - 0.1
    assert lost.n == 1_000


def test_a_few_rows_again_and_again_cover_few() -> None:
    again = clusters(2).take(pa.array(np.arange(1_000) % 10))
    score = modes(again, clusters(3))
    assert score.value < 0.5
    assert score.floor is not None


def test_modes_need_a_holdout_columns_and_rows() -> None:
    one = clusters(2).select(["x"])
    alone = Sides("t", Side(clusters(1), np.zeros(1_000, dtype=np.int64), 1), side(clusters(2)), holdout=side(clusters(3)))
    for score in (modes(clusters(2), None), mode_coverage(Sides("t", side(one), side(one), holdout=side(one))), mode_coverage(alone)):
        assert (score.n, score.low, score.high) == (0, 0.0, 1.0)
    assert modes(clusters(2).slice(0, 0), clusters(3)).n == 0
