"""Fixtures of the small twin `hangar`."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hangar import Hangar, settings_of


@pytest.fixture(scope="session")
def make_hangar(empty_mlflow: Path) -> Callable[[Path], Hangar]:
    """Makes the twin `hangar` in a folder, with an empty MLflow."""

    def make(root: Path) -> Hangar:
        settings = settings_of(root)
        settings.workspace.mlflow.mkdir(parents=True)
        shutil.copy(empty_mlflow, settings.workspace.mlflow / "mlflow.db")
        return Hangar(settings)

    return make


@pytest.fixture(scope="session")
def whole_hangar(make_hangar: Callable[[Path], Hangar], tmp_path_factory: pytest.TempPathFactory) -> Hangar:
    """The twin with two releases, the second published. Tests put back what they alter."""
    made = make_hangar(tmp_path_factory.mktemp("audited"))
    made.whole(1)
    made.whole(2)
    return made


@pytest.fixture
def hangar(tmp_path: Path, make_hangar: Callable[[Path], Hangar]) -> Hangar:
    return make_hangar(tmp_path)
