"""Twins that a gate must reject, made of an honest one: its keys to drawn tables are kept, so that they still lead to a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa

from benchmarks.gated import Made, free_columns, shuffled
from warehouse_twin.manifest.resolved import ForeignKey, ResolvedTable
from warehouse_twin.metrics.comparable import shape_columns, time_columns
from warehouse_twin.metrics.keys import match_parents
from warehouse_twin.relations.key_plans import key_plans

Tables = dict[str, pa.Table]
FEW = 50
"""A mode-collapsed twin has one row in so many, again and again."""


def independent(made: Made, draw: np.random.Generator) -> Tables:
    """Every column in an order of its own."""
    return each(made, lambda table, rows: shuffled(rows, free_columns(table), draw))


def collapsed(made: Made, draw: np.random.Generator) -> Tables:
    """A fiftieth of the rows, 20 at least, again and again."""

    def again(table: ResolvedTable, rows: pa.Table) -> pa.Table:
        return replaced(rows, rows, draw.integers(0, min(len(rows), max(20, len(rows) // FEW)), len(rows)), copied_columns(made, table))

    return each(made, again)


def bootstrap(made: Made, draw: np.random.Generator) -> Tables:
    """Rows that were learned from, drawn with replacement; the children of a copied row are copies of its children, where it has some."""
    copied: dict[str, np.ndarray] = {}
    plans = key_plans(made.case.twin)

    def copies(table: ResolvedTable, rows: pa.Table) -> pa.Table:
        learned = made.real[table.name][0].rows
        chosen = draw.integers(0, len(learned), len(rows))
        drive = plans[table.name].drive
        if drive is not None and drive.references in copied:
            chosen = _children(made, table.name, drive, copied[drive.references], chosen, draw)
        copied[table.name] = chosen
        return replaced(rows, learned, chosen, copied_columns(made, table))

    return each(made, copies)


def untimely(made: Made, draw: np.random.Generator) -> Tables:
    """Every day and moment in an order of its own: each is distributed as before, and comes before others by chance. Those of a foreign
    key move with the key; those of a primary key stay."""

    def moved(table: ResolvedTable, rows: pa.Table) -> pa.Table:
        for name in time_columns(made.case.twin, table):
            if name not in table.table.primary_key:
                key = next((key.columns for key in table.table.foreign_keys if name in key.columns), (name,))
                rows = replaced(rows, rows, draw.permutation(len(rows)), list(key))
        return rows

    return each(made, moved)


BROKEN: Mapping[str, Callable[[Made, np.random.Generator], Tables]] = {
    "independent": independent,
    "bootstrap": bootstrap,
    "collapsed": collapsed,
    "untimely": untimely,
}
NAMED = {
    "independent": {"pair_trend", "pair_trend_way", "pair_trend_min", "detection", "detection_with_children"},
    "bootstrap": {"exact_copies", "near_copies", "dcr_excess"},
    "collapsed": {"repeated_rows", "near_duplicates", "coverage"},
    "untimely": {"time_order", "time_order_parent", "event_gaps"},
}
"""The scores of which one at least must be among those that reject each; of the last one, or one that names a column of times."""


def copied_columns(made: Made, table: ResolvedTable) -> list[str]:
    """What a copy of a row takes from it: all but its keys, unless those lead to a table that is kept."""
    keys = {name for key in table.table.foreign_keys if not made.case.twin[key.references].keep_real for name in key.columns}
    return [name for name in shape_columns(made.case.twin, table) if name not in {*keys, *table.table.primary_key}]


def _children(
    made: Made, name: str, key: ForeignKey, parents: np.ndarray, otherwise: np.ndarray, draw: np.random.Generator
) -> np.ndarray:
    """For every drawn row of `name` a learned one of the row that its parent was copied from; `otherwise` where that has none."""
    above = match_parents(made.drawn[name], made.drawn[key.references], columns=key.columns, references=key.references_columns)
    learned, sources = (made.real[table][0].rows for table in (name, key.references))
    theirs = match_parents(learned, sources, columns=key.columns, references=key.references_columns)
    order = np.argsort(theirs, kind="stable")
    source = np.where(above < 0, -1, parents[np.maximum(above, 0)])
    first, last = (np.searchsorted(theirs[order], source, side=side) for side in ("left", "right"))
    some = (source >= 0) & (last > first)
    place = first + (draw.random(len(source)) * np.maximum(last - first, 1)).astype(np.int64)
    return np.where(some, order[np.minimum(place, len(order) - 1)], otherwise)


def each(made: Made, change: Callable[[ResolvedTable, pa.Table], pa.Table]) -> Tables:
    kept = {table.name: made.drawn[table.name] for table in made.case.twin.tables}
    return kept | {table.name: change(table, made.drawn[table.name]) for table in made.case.twin.protected}


def replaced(rows: pa.Table, source: pa.Table, chosen: np.ndarray, columns: list[str]) -> pa.Table:
    """Rows with these columns from other ones."""
    for name in columns:
        place = rows.column_names.index(name)
        rows = rows.set_column(place, rows.schema.field(name), source.column(name).take(pa.array(chosen)))
    return rows
