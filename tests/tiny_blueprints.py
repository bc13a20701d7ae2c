"""Frames that one can plan by hand: tables, blueprints, and a model that draws what is written down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from tiny_twins import link, resolved, twin_of
from warehouse_twin.manifest.resolved import ForeignKey, ResolvedTable
from warehouse_twin.profiling.columns import ColumnTask, profile_column
from warehouse_twin.profiling.table_profile import KeyProfile, Part, TableProfile
from warehouse_twin.relations.blueprints import Blueprint
from warehouse_twin.relations.key_plans import key_plans
from warehouse_twin.relations.planning import planned

CUSTOMERS = resolved("customers", "id BIGINT", "age INTEGER", key=("id",))
SHOPS = resolved("shops", "id BIGINT", "size INTEGER", key=("id",))
COUNTRIES = resolved("countries", "code VARCHAR", key=("code",), keep_real=True)
WEATHER = resolved("weather", "place VARCHAR", "hour BIGINT", "wind DOUBLE", key=("place", "hour"))
TO_CUSTOMER = link("customer", "customers")
ORDERS = resolved("orders", "id BIGINT", "customer BIGINT", "total DOUBLE", key=("id",), foreign=(TO_CUSTOMER,))
TO_WEATHER = link("place hour", "weather", "place hour")
HOURS = pa.table({"place": ["JFK", "JFK", "LGA"], "hour": [0, 10, 5], "wind": [1.0, 2.0, 3.0]})
TO_SHOP = link("shop", "shops")
PEOPLE = pa.table({"id": [11, 12, 13, 14], "age": [30, 40, 50, 60]})
THREE_SHOPS = pa.table({"id": [71, 72, 73], "size": [1, 2, 3]})
ARROW = {"BIGINT": pa.int64(), "INTEGER": pa.int32(), "DOUBLE": pa.float64(), "VARCHAR": pa.string(), "BOOLEAN": pa.bool_()}


@dataclass(frozen=True)
class Written:
    """A model that draws what is written down, over and over."""

    columns: Mapping[str, list] = field(default_factory=dict)

    def sample(
        self,
        rows: int,
        *,
        seed: int,
        counters: np.ndarray | None = None,
        context: pa.Table | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        asked = self.columns if columns is None else columns
        return pa.table({name: [self.columns[name][row % len(self.columns[name])] for row in range(rows)] for name in asked})

    def save(self, folder: Path) -> None:
        """Nothing to save."""


def evidence(key: ForeignKey, *cells: tuple[float, float, int], nulls: float = 0.0, orphans: float = 0.0, protected: int = 0) -> KeyProfile:
    return KeyProfile(key.columns, key.references, orphans, nulls, Part("number", cells=cells, step=1.0, protected=protected))


def blueprint(
    *tables: ResolvedTable, keys: Sequence[KeyProfile] = (), source: Mapping[str, list] | None = None, **more: object
) -> Blueprint:
    """The blueprint of the last table; `source` are the columns its profile is of, and its model draws."""
    table, columns = tables[-1], dict(source or {})
    types = pa.schema([pa.field(column.name, ARROW[column.sql_type]) for column in table.table.columns])
    profiles = tuple(
        profile_column(
            ColumnTask(name, "T", nullable=table.table.column(name).nullable),
            pa.chunked_array([pa.array(columns.get(name, []), type=types.field(name).type)]),
            np.arange(len(columns.get(name, []))),
            k=1,
        )
        for name in table.table.column_names
    )
    rows = max([len(values) for values in columns.values()], default=0)
    profile = TableProfile(table.name, 1, rows, 0, rows, 0, profiles, tuple(keys))
    plan = key_plans(twin_of(*tables))[table.name]
    return Blueprint(
        **{
            "table": table,
            "plan": plan,
            "profile": profile,
            "model": Written(columns),
            "types": types,
            "source_rows": rows,
            "context": (),
            **more,
        }
    )


def plain(frame: pa.Table) -> dict[str, list]:
    assert frame.column("__row").to_pylist() == list(range(frame.num_rows))
    return frame.drop_columns(["__row"]).to_pydict()


def frame_of(blueprint: Blueprint, parents: Mapping[str, pa.Table], *, seed: int) -> pa.Table:
    """The planned frame as one table, context and all."""
    return planned(blueprint, parents, seed=seed).whole()
