"""Somebody's dbt project: its `dbt_project.yml`, and where it says that its files are. Nothing is rendered, and dbt is not run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from warehouse_twin.errors import ConfigurationError

FILE = "dbt_project.yml"
_DEFAULT_PATHS = {"model-paths": "models", "macro-paths": "macros", "seed-paths": "seeds", "snapshot-paths": "snapshots"}


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """A project's folder, its name, and what its `dbt_project.yml` says."""

    root: Path
    name: str
    said: Mapping[str, Any]

    def paths(self, kind: str) -> list[Path]:
        """The folders of `model-paths`, `macro-paths` and the like, also those that are not there."""
        given = self.said.get(kind) or _DEFAULT_PATHS[kind]
        return [self.root / str(path) for path in (given if isinstance(given, list) else [given])]

    def files(self, kind: str, *endings: str) -> Iterator[Path]:
        """Files below those folders, in the order of their names."""
        for folder in self.paths(kind):
            yield from sorted(path for path in folder.rglob("*") if path.suffix in endings and path.is_file())

    @property
    def target(self) -> Path:
        """Where dbt leaves what it compiled."""
        return self.root / str(self.said.get("target-path") or "target")


def open_project(place: Path) -> ProjectFile:
    """The project in a folder. Raises ConfigurationError where there is none."""
    root = place.parent if place.name == FILE else place
    file = root / FILE
    if not file.is_file():
        what = "no such folder" if not root.is_dir() else f"it has no {FILE}"
        raise ConfigurationError(f"{root}: {what}; wanted the folder of a dbt project")
    said = yaml_of(file)
    if not isinstance(said, dict) or not isinstance(said.get("name"), str):
        raise ConfigurationError(f"{file}: it names no project; wanted a dbt project's file with a name")
    return ProjectFile(root.resolve(), said["name"], said)


def yaml_of(file: Path) -> Any:
    """What a YAML file says. Raises ConfigurationError with the line where it cannot be read."""
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{file}:{mark.line + 1}" if mark else str(file)
        problem = getattr(error, "problem", None) or "not text in UTF-8"
        raise ConfigurationError(f"{place}: not YAML ({problem}); wanted a file that dbt reads") from None
