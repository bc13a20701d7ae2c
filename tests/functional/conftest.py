"""The projects of the functional tests, made once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sharing import made_once
from shop_project import Project, make_project, make_source
from small_disk import Disk, small_disk

SECRET = "5a" * 32


@dataclass(frozen=True)
class Undisturbed:
    """What came out of the project `first`, noted when it was made: its tests alter it, perhaps while others ask."""

    releases: dict[int, str]
    profile: dict[str, str]
    synthesize: dict[str, str]


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "source", lambda folder: make_source(folder / "prod.duckdb")) / "prod.duckdb"


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, source: Path) -> Path:
    """Two releases, made by the command line, undisturbed; in `report`, what the second shows."""

    def make(folder: Path) -> None:
        project = make_project(folder / "project", source, SECRET)
        project.twin("run", "shop")
        project.twin("run", "shop")
        stages = {stage: project.stage_digests(stage) for stage in ("profile", "synthesize")}
        release = project.workspace / "registry" / "releases" / "shop" / "2"
        shutil.copytree(release, folder / "report", ignore=shutil.ignore_patterns("data"))
        (folder / "noted.json").write_text(json.dumps({"releases": project.digests()} | stages))

    return made_once(tmp_path_factory, "first", make)


@pytest.fixture(scope="session")
def first(made: Path) -> Project:
    """A project with two releases. Only `test_release_cycle.py` may use it: it alters it."""
    return Project(made / "project")


@pytest.fixture(scope="session")
def undisturbed(made: Path) -> Undisturbed:
    noted = json.loads((made / "noted.json").read_text())
    return Undisturbed({int(release): digest for release, digest in noted["releases"].items()}, noted["profile"], noted["synthesize"])


@pytest.fixture(scope="session")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    """What `second` is on: a small file system of its own, where there may be one."""
    with small_disk(tmp_path_factory.mktemp("second")) as disk:
        yield disk


@pytest.fixture(scope="session")
def second(disk: Disk, source: Path, empty_mlflow: Path) -> Project:
    """A project with nothing in it but the same source and secret."""
    return make_project(disk.folder, source, SECRET, mlflow=empty_mlflow)
