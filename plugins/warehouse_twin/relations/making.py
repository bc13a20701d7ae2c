"""Columns that the manifest has generators for, in a table of the twin: those that all rows must be at hand for, and all others."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from warehouse_twin.generators.making import Made, made_columns, made_for_all
from warehouse_twin.manifest.resolved import ResolvedTable
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.relations.blueprints import Blueprint


def made_of(table: ResolvedTable, profile: TableProfile) -> tuple[Made, ...]:
    """The generators of a table, each after the columns that it is computed from."""
    profiles = [profile.column(name) for name in table.made]
    shares = {column.name: column.nulls / max(1, column.rows) for column in profiles}
    return made_columns(table.generators, {column.name: column.nullable for column in table.table.columns}, shares)


def with_made_keys(blueprint: Blueprint, frame: pa.Table, *, seed: int) -> pa.Table:
    """The frame with the made columns of its primary key, which other rows may refer to."""
    keys = [made for made in made_of(blueprint.table, blueprint.profile) if made.name in blueprint.table.table.primary_key]
    return _with(blueprint, frame, [made for made in keys if not made.generator.learned], seed=seed)


def with_made_rows(blueprint: Blueprint, frame: pa.Table, *, seed: int) -> pa.Table:
    """The frame, all keys in it, with the made columns whose values depend on other rows."""
    made = [each for each in made_of(blueprint.table, blueprint.profile) if each.generator.of_all_rows]
    return _with(blueprint, frame, [each for each in made if each.name not in frame.column_names], seed=seed)


def _with(blueprint: Blueprint, frame: pa.Table, columns: Sequence[Made], *, seed: int) -> pa.Table:
    for made in columns:
        parents = [frame.column(name) for name in made.generator.detail.get("per", ())]
        kind = blueprint.types.field(made.name).type
        frame = frame.append_column(made.name, made_for_all(made, kind, frame.num_rows, parents, seed=seed))
    return frame
