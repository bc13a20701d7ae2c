"""The pools of our DAGs, and which stage waits in which.

A pool of one slot is how Airflow is told that only one task at a time may hold something: a DuckDB file open for
writing shuts every other process out, dbt's runner knows one run per process and project, and DVC locks its repository.
Airflow never starts a task whose pool does not exist: `airflow pools set <name> <slots> <description>` makes one, and an
embedded run makes them all.
"""

from __future__ import annotations

from collections.abc import Mapping

POOLS: Mapping[str, tuple[int, str]] = {
    "twin_warehouse": (1, "Stages that open a warehouse: resolve and publish."),
    "twin_dbt": (1, "The dbt build of a candidate schema."),
    "twin_dvc": (1, "Commits to the registry of releases."),
}
"""name → (slots, description)"""

POOL_OF: Mapping[str, str] = {
    "resolve": "twin_warehouse",
    "materialize": "twin_dbt",
    "release": "twin_dvc",
    "publish": "twin_warehouse",
}
"""stage → pool; the others share Airflow's default pool."""
