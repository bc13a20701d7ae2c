"""One task of a profile: a column, a foreign key or a table's pairs, from the snapshot's files alone."""

import json
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse_twin.manifest.resolved import ResolvedTable, ResolvedTwin
from warehouse_twin.profiling.computing import assembled, batches_of, perform, tasks_of
from warehouse_twin.profiling.table_profile import KeyProfile, TableProfile
from warehouse_twin.warehouses.catalog import Column, ForeignKey, Table

COUNTRIES = Table("countries", (Column("code", "VARCHAR", False),), ("code",))
SHOPS = Table("shops", (Column("id", "BIGINT", False),), ("id",))
SALES = Table(
    "sales",
    (Column("shop", "BIGINT", True), Column("country", "VARCHAR", False), Column("price", "DOUBLE", True)),
    (),
    (ForeignKey(("shop",), "shops", ("id",)), ForeignKey(("country",), "countries", ("code",))),
)
TWIN = ResolvedTwin(
    "tiny", "prod", "s", "dev", "s", 1, None, 2, 0.2,
    (ResolvedTable(COUNTRIES, True), ResolvedTable(SHOPS, False, "tree"), ResolvedTable(SALES, False, "tree")),
)  # fmt: skip


def write(folder: Path, name: str, *, holdout: list[bool], **columns: list) -> None:
    rows = pa.table({**columns, "__entity": list(range(len(holdout))), "__holdout": holdout})
    pq.write_table(rows, folder / f"{name}.parquet")


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    """Shops 1 and 2 have two sales each, shop 3 none; shop 4 and every fourth sale are held out."""
    write(tmp_path, "countries", holdout=[False] * 3, code=["DE", "FR", "IT"])
    write(tmp_path, "shops", holdout=[False, False, False, True], id=[1, 2, 3, 4])
    held = [False, False, False, True, False, False, False, True]
    sales = {"shop": [1, 2, 1, 2, 4, None, 99, 4], "country": ["DE"] * 4 + ["XX"] + ["FR"] * 3, "price": [1.0] * 8}
    write(tmp_path, "sales", holdout=held, **sales)
    return tmp_path


def profile(snapshot: Path, table: str) -> TableProfile:
    tasks = tasks_of(TWIN, TWIN[table])
    return assembled(TWIN, TWIN[table], tasks, [perform(task, snapshot=snapshot, k=TWIN.k) for task in tasks])


def key(snapshot: Path) -> KeyProfile:
    return profile(snapshot, "sales").key(("shop",), "shops")


def test_a_parent_counts_the_children_that_are_held_out_too(snapshot: Path) -> None:
    """Two, two and none (one shop alone: protected); of those in the training part alone it would be two, one and none."""
    assert key(snapshot).children.cells == ((2.0, 2.0, 2),)
    assert key(snapshot).children.protected == 1


def test_nulls_and_orphans_are_shares_of_the_training_rows(snapshot: Path) -> None:
    """Six training rows: one null, and one names shop 99; shop 4 is held out, yet no orphan's parent."""
    assert (key(snapshot).nulls, key(snapshot).orphans) == (1 / 6, 1 / 6)


def test_a_column_that_leads_to_a_reference_table_has_its_keys_as_domain(snapshot: Path) -> None:
    country = profile(snapshot, "sales").column("country")
    assert country.kind == "categorical"
    assert country.parts[0].values == ("DE", "FR")
    assert country.parts[0].protected == 1
    assert not country.nullable


def test_the_profile_counts_rows_and_entities_of_the_training_part(snapshot: Path) -> None:
    found = profile(snapshot, "sales")
    assert (found.rows, found.holdout_rows, found.entities, found.duplicates) == (6, 2, 6, 0)
    assert [pair[:2] for pair in found.pairs] == [("shop", "country"), ("shop", "price"), ("country", "price")]
    assert TableProfile.from_dict(found.to_dict()) == found


def test_repeated_primary_keys_are_counted(tmp_path: Path) -> None:
    write(tmp_path, "shops", holdout=[False] * 4, id=[1, 1, 2, 1])
    assert profile(tmp_path, "shops").duplicates == 2


def test_an_empty_table_has_a_profile(tmp_path: Path) -> None:
    empty = {"shop": pa.array([], pa.int64()), "country": pa.array([], pa.string()), "price": pa.array([], pa.float64())}
    rows = pa.table({**empty, "__entity": pa.array([], pa.int64()), "__holdout": pa.array([], pa.bool_())})
    pq.write_table(rows, tmp_path / "sales.parquet")
    write(tmp_path, "countries", holdout=[False], code=["DE"])
    write(tmp_path, "shops", holdout=[False], id=[1])
    found = profile(tmp_path, "sales")
    assert found.rows == 0
    assert found.column("country").parts[0].values == ("DE",)  # it may not be null, and the domain is public


def test_tasks_are_plain_json() -> None:
    for task in tasks_of(TWIN, TWIN["sales"]):
        assert json.loads(json.dumps(asdict(task)))["table"] == "sales"


def test_batches_are_even_and_the_dearest_comes_first() -> None:
    batches = batches_of([1.0, 9.0, 2.0, 3.0, 5.0, 4.0], cores=2)
    assert sorted(place for batch in batches for place in batch) == list(range(6))
    assert batches == [[1, 3], [4, 5, 2, 0]]
    assert [len(batch) for batch in batches_of([1e9] * 100, cores=2)] == [2] * 36 + [1] * 28
    assert batches_of([1.0], cores=8) == [[0]]
