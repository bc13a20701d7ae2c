"""The sides a project is built on: the tables of each as Parquet, in a DuckDB file that dbt then builds in.

Beside source and twin there are two more kinds, both made of the source's rows. The *floor*: every column shuffled by itself, a
foreign key as one, and primary keys as they are. Two *halves* of reality, which say what chance alone does: entities are dealt to
one or the other with all that belongs to them, and of tables that belong to nobody each half draws its rows anew, under the same keys.
"""
# ruff: noqa: S608 - identifiers go through `quoted`, file names through `scan`

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as pt
from numpy.typing import NDArray

from warehouse_twin.errors import IntegrityError
from warehouse_twin.manifest.resolved import ResolvedTable, ResolvedTwin
from warehouse_twin.materializing.naming import scan
from warehouse_twin.materializing.user_projects import DATABASE
from warehouse_twin.profiling.matching import columns_of, match_rows
from warehouse_twin.profiling.snapshot_parts import ENTITY, HOLDOUT
from warehouse_twin.randomness import derive_seed, permutation, random_bits
from warehouse_twin.warehouses import quoted

Files = Mapping[str, Path]
"""Table → its Parquet file."""
Read = Callable[[str], pa.Table]
Sides = dict[str, NDArray[np.bool_]]


def open_side(folder: Path, *, resolved: ResolvedTwin, files: Files) -> Path:
    """A new DuckDB file in `folder` with the tables in the source's schema, as views of their files. Raises IntegrityError."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{DATABASE}.duckdb"
    schema = quoted(resolved.source_schema)
    with duckdb.connect(str(path)) as opened:
        opened.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        for item in resolved.tables:
            file = files[item.name]
            found = {name for name, *_ in opened.execute(f"DESCRIBE SELECT * FROM {scan(file)}").fetchall()}
            if missing := [name for name in item.table.column_names if name not in found]:
                raise IntegrityError(f"{item.name}: its file has no column {', '.join(missing)}; next: twin resolve {resolved.twin}")
            names = {quoted(column.name): column.sql_type for column in item.table.columns}
            columns = ", ".join(f"CAST({name} AS {sql_type}) AS {name}" for name, sql_type in names.items())
            opened.execute(f"CREATE VIEW {schema}.{quoted(item.name)} AS SELECT {columns} FROM {scan(file)}")
    return path


def read_rows(path: Path) -> pa.Table:
    """The rows of a table's file, without what a snapshot adds."""
    rows = pq.read_table(path)
    rows = rows.drop_columns([name for name in (ENTITY, HOLDOUT) if name in rows.column_names])
    plain = [field.with_type(pa.large_string()) if pt.is_string_view(field.type) else field for field in rows.schema]  # takes no views
    return rows.cast(pa.schema(plain))


def write_floor(folder: Path, *, resolved: ResolvedTwin, source: Files, seed: int) -> dict[str, Path]:
    """The files of the floor; tables that are passed through are the source's."""
    files = dict(source)
    for item in resolved.protected:
        rows = shuffled(item, read_rows(source[item.name]), seed=derive_seed(seed, "floor", item.name))
        files[item.name] = _written(folder / f"{item.name}.parquet", rows)
    return files


def shuffled(item: ResolvedTable, rows: pa.Table, *, seed: int) -> pa.Table:
    """Every column in an order of its own; the columns of a foreign key in one, and those of the primary key where they were."""
    owner = {name: name for name in rows.column_names}
    for key in item.table.foreign_keys:
        together = {owner[name] for name in key.columns}  # keys that share a column move together
        owner = {name: min(together) if mine in together else mine for name, mine in owner.items()}
    fixed = {owner[name] for name in item.table.primary_key}
    for name in rows.column_names:
        if owner[name] not in fixed:
            order = permutation(rows.num_rows, seed=seed, stream=owner[name])
            rows = rows.set_column(rows.column_names.index(name), name, rows.column(name).take(pa.array(order)))
    return rows


def write_halves(folder: Path, *, resolved: ResolvedTwin, source: Files, seed: int) -> tuple[dict[str, Path], dict[str, Path]]:
    """The files of two halves of reality."""
    one, other = dict(source), dict(source)
    for name, (left, right) in halves(resolved, lambda name: read_rows(source[name]), seed=seed):
        one[name] = _written(folder / "one" / f"{name}.parquet", left)
        other[name] = _written(folder / "other" / f"{name}.parquet", right)
    return one, other


def halves(resolved: ResolvedTwin, read: Read, *, seed: int) -> Iterator[tuple[str, tuple[pa.Table, pa.Table]]]:
    """Both halves of each protected table, parents first."""
    dealt, first = Sides(), _dealt_first(resolved)
    for item in resolved.protected:
        rows = read(item.name)
        side = _side_of(item, rows, read, dealt, seed=seed)
        if side is None and item.name == first:
            side = permutation(rows.num_rows, seed=seed, stream=item.name) < rows.num_rows / 2
        if side is None:
            yield item.name, (_redrawn(resolved, item, rows, seed=seed, half=0), _redrawn(resolved, item, rows, seed=seed, half=1))
        else:
            dealt[item.name] = side
            yield item.name, (rows.filter(pa.array(side)), rows.filter(pa.array(~side)))


def _side_of(item: ResolvedTable, rows: pa.Table, read: Read, dealt: Sides, *, seed: int) -> NDArray[np.bool_] | None:
    """The half of each row's parent, the first that has one; by chance where a row has none, and None where no parent is dealt."""
    side, open_ = None, np.ones(rows.num_rows, dtype=bool)
    for key in item.table.foreign_keys:
        if key.references not in dealt:
            continue
        if side is None:
            side = random_bits(np.arange(rows.num_rows), seed=seed, stream=item.name) % np.uint64(2) == 0
        links = match_rows(columns_of(rows, key.columns), columns_of(read(key.references), key.references_columns))
        found = open_ & (links >= 0)
        side = np.where(found, np.r_[dealt[key.references], False][links], side)
        open_ &= ~found
    return side


def _dealt_first(resolved: ResolvedTwin) -> str | None:
    """The table whose rows are dealt: the entity's, or else the protected one that most tables lead to."""
    if resolved.entity is not None and any(item.name == resolved.entity for item in resolved.protected):
        return resolved.entity
    leads = {item.name: {key.references for key in item.table.foreign_keys} for item in resolved.protected}

    def below(name: str) -> int:
        found, size = {name}, 0
        while len(found) > size:
            size = len(found)
            found |= {child for child, parents in leads.items() if parents & found}
        return len(found)

    roots = [name for name, parents in leads.items() if not parents & (leads.keys() - {name})]
    return max(roots or leads, key=below, default=None)


def _redrawn(resolved: ResolvedTwin, item: ResolvedTable, rows: pa.Table, *, seed: int, half: int) -> pa.Table:
    """The rows drawn anew with replacement, all columns of a row together, under the keys that stand in the table."""
    kept = set(item.table.primary_key)
    kept |= {name for key in item.table.foreign_keys if kept & set(key.columns) for name in key.columns}
    leading = [key for other in resolved.tables for key in other.table.foreign_keys if key.references == item.name]
    kept |= {name for key in leading for name in key.references_columns}
    bits = random_bits(np.arange(rows.num_rows), seed=derive_seed(seed, "redrawn", half), stream=item.name)
    chosen = pa.array((bits % np.uint64(max(1, rows.num_rows))).astype(np.int64))
    columns = [rows.column(name) if name in kept else rows.column(name).take(chosen) for name in rows.column_names]
    return pa.table(columns, schema=rows.schema)


def _written(path: Path, rows: pa.Table) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, path)
    return path
