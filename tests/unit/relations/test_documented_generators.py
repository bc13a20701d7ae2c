"""Every example of the manifest's documentation is resolved, learned and drawn."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pytest
import yaml

from tiny_twins import learn
from warehouse_twin.manifest.checking import resolve_manifest
from warehouse_twin.manifest.json_schema import manifest_schema
from warehouse_twin.manifest.loading import load
from warehouse_twin.manifest.reading import read_document
from warehouse_twin.warehouses.catalog import Column, ForeignKey, Table

DOCUMENT = Path(__file__).parents[3] / "docs" / "manifest.md"
ROWS = 120
HEAD = """\
twin: shop
source: {warehouse: prod, schema: shop}
target: {warehouse: dev, schema: shop}
seed: 7
k: 2
tables:
  customers:
  orders:
"""
Check = Callable[[dict[str, Any]], bool]
COLUMNS: dict[str, tuple[str, pa.Array, Check]] = {
    "id": ("BIGINT", pa.array(range(ROWS)), lambda row: row["id"] % 10 == 0),
    "line_no": ("INTEGER", pa.array([7] * ROWS, type=pa.int32()), lambda row: row["line_no"] in (1, 2, 3)),
    "net": (
        "DECIMAL(10,2)",
        pa.array([Decimal(f"{300 * (row % 9)}.99") for row in range(ROWS)], type=pa.decimal128(10, 2)),
        lambda row: True,
    ),
    "placed": ("DATE", pa.array([date(2024, 1, 1 + row % 28) for row in range(ROWS)]), lambda row: True),
    "employer": ("VARCHAR", pa.array(["real"] * ROWS), lambda row: row["employer"] not in ("", "real")),
    "remark": ("VARCHAR", pa.array(["real"] * ROWS), lambda row: row["remark"] is None or 0 < len(row["remark"]) <= 80),
    "nickname": ("VARCHAR", pa.array(["real"] * ROWS), lambda row: row["nickname"].isascii()),
    "discount": ("DOUBLE", pa.array([0.5] * ROWS), lambda row: round(row["discount"] / 0.05, 6) in range(7)),
    "age": ("INTEGER", pa.array([10 + row for row in range(ROWS)], type=pa.int32()), lambda row: 18 <= row["age"] <= 99),
    "born": ("DATE", pa.array([date(1900, 1, 1)] * ROWS), lambda row: date(1940, 1, 1) <= row["born"] <= date(2006, 12, 31)),
    "called_at": (
        "TIMESTAMP",
        pa.array([datetime(1900, 1, 1)] * ROWS, type=pa.timestamp("us")),
        lambda row: row["called_at"].minute % 15 == 0 and row["called_at"].year == 2024,
    ),
    "sku": ("VARCHAR", pa.array(["real"] * ROWS), lambda row: bool(re.fullmatch(r"[A-Z]{3}-\d{4}", row["sku"]))),
    "plate": ("VARCHAR", pa.array(["real"] * ROWS), lambda row: bool(re.fullmatch(r"(B|HH|M)-[A-Z]{1,2} [1-9]\d{0,3}", row["plate"]))),
    "channel": ("VARCHAR", pa.array(["web"] * ROWS), lambda row: row["channel"] in ("web", "shop", "phone")),
    "rating": ("SMALLINT", pa.array([9] * ROWS, type=pa.int16()), lambda row: row["rating"] in range(1, 6)),
    "currency": ("VARCHAR", pa.array(["real"] * ROWS), lambda row: row["currency"] == "EUR"),
    "gross": (
        "DECIMAL(12,2)",
        pa.array([Decimal(0)] * ROWS, type=pa.decimal128(12, 2)),
        lambda row: row["gross"] == round(row["net"] * Decimal("1.19"), 2),
    ),
    "size": ("VARCHAR", pa.array(["real"] * ROWS), lambda row: row["size"] == ("big" if row["net"] > 1000 else "small")),
    "due": ("DATE", pa.array([date(1900, 1, 1)] * ROWS), lambda row: (row["due"] - row["placed"]).days == 14),
    "label": ("VARCHAR", pa.array(["real"] * ROWS), lambda row: row["label"] == f"{row['channel'].upper()}-{str(row['id'])[:6]:0>6}"),
}
"""column → its type, the source's values, and what holds in a row of the twin when the documentation's generator made it"""
UNIQUE = {"id", "nickname", "sku"}


def examples() -> list[str]:
    section = DOCUMENT.read_text(encoding="utf-8").partition("#### Generators\n")[2].partition("\n### ")[0]
    return re.findall(r"```yaml\n(columns:.*?)```", section, re.DOTALL)


def test_every_rule_has_an_example() -> None:
    said = [column["generator"] for text in examples() for column in yaml.safe_load(text)["columns"].values()]
    assert {rule for generator in said for rule in generator} >= {
        "faker", "range", "pattern", "sequence", "choice", "constant", "expression", "unique", "nulls",
    }  # fmt: skip


def test_examples_fit_the_schema_for_editors() -> None:
    validator = jsonschema.Draft202012Validator(manifest_schema())
    for example in examples():
        text = HEAD + "".join(f"    {line}\n" for line in example.splitlines())
        assert list(validator.iter_errors(read_document(text.encode(), "shop.yml").data)) == []


@pytest.mark.parametrize("example", examples(), ids=lambda text: text.split()[1].rstrip(":"))
def test_an_example_does_what_it_says(example: str, tmp_path: Path) -> None:
    path = tmp_path / "shop.yml"
    path.write_text(HEAD + "".join(f"    {line}\n" for line in example.splitlines()), encoding="utf-8")
    customers = Table("customers", (Column("id", "INTEGER", nullable=False),), ("id",))
    columns = tuple(Column(name, sql_type, nullable=True) for name, (sql_type, _, _) in COLUMNS.items())
    orders = Table(
        "orders",
        (*columns, Column("customer_id", "INTEGER", nullable=False)),
        ("id",),
        (ForeignKey(("customer_id",), "customers", ("id",)),),
    )
    twin = resolve_manifest(load(path), [customers, orders], synthesizers=["tree"], goals=[])
    owners = pa.array([row // 3 for row in range(ROWS)], type=pa.int32())
    source = {
        "customers": pa.table({"id": pa.array(range(ROWS // 3), type=pa.int32())}),
        "orders": pa.table({**{name: values for name, (_, values, _) in COLUMNS.items()}, "customer_id": owners}),
    }
    drawn = learn(twin, source, tmp_path).draw(seed=1)["orders"]
    assert drawn.num_rows == ROWS
    for name in yaml.safe_load(example)["columns"]:
        check = COLUMNS[name][2]
        assert all(check(row) for row in drawn.to_pylist()), name
        assert name not in UNIQUE or len(set(drawn.column(name).to_pylist())) == ROWS
