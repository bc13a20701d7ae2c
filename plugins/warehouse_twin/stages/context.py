"""What every stage is given, and what a stage is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.manifest.model import Manifest
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.receipts import Receipt
from warehouse_twin.settings import Settings
from warehouse_twin.warehouses import Warehouse, open_warehouse
from warehouse_twin.warehouses.connections import url_of
from warehouse_twin.workspace import Workspace, read_json

RESOLVED = ("resolved.json", "manifest.yml")
"""What `resolve` leaves in the run's folder."""


@dataclass(frozen=True)
class StageContext:
    """One stage of one release: settings, manifest, release number, and for `train` the table."""

    settings: Settings
    manifest: Manifest
    manifest_file: Path
    release: int
    table: str | None = None

    @property
    def twin(self) -> str:
        return self.manifest.twin

    @property
    def workspace(self) -> Workspace:
        return self.settings.workspace

    @property
    def run_folder(self) -> Path:
        return self.workspace.run(self.twin, self.release)

    @property
    def snapshot(self) -> Path:
        """Folder of `<table>.parquet`, the source's rows with `__entity` (int64) and `__holdout` (bool) at the end."""
        return self.workspace.snapshot(self.twin, self.release)

    @property
    def resolved(self) -> ResolvedTwin:
        return ResolvedTwin.from_dict(read_json(self.run_folder / "resolved.json"))

    @property
    def decided(self) -> ResolvedTwin:
        """`resolved`, with the synthesizers that `train` chose where the manifest leaves it to choose."""
        resolved = self.resolved
        receipts = {table.name: self.receipt("train", table.name) for table in resolved.protected if table.choose is not None}
        return resolved.published_from({name: receipt.facts["choice"]["chosen"] for name, receipt in receipts.items()})

    def receipt_file(self, stage: str, table: str | None = None) -> Path:
        return self.run_folder / "receipts" / (f"{stage}.json" if table is None else f"{stage}/{table}.json")

    def receipt(self, stage: str, table: str | None = None) -> Receipt:
        path = self.receipt_file(stage, table)
        if not path.exists():
            what = stage if table is None else f"{stage} of {table}"
            raise ConfigurationError(f"{self.twin}@{self.release}: {what} has not run; next: twin {stage} {self.twin}")
        return Receipt.read(path)

    def folder(self, stage: str, table: str | None = None) -> Path:
        """Where that stage of this release left its files."""
        return self.workspace.root / self.receipt(stage, table).output

    def warehouse(self, name: str) -> Warehouse:
        return open_warehouse(name, url_of(name, self.settings), lock_seconds=self.settings.lock_seconds)


@dataclass(frozen=True)
class Stage:
    """A stage: what goes into its key beside its inputs, and the work that fills a new folder.

    `work` returns the receipt's facts. `needs` are the stages whose receipts it reads. A stage that is not `keyed` always
    works, and its key follows from its facts: what it reads (the source) or changes (the warehouse) is outside the workspace.
    """

    name: str
    needs: tuple[str, ...]
    zone: str
    parameters: Callable[[StageContext], Mapping[str, Any]]
    work: Callable[[StageContext, Path], Mapping[str, Any]]
    keyed: bool = True
    reads_snapshot: bool = False
