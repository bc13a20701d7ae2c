"""The snapshot: what of the source is repaired, what is refused, and when it may be taken again."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tiny_twins import link, resolved, twin_of
from warehouse_twin.errors import ManifestError, SourceError
from warehouse_twin.manifest.loading import load
from warehouse_twin.manifest.resolved import ResolvedTable
from warehouse_twin.receipts import Receipt
from warehouse_twin.settings import Settings
from warehouse_twin.stages.context import StageContext
from warehouse_twin.stages.snapshots import (
    delete_snapshot,
    ensure_snapshot,
    kept_orphans,
    read_snapshot,
    refuse_broken,
    repair,
    snapshot_files,
    take_snapshot,
)
from warehouse_twin.workspace import Workspace

CHECKOUT = Path(__file__).resolve().parents[3]
CUSTOMERS = resolved("customers", "id BIGINT", key=("id",))
IDS = pa.table({"id": [1, 2]})

# ── repairs ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def repaired(*tables: ResolvedTable, **rows: pa.Table) -> tuple[dict[str, int], dict[str, list]]:
    """What was counted, and the last table afterwards."""
    found = dict(rows)
    return repair(twin_of(*tables), found), found[tables[-1].name].to_pydict()


def test_an_orphan_becomes_null_where_it_may() -> None:
    orders = resolved("orders", "customer BIGINT", "total BIGINT", foreign=(link("customer", "customers"),))
    counts, rows = repaired(CUSTOMERS, orders, customers=IDS, orders=pa.table({"customer": [1, 9, None], "total": [5, 6, 7]}))
    assert counts == {"orders.customer": 1}
    assert rows == {"customer": [1, None, None], "total": [5, 6, 7]}


def test_an_orphan_that_may_not_be_null_is_counted_and_left() -> None:
    orders = resolved("orders", "customer BIGINT!", foreign=(link("customer", "customers"),))
    counts, rows = repaired(CUSTOMERS, orders, customers=IDS, orders=pa.table({"customer": [1, 9]}))
    assert counts == {"orders.customer": 1}
    assert rows == {"customer": [1, 9]}


def test_of_a_key_of_several_columns_one_that_no_other_key_holds_becomes_null() -> None:
    """The place is whole by itself; only the hour has no weather."""
    places = resolved("places", "code VARCHAR", key=("code",))
    weather = resolved("weather", "place VARCHAR", "hour BIGINT", key=("place", "hour"))
    flights = resolved(
        "flights", "place VARCHAR", "hour BIGINT", foreign=(link("place", "places", "code"), link("place hour", "weather", "place hour"))
    )
    rows = {
        "places": pa.table({"code": ["JFK", "LGA"]}),
        "weather": pa.table({"place": ["JFK"], "hour": [1]}),
        "flights": pa.table({"place": ["JFK", "JFK", "LGA", "XXX", None], "hour": [1, 2, 1, 1, 3]}),
    }
    counts, found = repaired(places, weather, flights, **rows)
    assert counts == {"flights.place": 1, "flights.place+hour": 3}
    assert found == {"place": ["JFK", "JFK", "LGA", "XXX", None], "hour": [1, None, None, None, 3]}


def test_a_part_of_the_primary_key_never_becomes_null() -> None:
    cards = resolved("cards", "id BIGINT", key=("id",), foreign=(link("id", "customers"),))
    counts, rows = repaired(CUSTOMERS, cards, customers=IDS, cards=pa.table({"id": [1, 9]}))
    assert counts == {"cards.id": 1}
    assert rows == {"id": [1, 9]}


def test_orphans_of_the_table_itself() -> None:
    staff = resolved("staff", "id BIGINT", "boss BIGINT", key=("id",), foreign=(link("boss", "staff"),))
    counts, rows = repaired(staff, staff=pa.table({"id": [1, 2], "boss": [7, 1]}))
    assert counts == {"staff.boss": 1}
    assert rows["boss"] == [None, 1]


def test_orphans_that_are_kept_are_counted_and_left() -> None:
    key = replace(link("customer", "customers"), keeps_orphans=True)
    orders = resolved("orders", "customer BIGINT", foreign=(key,))
    whole = resolved("visits", "customer BIGINT", foreign=(key,))
    twin = twin_of(CUSTOMERS, orders, whole)
    rows = {"customers": IDS, "orders": pa.table({"customer": [1, 9, 9, None]}), "visits": pa.table({"customer": [2]})}
    assert repair(twin, rows) == {}
    assert rows["orders"].column("customer").to_pylist() == [1, 9, 9, None]
    assert kept_orphans(twin, rows) == {"orders.customer": 2, "visits.customer": 0}


def test_whole_tables_and_empty_ones_are_left_alone() -> None:
    orders = resolved("orders", "customer BIGINT", foreign=(link("customer", "customers"),))
    for customers, of in (([1, 2], [2, None]), ([1], []), ([], [])):
        rows = {"customers": pa.table({"id": pa.array(customers, pa.int64())}), "orders": pa.table({"customer": pa.array(of, pa.int64())})}
        assert repaired(CUSTOMERS, orders, **rows) == ({}, {"customer": of})


# ── tables that are passed through ───────────────────────────────────────────────────────────────────────────────────


def test_a_table_that_is_kept_as_it_is_must_keep_its_keys() -> None:
    countries = resolved("countries", "code VARCHAR", key=("code",), keep_real=True)
    cities = resolved(
        "cities", "country VARCHAR", "city VARCHAR", key=("city",), foreign=(link("country", "countries", "code"),), keep_real=True
    )
    twin = twin_of(countries, cities)
    good = {"countries": pa.table({"code": ["DE", "FR"]}), "cities": pa.table({"country": ["DE", None], "city": ["Ulm", "Atlantis"]})}
    refuse_broken(twin, good)
    bad = {
        "countries": pa.table({"code": ["DE", "DE", None]}),
        "cities": pa.table({"country": ["DE", "XX"], "city": ["Ulm", "Secretville"]}),
    }
    with pytest.raises(SourceError) as caught:
        refuse_broken(twin, bad)
    assert "countries: 2 rows break its primary key (code); cities: 1 rows break its foreign key (country); next: " in str(caught.value)
    assert "XX" not in str(caught.value)
    kept = replace(cities.table, foreign_keys=(replace(cities.table.foreign_keys[0], keeps_orphans=True),))
    refuse_broken(twin_of(countries, replace(cities, table=kept)), bad | {"countries": good["countries"]})


# ── taken again ──────────────────────────────────────────────────────────────────────────────────────────────────────

MANIFEST = """\
twin: shop
source: {warehouse: prod, schema: shop}
target: {warehouse: dev, schema: shop}
seed: 1
tables:
  customers:
  orders:
"""


@pytest.fixture
def context(tmp_path: Path) -> StageContext:
    workspace = Workspace(tmp_path / ".twin")
    workspace.warehouses.mkdir(parents=True)
    file = tmp_path / "shop.yml"
    file.write_text(MANIFEST)
    settings = Settings(CHECKOUT, workspace, "", "", connections={"prod": f"duckdb://{workspace.warehouses / 'prod.duckdb'}"})
    context = StageContext(settings, load(file).manifest, file, 1)
    run(context, "CREATE SCHEMA shop; CREATE TABLE shop.customers (id INTEGER PRIMARY KEY, moment TIMESTAMP_NS)")
    run(context, "INSERT INTO shop.customers SELECT range, '2024-01-01 00:00:00.123456789'::TIMESTAMP_NS FROM range(50)")
    run(
        context,
        "CREATE TABLE shop.orders (customer INTEGER REFERENCES shop.customers (id)); INSERT INTO shop.orders VALUES (1), (2), (NULL)",
    )
    return context


def run(context: StageContext, statement: str) -> None:
    with duckdb.connect(str(context.workspace.warehouses / "prod.duckdb")) as connection:
        connection.execute(statement)


@pytest.fixture
def resolve(context: StageContext) -> Callable[[], dict[str, Any]]:
    """Take the snapshot and leave the receipt that `resolve` leaves."""

    def taken() -> dict[str, Any]:
        facts = take_snapshot(context).facts()
        Receipt("resolve", "k", "", {}, {}, facts).write(context.receipt_file("resolve"))
        return facts

    return taken


def test_a_snapshot_has_all_rows_their_entity_and_their_part(context: StageContext, resolve: Callable[[], dict[str, Any]]) -> None:
    facts = resolve()
    whole = pq.read_table(context.snapshot / "customers.parquet")
    assert whole.column_names == ["id", "moment", "__entity", "__holdout"]
    assert whole.schema.field("moment").type == pa.timestamp("us")
    assert facts["rows"] == {"customers": 50, "orders": 3}
    training, holdout = read_snapshot(context, "customers")
    assert training.num_rows + holdout.num_rows == 50
    assert holdout.num_rows == facts["holdout"]["customers"]
    assert training.column_names == ["id", "moment", "__entity"]
    assert sorted(training.column("id").to_pylist() + holdout.column("id").to_pylist()) == list(range(50))


def test_digests_of_the_source_are_keyed_and_do_not_depend_on_row_order(
    context: StageContext, resolve: Callable[[], dict[str, Any]]
) -> None:
    before = resolve()["sources"]
    run(context, "CREATE TABLE shop.copy AS FROM shop.customers ORDER BY id DESC; DELETE FROM shop.orders; DELETE FROM shop.customers")
    run(context, "INSERT INTO shop.customers FROM shop.copy; INSERT INTO shop.orders VALUES (NULL), (2), (1); DROP TABLE shop.copy")
    assert resolve()["sources"] == before
    (context.workspace.root / "secret.key").write_text("00" * 32)
    assert not set(resolve()["sources"].values()) & set(before.values())


def test_of_a_table_with_day_z_no_row_is_read(context: StageContext) -> None:
    """Its rows are made up, with the keys that rows which may be read refer to, and the same again."""
    text = context.manifest_file.read_text().replace("customers:", "customers: {synthesizer: {name: day_z, parameters: {nulls: 0}}}", 1)
    context.manifest_file.write_text(text)
    context = replace(context, manifest=load(context.manifest_file).manifest)
    found = [take_snapshot(context).facts() for _ in range(2)]
    assert found[0] == found[1]
    customers = pq.read_table(context.snapshot / "customers.parquet")
    assert customers["id"].to_pylist() == [1, 2], "the orders' two"
    assert not any(moment.hour == 0 and moment.microsecond for moment in customers["moment"].to_pylist())
    assert found[0]["rows"] == {"customers": 2, "orders": 3}


def test_a_snapshot_that_is_there_is_not_taken_again(context: StageContext, resolve: Callable[[], dict[str, Any]]) -> None:
    resolve()
    run(context, "INSERT INTO shop.orders VALUES (3)")
    ensure_snapshot(context)
    assert pq.read_metadata(context.snapshot / "orders.parquet").num_rows == 3


def test_after_the_verdict_it_is_taken_again_from_the_same_source(context: StageContext, resolve: Callable[[], dict[str, Any]]) -> None:
    resolve()
    before = pq.read_table(context.snapshot / "customers.parquet")
    delete_snapshot(context)
    delete_snapshot(context)
    assert not context.snapshot.exists()
    ensure_snapshot(context)
    assert pq.read_table(context.snapshot / "customers.parquet").equals(before)


def test_from_a_source_that_changed_it_is_not(context: StageContext, resolve: Callable[[], dict[str, Any]]) -> None:
    resolve()
    files = {name: (context.run_folder / name).read_text() for name in ("resolved.json", "manifest.yml")}
    delete_snapshot(context)
    run(context, "ALTER TABLE shop.orders ADD COLUMN note VARCHAR")
    with pytest.raises(
        SourceError, match=r"shop@1: the source changed since this release was resolved \(tables orders\); next: twin resolve shop"
    ):
        ensure_snapshot(context)
    assert not context.snapshot.exists()
    assert {name: (context.run_folder / name).read_text() for name in files} == files


def test_a_dbt_project_is_to_see_the_rows_as_the_source_has_them(context: StageContext, tmp_path: Path) -> None:
    """Of the tables that were repaired, and only where the manifest names a project."""
    run(context, "DROP TABLE shop.orders; CREATE TABLE shop.orders (customer INTEGER); INSERT INTO shop.orders VALUES (1), (999), (NULL)")
    key = "  orders: {foreign_keys: [{columns: customer, references: customers, references_columns: id}]}"
    text = context.manifest_file.read_text().replace("  orders:", key)
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "dbt_project.yml").write_text("name: reports")
    for named, customers in (("", [None, None, 1]), (f"dbt_parity: {{project: {tmp_path / 'reports'}}}\n", [None, 1, 999])):
        context.manifest_file.write_text(named + text)
        context = replace(context, manifest=load(context.manifest_file).manifest)
        take_snapshot(context)
        found = pq.read_table(snapshot_files(context)["orders"]).column("customer").to_pylist()
        assert sorted(found, key=lambda value: value or 0) == customers
        assert read_snapshot(context, "orders")[0].num_rows + read_snapshot(context, "orders")[1].num_rows == 3
    assert snapshot_files(context)["customers"] == context.snapshot / "customers.parquet"


def test_a_project_that_is_not_there_is_a_fault_of_the_manifest(context: StageContext) -> None:
    context.manifest_file.write_text(MANIFEST + "dbt_parity: {project: nowhere}\n")
    context = replace(context, manifest=load(context.manifest_file).manifest)
    with pytest.raises(ManifestError, match=r"shop\.yml:8:\d+: dbt_parity: .*nowhere: no dbt_project\.yml"):
        take_snapshot(context)
