"""All tables of a twin at once, for a synthesizer that draws whole schemas: what it learns from, and its rows with keys of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.manifest.resolved import ForeignKey, ResolvedTable, ResolvedTwin
from warehouse_twin.profiling.matching import columns_of, match_rows
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.randomness import derive_seed
from warehouse_twin.relations.blueprints import Blueprint, Columns, taken
from warehouse_twin.relations.distinct_keys import DistinctKeys
from warehouse_twin.relations.frames import ROW
from warehouse_twin.relations.key_plans import KeyPlan
from warehouse_twin.relations.making import with_made_keys, with_made_rows
from warehouse_twin.relations.new_keys import new_keys
from warehouse_twin.relations.numbering import with_positions
from warehouse_twin.synthesizers.sdv_schemas import SchemaRows

Ints = NDArray[np.int64]
Read = Callable[[str, Sequence[str]], pa.Table]


def schema_rows(
    twin: ResolvedTwin, plans: Mapping[str, KeyPlan], profiles: Mapping[str, TableProfile], read: Read
) -> dict[str, SchemaRows]:
    """The training rows of every protected table; a row whose parent is held out has none, or is left out where it must have one."""
    found: dict[str, SchemaRows] = {}
    for table in twin.protected:
        keys, modelled = links_of(twin, table), list(plans[table.name].modelled)
        rows = read(table.name, [*dict.fromkeys([*modelled, *(column for key in keys for column in key.columns)])])
        links = {name: matched(rows, key, read) for name, key in named(keys)}
        whole = np.ones(len(rows), dtype=bool)
        for name, key in named(keys):
            if not any(table.table.column(column).nullable for column in key.columns):
                whole &= links[name] >= 0
        columns = tuple(profiles[table.name].column(name) for name in modelled)
        kept = rows.select(modelled).filter(pa.array(whole))
        parents = {name: key.references for name, key in named(keys)}
        found[table.name] = SchemaRows(kept, columns, {name: link[whole] for name, link in links.items()}, parents)
    return found


def schema_frame(
    twin: ResolvedTwin, blueprint: Blueprint, drawn: tuple[pa.Table, Mapping[str, Ints]], parents: Mapping[str, pa.Table], *, seed: int
) -> pa.Table:
    """`__row`, the keys and what is drawn of the primary key: new keys, those of the parents' rows, and no key twice.

    `drawn` are a table's rows, and for each key the parent's row of each. The few rows whose key cannot be made unique are dropped.
    """
    rows, links = drawn
    columns: Columns = {name: rows.column(name) for name in blueprint.plan.leading if name in rows.column_names}
    own, keys = blueprint.plan.new_key, named(links_of(twin, blueprint.table))
    if own is not None and own not in blueprint.table.made:
        columns[own] = new_keys(blueprint.profile.column(own), blueprint.types.field(own).type, len(rows), seed=seed)
    for name, key in keys:
        if key.references != blueprint.table.name:
            columns |= taken(blueprint.table, parents[key.references], key, links[name])
    frame = pa.table({ROW: np.arange(len(rows), dtype=np.int64), **columns})
    frame = with_positions(frame, blueprint.profile.rules)
    frame = DistinctKeys(blueprint.table, blueprint.plan, blueprint.profile, parents, seed=derive_seed(seed, "distinct")).apply(frame)
    frame = with_made_keys(blueprint, frame, seed=seed)
    for name, key in keys:
        if key.references == blueprint.table.name:
            above = taken(blueprint.table, frame, key, links[name][: len(frame)])
            frame = pa.table({**{column: frame.column(column) for column in frame.column_names}, **above})
    return with_made_rows(blueprint, frame, seed=seed)


def moved_links(links: Mapping[str, Ints], parents: Mapping[str, str], moved: Mapping[str, Ints]) -> dict[str, Ints]:
    """Links to rows as they were drawn, as links to those that stayed; where one is gone the row beside it stands in."""
    found = {}
    for key, link in links.items():
        places = moved.get(parents[key])
        found[key] = link if places is None else np.where(link < 0, -1, np.append(places, -1)[link])
    return found


def links_of(twin: ResolvedTwin, table: ResolvedTable) -> list[ForeignKey]:
    """The keys that lead to protected tables."""
    return [key for key in table.table.foreign_keys if not twin[key.references].keep_real]


def named(keys: Sequence[ForeignKey]) -> list[tuple[str, ForeignKey]]:
    return [(f"key{place}", key) for place, key in enumerate(keys)]


def matched(rows: pa.Table, key: ForeignKey, read: Read) -> Ints:
    parent = read(key.references, list(key.references_columns))
    return match_rows(columns_of(rows, key.columns), columns_of(parent, key.references_columns))
