"""The pools of our DAGs, and which stage waits in which.

A pool of one slot is how Airflow is told that only one task at a time may hold something: a DuckDB file open for
writing shuts every other process out, dbt's runner knows one run per process and project, and DVC locks its repository.
Airflow never starts a task whose pool does not exist: `python -m warehouse_twin.operators.pools --make` makes them all in the
Airflow of this environment (without `--make` it prints those that are missing), and an embedded run does so too.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence

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


def make() -> None:
    """Make all pools in Airflow's metadata, and give those that are there their slots."""
    from airflow.models.pool import Pool

    for name, (slots, description) in POOLS.items():
        Pool.create_or_update_pool(name=name, slots=slots, description=description, include_deferred=False)


def missing() -> list[str]:
    from airflow.models.pool import Pool

    return sorted(set(POOLS) - {pool.pool for pool in Pool.get_pools()})


def main(arguments: Sequence[str]) -> int:
    if list(arguments) == ["--make"]:
        make()
    sys.stdout.write(json.dumps(missing()) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
