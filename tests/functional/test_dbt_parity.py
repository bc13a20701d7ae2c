"""A dbt project over TPC-H: it says of the twin, drawn as it comes, what it says of the source; of independent columns it does not."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from benchmarks import tpch
from benchmarks.queries import statements

from browser import headless, opened
from shop_project import Project
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.parity.sides import write_floor
from warehouse_twin.workspace import read_json

SCALE = 0.01
ASKED = """\
gates:
  undecided: {{accept: true, reason: "A hundred suppliers and some 300 customers that are held out decide little."}}
dbt_parity: {{project: {reports}}}
workload: {{queries: queries/*.sql}}
tables:
"""
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
    (project.root / "queries").mkdir()
    for number, query in statements(scale=SCALE).items():
        (project.root / "queries" / f"q{number:02d}.sql").write_text(query)
    manifest = project.root / "twins" / "tpch.yml"
    manifest.write_text(manifest.read_text().replace("tables:\n", ASKED.format(reports=reports), 1))
    project.twin("gate", "tpch")
    twin = read_json(_output(project, "gate") / "parity.json")
    assert not [path for path in reports.rglob("*") if not (REPORTS / path.relative_to(reports)).exists()], "it is somebody's own"
    _put_floor_in_its_place(project, root / "floor")
    return Compared(project, twin, project.json("parity", "tpch@1", "--project", str(reports), status=1))


def _output(project: Project, stage: str) -> Path:
    receipt = project.workspace / "runs" / "tpch" / "1" / "receipts" / f"{stage}.json"
    return project.workspace / str(read_json(receipt)["output"])


def _put_floor_in_its_place(project: Project, folder: Path) -> None:
    resolved = ResolvedTwin.from_dict(read_json(project.workspace / "runs" / "tpch" / "1" / "resolved.json"))
    source = project.root / "source"
    floor = write_floor(folder, resolved=resolved, source={name: source / f"{name}.parquet" for name in tpch.KEYS}, seed=99)
    built = _output(project, "materialize")
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


def test_parity_is_a_part_of_the_verdict(compared: Compared) -> None:
    verdict = read_json(_output(compared.project, "gate") / "verdict.json")
    assert verdict["passed"]
    assert verdict["problems"] == []
    facts = read_json(compared.project.workspace / "runs" / "tpch" / "1" / "receipts" / "gate.json")["facts"]
    assert facts["parity"][0].startswith("tpch@1 on reports: parity; tests 44 of 44")


def test_the_queries_of_tpch_are_answered_nearly_as_by_the_source(compared: Compared) -> None:
    """Shown between their yardsticks; of answers with few customers behind them nothing is said."""
    verdict = read_json(_output(compared.project, "gate") / "verdict.json")
    found = {item["score"]["columns"][0]: item for item in verdict["judged"] if item["name"] == "query_error"}
    assert sorted(found) == [f"q{number:02d}" for number in range(1, 23)]
    assert {item["status"] for item in found.values()} == {"shown"}
    told = {name: item["score"] for name, item in found.items() if item["score"]["n"]}
    assert {"q01", "q04", "q06", "q10", "q12", "q13", "q22"} <= told.keys()
    assert told["q01"]["value"] < 0.1 < 0.5 < told["q01"]["floor"]
    assert found["q18"]["would"] == "undecided"
    assert "BUILDING" not in json.dumps(verdict)
    report = (_output(compared.project, "gate") / "report.html").read_text()
    assert "q01" in report


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (400, True)])
def test_its_report_opens_in_a_browser(compared: Compared, width: int, dark: bool) -> None:
    with headless() as browser, opened(browser, _output(compared.project, "gate") / "report.html", width=width, dark=dark) as found:
        assert (found.said, found.asked) == ([], [])
        assert found.page.locator(".graph a").count() == len(tpch.KEYS)
        found.unfold()
        assert found.overflowing() == []
        assert dark or found.faults() == []  # axe-core takes its time; in the dark it looks at the shop's


def test_nothing_of_it_stays(compared: Compared) -> None:
    assert not list((compared.project.workspace / "secure" / "scratch").glob(".work-*"))
