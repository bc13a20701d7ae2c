"""Airflow executes what it finds below plugins/ at start-up, under its bare stem: it must find nothing of ours."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from .conftest import ROOT, Project

REPLAY = """
import json, sys
from airflow._shared.plugins_manager.plugins_manager import _load_plugins_from_plugin_directory as load
folder, syntax = sys.argv[1:]
plugins, errors = load(plugins_folder=folder, ignore_file_syntax=syntax)
executed = [name for name, module in sys.modules.items() if (getattr(module, "__file__", None) or "").startswith(folder)]
print(json.dumps([len(plugins), errors, sorted(executed)]))
"""
TOOLS = {
    "airflow", "dbt", "duckdb", "dvc", "faker", "git", "great_expectations", "jinja2", "mlflow", "numpy", "pandas", "pyarrow",
    "pydantic", "pyspark", "sdv", "sklearn", "torch", "yaml",
}  # fmt: skip


@pytest.mark.parametrize("syntax", ["glob", "regexp"])
def test_airflow_executes_nothing_of_ours(project: Project, syntax: str) -> None:
    assert project.answer(REPLAY, str(ROOT / "plugins"), syntax) == [0, {}, []]


def test_the_replay_sees_what_the_loader_executes(project: Project) -> None:
    """Without the ignore file our modules would be executed a second time, under names that are not theirs."""
    copy = project.root / "plugins"
    (copy / "warehouse_twin").mkdir(parents=True)
    shutil.copy(ROOT / "plugins" / "warehouse_twin" / "errors.py", copy / "warehouse_twin")

    assert project.answer(REPLAY, str(copy), "glob") == [0, {}, ["errors"]]


def test_no_module_has_the_name_of_a_library() -> None:
    """The second line of defence, for an Airflow that does not read the ignore file."""
    ours = {path.stem for path in (ROOT / "plugins").rglob("*.py")} - {"__init__", "__main__"}

    assert ours & (set(sys.stdlib_module_names) | TOOLS) == set()


def test_nothing_that_dbt_would_import() -> None:
    """dbt imports every top-level module called dbt_*; a package dbt_project would be one."""
    assert [path for folder in ("dags", "plugins") for path in Path(ROOT / folder).glob("dbt_*")] == []
    assert not (ROOT / "dbt_project" / "__init__.py").exists()
