"""Each outside tool has one home and is imported inside it, when used: importing this package costs next to nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "plugins" / "warehouse_twin"
HOMES = {
    "airflow": "operators/",
    "dbt": "materializing/",
    "great_expectations": "gates/",
    "mlflow": "lineage/",
    "dvc": "releases/",
    "sdv": "synthesizers/sdv_",
    "torch": "synthesizers/sdv_",
    "pyspark": "spark_session.py",
    "numba": "compiling.py",
}
HEAVY = [*HOMES, "pandas", "sklearn", "scipy", "sqlglot", "faker", "git"]


@cache
def imports_of(file: Path) -> set[str]:
    """Top-level packages a file imports to run; what is only for type checkers does not count."""
    found: set[str] = set()
    tree = ast.parse(file.read_text())
    typing_only = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)]
    skipped = {id(inner) for node in typing_only for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("tool", HOMES)
def test_a_tool_is_imported_in_its_home_alone(tool: str) -> None:
    users = {file.relative_to(PACKAGE).as_posix() for file in PACKAGE.rglob("*.py") if tool in imports_of(file)}
    assert users, f"nobody imports {tool}"
    assert all(user.startswith(HOMES[tool]) for user in users), users


LIGHT = ["warehouse_twin", "warehouse_twin.pipeline", "warehouse_twin.cli.main", "warehouse_twin.synthesizers.registry"]


@pytest.mark.parametrize("module", LIGHT)
def test_importing_it_loads_no_heavy_tool(module: str) -> None:
    code = f"import sys, {module}; print(sorted(set(sys.modules) & set({HEAVY!r})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    assert done.stdout.strip() == "[]"


def test_no_module_has_the_name_of_a_standard_one_or_of_a_tool() -> None:
    """Airflow registers files below plugins/ under their bare stem; dbt imports every top-level `dbt_*`."""
    stems = {file.stem for file in PACKAGE.rglob("*.py")} - {"__init__"}
    assert not stems & (set(sys.stdlib_module_names) | set(HEAVY))
    root = PACKAGE.parents[1]
    assert not [*root.glob("dags/dbt_*"), *root.glob("plugins/dbt_*"), *root.glob("dbt_project/**/__init__.py")]
