"""A twin of two tables in memory: drivers (keys, personal data) and their trips, whose columns depend on each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.gates.inputs import Inputs, Part
from warehouse_twin.manifest.model import Manifest
from warehouse_twin.manifest.resolved import Column, ForeignKey, ResolvedTable, ResolvedTwin, Table

EXPECTATIONS = Path(__file__).parents[3] / "expectations"
ZONES = pa.table({"zone": ["n", "s", "w"], "name": ["north", "south", "west"]})
ZONE = Table("zones", (Column("zone", "VARCHAR", False), Column("name", "VARCHAR", True)), ("zone",))
DRIVER = Table(
    "drivers",
    tuple(Column(*column, True) for column in (("id", "BIGINT"), ("name", "VARCHAR"), ("age", "DOUBLE"), ("zone", "VARCHAR"))),
    ("id",),
    (ForeignKey(("zone",), "zones", ("zone",)),),
)
TRIP = Table(
    "trips",
    tuple(
        Column(*column, True)
        for column in (("id", "BIGINT"), ("driver", "BIGINT"), ("km", "DOUBLE"), ("fare", "DOUBLE"), ("kind", "VARCHAR"))
    ),
    ("id",),
    (ForeignKey(("driver",), "drivers", ("id",)),),
)
TWIN = ResolvedTwin(
    "cabs", "prod", "cabs", "dev", "cabs", 7, "drivers", 10, 0.2,
    (
        ResolvedTable(ZONE, True),
        ResolvedTable(DRIVER, False, "tree", pii={"name": ("name", "en_US")}),
        ResolvedTable(TRIP, False, "tree", challengers=(("independent", {}),)),
    ),
)  # fmt: skip


def make_drivers(count: int, seed: int, *, first: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    zone = rng.choice(["n", "s", "w"], count, p=[0.5, 0.3, 0.2])
    age = rng.normal(np.where(zone == "n", 35, 50), 8).round(1)
    ids = np.arange(first, first + count)
    return pa.table({"id": ids, "name": [f"p{index}" for index in ids], "age": age, "zone": zone})


def make_trips(drivers: pa.Table, seed: int, *, first: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    driver = np.repeat(drivers.column("id").to_numpy(), rng.poisson(4, len(drivers)))
    count = len(driver)
    km = rng.gamma(2, 5, count)
    fare = np.where(rng.random(count) < 0.05, np.nan, 2.5 + 1.8 * km + rng.normal(0, 1, count))
    kind = np.where(km > 12, "long", rng.choice(["day", "night"], count))
    ids = np.arange(first, first + count)
    return pa.table({"id": ids, "driver": driver, "km": km, "fare": pa.array(fare, from_pandas=True), "kind": kind})


def shuffled(table: pa.Table, seed: int) -> pa.Table:
    """Every column by itself in another order: the columns' distributions without their relations."""
    rng = np.random.default_rng(seed)
    return pa.table({name: table.column(name).take(rng.permutation(len(table))) for name in table.column_names})


@dataclass
class Release:
    """The tables of one release; a test changes what it is about."""

    real: dict[str, tuple[Part, Part]]
    twin: dict[str, pa.Table]
    floor: dict[str, pa.Table]
    challengers: dict[str, dict[str, pa.Table]] = field(default_factory=dict)

    @property
    def inputs(self) -> Inputs:
        return Inputs(self.real.__getitem__, self.twin.__getitem__, self.floor.get, lambda name: self.challengers.get(name, {}))


def make_release(training: int = 1_600, holdout: int = 400) -> Release:
    """A source and a perfect twin: other rows of the same distribution."""
    parts = [make_drivers(training, 1), make_drivers(holdout, 2, first=training)]
    trips = [make_trips(part, seed) for seed, part in enumerate(parts, start=11)]
    twin = make_drivers(training + holdout, 3)
    real = {
        "zones": (Part(ZONES, np.arange(3)), Part(ZONES.slice(0, 0), np.arange(0))),
        "drivers": tuple(Part(part, part.column("id").to_numpy()) for part in parts),
        "trips": tuple(Part(trip, trip.column("driver").to_numpy()) for trip in trips),
    }
    floor = {"drivers": shuffled(parts[0].drop_columns(["id"]), 21), "trips": shuffled(trips[0].drop_columns(["id", "driver"]), 22)}
    return Release(real, {"zones": ZONES, "drivers": twin, "trips": make_trips(twin, 13)}, floor)


@pytest.fixture
def release() -> Release:
    return make_release()


@pytest.fixture
def twin() -> ResolvedTwin:
    return TWIN


@pytest.fixture
def with_table() -> Callable[..., ResolvedTwin]:
    """The twin with fields of one resolved table changed."""

    def change(name: str, **fields: object) -> ResolvedTwin:
        return replace(TWIN, tables=tuple(replace(table, **fields) if table.name == name else table for table in TWIN.tables))

    return change


@pytest.fixture
def make_manifest() -> Callable[..., Manifest]:
    """A manifest of the twin; `gates` of the twin, and of tables by name."""

    def make(gates: dict[str, object] | None = None, **tables: dict[str, object]) -> Manifest:
        return Manifest.model_validate(
            {
                "twin": "cabs",
                "source": {"warehouse": "prod", "schema": "cabs"},
                "target": {"warehouse": "dev", "schema": "cabs"},
                "seed": 7,
                "gates": gates or {},
                "tables": {"zones": {"keep": "real"}, "drivers": {}, "trips": {}} | {name: {"gates": own} for name, own in tables.items()},
            }
        )

    return make


@pytest.fixture
def expectations() -> Path:
    """The policy that is shipped."""
    return EXPECTATIONS
