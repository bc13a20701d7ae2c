"""`twin gc`: drop what failed and killed runs left behind; nothing that is published, released or still open.

Dropped are temporary files, snapshots of closed runs, work that no open or released run refers to (candidates and undecided
data of rejected runs among it), and schemas in the target that belong to no release. A rejected run keeps its verdict and report.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse_twin.manifest.model import Manifest
from warehouse_twin.receipts import Receipt
from warehouse_twin.releases.registry import registry_of
from warehouse_twin.settings import Settings
from warehouse_twin.stages import across
from warehouse_twin.stages.measuring import FOLDER as MEASUREMENTS
from warehouse_twin.stages.runs import runs_of
from warehouse_twin.warehouses import open_warehouse
from warehouse_twin.warehouses.connections import url_of
from warehouse_twin.workspace import Workspace, leftovers

KEPT_OF_REJECTED = ("resolve", "profile", "train", "gate")
"""Stages whose output a rejected run keeps: the verdict, and models that the next run may not have to train again."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What was dropped: paths relative to the workspace, their bytes, and schemas of the target."""

    paths: tuple[str, ...]
    size: int
    schemas: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"paths": list(self.paths), "bytes": self.size, "schemas": list(self.schemas)}

    def lines(self) -> list[str]:
        if not self.paths and not self.schemas:
            return ["nothing to drop"]
        named = [f"dropped {path}" for path in self.paths] + [f"dropped schema {schema}" for schema in self.schemas]
        return [*named, f"{self.size / 1e6:,.1f} MB freed"]


def collect(settings: Settings, manifest: Manifest) -> Collected:
    """Collect the garbage of one twin. The caller holds the twin's lock, so nothing found here is in use."""
    workspace, twin = settings.workspace, manifest.twin
    doomed = [*_temporary(workspace, twin), *_snapshots(workspace, twin), *_unreferenced(workspace, twin)]
    opened = [run.release for run in runs_of(workspace, twin) if not run.closed]
    doomed += across.forgotten(workspace, twin, [*opened, *registry_of(settings).numbers(twin)[-1:]])
    paths = sorted({path for path in doomed if not any(parent in doomed for parent in path.parents)})
    size = sum(_size(path) for path in paths)
    for path in paths:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return Collected(tuple(workspace.relative(path) for path in paths), size, tuple(_schemas(settings, manifest)))


def clear_scratch(workspace: Workspace) -> int:
    """Empty the scratch folder; bytes freed. The caller holds every twin's lock."""
    freed = 0
    for path in workspace.scratch.glob("*"):
        freed += _size(path)
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return freed


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) if path.is_dir() else path.stat().st_size


def _temporary(workspace: Workspace, twin: str) -> list[Path]:
    roots = [workspace.root / zone / twin for zone in ("secure", "internal", "runs", "receipts")]
    return [path for root in roots if root.exists() for path in leftovers(root)]


def _snapshots(workspace: Workspace, twin: str) -> list[Path]:
    opened = {str(run.release) for run in runs_of(workspace, twin) if not run.closed}
    folder = workspace.snapshot(twin, 0).parent
    return [path for path in folder.glob("*") if path.name not in opened]


def _unreferenced(workspace: Workspace, twin: str) -> list[Path]:
    """Outputs of stages that no run refers to any more."""
    kept = set(_referenced(workspace, twin))
    outputs = [path for zone in ("secure", "internal") for path in (workspace.root / zone / twin).glob("*/*")]
    others = [workspace.output("secure", twin, folder, "0").parent for folder in ("snapshot", MEASUREMENTS, across.FOLDER)]
    return [path for path in outputs if path.parent not in others and path not in kept]


def _referenced(workspace: Workspace, twin: str) -> Iterator[Path]:
    for run in runs_of(workspace, twin):
        for file in (workspace.run(twin, run.release) / "receipts").rglob("*.json"):
            receipt = Receipt.read(file)
            if receipt.output and (run.state != "rejected" or receipt.stage in KEPT_OF_REJECTED):
                yield workspace.root / receipt.output


def _schemas(settings: Settings, manifest: Manifest) -> Iterator[str]:
    """Drop and name the target's release schemas that no release of the registry stands behind."""
    target = manifest.target
    warehouse = open_warehouse(target.warehouse, url_of(target.warehouse, settings), lock_seconds=settings.lock_seconds)
    published = warehouse.published(target.schema_)
    if published is None or published.twin != manifest.twin:
        return  # never published by this twin: a schema that looks like a release's may be somebody's own
    released = set(registry_of(settings).numbers(manifest.twin))
    if published.release not in released:
        return  # the registry is lost or another one: what it does not know may be the last copy of a release
    for schema in warehouse.schemas():
        found = re.fullmatch(re.escape(target.schema_) + r"__r(\d+)", schema)
        if found and int(found.group(1)) not in released:
            warehouse.drop(schema)
            yield schema
