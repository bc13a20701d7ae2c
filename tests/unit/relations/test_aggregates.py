"""Columns of a parent that its children add up to: found, let go by one row, and true in the twin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tiny_twins import Learned, Tables, broken_promises, learn, link, resolved, twin_of
from warehouse_twin.profiling.rules.rule import Rule
from warehouse_twin.relations.contexts import summed_apart
from warehouse_twin.relations.key_plans import key_plans
from warehouse_twin.relations.ruling import broken_rows
from warehouse_twin.relations.settling import settled, without_settled
from warehouse_twin.relations.terms import Term, products

INVOICES = resolved(
    "invoices", "id BIGINT", "customer VARCHAR!", "net BIGINT", "lines BIGINT!", "fee BIGINT!", "total BIGINT", "last DATE", key=("id",)
)
LINES = resolved(
    "lines",
    "id BIGINT",
    "invoice BIGINT!",
    "price BIGINT!",
    "quantity BIGINT!",
    "at DATE!",
    key=("id",),
    foreign=(link("invoice", "invoices"),),
)


def books(*, rows: int = 900, seed: int = 2) -> Tables:
    """Invoices with nothing to five lines; a net sum, a number of lines, a fee that is added, and the last day."""
    draw = np.random.default_rng(seed)
    counts = draw.integers(0, 6, rows)
    owner = np.repeat(np.arange(rows), counts)
    price, quantity = draw.integers(1, 500, len(owner)), draw.integers(1, 9, len(owner))
    day = np.datetime64("2020-01-01", "D") + draw.integers(0, 900, len(owner))
    net = np.bincount(owner, weights=price * quantity, minlength=rows).astype(np.int64)
    last = np.full(rows, np.datetime64("1970-01-01", "D"))
    np.maximum.at(last, owner, day)
    none, fee = counts == 0, draw.integers(0, 20, rows)
    return {
        "invoices": pa.table(
            {
                "id": np.arange(rows),
                "customer": draw.choice(["a", "b", "c"], rows),
                "net": pa.array(net, mask=none),
                "lines": counts,
                "fee": fee,
                "total": pa.array(net + fee, mask=none),
                "last": pa.array(last, mask=none),
            }
        ),
        "lines": pa.table({"id": np.arange(len(owner)), "invoice": owner, "price": price, "quantity": quantity, "at": pa.array(day)}),
    }


def texts(learned: Learned) -> dict[str, list[str]]:
    return {name: [rule.text for rule in profile.rules if rule.kind != "offset"] for name, profile in learned.profiles.items()}


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Learned:
    return learn(twin_of(INVOICES, LINES, entity="invoices", k=5), books(), tmp_path_factory.mktemp("books"))


def test_sums_of_products_counts_and_last_days_are_found(learned: Learned) -> None:
    assert texts(learned)["invoices"] == [
        "total = net + fee",
        "net = sum(lines.price * lines.quantity)",
        "lines = count(lines)",
        "last = max(lines.at)",
    ]
    assert [rule.detail["empty"] for rule in learned.profiles["invoices"].rules if rule.kind == "aggregate"] == ["null", "zero", "null"]
    assert all("invoices.last" not in rule.columns for rule in learned.profiles["lines"].rules)


def test_they_are_true_in_the_twin_with_what_follows_from_them(learned: Learned) -> None:
    found = learned.draw(seed=4)
    assert broken_promises(learned.twin, found, books()) == []
    counts = broken_rows(learned.profiles["invoices"], learned.plans["invoices"], found)
    assert set(counts) >= {"lines = count(lines)", "net = sum(lines.price * lines.quantity)", "total = net + fee"}
    assert not any(counts.values())
    wrong = found["invoices"].set_column(3, "lines", pa.array([9] * found["invoices"].num_rows))
    assert broken_rows(learned.profiles["invoices"], learned.plans["invoices"], {**found, "invoices": wrong})["lines = count(lines)"]


def test_one_parent_that_differs_is_enough(tmp_path: Path) -> None:
    source = books(rows=6_000)
    lines = source["invoices"]["lines"].to_numpy().copy()
    lines[5_432] += 1
    source["invoices"] = source["invoices"].set_column(3, "lines", pa.array(lines))
    learned = learn(twin_of(INVOICES, LINES, entity="invoices", k=5, holdout=0.05), source, tmp_path)
    held = learned.training("invoices")["id"].to_pylist()
    assert ("lines = count(lines)" in texts(learned)["invoices"]) == (5_432 not in held)


def test_rows_that_nothing_refers_to_get_what_such_rows_have() -> None:
    """Invoice 1 has two lines of 3 and 4, invoice 2 none."""
    detail = {
        "function": "sum",
        "table": "lines",
        "column": "price",
        "of": ["price"],
        "columns": ["invoice"],
        "references": ["id"],
        "step": 1.0,
    }
    lines = pa.table({"invoice": [1, 1], "price": [3, 4]})
    invoices = pa.table({"id": [1, 2], "net": pa.array([99, 98])})
    for empty, second in (("zero", 0), ("free", 98)):
        rule = Rule("aggregate", "net", (), {**detail, "empty": empty})
        assert settled(invoices, [rule], lambda name, names: lines.select(list(names)))["net"].to_pylist() == [7, second]
    nothing = Rule("aggregate", "net", (), {**detail, "empty": "null"})
    open_ = pa.table({"id": [1, 2, 3], "net": pa.array([99, 98, None])})
    assert settled(open_, [nothing], lambda name, names: lines.select(list(names)))["net"].to_pylist() == [7, None, None]


def test_rules_that_a_settled_column_could_break_are_let_go() -> None:
    total = Rule("aggregate", "net", (), {"table": "lines"})
    follows = Rule("linear", "total", ("net", "fee"), {"factors": [1.0, 1.0]})
    gone, child = Rule("order", "total", ("fee",)), Rule("order", "price", ("invoices.total",))
    other = Rule("order", "quantity", ("price",))
    plans = key_plans(twin_of(INVOICES, LINES))
    assert without_settled({"invoices": (total, follows, gone), "lines": (child, other)}, plans) == {
        "invoices": (total, follows),
        "lines": (other,),
    }


ORDERS = resolved("orders", "id BIGINT", "region VARCHAR!", "total DECIMAL(15,2)!", key=("id",))
TO_ORDERS = link("parent", "orders")
ITEMS = resolved("items", "id BIGINT", "parent BIGINT!", "price BIGINT!", "off DOUBLE!", "tax DOUBLE!", key=("id",), foreign=(TO_ORDERS,))


def sales(*, alike: bool = False, rounded: str = "cut", rows: int = 900, seed: int = 6) -> Tables:
    """Orders of two to five items at prices of their own, or with `alike` of their order, less a discount and with a tax."""
    draw = np.random.default_rng(seed)
    owner = np.repeat(np.arange(rows), draw.integers(2, 6, rows))
    level = draw.integers(1, 200, rows)[owner] if alike else draw.integers(1, 200, len(owner))
    price, off, tax = level * 7, draw.integers(0, 11, len(owner)), draw.integers(0, 9, len(owner))
    once, twice = (price * (100 - off) * (100 + tax) + 50) // 100, price * (100 - off) * (100 + tax) // 100
    cents = {"round": once, "cut": twice}[rounded]
    total = pa.array(np.bincount(owner, weights=cents, minlength=rows) / 100).cast(pa.decimal128(15, 2), safe=False)
    items = {"id": np.arange(len(owner)), "parent": owner, "price": price, "off": off / 100, "tax": tax / 100}
    return {
        "orders": pa.table({"id": np.arange(rows), "region": draw.choice(["a", "b"], rows), "total": total}),
        "items": pa.table(items),
    }


@pytest.mark.parametrize("rounded", ["cut", "round"])
def test_a_total_with_discount_and_tax_is_true_to_the_cent(rounded: str, tmp_path: Path) -> None:
    learned = learn(twin_of(ORDERS, ITEMS, entity="orders", k=5), sales(rounded=rounded), tmp_path)
    wanted = f"total = sum(items.price * (1 - items.off) * (1 + items.tax), {rounded})"
    assert texts(learned)["orders"] == [wanted]
    found = learned.draw(seed=4)
    assert broken_rows(learned.profiles["orders"], learned.plans["orders"], found)[wanted] == 0
    prices, owner = found["items"].column("price").to_numpy().astype(float), found["items"].column("parent").to_numpy()
    order = np.argsort(owner, kind="stable")
    same = owner[order][1:] == owner[order][:-1]
    assert abs(np.corrcoef(prices[order][1:][same], prices[order][:-1][same])[0, 1]) <= 0.08


def test_items_are_drawn_given_a_total_only_where_they_are_alike(tmp_path: Path) -> None:
    for alike in (False, True):
        folder = tmp_path / str(alike)
        folder.mkdir()
        learned = learn(twin_of(ORDERS, ITEMS, entity="orders", k=5), sales(alike=alike), folder)
        apart = summed_apart("items", TO_ORDERS, learned.profiles)
        assert apart == (frozenset() if alike else {"total"})
        assert ("orders.total" in learned.blueprint("items").given) == alike
    assert summed_apart("others", TO_ORDERS, learned.profiles) == frozenset()


def test_a_term_by_hand() -> None:
    """7.77 less a tenth is 6.993, with a tax of 5 % 7.34265; cut after each factor 6.99 and 7.33."""
    numbers = {"price": np.asarray([7.77]), "off": np.asarray([0.1]), "tax": np.asarray([0.05])}
    term = Term("sum", ("price", "off", "tax"), ("", "1 - ", "1 + "))
    values = [float(one.values(numbers.__getitem__, 0.01)[0]) for one in term.rounded_ways()]
    assert values == pytest.approx([7.34265, 7.34, 7.33])
    assert term.text("items") == "price * (1 - items.off) * (1 + items.tax)"
    found = list(products(["price", "off", "tax"], numbers.__getitem__))
    assert term in found
    assert Term("sum", ("price", "off")) in found
