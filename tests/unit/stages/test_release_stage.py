"""`release`: only what passed, only what was made, and the same record from the same inputs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse_twin.digests import digest_file
from warehouse_twin.errors import IntegrityError, TerminalError
from warehouse_twin.releases.registry import DOCUMENTS, RECORD, VOLATILE
from warehouse_twin.settings import Settings
from warehouse_twin.stages.publish import STAGE as PUBLISH
from warehouse_twin.stages.release import STAGE as RELEASE
from warehouse_twin.workspace import Workspace, read_json, write_json

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value will soon raise:DeprecationWarning")  # DVC 3.67 on pygtrie 2.6

# ── release ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_stages_say_what_they_are() -> None:
    assert (RELEASE.name, RELEASE.needs, RELEASE.keyed) == ("release", ("gate", "materialize", "train", "profile", "resolve"), False)
    assert (PUBLISH.name, PUBLISH.needs, PUBLISH.keyed) == ("publish", ("release",), False)


def test_the_record_holds_the_whole_chain(shop: Any) -> None:
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
    assert set(record["documents"]) == set(DOCUMENTS) - {RECORD}
    assert shop.registry.differences("shop", 1) == ()
    assert not list(shop.settings.workspace.scratch.iterdir())


def test_the_same_inputs_make_the_same_record(shop: Any, tmp_path: Path) -> None:
    shop.release(1, run_id="here")
    workspace = Workspace(tmp_path / "elsewhere")
    other = type(shop)(
        Settings(tmp_path, workspace, "unused", str(workspace.dvc_remote), connections={"lab": f"duckdb://{workspace.root}/lab.duckdb"})
    )
    other.release(1, run_id="there")
    here, there = shop.registry.read("shop", 1), other.registry.read("shop", 1)
    assert {name for name in here if here[name] != there[name]} == {"mlflow_run_id"}
    assert set(VOLATILE) < set(here)


def test_releasing_again_keeps_what_was_tagged(shop: Any) -> None:
    first = shop.release(1, run_id="first")
    assert shop.release_again(1, run_id="second") == first
    assert read_json(shop.settings.workspace.root / "out" / "1" / "release.json")["mlflow_run_id"] == "first"
    shutil.rmtree(shop.folder(1, "materialize"))
    shop.until_gate(1, names=("Eve",))
    with pytest.raises(IntegrityError, match="exists and is another release"):
        shop.release_again(1)


def test_a_failed_verdict_is_not_released(shop: Any) -> None:
    shop.until_gate(1, names=("Ann",), passed=False)
    wanted = (
        r"shop@1: verdict fail, nothing is released: customers\.copies was never measured, wanted once; "
        r"customers\.pair_trend fail at 0\.91, goal 0\.95; customers\.pair_trend undecided at 0\.91, goal 0\.95; 1 of 1 expectations"
    )
    with pytest.raises(TerminalError, match=wanted):
        shop.release_again(1)
    assert not shop.registry.root.exists()


@pytest.mark.parametrize(("change", "told"), [({"evaluated": 0}, "0 of 1 expectations"), ({"release": 2}, "the verdict is on shop@2")])
def test_a_verdict_that_is_not_whole_is_not_believed(shop: Any, change: dict[str, int], told: str) -> None:
    shop.until_gate(1, names=("Ann",))
    path = shop.folder(1, "gate") / "verdict.json"
    write_json(path, read_json(path) | change)
    with pytest.raises(IntegrityError, match=r"verdict\.json is missing or not what the receipt of gate says"):
        shop.release_again(1)
    shop.leave(1, "gate", {"passed": True}, materialize=shop.context(1).receipt("materialize").key)
    with pytest.raises(TerminalError, match=told):
        shop.release_again(1)


def test_a_verdict_on_another_candidate_does_not_count(shop: Any) -> None:
    shop.until_gate(1, names=("Ann",))
    shop.leave(1, "gate", {"passed": True}, materialize="another key")
    with pytest.raises(TerminalError, match="the verdict is on an earlier candidate; next: twin gate shop"):
        shop.release_again(1)


def test_files_altered_after_their_stage_are_refused(shop: Any) -> None:
    shop.until_gate(1, names=("Ann",))
    path = shop.folder(1, "materialize") / "tables" / "orders.parquet"
    pq.write_table(pa.table({"customer": pa.array([None], pa.int32())}), path)
    with pytest.raises(IntegrityError, match=r"tables/orders\.parquet is missing or not what the receipt of materialize says"):
        shop.release_again(1)
    facts = dict(shop.context(1).receipt("materialize").facts)
    shop.leave(1, "materialize", facts)
    with pytest.raises(IntegrityError, match=r"installed from its files the data has digest .* the candidate"):
        shop.release_again(1)


def test_a_release_that_could_not_be_installed_is_not_made(shop: Any) -> None:
    shop.until_gate(1, names=("Ann",))
    pq.write_table(pa.table({"customer": pa.array([9], pa.int32())}), shop.folder(1, "materialize") / "tables" / "orders.parquet")
    shop.leave(1, "materialize", {})
    with pytest.raises(TerminalError, match=r"shop__r1\.orders: rows break a foreign key constraint"):
        shop.release_again(1)
    assert not shop.registry.root.exists()
