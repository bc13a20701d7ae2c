"""What `marginal` learns a schema from: training rows with their entities; and what is known of it from its catalog alone.

A row is of the entity that its driving key leads to, the first of its keys that leads to the entity's table. A row that leads to others
too is counted with the one; for those its promise says nothing of it (`shared`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.manifest.resolved import ForeignKey, ResolvedTable, ResolvedTwin
from warehouse_twin.profiling.columns import enum_labels
from warehouse_twin.profiling.computing import assembled, perform, tasks_of
from warehouse_twin.profiling.rules.rule import Rule
from warehouse_twin.profiling.snapshot_parts import ENTITY, HOLDOUT
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.randomness import derive_seed
from warehouse_twin.relations.cold_start import made_up
from warehouse_twin.relations.entities import leads_to_entity
from warehouse_twin.relations.key_plans import KeyPlan
from warehouse_twin.relations.whole_schema import Read, links_of, matched, named
from warehouse_twin.synthesizers.marginal_counting import Rows
from warehouse_twin.synthesizers.marginal_domains import bounds_of, declared_domain
from warehouse_twin.synthesizers.marginal_grids import is_numbered
from warehouse_twin.synthesizers.marginal_schemas import Counted

Ints = NDArray[np.int64]
Stored = Callable[[str, Sequence[str], Ints], Rows]
_DRAWN = ("numeric", "datetime", "categorical", "spelled")
_BOOLEAN = ("false", "true")


def counted_schema(
    twin: ResolvedTwin, plans: Mapping[str, KeyPlan], declared: Mapping[str, TableProfile], whole: Read, stored: Stored
) -> dict[str, Counted]:
    """The training rows of every protected table, parents first; `declared` are profiles of the catalog, `whole` reads all rows.

    `stored` gives some columns of the rows with some numbers, and need not read them yet.
    """
    assert twin.privacy is not None
    entities: dict[str, Ints] = {}
    places: dict[str, Ints] = {}
    found: dict[str, Counted] = {}
    for table in twin.protected:
        keys = dict(named(links_of(twin, table)))
        drive = driving(twin, table, keys)
        names = modelled(twin, table, plans[table.name])
        held = whole(table.name, [HOLDOUT]).column(HOLDOUT).to_numpy()
        link, own = None, np.arange(len(held), dtype=np.int64)
        if drive is not None:
            key, parent = keys[drive[0]], drive[1]
            link = matched(whole(table.name, list(key.columns)), key, whole)
            own = np.append(entities[parent], -1)[link]
            link = np.append(places[parent], -1)[link]
            held = held | (link < 0)
        entities[table.name] = own
        places[table.name] = np.where(held, -1, np.cumsum(~held) - 1)
        made = tuple(declared[table.name].column(name) for name in names if is_made(declared[table.name], name))
        found[table.name] = Counted(
            rows=stored(table.name, names, np.flatnonzero(~held)),
            entities=own[~held],
            at_most=twin.privacy.rows_per_entity.get(table.name, 1),
            drive=drive,
            link=None if link is None else link[~held],
            others=tuple((name, key.references) for name, key in keys.items() if drive is None or name != drive[0]),
            domains=_domains(twin, table, names, whole),
            nullable=frozenset(column.name for column in table.table.columns if column.nullable),
            made=made,
            single=drive is not None and set(keys[drive[0]].columns) == set(table.table.primary_key),
        )
    return found


def driving(twin: ResolvedTwin, table: ResolvedTable, keys: Mapping[str, ForeignKey]) -> tuple[str, str] | None:
    """The key that says whose a row is, and its table; None where a row is an entity of its own."""
    if table.name == twin.entity:
        return None
    ours = (pair for pair in keys.items() if pair[1].references != table.name and leads_to_entity(twin, pair[1].references))
    return next(((name, key.references) for name, key in ours), None)


def shared(twin: ResolvedTwin) -> tuple[str, ...]:
    """Tables whose rows lead to the entity by more keys than the one that they are counted by."""
    found = []
    for table in twin.protected:
        ways = [key for key in links_of(twin, table) if key.references == table.name or leads_to_entity(twin, key.references)]
        if len(ways) > (table.name != twin.entity):
            found.append(table.name)
    return tuple(found)


def modelled(twin: ResolvedTwin, table: ResolvedTable, plan: KeyPlan) -> list[str]:
    """The columns that are drawn: those of no key to a protected table, no new key, none that the manifest makes."""
    linked = {column for key in links_of(twin, table) for column in key.columns}
    return [name for name in plan.modelled if name not in linked]


def is_made(declared: TableProfile, name: str) -> bool:
    """Whether of a column nothing is learned but which values are missing: the manifest or its type says so."""
    return declared.column(name).kind not in _DRAWN


def refuse_domains(twin: ResolvedTwin) -> None:
    """Raise ConfigurationError for declared domains whose values are none of the column's type, all of them at once."""
    wrong = []
    for table in twin.protected:
        types = made_up(twin, table, {}, seed=0).schema if table.domains else pa.schema([])
        for column, said in table.domains.items():
            kind = types.field(column).type
            try:
                if "values" in said:
                    declared_domain(column, kind, said["values"], nullable=False)
                elif not is_numbered(kind):
                    sql_type = table.table.column(column).sql_type
                    wrong.append(f"{table.name}.{column}: a {sql_type} is in no order; wanted values, not from and to")
                else:
                    bounds_of(kind, said["from"], said["to"])
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
                wrong.append(f"{table.name}.{column}: {str(error).splitlines()[0]}")
    if wrong:
        raise ConfigurationError(f"domain: {'; '.join(wrong)}; nothing was read")


def declared_profiles(twin: ResolvedTwin, kept: Mapping[str, pa.Table]) -> dict[str, TableProfile]:
    """Profiles of made-up rows: what types, keys, labels and the manifest say, and nothing of any row. `kept` are reference tables."""
    tables = dict(kept)
    for table in twin.protected:
        tables[table.name] = made_up(twin, table, tables, seed=derive_seed(twin.seed, "declared", table.name))
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name, rows in tables.items():
            own = rows.append_column(ENTITY, pa.array(np.arange(len(rows), dtype=np.int64)))
            own = own.append_column(HOLDOUT, pa.array(np.zeros(len(rows), dtype=bool)))
            pq.write_table(own, folder / f"{name}.parquet", coerce_timestamps="us", allow_truncated_timestamps=True)
        for table in twin.protected:
            tasks = tasks_of(twin, table)
            results = [[] if task.what == "pairs" else perform(task, snapshot=folder, k=2) for task in tasks]
            found[table.name] = replace(assembled(twin, table, tasks, results), rules=_numbered(twin, table))
    return found


def _numbered(twin: ResolvedTwin, table: ResolvedTable) -> tuple[Rule, ...]:
    """A key of a parent's key and one whole number more: rows are numbered 1, 2, 3 … in their parent, whatever numbers they had."""
    for key in links_of(twin, table):
        own = [name for name in table.table.primary_key if name not in key.columns]
        free = len(own) == 1 and not any(own[0] in other.columns for other in table.table.foreign_keys) and own[0] not in table.made
        if free and len(own) < len(table.table.primary_key) and _is_whole(table.table.column(own[0]).sql_type):
            return (Rule("position", own[0], key.columns, {"first": 1}),)
    return ()


def _is_whole(sql_type: str) -> bool:
    return sql_type.upper().split("(")[0].strip() in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "INT")


def _domains(twin: ResolvedTwin, table: ResolvedTable, names: Sequence[str], whole: Read) -> dict[str, Mapping[str, Sequence[str] | str]]:
    """What is public of columns: what the manifest declares, labels of types, keys of reference tables."""
    found: dict[str, Mapping[str, Sequence[str] | str]] = {}
    for name in names:
        column = table.table.column(name)
        labels = enum_labels(column.sql_type)
        if name in table.domains:
            found[name] = table.domains[name]
        elif labels:
            found[name] = {"values": sorted(labels)}
        elif column.sql_type.upper() == "BOOLEAN":
            found[name] = {"values": _BOOLEAN}
        for key in table.table.foreign_keys:
            if key.columns == (name,) and twin[key.references].keep_real:
                values = pc.unique(whole(key.references, key.references_columns).column(0).drop_null())
                found[name] = {"values": values.cast(pa.string()).to_pylist()}
    return found
