"""What a gate needs of earlier releases to attack as who kept them would: their rows, and who was in the source when they were made.

Who that was is kept in the secure zone, as keyed hashes without any value; it goes when its release does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse_twin.manifest.resolved import ResolvedTable, ResolvedTwin
from warehouse_twin.metrics.columns import Ints
from warehouse_twin.metrics.comparable import record_columns, text_columns
from warehouse_twin.profiling.snapshot_parts import ENTITY, HOLDOUT
from warehouse_twin.profiling.spelled_numbers import with_numbers
from warehouse_twin.relations.entities import Membership
from warehouse_twin.releases.registry import Registry, registry_of
from warehouse_twin.stages.context import StageContext
from warehouse_twin.warehouses.duckdb_loading import read_file
from warehouse_twin.workspace import Workspace, new_folder

FOLDER = "present"
TOGETHER = 3
"""Earlier releases that are looked at, the newest ones."""
FEWEST = 100
"""Entities that came since, learned from and held out: with fewer nothing could be told."""


def remember(context: StageContext, members: Mapping[str, Membership]) -> None:
    """Keep the entities of each table's rows, for gates of later releases."""
    with new_folder(_folder(context.workspace, context.twin, context.release)) as folder:
        for name, member in members.items():
            np.save(folder / f"{name}.npy", np.unique(member.entity))


def forgotten(workspace: Workspace, twin: str, kept: Sequence[int]) -> Iterator[Path]:
    """What is remembered of releases that nobody compares with any more."""
    names = {str(number) for number in kept}
    yield from (path for path in _folder(workspace, twin, 0).parent.glob("*") if path.name not in names)


def present(context: StageContext, release: int, table: str) -> Ints | None:
    """The entities that a release found in the source; None where that was not kept."""
    path = _folder(context.workspace, context.twin, release) / f"{table}.npy"
    return np.load(path) if path.exists() else None


def parameters(context: StageContext) -> Mapping[str, Any]:
    """What goes into the gate's key: nothing for a first release."""
    registry = registry_of(context.settings)
    found = [[number, registry.read(context.twin, number)["data_digest"]] for number in _numbers(registry, context)]
    return {"kept": found} if found else {}


def with_earlier(resolved: ResolvedTwin, context: StageContext) -> ResolvedTwin:
    """The twin with the tables that earlier releases can be held against, so that a score that is missing is missed."""
    numbers = _numbers(registry_of(context.settings), context)
    same = [name for name in resolved.drawn_before if numbers and _alike(context, resolved, name, numbers[0])]
    grown = [name for name in same if _came(context, name, present(context, numbers[0], name))]
    return replace(resolved, released_before=tuple(same), grown=tuple(grown))


def earlier(context: StageContext, resolved: ResolvedTwin, name: str) -> list[pa.Table]:
    """A table's rows in releases before, the newest first, up to one that had other columns."""
    registry, found = registry_of(context.settings), []
    for number in _numbers(registry, context):
        if not _alike(context, resolved, name, number):
            break
        was = _resolved(context, number)[name].table
        found.append(with_numbers(read_file(registry.data_files(context.twin, number)[name], was), was))
    return found


def there(context: StageContext, name: str) -> Ints:
    """The entities of a table's rows when the newest release before was made."""
    numbers = _numbers(registry_of(context.settings), context)
    found = present(context, numbers[0], name) if numbers else None
    return np.zeros(0, dtype=np.int64) if found is None else found


def _numbers(registry: Registry, context: StageContext) -> list[int]:
    """Releases before this one, the newest first."""
    return [number for number in registry.numbers(context.twin) if number < context.release][: -TOGETHER - 1 : -1]


def _folder(workspace: Workspace, twin: str, release: int) -> Path:
    return workspace.output("secure", twin, FOLDER, str(release))


def _resolved(context: StageContext, number: int) -> ResolvedTwin:
    return ResolvedTwin.from_dict(json.loads(registry_of(context.settings).document(context.twin, number, "resolved.json")))


def _alike(context: StageContext, resolved: ResolvedTwin, name: str, number: int) -> bool:
    """Whether a release has the table, drawn, with the columns that it is attacked by."""
    was = {table.name: table for table in _resolved(context, number).protected}.get(name)
    if was is None:
        return False
    now = resolved[name]
    asked = {*record_columns(resolved, now), *text_columns(resolved, now)}
    return {(column, _kind(now, column)) for column in asked} <= {(column, _kind(was, column)) for column in was.table.column_names}


def _kind(table: ResolvedTable, column: str) -> tuple[str, str]:
    return table.table.column(column).sql_type, table.kinds.get(column, "")


def _came(context: StageContext, name: str, known: Ints | None) -> bool:
    """Whether enough entities came to a table since, on either side."""
    if known is None:
        return False
    rows = pq.read_table(context.snapshot / f"{name}.parquet", columns=[ENTITY, HOLDOUT])
    entities, held = (rows.column(column).to_numpy() for column in (ENTITY, HOLDOUT))
    return all(len(np.setdiff1d(entities[side], known)) >= FEWEST for side in (held, ~held))
