"""What MLflow holds about a release, read back as plain values for `audit` and for whoever writes a run's id down."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse_twin.digests import digest_file
from warehouse_twin.errors import IntegrityError
from warehouse_twin.lineage.naming import MODEL_DIGEST, PUBLISHED, PUBLISHED_ALIAS, RELEASE, TABLE, release_name
from warehouse_twin.lineage.tracking import connected
from warehouse_twin.settings import Settings
from warehouse_twin.workspace import WORK_PREFIX


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A source table as a run's dataset: its name and the first characters of its keyed digest."""

    name: str
    digest: str
    uri: str


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run: the release's (`table` None) or a table's."""

    run_id: str
    experiment: str
    table: str | None
    status: str
    tags: Mapping[str, str]
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    sources: tuple[SourceRecord, ...]


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """A version of a table's registered model."""

    name: str
    table: str
    version: str
    digest: str
    run_id: str
    source: str
    tags: Mapping[str, str]
    published: bool


@dataclass(frozen=True, slots=True)
class LineageRecord:
    """Everything recorded about one release. `runs` holds one run, unless somebody made more by hand."""

    runs: tuple[RunRecord, ...]
    tables: Mapping[str, RunRecord]
    versions: tuple[VersionRecord, ...]
    published: tuple[str, ...]
    """Releases whose run says that readers see them; one, or none before the first publication."""


@dataclass
class LineageReader:
    """Reads one twin's lineage. Made by `reading`."""

    client: Any
    settings: Settings
    twin: str
    scratch: Path

    def release(self, number: int) -> LineageRecord:
        """All records of a release; empty ones when nothing was recorded."""
        from warehouse_twin.lineage.release_runs import children_of, runs_of

        experiment = self._experiment()
        if experiment is None:
            return LineageRecord((), {}, (), ())
        runs = [_record(run) for run in runs_of(self.client, experiment, self.twin, number)]
        children = [_record(child) for run in runs[:1] for child in children_of(self.client, experiment, run.run_id)]
        published = self.client.search_runs([experiment], f"tags.`{PUBLISHED}` = 'true'")
        return LineageRecord(
            runs=tuple(runs),
            tables={child.table: child for child in children if child.table is not None},
            versions=self._versions(),
            published=tuple(sorted(run.data.tags.get(RELEASE, run.info.run_id) for run in published)),
        )

    def history(self) -> list[tuple[int, RunRecord, dict[str, RunRecord]]]:
        """Every release that was recorded, oldest first: its number, its run and its tables' runs."""
        from warehouse_twin.lineage.release_runs import runs_with_children

        experiment = self._experiment()
        found = []
        for run, children in [] if experiment is None else runs_with_children(self.client, experiment):
            number = run.data.tags[RELEASE].rpartition("@")[2]
            tables = {child.table: child for child in map(_record, children) if child.table is not None}
            found.append((int(number), _record(run), tables))
        return sorted(found, key=lambda item: item[0])

    def artifact_digest(self, run_id: str, path: str) -> str:
        """sha256 of an artefact's bytes as the store gives them now. Raises IntegrityError when there is none."""
        return digest_file(self._fetched(lambda target: self.client.download_artifacts(run_id, path, target), path))

    def version_digest(self, version: VersionRecord) -> str:
        """The digest over the files of a model version, as they are now."""
        from mlflow.artifacts import download_artifacts

        from warehouse_twin.lineage.registered_models import files_digest

        return files_digest(self._fetched(lambda target: download_artifacts(version.source, dst_path=target), version.name))

    def _fetched(self, fetch: Any, what: str) -> Path:
        try:
            path = Path(fetch(tempfile.mkdtemp(dir=self.scratch)))
        except Exception as error:  # each artefact store has its own way to say that a file is not there
            raise IntegrityError(f"{what}: cannot be fetched from MLflow's artefacts ({type(error).__name__})") from None
        if not path.exists():
            raise IntegrityError(f"{what}: not among MLflow's artefacts")
        return path

    def _experiment(self) -> str | None:
        experiment = self.client.get_experiment_by_name(self.twin)
        return None if experiment is None else str(experiment.experiment_id)

    def _versions(self) -> tuple[VersionRecord, ...]:
        from warehouse_twin.lineage.registered_models import models_of, versions_of

        return tuple(
            VersionRecord(
                name=model.name,
                table=model.tags.get(TABLE, ""),
                version=str(version.version),
                digest=version.tags.get(MODEL_DIGEST, ""),
                run_id=version.run_id,
                source=version.source,
                tags=dict(version.tags),
                published=str(model.aliases.get(PUBLISHED_ALIAS)) == str(version.version),
            )
            for model in models_of(self.client, self.twin)
            for version in versions_of(self.client, model.name)
        )


@contextmanager
def reading(settings: Settings, twin: str) -> Iterator[LineageReader]:
    """A reader of one twin's lineage. Writers wait meanwhile. Raises TransientError when MLflow cannot be reached."""
    scratch = settings.workspace.scratch
    scratch.mkdir(parents=True, exist_ok=True)
    with connected(settings, create=False) as client, tempfile.TemporaryDirectory(dir=scratch, prefix=WORK_PREFIX) as folder:
        yield LineageReader(client, settings, twin, Path(folder))


def run_id(settings: Settings, twin: str, release: int) -> str:
    """The id of a release's run. Raises IntegrityError when nothing was recorded for it."""
    with reading(settings, twin) as reader:
        runs = reader.release(release).runs
    if not runs:
        raise IntegrityError(f"{release_name(twin, release)}: no run in MLflow; next: twin resolve {twin}, which makes one")
    return runs[0].run_id


def _record(run: Any) -> RunRecord:
    sources = tuple(
        SourceRecord(name=item.dataset.name, digest=item.dataset.digest, uri=item.dataset.source) for item in run.inputs.dataset_inputs
    )
    return RunRecord(
        run_id=run.info.run_id,
        experiment=str(run.info.experiment_id),
        table=run.data.tags.get(TABLE),
        status=run.info.status,
        tags=dict(run.data.tags),
        params=dict(run.data.params),
        metrics=dict(run.data.metrics),
        sources=tuple(sorted(sources, key=lambda source: source.name)),
    )
