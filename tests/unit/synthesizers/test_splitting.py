"""Trees: the best split by hand, the same leaves as scikit-learn's, sizes of leaves, and several trees in one."""

from __future__ import annotations

from itertools import pairwise
from types import FunctionType

import numpy as np
import pytest
from numpy.typing import NDArray

from warehouse_twin.compiling import compiled
from warehouse_twin.synthesizers.splitting import Nodes, split
from warehouse_twin.synthesizers.trees import TREES, Tree, fit_tree

Ints = NDArray[np.int64]


def nodes_of(features: list[list[int]], targets: list[int], *, leaf_rows: int = 1, looked: int = 99, kind: type = np.uint16) -> Nodes:
    codes = np.asarray(features, dtype=kind)
    wanted = np.asarray(targets, dtype=np.int32)
    return split(codes, codes.max(axis=1).astype(np.int32) + 1, wanted, int(wanted.max()) + 1, leaf_rows, looked, 1)


def blobs(rows: int) -> tuple[NDArray[np.int32], Ints]:
    draw = np.random.default_rng(0)
    hidden = draw.normal(size=rows)
    features = np.stack([np.clip(20 + 5 * (hidden + draw.normal(size=rows)), 0, 39) for _ in range(4)]).astype(np.int32)
    return features, np.clip(np.round(4 + 2 * (hidden + 0.3 * draw.normal(size=rows))), 0, 8).astype(np.int64)


@pytest.mark.parametrize("kind", [np.uint16, np.int32])
def test_the_purest_split_comes_first(kind: type) -> None:
    nodes = nodes_of([[0, 1, 0, 1, 0, 1], [2, 2, 2, 7, 7, 9]], [0, 0, 0, 1, 1, 1], kind=kind)
    assert (nodes.feature.tolist(), nodes.low.tolist(), nodes.high.tolist()) == ([1, -1, -1], [2, 0, 0], [7, 0, 0])
    assert (nodes.left[0], nodes.right[0]) == (1, 2)
    assert nodes.reached.tolist() == [1, 1, 1, 2, 2, 2]


def test_a_leaf_holds_as_many_rows_as_are_asked_for() -> None:
    values, classes = [0] * 10 + [1] * 10 + [2] * 20, [0] * 10 + [1] * 30
    assert nodes_of([values], classes, leaf_rows=20).low[0] == 1  # not after the first ten, which would be pure
    assert len(nodes_of([values], classes, leaf_rows=21).feature) == 1
    features, targets = blobs(5_000)
    reached = split(features, np.full(4, 40, np.int32), targets.astype(np.int32), 9, 30, 2, 7).reached
    assert min(np.bincount(reached)[np.unique(reached)]) >= 30


def test_rows_that_are_alike_in_what_may_be_seen_are_one_leaf() -> None:
    assert len(nodes_of([[5, 5, 5, 5], [1, 1, 1, 1]], [0, 1, 0, 1]).feature) == 1


def test_what_chance_makes_is_no_split() -> None:
    draw = np.random.default_rng(5)
    for classes in (2, 9, 60):
        features, targets = draw.integers(0, 200, (3, 4_000)), draw.integers(0, classes, 4_000)
        alone = nodes_of(features.tolist(), targets.tolist(), leaf_rows=50)
        assert len(alone.feature) <= 7  # of 159, if all were split that can be
        told = nodes_of([*features.tolist(), np.minimum(targets + draw.integers(0, 3, 4_000), classes - 1).tolist()], targets.tolist())
        assert told.feature[0] == 3


def test_leaves_are_as_pure_as_those_of_scikit_learn() -> None:
    from sklearn.tree import DecisionTreeClassifier

    features, targets = blobs(20_000)
    ours = split(features, np.full(4, 40, np.int32), targets.astype(np.int32), 9, 1_000, 4, 1)  # leaves too large for chance
    theirs = DecisionTreeClassifier(min_samples_leaf=1_000, random_state=0).fit(features.T, targets)
    purity = []
    for reached in (ours.reached, theirs.apply(features.T)):
        counts = np.zeros((reached.max() + 1, 9))
        np.add.at(counts, (reached, targets), 1)
        purity.append(float((counts**2).sum(axis=1)[counts.any(axis=1)] @ (1 / counts.sum(axis=1)[counts.any(axis=1)])))
    assert purity[0] == pytest.approx(purity[1], rel=0.002)  # but for ties
    assert len(ours.feature) == theirs.tree_.node_count


def test_trees_stand_side_by_side_and_a_draw_chooses_one() -> None:
    features, targets = blobs(5_000)
    seen = [feature.astype(np.float32) for feature in features]
    forest = fit_tree(seen, targets, 9, leaf_rows=50, seed=3)
    assert len(forest.roots) == TREES
    alone = [forest.leaves(seen, slice(0, 5_000), np.full(5_000, root)) for root in forest.roots]
    assert all(set(one) & set(other) == set() for one, other in pairwise(alone))
    means = np.mean([np.diff(forest.histograms[leaf].astype(float), axis=1, prepend=0.0) for leaf in alone], axis=0)
    assert np.allclose(forest.shares(seen, targets), means[np.arange(5_000), targets], atol=1e-6)
    first = forest.draw(seen, np.full(5_000, 1e-9))  # the lowest class of the first tree's leaf
    assert (first == (forest.histograms[alone[0]] > 0).argmax(axis=1)).all()
    again = Tree.from_row(forest.to_row())
    draws = np.random.default_rng(1).random(5_000)
    assert (again.draw(seen, draws) == forest.draw(seen, draws)).all()
    assert np.bincount(forest.draw(seen, draws), minlength=9) / 5_000 == pytest.approx(np.bincount(targets, minlength=9) / 5_000, abs=0.02)


def test_one_tree_sees_all_features() -> None:
    features, targets = blobs(3_000)
    seen = [feature.astype(np.float32) for feature in features]
    one, other = (fit_tree(seen, targets, 9, leaf_rows=50, seed=seed, trees=1) for seed in (1, 2))
    assert len(one.roots) == 1
    assert one.feature.tolist() == other.feature.tolist()  # nothing is left to chance


def test_another_seed_grows_other_trees_and_the_same_seed_the_same() -> None:
    features, targets = blobs(3_000)
    seen = [feature.astype(np.float32) for feature in features]
    one, same, other = (fit_tree(seen, targets, 9, leaf_rows=50, seed=seed) for seed in (1, 1, 2))
    assert one.feature.tolist() == same.feature.tolist() != other.feature.tolist()


def test_a_loop_is_compiled_where_its_code_cannot_be_kept() -> None:
    from numba import njit

    def double(number: int) -> int:
        return 2 * number

    nowhere = FunctionType(double.__code__.replace(co_filename="<nowhere>"), {})
    with pytest.raises(RuntimeError, match="cannot cache"):
        njit(cache=True)(nowhere)
    assert compiled(nowhere)(21) == 42
