"""Registered models: one a table, one version a digest, the alias `published` on what readers see.

A version holds no model: `served_model.py`, where the model lies in the workspace, and the digest it must have. So the
registry is not pickle, not secure, and says for every release which model drew it.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse_twin import __version__
from warehouse_twin.digests import digest_folder, digest_of
from warehouse_twin.lineage.naming import MODEL_DIGEST, MODEL_FILES, PUBLISHED_ALIAS, RELEASES, TABLE, model_name
from warehouse_twin.lineage.release_runs import ReleaseRun
from warehouse_twin.workspace import WORK_PREFIX

logger = logging.getLogger(__name__)
REQUIREMENTS = (f"warehouse-twin=={__version__}",)
"""Given, not inferred: MLflow would load the model and list every import of this process."""
WRITTEN_ON_LOADING = "registered_model_meta"
"""MLflow 3.17 adds this file to a version's artefacts when it is loaded by alias."""


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """A table's model as the receipt of `train` tells it; `folder` is relative to the workspace."""

    table: str
    synthesizer: str
    digest: str
    folder: str
    role: str

    @property
    def config(self) -> dict[str, str]:
        """What `served_model` is given. An empty `workspace` is the environment's; MLflow lets a reader change only what is there."""
        return {"synthesizer": self.synthesizer, "digest": self.digest, "folder": self.folder, "table": self.table, "workspace": ""}


def register(run: ReleaseRun, model: PublishedModel) -> str:
    """The version of a table's registered model with this digest; made when there is none. Returns its number."""
    name = model_name(run.twin, model.table)
    _make_registered_model(run, name, model.table)
    version = version_with(run.client, name, model.digest)
    if version is None:
        version = _new_version(run, name, model)
        logger.info("%s: registered %s version %s", run.name, name, version.version)
    releases = sorted({*filter(None, version.tags.get(RELEASES, "").split(", ")), run.name}, key=_number)
    if ", ".join(releases) != version.tags.get(RELEASES):
        run.client.set_model_version_tag(name, version.version, RELEASES, ", ".join(releases))
    return str(version.version)


def _number(release: str) -> int:
    return int(release.rpartition("@")[2])


def version_with(client: Any, name: str, digest: str) -> Any | None:
    """The oldest version of a registered model that has this digest."""
    found = [version for version in versions_of(client, name) if version.tags.get(MODEL_DIGEST) == digest]
    return min(found, key=lambda version: int(version.version), default=None)


def versions_of(client: Any, name: str) -> list[Any]:
    found: list[Any] = []
    token = None
    while True:
        page = client.search_model_versions(f"name = '{name}'", page_token=token)
        found += page
        token = page.token
        if not token:
            return found


def models_of(client: Any, twin: str) -> list[Any]:
    """A twin's registered models, with their aliases."""
    found: list[Any] = []
    token = None
    while True:
        page = client.search_registered_models(f"tags.`twin.twin` = '{twin}'", page_token=token)
        found += [client.get_registered_model(model.name) for model in page]  # a search leaves the aliases out
        token = page.token
        if not token:
            return found


def point_published(run: ReleaseRun, digests: Mapping[str, str]) -> None:
    """Put the alias `published` on the versions with these digests (table → digest), and take it off every other."""
    for model in models_of(run.client, run.twin):
        digest = digests.get(model.tags.get(TABLE, ""))
        version = None if digest is None else version_with(run.client, model.name, digest)
        if digest is not None and version is None:
            logger.warning("%s: no version of %s has digest %s; alias removed; next: twin audit %s", run.name, model.name, digest, run.name)
        standing = model.aliases.get(PUBLISHED_ALIAS)
        if version is None and standing is not None:
            run.client.delete_registered_model_alias(model.name, PUBLISHED_ALIAS)
        elif version is not None and str(version.version) != str(standing):
            run.client.set_registered_model_alias(model.name, PUBLISHED_ALIAS, version.version)


def _make_registered_model(run: ReleaseRun, name: str, table: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        run.client.get_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        what = f"Draws rows of {table} in the twin {run.twin}. Holds no model file."
        run.client.create_registered_model(name, tags={"twin.twin": run.twin, TABLE: table}, description=what)


def _new_version(run: ReleaseRun, name: str, model: PublishedModel) -> Any:
    """Log the reference as a model of the table's run, then register it; the tags come with the version, or neither does."""
    from mlflow.entities import LoggedModelOutput

    tags = {MODEL_DIGEST: model.digest, "twin.synthesizer": model.synthesizer, "twin.role": model.role, TABLE: model.table}
    child = run.child(model.table)
    logged = run.client.create_logged_model(
        run.experiment_id, name="synthesizer", source_run_id=child, model_type="synthesizer", tags=tags, params=model.config
    )
    with tempfile.TemporaryDirectory(dir=_scratch(run), prefix=WORK_PREFIX) as folder:
        files = _save(Path(folder) / "model", model, logged=logged, run_id=child)
        run.client.log_model_artifacts(logged.model_id, str(Path(folder) / "model"))
    run.client.finalize_logged_model(logged.model_id, "READY")
    run.client.log_outputs(child, [LoggedModelOutput(logged.model_id, 0)])
    return run.client.create_model_version(
        name,
        source=f"models:/{logged.model_id}",
        run_id=child,
        model_id=logged.model_id,
        tags=tags | {MODEL_FILES: files, RELEASES: run.name},
        description=f"A {model.synthesizer} of {model.table}, first trained for {run.name}. No model file: it lies in the workspace at "
        f"{model.folder} and is loaded only while its digest is {model.digest}.",
    )


def _save(folder: Path, model: PublishedModel, *, logged: Any, run_id: str) -> str:
    """Write MLflow's model folder; returns its digest."""
    import mlflow.pyfunc
    from mlflow.models import Model, ModelSignature
    from mlflow.types import DataType
    from mlflow.types.schema import ParamSchema, ParamSpec

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks for an input example, which would be a row
        mlflow.pyfunc.save_model(
            str(folder),
            python_model=str(Path(__file__).with_name("served_model.py")),
            model_config=model.config,
            pip_requirements=list(REQUIREMENTS),
            signature=ModelSignature(params=ParamSchema([ParamSpec("rows", DataType.long, 1000), ParamSpec("seed", DataType.long, 0)])),
            mlflow_model=Model(run_id=run_id, model_id=logged.model_id, model_uuid=logged.model_id, artifact_path=logged.artifact_location),
        )
    return files_digest(folder)


def files_digest(folder: Path) -> str:
    """sha256 over a version's files, without what MLflow itself adds later."""
    return digest_of({name: digest for name, digest in digest_folder(folder).items() if name != WRITTEN_ON_LOADING})


def _scratch(run: ReleaseRun) -> Path:
    scratch = run.settings.workspace.scratch
    scratch.mkdir(parents=True, exist_ok=True)
    return scratch
