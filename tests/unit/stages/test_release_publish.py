"""`release`, `publish` and `rollback` over what the stages before them leave, with real git, DVC and DuckDB."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse_twin.digests import digest_file, digest_folder, digest_of, digest_table
from warehouse_twin.errors import ConfigurationError, IntegrityError, TerminalError
from warehouse_twin.manifest.model import Manifest
from warehouse_twin.manifest.resolved import ResolvedTable, ResolvedTwin
from warehouse_twin.materializing.ddl import statements
from warehouse_twin.metrics.score import Score
from warehouse_twin.receipts import Receipt
from warehouse_twin.releases.diffing import diff
from warehouse_twin.releases.registry import VOLATILE, Registry, registry_of
from warehouse_twin.settings import Settings
from warehouse_twin.stages.context import StageContext
from warehouse_twin.stages.publish import STAGE as PUBLISH
from warehouse_twin.stages.publish import publish, publish_release, rollback
from warehouse_twin.stages.release import STAGE as RELEASE
from warehouse_twin.stages.release import release
from warehouse_twin.warehouses import Warehouse
from warehouse_twin.warehouses.catalog import Column, ForeignKey, Table
from warehouse_twin.workspace import Workspace, read_json, write_json, write_text

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value will soon raise:DeprecationWarning")  # DVC 3.67 on pygtrie 2.6

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
        else [judged | {"status": "fail"}, judged | {"status": "undecided"}, judged | {"status": "fail", "severity": "warning"}]
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


# ── release ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_stages_say_what_they_are() -> None:
    assert (RELEASE.name, RELEASE.needs, RELEASE.keyed) == ("release", ("gate", "materialize", "train", "profile", "resolve"), False)
    assert (PUBLISH.name, PUBLISH.needs, PUBLISH.keyed) == ("publish", ("release",), False)


def test_the_record_holds_the_whole_chain(shop: Shop) -> None:
    facts = shop.release(1)
    record = shop.registry.read("shop", 1)
    assert read_json(shop.settings.workspace.root / "out" / "1" / "release.json") == record
    assert facts == {"release": 1, "data_digest": record["data_digest"], "rows": {"customers": 2, "orders": 2}, "passed": True}
    assert record["data_digest"] == shop.context(1).receipt("materialize").facts["data_digest"]
    assert record["sources"] == {"customers": "keyed-c", "orders": "keyed-o"}
    assert record["profiles"] == {"customers": digest_file(shop.folder(1, "profile") / "customers.json")}
    assert record["models"] == {"customers": {"synthesizer": "tree", "digest": "tree-1"}}
    assert record["scores"] == {"customers.pair_trend": 0.91}
    assert record["verdict"]["judged"] == {"pass": 1, "fail": 0, "undecided": 0}
    assert record["schema"]["orders"]["foreign_keys"] == [
        {"columns": ["customer"], "references": "customers", "references_columns": ["id"]}
    ]
    assert (record["mlflow_run_id"], record["dbt_invocation"], record["code"]) == ("run", "dbt-1", "unknown")
    assert set(record["files"]) == {"data/customers.parquet", "data/orders.parquet"}
    assert set(record["documents"]) == {"manifest.yml", "resolved.json", "verdict.json", "scores.json", "report.html", "schema.json"}
    assert shop.registry.differences("shop", 1) == ()
    assert not list(shop.settings.workspace.scratch.iterdir())


def test_the_same_inputs_make_the_same_record(shop: Shop, tmp_path: Path) -> None:
    shop.release(1, run_id="here")
    workspace = Workspace(tmp_path / "elsewhere")
    other = Shop(
        Settings(tmp_path, workspace, "unused", str(workspace.dvc_remote), connections={"lab": f"duckdb://{workspace.root}/lab.duckdb"})
    )
    other.release(1, run_id="there")
    here, there = shop.registry.read("shop", 1), other.registry.read("shop", 1)
    assert {name for name in here if here[name] != there[name]} == {"mlflow_run_id"}
    assert set(VOLATILE) < set(here)


def test_releasing_again_keeps_what_was_tagged(shop: Shop) -> None:
    first = shop.release(1, run_id="first")
    assert shop.release_again(1, run_id="second") == first
    assert read_json(shop.settings.workspace.root / "out" / "1" / "release.json")["mlflow_run_id"] == "first"
    shutil.rmtree(shop.folder(1, "materialize"))
    shop.until_gate(1, names=("Eve",))
    with pytest.raises(IntegrityError, match="exists and is another release"):
        shop.release_again(1)


def test_a_failed_verdict_is_not_released(shop: Shop) -> None:
    shop.until_gate(1, names=("Ann",), passed=False)
    wanted = (
        r"shop@1: verdict fail, nothing is released: customers\.copies was never measured, wanted once; "
        r"customers\.pair_trend fail at 0\.91, goal 0\.95; customers\.pair_trend undecided at 0\.91, goal 0\.95; 1 of 1 expectations"
    )
    with pytest.raises(TerminalError, match=wanted):
        shop.release_again(1)
    assert not shop.registry.root.exists()


@pytest.mark.parametrize(("change", "told"), [({"evaluated": 0}, "0 of 1 expectations"), ({"release": 2}, "the verdict is on shop@2")])
def test_a_verdict_that_is_not_whole_is_not_believed(shop: Shop, change: dict[str, int], told: str) -> None:
    shop.until_gate(1, names=("Ann",))
    path = shop.folder(1, "gate") / "verdict.json"
    write_json(path, read_json(path) | change)
    with pytest.raises(IntegrityError, match=r"verdict\.json is missing or not what the receipt of gate says"):
        shop.release_again(1)
    shop.leave(1, "gate", {"passed": True}, materialize=shop.context(1).receipt("materialize").key)
    with pytest.raises(TerminalError, match=told):
        shop.release_again(1)


def test_a_verdict_on_another_candidate_does_not_count(shop: Shop) -> None:
    shop.until_gate(1, names=("Ann",))
    shop.leave(1, "gate", {"passed": True}, materialize="another key")
    with pytest.raises(TerminalError, match="the verdict is on an earlier candidate; next: twin gate shop"):
        shop.release_again(1)


def test_files_altered_after_their_stage_are_refused(shop: Shop) -> None:
    shop.until_gate(1, names=("Ann",))
    path = shop.folder(1, "materialize") / "tables" / "orders.parquet"
    pq.write_table(pa.table({"customer": pa.array([None], pa.int32())}), path)
    with pytest.raises(IntegrityError, match=r"tables/orders\.parquet is missing or not what the receipt of materialize says"):
        shop.release_again(1)
    facts = dict(shop.context(1).receipt("materialize").facts)
    shop.leave(1, "materialize", facts)
    with pytest.raises(IntegrityError, match=r"installed from its files the data has digest .* the candidate"):
        shop.release_again(1)


def test_a_release_that_could_not_be_installed_is_not_made(shop: Shop) -> None:
    shop.until_gate(1, names=("Ann",))
    pq.write_table(pa.table({"customer": pa.array([9], pa.int32())}), shop.folder(1, "materialize") / "tables" / "orders.parquet")
    shop.leave(1, "materialize", {})
    with pytest.raises(TerminalError, match=r"shop__r1\.orders: rows break a foreign key constraint"):
        shop.release_again(1)
    assert not shop.registry.root.exists()


# ── publish ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_publishing_shows_the_release(shop: Shop) -> None:
    shop.release(1)
    facts = publish(shop.context(1))
    row = shop.warehouse().published("shop")
    assert row is not None
    assert facts == {"release": 1, "data_digest": row.data_digest, "published_at": row.published_at, "schema": "shop", "passed": True}
    assert row.data_digest == shop.registry.read("shop", 1)["data_digest"]
    assert shop.seen() == ["Ann", "Bob"]
    opened = duckdb.connect(str(shop.database), read_only=True)
    comments = opened.execute("SELECT comment FROM duckdb_views() WHERE schema_name = 'shop' ORDER BY view_name").fetchall()
    opened.close()
    assert [text.partition(".")[0] for (text,) in comments] == ["Synthetic", "Real reference data, passed through from shop"]


def test_publishing_again_touches_nothing(shop: Shop) -> None:
    shop.release(1)
    first = publish_release(shop.settings, "shop", 1)
    before = digest_file(shop.database)
    shutil.rmtree(shop.registry.root / "releases/shop/1/data")  # not needed
    assert publish_release(shop.settings, "shop", 1) == first
    assert digest_file(shop.database) == before


def test_altered_data_is_not_loaded(shop: Shop) -> None:
    shop.release(1)
    path = shop.registry.data_files("shop", 1)["customers"]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(IntegrityError, match=r"shop@1: data of customers in the registry is not what release\.json says"):
        publish_release(shop.settings, "shop", 1)
    assert not shop.database.exists()
    path.unlink()
    publish_release(shop.settings, "shop", 1)
    assert shop.seen() == ["Ann", "Bob"]


def test_only_what_was_tagged_counts(shop: Shop) -> None:
    """The work tree's documents may say what they like."""
    shop.release(1)
    for name in ("release.json", "resolved.json", "schema.json"):
        (shop.registry.root / "releases/shop/1" / name).write_text("{}")
    shutil.rmtree(shop.context(1).run_folder)
    publish_release(shop.settings, "shop", 1)
    assert shop.seen() == ["Ann", "Bob"]


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM shop__r1.orders",
        "UPDATE shop__r1.customers SET name = 'Eve' WHERE id = 1",
        "DROP TABLE shop__r1.orders",
        "ALTER TABLE shop__r1.customers ADD COLUMN more INTEGER",
        "DROP SCHEMA shop__r1 CASCADE",
    ],
)
def test_a_damaged_schema_is_installed_again(shop: Shop, damage: str) -> None:
    shop.release(1)
    shop.release(2, names=("Cleo",))
    publish_release(shop.settings, "shop", 1)
    publish_release(shop.settings, "shop", 2)
    opened = duckdb.connect(str(shop.database))
    opened.execute(damage)
    opened.close()
    publish_release(shop.settings, "shop", 1)
    assert shop.seen() == ["Ann", "Bob"]
    assert shop.warehouse().read("shop", "orders").num_rows == 2


# ── rollback ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_rolling_back_and_forth(shop: Shop) -> None:
    for number, name in enumerate(("Ann", "Bob", "Cleo"), start=1):
        shop.release(number, names=(name,))
        publish_release(shop.settings, "shop", number)
    assert (rollback(shop.settings, "shop").release, shop.seen()) == (2, ["Bob"])
    assert (rollback(shop.settings, "shop").release, shop.seen()) == (1, ["Ann"])
    with pytest.raises(ConfigurationError, match="no release is older than the published shop@1"):
        rollback(shop.settings, "shop")
    assert (rollback(shop.settings, "shop", to=3).release, shop.seen()) == (3, ["Cleo"])
    assert (rollback(shop.settings, "shop", to=1).release, shop.seen()) == (1, ["Ann"])
    with pytest.raises(ConfigurationError, match=r"no release shop@4; there are shop@1, shop@2, shop@3"):
        rollback(shop.settings, "shop", to=4)
    changed = diff(shop.registry.read("shop", 1), shop.registry.read("shop", 3))
    assert changed.lines() == (
        "shop@1 → shop@3: other data, verdict pass → pass",
        "  customers: other rows",
        "  customers: another model",
        "  customers.pair_trend: 0.9100 → 0.9300",
    )


def test_a_dropped_release_comes_back_from_the_remote(shop: Shop) -> None:
    shop.release(1, names=("Ann",))
    shop.release(2, names=("Bob",))
    publish_release(shop.settings, "shop", 1)
    publish_release(shop.settings, "shop", 2)
    shop.warehouse().drop("shop__r1")
    shutil.rmtree(shop.registry.root / ".dvc" / "cache")
    shutil.rmtree(shop.registry.root / "releases/shop/1/data")
    assert rollback(shop.settings, "shop").release == 1
    assert shop.seen() == ["Ann"]


def test_there_must_be_something_to_go_back_from_and_to(shop: Shop) -> None:
    with pytest.raises(ConfigurationError, match="shop has no releases; next: twin run shop"):
        rollback(shop.settings, "shop")
    shop.release(1)
    with pytest.raises(ConfigurationError, match="nothing is published"):
        rollback(shop.settings, "shop")
    shop.target = "elsewhere"
    shop.release(2)
    publish_release(shop.settings, "shop", 2)
    with pytest.raises(ConfigurationError, match=r"shop@1 was made for lab\.shop, readers are at lab\.elsewhere"):
        rollback(shop.settings, "shop")


# ── kills ────────────────────────────────────────────────────────────────────────────────────────────────────────────

KILLED = """
import json, os, pathlib, signal, sys
from warehouse_twin.settings import Settings
from warehouse_twin.stages import publish
from warehouse_twin.warehouses import duckdb_warehouse
from warehouse_twin.workspace import Workspace
project, database, where = sys.argv[1:]
workspace = Workspace(pathlib.Path(project) / "workspace")
settings = Settings(pathlib.Path(project), workspace, "unused", str(workspace.dvc_remote), connections={"lab": f"duckdb://{database}"})
module, name = where.split(":")
module = {"publish": publish, "warehouse": duckdb_warehouse}[module]
real = getattr(module, name)
def then_die(*arguments, **named):
    real(*arguments, **named)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(module, name, then_die)
publish.publish_release(settings, "shop", 2)
"""


@pytest.mark.parametrize(
    "where", ["publish:_verify_files", "warehouse:load_table", "publish:_install", "warehouse:point_views", "warehouse:write_release"]
)
def test_a_killed_publication_leaves_the_old_release_whole(shop: Shop, tmp_path: Path, where: str) -> None:
    shop.release(1, names=("Ann",))
    shop.release(2, names=("Bob", "Cleo"))
    publish_release(shop.settings, "shop", 1)
    package = str(Path(__file__).parents[3] / "plugins")
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(shop.database), where]
    killed = subprocess.run(command, env={**os.environ, "PYTHONPATH": package}, check=False, capture_output=True, timeout=60)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    row = shop.warehouse().published("shop")
    assert row is not None
    assert (row.release, shop.seen()) == (1, ["Ann"])
    assert json.loads(json.dumps(row.data_digest)) == shop.registry.read("shop", 1)["data_digest"]
    assert publish_release(shop.settings, "shop", 2).release == 2
    assert shop.seen() == ["Bob", "Cleo"]
