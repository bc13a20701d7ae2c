"""A dbt project as it reads its sources: from what dbt wrote when it last ran, else from the YAML files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from warehouse_twin.dbt_projects.facts import OwnProject
from warehouse_twin.dbt_projects.manifest_json import read_manifest
from warehouse_twin.dbt_projects.project_file import FILE, ProjectFile, open_project
from warehouse_twin.dbt_projects.schema_files import read_files
from warehouse_twin.errors import ConfigurationError


def read_project(place: Path) -> OwnProject:
    """The project in a folder. Raises ConfigurationError where there is none, or none with a source."""
    project = open_project(place)
    file = project.target / "manifest.json"
    found = read_manifest(project, file) if file.is_file() else read_files(project)
    if not found.sources:
        raise ConfigurationError(
            f"{project.root}: dbt project {found.name} has no source that is enabled (read from {found.origin}); "
            "wanted sources, which become the twin's tables: ref() of seeds and models leads to what dbt builds itself"
        )
    stale = _newer(project, file) if file.is_file() else None
    if stale is None:
        return found
    note = f"{found.origin} is older than {stale.relative_to(project.root)}; what changed since is not in it until dbt parse has run"
    return replace(found, notes=(note,))


def _newer(project: ProjectFile, file: Path) -> Path | None:
    """A file of the project that was changed after dbt wrote the manifest."""
    written = file.stat().st_mtime
    files = [project.root / FILE, *project.files("model-paths", ".yml", ".yaml", ".sql")]
    return next((path for path in files if path.stat().st_mtime > written), None)
