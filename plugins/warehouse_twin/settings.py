"""Settings: where the project and the workspace are, read once from the environment by the drivers and passed on.

    TWIN_PROJECT     folder with twins/, expectations/, dbt_project/   default: the working directory
    TWIN_WORKSPACE   the workspace                                     default: <project>/.twin
    TWIN_MLFLOW_URI  MLflow tracking URI                               default: SQLite in the workspace
    TWIN_DVC_REMOTE  URL of the registry's DVC remote                  default: a folder in the workspace
    TWIN_SPARK_MASTER / TWIN_SPARK_MEMORY / TWIN_LOCK_SECONDS          default: local[*], 2g, 600
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.workspace import Workspace

_PACKAGE_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the environment decides. `connections` (name → URL) wins nothing: a second, different answer is an error."""

    project: Path
    workspace: Workspace
    mlflow_uri: str
    dvc_remote: str
    spark_master: str = "local[*]"
    spark_memory: str = "2g"
    lock_seconds: float = 600.0
    connections: Mapping[str, str] = field(default_factory=dict)

    @property
    def twins(self) -> Path:
        return self.project / "twins"

    @property
    def expectations(self) -> Path:
        return self._shipped("expectations")

    @property
    def dbt_project(self) -> Path:
        return self._shipped("dbt_project")

    def _shipped(self, name: str) -> Path:
        """A folder of the project; of the checkout this package runs from when the project has none of its own."""
        for root in (self.project, _PACKAGE_ROOT):
            if (root / name).is_dir():
                return root / name
        raise ConfigurationError(f"no folder {name}/ in {self.project}; set TWIN_PROJECT to the folder that has it")


def from_environment(environment: Mapping[str, str] | None = None, *, connections: Mapping[str, str] | None = None) -> Settings:
    """Settings of this process. Raises ConfigurationError for values that make no sense."""
    env = os.environ if environment is None else environment
    project = Path(env.get("TWIN_PROJECT") or Path.cwd()).resolve()
    root = Path(env.get("TWIN_WORKSPACE") or project / ".twin").resolve()
    seconds = env.get("TWIN_LOCK_SECONDS") or "600"
    try:
        lock_seconds = float(seconds)
    except ValueError:
        raise ConfigurationError(f"TWIN_LOCK_SECONDS: wanted seconds, got {seconds!r}") from None
    workspace = Workspace(root)
    return Settings(
        project=project,
        workspace=workspace,
        mlflow_uri=env.get("TWIN_MLFLOW_URI") or f"sqlite:///{workspace.mlflow / 'mlflow.db'}",
        dvc_remote=env.get("TWIN_DVC_REMOTE") or str(workspace.dvc_remote),
        spark_master=env.get("TWIN_SPARK_MASTER") or "local[*]",
        spark_memory=env.get("TWIN_SPARK_MEMORY") or "2g",
        lock_seconds=lock_seconds,
        connections=dict(connections or {}),
    )
