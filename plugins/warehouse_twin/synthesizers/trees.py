"""A few decision trees of one column with histograms in their leaves, as plain arrays, no pickle; a row is drawn from one of them.

Sequential synthesis by trees: Reiter, "Using CART to generate partially synthetic public use microdata", J. Official
Statistics 21 (2005), and by forests: Caiola, Reiter, "Random forests for generating partially synthetic, categorical data",
Transactions on Data Privacy 3 (2010). Here the leaves keep class histograms and never rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from warehouse_twin.randomness import derive_seed
from warehouse_twin.synthesizers.margins import Margins
from warehouse_twin.synthesizers.ordering import category_ranks

if TYPE_CHECKING:
    from warehouse_twin.synthesizers.splitting import Nodes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Features = Sequence[NDArray[np.float32]]
"""One array a feature, each of shape (rows,): a tree stacks those it splits on, and no others."""
CHUNK = 20_000
TREES = 3
"""Trees that share the rows to draw. Each sees by chance other features at its splits, so what one makes of noise the others do not.
One alone sees all."""
Opening = Callable[[slice], NDArray[np.bool_]]


@dataclass(frozen=True)
class Tree:
    """Nodes as arrays of equal length; `leaf` is the row of `histograms` for a leaf, -1 inside; a tree begins at each of `roots`.

    `histograms` has shape (leaves, classes): cumulative shares, the last column 1. `ranks` are for features that are categories:
    what splits compare is not the category but its rank, the last one that of null (-1). `margins` weigh the classes of a leaf.
    """

    feature: Ints
    threshold: Floats
    left: Ints
    right: Ints
    leaf: Ints
    histograms: NDArray[np.float32]
    ranks: Mapping[int, NDArray[np.float32]] = field(default_factory=dict)
    margins: Margins | None = None
    roots: Ints = field(default_factory=lambda: np.zeros(1, dtype=np.int64))

    def leaves(self, features: Features, rows: slice, roots: Ints | None = None) -> Ints:
        """The leaf of each of these rows, each from a root of its own, or all from the first."""
        from warehouse_twin.synthesizers.walking import descended

        used, size = np.unique(self.feature[self.feature >= 0]), rows.stop - rows.start
        start = np.full(size, self.roots[0]) if roots is None else roots
        if not len(used):
            return self.leaf[start]
        seen = np.stack([self._compared(index, features[index][rows]) for index in used])
        split = np.where(self.feature < 0, -1, np.searchsorted(used, self.feature))
        found: Ints = self.leaf[descended(seen, split, self.threshold, self.left, self.right, start)]
        return found

    def _compared(self, index: int, feature: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.ranks[index][feature.astype(np.int64)] if index in self.ranks else feature

    def draw(self, features: Features, draws: Floats, opening: Opening | None = None, spare: Floats | None = None) -> Ints:
        """A class a row by inverse CDF of its leaf's histogram; `draws` are uniform in [0, 1), and choose the tree, too.

        `opening` says which classes some rows may have; where a leaf has none of them, those of `spare`, shares of all classes,
        are drawn from, and where that has none either, any.
        """
        from warehouse_twin.synthesizers.walking import drawn, drawn_among

        classes = np.empty(len(draws), dtype=np.int64)
        shares = np.zeros(self.histograms.shape[1]) if spare is None else spare
        for begin in range(0, len(draws), CHUNK):
            part = slice(begin, min(begin + CHUNK, len(draws)))
            which = np.minimum(draws[part] * len(self.roots), len(self.roots) - 1).astype(np.int64)
            inside = draws[part] * len(self.roots) - which
            ends = self._ends(features, part, self.roots[which])
            classes[part] = drawn(ends, inside) if opening is None else drawn_among(ends, opening(part), shares, inside)
        return classes

    def shares(self, features: Features, classes: Ints) -> Floats:
        """The probability of each row's class: the mean over the trees of its share in the row's leaf."""
        found = np.zeros(len(classes))
        for begin in range(0, len(classes), CHUNK):
            part = slice(begin, min(begin + CHUNK, len(classes)))
            rows = np.arange(part.stop - part.start)
            for root in self.roots:
                ends = self._ends(features, part, np.full(len(rows), root))
                before = np.where(classes[part] > 0, ends[rows, classes[part] - 1], 0.0)
                found[part] += (ends[rows, classes[part]].astype(np.float64) - before) / ends[:, -1] / len(self.roots)
        return found

    def most(self) -> Floats:
        """A bound on the probability of each class in any row."""
        shares: Floats = np.diff(self.histograms.astype(np.float64), axis=1, prepend=0.0).max(axis=0)
        return shares if self.margins is None else np.minimum(shares * self.margins.most(), 1.0)

    def _ends(self, features: Features, rows: slice, roots: Ints) -> NDArray[np.float32]:
        """The cumulative weights of these rows' classes; the last is their sum."""
        leaf = self.leaves(features, rows, roots)
        return self.histograms[leaf] if self.margins is None else self.margins.weighed(self.histograms, leaf, features, rows)

    def reading(self, places: Sequence[int]) -> Tree:
        """The same tree, its i-th feature being the one at `places[i]`."""
        feature = np.where(self.feature < 0, -1, np.asarray(places)[self.feature]).astype(np.int64)
        return replace(self, feature=feature, ranks={int(places[index]): ranks for index, ranks in self.ranks.items()})

    def to_row(self) -> dict[str, Any]:
        return {
            "feature": self.feature,
            "threshold": self.threshold,
            "left": self.left,
            "right": self.right,
            "leaf": self.leaf,
            "histograms": self.histograms.ravel(),
            "classes": self.histograms.shape[1],
            "roots": self.roots,
            "ranked": list(self.ranks),
            "ranks": [ranks.tolist() for ranks in self.ranks.values()],
            **({"groups": [], "terms": []} if self.margins is None else self.margins.to_row()),
        }

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> Tree:
        classes = int(row["classes"])
        return cls(
            feature=np.asarray(row["feature"], dtype=np.int64),
            threshold=np.asarray(row["threshold"], dtype=np.float64),
            left=np.asarray(row["left"], dtype=np.int64),
            right=np.asarray(row["right"], dtype=np.int64),
            leaf=np.asarray(row["leaf"], dtype=np.int64),
            histograms=np.asarray(row["histograms"], dtype=np.float32).reshape(-1, classes),
            ranks={index: np.asarray(ranks, dtype=np.float32) for index, ranks in zip(row["ranked"], row["ranks"], strict=True)},
            margins=Margins.from_row(row),
            roots=np.asarray(row["roots"], dtype=np.int64),
        )


def _cumulative(counts: Floats) -> NDArray[np.float32]:
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.cumsum(counts, axis=1) / np.where(totals > 0, totals, 1.0)
    last = counts.shape[1] - 1 - np.argmax(counts[:, ::-1] > 0, axis=1)
    shares[np.arange(counts.shape[1])[None, :] >= last[:, None]] = 1.0  # rounding must not open an empty class
    return shares.astype(np.float32)


def single_leaf(targets: Ints, classes: int) -> Tree:
    """A tree that is one leaf: the marginal. With no training row at all it draws the last class, null."""
    counts = np.bincount(targets, minlength=classes).astype(np.float64)[None, :]
    if counts.sum() == 0:
        counts[0, -1] = 1.0
    none, zero = np.asarray([-1]), np.zeros(1, dtype=np.int64)
    return Tree(none, np.zeros(1), none, none, zero, _cumulative(counts))


def fit_tree(
    features: Features,
    targets: Ints,
    classes: int,
    *,
    leaf_rows: int,
    seed: int,
    categories: Sequence[int] = (),
    ordered: bool = False,
    trees: int = TREES,
) -> Tree:
    """Fit trees of `targets` (classes) given `features`, whole numbers from -1; leaves hold at least `leaf_rows` rows.

    `categories` says of each feature how many categories it has with null, 0 for one whose values are in order as they are;
    `ordered` whether the classes are. One leaf when there is too little to learn from, or classes for half of the rows.
    """
    from warehouse_twin.synthesizers.splitting import split

    found = len(np.unique(targets))
    if not features or len(targets) < 2 * leaf_rows or found == 1 or found > len(targets) / 2:
        return single_leaf(targets, classes)
    ranks = {}
    for index, size in enumerate(categories):
        if size:
            known = np.where(features[index] < 0, size - 1, features[index]).astype(np.int64)
            ranks[index] = category_ranks(known, size, targets, classes, ordered=ordered)
    seen = np.empty((len(features), len(targets)), dtype=np.int32)
    for index, feature in enumerate(features):
        seen[index] = ranks[index][feature.astype(np.int64)] if index in ranks else feature
    trees = trees if len(features) > 2 else 1
    looked = len(features) if trees == 1 else -(-len(features) // 2)
    sizes, wanted = (seen.max(axis=1) + 2).astype(np.int32), targets.astype(np.int32)
    seen += 1
    codes = seen.astype(np.uint16) if sizes.max() < 2**16 else seen  # the narrower, the more of them in the processor's cache
    grown = [split(codes, sizes, wanted, classes, leaf_rows, looked, derive_seed(seed, one)) for one in range(trees)]
    return _as_arrays(grown, targets, classes, ranks)


def _as_arrays(grown: Sequence[Nodes], targets: Ints, classes: int, ranks: Mapping[int, NDArray[np.float32]]) -> Tree:
    """The nodes of all trees in one; thresholds lie half-way between the values on both sides."""
    starts = np.cumsum([0, *(len(nodes.feature) for nodes in grown)])
    feature = np.concatenate([nodes.feature for nodes in grown]).astype(np.int64)
    inner = feature >= 0
    left, right = (
        np.concatenate([nodes[side] + start for nodes, start in zip(grown, starts[:-1], strict=True)]).astype(np.int64) for side in (3, 4)
    )
    leaf = np.where(inner, -1, np.cumsum(~inner) - 1).astype(np.int64)
    leaves = int((~inner).sum())
    reached = leaf[np.concatenate([nodes.reached + start for nodes, start in zip(grown, starts[:-1], strict=True)])]
    counts = np.bincount(reached * classes + np.tile(targets, len(grown)), minlength=leaves * classes)
    used = set(feature[inner].tolist())
    return Tree(
        feature=feature,
        threshold=np.concatenate([(nodes.low + nodes.high) / 2.0 - 1.0 for nodes in grown]),
        left=np.where(inner, left, -1),
        right=np.where(inner, right, -1),
        leaf=leaf,
        histograms=_cumulative(counts.reshape(leaves, classes).astype(np.float64)),
        ranks={index: order for index, order in ranks.items() if index in used},
        roots=starts[:-1].astype(np.int64),
    )
