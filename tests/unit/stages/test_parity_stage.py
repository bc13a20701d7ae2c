"""Parity by itself: which release is meant, and what the source is once its snapshot is gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tiny_projects import write_project
from warehouse_twin import pipeline
from warehouse_twin.digests import digest_table, keyed
from warehouse_twin.errors import ConfigurationError, SourceError
from warehouse_twin.manifest.dbt_parity import DbtParity
from warehouse_twin.stages.parity import context_of, release_parity
from warehouse_twin.workspace import write_text

SOURCES = "version: 2\nsources: [{name: shop, tables: [{name: customers}, {name: orders}]}]\n"
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value will soon raise:DeprecationWarning")  # DVC 3.67 on pygtrie 2.6
MODELS = {
    "buyers": "select customer, count(*) as orders from {{ source('shop', 'orders') }} "
    "join {{ source('shop', 'customers') }} on id = customer group by 1"
}
SCHEMA = "  - name: buyers\n    columns: [{name: customer, data_tests: [unique]}]\n"
MANIFEST = """\
twin: shop
source: {warehouse: prod, schema: shop}
target: {warehouse: lab, schema: shop}
seed: 7
tables:
  customers:
  orders: {keep: real}
"""


@pytest.fixture
def asked(tmp_path: Path) -> DbtParity:
    project = write_project(tmp_path / "reports", MODELS, schema=SCHEMA, more={"models/sources.yml": SOURCES})
    return DbtParity(project=str(project))


@pytest.fixture
def sold(shop: Any) -> Any:
    """The shop with a source: the two customers of its releases, and an order of each."""
    source = shop.settings.workspace.warehouses / "prod.duckdb"
    source.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(source)) as opened:
        opened.execute("CREATE SCHEMA shop; CREATE TABLE shop.customers AS SELECT i::INTEGER AS id, 'c' || i AS name FROM range(2) t(i)")
        opened.execute("CREATE TABLE shop.orders AS SELECT i::INTEGER AS customer FROM range(2) t(i)")
    return shop


def test_a_release_is_compared_with_the_source_as_it_is_now(sold: Any, asked: DbtParity) -> None:
    sold.release(1)
    found = release_parity(sold.context(1), asked, released=True)
    assert found.passed
    assert found.short() == ["shop@1 on reports: parity; tests 1 of 1, marts 1 of 1"]
    assert found.changed == ("customers", "orders"), "the digests of this release are of nothing"
    assert not list(sold.settings.workspace.scratch.iterdir())


def test_a_candidate_is_compared_with_its_snapshot_as_the_source_had_it(sold: Any, asked: DbtParity) -> None:
    sold.until_gate(1, names=("Ann", "Bob"))
    context = sold.context(1)
    for name, rows in (("customers", {"id": [0, 1], "name": ["a", "b"]}), ("unrepaired/orders", {"customer": [0, 0, 1]})):
        (context.snapshot / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(rows), context.snapshot / f"{name}.parquet")
    found = release_parity(context, asked, released=False)
    assert found.changed == ()
    (buyers,) = found.marts
    assert buyers.twin["orders"] > 0, "the twin has two orders"


def test_tables_that_are_as_they_were_have_not_changed(sold: Any, asked: DbtParity) -> None:
    sold.until_gate(1, names=("Ann", "Bob"))
    secret = sold.settings.workspace.secret()
    orders = keyed(digest_table(pa.table({"customer": pa.array([0, 1], pa.int32())})), secret=secret)
    sold.leave(1, "resolve", {"sources": {"customers": "other", "orders": orders}})
    assert release_parity(sold.context(1), asked, released=False).changed == ("customers",)


def test_a_source_that_lost_a_column_is_no_yardstick(sold: Any, asked: DbtParity) -> None:
    sold.release(1)
    with duckdb.connect(str(sold.settings.workspace.warehouses / "prod.duckdb")) as opened:
        opened.execute("ALTER TABLE shop.customers DROP COLUMN name; DROP TABLE shop.orders")
    with pytest.raises(SourceError, match="shop@1: the source has no longer all columns of customers, orders"):
        release_parity(sold.context(1), asked, released=True)


def test_a_candidate_that_was_collected_is_gone(sold: Any, asked: DbtParity) -> None:
    sold.until_gate(1, names=("Ann",))
    (sold.folder(1, "materialize") / "tables" / "orders.parquet").unlink()
    with pytest.raises(ConfigurationError, match="shop@1: its candidate is gone"):
        release_parity(sold.context(1), asked, released=False)


def test_a_number_may_mean_a_candidate(sold: Any) -> None:
    sold.release(1)
    sold.until_gate(2, names=("Ann",))
    context = sold.context(0)
    found = {reference: context_of(context, reference) for reference in ("shop", "shop@latest", "shop@1", "shop@2")}
    assert {name: (item.release, released) for name, (item, released) in found.items()} == {
        "shop": (1, True),
        "shop@latest": (1, True),
        "shop@1": (1, True),
        "shop@2": (2, False),
    }
    for reference in ("shop@3", "shop@x", "other@1"):
        with pytest.raises(ConfigurationError):
            context_of(context, reference)


def test_a_manifest_without_a_project_needs_one(sold: Any) -> None:
    sold.release(1)
    write_text(sold.settings.twins / "shop.yml", MANIFEST)
    with pytest.raises(ConfigurationError, match="shop: the manifest names no dbt project; next: twin parity shop@1 --project PATH"):
        pipeline.parity("shop@1", settings=sold.settings)
