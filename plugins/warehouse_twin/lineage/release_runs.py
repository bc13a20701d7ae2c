"""A release's run in MLflow and its children, one a protected table: found by their tags, made when missing.

Every write here can be done twice: tags are set, metrics carry a fixed time, files are replaced, and a parameter, which
MLflow never changes, is written once.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from warehouse_twin.digests import digest_file
from warehouse_twin.errors import ConfigurationError, IntegrityError
from warehouse_twin.lineage.describing import CHARACTERS, KIND, NOTE, of_experiment, of_release, of_table
from warehouse_twin.lineage.naming import PARENT, RELEASE, RESOLVED, SUPERSEDED, TABLE, key, release_name
from warehouse_twin.lineage.tracking import artifact_root
from warehouse_twin.settings import Settings

BATCH = 90
logger = logging.getLogger(__name__)


@dataclass
class ReleaseRun:
    """One release's run, with the client to write to it. Made by `open_run`, under the lock of `tracking.connected`."""

    client: Any
    settings: Settings
    twin: str
    release: int
    experiment_id: str
    run_id: str
    started: int
    children: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return release_name(self.twin, self.release)

    def child(self, table: str) -> str:
        """The run of a protected table; made when missing."""
        if table not in self.children:
            tags = {RELEASE: self.name, TABLE: table, PARENT: self.run_id}
            run = self.client.create_run(self.experiment_id, run_name=table[:250], tags=tags)
            self.children[table] = run.info.run_id
        return self.children[table]

    def tags(self, values: Mapping[str, Any], *, run_id: str | None = None) -> None:
        from mlflow.entities import RunTag

        for part in _batches([RunTag(key(name), str(value)[:CHARACTERS]) for name, value in values.items()]):
            self.client.log_batch(run_id or self.run_id, tags=part)

    def params(self, values: Mapping[str, Any], *, run_id: str | None = None) -> None:
        """Parameters; one that stands with another value stays, and the new value is written as tag `twin.now.<name>`."""
        from mlflow.entities import Param

        target = run_id or self.run_id
        known = self.client.get_run(target).data.params
        wanted = {key(name): str(value)[:CHARACTERS] for name, value in values.items()}
        for part in _batches([Param(name, value) for name, value in wanted.items() if name not in known]):
            self.client.log_batch(target, params=part)
        changed = {f"twin.now.{name}": value for name, value in wanted.items() if known.get(name, value) != value}
        if changed:
            self.tags(changed, run_id=target)

    def metrics(self, values: Mapping[str, float], *, run_id: str | None = None, step: int = 0) -> None:
        """Metrics, at the run's own start time: the same value logged twice is one point."""
        from mlflow.entities import Metric

        for part in _batches([Metric(key(name), float(value), self.started, step) for name, value in values.items()]):
            self.client.log_batch(run_id or self.run_id, metrics=part)

    def curve(self, name: str, values: Sequence[float], *, run_id: str | None = None) -> None:
        """A metric with a step an epoch, counted from 1; what is no number leaves a gap."""
        from mlflow.entities import Metric

        points = [Metric(key(name), value, self.started, step) for step, value in enumerate(values, start=1) if math.isfinite(value)]
        for part in _batches(points):
            self.client.log_batch(run_id or self.run_id, metrics=part)

    def artifact(self, path: Path, *, digest: str, folder: str, run_id: str | None = None) -> None:
        """Log a file of the internal zone that has this sha256. Raises IntegrityError for anything else."""
        secure = self.settings.workspace.root / "secure"
        if path.resolve().is_relative_to(secure.resolve()):
            raise IntegrityError(f"{path}: lies in the secure zone and may not be logged to MLflow; wanted a file of the internal zone")
        if (got := digest_file(path)) != digest:
            raise IntegrityError(f"{path}: sha256 {got[:12]}…, wanted {digest[:12]}… from the receipt; run the stage again")
        self.client.log_artifact(run_id or self.run_id, str(path), folder)

    def describe(self, *, table: str | None = None) -> None:
        """Bring the descriptions up to the tags: of one table's run, or of the release's and all its tables'."""
        whole = self.client.get_run(self.run_id).data
        texts: dict[str, tuple[str, Mapping[str, str]]] = {}
        if table is None:
            texts[self.run_id] = (of_release(whole.tags, self.children, experiment=self.experiment_id), whole.tags)
        for name, run_id in self.children.items():
            if table in (None, name):
                own = self.client.get_run(run_id).data
                text = of_table(own.tags, own.params, whole.tags, whole.params, experiment=self.experiment_id, run=run_id)
                texts[run_id] = (text, own.tags)
        for run_id, (text, tags) in texts.items():
            if tags.get(NOTE) != text:
                self.tags({NOTE: text}, run_id=run_id)

    def end(self, status: str, *, run_id: str | None = None) -> None:
        """End a run `FINISHED` or `FAILED`, if it has not ended so already."""
        target = run_id or self.run_id
        if self.client.get_run(target).info.status != status:
            self.client.set_terminated(target, status)


def open_run(client: Any, settings: Settings, *, twin: str, release: int, resolved_key: str | None = None) -> ReleaseRun:
    """The run of a release; made when missing.

    `resolved_key` is given by `resolve` alone: a run that was resolved differently (the manifest or the source changed
    before a verdict) is marked superseded and ended, with all it holds, and a new one begins.
    """
    experiment = _experiment(client, settings, twin)
    runs = runs_of(client, experiment, twin, release)
    if runs and resolved_key is not None:
        if runs[0].data.tags.get(RESOLVED, resolved_key) != resolved_key:
            supersede(client, runs[0])
            runs = runs[1:]
        else:
            client.set_tag(runs[0].info.run_id, RESOLVED, resolved_key)
    if not runs:
        name = release_name(twin, release)
        tags = {RELEASE: name, "twin.twin": twin} | ({} if resolved_key is None else {RESOLVED: resolved_key})
        runs = [client.create_run(experiment, run_name=name, tags=tags)]
        logger.info("%s: MLflow run %s", name, runs[0].info.run_id)
    info = runs[0].info
    children = {run.data.tags[TABLE]: run.info.run_id for run in children_of(client, experiment, info.run_id) if TABLE in run.data.tags}
    return ReleaseRun(client, settings, twin, release, experiment, info.run_id, info.start_time, children)


def supersede(client: Any, run: Any) -> None:
    """Mark a run and its children as overtaken by a changed manifest or source."""
    for old in [*children_of(client, run.info.experiment_id, run.info.run_id), run]:
        client.set_tag(old.info.run_id, SUPERSEDED, "true")
        client.set_terminated(old.info.run_id, "KILLED")


def runs_of(client: Any, experiment_id: str, twin: str, release: int) -> list[Any]:
    """The runs of a release that no later attempt overtook, oldest first; one, unless somebody made more by hand."""
    found = _search(client, experiment_id, f"tags.`{RELEASE}` = '{release_name(twin, release)}'")
    return [run for run in found if SUPERSEDED not in run.data.tags and PARENT not in run.data.tags]


def children_of(client: Any, experiment_id: str, run_id: str) -> list[Any]:
    return _search(client, experiment_id, f"tags.`{PARENT}` = '{run_id}'")


def runs_with_children(client: Any, experiment_id: str) -> list[tuple[Any, list[Any]]]:
    """The runs of all releases that no later attempt overtook, each with its children."""
    found = [run for run in _search(client, experiment_id, "") if SUPERSEDED not in run.data.tags]
    whole = [run for run in found if RELEASE in run.data.tags and PARENT not in run.data.tags]
    return [(run, [child for child in found if child.data.tags.get(PARENT) == run.info.run_id]) for run in whole]


def _search(client: Any, experiment_id: str, condition: str) -> list[Any]:
    found: list[Any] = []
    token = None
    while True:
        page = client.search_runs([experiment_id], condition, order_by=["attributes.start_time ASC"], page_token=token)
        found += page
        token = page.token
        if not token:
            return found


def _experiment(client: Any, settings: Settings, twin: str) -> str:
    experiment = client.get_experiment_by_name(twin)
    if experiment is None:
        tags = KIND | {NOTE: of_experiment(twin)}
        return str(client.create_experiment(twin, artifact_location=artifact_root(settings, twin), tags=tags))
    if experiment.lifecycle_stage != "active":
        raise ConfigurationError(
            f"MLflow experiment {twin} was deleted; wanted it active, as it holds the lineage of the twin's releases; "
            f"next: mlflow experiments restore --experiment-id {experiment.experiment_id}"
        )
    return str(experiment.experiment_id)


def _batches(items: list[Any]) -> Iterable[list[Any]]:
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))
