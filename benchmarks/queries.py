"""What somebody who asks TPC-H's 22 queries of the twin is told, beside what the source says: `make bench CASE=queries`.

The error of a query is, for each of its numeric aggregates, Σ|a - b| / Σ|a| over the rows of both answers, and the mean of these
(aggregates differ in scale). Rows are matched by their groups where these mean something by themselves (a nation, a year, a brand); a
group that one answer lacks counts as 0 there. Where rows are keyed (an order, a supplier, a part: queries 2, 3, 10, 11, 15, 18, 21)
they are matched by rank, in the query's own order. Query 20 names suppliers and has no number: how many there are is compared. An answer
that is right to be empty is 0 off; anything where nothing should be is 1 off.

WORK=<folder> with source/ and twin/, as `CASE=tpch1` leaves it, and SCALE; without WORK the twin is made first. Beside the twin:
`redrawn`, another draw of reality, which says how much of an error is chance, and `independent`, columns shuffled and links at random.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.linked import Schema, Tables, read_tables
from benchmarks.relational import independent
from benchmarks.tpch import KEYS, make_project, workplace
from warehouse_twin.metrics.workload import relative_difference
from warehouse_twin.warehouses.catalog import ForeignKey, Table

FILE = Path(__file__).with_name("tpch.sql")
COUNTED, QUERIES = 20, 22
APART = {"supplier": ("s_suppkey",), "part": ("p_partkey", "p_retailprice"), "partsupp": ("ps_partkey", "ps_suppkey")}
"""Tables whose other columns TPC-H draws apart from everything else."""


@dataclass(frozen=True)
class Reading:
    """How rows of two answers are matched, by `groups` or else by rank, and the numbers that are compared (None: all others)."""

    groups: Sequence[str] = ()
    numbers: Sequence[str] | None = None


READINGS = {
    1: Reading(["l_returnflag", "l_linestatus"]),
    2: Reading(numbers=["s_acctbal"]),
    3: Reading(numbers=["revenue"]),
    4: Reading(["o_orderpriority"]),
    5: Reading(["n_name"]),
    7: Reading(["supp_nation", "cust_nation", "l_year"]),
    8: Reading(["o_year"]),
    9: Reading(["nation", "o_year"]),
    10: Reading(numbers=["revenue"]),
    11: Reading(numbers=["value"]),
    12: Reading(["l_shipmode"]),
    13: Reading(["c_count"]),
    15: Reading(numbers=["total_revenue"]),
    16: Reading(["p_brand", "p_type", "p_size"]),
    18: Reading(numbers=["o_totalprice", "sum_qty"]),
    21: Reading(numbers=["numwait"]),
    22: Reading(["cntrycode"]),
}
"""The others have one row, all of it numbers."""

FOREIGN = {
    "nation": [("n_regionkey", "region", "r_regionkey")],
    "supplier": [("s_nationkey", "nation", "n_nationkey")],
    "partsupp": [("ps_partkey", "part", "p_partkey"), ("ps_suppkey", "supplier", "s_suppkey")],
    "customer": [("c_nationkey", "nation", "n_nationkey")],
    "orders": [("o_custkey", "customer", "c_custkey")],
    "lineitem": [("l_orderkey", "orders", "o_orderkey"), ("l_partkey l_suppkey", "partsupp", "ps_partkey ps_suppkey")],
}
SCHEMA = Schema(
    tuple(
        Table(name, (), key, tuple(ForeignKey(tuple(a.split()), b, tuple(c.split())) for a, b, c in FOREIGN.get(name, [])))
        for name, key in KEYS.items()
    ),
    frozenset({"region", "nation"}),
)


def statements(*, scale: float) -> dict[int, str]:
    """The queries of tpch.sql by number."""
    found = {}
    for part in FILE.read_text().split("\n\n-- ")[1:]:
        head, _, query = part.partition("\n")
        found[int(head.partition(":")[0])] = query.replace("{fraction}", f"{0.0001 / scale:.12f}")
    return found


def answers(folder: Path, *, scale: float) -> dict[int, pd.DataFrame]:
    """The answer of every query on a folder with one Parquet file a table."""
    with duckdb.connect() as opened:
        for name in KEYS:
            opened.read_parquet(str(folder / f"{name}.parquet")).create_view(name)
        return {number: opened.execute(query).df() for number, query in statements(scale=scale).items()}


def error(number: int, real: pd.DataFrame, other: pd.DataFrame) -> float:
    """How far the answer is off, see above."""
    if number == COUNTED:
        return relative_difference(np.array([len(real)]), np.array([len(other)]))
    reading = READINGS.get(number, Reading())
    sides = []
    for side in (real, other):
        keyed = side.set_index(list(reading.groups)) if reading.groups else side.reset_index(drop=True)
        numbers = list(reading.numbers or keyed.columns)
        sides.append(keyed[numbers].astype(float))
    one, two = sides[0].align(sides[1], join="outer")
    return float(np.mean([relative_difference(one[name].fillna(0).to_numpy(), two[name].fillna(0).to_numpy()) for name in one]))


def errors(real: Mapping[int, pd.DataFrame], other: Mapping[int, pd.DataFrame]) -> dict[int, float]:
    return {number: error(number, real[number], other[number]) for number in real}


def redrawn(source: Path, target: Path, *, seed: int) -> None:
    """Another draw of reality: customers with replacement, their orders and lines with them under new keys.

    What TPC-H draws apart from everything else is drawn again by itself: what suppliers are, what parts are (but for the price, which
    lines multiply), what is in stock and at which cost. Who supplies which part stays.
    """
    draw, tables = np.random.default_rng(seed), read_tables(source, KEYS)
    for name, kept in APART.items():
        other = tables[name].take(draw.integers(0, tables[name].num_rows, tables[name].num_rows))
        tables[name] = pa.table({column: (tables if column in kept else {name: other})[name][column] for column in other.column_names})
    customers = tables["customer"].num_rows
    fresh = pa.array(np.arange(1, customers + 1))
    drawn = tables["customer"].take(draw.integers(0, customers, customers))
    tables["customer"] = drawn.set_column(0, "c_custkey", fresh)
    with duckdb.connect() as opened:
        opened.register("drawn", pa.table({"old": drawn.column("c_custkey"), "fresh": fresh}))
        opened.register("orders", tables["orders"])
        opened.register("lineitem", tables["lineitem"])
        opened.execute("CREATE TABLE o AS SELECT orders.*, fresh, row_number() OVER () AS key FROM drawn JOIN orders ON o_custkey = old")
        new_orders = opened.sql("SELECT * EXCLUDE (fresh, key) REPLACE (key AS o_orderkey, fresh AS o_custkey) FROM o")
        tables["orders"] = new_orders.to_arrow_table()
        new_lines = opened.sql("SELECT lineitem.* REPLACE (key AS l_orderkey) FROM o JOIN lineitem ON l_orderkey = o_orderkey")
        tables["lineitem"] = new_lines.to_arrow_table()
    _write(tables, target)


def study(source: Path, twin: Path, *, scale: float) -> list[dict[str, Any]]:
    """A line a side: the error of every query, and their median."""
    real = answers(source, scale=scale)
    lines = [_line("tree", scale, errors(real, answers(twin, scale=scale)))]
    with tempfile.TemporaryDirectory() as folder:
        again, floor = Path(folder) / "redrawn", Path(folder) / "independent"
        again.mkdir()
        redrawn(source, again, seed=1)
        lines.append(_line("redrawn", scale, errors(real, answers(again, scale=scale))))
        floor.mkdir()
        _write(independent(SCHEMA, read_tables(source, KEYS), seed=1), floor)
        lines.append(_line("independent", scale, errors(real, answers(floor, scale=scale))))
    return lines


def _write(tables: Tables, folder: Path) -> None:
    for name, rows in tables.items():
        pq.write_table(rows, folder / f"{name}.parquet")


def _line(engine: str, scale: float, found: Mapping[int, float]) -> dict[str, Any]:
    rounded = {f"q{number}": round(value, 4) for number, value in found.items()}
    return {"case": "queries", "scale": scale, "engine": engine, "median": round(float(np.median(list(found.values()))), 4), **rounded}


def show(lines: Sequence[Mapping[str, Any]]) -> None:
    """A row a query, a column a side; then one JSON object a line."""
    print(" | ".join(["query", *(line["engine"] for line in lines)]))
    for name in ("median", *(f"q{number}" for number in range(1, QUERIES + 1))):
        print(" | ".join([name, *(f"{line[name]:.4f}" for line in lines)]))
    for line in lines:
        print(json.dumps(line))


def main() -> int:
    scale = float(os.environ.get("SCALE", "0.1"))
    kept = Path(os.environ.get("WORK", "")).resolve() / f"tpch-{scale:g}"
    if os.environ.get("WORK") and (kept / "twin").exists():
        show(study(kept / "source", kept / "twin", scale=scale))
        return 0
    with workplace(f"tpch-{scale:g}") as folder:
        project = make_project(folder, scale)
        project.run("synthesize")
        project.link_twin()
        show(study(project.source, project.twin, scale=scale))
    return 0


if __name__ == "__main__":
    sys.exit(main())
