"""A manifest as a DAG: one task per stage, `train` mapped over the protected tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from airflow.sdk import DAG, Asset

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.manifest.loading import list_manifests, load
from warehouse_twin.manifest.model import Manifest
from warehouse_twin.operators import stages
from warehouse_twin.operators.base import TwinOperator
from warehouse_twin.operators.pools import POOL_OF

ORDER: tuple[type[TwinOperator], ...] = (
    stages.ResolveOperator,
    stages.ProfileOperator,
    stages.TrainOperator,
    stages.SynthesizeOperator,
    stages.MaterializeOperator,
    stages.GateOperator,
    stages.ReleaseOperator,
    stages.PublishOperator,
)
START = datetime(2025, 1, 1, tzinfo=UTC)  # any past day: without one nothing is scheduled, and catchup is off
ONE_RELEASE = "{{ ti.xcom_pull(task_ids='resolve')['release'] }}"  # all tasks of a run work on the release resolve chose
MAX_ACTIVE_TASKS = 4  # mapped training holds a table in memory per task
DEFAULTS: dict[str, Any] = {
    "retries": 2,
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=15),
}


def load_twins(project: Path, *, workspace: Path | None = None) -> tuple[dict[str, DAG], list[str]]:
    """The DAGs of all sound manifests of a project by twin, and the faults of the others."""
    dags: dict[str, DAG] = {}
    faults: list[str] = []
    for path in list_manifests(project / "twins"):
        try:
            manifest = load(path).manifest
            if manifest.twin in dags:
                raise ConfigurationError(f"{path}: another manifest of the folder is the twin {manifest.twin}; wanted one manifest a twin")
            dags[manifest.twin] = build_dag(manifest, project=project, workspace=workspace)
        except ConfigurationError as error:
            faults.append(str(error))
    return dags, faults


def build_dag(manifest: Manifest, *, project: Path, workspace: Path | None = None) -> DAG:
    """The DAG of a twin; its id is the twin's name."""
    source, target = manifest.source, manifest.target
    dag = DAG(
        manifest.twin,
        description=manifest.description or f"Twin of {source.warehouse}.{source.schema_}",
        doc_md=_about(manifest),
        schedule=_schedule(manifest),
        start_date=START,
        catchup=False,
        max_active_runs=1,
        max_active_tasks=MAX_ACTIVE_TASKS,
        default_args=DEFAULTS,
        tags=["warehouse-twin", f"source:{source.warehouse}", f"target:{target.warehouse}"],
        auto_register=False,  # both files in dags/ build DAGs, and only one of them shows them
    )
    with dag:
        _chain(manifest, project=str(project), workspace=str(workspace) if workspace else None)
    return dag


def _schedule(manifest: Manifest) -> Any:
    """Times, or the assets of other twins by name alone: where those are published is their manifests' affair."""
    if manifest.schedule is None or manifest.schedule.after is None:
        return None if manifest.schedule is None else manifest.schedule.cron
    return [Asset.ref(name=asset_name(twin)) for twin in manifest.schedule.after]


def asset_name(twin: str) -> str:
    return f"twin_{twin}"


def published_asset(manifest: Manifest) -> Asset:
    """The published schema: a DAG scheduled on it runs after each release and finds release, verdict and digest in the event."""
    place = manifest.target
    uri = f"twin://{quote(place.warehouse, safe='')}/{quote(place.schema_, safe='')}"
    return Asset(name=asset_name(manifest.twin), uri=uri, group="twin")


def _chain(manifest: Manifest, **where: str | None) -> None:
    previous = None
    for operator in ORDER:
        task = _task(operator, manifest, **where)
        if previous is not None:
            previous >> task
        previous = task


def _task(operator: type[TwinOperator], manifest: Manifest, **where: str | None) -> Any:
    arguments: dict[str, Any] = {"task_id": operator.stage, "twin": manifest.twin, **where}
    if operator.stage in POOL_OF:
        arguments["pool"] = POOL_OF[operator.stage]
    if operator is not stages.ResolveOperator:
        arguments["release"] = ONE_RELEASE
    if operator is stages.PublishOperator:
        arguments["outlets"] = [published_asset(manifest)]
    # Mapping over nothing would skip the task and all after it, so a twin of reference tables alone has a plain one.
    if operator is stages.TrainOperator and manifest.protected:
        return operator.partial(map_index_template="{{ task.table }}", **arguments).expand(table=list(manifest.protected))
    return operator(**arguments)


def _about(manifest: Manifest) -> str:
    """What the DAG's page says."""
    lines = [
        f"**{manifest.twin}**: a synthetic twin of `{manifest.source.warehouse}.{manifest.source.schema_}`, "
        f"published as `{manifest.target.warehouse}.{manifest.target.schema_}`.",
        "",
        manifest.description,
        "",
        *(f"- `{name}`: {'kept real' if spec.keep else 'synthetic'}" for name, spec in manifest.tables.items()),
    ]
    return "\n".join(lines)
