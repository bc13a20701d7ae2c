"""Differences of two releases, told from their records."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from warehouse_twin.releases.diffing import SCORES_SHOWN, diff


def column(name: str, sql_type: str = "INTEGER", *, nullable: bool = True) -> dict[str, Any]:
    return {"name": name, "sql_type": sql_type, "nullable": nullable}


def table(*columns: dict[str, Any]) -> dict[str, Any]:
    return {"columns": list(columns), "primary_key": ["id"], "foreign_keys": []}


@pytest.fixture
def record() -> dict[str, Any]:
    return {
        "twin": "shop",
        "release": 1,
        "tables": {"orders": {"rows": 10, "digest": "o1"}, "customers": {"rows": 5, "digest": "c1"}},
        "schema": {"orders": table(column("id"), column("paid")), "customers": table(column("id"))},
        "scores": {"orders.pair_trend": 0.9, "orders.column_shape(paid)": 0.95},
        "models": {"orders": "m1", "customers": "n1"},
        "manifest_digest": "x",
        "verdict": {"status": "pass"},
    }


def test_the_same_data_under_another_number(record: dict[str, Any]) -> None:
    found = diff(record, {**record, "release": 2})
    assert found.same
    assert found.lines() == ("shop@1 → shop@2: the same data, verdict pass → pass",)
    assert found.to_dict()["same"] is True


def test_everything_that_can_differ(record: dict[str, Any]) -> None:
    later = copy.deepcopy(record)
    later["release"] = 2
    del later["tables"]["customers"]
    later["tables"]["refunds"] = {"rows": 1, "digest": "r1"}
    later["tables"]["orders"] = {"rows": 1200, "digest": "o2"}
    later["schema"]["orders"] = table(column("note", "VARCHAR"), column("paid", "DECIMAL(10,2)", nullable=False))
    later["schema"]["orders"]["primary_key"] = ["note"]
    later["scores"] = {"orders.pair_trend": 0.8, "orders.orphans": 0.0}
    later["models"] = {"orders": "m2"}
    later["manifest_digest"] = "y"
    later["verdict"] = {"status": "undecided-accepted"}
    found = diff(record, later)
    assert not found.same
    assert (found.added, found.removed, found.data, found.models) == (("refunds",), ("customers",), ("orders",), ("customers", "orders"))
    assert found.lines() == (
        "shop@1 → shop@2: other data, verdict pass → undecided-accepted",
        "+ table refunds",
        "- table customers",
        "  orders: + column note VARCHAR",
        "  orders: - column id",
        "  orders: column paid: INTEGER → DECIMAL(10,2)",
        "  orders: column paid: not null now",
        "  orders: another primary key",
        "  orders: 10 → 1,200 rows",
        "  customers: another model",
        "  orders: another model",
        "  another manifest",
        "  orders.column_shape(paid): 0.9500 → none",
        "  orders.orphans: none → 0.0000",
        "  orders.pair_trend: 0.9000 → 0.8000",
    )
    assert found.to_dict()["rows"] == {"orders": (10, 1200)}


def test_columns_in_another_order_and_rows_alone(record: dict[str, Any]) -> None:
    later = copy.deepcopy(record)
    later["schema"]["orders"]["columns"].reverse()
    later["schema"]["customers"]["columns"][0]["nullable"] = False
    later["tables"]["customers"]["digest"] = "c2"
    assert diff(record, later).lines()[1:] == (
        "  customers: column id: not null now",
        "  orders: columns in another order",
        "  customers: other rows",
    )
    assert diff(later, record).lines()[1] == "  customers: column id: null allowed now"


def test_the_largest_changes_of_scores_come_first(record: dict[str, Any]) -> None:
    record["scores"] = {f"t.s{number:02}": 0.0 for number in range(SCORES_SHOWN + 5)}
    later = {**record, "scores": {label: int(label[-2:]) / 100 + 0.01 for label in record["scores"]}}
    told = diff(record, later).lines()
    assert told[1] == "  t.s24: 0.0000 → 0.2500"
    assert told[-1] == "  (+5 more scores)"
    assert len(told) == SCORES_SHOWN + 2
