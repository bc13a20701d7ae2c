"""Types in one warehouse's words and in another's."""

from __future__ import annotations

import pytest

from warehouse_twin.warehouses.catalog import Column, Constraint, ForeignKey, Table, UserType
from warehouse_twin.warehouses.column_types import text_limit, translated


@pytest.mark.parametrize(
    ("native", "read_as"),
    [
        ("smallint", "SMALLINT"),
        ("numeric(38,10)", "DECIMAL(38,10)"),
        ("numeric(5,0)", "DECIMAL(5,0)"),
        ("numeric(40,2)", "DOUBLE"),  # more digits than DuckDB has
        ("numeric(2,5)", "DOUBLE"),  # 0.00012: more places than digits
        ("numeric", "DECIMAL(38,10)"),
        ("character varying(20)", "VARCHAR"),
        ("character(3)[]", "VARCHAR[]"),
        ("timestamp(3) with time zone", "TIMESTAMP WITH TIME ZONE"),
        ("timestamp without time zone", "TIMESTAMP"),
        ("interval day to second(3)", "INTERVAL"),
        ("integer[]", "INTEGER[]"),
        ("jsonb", "JSON"),
        ("bytea", "BLOB"),
        ("shop.mood", "VARCHAR"),
        ("inet", "VARCHAR"),
    ],
)
def test_postgres_types_are_read_as(native: str, read_as: str) -> None:
    assert translated(native, source="postgres", target="duckdb") == read_as


@pytest.mark.parametrize(
    ("sql_type", "native"),
    [
        ("DECIMAL(38,10)", "numeric(38,10)"),
        ("UBIGINT", "numeric(20,0)"),
        ("UTINYINT", "smallint"),
        ("TIMESTAMP WITH TIME ZONE", "timestamp with time zone"),
        ("TIMESTAMP_NS", "timestamp without time zone"),
        ("BLOB", "bytea"),
        ("INTEGER[]", "integer[]"),
        ("INTEGER[3]", "integer[]"),
        ("INTEGER[][]", "json"),
        ('STRUCT(a INTEGER, "b c" VARCHAR)', "json"),
        ('STRUCT(a INTEGER, "b c" VARCHAR)[]', "json"),
        ("MAP(VARCHAR, INTEGER)", "json"),
        ("ENUM('a', 'b')", "text"),
        ("VARIANT", "text"),
    ],
)
def test_duckdb_types_are_kept_as(sql_type: str, native: str) -> None:
    assert translated(sql_type, source="duckdb", target="postgres") == native


def test_a_type_is_its_own_translation_at_home() -> None:
    assert translated("ENUM('a')", source="duckdb", target="duckdb") == "ENUM('a')"
    assert translated("money", source="postgres", target="postgres") == "money"


def test_text_has_a_limit_only_where_it_is_declared() -> None:
    found = {native: text_limit(native) for native in ("character varying(20)", "character(3)", "character varying", "text", "bit(3)")}
    assert found == {"character varying(20)": 20, "character(3)": 3, "character varying": None, "text": None, "bit(3)": None}


def test_a_table_comes_back_from_its_dictionary_whole() -> None:
    key = ForeignKey(("shop",), "shops", ("id",), name="item_shop", actions="ON DELETE CASCADE")
    table = Table(
        "items",
        (Column("id", "INTEGER", False, native_type="integer", identity="ALWAYS"), Column("shop", "INTEGER", True, default="1")),
        ("id",),
        (key,),
        constraints=(Constraint("unique", ("shop",), "UNIQUE (shop)", "one_each"), Constraint("check", ("id",), "CHECK ((id > 0))")),
        primary_key_name="items_pkey",
        types=(UserType("mood", ("sad", "glad")),),
        grants=(("PUBLIC", "SELECT"),),
    )
    again = Table.from_dict(table.to_dict())
    assert again == table
    assert (again.foreign_keys[0].name, again.foreign_keys[0].actions, again.unique) == ("item_shop", "ON DELETE CASCADE", (("shop",),))
    column = {"name": "a", "sql_type": "DATE", "nullable": True, "comment": ""}
    old = {"name": "t", "columns": [column], "primary_key": [], "foreign_keys": []}
    assert Table.from_dict(old) == Table("t", (Column("a", "DATE", True),))
