"""The project: manifests, the warehouses they name, the dbt project, the policies."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from warehouse_twin.doctor.finding import Finding, looked
from warehouse_twin.errors import ConfigurationError, ManifestError
from warehouse_twin.manifest.loading import list_manifests, load
from warehouse_twin.manifest.model import Manifest
from warehouse_twin.settings import Settings
from warehouse_twin.warehouses import Warehouse, open_warehouse
from warehouse_twin.warehouses.connections import url_of

PATIENCE = 2.0
"""Seconds to wait for whoever has a warehouse: a look must not take long."""


def manifests(settings: Settings, deep: bool) -> Iterator[Finding]:
    files = list_manifests(settings.twins)
    good, faults = _loaded(settings)
    if faults:
        yield Finding("manifests", "fail", f"{len(faults)} of {len(files)} have faults: {faults[0]}", "twin manifest check --offline")
    elif not files:
        yield Finding("manifests", "warn", f"none in {settings.twins}", "write twins/<twin>.yml, see docs/manifest.md")
    else:
        yield Finding("manifests", "ok", f"{', '.join(manifest.twin for manifest in good)} in {settings.twins}")


def warehouses(settings: Settings, deep: bool) -> Iterator[Finding]:
    """Each warehouse that a manifest names, as a source and as a target; a fault of one hides no other."""
    good, _ = _loaded(settings)
    for name in sorted({place.warehouse for manifest in good for place in (manifest.source, manifest.target)}):
        look = partial(_warehouse, settings, name, good)
        yield from looked(f"warehouse {name}", look, mend="mend its connection, docs/operations.md#connections; then twin manifest check")


def dbt_project(settings: Settings, deep: bool) -> Iterator[Finding]:
    import yaml

    file = settings.dbt_project / "dbt_project.yml"
    mend = "copy dbt_project/ from the checkout"
    if not file.is_file():
        yield Finding("dbt project", "fail", f"{file}: no such file", mend)
        return
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError:
        content = None
    if not isinstance(content, dict) or "name" not in content:
        yield Finding("dbt project", "fail", f"{file}: no dbt project", mend)
    elif not list((settings.dbt_project / "macros").rglob("twin_table.sql")):
        yield Finding("dbt project", "fail", f"{settings.dbt_project}: no macro twin_table, which every model calls", mend)
    else:
        yield Finding("dbt project", "ok", str(settings.dbt_project))


def expectations(settings: Settings, deep: bool) -> Iterator[Finding]:
    from warehouse_twin.gates.policy import goal_names

    yield Finding("expectations", "ok", f"{len(goal_names(settings.expectations))} goals in {settings.expectations}")


def _loaded(settings: Settings) -> tuple[list[Manifest], list[str]]:
    """The sound manifests, and the first fault of each of the others."""
    good: list[Manifest] = []
    faults: list[str] = []
    for file in list_manifests(settings.twins):
        try:
            good.append(load(file).manifest)
        except ManifestError as error:
            faults.append(str(error.faults[0]))
        except ConfigurationError as error:
            faults.append(str(error))
    return good, faults


def _warehouse(settings: Settings, name: str, twins: list[Manifest]) -> Iterator[Finding]:
    warehouse = open_warehouse(name, url_of(name, settings), lock_seconds=min(settings.lock_seconds, PATIENCE))
    said = [_source(warehouse, schema) for schema in sorted({twin.source.schema_ for twin in twins if twin.source.warehouse == name})]
    targets = [twin for twin in twins if twin.target.warehouse == name]
    said += [_target(warehouse, twin) for twin in sorted(targets, key=lambda twin: twin.twin)]
    yield Finding(f"warehouse {name}", "ok", "; ".join(said))


def _source(warehouse: Warehouse, schema: str) -> str:
    with warehouse.snapshot(schema) as snapshot:
        return f"{len(snapshot.tables())} tables in schema {schema}"


def _target(warehouse: Warehouse, twin: Manifest) -> str:
    row = warehouse.published(twin.target.schema_)
    shown = "nothing published yet" if row is None else f"readers see {row.twin}@{row.release}"
    return f"schema {twin.target.schema_}: {shown}"
