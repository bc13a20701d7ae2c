"""A shop of 300 customers and 900 orders, its files with and without their entities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tiny_twins import link, resolved, twin_of
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.manifest.workload import Workload
from warehouse_twin.metrics.score import Score
from warehouse_twin.workload.planning import Query, plan_queries
from warehouse_twin.workload.scoring import Sides, workload_scores
from warehouse_twin.workload.statements import read_statements

CUSTOMERS = 300
TWIN = twin_of(
    resolved("countries", "code VARCHAR", "name VARCHAR", key=("code",), keep_real=True),
    resolved(
        "customers", "id INTEGER", "name VARCHAR", "country VARCHAR", "tier VARCHAR", "salary DOUBLE", key=("id",),
        foreign=(link("country", "countries", "code"),), pii={"name": ("name", "en_US")},
    ),
    resolved(
        "orders", "id INTEGER", "customer INTEGER", "total DECIMAL(10,2)", "placed DATE", key=("id",),
        foreign=(link("customer", "customers"),),
    ),
    entity="customers",
    k=10,
)  # fmt: skip


def rows(*, seed: int) -> dict[str, pa.Table]:
    """Gold customers order three times as much; one of them alone lives in Japan."""
    draw = np.random.default_rng(seed)
    gold = draw.random(CUSTOMERS) < 0.3
    country = draw.choice(["DE", "FR", "US"], CUSTOMERS, p=[0.6, 0.3, 0.1])
    country[7] = "JP"
    owner = np.repeat(np.arange(CUSTOMERS), 3)
    totals = np.round(np.where(gold[owner], 90, 30) * draw.gamma(4, 0.25, len(owner)), 2)
    days = np.datetime64("2024-01-01") + draw.integers(0, 120, len(owner))
    return {
        "countries": pa.table({"code": ["DE", "FR", "JP", "US"], "name": ["Germany", "France", "Japan", "United States"]}),
        "customers": pa.table(
            {
                "id": np.arange(CUSTOMERS),
                "name": [f"person {number} of {seed}" for number in range(CUSTOMERS)],
                "country": country,
                "tier": np.where(gold, "gold", "plain"),
                "salary": np.where(gold, 9000.0, 3000.0) + draw.random(CUSTOMERS),
            }
        ),
        "orders": pa.table({"id": np.arange(len(owner)), "customer": owner, "total": totals, "placed": days.astype("datetime64[D]")}),
    }


def write(folder: Path, tables: Mapping[str, pa.Table], *, split: bool = False) -> dict[str, Path]:
    folder.mkdir(parents=True)
    for name, table in tables.items():
        if split:
            entity = table.column({"customers": "id", "orders": "customer"}.get(name, table.column_names[0]))
            people = pa.array(entity.to_numpy() if name != "countries" else np.full(len(table), -1), pa.int64())
            table = table.append_column("__entity", people)
            table = table.append_column("__holdout", pa.array(people.to_numpy() % 5 == 0))
        pq.write_table(table, folder / f"{name}.parquet")
    return {name: folder / f"{name}.parquet" for name in tables}


@dataclass(frozen=True)
class Shop:
    """Files of a source and of another draw of it, and a folder for queries."""

    folder: Path
    source: dict[str, Path]
    twin: dict[str, Path]
    resolved: ResolvedTwin = TWIN

    def plan(self, *queries: str, dialect: str = "duckdb", name: str = "asked.sql") -> tuple[Query, ...]:
        (self.folder / name).write_text("\n".join(queries))
        return plan_queries(read_statements(Workload(queries=(name,)), project=self.folder, dialect=dialect), self.resolved)

    def scores(self, *queries: str, twin: Mapping[str, Path] | None = None, seconds: float = 20) -> dict[str, Score]:
        """Scores by measure, of one query; by measure and name, of several."""
        plans = self.plan(*queries)
        scratch = self.folder / "scratch"
        scratch.mkdir(exist_ok=True)
        found = workload_scores(plans, Sides(self.resolved, self.source, twin or self.twin), seconds=seconds, seed=1, scratch=scratch)
        assert not list(scratch.iterdir())
        return {score.measure if len(plans) == 1 else f"{score.measure} {score.columns[0]}": score for score in found}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    source = write(tmp_path / "source", rows(seed=1), split=True)
    return Shop(tmp_path, source, write(tmp_path / "twin", rows(seed=2)))


@pytest.fixture
def twin_with(tmp_path: Path) -> Callable[..., dict[str, Path]]:
    """The files of a twin, with some of its tables changed."""

    def made(**changed: pa.Table) -> dict[str, Path]:
        return write(tmp_path / f"twin of {'-'.join(changed)}", rows(seed=2) | changed)

    return made
