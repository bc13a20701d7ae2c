"""Families in a frame: the rows of one parent, which a sequence is drawn for as a whole.

A column `#family` of the frame says which rows belong together. Spark draws a sequence table in parts of whole families, so a
part knows every row that a row depends on.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.manifest.resolved import ResolvedTable, ResolvedTwin
from warehouse_twin.relations.key_plans import KeyPlan, key_plans
from warehouse_twin.synthesizers.registry import find_synthesizer
from warehouse_twin.synthesizers.sequence_terms import FAMILY

Ints = NDArray[np.int64]


def families_of(table: ResolvedTable, links: Ints) -> dict[str, pa.ChunkedArray]:
    """Of a sequence the family of each row: its parent's row, or none but itself where it has no parent."""
    if table.order_by is None:
        return {}
    family = np.where(links < 0, -1 - np.arange(len(links)), links)
    return {FAMILY: pa.chunked_array([pa.array(family, type=pa.int64())])}


def brought_together(frame: pa.Table) -> pa.Table:
    """The frame with the rows of each family next to one another; one without families as it is."""
    if FAMILY not in frame.column_names:
        return frame
    family = frame.column(FAMILY).to_numpy()
    borders = np.flatnonzero(np.diff(family)) + 1
    if len(borders) + 1 <= len(np.unique(family)):
        return frame
    return frame.take(pa.array(np.argsort(family, kind="stable")))


def parts_of(frame: pa.Table, size: int) -> Iterator[pa.Table]:
    """The frame in parts of about `size` rows, none of which ends inside a family; at least one."""
    starts = np.arange(0, max(1, frame.num_rows), size)
    if FAMILY in frame.column_names and frame.num_rows:
        borders = np.r_[0, np.flatnonzero(np.diff(frame.column(FAMILY).to_numpy())) + 1]
        starts = np.unique(borders[np.searchsorted(borders, starts, side="right") - 1])
    for begin, end in zip(starts, np.r_[starts[1:], frame.num_rows], strict=True):
        yield frame.slice(int(begin), int(end - begin))


def drawn_ahead(table: ResolvedTable, plan: KeyPlan) -> tuple[str, ...]:
    """The columns that planning draws, where all rows are at hand.

    Of a sequence all or none: its times are one family's affair and so unique beside the driving key; any other column that must
    be known of all rows depends on rows before it, and so on all their columns.
    """
    if table.order_by is None:
        return plan.leading
    return () if not plan.leading or unique_by_order(table, plan) else plan.modelled


def unique_by_order(table: ResolvedTable, plan: KeyPlan) -> bool:
    """Whether the driving key and the order column are the primary key."""
    if plan.drive is None or table.order_by is None:
        return False
    return set(table.table.primary_key) == {*plan.drive.columns, table.order_by}


def unordered(twin: ResolvedTwin) -> Iterator[tuple[str, str]]:
    """Tables with `order_by` that cannot be drawn in order, and why."""
    plans = key_plans(twin)
    for table in twin.protected:
        if table.order_by is None:
            continue
        plan = plans[table.name]
        found = ""
        if plan.drive is None:
            found = "none of its foreign keys decides how many rows a parent has; wanted one whose columns mean nothing by themselves"
        elif not set(table.validity or (table.order_by,)) <= set(plan.modelled):
            found = "the column is part of a key that is taken from a parent or made anew; wanted one that is drawn"
        elif not find_synthesizer(table.synthesizer).conditional:
            found = f"{table.synthesizer} draws a table as a whole and knows no row before another; wanted tree"
        if found:
            yield table.name, f"{table.name}: order_by {table.order_by}: {found}; next: change it in the manifest, or remove it"
