"""A dbt project made of texts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Project = Callable[[dict[str, str]], Path]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A folder with these files, and a `dbt_project.yml` where none is among them."""

    def made(files: dict[str, str]) -> Path:
        root = tmp_path / "own"
        for name, text in {"dbt_project.yml": "name: own\nprofile: own\n", **files}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return root

    return made
