"""Measures of keys: orphans, children per parent, unique keys, and how many rows there are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warehouse_twin.metrics.binning import group_counts
from warehouse_twin.metrics.columns import Bools, Ints, row_hashes
from warehouse_twin.metrics.intervals import Z_95
from warehouse_twin.metrics.replicates import entity_groups, exact, row_groups, scored
from warehouse_twin.metrics.samples import compared, kolmogorov_smirnov_complement
from warehouse_twin.metrics.score import Score

ORPHAN = -1
NO_KEY = -2


def match_parents(child: pa.Table, parent: pa.Table, *, columns: Sequence[str], references: Sequence[str]) -> Ints:
    """The parent's row of every child row, shape `(child rows,)`: -1 for none, -2 where a column of the key is missing.

    `columns` of the child are matched with `references` of the parent, as tuples.
    """
    keys, known = row_hashes([child, parent], [columns, references])
    found = pc.index_in(pa.array(keys), value_set=pa.array(known)).fill_null(ORPHAN).to_numpy(zero_copy_only=False).astype(np.int64)
    return np.where(_missing(child, columns), NO_KEY, found)


def orphans(table: str, parents: Ints, *, columns: tuple[str, ...]) -> Score:
    """The share of rows with a foreign key that lead to no parent, from `match_parents`: in [0, 1], lower is better, counted."""
    keyed = int((parents != NO_KEY).sum())
    return exact("orphans", table, int((parents == ORPHAN).sum()) / max(keyed, 1), n=keyed, columns=columns, better="lower")


def orphan_rate(table: str, parents: Ints, real: Ints, *, columns: tuple[str, ...]) -> Score:
    """1 - the difference between the twin's and the source's share of rows with a foreign key that leads nowhere; counted."""
    keyed = int((parents != NO_KEY).sum())
    twin, source = ((found == ORPHAN).sum() / max(len(found), 1) for found in (parents, real))
    return exact("orphan_rate", table, 1.0 - abs(float(twin - source)), n=keyed, columns=columns)


def children(parents: Ints, *, rows: int) -> Ints:
    """Children of each of the parent's `rows`, shape `(rows,)`; 0 for parents without any."""
    return np.bincount(parents[parents >= 0], minlength=rows)


def child_counts(
    table: str,
    *,
    columns: tuple[str, ...],
    training: Ints,
    entities: Ints,
    synthetic: Ints,
    holdout: Ints | None,
    seed: int,
) -> Score:
    """1 - Kolmogorov-Smirnov distance of the number of children per parent: in [0, 1] (SDMetrics' CardinalityShapeSimilarity).

    Each array holds the children of one parent an element, parents without children as 0; `entities` are those of the
    training parents. The ceiling compares the holdout's parents.
    """
    knots = np.unique(np.concatenate([training, synthetic, *([holdout] if holdout is not None else [])]))

    def counts(sample: Ints, group: Ints, groups: int) -> Ints:
        return group_counts(np.searchsorted(knots, sample), group, groups=groups, size=len(knots))

    real = counts(training, *entity_groups(entities, seed=seed))
    ceiling = None
    if holdout is not None and len(holdout):
        alone = np.bincount(np.searchsorted(knots, holdout), minlength=len(knots))
        ceiling = float(kolmogorov_smirnov_complement(real.sum(axis=0), alone))
    return scored(
        compared(kolmogorov_smirnov_complement, real, counts(synthetic, *row_groups(len(synthetic), seed=seed))),
        measure="child_counts",
        table=table,
        columns=columns,
        n=min(len(training), len(synthetic)),
        ceiling=ceiling,
    )


def key_unique(table: str, rows: pa.Table, *, columns: Sequence[str]) -> Score:
    """Distinct complete primary keys over rows: in [0, 1], 1 when every row has a key of its own; counted."""
    if not rows.num_rows:
        return exact("key_unique", table, 1.0, n=0)
    (keys,) = row_hashes([rows], [columns])
    distinct = len(pc.unique(pa.array(keys[~_missing(rows, columns)])))
    return exact("key_unique", table, distinct / rows.num_rows, n=rows.num_rows)


def unique_key(table: str, rows: pa.Table, *, columns: tuple[str, ...]) -> Score:
    """Distinct values of these columns over the rows that have all of them, as SQL's UNIQUE asks: in [0, 1], 1 when none is there twice;
    counted."""
    keyed = ~_missing(rows, columns)
    filled = int(keyed.sum())
    (keys,) = row_hashes([rows], [columns])
    return exact("unique_key", table, len(np.unique(keys[keyed])) / filled if filled else 1.0, n=filled, columns=columns)


def row_count(table: str, *, rows: int, expected: float, error: float = 0.0) -> Score:
    """The smaller of the twin's and the expected number of rows over the larger: in [0, 1], 1 is as many as expected.

    Where children follow from parents the number is itself drawn, with the standard `error` that a sum over as many parents has: parents
    differ more than a Poisson count does. The interval allows for it.
    """
    larger = max(float(rows), expected)
    value = 1.0 if larger == 0 else min(float(rows), expected) / larger
    half = Z_95 * error / max(expected, 1.0)
    return Score("row_count", table, value, max(0.0, value - half), min(1.0, value + half), rows)


def _missing(table: pa.Table, columns: Sequence[str]) -> Bools:
    missing = np.zeros(table.num_rows, dtype=np.bool_)
    for name in columns:
        missing |= pc.is_null(table.column(name)).to_numpy(zero_copy_only=False) if table.num_rows else missing
    return missing
