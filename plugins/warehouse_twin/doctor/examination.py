"""All looks in order: the machine, the packages, the project, the services."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from warehouse_twin.doctor.finding import Finding, looked
from warehouse_twin.doctor.machine import disk, git, java, memory, python, workspace
from warehouse_twin.doctor.packages import packages
from warehouse_twin.doctor.project import dbt_project, expectations, manifests, warehouses
from warehouse_twin.doctor.services import airflow, dvc_remote, mlflow, spark
from warehouse_twin.settings import Settings

Look = Callable[[Settings, bool], Iterable[Finding]]
LOOKS: dict[str, Look] = {
    "python": python,
    "packages": packages,
    "java": java,
    "git": git,
    "memory": memory,
    "disk": disk,
    "workspace": workspace,
    "manifests": manifests,
    "warehouses": warehouses,
    "dbt project": dbt_project,
    "expectations": expectations,
    "spark": spark,
    "mlflow": mlflow,
    "dvc remote": dvc_remote,
    "airflow": airflow,
}


def examine(settings: Settings, *, deep: bool) -> Iterator[Finding]:
    """Findings as they come. `deep` starts Spark and asks the services, which takes half a minute."""
    for name, look in LOOKS.items():
        yield from looked(name, partial(look, settings, deep))
