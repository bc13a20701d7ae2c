"""Links: for each row the parent's row that a key leads to, the driving one first, which decides how many rows there are.

Every other link gives each parent as many rows as it is to have, and each row a parent of the type it wants.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.manifest.resolved import ForeignKey
from warehouse_twin.profiling.matching import codes_of, columns_of
from warehouse_twin.profiling.values import DAY_MICROSECONDS, part_names, whole_number
from warehouse_twin.randomness import derive_seed, permutation
from warehouse_twin.relations.blueprints import Blueprint, Columns, Ints, require_rows
from warehouse_twin.relations.contexts import key_label, parent_features
from warehouse_twin.relations.counting import add_rows, draw_counts, drop_rows, in_ranks_of, nudged, scaled_to, scaled_within
from warehouse_twin.relations.dealing import apart, balanced, bounded, deal
from warehouse_twin.relations.frames import drawn_in_stretches
from warehouse_twin.relations.link_models import type_column
from warehouse_twin.relations.matching_keys import snap
from warehouse_twin.relations.training import CHILDREN
from warehouse_twin.synthesizers.protocol import Model

TOLERANCE = 0.05
"""By what share the number of a table's rows may be off before parents get all their children anew, or none."""


def draw_driving(blueprint: Blueprint, parents: Mapping[str, pa.Table], *, seed: int) -> tuple[Ints, pa.Array | None]:
    """Each row of the driving parent as often as it has children, and then the rows without a parent, as -1; and the kind of each
    parent, where rows of one parent have more in common than its columns say."""
    key = blueprint.plan.links[0]
    parent, stream = parents[key.references], _stream(blueprint, key)
    evidence, nulls = blueprint.profile.key(key.columns, key.references), blueprint.nulls(key)
    counts = draw_counts(evidence.children, parent.num_rows, seed=seed, stream=f"{stream}/counts")
    expected = _expected(blueprint, parent.num_rows, nulls)
    if blueprint.children is not None:
        counts = _learned(blueprint.children, counts, parent.select(list(blueprint.context)), expected, seed=seed, stream=stream)
    found = int(counts.sum())
    if expected is None:
        expected = found
    if abs(found - expected) <= TOLERANCE * expected:
        counts = nudged(counts, expected, seed=seed, stream=stream)
    elif found < expected:
        counts = add_rows(counts, expected - found, seed=seed, stream=f"{stream}/more")
    else:
        counts = drop_rows(counts, found - expected, seed=seed, stream=f"{stream}/fewer")
    counts, kinds, families = _with_room(blueprint, parents, counts), None, blueprint.links.kinds
    if families is not None:
        context, held = parent.select(list(blueprint.context)), blueprint.parent_rows > 0
        counts, kinds = families.draw(context, counts, seed=derive_seed(seed, stream, "kinds"), held=held)
    linked = np.repeat(np.arange(parent.num_rows, dtype=np.int64), counts)
    alone = round(len(linked) * nulls / (1 - nulls)) if nulls < 1 else blueprint.source_rows
    return np.concatenate([linked, np.full(alone, -1, dtype=np.int64)]), kinds


def _learned(model: Model, counts: Ints, parents: pa.Table, expected: int | None, *, seed: int, stream: str) -> Ints:
    """The counts that a model draws for these parents. Where they add up to about what is expected, they only say who has more
    than whom, and the numbers are the profiled ones: chance then does not change their distribution.
    """
    own, rows = derive_seed(seed, stream), parents.num_rows
    drawn = drawn_in_stretches(model, rows, lambda begin, end: parents.slice(begin, end - begin), seed=own).column(CHILDREN)
    learned: Ints = np.maximum(drawn.to_numpy().astype(np.int64), 0)
    if expected is None or max(abs(int(learned.sum()) - expected), abs(int(counts.sum()) - expected)) > 2 * TOLERANCE * expected:
        return learned
    return in_ranks_of(counts, learned, seed=seed, stream=f"{stream}/ranks")


def _stream(blueprint: Blueprint, key: ForeignKey) -> str:
    return f"{blueprint.table.name}/{'+'.join(key.columns)}"


def _with_room(blueprint: Blueprint, parents: Mapping[str, pa.Table], counts: Ints) -> Ints:
    """At most one child where the key is the primary key; of a bridge as many as there are parents on the other side."""
    first, primary = blueprint.plan.links[0], set(blueprint.table.table.primary_key)
    if set(first.columns) == primary:
        return np.minimum(counts, 1)
    for other in blueprint.plan.links[1:]:
        if primary == {*first.columns, *other.columns}:
            return bounded(counts, parents[other.references].num_rows)
    return counts


def _expected(blueprint: Blueprint, parents: int, nulls: float) -> int | None:
    """Rows with a parent, in proportion to the source's; None where these are not known.

    Counts fall short of it where few parents have most of the children, which is protected, and by the orphans of a key that
    may not be null, as in the twin they have parents; and in small tables by chance.
    """
    if not blueprint.parent_rows:
        return None
    return round(blueprint.source_rows * (1 - nulls) * parents / blueprint.parent_rows)


def draw_second(
    blueprint: Blueprint, key: ForeignKey, parents: Mapping[str, pa.Table], columns: Columns, drawn: Columns, rows: int, *, seed: int
) -> Ints:
    """The parent of each row, -1 for null: of the type that was `drawn` for it. `columns` are the keys that are settled."""
    parent, stream, labels = parents[key.references], _stream(blueprint, key), key_label(key)
    nulls = blueprint.nulls(key) if parent.num_rows or not blueprint.table.table.clearable(key) else 1.0
    filled = rows - round(rows * nulls)
    require_rows(blueprint, key, parent, filled)
    if not filled:
        return np.full(rows, -1, dtype=np.int64)
    groups = _bridged(blueprint, key, columns)
    counts = target_counts(blueprint, key, parent, filled, seed=seed)
    if groups is not None:
        counts = bounded(counts, int(groups.max()) + 1)
        counts += scaled_to(counts, filled - int(counts.sum()))
    sorts = blueprint.links.types.get(labels)
    types = np.zeros(parent.num_rows, dtype=np.int64)
    wanted = np.zeros(rows, dtype=np.int64)
    if sorts is not None:
        types = sorts.of(parent_features(parent, sorts.ways, lambda name, names: parents[name].select(list(names))))
        chosen = drawn[type_column(key)].cast(pa.int64()).fill_null(-1)
        wanted = chosen.to_numpy().astype(np.int64)
    wanted = exactly(wanted, filled, seed=seed, stream=f"{stream}/nulls")
    if sorts is not None:
        asked = np.bincount(wanted[wanted >= 0], minlength=sorts.types)
        counts = balanced(counts, types, asked, seed=seed, stream=f"{stream}/balanced")
    link = deal(wanted, counts, types, seed=seed, stream=f"{stream}/links")
    return link if groups is None else apart(groups, link, types, seed=seed, stream=f"{stream}/apart")


def target_counts(blueprint: Blueprint, key: ForeignKey, parent: pa.Table, total: int, *, seed: int) -> Ints:
    """How many rows each parent is to have, `total` in all: as its own columns say where that was learned."""
    stream = _stream(blueprint, key)
    model = blueprint.links.counts.get(key_label(key))
    evidence = blueprint.profile.key(key.columns, key.references)
    counts = draw_counts(evidence.children, parent.num_rows, seed=seed, stream=f"{stream}/counts")
    if model is not None:
        counts = _learned(model, counts, parent, total, seed=seed, stream=stream)
    if abs(int(counts.sum()) - total) <= 2 * TOLERANCE * total:
        return nudged(counts, total, seed=seed, stream=stream)
    order = permutation(parent.num_rows, seed=seed, stream=f"{stream}/ties")
    wanted = np.zeros_like(counts)
    wanted[order] = scaled_to(counts[order], total)
    return wanted


def _bridged(blueprint: Blueprint, key: ForeignKey, columns: Columns) -> Ints | None:
    """Groups of rows in which no parent may stand twice, as the rest of the primary key is settled; None where that is not so."""
    primary = blueprint.table.table.primary_key
    rest = [name for name in primary if name not in key.columns]
    if not rest or not set(key.columns) <= set(primary) or not set(rest) <= set(columns):
        return None
    return codes_of([columns[name] for name in rest])[0]


def exactly(wanted: Ints, filled: int, *, seed: int, stream: str) -> Ints:
    """The wanted types with exactly `filled` of them: some rows picked at random get none, or that of another row."""
    wanted = wanted.copy()
    order = permutation(len(wanted), seed=seed, stream=stream)
    some, none = order[wanted[order] >= 0], order[wanted[order] < 0]
    wanted[some[filled:]] = -1
    missing = filled - len(some)
    if missing > 0:
        wanted[none[:missing]] = wanted[some[np.arange(missing) % len(some)]] if len(some) else 0
    return wanted


def match_drawn(
    blueprint: Blueprint, key: ForeignKey, parent: pa.Table, columns: Columns, fixed: Sequence[int], *, seed: int
) -> Ints:
    """The parent of each row whose key was drawn, -1 for null: near the drawn one, and every parent as often as it is to be.

    The key's columns at the places `fixed` are settled, and stay as they are.
    """
    child, theirs = [columns[column] for column in key.columns], columns_of(parent, key.references_columns)
    found = snap(child, theirs, seed=derive_seed(seed, blueprint.table.name, *key.columns), fixed=fixed)
    rows = np.flatnonzero(found >= 0)
    loose = [place for place in range(len(child)) if place not in fixed]
    evidence = blueprint.profile.key(key.columns, key.references)
    if not len(rows) or not loose or key_label(key) not in blueprint.links.counts or not evidence.children.cells:
        return found
    counts = target_counts(blueprint, key, parent, len(rows), seed=seed)
    groups = _codes(theirs, fixed, parent.num_rows)
    counts = scaled_within(counts, groups, np.bincount(groups[found[rows]], minlength=int(groups.max()) + 1))
    types = neighbours(groups, [theirs[place] for place in loose])
    found[rows] = deal(types[found[rows]], counts, types, seed=seed, stream=f"{_stream(blueprint, key)}/matched")
    return found


def neighbours(groups: Ints, columns: Sequence[pa.ChunkedArray]) -> Ints:
    """A number for each parent, those next to one another alike: by group, what is no number, the time of day, and the number."""
    numbers = [column for column in columns if part_names(column.type)]
    others = [codes_of([column])[0] for column in columns if not part_names(column.type)]
    keys: list[NDArray[Any]] = [groups, *others]
    for column in numbers:
        keys += [whole_number(column) % DAY_MICROSECONDS] if len(part_names(column.type)) == 2 else []
    keys += [whole_number(column) for column in numbers]
    order = np.lexsort(keys[::-1])
    places = np.empty(len(groups), dtype=np.int64)
    places[order] = np.arange(len(order))
    return places


def _codes(columns: Sequence[pa.ChunkedArray], places: Sequence[int], rows: int) -> Ints:
    return codes_of([columns[place] for place in places])[0] if places else np.zeros(rows, dtype=np.int64)

