"""Margins: pairs that a tree gets wrong come right, chance stays out, and a model with them is saved, drawn and conditioned on."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from warehouse_twin.profiling.columns import ColumnTask, profile_column
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.synthesizers.margins import Margins, Pair, bins_of, fit_margins, groups_of
from warehouse_twin.synthesizers.sequential import TREE
from warehouse_twin.synthesizers.trees import single_leaf

HALVES = np.arange(2, dtype=np.int64)
EVEN = np.asarray([[0.5, 1.0]], dtype=np.float32)


def profile_of(table: pa.Table) -> TableProfile:
    rows = np.arange(table.num_rows)
    columns = tuple(profile_column(ColumnTask(name, "T"), table.column(name), rows, k=10) for name in table.column_names)
    return TableProfile("t", 10, table.num_rows, 0, table.num_rows, 0, columns)


def pair(real: list[list[float]], drawn: np.ndarray) -> Pair:
    return Pair(0, np.arange(len(real), dtype=np.int64), drawn, np.asarray(real))


def test_expected_counts_become_the_real_ones() -> None:
    drawn = np.repeat([0, 1], 1_000)
    margins = fit_margins([pair([[9_000, 1_000], [1_000, 9_000]], drawn)], HALVES, np.full((2_000, 2), 0.5, np.float32), least_rows=50)
    assert margins is not None
    ends = margins.weighed(EVEN, np.zeros(2, dtype=np.int64), [np.asarray([-1.0, 0.0], dtype=np.float32)], slice(0, 2))
    assert np.allclose(ends[:, 0] / ends[:, 1], [0.9, 0.1], atol=0.01)


def test_chance_and_few_rows_make_no_term() -> None:
    drawn = np.repeat([0, 1], 1_000)
    even = np.full((2_000, 2), 0.5, np.float32)
    assert fit_margins([pair([[5_020, 4_980], [4_990, 5_010]], drawn)], HALVES, even, least_rows=50) is None
    assert fit_margins([pair([[5_000, 5_000], [49, 0]], drawn)], HALVES, even, least_rows=50) is None


def test_what_few_drawn_rows_show_is_no_term_where_their_leaves_are_sure() -> None:
    """200 bins of eleven drawn rows each, all leaves sure of their group, and of 1,000 real rows, whose halves are exact."""
    sure = np.eye(2, dtype=np.float32)[np.random.default_rng(3).integers(0, 2, 2_200)]
    bins, real = np.tile(np.arange(200), 11), [[500.0, 500.0]] * 200
    assert fit_margins([pair(real, bins)], HALVES, sure, least_rows=50) is None
    assert fit_margins([pair(real, bins)], HALVES, np.full((2_200, 2), [0.6, 0.4], np.float32), least_rows=50) is not None


def test_neighbours_share_a_bin_and_common_classes_stand_alone() -> None:
    codes = np.repeat(np.arange(60), 20).astype(np.float32)
    bins = bins_of(codes, most=1_000)
    assert np.bincount(bins[1:]).tolist() == [5] * 12  # of 20 rows each, up to 100
    assert bins_of(codes[:200], most=1_000).tolist() == list(range(11))  # the first is null's
    assert groups_of(np.repeat(np.arange(40), np.arange(40) + 1), 40, ordered=0).max() == 31
    assert groups_of(np.arange(1_000) % 60, 61, ordered=60)[[0, 59, 60]].tolist() == [0, 19, 20]


def test_margins_come_back_from_their_row_and_bound_what_they_do() -> None:
    margins = fit_margins(
        [pair([[9_000, 1_000], [1_000, 9_000]], np.repeat([0, 1], 1_000))], HALVES, np.full((2_000, 2), 0.5, np.float32), least_rows=50
    )
    assert margins is not None
    again = Margins.from_row(margins.to_row())
    features = [np.asarray([-1.0, 0.0, 5.0], dtype=np.float32)]
    assert again is not None
    found, same = (one.weighed(EVEN, np.zeros(3, dtype=np.int64), features, slice(0, 3)) for one in (margins, again))
    assert np.array_equal(found, same)
    leaf = replace(single_leaf(np.asarray([0, 1] * 50), 2), margins=again)
    assert leaf.shares(features, np.asarray([0, 1, 1])).round(1).tolist() == [0.9, 0.9, 0.9]
    assert (leaf.shares(features, np.asarray([0, 0, 0])) <= leaf.most()[0]).all()
    assert Margins.from_row({"groups": [], "terms": []}) is None


def test_weak_effects_of_many_columns_reach_the_rows(tmp_path) -> None:
    """Six columns that each move the odds a little: a tree of large leaves sees one or two of them."""
    draw = np.random.default_rng(4)
    causes = draw.integers(0, 4, (6, 30_000))
    odds = (causes - 1.5).sum(axis=0) * 0.45
    outcome = draw.random(30_000) < 1 / (1 + np.exp(-odds))
    rows = pa.table({**{f"c{place}": [f"v{value}" for value in cause] for place, cause in enumerate(causes)}, "outcome": outcome})
    given = [f"c{place}" for place in range(6)]
    model = TREE.fit(rows, profile_of(rows), given=given, parameters={"leaf_rows": 4_000}, seed=1)
    model.save(tmp_path)
    loaded = TREE.load(tmp_path)
    drawn = loaded.sample(30_000, seed=2, context=rows.select(given))
    assert drawn.equals(model.sample(30_000, seed=2, context=rows.select(given)))
    for cause in causes:
        real, made = ([np.mean(side[cause == value]) for value in range(4)] for side in (outcome, drawn["outcome"].to_numpy()))
        assert np.abs(np.subtract(real, made)).max() < 0.03
