"""Rules over whole schemas: planted in the source, found in the profile, and kept in every row of the twin."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tiny_twins import Learned, Tables, broken_promises, learn, link, resolved, twin_of
from warehouse_twin.relations.ruling import broken_rows

CITIES = {"Ulm": "DE", "Bonn": "DE", "Lyon": "FR", "Nice": "FR", "Rome": "IT"}
CUSTOMERS = resolved("customers", "id BIGINT", "city VARCHAR!", "country VARCHAR!", "since DATE!", "until DATE", key=("id",))
ORDERS = resolved(
    "orders",
    "id BIGINT",
    "customer BIGINT!",
    "city VARCHAR!",
    "placed TIMESTAMP!",
    "year INTEGER!",
    "shipped TIMESTAMP",
    "net BIGINT!",
    "tax BIGINT!",
    "total BIGINT!",
    "refund BIGINT",
    "reason VARCHAR",
    key=("id",),
    foreign=(link("customer", "customers"),),
)


def shop(seed: int, *, customers: int = 400, each: int = 4, lost: float = 0.3) -> Tables:
    """Customers and orders in which everything is as it should be."""
    draw = np.random.default_rng(seed)
    city = draw.choice(list(CITIES), customers, p=[0.3, 0.2, 0.2, 0.15, 0.15])
    since = np.datetime64("2018-01-01", "D") + draw.integers(0, 1_500, customers)
    until = since + draw.integers(1, 2_000, customers)
    owner = np.sort(draw.integers(0, customers, customers * each))
    rows = len(owner)
    placed = (since[owner] + draw.integers(0, 900, rows)).astype("datetime64[us]") + draw.integers(0, 86_400, rows) * np.timedelta64(1, "s")
    shipped = placed + draw.integers(3_600, 400_000, rows) * np.timedelta64(1, "s")
    net, tax = draw.integers(100, 90_000, rows), draw.integers(0, 900, rows)
    back = draw.uniform(size=rows) < lost
    return {
        "customers": pa.table(
            {
                "id": np.arange(customers),
                "city": city,
                "country": [CITIES[name] for name in city],
                "since": pa.array(since),
                "until": pa.array(until, mask=draw.uniform(size=customers) < 0.5),
            }
        ),
        "orders": pa.table(
            {
                "id": np.arange(rows),
                "customer": owner,
                "city": city[owner],
                "placed": pa.array(placed),
                "year": pa.array(placed.astype("datetime64[Y]").astype(int) + 1970, type=pa.int32()),
                "shipped": pa.array(shipped, mask=back),
                "net": net,
                "tax": tax,
                "total": net + tax,
                "refund": pa.array(draw.integers(1, 100, rows), mask=~back),
                "reason": pa.array(draw.choice(["late", "broken"], rows), mask=~back),
            }
        ),
    }


def texts(learned: Learned, table: str) -> list[str]:
    return [rule.text for rule in learned.profiles[table].rules]


def broken(learned: Learned, tables: Tables) -> dict[str, int]:
    counts: dict[str, int] = {}
    for item in learned.twin.protected:
        counts |= broken_rows(learned.profiles[item.name], learned.plans[item.name], tables)
    return {text: count for text, count in counts.items() if count}


def test_rules_of_a_child_reach_to_its_parent(tmp_path: Path) -> None:
    source = shop(3, customers=900)
    learned = learn(twin_of(CUSTOMERS, ORDERS, entity="customers", k=5), source, tmp_path)
    assert texts(learned, "customers") == ["city -> country", "since <= until"]
    found = texts(learned, "orders")
    assert {
        "city = customers.city",
        "year = year(placed)",
        "total = net + tax",
        "offset(shipped, placed)",
        "customers.since <= placed",
        "placed <= shipped",
        "null(reason) = null(refund)",
    } <= set(found)
    twin = learned.draw(seed=5)
    assert broken(learned, twin) == {}
    assert broken_promises(learned.twin, twin, source) == []
    assert set(broken(learned, {**twin, "orders": twin["orders"].set_column(8, "total", twin["orders"]["net"])})) >= {"total = net + tax"}


def test_a_rule_that_the_manifest_lets_go_is_not_kept(tmp_path: Path) -> None:
    orders = replace(ORDERS, ignored_rules=("total = net + tax", "city = customers.city"))
    learned = learn(twin_of(CUSTOMERS, orders, entity="customers", k=5), shop(3), tmp_path)
    ignored = [rule.text for rule in learned.profiles["orders"].rules if rule.ignored]
    assert ignored == ["city = customers.city", "total = net + tax"]
    rows = learned.draw(seed=5)["orders"].to_pydict()
    assert any(total != net + tax for total, net, tax in zip(rows["total"], rows["net"], rows["tax"], strict=True))


@given(seed=st.integers(0, 10_000), each=st.integers(1, 5), lost=st.floats(0, 1), k=st.sampled_from([2, 5, 10]), entity=st.booleans())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_mined_rule_holds(seed: int, each: int, lost: float, k: int, entity: bool) -> None:
    source = shop(seed, customers=250, each=each, lost=lost)
    with tempfile.TemporaryDirectory() as folder:
        learned = learn(twin_of(CUSTOMERS, ORDERS, entity="customers" if entity else None, k=k), source, Path(folder))
        twin = learned.draw(seed=seed)
    assert len(learned.profiles["orders"].rules) >= 4
    assert broken(learned, twin) == {}
