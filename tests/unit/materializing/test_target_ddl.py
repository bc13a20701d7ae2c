"""A release's schema is the source's: installed from what was read, the catalogs and the rows are the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from postgres_cases import SCHEMA, SHOP, STATEMENTS
from postgres_server import Server
from warehouse_twin.digests import digest_table
from warehouse_twin.manifest.resolved import ResolvedTable, ResolvedTwin
from warehouse_twin.materializing.keeping import broken_constraints
from warehouse_twin.materializing.target_ddl import target_schema
from warehouse_twin.warehouses import Dialect, Warehouse
from warehouse_twin.warehouses.catalog import Table
from warehouse_twin.warehouses.duckdb_warehouse import DuckDBWarehouse
from warehouse_twin.warehouses.postgres_warehouse import PostgresWarehouse

IN_DUCKDB = """
CREATE SCHEMA shop;
CREATE TABLE shop.kinds (code VARCHAR PRIMARY KEY, label VARCHAR NOT NULL DEFAULT 'none', UNIQUE (label));
CREATE TABLE shop.things (
    id INTEGER PRIMARY KEY, kind VARCHAR NOT NULL REFERENCES shop.kinds (code), parent INTEGER REFERENCES shop.things (id),
    amount DECIMAL(38,10) CHECK (amount < 1e9), tiny UTINYINT, huge HUGEINT, moment TIMESTAMPTZ DEFAULT now(), lasted INTERVAL,
    token UUID, bytes BLOB, plain JSON, flags BIT, feeling ENUM ('sad', 'it''s fine'), counts INTEGER[],
    nested STRUCT (a INTEGER, b VARCHAR), day DATE, clock TIME, single FLOAT, twice INTEGER GENERATED ALWAYS AS (id * 2)
);
COMMENT ON COLUMN shop.things.amount IS 'to the tenth digit';
INSERT INTO shop.kinds VALUES ('a', 'first'), ('b', '');
INSERT INTO shop.things VALUES (1, 'a', NULL, 0.0000000001, 255, 170141183460469231731687303715884105727, '2024-02-29 12:00+02',
    INTERVAL '1 year -3 days -4 hours', '00000000-0000-0000-0000-000000000001', '\\x00\\xFF', '{"b":1, "a": [1,  2]}', '0101', 'it''s fine',
    [1, NULL], {'a': 1, 'b': 'x'}, '0044-03-15 (BC)', '10:00:00.123456', 'nan');
INSERT INTO shop.things VALUES (2, 'b', 1, NULL, 0, -1, 'infinity', '0 seconds', NULL, '', '[]', NULL, 'sad', [],
    NULL, 'infinity', NULL, '-0.0');
"""


def described(warehouse: Warehouse, schema: str) -> dict[str, Table]:
    """The catalog, without comments of tables, which name the release, and without grants, of which a release has none."""
    with warehouse.snapshot(schema) as snapshot:
        return {table.name: replace(table, comment="", grants=()) for table in snapshot.tables()}


def digests(warehouse: Warehouse, schema: str, like: Mapping[str, Table]) -> dict[str, str]:
    with warehouse.snapshot(schema) as snapshot:
        return {name: digest_table(snapshot.read(replace(like[name], columns=_native(snapshot.tables(), like, name)))) for name in like}


def _native(tables: tuple[Table, ...], like: Mapping[str, Table], name: str) -> tuple[object, ...]:
    [found] = [table for table in tables if table.name == name]
    return found.read_as(like[name]).columns


def twin_of(source: Warehouse, schema: str, dialect: Dialect) -> ResolvedTwin:
    """A twin of every table, parents first."""
    tables = described(source, schema)
    order = sorted(tables, key=lambda name: (len({key.references for key in tables[name].foreign_keys} - {name}), name))
    items = tuple(ResolvedTable(tables[name], keep_real=False) for name in order)
    return ResolvedTwin("t", "prod", schema, "dev", "twin", 1, None, 10, 0.2, items, source.dialect, dialect)


def install(source: Warehouse, schema: str, target: Warehouse, folder: Path) -> tuple[str, ...]:
    """Copy a schema as if its rows had been synthesized; what was left out."""
    twin = twin_of(source, schema, target.dialect)
    files = {}
    with source.snapshot(schema) as snapshot:
        for item in twin.tables:
            files[item.name] = folder / f"{item.name}.parquet"
            pq.write_table(snapshot.read(item.table), files[item.name])
    made = target_schema(twin, release=1)
    return target.install("twin__r1", made.statements, files, made.finishing)


@pytest.fixture
def shop(tmp_path: Path) -> DuckDBWarehouse:
    with duckdb.connect(str(tmp_path / "prod.duckdb")) as opened:
        opened.execute("SET TimeZone = 'UTC'")
        opened.execute(IN_DUCKDB)
    return DuckDBWarehouse("prod", tmp_path / "prod.duckdb")


@pytest.mark.parametrize(("schema", "statements"), [(SCHEMA, STATEMENTS), ("shop", SHOP)])
def test_from_postgres_to_postgres_all_is_the_same(postgres: Server, tmp_path: Path, schema: str, statements: tuple[str, ...]) -> None:
    here, there = postgres.new_database(), postgres.new_database()
    postgres.run(*statements, database=here)
    source, target = PostgresWarehouse("prod", postgres.url(here)), PostgresWarehouse("dev", postgres.url(there))
    assert install(source, schema, target, tmp_path) == ()
    wanted = described(source, schema)
    assert described(target, "twin__r1") == wanted
    assert dumped(postgres, there, "twin__r1") == dumped(postgres, here, schema)
    assert digests(target, "twin__r1", wanted) == digests(source, schema, wanted)
    next_number = "INSERT INTO twin__r1.kinds VALUES ('z', '')" if schema == SCHEMA else "SELECT 1"
    postgres.run(next_number, database=there)


def dumped(postgres: Server, database: str, schema: str) -> list[str]:
    """The server's own account of a schema: type, default, constraint and identity of everything in it."""
    here = "'" + schema.replace("'", "''") + "'"
    return [
        repr(row)
        for query in (
            "SELECT table_name, column_name, data_type, udt_name, character_maximum_length, numeric_precision, numeric_scale, "
            "datetime_precision, domain_name, is_nullable, is_identity, identity_generation, is_generated, ordinal_position "
            f"FROM information_schema.columns WHERE table_schema = {here} ORDER BY 1, ordinal_position",
            "SELECT c.conname, c.contype::text, c.condeferrable, c.condeferred, c.confupdtype::text, c.confdeltype::text, "
            "c.conkey::text, c.confkey::text FROM pg_constraint c "
            f"JOIN pg_namespace n ON n.oid = c.connamespace WHERE n.nspname = {here} ORDER BY 1",
            f"SELECT sequencename, data_type::text, last_value FROM pg_sequences WHERE schemaname = {here} ORDER BY 1",
        )
        for row in postgres.run(query, database=database)
    ]


def test_from_duckdb_to_duckdb_all_is_the_same(shop: DuckDBWarehouse, tmp_path: Path) -> None:
    target = DuckDBWarehouse("dev", tmp_path / "dev.duckdb")
    assert install(shop, "shop", target, tmp_path) == ()
    wanted = described(shop, "shop")
    assert described(target, "twin__r1") == wanted
    assert [key.references for key in wanted["things"].foreign_keys] == ["kinds", "things"]  # to itself too
    assert {one.definition for one in wanted["things"].constraints} == {"CHECK((amount < 1e9))"}
    assert (wanted["kinds"].column("label").default, wanted["kinds"].unique) == ("'none'", (("label",),))
    assert wanted["things"].column("twice").generated.endswith("VIRTUAL")
    assert digests(target, "twin__r1", wanted) == digests(shop, "shop", wanted)


def test_from_duckdb_to_postgres_types_are_translated_and_keys_declared(shop: DuckDBWarehouse, postgres: Server, tmp_path: Path) -> None:
    target = PostgresWarehouse("dev", postgres.url(postgres.new_database()))
    assert install(shop, "shop", target, tmp_path) == ()
    wanted, made = described(shop, "shop"), described(target, "twin__r1")
    assert made["things"].foreign_keys == wanted["things"].foreign_keys
    assert made["kinds"].unique == (("label",),)
    assert made["kinds"].column("label").default == "'none'::text"
    natives = {column.name: column.native_type for column in made["things"].columns}
    assert natives == {
        **{"id": "integer", "kind": "text", "parent": "integer", "amount": "numeric(38,10)", "tiny": "smallint", "huge": "numeric(39,0)"},
        **{"moment": "timestamp with time zone", "lasted": "interval", "token": "uuid", "bytes": "bytea", "plain": "json"},
        **{"flags": "bit varying", "feeling": '"things_feeling"', "counts": "integer[]", "nested": "json", "day": "date"},
        **{"clock": "time without time zone", "single": "real", "twice": "integer"},
    }
    assert digests(target, "twin__r1", wanted) == digests(shop, "shop", wanted)


def test_from_postgres_to_duckdb_types_are_translated_and_keys_declared(postgres: Server, tmp_path: Path) -> None:
    database = postgres.new_database()
    postgres.run(*SHOP, database=database)
    source, target = PostgresWarehouse("prod", postgres.url(database)), DuckDBWarehouse("dev", tmp_path / "dev.duckdb")
    assert install(source, "shop", target, tmp_path) == ()
    wanted, made = described(source, "shop"), described(target, "twin__r1")
    for name, table in wanted.items():
        assert [(one.name, one.sql_type, one.nullable) for one in made[name].columns] == [
            (one.name, one.sql_type, one.nullable) for one in table.columns
        ]
        assert (made[name].primary_key, made[name].foreign_keys, made[name].unique) == (table.primary_key, table.foreign_keys, table.unique)
    assert made["customers"].column("tier").default == "'plain'"
    assert digests(target, "twin__r1", wanted) == digests(source, "shop", wanted)


def test_what_the_rows_do_not_keep_is_left_out_and_said(shop: DuckDBWarehouse, postgres: Server, tmp_path: Path) -> None:
    database = postgres.new_database()
    made_later = "ALTER TABLE t ADD CONSTRAINT small CHECK (a < 3) NOT VALID"
    postgres.run("CREATE TABLE t (a int, b int UNIQUE)", made_later, database=database)
    source = PostgresWarehouse("prod", postgres.url(database))
    twin = twin_of(source, "public", "postgres")
    made = target_schema(twin, release=1)
    with duckdb.connect() as opened:
        opened.execute(f"COPY (SELECT 5::INTEGER AS a, 1::INTEGER AS b FROM range(2)) TO '{tmp_path / 't.parquet'}' (FORMAT parquet)")
    left = source.install("twin__r1", made.statements, {"t": tmp_path / "t.parquet"}, made.finishing)
    assert [statement.partition(" ADD ")[2] for statement in left] == [
        'CONSTRAINT "small" CHECK ((a < 3)) NOT VALID',
        'CONSTRAINT "t_b_key" UNIQUE (b)',
    ]
    with duckdb.connect() as opened:
        opened.execute(IN_DUCKDB.replace("shop", "twin__r1"))
        opened.execute("UPDATE twin__r1.things SET amount = 1 WHERE id = 1")
        assert broken_constraints(opened, twin_of(shop, "shop", "duckdb"), "twin__r1") == ()
        opened.execute("CREATE SCHEMA bare")
        for table in ("kinds", "things"):
            opened.execute(f"CREATE TABLE bare.{table} AS FROM twin__r1.{table}")
        opened.execute("UPDATE bare.things SET amount = 1e10, parent = id")
        opened.execute("UPDATE bare.kinds SET label = 'same'")
        broken = broken_constraints(opened, twin_of(shop, "shop", "duckdb"), "bare")
    assert broken == (("kinds", 'UNIQUE("label")'), ("things", "CHECK((amount < 1e9))"), ("things", 'FOREIGN KEY ("parent")'))
    statements = target_schema(twin_of(shop, "shop", "duckdb"), release=1, broken=broken).statements
    assert not any("UNIQUE" in text or "CHECK" in text or 'FOREIGN KEY ("parent")' in text for text in statements)


@pytest.mark.parametrize("dialect", ["duckdb", "postgres"])
def test_keys_of_the_manifests_alone_are_not_declared_where_the_ddl_is_to_be_the_sources(shop: DuckDBWarehouse, dialect: Dialect) -> None:
    bare = described(shop, "shop")["kinds"]
    keyless = replace(bare, primary_key=(), columns=tuple(replace(column, nullable=True) for column in bare.columns))
    for source, declared in ((None, True), (keyless, False)):
        kinds = ResolvedTable(bare, keep_real=False, source=source)
        made = target_schema(ResolvedTwin("t", "a", "s", "b", "s", 1, None, 10, 0.2, (kinds,), "duckdb", dialect), release=1).statements
        assert any("PRIMARY KEY" in text for text in made) is declared
        assert any('"code"' in text and "NOT NULL" in text for text in made) is declared
