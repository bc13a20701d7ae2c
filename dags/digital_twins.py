"""One Airflow DAG per manifest in `twins/`, with the twin's name.

A manifest with a fault has no DAG here and does not touch the others: `broken_manifests.py` beside this file reports it.
(An import error of *this* file would take every twin off the schedule: Airflow marks all DAGs of a file that has one.)

Before the first run make the pools, one slot each: `twin_warehouse`, `twin_dbt`, `twin_dvc`.
    python -m warehouse_twin.operators.pools --make

`twins/` is looked for beside this folder, wherever Airflow's bundle put it, unless TWIN_PROJECT says otherwise. Set
TWIN_WORKSPACE when a bundle moves the files: the workspace must stay in one place.
Airflow reads this file every few seconds, so nothing heavy is imported.
"""

from __future__ import annotations

import os
from pathlib import Path

from airflow.sdk import DAG

from warehouse_twin.operators.dag_factory import load_twins

_project = Path(os.environ.get("TWIN_PROJECT") or Path(__file__).parents[1])
_workspace = os.environ.get("TWIN_WORKSPACE")

twins: dict[str, DAG]
twins, _faults = load_twins(_project, workspace=Path(_workspace) if _workspace else None)
globals().update(twins)  # Airflow takes the DAGs it finds at the top of a module
