"""Running stages: what is refused before anything is done, what is skipped, and what a closed release lets nobody change."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from warehouse_twin.digests import digest_file, digest_folder
from warehouse_twin.errors import ConfigurationError, IntegrityError, LockedError, ManifestError, SourceError, TerminalError
from warehouse_twin.locking import exclusive
from warehouse_twin.manifest.loading import load
from warehouse_twin.pipeline import STAGES, StageResult, collect_garbage, collect_scratch, rollback, run_stage, run_twin
from warehouse_twin.receipts import Receipt
from warehouse_twin.settings import Settings
from warehouse_twin.stages.context import StageContext
from warehouse_twin.stages.executing import RUN_DIGESTS, combine_train, execute, refuse_altered
from warehouse_twin.stages.profile_tables import STAGE
from warehouse_twin.stages.runs import Run, mark, read_run, runs_of
from warehouse_twin.workspace import Workspace, read_json, write_text

CHECKOUT = Path(__file__).resolve().parents[2]
MANIFEST = """\
twin: shop
source: {warehouse: prod, schema: shop}
target: {warehouse: dev, schema: shop}
seed: 1
tables:
  countries: {keep: real}
  customers:
  orders:
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A project with one twin and its source."""
    workspace = Workspace(tmp_path / ".twin")
    workspace.warehouses.mkdir(parents=True)
    write_text(tmp_path / "twins" / "shop.yml", MANIFEST)
    shutil.copytree(CHECKOUT / "expectations", tmp_path / "expectations")
    with duckdb.connect(str(workspace.warehouses / "prod.duckdb")) as connection:
        connection.execute("CREATE SCHEMA shop; CREATE TABLE shop.countries (code VARCHAR PRIMARY KEY)")
        connection.execute("CREATE TABLE shop.customers (id INTEGER PRIMARY KEY)")
        connection.execute("CREATE TABLE shop.orders (customer INTEGER REFERENCES shop.customers (id))")
        connection.execute("INSERT INTO shop.customers SELECT range FROM range(20); INSERT INTO shop.orders VALUES (1), (NULL)")
    return Settings(tmp_path, workspace, f"sqlite:///{workspace.mlflow / 'mlflow.db'}", "", lock_seconds=0)


@pytest.fixture
def recorded(settings: Settings, empty_mlflow: Path) -> Settings:
    """The project with an MLflow to record in."""
    settings.workspace.mlflow.mkdir()
    shutil.copy(empty_mlflow, settings.workspace.mlflow / "mlflow.db")
    return settings


def untouched(settings: Settings) -> bool:
    return not (settings.workspace.root / "runs").exists()


# ── refused ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_stage_that_is_none(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match=r"no stage 'polish'; wanted one of resolve, profile, train, .*publish"):
        run_stage("polish", "shop", settings=settings)
    assert untouched(settings)


def test_a_twin_that_is_none(settings: Settings) -> None:
    for run in (lambda: run_stage("gate", "shopp", settings=settings), lambda: run_twin("shopp", settings=settings)):
        with pytest.raises(ConfigurationError, match="unknown twin 'shopp'; known: shop; did you mean shop"):
            run()
    assert untouched(settings)


@pytest.mark.parametrize("name", ["a/../../../evil", "../shop", "/tmp/evil", "shop/../../../evil", ".", ""])
def test_a_name_that_is_a_path_leads_nowhere(name: str, settings: Settings) -> None:
    """Not even a lock is made for it: its file would be wherever the name says."""
    before = sorted(settings.project.parent.rglob("*"))
    for ask in (run_twin, collect_garbage, rollback):
        with pytest.raises(ConfigurationError, match="unknown twin"):
            ask(name, settings=settings)
    with pytest.raises(ConfigurationError, match="unknown twin"):
        run_stage("resolve", name, settings=settings)
    assert sorted(settings.project.parent.rglob("*")) == before


@pytest.mark.parametrize(("stage", "table"), [("gate", "customers"), ("train", "countries"), ("train", "costumers")])
def test_a_table_is_for_train_alone_and_one_that_is_trained(stage: str, table: str, settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match=rf"--table is for train and one of its tables customers, orders; got {stage} {table}"):
        run_stage(stage, "shop", settings=settings, table=table)
    assert untouched(settings)


def test_a_manifest_with_faults(settings: Settings) -> None:
    write_text(settings.twins / "shop.yml", MANIFEST.replace("seed: 1", "seed: one"))
    with pytest.raises(ManifestError):
        run_stage("resolve", "shop", settings=settings)
    assert untouched(settings)


def test_a_twin_that_somebody_else_holds(settings: Settings) -> None:
    told: list[str] = []
    with exclusive(settings.workspace.lock("twin-shop"), wait_seconds=0):
        with pytest.raises(LockedError, match="twin-shop is held by process"):
            run_stage("resolve", "shop", settings=settings, wait_seconds=0.3, on_progress=told.append)
        with pytest.raises(LockedError):
            collect_garbage("shop", settings=settings)
    assert told[0].startswith("shop: waiting, held by process ")
    assert len(told) == 1
    assert untouched(settings)


def test_scratch_is_left_alone_while_a_twin_is_held(settings: Settings) -> None:
    write_text(settings.workspace.scratch / "block", "x")
    with exclusive(settings.workspace.lock("twin-shop"), wait_seconds=0):
        assert collect_scratch(settings) == 0
    assert collect_scratch(settings) == 1


# ── resolved ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_resolve_leaves_a_snapshot_receipts_and_an_open_run(recorded: Settings) -> None:
    told: list[str] = []
    result = run_stage("resolve", "shop", settings=recorded, on_progress=told.append)
    assert (result.stage, result.release, result.skipped, result.passed) == ("resolve", 1, False, None)
    assert result.receipt.facts["rows"] == {"countries": 0, "customers": 20, "orders": 2}
    assert runs_of(recorded.workspace, "shop") == (Run("shop", 1, "open"),)
    assert (recorded.workspace.snapshot("shop", 1) / "orders.parquet").exists()
    for file in (recorded.workspace.receipt("shop", "resolve"), recorded.workspace.run("shop", 1) / "receipts" / "resolve.json"):
        assert Receipt.read(file) == result.receipt
    sources = {f"source/{table}" for table in ("countries", "customers", "orders")}
    assert set(result.receipt.digests) == sources
    folder = recorded.workspace.run("shop", 1)  # two releases of one source have one receipt, and a manifest each
    assert read_json(folder / RUN_DIGESTS) == {name: digest_file(folder / name) for name in ("resolved.json", "manifest.yml")}
    assert [line.split(" (")[0] for line in told] == ["shop@1 resolve …", "shop@1 resolve: done"]
    again = run_stage("resolve", "shop", settings=recorded)
    assert (again.release, again.receipt.key) == (1, result.receipt.key)


def test_an_error_of_the_source_leaves_the_run_open_and_no_receipt(recorded: Settings) -> None:
    with duckdb.connect(str(recorded.workspace.warehouses / "prod.duckdb")) as connection:
        connection.execute("DROP TABLE shop.orders; CREATE SCHEMA other; DROP SCHEMA shop CASCADE")
    with pytest.raises(SourceError):
        run_stage("gate", "shop", settings=recorded)
    assert read_run(recorded.workspace, "shop", 1) == Run("shop", 1, "open")
    assert not (recorded.workspace.run("shop", 1) / "receipts").exists()
    assert list((recorded.workspace.root / "internal" / "shop" / "resolve").glob("*")) == []


@pytest.mark.parametrize("state", ["rejected", "released"])
def test_a_closed_release_cannot_change(state: str, recorded: Settings) -> None:
    run_stage("resolve", "shop", settings=recorded)
    mark(recorded.workspace, "shop", 1, state)  # type: ignore[arg-type]
    with pytest.raises(TerminalError, match=rf"shop@1 is {state} and cannot change; .* next: twin run shop, which opens a new release"):
        run_stage("resolve", "shop", settings=recorded, release=1)
    assert run_stage("resolve", "shop", settings=recorded).release == 2


# ── results ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_result_is_references_and_counts() -> None:
    receipt = Receipt("gate", "abc", "internal/shop/gate/abc", {}, {"verdict.json": "d"}, {"passed": True})
    result = StageResult("gate", "shop", 3, None, True, 1.23456, receipt, True)
    assert result.to_dict() == {
        "stage": "gate",
        "twin": "shop",
        "release": 3,
        "table": None,
        "key": "abc",
        "skipped": True,
        "seconds": 1.235,
        "passed": True,
        "facts": {"passed": True},
    }


def test_train_is_done_when_every_table_is(settings: Settings) -> None:
    context = context_of(settings)

    def leave(table: str) -> None:
        facts = {"models": {"tree": {"role": "published"}}}
        Receipt("train", f"key-{table}", "", {}, {"tree/model.json": table}, facts).write(context.receipt_file("train", table))

    leave("customers")
    assert combine_train(context) is None
    leave("orders")
    whole = combine_train(context)
    assert whole is not None
    assert whole.inputs == {"customers": "key-customers", "orders": "key-orders"}
    assert whole.digests == {"customers/tree/model.json": "customers", "orders/tree/model.json": "orders"}
    assert Receipt.read(settings.workspace.receipt("shop", "train")) == whole


@pytest.mark.parametrize("name", ["resolved.json", "manifest.yml"])
def test_a_run_whose_files_were_altered_is_not_gone_on_with(name: str, recorded: Settings) -> None:
    """As by who would have a table passed through as it is."""
    run_stage("resolve", "shop", settings=recorded)
    file = recorded.workspace.run("shop", 1) / name
    whole = file.read_bytes()
    file.write_bytes(whole.replace(b"customers", b"costumers", 1))
    with pytest.raises(IntegrityError, match=rf"shop@1: runs/shop/1/{name} is missing or not what the receipt of resolve says"):
        execute(context_of(recorded), STAGE)


@pytest.mark.parametrize("stage", ["profile", "train", "synthesize", "materialize", "gate", "release"])
@pytest.mark.parametrize("how", ["altered", "removed"])
def test_what_a_stage_left_is_not_read_once_it_is_not_that_any_more(stage: str, how: str, settings: Settings) -> None:
    """A profile, a model and its card, drawn rows, a candidate, a verdict, a release: the file is named."""
    context = context_of(settings)
    for table in context.manifest.protected if stage == "train" else (None,):
        output = settings.workspace.output("internal", "shop", stage, table or "key")
        write_text(output / "within" / "file.json", '{"passed": false}')
        receipt = Receipt(stage, "key", settings.workspace.relative(output), {}, digest_folder(output))
        receipt.write(context.receipt_file(stage, table))
    refuse_altered(context, stage)
    if how == "altered":
        write_text(output / "within" / "file.json", '{"passed": true}')
    else:
        (output / "within" / "file.json").unlink()
    with pytest.raises(IntegrityError, match=rf"within/file\.json is missing or not what the receipt of {stage} says: .*not read; next: "):
        refuse_altered(context, stage)


def context_of(settings: Settings) -> StageContext:
    file = settings.twins / "shop.yml"
    return StageContext(settings, load(file).manifest, file, 1)


def test_stages_stand_in_order() -> None:
    assert list(STAGES) == ["resolve", "profile", "train", "synthesize", "materialize", "gate", "release", "publish"]
