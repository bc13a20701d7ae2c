"""Histograms whose bins are fixed on the real training rows, so that every sample is counted in the same cells.

Two resolutions a column:

- *fine*, for shapes: for numbers and times, up to 1,000 knots at training quantiles, with a bin for each knot and one for each
  gap between two (so a value that the source never holds is told from its neighbour); for categories the 1,000 commonest that
  k entities hold and one for all others. Missing values are left out (-1).
- *coarse*, for pairs: 10 quantile bins, or the 30 commonest of those categories and one for all others; missing is a bin of
  its own.

A value that fewer than k entities hold may not be learned, so whether the twin has it as often is not asked either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warehouse_twin.metrics.columns import Bools, Ints, Kind, Values, decode, modelled_kind
from warehouse_twin.profiling.holders import holders_of

KNOTS = 1_000
QUANTILE_BINS = 10
SHAPE_CATEGORIES = 1_000
PAIR_CATEGORIES = 30


@dataclass(frozen=True, slots=True)
class ColumnBins:
    """The bins of one column. `knots` and `edges` are None for categories, `categories` for the rest; opaque columns have none."""

    name: str
    kind: Kind
    knots: np.ndarray | None = None
    edges: np.ndarray | None = None
    categories: pa.Array | None = None

    @property
    def fine_size(self) -> int:
        """Number of fine bins, without the missing."""
        if self.knots is not None:
            return 2 * len(self.knots) + 1
        return 1 if self.categories is None else len(self.categories) + 1

    @property
    def coarse_size(self) -> int:
        """Number of coarse bins; the last is the missing."""
        if self.edges is not None:
            return len(self.edges) + 2
        return 2 if self.categories is None else min(len(self.categories), PAIR_CATEGORIES) + 2


@dataclass(frozen=True, slots=True)
class Binned:
    """A sample in bins: codes a column, shape `(rows,)`, and the jackknife group of every row."""

    rows: int
    fine: Mapping[str, Ints]
    coarse: Mapping[str, Ints]
    missing: Mapping[str, Bools]
    group: Ints
    groups: int


@dataclass(frozen=True, slots=True)
class Holders:
    """The entity of every training row, and how many must hold a value for it to be learned."""

    entities: Ints
    k: int


def fit_bins(
    training: pa.Table, columns: Sequence[str], *, kinds: Mapping[str, str] | None = None, holders: Holders | None = None
) -> tuple[ColumnBins, ...]:
    """Bins of `columns`, fixed on the training rows. `kinds` says how the manifest models a column, where its type does not.

    Without `holders` every value counts.
    """
    return tuple(_fit(training.column(name), name, (kinds or {}).get(name), holders) for name in columns)


def _fit(column: pa.ChunkedArray, name: str, declared: str | None, holders: Holders | None) -> ColumnBins:
    kind = modelled_kind(column.type, declared)
    values = decode(column, kind, name=name)
    if kind == "opaque":
        return ColumnBins(name, kind)
    if kind == "categorical":
        return ColumnBins(name, kind, categories=commonest(values.data, holders)[:SHAPE_CATEGORIES])
    present = np.sort(values.data[~values.missing])
    return ColumnBins(name, kind, knots=_quantiles(present, KNOTS), edges=_quantiles(present, QUANTILE_BINS)[:-1])


def commonest(strings: pa.Array, holders: Holders | None) -> pa.Array:
    """The values that enough entities hold, commonest first, ties by value."""
    encoded = strings.dictionary_encode()
    codes, size = encoded.indices, len(encoded.dictionary)
    filled = strings.is_valid().to_numpy(zero_copy_only=False)
    codes = codes.drop_null().to_numpy().astype(np.int64)
    table = pa.table({"value": encoded.dictionary, "count": np.bincount(codes, minlength=size)})
    if holders is not None:
        table = table.filter(pa.array(holders_of(codes, holders.entities[filled], size=size) >= holders.k))
    order = pc.sort_indices(table, sort_keys=[("count", "descending"), ("value", "ascending")])
    return table.column("value").take(order).combine_chunks()


def _quantiles(ordered: np.ndarray, count: int) -> np.ndarray:
    """Distinct values at the quantiles i/count, i = 1…count (the last is the maximum); every distinct value where they are few."""
    distinct = np.unique(ordered)
    if len(distinct) <= count:
        return distinct
    ranks = np.ceil(np.arange(1, count + 1) * len(ordered) / count).astype(np.int64) - 1
    return np.unique(ordered[ranks])


def binned(table: pa.Table, bins: Sequence[ColumnBins], *, group: Ints, groups: int) -> Binned:
    """A sample in these bins. Raises TerminalError when a column's type is of another kind than the source's."""
    fine: dict[str, Ints] = {}
    coarse: dict[str, Ints] = {}
    missing: dict[str, Bools] = {}
    for column in bins:
        values = decode(table.column(column.name), column.kind, name=column.name)
        missing[column.name] = values.missing
        fine[column.name], coarse[column.name] = _codes(column, values)
    return Binned(table.num_rows, fine, coarse, missing, group, groups)


def _codes(column: ColumnBins, values: Values) -> tuple[Ints, Ints]:
    """Fine codes (-1 for missing) and coarse codes of a column."""
    if column.knots is not None and column.edges is not None:
        # The two counts differ by one exactly at a knot: odd codes are knots, even codes the gaps between them.
        fine = np.searchsorted(column.knots, values.data, side="left") + np.searchsorted(column.knots, values.data, side="right")
        coarse = np.searchsorted(column.edges, values.data, side="left")
    elif column.categories is not None:
        others = len(column.categories)
        found = pc.index_in(values.data, value_set=column.categories).fill_null(others)
        fine = found.to_numpy(zero_copy_only=False).astype(np.int64)
        coarse = np.minimum(fine, column.coarse_size - 2)
    else:
        fine = coarse = np.zeros(len(values), dtype=np.int64)
    last = column.coarse_size - 1
    return np.where(values.missing, -1, fine), np.where(values.missing, last, coarse)


def group_counts(codes: Ints, group: Ints, *, groups: int, size: int) -> Ints:
    """Rows of each group in each bin, shape `(groups, size)`; negative codes are not counted."""
    cells = group * size + codes
    if len(codes) and codes.min() < 0:
        cells = cells[codes >= 0]
    return np.bincount(cells, minlength=groups * size).reshape(groups, size)
