"""Twins that leak whom they were learned from, made of an honest one, and twins of which it is known that they do not.

As in `broken.py`, keys to drawn tables are kept, so that they still lead to a row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from benchmarks.broken import Tables, bootstrap, copied_columns, each, independent, replaced
from benchmarks.gated import Made
from warehouse_twin.gates.family_features import own_children
from warehouse_twin.manifest.resolved import ForeignKey, ResolvedTable
from warehouse_twin.metrics.columns import row_hashes
from warehouse_twin.metrics.comparable import text_columns
from warehouse_twin.metrics.keys import match_parents

NUDGE = 0.01
"""Standard deviation of what is added to numbers and times, of theirs."""
RARE = 0.05
"""The share of rows that are real ones of the rarest groups."""
COPIED, PLANTED = 0.05, 200
"""The share of rows that are copies; and of how many learned rows one was planted."""


def jittered(made: Made, draw: np.random.Generator) -> Tables:
    """Rows that were learned from, each once as far as there are enough, with a little added to every number and time."""

    def near(table: ResolvedTable, rows: pa.Table) -> pa.Table:
        learned, columns = made.real[table.name][0].rows, copied_columns(made, table)
        copies = replaced(rows, learned, np.resize(draw.permutation(len(learned)), len(rows)), columns)
        for name in columns:
            place = copies.column_names.index(name)
            copies = copies.set_column(place, copies.schema.field(name), nudged(copies.column(name), draw))
        return copies

    return each(made, near)


def memorised(made: Made, draw: np.random.Generator) -> Tables:
    """In the place of one row in twenty a real one of the rarest groups: of the combinations of categories, or of parts of the range of
    numbers and times, that the fewest rows have."""

    def rare(table: ResolvedTable, rows: pa.Table) -> pa.Table:
        learned, columns = made.real[table.name][0].rows, copied_columns(made, table)
        if not columns:
            return rows
        chosen = np.argsort(group_sizes(learned.select(columns)), kind="stable")[: round(RARE * len(learned))]
        copied = draw.permutation(len(rows))[: len(chosen)]
        return with_rows(rows, learned, copied, chosen[: len(copied)], columns)

    return each(made, rare)


def families(made: Made, draw: np.random.Generator) -> Tables:
    """Below every drawn parent the children of one that was learned from and has as many, or next more, one after the other."""
    tables = dict(made.drawn)
    for parent in made.case.twin.protected:
        for child, key in own_children(made.case.twin, parent):
            rows, columns = tables[child.name], copied_columns(made, child)
            places, chosen = _families(made, child, key, draw)
            tables[child.name] = with_rows(rows, made.real[child.name][0].rows, places, chosen, columns)
    return tables


def holdout(made: Made, draw: np.random.Generator) -> Tables:
    """Held-out rows, again and again: real, and learned from by nobody."""

    def real(table: ResolvedTable, rows: pa.Table) -> pa.Table:
        others = made.real[table.name][1].rows
        chosen = np.resize(draw.permutation(len(others)), len(rows))
        return replaced(rows, others, chosen, copied_columns(made, table)) if len(others) else rows

    return each(made, real)


def copied(made: Made, draw: np.random.Generator) -> Tables:
    """In the place of one row in twenty a row that was learned from."""

    def some(table: ResolvedTable, rows: pa.Table) -> pa.Table:
        learned = made.real[table.name][0].rows
        places = draw.permutation(len(rows))[: round(COPIED * len(rows))]
        return with_rows(rows, learned, places, draw.integers(0, len(learned), len(places)), copied_columns(made, table))

    return each(made, some)


def planted(made: Made, draw: np.random.Generator) -> Tables:
    """One learned row in two hundred, again and again in the place of one row in ten."""

    def again(table: ResolvedTable, rows: pa.Table) -> pa.Table:
        learned = made.real[table.name][0].rows
        few = draw.permutation(len(learned))[: max(1, len(learned) // PLANTED)]
        places = draw.permutation(len(rows))[: round(2 * COPIED * len(rows))]
        return with_rows(rows, learned, places, draw.choice(few, len(places)), copied_columns(made, table))

    return each(made, again)


def rare_values(made: Made, draw: np.random.Generator) -> Tables:
    """Every text that fewer than k rows that were learned from have, as often as they have it; each column by itself."""

    def rare(table: ResolvedTable, rows: pa.Table) -> pa.Table:
        learned = made.real[table.name][0].rows
        for name in text_columns(made.case.twin, table):
            chosen = np.flatnonzero(group_sizes(learned.select([name])) < made.case.twin.k)
            places = draw.permutation(len(rows))[: len(chosen)]
            rows = with_rows(rows, learned, places, chosen[: len(places)], [name])
        return rows

    return each(made, rare)


LEAKS: Mapping[str, Callable[[Made, np.random.Generator], Tables]] = {
    "bootstrap": bootstrap,
    "jittered": jittered,
    "memorised": memorised,
    "families": families,
    "copied": copied,
    "planted": planted,
    "rare_values": rare_values,
}
GUESSING = ("singling_out", "linkability", "attribute_inference", "exact_copies", "near_copies")
NAMED = {
    "bootstrap": {"membership", "membership_found", *GUESSING},
    "jittered": {"membership", "membership_found", *GUESSING},
    "memorised": {"membership_exposed", "membership_found", "exact_copies", "rare_combinations"},
    "families": {"membership_children", "membership_children_found", "membership", *GUESSING},
    "copied": {"exact_copies", "near_copies"},
    "planted": {"exact_copies", "near_copies", "membership_exposed", "singling_out"},
    "rare_values": {"rare_combinations", "rare_words"},
}
"""The scores of which one at least must be among those that reject each."""
SAFE: Mapping[str, Callable[[Made, np.random.Generator], Tables]] = {
    "default": lambda made, draw: made.drawn,
    "independent": independent,
    "holdout": holdout,
}
"""None of them gives anybody away."""


def nudged(column: pa.ChunkedArray, draw: np.random.Generator) -> pa.ChunkedArray:
    """Numbers and times with a little added; what is neither as it is."""
    kind, whole = column.type, pt.is_date(column.type) or pt.is_timestamp(column.type)
    if not (whole or pt.is_integer(kind) or pt.is_floating(kind)):
        return column
    plain = column.cast(pa.date32()) if pt.is_date(kind) else column
    values = (plain.cast(pa.int32() if pt.is_date(kind) else pa.int64()) if whole else plain).cast(pa.float64(), safe=False)
    known = values.to_numpy(zero_copy_only=False) if not isinstance(values, pa.ChunkedArray) else values.to_numpy()
    moved = known + NUDGE * np.nanstd(known) * draw.standard_normal(len(known))
    missing = np.isnan(known)
    if not whole and not pt.is_integer(kind):
        return pa.chunked_array([pa.array(moved, from_pandas=True).cast(kind)])
    rounded = pa.array(np.where(missing, 0, np.round(moved)).astype(np.int64), mask=missing)
    if pt.is_date(kind):
        return pa.chunked_array([rounded.cast(pa.int32()).cast(pa.date32()).cast(kind)])
    return pa.chunked_array([rounded.cast(kind)])


def group_sizes(rows: pa.Table) -> np.ndarray:
    """How many rows have the same categories as each; of numbers and times, without which there are none, the same quarters."""
    names = [
        name for name in rows.column_names if pt.is_string(rows.schema.field(name).type) or pt.is_boolean(rows.schema.field(name).type)
    ]
    if names:
        (codes,) = row_hashes([rows], [names])
    else:
        ranks = [
            np.argsort(np.argsort(rows.column(name).to_numpy().astype(np.float64))) * 4 // max(1, len(rows)) for name in rows.column_names
        ]
        codes = np.ravel_multi_index(ranks[:8], [4] * len(ranks[:8]))
    _, place, counts = np.unique(codes, return_inverse=True, return_counts=True)
    return counts[place]


def with_rows(rows: pa.Table, source: pa.Table, places: np.ndarray, chosen: np.ndarray, columns: list[str]) -> pa.Table:
    """Rows of which some have these columns from others."""
    order = np.arange(len(rows))
    order[places] = len(rows) + chosen
    both = pa.concat_tables([rows.select(columns), source.select(columns).cast(rows.select(columns).schema)])
    return replaced(rows, both, order, columns)


def _families(made: Made, child: ResolvedTable, key: ForeignKey, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Places of drawn children, and the learned child that each is a copy of."""
    drawn, drawn_of = _by_parent(made.drawn[child.name], made.drawn[key.references], key, child.order_by)
    known, known_of = _by_parent(made.real[child.name][0].rows, made.real[key.references][0].rows, key, child.order_by)
    parents, begin, sizes = np.unique(known_of, return_index=True, return_counts=True)
    _, starts, counts = np.unique(drawn_of, return_index=True, return_counts=True)
    order = np.lexsort((draw.random(len(parents)), sizes))
    low, high = (np.searchsorted(sizes[order], counts, side=side) for side in ("left", "right"))
    pick = np.where(high > low, low + (draw.random(len(counts)) * np.maximum(high - low, 1)).astype(np.int64), low)
    source = order[np.minimum(pick, len(order) - 1)]
    within = np.arange(len(drawn)) - np.repeat(starts, counts)
    return drawn, known[np.repeat(begin[source], counts) + within % np.repeat(sizes[source], counts)]


def _by_parent(rows: pa.Table, parents: pa.Table, key: ForeignKey, order: str | None) -> tuple[np.ndarray, np.ndarray]:
    """Rows that have a parent, by parent and then in their order, and the parent of each."""
    found = match_parents(rows, parents, columns=key.columns, references=key.references_columns)
    place = np.arange(len(rows)) if order is None else pc.sort_indices(rows.column(order)).to_numpy()
    place = place[np.argsort(found[place], kind="stable")]
    place = place[found[place] >= 0]
    return place, found[place]
