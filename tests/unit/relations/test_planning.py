"""Frames of roots and children: how many rows, and which parent each has."""

from collections import Counter
from dataclasses import replace

import pytest

from tiny_blueprints import (
    CUSTOMERS,
    ORDERS,
    PEOPLE,
    SHOPS,
    THREE_SHOPS,
    TO_CUSTOMER,
    TO_SHOP,
    Written,
    blueprint,
    evidence,
    frame_of,
    plain,
)
from tiny_twins import link, resolved
from warehouse_twin.errors import SourceError
from warehouse_twin.manifest.resolved import ResolvedTable

# ── root tables ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("size", "rows"), [({}, 50), ({"rows": 7}, 7), ({"rows": 0}, 0), ({"factor": 2.0}, 100), ({"factor": 0.1}, 5), ({"factor": 0.001}, 0)]
)
def test_a_root_table_has_the_rows_that_were_asked_for(size: dict[str, float], rows: int) -> None:
    table = replace(CUSTOMERS, **size)
    assert plain(frame_of(blueprint(table, source_rows=50), {}, seed=1)) == {"id": list(range(1, rows + 1))}


def test_a_table_without_any_key_has_rows_alone() -> None:
    assert plain(frame_of(blueprint(resolved("notes", "text VARCHAR"), source_rows=3), {}, seed=1)) == {}


# ── links ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_parents_have_as_many_children_as_profiled() -> None:
    found = plain(
        frame_of(blueprint(CUSTOMERS, ORDERS, keys=[evidence(TO_CUSTOMER, (0.0, 0.0, 1), (3.0, 3.0, 1))]), {"customers": PEOPLE}, seed=1)
    )
    assert sorted(Counter(found["customer"]).values()) == [3, 3]
    assert found["id"] == [1, 2, 3, 4, 5, 6]


def test_children_may_follow_from_the_parents_columns() -> None:
    plan = blueprint(
        CUSTOMERS, ORDERS, keys=[evidence(TO_CUSTOMER, (1.0, 1.0, 4))], children=Written({"#children": [2, 0, -1, 1]}), context=("age",)
    )
    found = plain(frame_of(plan, {"customers": PEOPLE}, seed=1))
    assert found["customer"] == [11, 11, 14]
    assert found["customers.age"] == [30, 30, 60]


def test_rows_without_a_parent_are_as_common_as_in_the_source() -> None:
    plan = blueprint(CUSTOMERS, ORDERS, keys=[evidence(TO_CUSTOMER, (3.0, 3.0, 4), nulls=0.25)], context=("age",))
    found = plain(frame_of(plan, {"customers": PEOPLE}, seed=1))
    assert len(found["customer"]) == 16
    assert found["customer"].count(None) == found["customers.age"].count(None) == 4


def test_where_no_row_has_a_parent_the_rows_are_the_sources() -> None:
    plan = blueprint(CUSTOMERS, ORDERS, keys=[evidence(TO_CUSTOMER, (0.0, 0.0, 4), nulls=1.0)], source_rows=9)
    assert plain(frame_of(plan, {"customers": PEOPLE}, seed=1))["customer"] == [None] * 9


def test_a_key_that_may_not_be_null_never_is() -> None:
    required = replace(
        ORDERS, table=replace(ORDERS.table, columns=(ORDERS.table.columns[0], replace(ORDERS.table.columns[1], nullable=False)))
    )
    plan = blueprint(CUSTOMERS, required, keys=[evidence(TO_CUSTOMER, (3.0, 3.0, 4), nulls=0.25)], source_rows=12)
    assert None not in plain(frame_of(plan, {"customers": PEOPLE}, seed=1))["customer"]


def test_orphans_that_may_not_be_null_get_a_parent() -> None:
    """Twelve rows of the source, a third of them orphans: two a parent are known of, three a parent there must be."""
    plan = blueprint(CUSTOMERS, ORDERS, keys=[evidence(TO_CUSTOMER, (2.0, 2.0, 4), orphans=1 / 3)], source_rows=12, parent_rows=4)
    found = Counter(plain(frame_of(plan, {"customers": PEOPLE}, seed=1))["customer"])
    assert sorted(found.values()) == [2, 2, 4, 4]


def test_more_children_than_the_source_has_are_too_many() -> None:
    plan = blueprint(CUSTOMERS, ORDERS, keys=[evidence(TO_CUSTOMER, (3.0, 3.0, 4))], source_rows=60, parent_rows=40)
    assert Counter(Counter(plain(frame_of(plan, {"customers": PEOPLE}, seed=1))["customer"]).values()) == {3: 2}
    assert len(plain(frame_of(replace(plan, source_rows=117), {"customers": PEOPLE}, seed=1))["customer"]) == 12  # near enough


@pytest.mark.parametrize("cells", [(), ((0.0, 0.0, 3),)])
def test_counts_that_are_protected_do_not_empty_the_table(cells: tuple) -> None:
    plan = blueprint(CUSTOMERS, ORDERS, keys=[evidence(TO_CUSTOMER, *cells, protected=1)], source_rows=20, parent_rows=2)
    assert Counter(plain(frame_of(plan, {"customers": PEOPLE}, seed=1))["customer"]) == dict.fromkeys([11, 12, 13, 14], 10)


def test_parents_without_rows_have_no_children() -> None:
    plan = blueprint(CUSTOMERS, ORDERS, keys=[evidence(TO_CUSTOMER, (2.0, 2.0, 4), nulls=0.5)], source_rows=20, parent_rows=4)
    assert plain(frame_of(plan, {"customers": PEOPLE.slice(0, 0)}, seed=1)) == {"customer": [], "id": []}


def visits(nullable: bool = True) -> ResolvedTable:
    return resolved("visits", "customer BIGINT", f"shop BIGINT{'' if nullable else '!'}", foreign=(TO_CUSTOMER, TO_SHOP))


def test_a_second_parent_has_its_own_counts_and_nulls() -> None:
    keys = [evidence(TO_CUSTOMER, (6.0, 6.0, 4)), evidence(TO_SHOP, (0.0, 0.0, 1), (6.0, 6.0, 2), nulls=0.25)]
    found = plain(frame_of(blueprint(CUSTOMERS, SHOPS, visits(), keys=keys), {"customers": PEOPLE, "shops": THREE_SHOPS}, seed=1))
    assert len(found["shop"]) == 24
    assert sorted(Counter(found["shop"]).values()) == [6, 9, 9]
    assert found["shop"].count(None) == 6


def test_a_second_parent_without_rows() -> None:
    keys = [evidence(TO_CUSTOMER, (6.0, 6.0, 4)), evidence(TO_SHOP, (8.0, 8.0, 3))]
    parents = {"customers": PEOPLE, "shops": THREE_SHOPS.slice(0, 0)}
    assert plain(frame_of(blueprint(CUSTOMERS, SHOPS, visits(), keys=keys), parents, seed=1))["shop"] == [None] * 24
    with pytest.raises(SourceError, match=r"visits: 24 rows must refer to shops by \(shop\), which may not be null, but shops has no row"):
        frame_of(blueprint(CUSTOMERS, SHOPS, visits(nullable=False), keys=keys), parents, seed=1)


def test_one_to_one_no_parent_is_taken_twice() -> None:
    key = link("id", "customers")
    cards = resolved("cards", "id BIGINT", "pin INTEGER", key=("id",), foreign=(key,))
    plan = blueprint(CUSTOMERS, cards, keys=[evidence(key, (0.0, 0.0, 1), (1.0, 1.0, 2), (2.0, 2.0, 1))])
    ids = plain(frame_of(plan, {"customers": PEOPLE}, seed=1))["id"]
    assert len(ids) == len(set(ids)) == 3
