"""Order: what is quick and small first, whole releases last, so that a fault is heard of early."""

from __future__ import annotations

from pathlib import Path

import pytest

ORDER = ("architecture", "unit", "airflow", "functional")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    items.sort(key=lambda item: ORDER.index(item.path.relative_to(here).parts[0]))  # stable: inside a folder as collected
