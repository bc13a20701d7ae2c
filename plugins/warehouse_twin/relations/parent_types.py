"""Types of parents: rows of a table gathered by their columns, as far as these say who refers to them.

A tree over the parent's columns predicts what is known of the rows that refer to it before they choose: the context of their
driving parent, and what their other parents are like. Its leaves are the types. Where nothing depends on the parent's columns
the tree is one leaf, and a row may have any parent.

A regression tree over means: Breiman, Friedman, Olshen and Stone, "Classification and Regression Trees" (1984), with several
targets at once (De'ath, "Multivariate regression trees", Ecology 83, 2002).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.profiling.pairs import coarse_codes
from warehouse_twin.profiling.table_profile import ColumnProfile
from warehouse_twin.relations.contexts import Way
from warehouse_twin.synthesizers.coding import codec_of
from warehouse_twin.synthesizers.columns import to_values
from warehouse_twin.synthesizers.trees import Tree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MAX_TYPES = 64
TARGET_BINS = 6
MAX_TARGETS = 24
CHANCE = 12.0
"""By how much a split must explain more than chance, which explains a row's part of each of m targets, give or take a few times
√m: generous, as rows of one family are alike and chance explains more of them."""


@dataclass(frozen=True)
class ParentTypes:
    """Types 0, 1, … of parents by their columns, alike ones beside one another."""

    columns: tuple[ColumnProfile, ...]
    """columns of the parent and its own parents, as named in a table of features"""
    tree: Tree
    types: int
    ways: tuple[Way, ...] = ()
    """where the columns are found"""

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(str(number) for number in range(self.types))

    def of(self, parents: pa.Table) -> Ints:
        """The type of each parent, shape `(rows,)`; `parents` has all `columns`."""
        return self.tree.leaves(features_of(parents, self.columns), slice(0, parents.num_rows))

    def to_dict(self) -> dict[str, Any]:
        row = {name: np.asarray(value).tolist() for name, value in self.tree.to_row().items()}
        columns, ways = [asdict(column) for column in self.columns], [asdict(way) for way in self.ways]
        return {"columns": columns, "tree": row, "types": self.types, "ways": ways}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> ParentTypes:
        columns = tuple(ColumnProfile.from_dict(column) for column in value["columns"])
        return cls(columns, Tree.from_row(value["tree"]), value["types"], tuple(map(Way.from_dict, value["ways"])))


def fit_types(
    parents: pa.Table, columns: Sequence[ColumnProfile], links: Ints, told: Sequence[pa.ChunkedArray], *, k: int, seed: int
) -> ParentTypes | None:
    """Types of `parents` (one row each) from rows that refer to them by `links` (-1: to none), of which `told` is known.

    A type is made of at least k parents. None where there is one type only.
    """
    from sklearn.tree import DecisionTreeRegressor

    known = links >= 0
    counts = np.bincount(links[known], minlength=parents.num_rows).astype(np.float64)
    chosen = np.flatnonzero(counts > 0)
    if not columns or len(chosen) < 2 * k:
        return None
    targets = [_means(column, links, known, counts, chosen) for column in told[:MAX_TARGETS]]
    means = np.concatenate([part for part in targets if part.shape[1]], axis=1) if any(part.shape[1] for part in targets) else None
    if means is None:
        return None
    features = np.stack(features_of(parents.take(pa.array(chosen)), columns), axis=1)
    fitted = DecisionTreeRegressor(
        max_leaf_nodes=MAX_TYPES,
        min_samples_leaf=k,
        min_impurity_decrease=(means.shape[1] + CHANCE * means.shape[1] ** 0.5) / (means.shape[1] * counts.sum()),
        random_state=seed % 2**32,
    ).fit(features, means, sample_weight=counts[chosen])
    if fitted.get_n_leaves() == 1:
        return None
    tree, types = _plain(fitted.tree_)
    kept, moved = _used(tree, columns)
    return ParentTypes(kept, moved, types)


def _used(tree: Tree, columns: Sequence[ColumnProfile]) -> tuple[tuple[ColumnProfile, ...], Tree]:
    """The columns that a tree looks at, and the tree over these alone."""
    empty = np.zeros(0)
    widths = [sum(len(codec_of(part).features(empty)) for part in column.parts) for column in columns]
    owner = np.repeat(np.arange(len(columns)), widths)
    kept = np.unique(owner[tree.feature[tree.feature >= 0]])
    place = np.cumsum(np.isin(owner, kept)) - 1
    moved = np.where(tree.feature >= 0, place[tree.feature], -1)
    return tuple(columns[index] for index in kept), replace(tree, feature=moved.astype(np.int64))


def _means(column: pa.ChunkedArray, links: Ints, known: NDArray[np.bool_], counts: Floats, chosen: Ints) -> Floats:
    """What a parent's rows have on average, shape `(chosen parents, codes)`, each code's share over its spread in all rows.

    So scaled, a split that is worth nothing explains about one row's part of every code.
    """
    codes = coarse_codes(column, bins=TARGET_BINS)[known]
    shares = np.bincount(codes) / max(1, len(codes))
    found = []
    for code in np.flatnonzero((shares > 0) & (shares < 1)):
        sums = np.bincount(links[known], weights=codes == code, minlength=len(counts))
        found.append(sums[chosen] / counts[chosen] / np.sqrt(shares[code] * (1 - shares[code])))
    return np.stack(found, axis=1) if found else np.zeros((len(chosen), 0))


def features_of(parents: pa.Table, columns: Sequence[ColumnProfile]) -> list[NDArray[np.float32]]:
    """What trees over parents split on."""
    found: list[NDArray[np.float32]] = []
    for column in columns:
        for part, values in zip(column.parts, to_values(parents.column(column.name), column), strict=True):
            found += codec_of(part).features(values)
    return found


def _plain(nodes: Any) -> tuple[Tree, int]:
    """A tree of scikit-learn as plain arrays, its leaves numbered from left to right, and how many there are."""
    inner = nodes.children_left >= 0
    leaf = np.full(len(inner), -1, dtype=np.int64)
    stack, number = [0], 0
    while stack:
        node = stack.pop()
        if inner[node]:
            stack += [int(nodes.children_right[node]), int(nodes.children_left[node])]
        else:
            leaf[node] = number
            number += 1
    tree = Tree(
        feature=np.where(inner, nodes.feature, -1).astype(np.int64),
        threshold=np.where(inner, nodes.threshold, 0.0).astype(np.float64),
        left=nodes.children_left.astype(np.int64),
        right=nodes.children_right.astype(np.int64),
        leaf=leaf,
        histograms=np.ones((number, 1), dtype=np.float32),
    )
    return tree, number
