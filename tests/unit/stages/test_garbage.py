"""What `twin gc` may drop of the target."""

from pathlib import Path

import duckdb
import pytest

from warehouse_twin.manifest.model import Manifest
from warehouse_twin.settings import Settings
from warehouse_twin.stages.garbage import collect
from warehouse_twin.warehouses import Publication
from warehouse_twin.warehouses.duckdb_warehouse import DuckDBWarehouse
from warehouse_twin.workspace import Workspace

MANIFEST = Manifest.model_validate(
    {
        "twin": "hangar",
        "source": {"warehouse": "prod", "schema": "air"},
        "target": {"warehouse": "dev", "schema": "air"},
        "seed": 1,
        "tables": {"planes": None},
    }
)


def test_without_its_registry_no_schema_of_the_target_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace(tmp_path)
    file = workspace.warehouses / "dev.duckdb"
    workspace.warehouses.mkdir()
    with duckdb.connect(str(file)) as opened:
        opened.execute("CREATE SCHEMA air__r1; CREATE TABLE air__r1.planes (id INTEGER)")
        opened.execute("CREATE SCHEMA air__r2; CREATE TABLE air__r2.planes (id INTEGER)")
    warehouse = DuckDBWarehouse("dev", file)
    with warehouse.snapshot("air__r2") as snapshot:
        tables = snapshot.tables()
    warehouse.publish(public="air", private="air__r2", tables=tables, publication=Publication("hangar", 2, "d", "2025-01-01"))
    monkeypatch.setenv("TWIN_WAREHOUSE_DEV", f"duckdb://{file}")
    settings = Settings(project=tmp_path, workspace=workspace, mlflow_uri="", dvc_remote="")
    assert collect(settings, MANIFEST).schemas == ()
    assert {"air__r1", "air__r2"} <= set(warehouse.schemas())
