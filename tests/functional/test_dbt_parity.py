"""A dbt project over TPC-H: it says of the twin, drawn as it comes, what it says of the source; of independent columns it does not."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from benchmarks import tpch

from shop_project import Project
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.parity.sides import write_floor
from warehouse_twin.workspace import read_json

SCALE = 0.01
REPORTS = Path(__file__).parents[1] / "tpch_project"


@dataclass(frozen=True)
class Compared:
    """What the command says of the candidate, and then of the floor in its place."""

    project: Project
    twin: dict[str, Any]
    floor: dict[str, Any]


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    root = tmp_path_factory.mktemp("tpch")
    tpch.make_project(root / "project", SCALE)
    project = Project(root / "project")
    reports = root / "elsewhere" / "reports"
    shutil.copytree(REPORTS, reports)
    project.twin("materialize", "tpch")
    twin = project.json("parity", "tpch@1", "--project", str(reports))
    assert not [path for path in reports.rglob("*") if not (REPORTS / path.relative_to(reports)).exists()], "it is somebody's own"
    _put_floor_in_its_place(project, root / "floor")
    return Compared(project, twin, project.json("parity", "tpch@1", "--project", str(reports), status=1))


def _put_floor_in_its_place(project: Project, folder: Path) -> None:
    run = project.workspace / "runs" / "tpch" / "1"
    resolved = ResolvedTwin.from_dict(read_json(run / "resolved.json"))
    snapshot = project.workspace / "secure" / "tpch" / "snapshot" / "1"
    floor = write_floor(folder, resolved=resolved, source={name: snapshot / f"{name}.parquet" for name in tpch.KEYS}, seed=99)
    built = project.workspace / read_json(run / "receipts" / "materialize.json")["output"]
    for table in resolved.protected:
        shutil.copy(floor[table.name], built / "tables" / f"{table.name}.parquet")


def test_the_twin_has_parity(compared: Compared) -> None:
    assert compared.twin["problems"] == []
    assert compared.twin["passed"]
    assert len(compared.twin["models"]) == 15
    assert all(said == {"source": "pass", "twin": "pass"} for said in compared.twin["tests"].values())
    assert len(compared.twin["tests"]) == 44
    assert sum(mart["telling"] for mart in compared.twin["marts"]) >= 5


def test_independent_columns_have_not(compared: Compared) -> None:
    named = {problem.partition(":")[0] for problem in compared.floor["problems"]}
    assert named >= {"shipped_before_received", "received_after_shipped", "ordered_before_shipped"}
    assert named >= {"fct_lines", "fct_orders", "monthly_revenue", "pricing_summary", "shipping"}
    lines = next(mart for mart in compared.floor["marts"] if mart["name"] == "fct_lines")
    assert {"unit_price", "days_to_ship", "days_in_transit"} <= set(lines["differing"])


def test_nothing_of_it_stays(compared: Compared) -> None:
    assert not list((compared.project.workspace / "secure" / "scratch").glob(".work-*"))
