"""What `twin gc` drops: each kind of leftover, and nothing that is published, released or still open."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse_twin.receipts import Receipt
from warehouse_twin.settings import Settings
from warehouse_twin.stages.garbage import clear_scratch, collect
from warehouse_twin.stages.publish import publish_release
from warehouse_twin.stages.runs import State, mark
from warehouse_twin.workspace import Workspace, write_text

STAGES = {
    "resolve": "internal",
    "profile": "internal",
    "train": "secure",
    "synthesize": "secure",
    "materialize": "secure",
    "gate": "internal",
}


def output(settings: Settings, stage: str, key: str) -> Path:
    return settings.workspace.output(STAGES[stage], "shop", stage, key)


def leave(settings: Settings, number: int, state: State, *, key: str | None = None) -> None:
    """A run with the outputs of its stages, under keys of its own unless one is given."""
    mark(settings.workspace, "shop", number, state)
    for stage in STAGES:
        folder = output(settings, stage, key or f"{stage}{number}")
        write_text(folder / "data.bin", "x" * 1_000)
        receipt = Receipt(stage, "k", settings.workspace.relative(folder), {}, {})
        name = "train/customers.json" if stage == "train" else f"{stage}.json"
        receipt.write(settings.workspace.run("shop", number) / "receipts" / name)


def kept(settings: Settings, number: int) -> list[str]:
    return [stage for stage in STAGES if output(settings, stage, f"{stage}{number}").exists()]


def gone(shop: Any) -> tuple[str, ...]:
    return tuple(collect(shop.settings, shop.context(1).manifest).paths)


def test_nothing_to_drop(shop: Any) -> None:
    found = collect(shop.settings, shop.context(1).manifest)
    assert (found.paths, found.size, found.schemas) == ((), 0, ())
    assert found.lines() == ["nothing to drop"]


def test_open_and_released_runs_keep_everything(shop: Any) -> None:
    leave(shop.settings, 1, "released")
    leave(shop.settings, 2, "open")
    assert gone(shop) == ()
    assert kept(shop.settings, 1) == kept(shop.settings, 2) == list(STAGES)


def test_a_rejected_run_keeps_its_verdict_and_its_models_and_loses_its_data(shop: Any) -> None:
    leave(shop.settings, 1, "rejected")
    found = collect(shop.settings, shop.context(1).manifest)
    assert found.paths == ("secure/shop/materialize/materialize1", "secure/shop/synthesize/synthesize1")
    assert found.size == 2_000
    assert found.lines()[-1] == "0.0 MB freed"
    assert kept(shop.settings, 1) == ["resolve", "profile", "train", "gate"]
    assert (shop.settings.workspace.run("shop", 1) / "receipts" / "synthesize.json").exists()


def test_data_that_another_run_shares_stays(shop: Any) -> None:
    leave(shop.settings, 1, "rejected", key="shared")
    leave(shop.settings, 2, "open", key="shared")
    assert gone(shop) == ()


def test_work_that_no_run_refers_to_is_dropped(shop: Any) -> None:
    leave(shop.settings, 1, "released")
    write_text(output(shop.settings, "train", "forgotten") / "model.json", "{}")
    write_text(shop.settings.workspace.failures("shop") / "1-gate.txt", "a traceback")
    assert gone(shop) == ("secure/shop/failures/1-gate.txt", "secure/shop/train/forgotten")


def test_temporary_files_of_killed_processes_are_dropped_wherever_they_are(shop: Any) -> None:
    workspace = shop.settings.workspace
    leave(shop.settings, 1, "open")
    left = ["secure/shop/train/.work-a/model.json", "internal/shop/gate/gate1/.work-b", "runs/shop/1/.work-c", "receipts/shop/.work-d"]
    for name in left:
        write_text(workspace.root / name, "half")
    assert gone(shop) == ("internal/shop/gate/gate1/.work-b", "receipts/shop/.work-d", "runs/shop/1/.work-c", "secure/shop/train/.work-a")
    assert kept(shop.settings, 1) == list(STAGES)


@pytest.mark.parametrize(("state", "stays"), [("open", True), ("released", False), ("rejected", False)])
def test_a_snapshot_stays_as_long_as_its_run_is_open(shop: Any, state: State, stays: bool) -> None:
    leave(shop.settings, 1, state)
    snapshot = shop.settings.workspace.snapshot("shop", 1)
    write_text(snapshot / "customers.parquet", "rows")
    gone(shop)
    assert snapshot.exists() is stays


def test_a_snapshot_of_no_run_is_dropped(shop: Any) -> None:
    write_text(shop.settings.workspace.snapshot("shop", 7) / "customers.parquet", "rows")
    assert gone(shop) == ("secure/shop/snapshot/7",)


def test_other_twins_are_not_touched(shop: Any) -> None:
    for name in ("secure/other/train/abc/model.json", "internal/other/.work-x", "runs/other/1/run.json"):
        write_text(shop.settings.workspace.root / name, "{}")
    assert gone(shop) == ()


def test_scratch_is_emptied(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    assert clear_scratch(workspace) == 0
    write_text(workspace.scratch / "spark-1" / "block", "x" * 10)
    write_text(workspace.scratch / "file", "x" * 5)
    assert clear_scratch(workspace) == 15
    assert list(workspace.scratch.iterdir()) == []


@pytest.mark.filterwarnings("ignore:_NoneStep.value will soon raise:DeprecationWarning")  # DVC 3.67 on pygtrie 2.6
def test_schemas_that_no_release_stands_behind_are_dropped(shop: Any) -> None:
    """Release 1 is published, 2 released; 5 is what a kill left; the last one is somebody else's."""
    for number in (1, 2):
        shop.release(number)
        publish_release(shop.settings, "shop", number)
    warehouse = shop.warehouse()
    with duckdb.connect(str(shop.database)) as opened:
        opened.execute("CREATE SCHEMA shop__r5; CREATE TABLE shop__r5.customers (id INTEGER); CREATE SCHEMA shop__r5_backup")
    publish_release(shop.settings, "shop", 1)
    found = collect(shop.settings, shop.context(1).manifest)
    assert found.schemas == ("shop__r5",)
    assert "dropped schema shop__r5" in found.lines()
    assert {"shop", "shop__r1", "shop__r2", "shop__r5_backup"} <= set(warehouse.schemas())
    assert shop.seen() == ["Ann", "Bob"]


@pytest.mark.filterwarnings("ignore:_NoneStep.value will soon raise:DeprecationWarning")
def test_where_this_twin_was_never_published_no_schema_is_dropped(shop: Any) -> None:
    shop.release(1)
    publish_release(shop.settings, "shop", 1)
    warehouse = shop.warehouse()
    warehouse.install("shop__r5", ['CREATE SCHEMA "shop__r5"'], {})
    manifest = shop.context(1).manifest
    assert collect(shop.settings, manifest.model_copy(update={"twin": "other"})).schemas == ()
    shutil.rmtree(shop.settings.workspace.registry)
    assert collect(shop.settings, manifest).schemas == ()
    assert "shop__r5" in warehouse.schemas()
