"""Order: what is quick and small first, whole releases last, so that a fault is heard of early."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

# SDV writes a logging configuration into the user's data folder when it is imported: into a temporary one instead
_DATA = tempfile.TemporaryDirectory(prefix="data-of-tests-")
os.environ["XDG_DATA_HOME"] = _DATA.name
ORDER = ("architecture", "unit", "airflow", "functional")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    items.sort(key=lambda item: ORDER.index(item.path.relative_to(here).parts[0]))  # stable: inside a folder as collected
