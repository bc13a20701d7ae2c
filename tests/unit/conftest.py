"""A small twin on disk, left as the pipeline leaves one: for the tests of lineage and of audit.

Three tables: `carriers` is kept real, `planes` and `flights` are protected. `SENTINEL` stands in every file of the secure
zone, so that a test can look for it where it must not be.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from warehouse_twin.digests import digest_file, digest_folder, digest_of, keyed
from warehouse_twin.lineage.recording import record
from warehouse_twin.lineage.tracking import connected
from warehouse_twin.manifest.resolved import ResolvedTable, ResolvedTwin
from warehouse_twin.metrics.score import Score
from warehouse_twin.profiling.table_profile import ColumnProfile, Part, TableProfile
from warehouse_twin.receipts import Receipt, stage_key
from warehouse_twin.settings import Settings
from warehouse_twin.synthesizers.registry import find_synthesizer, model_digest
from warehouse_twin.warehouses.catalog import Column, ForeignKey, Table
from warehouse_twin.workspace import Workspace, new_folder, write_json, write_text

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
ZONES = {"resolve": "internal", "profile": "internal", "gate": "internal"}


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


@dataclass
class Hangar:
    """The twin `hangar`: leaves what stages leave, and records it."""

    settings: Settings
    resolved: ResolvedTwin = field(default_factory=resolved_twin)

    @property
    def workspace(self) -> Workspace:
        return self.settings.workspace

    def run_folder(self, release: int) -> Path:
        return self.workspace.run("hangar", release)

    def leave(
        self,
        stage: str,
        release: int,
        files: Mapping[str, Any],
        facts: Mapping[str, Any],
        *,
        table: str | None = None,
        sources: Mapping[str, str] | None = None,
    ) -> Receipt:
        """Files and receipt of a stage. A file is JSON, or a function that fills a folder of that name."""
        zone = ZONES.get(stage, "secure")
        receipts = self.run_folder(release) / "receipts"
        key = stage_key(stage, inputs={}, parameters={"table": table, "release": release if stage != "train" else 0})
        output = self.workspace.output(zone, "hangar", stage, key)
        with new_folder(output) as folder:
            for name, content in files.items():
                content(folder / name) if callable(content) else write_json(folder / name, content)
            digests = digest_folder(folder) | dict(sources or {})
            receipt = Receipt(stage, key, self.workspace.relative(output), {}, digests, facts)
            receipt.write(folder / "receipt.json")
        receipt.write(receipts / (f"{stage}.json" if table is None else f"{stage}/{table}.json"))
        return receipt

    def record(self, receipt: Receipt, release: int, *, table: str | None = None) -> None:
        folder = self.workspace.root / receipt.output
        record(
            receipt.stage,
            settings=self.settings,
            resolved=self.resolved,
            release=release,
            receipt=receipt,
            folder=folder,
            table=table,
            run_folder=self.run_folder(release),
        )

    def resolve(self, release: int = 1) -> Receipt:
        write_json(self.run_folder(release) / "resolved.json", self.resolved.to_dict())
        snapshot = self.workspace.snapshot("hangar", release)
        write_text(snapshot / "planes.parquet", SENTINEL)
        facts = {"rows": {name: rows.num_rows for name, rows in ROWS.items()}, "holdout": {"planes": 1, "flights": 1}, "repairs": {}}
        sources = {f"source/{name}": keyed(digest_of(rows.to_pylist()), secret=b"s" * 32) for name, rows in ROWS.items()}
        return self.leave("resolve", release, {}, facts, sources=sources)

    def profile(self, release: int = 1) -> Receipt:
        files = {"planes.json": seats_profile().to_dict(), "flights.json": {"rows": 4}}
        return self.leave("profile", release, files, {"rows": {"planes": 60}})

    def train(self, table: str, release: int = 1) -> Receipt:
        digests: dict[str, str] = {}

        def planes(folder: Path) -> None:
            digests["independent"] = seats_model(folder)

        def flights(name: str) -> Any:
            def fill(folder: Path) -> None:
                digests[name] = opaque_model(folder, name)

            return fill

        files = {"independent": planes} if table == "planes" else {"tree": flights("tree"), "independent": flights("independent")}
        roles = {"planes": {"independent": "published"}, "flights": {"tree": "published", "independent": "challenger"}}[table]
        facts: dict[str, Any] = {"models": {}}
        # the facts hold digests that are known only when the files are there
        self.leave("train", release, files, facts, table=table)
        facts = {
            "models": {
                name: {"digest": digests[name], "role": role, "rows": 48, "seconds": 0.5, "parameters": {"leaf_rows": 50}}
                for name, role in roles.items()
            }
        }
        return self.leave("train", release, files, facts, table=table)

    def gate(self, release: int = 1, *, passed: bool = True) -> Receipt:
        files = {"scores.json": scores(), "verdict.json": verdict(passed=passed, release=release), "report.html": "<p>a report</p>"}
        return self.leave("gate", release, files, {"passed": passed})

    def until_gate(self, release: int = 1) -> None:
        """Leave and record everything from resolve to a passed gate."""
        self.record(self.resolve(release), release)
        self.record(self.profile(release), release)
        for table in ("planes", "flights"):
            self.record(self.train(table, release), release, table=table)
        for stage in ("synthesize", "materialize"):
            text = {"rows.json": SENTINEL}
            self.record(self.leave(stage, release, text, {"dbt_invocation": "d-1"}), release)
        self.record(self.gate(release), release)


def settings_of(root: Path) -> Settings:
    workspace = Workspace(root / ".twin")
    return Settings(
        project=root,
        workspace=workspace,
        mlflow_uri=f"sqlite:///{workspace.mlflow / 'mlflow.db'}",
        dvc_remote=str(workspace.dvc_remote),
        lock_seconds=30,
        connections={"dev": f"duckdb://{workspace.warehouses / 'dev.duckdb'}"},
    )


@pytest.fixture(scope="session")
def empty_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new MLflow database; made once, as its migrations take seconds."""
    settings = settings_of(tmp_path_factory.mktemp("mlflow"))
    with connected(settings, create=True):
        pass
    return settings.workspace.mlflow / "mlflow.db"


@pytest.fixture
def hangar(tmp_path: Path, empty_mlflow: Path) -> Iterator[Hangar]:
    """The twin `hangar` in a workspace of its own, with an empty MLflow."""
    settings = settings_of(tmp_path)
    settings.workspace.mlflow.mkdir(parents=True)
    shutil.copy(empty_mlflow, settings.workspace.mlflow / "mlflow.db")
    yield Hangar(settings)
    assert digest_file(empty_mlflow)
