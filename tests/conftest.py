"""How the tests are run: what is quick and small first, whole releases last; on several workers a file stays in one piece."""

from __future__ import annotations

import atexit
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from postgres_server import Server, postgres_server
from sharing import made_once

# SDV writes a logging configuration into the user's data folder when it is imported: into a temporary one instead
_DATA = tempfile.TemporaryDirectory(prefix="data-of-tests-")
atexit.register(_DATA.cleanup)
os.environ["XDG_DATA_HOME"] = _DATA.name
# A worker's main module has no file; pyspark.sql.connect takes that for doctests of its own and exits where grpc is missing
if not hasattr(sys.modules["__main__"], "__file__"):
    sys.modules["__main__"].__file__ = __file__
ORDER = ("architecture", "unit", "airflow", "functional")
LONGEST = (
    *("test_release_cycle.py", "test_with_scheduler.py", "test_dvc_repro.py", "test_undisturbed_and_not.py", "test_postgres.py"),
    *("test_bad_data.py", "test_dbt_parity.py", "test_private_twin.py", "test_tripwire.py"),
    *("test_events.py", "test_scaffolded_twin.py", "test_own_dbt_project.py"),
)
"""Functional files that begin first, so that no worker is left with one of them when the others are done. The first makes
the releases that the last compares with, the second waits much."""


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server; `new_database()` gives a test a database of its own."""
    with postgres_server() as server:
        yield server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _rank(item.path))  # stable: inside a folder as collected


def _rank(path: Path) -> tuple[int, int]:
    folder = path.relative_to(Path(__file__).parent).parts[0]
    return ORDER.index(folder), LONGEST.index(path.name) if path.name in LONGEST else len(LONGEST)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Files are handed out whole, as fixtures are of a file, and in our order instead of the longest list of tests first."""
    from xdist.scheduler import LoadFileScheduling

    config.option.loadscopereorder = False
    return LoadFileScheduling(config, log)


@pytest.fixture(scope="session")
def empty_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new MLflow database; made once, as its migrations take seconds."""
    from hangar import settings_of
    from warehouse_twin.lineage.tracking import connected

    def make(folder: Path) -> None:
        with connected(settings_of(folder), create=True):
            pass

    return settings_of(made_once(tmp_path_factory, "empty-mlflow", make)).workspace.mlflow / "mlflow.db"
