"""What a PostgreSQL schema says of itself, and its rows to the last digit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pyarrow as pa
import pytest

from postgres_cases import SCHEMA, STATEMENTS
from postgres_server import Server
from warehouse_twin.errors import SourceError, TransientError, TwinError
from warehouse_twin.warehouses import open_warehouse
from warehouse_twin.warehouses.catalog import Column, Constraint, ForeignKey, Table, UserType
from warehouse_twin.warehouses.postgres_warehouse import PostgresWarehouse

LONGEST, MILLION = 2**63 - 1, 1_000_000


@pytest.fixture(scope="module")
def url(postgres: Server) -> str:
    database = postgres.new_database()
    postgres.run(*STATEMENTS, 'GRANT SELECT ON "Shop ""1""".things TO PUBLIC', database=database)
    return postgres.url(database)


@pytest.fixture
def warehouse(url: str) -> PostgresWarehouse:
    return PostgresWarehouse("prod", url, lock_seconds=5)


@pytest.fixture(scope="module")
def tables(url: str) -> dict[str, Table]:
    with PostgresWarehouse("prod", url).snapshot(SCHEMA) as snapshot:
        return {table.name: table for table in snapshot.tables()}


@pytest.fixture(scope="module")
def things(url: str, tables: dict[str, Table]) -> pa.Table:
    with PostgresWarehouse("prod", url).snapshot(SCHEMA) as snapshot:
        return snapshot.read(tables["things"])


def test_keys_constraints_types_and_grants_are_read(tables: dict[str, Table]) -> None:
    things = tables["things"]
    assert list(tables) == ["kinds", "things"]
    assert (things.primary_key, things.primary_key_name) == (("id",), "things_pkey")
    assert things.foreign_keys == (ForeignKey(("kind",), "kinds", ("code",)), ForeignKey(("parent",), "things", ("id",)))
    said = [(key.name, key.actions) for key in things.foreign_keys]
    assert said == [("things_kind_fkey", "ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED"), ("tree", "ON DELETE SET NULL")]
    assert set(things.constraints) == {
        Constraint("check", ("small", "big"), "CHECK (((small < 1000) OR (big > 0)))", "little"),
        Constraint("unique", ("kind", "number"), "UNIQUE (kind, number)", "once"),
        Constraint("unique", ("token",), "UNIQUE (token)", "things_token_key"),
    }
    assert [one.name for one in things.types] == ["mood", "percent"]
    assert things.types[0] == UserType("mood", ("sad", "so so", "it's fine"))
    assert things.types[1].definition.startswith("numeric(5,2) CONSTRAINT percent_check CHECK (((VALUE >= ")
    assert things.grants == (("PUBLIC", "SELECT"),)
    assert things.comment == "What there is; isn't it?"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("id", Column("id", "INTEGER", False, native_type="integer", identity="ALWAYS")),
        ("number", Column("number", "INTEGER", False, "", "integer", "nextval('things_number_seq'::regclass)", "SERIAL")),
        ("amount", Column("amount", "DECIMAL(38,10)", True, "to the tenth digit", "numeric(38,10)")),
        ("loose", Column("loose", "DECIMAL(18,3)", True, native_type="numeric")),  # as wide as its values need
        ("share", Column("share", "DECIMAL(5,2)", True, native_type='"percent"', default="50")),
        ("moment", Column("moment", "TIMESTAMP WITH TIME ZONE", True, "", "timestamp with time zone", "now()")),
        ("feeling", Column("feeling", "ENUM('sad', 'so so', 'it''s fine')", True, "", '"mood"', "'so so'::mood")),
        ("feelings", Column("feelings", "VARCHAR", True, native_type='"mood"[]')),
        ("total", Column("total", "DECIMAL(12,2)", True, "", "numeric(12,2)", generated="(((small)::numeric * 2.5)) STORED")),
    ],
)
def test_a_column_says_how_it_is_made(tables: dict[str, Table], name: str, wanted: Column) -> None:
    assert tables["things"].column(name) == wanted


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("amount", [Decimal("1234567890123456789012345678.0123456789"), Decimal("-0.0000000001"), None]),
        ("loose", [Decimal("1.500"), Decimal("12345.678"), None]),
        ("small", [-32768, 0, None]),
        ("big", [LONGEST, 0, None]),
        ("yes", [True, False, None]),
        ("zoned", ["10:00:00.5+05:30", "00:00:00+00", None]),
        ("lasted", ["10 months 3 days -04:05:06.789", "00:00:00", None]),
        ("bytes", [b"\x00\xff", b"", None]),
        ("plain", ['{"b":1, "a": [1,  2]}', "[]", None]),
        ("rich", ['{"a": 1.50, "b": 1}', "{}", None]),
        ("feeling", ["it's fine", "sad", None]),
        ("counts", [[1, None, 3], [], None]),
        ("names", [["a", "b c", None, ""], [], None]),
        ("feelings", ['{sad,"so so"}', "{}", None]),
        ("sums", [[Decimal("1.00001"), Decimal("-2.00000")], [], None]),
        ("address", ["10.0.0.1/32", "::1/128", None]),
        ("price", ["12.50", "-1.00", None]),
        ("total", [Decimal("-81920.00"), Decimal("0.00"), None]),
        ("kind", ["a", "bcd", "a"]),
    ],
)
def test_values_arrive_exactly(things: pa.Table, name: str, values: list[object]) -> None:
    assert things.column(name).to_pylist() == values


def test_times_arrive_to_the_microsecond_infinite_and_before_christ(things: pa.Table) -> None:
    counts = {name: things.column(name).combine_chunks().view(pa.int64()).to_pylist() for name in ("moment", "wall")}
    midday = 1_709_200_800 * MILLION + 123_456  # 2024-02-29 10:00:00.123456 in UTC
    assert counts == {
        "moment": [midday, LONGEST, -63_517_788_000 * MILLION],
        "wall": [-2_208_988_800 * MILLION - 1_000, -LONGEST, None],
    }
    assert things.column("day").combine_chunks().view(pa.int32()).to_pylist() == [2_932_896, -735_160, 2**31 - 1]
    assert things.column("clock").combine_chunks().view(pa.int64()).to_pylist() == [86_400 * MILLION, 0, None]


def test_numbers_keep_their_sign_and_what_is_no_number(things: pa.Table) -> None:
    assert [str(value) for value in things.column("single").to_pylist()] == ["1.100000023841858", "nan", "-0.0"]
    assert [str(value) for value in things.column("twice").to_pylist()] == ["0.1", "-inf", "-0.0"]


def test_a_snapshot_stays_as_it_was_for_several_readers(postgres: Server) -> None:
    database = postgres.new_database()
    postgres.run(
        "CREATE TABLE a (i int)", "CREATE TABLE b (i int)", "INSERT INTO a VALUES (1)", "INSERT INTO b VALUES (1)", database=database
    )
    with PostgresWarehouse("prod", postgres.url(database)).snapshot("public") as snapshot:
        postgres.run("INSERT INTO a VALUES (2)", "UPDATE b SET i = 2", "DELETE FROM a WHERE i = 1", database=database)
        with ThreadPoolExecutor(snapshot.readers) as readers:
            found = list(readers.map(snapshot.read, snapshot.tables()))
    assert snapshot.readers > 1
    assert [table.column("i").to_pylist() for table in found] == [[1], [1]]


def test_rows_come_in_the_order_of_their_key_wherever_they_lie(postgres: Server) -> None:
    database = postgres.new_database()
    postgres.run(
        "CREATE TABLE a (i int PRIMARY KEY, t text)",
        "INSERT INTO a VALUES (3, 'x'), (1, 'y'), (2, 'z')",
        "UPDATE a SET t = 'w' WHERE i = 1",
        "CREATE TABLE b (t text)",
        "INSERT INTO b VALUES ('b'), (NULL), ('B'), ('a')",
        database=database,
    )
    warehouse = PostgresWarehouse("prod", postgres.url(database))
    assert warehouse.read("public", "a").column("i").to_pylist() == [1, 2, 3]
    assert warehouse.read("public", "b").column("t").to_pylist() == ["B", "a", "b", None]


def test_a_table_that_may_not_be_read_is_told_by_name(postgres: Server) -> None:
    database = postgres.new_database()
    secret = "a-visitor's"
    postgres.run(
        "CREATE TABLE closed (i int)", f"CREATE ROLE visitor LOGIN PASSWORD '{secret.replace(chr(39), chr(39) * 2)}'", database=database
    )
    visitor = open_warehouse("prod", postgres.url(database, user="visitor", password="a-visitor%27s"))
    with visitor.snapshot("public") as snapshot, pytest.raises(SourceError, match=r"public\.closed: permission denied for table closed"):
        snapshot.read(snapshot.tables()[0])


def test_an_unknown_schema_or_table_names_the_nearest(warehouse: PostgresWarehouse) -> None:
    with pytest.raises(SourceError, match='no schema \'shop "2"\' in the database; did you mean Shop "1"'), warehouse.snapshot('shop "2"'):
        pass
    with pytest.raises(SourceError, match=r"no table 'thing' in schema .*; did you mean things"):
        warehouse.read(SCHEMA, "thing")


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"password": "hunter2"}, SourceError, "password authentication failed"),
        ({"database": "nowhere"}, SourceError, 'database "nowhere" does not exist'),
    ],
)
def test_who_is_not_let_in_is_told_so_without_secrets(postgres: Server, change: dict[str, str], error: type[TwinError], said: str) -> None:
    with pytest.raises(error, match=said) as caught:
        PostgresWarehouse("prod", postgres.url(**change)).schemas()
    assert "hunter2" not in str(caught.value)
    assert postgres.password not in str(caught.value)
    assert "hunter2" not in repr(PostgresWarehouse("prod", "postgresql://me:hunter2@db/prod"))


def test_a_server_that_is_not_there_may_be_tried_again() -> None:
    with pytest.raises(TransientError, match=r"warehouse prod: 127\.0\.0\.1:1/x: cannot be reached") as caught:
        PostgresWarehouse("prod", "postgresql://me:hunter2@127.0.0.1:1/x").schemas()
    assert "hunter2" not in str(caught.value)
