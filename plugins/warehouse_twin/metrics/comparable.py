"""Which columns of a twin's tables can be compared with the source's: decided by keys and kinds alone, before any row is seen;
and which of them say whether a row was copied, when its profile is known.

A column is *redrawn* when the twin gives it values of its own: a primary key of one column, a foreign key that leads to such
a key, personal data from a generator. Redrawn columns say nothing by their values; how they link rows is what
`child_counts` and `orphans` measure. A key column with values of the source (a date, a column that leads to a table kept
as it is) is compared like any other.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from warehouse_twin.generators.sql_types import family_of
from warehouse_twin.manifest.resolved import ForeignKey, ResolvedTable, ResolvedTwin
from warehouse_twin.metrics.copies import FEWEST_COLUMNS

_NEVER_LEARNED = ("code", "text")
"""Kinds whose values a synthesizer makes up: a copied row would carry new ones, so they may not hide the copy."""


def shape_columns(twin: ResolvedTwin, table: ResolvedTable) -> tuple[str, ...]:
    """Columns whose distribution can be compared, in the table's order; none of a table that is kept as it is, and none that the
    manifest has a generator for: the source is not what those shall be like."""
    if table.keep_real:
        return ()
    apart = {*table.pii, *table.generators}
    return tuple(name for name in table.table.column_names if name not in apart and not _redrawn(twin, table, name, frozenset()))


def time_columns(twin: ResolvedTwin, table: ResolvedTable) -> tuple[str, ...]:
    """Those of them that are declared as days or moments."""
    types = {column.name: column.sql_type for column in table.table.columns}
    return tuple(name for name in shape_columns(twin, table) if family_of(types[name]) in ("date", "timestamp"))


def record_columns(twin: ResolvedTwin, table: ResolvedTable) -> tuple[str, ...]:
    """Columns that make a row somebody's: without primary key, foreign keys to protected tables and what is never learned."""
    keys = {name for key in table.table.foreign_keys if not twin[key.references].keep_real for name in key.columns}
    keys |= set(table.table.primary_key)
    return tuple(name for name in shape_columns(twin, table) if name not in keys and table.kinds.get(name) not in _NEVER_LEARNED)


def text_columns(twin: ResolvedTwin, table: ResolvedTable) -> tuple[str, ...]:
    """Columns of text that are in no key, made up and personal ones, too: no word of somebody's may be in any of them."""
    if table.keep_real:
        return ()
    keys = {*table.table.primary_key, *(name for key in table.table.foreign_keys for name in key.columns)}
    return tuple(column.name for column in table.table.columns if column.name not in keys and family_of(column.sql_type) == "text")


def step_columns(twin: ResolvedTwin, table: ResolvedTable) -> tuple[str, ...]:
    """The columns of which a row may say something of the next one of its parent, where the manifest orders them."""
    return tuple(name for name in shape_columns(twin, table) if name != table.order_by) if table.order_by is not None else ()


def predicted_columns(twin: ResolvedTwin, table: ResolvedTable) -> tuple[str, ...]:
    """The columns that the manifest wants predicted from the others, or of which some are picked to be."""
    if table.targets is not None:
        return table.targets
    return record_columns(twin, table) if len(shape_columns(twin, table)) >= FEWEST_COLUMNS else ()


def without_made_up(record: Sequence[str], made_up: Collection[str]) -> tuple[str, ...]:
    """The record without what is made up (a copied row would carry a new name, and pass for a new row), if two columns are left."""
    left = tuple(name for name in record if name not in made_up)
    return left if len(left) >= FEWEST_COLUMNS else tuple(record)


def key_label(table: ResolvedTable, key: ForeignKey) -> tuple[str, ...]:
    """The columns a score of this foreign key names; with the parent where two keys share their columns."""
    twins = [other for other in table.table.foreign_keys if other.columns == key.columns]
    return key.columns if len(twins) == 1 else (*key.columns, f"→ {key.references}")


def _redrawn(twin: ResolvedTwin, table: ResolvedTable, column: str, seen: frozenset[tuple[str, str]]) -> bool:
    if table.keep_real or (table.name, column) in seen:
        return False
    parents = [
        (twin[key.references], reference)
        for key in table.table.foreign_keys
        for name, reference in zip(key.columns, key.references_columns, strict=True)
        if name == column
    ]
    if any(parent.keep_real for parent, _ in parents):
        return False
    if table.table.primary_key == (column,) or column in table.pii or column in table.generators:
        return True
    return any(_redrawn(twin, parent, reference, seen | {(table.name, column)}) for parent, reference in parents)
