"""All tables of a twin at once, for a synthesizer that draws whole schemas: what it learns from, and its rows with keys of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.manifest.resolved import ForeignKey, ResolvedTable, ResolvedTwin
from warehouse_twin.profiling.matching import columns_of, match_rows
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.relations.blueprints import Blueprint, Columns, taken
from warehouse_twin.relations.frames import ROW
from warehouse_twin.relations.key_plans import KeyPlan
from warehouse_twin.relations.making import with_made_keys, with_made_rows
from warehouse_twin.relations.new_keys import new_keys
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
        links = {name: _matched(rows, key, read) for name, key in _named(keys)}
        whole = np.ones(len(rows), dtype=bool)
        for name, key in _named(keys):
            if not any(table.table.column(column).nullable for column in key.columns):
                whole &= links[name] >= 0
        columns = tuple(profiles[table.name].column(name) for name in modelled)
        kept = rows.select(modelled).filter(pa.array(whole))
        parents = {name: key.references for name, key in _named(keys)}
        found[table.name] = SchemaRows(kept, columns, {name: link[whole] for name, link in links.items()}, parents)
    return found


def schema_frame(
    twin: ResolvedTwin, blueprint: Blueprint, links: Mapping[str, Ints], parents: Mapping[str, pa.Table], rows: int, *, seed: int
) -> pa.Table:
    """`__row` and the keys of one table: its own are new, those of its parents are their rows'."""
    columns: Columns = {}
    for name, key in _named(links_of(twin, blueprint.table)):
        columns |= taken(blueprint.table, parents[key.references], key, links[name])
    own = blueprint.plan.new_key
    if own is not None and own not in blueprint.table.made:
        columns[own] = new_keys(blueprint.profile.column(own), blueprint.types.field(own).type, rows, seed=seed)
    frame = pa.table({ROW: np.arange(rows, dtype=np.int64), **columns})
    return with_made_rows(blueprint, with_made_keys(blueprint, frame, seed=seed), seed=seed)


def links_of(twin: ResolvedTwin, table: ResolvedTable) -> list[ForeignKey]:
    """The keys that lead to protected tables."""
    return [key for key in table.table.foreign_keys if not twin[key.references].keep_real]


def _named(keys: Sequence[ForeignKey]) -> list[tuple[str, ForeignKey]]:
    return [(f"key{place}", key) for place, key in enumerate(keys)]


def _matched(rows: pa.Table, key: ForeignKey, read: Read) -> Ints:
    parent = read(key.references, list(key.references_columns))
    return match_rows(columns_of(rows, key.columns), columns_of(parent, key.references_columns))
