"""What a twin published is refused as a source: by its comments, by its `_release`, and, copied, by its rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from warehouse_twin.digests import digest_table, keyed
from warehouse_twin.errors import ManifestError
from warehouse_twin.manifest.loading import load
from warehouse_twin.stages.chain_guard import FEWEST_ROWS
from warehouse_twin.stages.context import StageContext
from warehouse_twin.stages.publish import publish
from warehouse_twin.stages.snapshots import take_snapshot

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value will soon raise:DeprecationWarning")  # DVC 3.67 on pygtrie 2.6
CHECKOUT = Path(__file__).resolve().parents[3]
NAMES = tuple(f"name {number}" for number in range(FEWEST_ROWS))
MANIFEST = """\
twin: chained
source: {{warehouse: lab, schema: {schema}}}
target: {{warehouse: lab, schema: chained}}
seed: 1
tables:
  {table}: {{primary_key: [id]}}
"""


@pytest.fixture
def published(shop: Any) -> Any:
    shop.release(1, names=NAMES)
    publish(shop.context(1))
    return shop


def chained(shop: Any, schema: str, table: str = "customers") -> StageContext:
    """A twin that is to be learned from a schema of the warehouse that the first one is published in."""
    file = shop.settings.workspace.root.parent / "chained.yml"
    file.write_text(MANIFEST.format(schema=schema, table=table))
    return StageContext(replace(shop.settings, project=CHECKOUT), load(file).manifest, file, 1)


def run(shop: Any, statement: str) -> None:
    with duckdb.connect(str(shop.database)) as opened:
        opened.execute(statement)


def test_a_table_with_the_label_is_refused_with_its_line(published: Any) -> None:
    with pytest.raises(ManifestError, match=r"chained\.yml:6:3: tables\.customers: its comment says .* synthetic, of shop@1; .*; next: "):
        take_snapshot(chained(published, "shop__r1"))


def test_what_readers_see_is_refused(published: Any) -> None:
    with pytest.raises(ManifestError, match=r"chained\.yml:2:\d+: source\.schema: schema shop has a _release.*; next: name"):
        take_snapshot(chained(published, "shop"))


def test_reference_data_that_was_passed_through_is_real(published: Any) -> None:
    run(published, "CREATE SCHEMA mine; CREATE TABLE mine.orders AS SELECT customer AS id FROM shop__r1.orders")
    run(published, "COMMENT ON TABLE mine.orders IS 'Real reference data, passed through from shop.orders. Twin shop, release 1.'")
    assert take_snapshot(chained(published, "mine", "orders")).rows == {"orders": FEWEST_ROWS}


@pytest.mark.parametrize("columns", ["id, name", "name, id"])
def test_a_copy_without_a_comment_is_known_by_its_rows(published: Any, columns: str) -> None:
    run(published, f"CREATE SCHEMA mine; CREATE TABLE mine.people AS SELECT {columns} FROM shop.customers ORDER BY name")
    with pytest.raises(ManifestError, match=r"chained\.yml:6:3: tables\.people: its rows are those of shop@1, table customers; "):
        take_snapshot(chained(published, "mine", "people"))


def test_a_copy_that_was_altered_is_not_known(published: Any) -> None:
    """The limit that the documentation names."""
    run(published, "CREATE SCHEMA mine; CREATE TABLE mine.people AS SELECT * FROM shop.customers")
    run(published, "UPDATE mine.people SET name = 'other' WHERE id = 0")
    assert take_snapshot(chained(published, "mine", "people")).rows == {"people": FEWEST_ROWS}


def test_a_release_that_equalled_its_source_says_nothing(shop: Any) -> None:
    """Rows that leave no choice, such as those of a calendar, are the twin's and the source's alike."""
    shop.until_gate(1, names=NAMES)
    ids = pa.array(range(len(NAMES)), pa.int32())
    digest = digest_table(pa.table({"id": ids, "name": list(NAMES)}), keys=["id"])
    sources = {"source/customers": keyed(digest, secret=shop.settings.workspace.secret()), "source/orders": "keyed-o"}
    shop.leave(1, "resolve", {}, digests=sources)
    shop.release_again(1)
    publish(shop.context(1))
    run(shop, "CREATE SCHEMA mine; CREATE TABLE mine.people AS SELECT * FROM shop.customers")
    assert take_snapshot(chained(shop, "mine", "people")).rows == {"people": FEWEST_ROWS}


def test_few_rows_may_be_alike_by_chance(shop: Any) -> None:
    shop.release(1, names=NAMES[1:])
    publish(shop.context(1))
    run(shop, "CREATE SCHEMA mine; CREATE TABLE mine.people AS SELECT * FROM shop.customers")
    assert take_snapshot(chained(shop, "mine", "people")).rows == {"people": FEWEST_ROWS - 1}
