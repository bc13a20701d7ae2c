"""The snapshot: the source's rows as Parquet in the secure zone, from resolve until the verdict."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from warehouse_twin.digests import digest_table, keyed
from warehouse_twin.errors import SourceError
from warehouse_twin.manifest.loading import load
from warehouse_twin.manifest.resolved import ForeignKey, ResolvedTable, ResolvedTwin
from warehouse_twin.materializing.fitting import with_computable
from warehouse_twin.profiling.matching import columns_of, duplicated, match_rows
from warehouse_twin.profiling.snapshot_parts import ENTITY, HOLDOUT
from warehouse_twin.relations.cold_start import unread, with_made_up
from warehouse_twin.relations.entities import Membership, memberships
from warehouse_twin.releases.registry import registry_of
from warehouse_twin.stages.across import remember
from warehouse_twin.stages.chain_guard import refuse_copied, refuse_published
from warehouse_twin.stages.checked_manifests import checked_against, placed
from warehouse_twin.stages.context import RESOLVED, StageContext
from warehouse_twin.stages.measuring import reserve
from warehouse_twin.warehouses import Snapshot
from warehouse_twin.warehouses.catalog import Table
from warehouse_twin.workspace import new_folder, write_json, write_text

logger = logging.getLogger(__name__)
ROW_GROUP = 250_000
"""Rows of a snapshot that are read at once, where not all are wanted."""
UNREPAIRED = "unrepaired"
"""Folder of a snapshot with the tables that were repaired as the source has them: a user's own dbt project is to see those."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a snapshot found: the resolved twin, keyed digests, and counts."""

    resolved: ResolvedTwin
    sources: Mapping[str, str]
    rows: Mapping[str, int]
    holdout: Mapping[str, int]
    repairs: Mapping[str, int]
    orphans: Mapping[str, int]
    """those that are kept"""

    def facts(self) -> dict[str, Any]:
        return {
            "sources": dict(self.sources),
            "rows": dict(self.rows),
            "holdout": dict(self.holdout),
            "repairs": dict(self.repairs),
            "orphans": dict(self.orphans),
        }


def take_snapshot(context: StageContext) -> Taken:
    """Check the manifest against the catalog, then copy the source's tables in one consistent transaction."""
    loaded = load(context.manifest_file)
    source = context.manifest.source
    secret = context.workspace.secret()
    with placed(loaded, "source"):
        warehouse = context.warehouse(source.warehouse)
    with placed(loaded, "target"):
        target = context.warehouse(context.manifest.target.warehouse)
    with warehouse.snapshot(source.schema_) as snapshot:
        declared = snapshot.tables()
        refuse_published(loaded, warehouse, declared)
        resolved = checked_against(loaded, declared, expectations=context.settings.expectations)
        resolved = replace(resolved, source_dialect=warehouse.dialect, target_dialect=target.dialect)
        reserve(context, resolved)
        cold = {table.name for table in unread(resolved)}
        read = _read_all(snapshot, [_declared(declared, table) for table in resolved.tables if table.name not in cold])
    refuse_copied(loaded, read, registry_of(context.settings), secret=secret)
    resolved = with_computable(resolved, read)
    tables = with_made_up(resolved, read)
    sources = {
        name: keyed(digest_table(table, keys=resolved[name].table.primary_key or ()), secret=secret) for name, table in tables.items()
    }
    rows = {name: table.num_rows for name, table in tables.items()}
    members = memberships(resolved, tables, secret=secret)
    remember(context, members)
    refuse_broken(resolved, tables)
    unrepaired = dict(tables)
    repairs = repair(resolved, tables)
    with new_folder(context.snapshot) as folder:
        for name, table in tables.items():
            write_rows(folder / f"{name}.parquet", table, members[name])
            if context.manifest.dbt_parity is not None and table is not unrepaired[name]:
                write_plain(folder / UNREPAIRED / f"{name}.parquet", unrepaired[name])
    write_text(context.run_folder / "manifest.yml", context.manifest_file.read_text(encoding="utf-8"))
    write_json(context.run_folder / "resolved.json", resolved.to_dict())
    holdout = {name: int(member.holdout.sum()) for name, member in members.items()}
    return Taken(resolved, sources, rows, holdout, repairs, kept_orphans(resolved, tables))


def _read_all(snapshot: Snapshot, tables: Sequence[Table]) -> dict[str, pa.Table]:
    with ThreadPoolExecutor(snapshot.readers) as readers:
        return dict(zip([table.name for table in tables], readers.map(snapshot.read, tables), strict=True))


def _declared(declared: Sequence[Table], table: ResolvedTable) -> Table:
    return next(item for item in declared if item.name == table.name)


def refuse_broken(resolved: ResolvedTwin, tables: Mapping[str, pa.Table]) -> None:
    """A table that is passed through as it is keeps its keys, or the twin could not have them. Raises SourceError for all that do not."""
    broken: list[str] = []
    for item in resolved.tables:
        if not item.keep_real:
            continue
        found = {f"primary key ({', '.join(item.table.primary_key)})": _bad_keys(item, tables)}
        found |= {
            f"foreign key ({', '.join(key.columns)})": int(_orphans(item, key, tables).sum())
            for key in item.table.foreign_keys
            if not key.keeps_orphans
        }
        broken += [f"{item.name}: {count:,} rows break its {key}" for key, count in found.items() if count]
    if broken:
        raise SourceError(
            f"tables with keep: real are passed through as they are, but {'; '.join(broken)}; "
            "next: synthesize them, mend the source, or leave the key out (foreign_keys: [])"
        )


def _orphans(item: ResolvedTable, key: ForeignKey, tables: Mapping[str, pa.Table]) -> NDArray[np.bool_]:
    """Rows whose foreign key leads nowhere."""
    child = columns_of(tables[item.name], key.columns)
    links = match_rows(child, columns_of(tables[key.references], key.references_columns))
    filled: NDArray[np.bool_] = np.logical_and.reduce([column.is_valid().to_numpy() for column in child])
    return filled & (links < 0)


def repair(resolved: ResolvedTwin, tables: dict[str, pa.Table]) -> dict[str, int]:
    """Null the orphans of nullable foreign keys, in place; count them, and those that cannot be null, by `table.columns`.

    Rows of a protected table whose primary key is null or repeats an earlier one are counted too: the twin's keys are new.
    """
    repairs = {f"{item.name}.{'+'.join(item.table.primary_key)} (primary key)": _bad_keys(item, tables) for item in resolved.protected}
    repairs = {name: count for name, count in repairs.items() if count}
    for item in resolved.tables:
        for key in item.table.foreign_keys:
            table, orphan = tables[item.name], _orphans(item, key, tables)
            if key.keeps_orphans or not orphan.any():
                continue
            repairs[f"{item.name}.{'+'.join(key.columns)}"] = int(orphan.sum())
            nullable = [name for name in key.columns if item.table.column(name).nullable and not _shared(item, name, key.columns)]
            if nullable and not item.keep_real:
                index = table.column_names.index(nullable[0])
                column = table.column(index)
                cleaned = pc.if_else(pa.array(~orphan), column, pa.scalar(None, type=column.type))
                tables[item.name] = table.set_column(index, table.schema.field(index), cleaned)
    return repairs


def kept_orphans(resolved: ResolvedTwin, tables: Mapping[str, pa.Table]) -> dict[str, int]:
    """The orphans of keys that keep them, by `table.columns`; none may be kept as well."""
    kept = [(item, key) for item in resolved.tables for key in item.table.foreign_keys if key.keeps_orphans]
    return {f"{item.name}.{'+'.join(key.columns)}": int(_orphans(item, key, tables).sum()) for item, key in kept}


def _bad_keys(item: ResolvedTable, tables: Mapping[str, pa.Table]) -> int:
    """Rows whose primary key cannot be one."""
    if not item.table.primary_key:
        return 0
    key = columns_of(tables[item.name], item.table.primary_key)
    missing = np.logical_or.reduce([column.is_null().to_numpy() for column in key])
    return int((missing | duplicated(key)).sum())


def _shared(item: ResolvedTable, name: str, columns: tuple[str, ...]) -> bool:
    """Whether another key holds the column too: nulling it there would break what is whole."""
    others = [key.columns for key in item.table.foreign_keys if key.columns != columns]
    return any(name in other for other in others) or name in item.table.primary_key


def write_rows(path: Path, table: pa.Table, member: Membership) -> None:
    """A table's rows with their entity and their part; times to the microsecond, which is what every warehouse has."""
    write_plain(path, table.append_column(ENTITY, pa.array(member.entity)).append_column(HOLDOUT, pa.array(member.holdout)))


def write_plain(path: Path, table: pa.Table) -> None:
    """A table's rows alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {"compression": "zstd", "coerce_timestamps": "us", "allow_truncated_timestamps": True, "row_group_size": ROW_GROUP}
    pq.write_table(table, path, **options)


def ensure_snapshot(context: StageContext) -> None:
    """Take the snapshot again when it is gone (its verdict was given): only if the source is still the same."""
    if context.snapshot.exists():
        return
    before = context.receipt("resolve").facts["sources"]
    files = [context.run_folder / name for name in RESOLVED]
    kept = {file: file.read_text(encoding="utf-8") for file in files if file.exists()}
    taken = take_snapshot(context)
    for file, text in kept.items():
        write_text(file, text)  # what the release was made of stands
    if dict(taken.sources) != before:
        changed = sorted(name for name in {*taken.sources, *before} if taken.sources.get(name) != before.get(name))
        delete_snapshot(context)
        raise SourceError(
            f"{context.twin}@{context.release}: the source changed since this release was resolved (tables {', '.join(changed)}); "
            f"next: twin resolve {context.twin}"
        )


def delete_snapshot(context: StageContext) -> None:
    shutil.rmtree(context.snapshot, ignore_errors=True)


def snapshot_files(context: StageContext) -> dict[str, Path]:
    """Table → the file of a snapshot with its rows as the source has them."""
    files = {table.name: context.snapshot / f"{table.name}.parquet" for table in context.resolved.tables}
    unrepaired = {name: context.snapshot / UNREPAIRED / f"{name}.parquet" for name in files}
    return files | {name: path for name, path in unrepaired.items() if path.exists()}


def read_snapshot(context: StageContext, table: str) -> tuple[pa.Table, pa.Table]:
    """The training and the holdout part of a table, both with their `__entity` column and without `__holdout`."""
    whole = pq.read_table(context.snapshot / f"{table}.parquet")
    held = whole.column(HOLDOUT)
    whole = whole.drop_columns([HOLDOUT])
    return whole.filter(pc.invert(held)), whole.filter(held)
