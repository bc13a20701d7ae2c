"""Cold start (`day_z`): the rows of a table that is empty or may not be read, made up from what its catalog declares.

Types, labels of enumerations, keys, nulls that are allowed: nothing else is known of it. Every value of a column is as likely as
any other, and every parent. Rows of tables that are read and refer to it say which keys it has. What is made up here stands in the
snapshot in the place of the table's own rows, so that every later stage works as ever. (SDV's DayZ, whose public part makes no rows.)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.manifest.resolved import Column, ForeignKey, ResolvedTable, ResolvedTwin, Table
from warehouse_twin.randomness import derive_seed, uniforms
from warehouse_twin.synthesizers.generators import make_uuids
from warehouse_twin.synthesizers.registry import known_synthesizers
from warehouse_twin.warehouses.duckdb_loading import rows_as_read

Ints = NDArray[np.int64]
ROWS, NULLS, VALUES = 1_000, 0.1, 20
"""Rows and the share of nulls unless the manifest says otherwise; different values of a text."""
_EPOCH = np.datetime64("2020-01-01")
_DAYS = 5 * 365
_LENGTH = re.compile(r"\((\d+)\)")


def unread(twin: ResolvedTwin) -> tuple[ResolvedTable, ...]:
    """The tables that are not to be read, parents first."""
    known = known_synthesizers()
    return tuple(table for table in twin.protected if table.synthesizer in known and not known[table.synthesizer].reads)


def with_made_up(twin: ResolvedTwin, read: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """The tables that were read and those that were not, in the twin's order."""
    tables = dict(read)
    for table in unread(twin):
        tables[table.name] = made_up(twin, table, tables, seed=derive_seed(twin.seed, "cold start", table.name))
    return {table.name: tables[table.name] for table in twin.tables}


def made_up(twin: ResolvedTwin, table: ResolvedTable, tables: Mapping[str, pa.Table], *, seed: int) -> pa.Table:
    """Rows of one table; `tables` are those that are there already: all that were read, and its parents."""
    declared = table.table
    wanted = _wanted_keys(twin, declared, tables)
    rows = int(table.parameters.get("rows", ROWS)) if wanted is None else wanted.num_rows
    keys = [key for key in declared.foreign_keys if key.references in tables and key.references != table.name]
    if any(not tables[key.references].num_rows and not _may_be_null(declared, key) for key in keys):
        rows = 0
    columns: dict[str, pa.ChunkedArray | pa.Array] = {}
    counters = np.arange(rows, dtype=np.int64)
    nulls = float(table.parameters.get("nulls", NULLS))
    for column in declared.columns:
        make = _key_texts if column.name in declared.primary_key else _texts
        texts = make(column, declared, counters, seed)
        empty = uniforms(counters, seed=seed, stream=f"{column.name}/null") < nulls
        mask = empty if column.nullable and column.name not in declared.primary_key else None
        columns[column.name] = pa.array(texts, type=pa.string(), mask=mask)
    frame = rows_as_read(declared, pa.table(columns))
    if wanted is not None:
        frame = _replaced(frame, {name: wanted.column(name) for name in wanted.column_names})
    for key in keys:
        frame = _replaced(frame, _links(declared, key, tables[key.references], counters, nulls, seed))
    for key in declared.foreign_keys:
        if key not in keys and _may_be_null(declared, key):  # to itself, or to a table that comes later
            frame = _replaced(frame, {name: pa.nulls(rows, frame.schema.field(name).type) for name in declared.own_columns(key)})
    return _distinct(frame, declared.primary_key)


def _wanted_keys(twin: ResolvedTwin, table: Table, tables: Mapping[str, pa.Table]) -> pa.Table | None:
    """The primary keys that rows which were read refer to; None where there are none."""
    found = []
    for child in twin.tables:
        for key in child.table.foreign_keys:
            if key.references == table.name and child.name in tables and set(key.references_columns) == set(table.primary_key):
                part = tables[child.name].select(list(key.columns)).rename_columns(list(key.references_columns))
                found.append(part.select(list(table.primary_key)).drop_null())
    whole = pa.concat_tables(found, promote_options="permissive") if found else None
    if whole is None or not whole.num_rows:
        return None
    return whole.group_by(list(table.primary_key)).aggregate([]).sort_by([(name, "ascending") for name in table.primary_key])


def _may_be_null(table: Table, key: ForeignKey) -> bool:
    return any(table.column(name).nullable and name not in table.primary_key for name in key.columns)


def _links(table: Table, key: ForeignKey, parent: pa.Table, counters: Ints, nulls: float, seed: int) -> dict[str, pa.ChunkedArray]:
    """A parent's key for each row, every parent as likely; null at the share that is asked for, where it may be."""
    stream = "+".join(key.columns)
    chosen = (uniforms(counters, seed=seed, stream=f"{stream}/parent") * parent.num_rows).astype(np.int64)
    if set(table.primary_key) == set(key.columns):  # one row a parent at the most
        chosen = np.minimum(counters, max(parent.num_rows - 1, 0))
    empty = _may_be_null(table, key) & ((uniforms(counters, seed=seed, stream=f"{stream}/null") < nulls) | (parent.num_rows == 0))
    index = pa.array(np.where(empty, 0, chosen), mask=np.broadcast_to(empty, chosen.shape))
    pairs = zip(key.columns, key.references_columns, strict=True)
    return {mine: parent.column(theirs).take(index) for mine, theirs in pairs}


def _replaced(frame: pa.Table, columns: Mapping[str, pa.ChunkedArray | pa.Array]) -> pa.Table:
    for name, values in columns.items():
        place = frame.column_names.index(name)
        frame = frame.set_column(place, frame.schema.field(place), values.cast(frame.schema.field(place).type))
    return frame


def _distinct(frame: pa.Table, primary: Sequence[str]) -> pa.Table:
    """Rows of which no two share the primary key: the first of each."""
    if not primary or not frame.num_rows:
        return frame
    numbered = frame.select(list(primary)).append_column("#row", pa.array(np.arange(frame.num_rows)))
    first = numbered.group_by(list(primary)).aggregate([("#row", "min")]).column("#row_min")
    return frame.take(pa.array(np.sort(first.to_numpy())))


def _key_texts(column: Column, table: Table, counters: Ints, seed: int) -> list[str]:
    """Values of a primary key's column that are all different."""
    kind = column.sql_type.upper()
    if kind == "UUID":
        return _texts(column, table, counters, seed)
    if kind.startswith(("DATE", "TIMESTAMP")):
        return [str(_EPOCH + int(number)) for number in counters]
    letters = kind.startswith(("VARCHAR", "TEXT", "CHAR"))
    return [f"{column.name[:3]}{number + 1}" if letters else str(number + 1) for number in counters.tolist()]


def _texts(column: Column, table: Table, counters: Ints, seed: int) -> list[str]:
    """Values of a type, as text that DuckDB casts to it: all equally likely, in a range that fits any use."""
    kind, stream = column.sql_type.upper(), column.name
    spots = uniforms(counters, seed=seed, stream=stream)
    labels = _labels(column, table)
    if labels:
        return [labels[int(spot * len(labels))] for spot in spots]
    if kind == "BOOLEAN":
        return ["true" if spot < 0.5 else "false" for spot in spots]
    if kind == "UUID":
        return [str(text) for text in make_uuids({}, counters, derive_seed(seed, stream))]
    if kind.startswith("TIMESTAMP"):
        return [str(_EPOCH + np.timedelta64(int(spot * _DAYS * 86_400), "s")).replace("T", " ") for spot in spots]
    if kind == "DATE":
        return [str(_EPOCH + int(spot * _DAYS)) for spot in spots]
    if kind.startswith("TIME"):
        return [f"{int(spot * 24):02}:{int(spot * 1440) % 60:02}:00" for spot in spots]
    if "INT" in kind and "INTERVAL" not in kind and "(" not in kind and "[" not in kind:
        return [str(int(spot * (100 if kind.endswith("TINYINT") else 1_000))) for spot in spots]
    if re.fullmatch(r"(DECIMAL|NUMERIC)(\(\d+,\s*\d+\))?|DOUBLE|FLOAT|REAL", kind):
        return [repr(float(spot * _most(kind))) for spot in spots]
    if kind.startswith(("VARCHAR", "TEXT", "CHAR")):
        length = _LENGTH.search(column.native_type or column.sql_type)
        return [f"{column.name} {int(spot * VALUES) + 1}"[-int(length[1]) if length else 0 :] for spot in spots]
    plain = {"INTERVAL": "1 day", "JSON": "{}", "BLOB": "0"}.get(kind, "[]" if kind.endswith("]") else "{}")
    return [plain] * len(counters)


def _most(kind: str) -> float:
    """What decimals stay below."""
    digits = [int(number) for number in re.findall(r"\d+", kind)]
    return float(min(1_000, 10 ** (digits[0] - digits[1]))) * 0.999 if len(digits) == 2 else 1_000.0


def _labels(column: Column, table: Table) -> tuple[str, ...]:
    """The labels of an enumeration."""
    named = {kind.name: kind.labels for kind in table.types}
    if named.get(column.native_type):
        return named[column.native_type]
    if not column.sql_type.upper().startswith("ENUM("):
        return ()
    return tuple(text.replace("''", "'") for text in re.findall(r"'((?:[^']|'')*)'", column.sql_type))
