"""The projects of the functional tests, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from shop_project import Project, make_project, make_source


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("source") / "prod.duckdb"
    make_source(path)
    return path


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory, source: Path) -> Project:
    """A project with two releases, made by the command line, undisturbed."""
    project = make_project(tmp_path_factory.mktemp("first"), source, "5a" * 32)
    project.twin("run", "shop")
    project.twin("run", "shop")
    return project


@pytest.fixture(scope="session")
def second(tmp_path_factory: pytest.TempPathFactory, source: Path) -> Project:
    """A project with nothing in it but the same source and secret."""
    return make_project(tmp_path_factory.mktemp("second"), source, "5a" * 32)


@pytest.fixture(scope="session")
def third(tmp_path_factory: pytest.TempPathFactory, source: Path) -> Project:
    """A project whose release 2 was made in one go, with another k."""
    project = make_project(tmp_path_factory.mktemp("third"), source, "5a" * 32)
    project.edit("k: 10", "k: 11")
    project.twin("run", "shop", "--release", "2")
    return project
