"""Parity of a release with its source, by a user's own dbt project: as part of `gate`, or by itself.

In the gate the source is the snapshot, as it was when the release was resolved. Later that is gone: then the source is read again
as it is now, and which tables have changed since is said.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from warehouse_twin.digests import digest_table, keyed
from warehouse_twin.errors import ConfigurationError, SourceError
from warehouse_twin.manifest.dbt_parity import DbtParity
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.materializing.user_projects import digest_of_project, read_project
from warehouse_twin.parity.comparing import Sides, compare
from warehouse_twin.parity.judging import Parity
from warehouse_twin.randomness import derive_seed
from warehouse_twin.relations.cold_start import unread, with_made_up
from warehouse_twin.releases.registry import registry_of, tag_of
from warehouse_twin.stages.audit import number_of
from warehouse_twin.stages.context import StageContext
from warehouse_twin.stages.snapshots import snapshot_files, write_plain
from warehouse_twin.workspace import WORK_PREFIX


def parameters(context: StageContext) -> Mapping[str, Any]:
    """What goes into the gate's key: nothing where the manifest names no project."""
    asked = context.manifest.dbt_parity
    if asked is None:
        return {}
    return {"dbt_parity": asked.model_dump(mode="json") | {"digest": digest_of_project(context.settings.project / asked.project)}}


def candidate_parity(context: StageContext, asked: DbtParity) -> Parity:
    """Parity of the candidate with the snapshot it was made from."""
    twin = _candidate(context, context.resolved)
    return _compare(context, asked, Sides(context.resolved, snapshot_files(context), twin))


def release_parity(context: StageContext, asked: DbtParity, *, released: bool) -> Parity:
    """Parity of a release, or of a candidate, with the snapshot if it is still there and else with the source as it is now.

    Raises ConfigurationError when there is nothing to build on, SourceError when the source has no longer the release's tables.
    """
    if released:
        registry = registry_of(context.settings)
        resolved = ResolvedTwin.from_dict(json.loads(registry.document(context.twin, context.release, "resolved.json")))
        twin: Mapping[str, Path] = registry.data_files(context.twin, context.release)
    else:
        resolved = context.resolved
        twin = _candidate(context, resolved)
    if context.snapshot.exists():
        return _compare(context, asked, Sides(resolved, snapshot_files(context), twin))
    with tempfile.TemporaryDirectory(dir=_scratch(context), prefix=WORK_PREFIX) as folder:
        source, now = _read_source(context, resolved, Path(folder))
        record = registry_of(context.settings).read(context.twin, context.release) if released else context.receipt("resolve").facts
        changed = tuple(sorted(name for name in now if now[name] != record["sources"].get(name)))
        return _compare(context, asked, Sides(resolved, source, twin, changed))


def context_of(context: StageContext, reference: str) -> tuple[StageContext, bool]:
    """The context of the release that is meant, and whether it is in the registry; a number may mean a candidate that is not."""
    which = reference.partition("@")[2]
    if which.isascii() and which.isdigit() and int(which) not in registry_of(context.settings).numbers(context.twin):
        candidate = StageContext(context.settings, context.manifest, context.manifest_file, int(which))
        if candidate.receipt_file("materialize").exists():
            return candidate, False
    number = number_of(context.settings, context.manifest, reference)
    return StageContext(context.settings, context.manifest, context.manifest_file, number), True


def _compare(context: StageContext, asked: DbtParity, sides: Sides) -> Parity:
    folder = (context.settings.project / asked.project).resolve()
    scratch = _scratch(context)
    with tempfile.TemporaryDirectory(dir=scratch, prefix=WORK_PREFIX) as parsed:
        project = read_project(folder, resolved=sides.resolved, variables=asked.vars, scratch=Path(parsed))
    return compare(
        project,
        sides,
        release=tag_of(context.twin, context.release),
        seed=derive_seed(context.manifest.seed, "release", context.release, "parity"),
        scratch=scratch,
        accepted=asked.accept,
    )


def _scratch(context: StageContext) -> Path:
    context.workspace.open_secure_zone()
    context.workspace.scratch.mkdir(parents=True, exist_ok=True)
    return context.workspace.scratch


def _candidate(context: StageContext, resolved: ResolvedTwin) -> dict[str, Path]:
    folder = context.folder("materialize") / "tables"
    files = {table.name: folder / f"{table.name}.parquet" for table in resolved.tables}
    if missing := sorted(name for name, path in files.items() if not path.exists()):
        what = f"{context.twin}@{context.release}"
        raise ConfigurationError(f"{what}: its candidate is gone (no {', '.join(missing)}); next: twin run {context.twin}")
    return files


def _read_source(context: StageContext, resolved: ResolvedTwin, folder: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """The source's rows as they are now, in files, and their keyed digests."""
    what = f"{context.twin}@{context.release}"
    with context.warehouse(resolved.source_warehouse).snapshot(resolved.source_schema) as snapshot:
        declared = {table.name: table for table in snapshot.tables()}
        cold = {table.name for table in unread(resolved)}
        wanted = [table for table in resolved.tables if table.name not in cold]
        lost = [table.name for table in wanted if not set(table.table.column_names) <= set(_columns(declared, table.name))]
        if lost:
            raise SourceError(f"{what}: the source has no longer all columns of {', '.join(lost)}; next: twin run {context.twin}")
        read = {table.name: snapshot.read(declared[table.name]).select(list(table.table.column_names)) for table in wanted}
    tables, secret = with_made_up(resolved, read), context.workspace.secret()
    for name, rows in tables.items():
        write_plain(folder / f"{name}.parquet", rows)
    digests = {name: keyed(digest_table(rows, keys=resolved[name].table.primary_key or ()), secret=secret) for name, rows in tables.items()}
    return {name: folder / f"{name}.parquet" for name in tables}, digests


def _columns(declared: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return declared[name].column_names if name in declared else ()
