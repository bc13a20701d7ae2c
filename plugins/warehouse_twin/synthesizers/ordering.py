"""Orders: in which order columns are drawn, and in which order a tree reads the categories it splits on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from warehouse_twin.profiling.pairs import coarse_codes
from warehouse_twin.profiling.table_profile import ColumnProfile
from warehouse_twin.profiling.values import part_names

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
PARTNERS = 30
"""Codes of the column by which the categories of another are put in order."""
PRIOR_ROWS = 5.0
"""Rows like the average that every category is taken to have besides its own: few rows say little about where it belongs."""


def column_order(matrix: Floats, first: Sequence[int], *, times: Collection[int] = ()) -> tuple[int, ...]:
    """Each column once: those that come `first`, then again and again the one that depends most on all before it.

    `matrix` is the dependence of pairs, shape (columns, columns), the diagonal 0. After what comes first follows, of the `times`,
    the one that says most about all columns: what depends on a single day shows in no pair of columns, but a tree finds it.
    Where nothing comes first, the column that says most about all others begins. So hubs are early and their trees see few
    columns, and what depends on little is drawn last: on the Adult data the pair trends rise from .989 to .992 and the use for
    prediction (AUC) from .914 to .925 against the order of the table.
    """
    total = matrix.sum(axis=1)
    order = [*first, *sorted(set(times) - set(first), key=lambda place: (-total[place], place))[:1]]
    rest = [place for place in range(len(matrix)) if place not in set(order)]
    said = matrix[:, order].sum(axis=1) if order else total
    while rest:
        best = max(rest, key=lambda place: said[place])
        said = said + matrix[:, best] if order else matrix[:, best].copy()
        order.append(best)
        rest.remove(best)
    return tuple(order)


def category_ranks(codes: Ints, categories: int, targets: Ints, classes: int, *, ordered: bool) -> NDArray[np.float32]:
    """A rank a category, shape (categories,): neighbours have like targets, so that one split parts many categories well.

    The rank is along the first principal component of the categories' class shares, weighted by their rows, cumulative where the
    classes are `ordered`: for two classes it is the order of the rates, which is the best there is (Fisher 1958; Coppersmith,
    Hong, Hosking, "Partitioning nominal attributes in decision trees", 1999).
    """
    counts = np.bincount(codes * classes + targets, minlength=categories * classes).reshape(categories, classes).astype(np.float64)
    rows = counts.sum(axis=1, keepdims=True)
    mean = counts.sum(axis=0) / max(1.0, float(rows.sum()))
    shares = (counts + PRIOR_ROWS * mean) / (rows + PRIOR_ROWS) - mean
    if ordered:
        shares = np.cumsum(shares, axis=1)
    component = _first_component(shares * np.sqrt(rows))
    ranks = np.empty(categories, dtype=np.float32)
    ranks[np.argsort(np.round(shares @ component, 12), kind="stable")] = np.arange(categories)
    return ranks


def _first_component(rows: Floats) -> Floats:
    """The direction in which `rows` spread most, of length one, its largest entry positive: from the smaller of their two products."""
    tall = rows.shape[0] > rows.shape[1]
    _, vectors = np.linalg.eigh(rows.T @ rows if tall else rows @ rows.T)
    found: Floats = vectors[:, -1] if tall else vectors[:, -1] @ rows
    length = float(np.linalg.norm(found))
    return found * (np.sign(found[np.abs(found).argmax()]) / length) if length else found


def like_together(column: ColumnProfile, values: pa.ChunkedArray, other: pa.ChunkedArray) -> ColumnProfile:
    """The column with its categories in an order in which neighbours go with like values of `other`, a column of the same rows.

    Categories that are too many for classes of their own share one with their neighbours.
    """
    (part,) = column.parts
    codes = pc.index_in(values.cast(pa.string()), value_set=pa.array(part.values, type=pa.string()))
    known = codes.is_valid().to_numpy()
    targets = coarse_codes(other, bins=PARTNERS)[known]
    ordered = bool(part_names(other.type))
    ranks = category_ranks(pc.drop_null(codes).to_numpy().astype(np.int64), len(part.values), targets, PARTNERS + 2, ordered=ordered)
    order = np.argsort(ranks, kind="stable").tolist()
    alike = replace(part, values=tuple(part.values[place] for place in order), rows=tuple(part.rows[place] for place in order))
    return replace(column, parts=(alike,))
