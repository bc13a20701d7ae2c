"""What the twin `hangar` is made of: tables, manifest, a profile and models known by hand, scores and a verdict.

Three tables: `carriers` is kept real, `planes` and `flights` are protected. `SENTINEL` stands in every file of the secure
zone, so that a test can look for it where it must not be.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from warehouse_twin.manifest.model import Manifest
from warehouse_twin.manifest.resolved import ResolvedTable, ResolvedTwin
from warehouse_twin.metrics.score import Score
from warehouse_twin.profiling.table_profile import ColumnProfile, Part, TableProfile
from warehouse_twin.synthesizers.registry import find_synthesizer, model_digest
from warehouse_twin.warehouses.catalog import Column, ForeignKey, Table
from warehouse_twin.workspace import write_json, write_text

SENTINEL = "N77SENTINEL31"
TABLES = {
    "carriers": Table("carriers", (Column("code", "VARCHAR", False), Column("name", "VARCHAR", True)), ("code",)),
    "planes": Table("planes", (Column("id", "BIGINT", False), Column("seats", "BIGINT", True)), ("id",)),
    "flights": Table(
        "flights",
        (Column("id", "BIGINT", False), Column("plane", "BIGINT", True), Column("delay", "DOUBLE", True)),
        ("id",),
        (ForeignKey(("plane",), "planes", ("id",)),),
    ),
}
ROWS = {
    "carriers": pa.table({"code": ["AA", "UA"], "name": ["American", "United"]}),
    "planes": pa.table({"id": [1, 2, 3], "seats": [55, 102, 149]}),
    "flights": pa.table({"id": [1, 2, 3, 4], "plane": [3, 1, 1, None], "delay": [2.5, -4.0, None, 11.0]}),
}
MANIFEST = Manifest.model_validate(
    {
        "twin": "hangar",
        "source": {"warehouse": "prod", "schema": "air"},
        "target": {"warehouse": "dev", "schema": "air"},
        "seed": 11,
        "tables": {"carriers": {"keep": "real"}, "planes": None, "flights": None},
    }
)


def resolved_twin(**changes: Any) -> ResolvedTwin:
    return ResolvedTwin(
        **{
            "twin": "hangar",
            "source_warehouse": "prod",
            "source_schema": "air",
            "target_warehouse": "dev",
            "target_schema": "air",
            "seed": 11,
            "entity": "planes",
            "k": 10,
            "holdout": 0.2,
            "tables": (
                ResolvedTable(TABLES["carriers"], keep_real=True),
                ResolvedTable(TABLES["planes"], keep_real=False, synthesizer="independent"),
                ResolvedTable(TABLES["flights"], keep_real=False, synthesizer="tree", challengers=(("independent", {}),)),
            ),
            **changes,
        }
    )


def seats_profile() -> TableProfile:
    """A profile of `planes`, whose one column is known by hand: 50 to 59 seats, or 100 to 109."""
    part = Part("number", cells=((50.0, 59.0, 30), (100.0, 109.0, 30)), step=1.0)
    column = ColumnProfile("seats", "BIGINT", "numeric", 60, 0, 20, (part,))
    return TableProfile("planes", 60, 60, 0, 10, 10, (column,))


def seats_model(folder: Path) -> str:
    """A real model of that profile, saved with its card; returns its digest."""
    training = pa.table({"seats": [50, 52, 54, 55, 56, 59] * 5 + [100, 101, 103, 105, 107, 109] * 5})
    model = find_synthesizer("independent").fit(training, seats_profile(), given=(), parameters={}, seed=1)
    folder.mkdir(parents=True)
    model.save(folder)
    digest = model_digest(folder)
    write_json(folder / "card.json", {"synthesizer": "independent", "digest": digest, "table": "planes", "role": "published"})
    return digest


def opaque_model(folder: Path, name: str) -> str:
    """Files that stand for a model of `flights`; nothing here loads it."""
    write_text(folder / "model.json", f'{{"holds": "{SENTINEL}", "name": "{name}"}}')
    digest = model_digest(folder)
    write_json(folder / "card.json", {"synthesizer": name, "digest": digest, "table": "flights"})
    return digest


def scores() -> dict[str, Any]:
    def score(measure: str, table: str, value: float, **more: Any) -> dict[str, Any]:
        return Score(measure, table, value, value - 0.01, value + 0.01, 100, **more).to_dict()

    return {
        "scores": [
            score("pair_trend", "flights", 0.97, floor=0.8, ceiling=0.99),
            score("column_shape", "flights", 0.96, columns=("delay",)),
            score("column_shape", "planes", 0.98),
            score("row_count", "carriers", 1.0),
        ],
        "challengers": {"flights": {"independent": [score("pair_trend", "flights", 0.85)]}},
    }


def verdict(*, passed: bool = True, release: int = 1) -> dict[str, Any]:
    flights, _, planes, _ = scores()["scores"]
    judged = {"goal": 0.9, "suite": "fidelity", "accepted": None, "loosened": None}
    return {
        "twin": "hangar",
        "release": release,
        "status": "pass" if passed else "fail",
        "passed": passed,
        "expected": 2,
        "evaluated": 2,
        "attempt": release,
        "judged": [
            judged | {"score": flights, "status": "pass" if passed else "fail"},
            judged | {"score": planes, "status": "pass"},
        ],
    }
