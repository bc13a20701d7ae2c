"""Frames: context found a stretch of rows at a time, and draws that stretches do not change."""

import numpy as np
import pyarrow as pa

from tiny_twins import link
from warehouse_twin.relations.contexts import Way
from warehouse_twin.relations.frames import Contexts, Frame, contexts_of, drawn_in_stretches
from warehouse_twin.synthesizers.sequences import FAMILY

CUSTOMERS = pa.table({"id": [7, 8], "age": [20, 60]})
WAY = Way((link("customer", "customers"),), ("age",), "customers")
ROWS = pa.table({"__row": [0, 1, 2, 3], "customer": pa.array([8, None, 7, 8])})


def frame(rows: pa.Table = ROWS) -> Frame:
    more = pa.table({"#siblings": [2, None, 1, 2]})
    return Frame(rows, contexts_of(rows, [WAY], lambda name, columns: CUSTOMERS.select(list(columns)), more=more))


def test_a_part_of_a_frame_has_the_context_of_its_rows() -> None:
    assert frame().part(1, 3).to_pydict() == {"__row": [1, 2], "customers.age": [None, 20], "#siblings": [None, 1], "customer": [None, 7]}
    assert frame().whole().column("customers.age").to_pylist() == [60, None, 20, 60]


def test_parts_are_the_whole_and_part_no_family() -> None:
    assert pa.concat_tables(frame().parts(3)).equals(frame().whole().combine_chunks())
    families = frame(ROWS.append_column(FAMILY, pa.array([0, 5, 5, 5])))
    assert [part.num_rows for part in families.parts(2)] == [1, 3]


def test_a_frame_without_context() -> None:
    alone = Frame(pa.table({"__row": [0, 1], "id": [1, 2]}))
    assert alone.whole().equals(alone.rows)
    assert Contexts().part(0, 2) is None


class Counting:
    """Draws the number of each row and its context."""

    def sample(self, rows: int, *, seed: int, counters=None, context=None, columns=None) -> pa.Table:
        counters = np.arange(rows) if counters is None else counters
        return pa.table({"number": counters + seed, "given": context.column("x")})


def test_stretches_draw_what_the_whole_would() -> None:
    given = pa.table({"x": range(10)})
    found = [
        drawn_in_stretches(Counting(), 10, lambda begin, end: given.slice(begin, end - begin), seed=5, stretch=size) for size in (3, 10)
    ]
    assert found[0].combine_chunks().equals(found[1])
    assert found[0].column("given").to_pylist() == list(range(10))
