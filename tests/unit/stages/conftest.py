"""The twin `shop`: what the stages before `release` leave, made by hand, with real git, DVC and DuckDB below."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse_twin.digests import digest_folder, digest_of, digest_table
from warehouse_twin.manifest.model import Manifest
from warehouse_twin.manifest.resolved import ResolvedTable, ResolvedTwin
from warehouse_twin.materializing.ddl import statements
from warehouse_twin.metrics.score import Score
from warehouse_twin.receipts import Receipt
from warehouse_twin.releases.registry import Registry, registry_of
from warehouse_twin.settings import Settings
from warehouse_twin.stages.context import StageContext
from warehouse_twin.stages.release import release
from warehouse_twin.warehouses import Warehouse
from warehouse_twin.warehouses.catalog import Column, ForeignKey, Table
from warehouse_twin.workspace import Workspace, write_json, write_text

CUSTOMERS = Table("customers", (Column("id", "INTEGER", False), Column("name", "VARCHAR", True, "a name")), ("id",))
ORDERS = Table("orders", (Column("customer", "INTEGER", True),), (), (ForeignKey(("customer",), "customers", ("id",)),))


@dataclass
class Shop:
    """The twin `shop`, and what the stages before `release` leave of each release."""

    settings: Settings
    target: str = "shop"

    @property
    def registry(self) -> Registry:
        return registry_of(self.settings)

    @property
    def database(self) -> Path:
        return self.settings.workspace.root / "lab.duckdb"

    @property
    def resolved(self) -> ResolvedTwin:
        tables = (ResolvedTable(CUSTOMERS, keep_real=False, synthesizer="tree"), ResolvedTable(ORDERS, keep_real=True))
        return ResolvedTwin("shop", "prod", "shop", "lab", self.target, 7, "customers", 10, 0.2, tables)

    def context(self, number: int) -> StageContext:
        manifest = Manifest.model_validate(
            {
                "twin": "shop",
                "source": {"warehouse": "prod", "schema": "shop"},
                "target": {"warehouse": "lab", "schema": self.target},
                "seed": 7,
                "tables": {"customers": None, "orders": {"keep": "real"}},
            }
        )
        return StageContext(self.settings, manifest, self.settings.project / "twins" / "shop.yml", number)

    def warehouse(self) -> Warehouse:
        return self.context(1).warehouse("lab")

    def leave(self, number: int, stage: str, facts: dict[str, Any], *, digests: dict[str, str] | None = None, **inputs: str) -> None:
        """The receipt of a stage, over the files that stand in its folder."""
        folder = self.folder(number, stage)
        folder.mkdir(parents=True, exist_ok=True)
        key = digest_of([number, stage])
        output = self.settings.workspace.relative(folder)
        receipt = Receipt(stage, key, output, inputs, digest_folder(folder) | (digests or {}), facts)
        table, _, name = stage.rpartition("/")
        context = self.context(number)
        receipt.write(context.receipt_file(table, name) if table else context.receipt_file(name))

    def folder(self, number: int, stage: str) -> Path:
        return self.settings.workspace.root / "made" / str(number) / stage

    def until_gate(self, number: int, *, names: tuple[str, ...], passed: bool = True) -> None:
        """Everything before `release`; every row says of which release it is."""
        context = self.context(number)
        write_json(context.run_folder / "resolved.json", self.resolved.to_dict())
        write_text(context.manifest_file, "twin: shop\n")
        tables = self.folder(number, "materialize") / "tables"
        tables.mkdir(parents=True)
        ids = pa.array(range(len(names)), pa.int32())
        made = {"customers": pa.table({"id": ids, "name": list(names)}), "orders": pa.table({"customer": ids})}
        for name, rows in made.items():
            pq.write_table(rows, tables / f"{name}.parquet")
        schema = {"statements": statements(self.resolved, release=number), "tables": list(made)}
        write_json(tables.parent / "schema.json", schema)
        digest = digest_of({"customers": digest_table(made["customers"], keys=["id"]), "orders": digest_table(made["orders"])})
        gate = self.folder(number, "gate")
        write_json(gate / "scores.json", {"scores": [score(number).to_dict()], "challengers": {}})
        write_json(gate / "verdict.json", verdict(number, passed=passed))
        write_json(gate / "report.json", {"schema_version": 1})
        write_text(gate / "report.html", "<p>a report</p>")
        write_json(self.folder(number, "profile") / "customers.json", {"rows": len(names)})
        self.leave(number, "resolve", {}, digests={"source/customers": "keyed-c", "source/orders": "keyed-o"})
        self.leave(number, "profile", {})
        models = {"tree": {"role": "published", "digest": f"tree-{number}"}, "independent": {"role": "floor", "digest": "floor"}}
        self.leave(number, "train/customers", {"models": models})
        self.leave(number, "train", {})
        self.leave(number, "materialize", {"data_digest": digest, "dbt_invocation": f"dbt-{number}"})
        self.leave(number, "gate", {"passed": passed}, materialize=context.receipt("materialize").key)

    def release(self, number: int, *, names: tuple[str, ...] = ("Ann", "Bob"), run_id: str = "run") -> dict[str, Any]:
        self.until_gate(number, names=names)
        return self.release_again(number, run_id=run_id)

    def release_again(self, number: int, *, run_id: str = "run") -> dict[str, Any]:
        folder = self.settings.workspace.root / "out" / str(number)
        return release(self.context(number), folder, mlflow_run_id=run_id)

    def seen(self) -> list[str]:
        """What a reader sees."""
        names: list[str] = self.warehouse().read("shop", "customers").column("name").to_pylist()
        return names


def score(number: int) -> Score:
    return Score("pair_trend", "customers", 0.9 + number / 100, 0.5, 1.0, 100)


def verdict(number: int, *, passed: bool) -> dict[str, Any]:
    judged = {"score": score(number).to_dict(), "goal": 0.95, "status": "pass", "suite": "fidelity", "accepted": None, "loosened": None}
    failing = (
        []
        if passed
        else [
            judged | {"status": "fail"},
            judged | {"status": "undecided"},
            judged | {"status": "fail", "severity": "warning"},
            judged | {"status": "shown", "would": "fail"},
        ]
    )
    return {
        "twin": "shop",
        "release": number,
        "status": "pass" if passed else "fail",
        "passed": passed,
        "expected": 1,
        "evaluated": 1,
        "judged": [judged, *failing],
        "problems": [] if passed else ["customers.copies was never measured, wanted once"],
        "attempt": 1,
    }


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    workspace = Workspace(tmp_path / "workspace")
    connections = {"lab": f"duckdb://{workspace.root / 'lab.duckdb'}"}
    return Shop(Settings(tmp_path, workspace, "unused", str(workspace.dvc_remote), lock_seconds=20, connections=connections))
