"""Families in frames: who belongs together, where a frame may be cut, what must be drawn with all rows at hand."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tiny_twins import link, resolved, twin_of
from warehouse_twin.manifest.resolved import ResolvedTable
from warehouse_twin.relations.families import brought_together, drawn_ahead, families_of, parts_of, unordered
from warehouse_twin.relations.key_plans import key_plans

CUSTOMERS = resolved("customers", "id BIGINT", "start DATE", key=("id",))
TO_CUSTOMER = link("customer", "customers")


def frame(family: list[int]) -> pa.Table:
    return pa.table({"__row": range(len(family)), "#family": family})


def test_a_row_without_a_parent_is_a_family_of_its_own() -> None:
    table = resolved("orders", "customer BIGINT", "at DATE", foreign=(TO_CUSTOMER,), order_by="at")
    assert families_of(table, np.asarray([7, 7, -1, -1]))["#family"].to_pylist() == [7, 7, -3, -4]
    assert families_of(CUSTOMERS, np.asarray([7, 7, -1, -1])) == {}


def test_families_are_brought_together() -> None:
    assert brought_together(frame([2, 1, 2, 1])).column("__row").to_pylist() == [1, 3, 0, 2]
    together = frame([2, 2, 1])
    assert brought_together(together) is together
    alone = pa.table({"__row": [0]})
    assert brought_together(alone) is alone


def test_a_frame_is_cut_between_families() -> None:
    parts = [part.column("#family").to_pylist() for part in parts_of(frame([1, 2, 2, 2, 3, 4]), 2)]
    assert parts == [[1], [2, 2, 2], [3, 4]]
    assert [part.num_rows for part in parts_of(pa.table({"__row": range(5)}), 2)] == [2, 2, 1]
    assert [part.num_rows for part in parts_of(frame([]), 2)] == [0]


@given(st.lists(st.integers(1, 9), max_size=20), st.integers(1, 12))
def test_no_row_is_lost_and_no_family_is_in_two_parts(sizes: list[int], size: int) -> None:
    whole = frame([family for family, count in enumerate(sizes) for _ in range(count)])
    parts = list(parts_of(whole, size))
    assert pa.concat_tables(parts).equals(whole)
    found = [set(part.column("#family").to_pylist()) for part in parts]
    assert sum(map(len, found)) == len(sizes)


def ahead(table: ResolvedTable) -> tuple[str, ...]:
    return drawn_ahead(table, key_plans(twin_of(CUSTOMERS, table))[table.name])


def test_what_is_drawn_with_all_rows_at_hand() -> None:
    """Nothing of a sequence whose key is its own, or the parent's and the time; else all that is drawn."""
    columns = ("customer BIGINT!", "at DATE!", "line INTEGER!", "total DOUBLE")
    more = {"foreign": (TO_CUSTOMER,), "order_by": "at"}
    assert ahead(resolved("orders", "id BIGINT", *columns, key=("id",), **more)) == ()
    assert ahead(resolved("orders", *columns, key=("customer", "at"), **more)) == ()
    assert ahead(resolved("orders", *columns, key=("customer", "line"), **more)) == ("line", "at", "total")
    assert ahead(resolved("orders", *columns, key=("customer", "line"), foreign=(TO_CUSTOMER,))) == ("line",)


def test_an_order_that_cannot_be_drawn_is_refused() -> None:
    columns = ("customer BIGINT!", "at DATE!", "total DOUBLE")

    def refused(**more: object) -> str:
        synthesizer = more.pop("synthesizer", "tree")
        table = resolved("orders", "id BIGINT", *columns, key=("id",), **({"foreign": (TO_CUSTOMER,)} | more))  # type: ignore[arg-type]
        object.__setattr__(table, "synthesizer", synthesizer)
        return " ".join(message for _, message in unordered(twin_of(CUSTOMERS, table)))

    assert refused() == ""
    assert refused(order_by="at") == ""
    assert refused(order_by="at", validity=("at", "total")) == ""
    assert "orders: order_by at: none of its foreign keys decides" in refused(order_by="at", foreign=())
    assert "orders: order_by id: the column is part of a key" in refused(order_by="id")
    assert "orders: order_by at: gaussian_copula draws a table as a whole" in refused(order_by="at", synthesizer="gaussian_copula")
