"""What `twin dbt install` writes into a project, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from warehouse_twin.dbt_projects.installing import OVERRIDE, install
from warehouse_twin.errors import ConfigurationError

PACKAGE = Path(__file__).parents[3] / "dbt_project"
Project = Callable[[dict[str, str]], Path]


def packages(root: Path, name: str = "packages.yml") -> list[dict[str, str]]:
    found: list[dict[str, str]] = yaml.safe_load((root / name).read_text())["packages"]
    return found


def test_one_line_and_one_entry_are_written_once(project: Project) -> None:
    root = project({})
    done = install(root, PACKAGE)
    assert done.written == (root / "macros" / "twin_source.sql", root / "packages.yml")
    assert (root / "macros" / "twin_source.sql").read_text() == OVERRIDE
    assert OVERRIDE.count("\n") == 1
    ((place,),) = [item.values() for item in packages(root)]
    assert (root / place).resolve() == PACKAGE
    again = install(root / "dbt_project.yml", PACKAGE)
    assert again.written == ()
    assert [line.endswith("as it was") for line in again.lines()] == [True, True]


def test_the_macro_goes_where_the_project_keeps_its_macros(project: Project) -> None:
    root = project({"dbt_project.yml": "name: own\nmacro-paths: [jinja, more]\n", "more/a.sql": "{% macro sources() %}{% endmacro %}"})
    assert install(root, PACKAGE).macro == root / "jinja" / "twin_source.sql"


@pytest.mark.parametrize(
    "text",
    [
        "# ours\npackages:\n  - package: dbt-labs/dbt_utils # pinned\n    version: 1.3.0\n",
        "packages:\n- git: https://example.org/x.git\n  revision: main",
    ],
)
def test_an_entry_is_put_behind_the_others(project: Project, text: str) -> None:
    root = project({"packages.yml": text})
    done = install(root, PACKAGE)
    assert done.by_hand == ""
    assert (root / "packages.yml").read_text().startswith(text)
    assert packages(root)[:-1] == yaml.safe_load(text)["packages"]
    assert install(root, PACKAGE).written == ()


def test_packages_may_stand_in_dependencies(project: Project) -> None:
    root = project({"dependencies.yml": "packages:\n  - package: dbt-labs/dbt_utils\n    version: 1.3.0\n"})
    assert install(root, PACKAGE).packages == root / "dependencies.yml"
    assert len(packages(root, "dependencies.yml")) == 2
    assert not (root / "packages.yml").exists()


@pytest.mark.parametrize("text", ["", "packages: [{package: a/b, version: 1.0.0}]\n", "packages:\n  - local: x\nmore: 1\n", "a"])
def test_what_cannot_be_put_in_safely_is_left_to_the_user(project: Project, text: str) -> None:
    root = project({"packages.yml": text})
    done = install(root, PACKAGE)
    assert (root / "packages.yml").read_text() == text
    assert done.by_hand.startswith("- local: ")
    assert done.lines()[-1].startswith(f"add to {root / 'packages.yml'}, below packages: - local: ")


def test_a_package_out_of_a_repository_is_enough(project: Project) -> None:
    entry = "- {git: https://example.org/warehouse-twin.git, subdirectory: dbt_project, revision: v1}"
    root = project({"packages.yml": f"packages:\n  {entry}\n"})
    assert install(root, PACKAGE).written == (root / "macros" / "twin_source.sql",)


def test_a_source_of_the_projects_own_is_not_touched(project: Project) -> None:
    root = project({"macros/mine.sql": "{# mine #}\n{%- macro source(a, b) -%}{{ return(builtins.source(a, b)) }}{%- endmacro -%}"})
    with pytest.raises(ConfigurationError, match=r"mine\.sql:2: the project has a macro source of its own; wanted one that returns"):
        install(root, PACKAGE)
    assert not (root / "packages.yml").exists()
    mended = "{% macro source(a, b) %}{{ return(warehouse_twin.twin_source(builtins.source(a, b), a)) }}{% endmacro %}"
    (root / "macros" / "mine.sql").write_text(mended)
    assert install(root, PACKAGE).macro == root / "macros" / "mine.sql"
    other = project({"macros/mine.sql": "", "macros/twin_source.sql": "-- mine"})
    with pytest.raises(ConfigurationError, match=r"twin_source\.sql:1: a file of this name is there"):
        install(other, PACKAGE)


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"dbt_project.yml": "- ["}, r"dbt_project\.yml:1: not YAML"),
        ({"dbt_project.yml": "profile: own"}, "it names no project"),
        ({"packages.yml": "packages: ["}, r"packages\.yml:1: not YAML"),
    ],
)
def test_files_that_cannot_be_read(project: Project, files: dict[str, str], why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        install(project(files), PACKAGE)


def test_a_folder_of_that_name_that_is_another_project(project: Project) -> None:
    root = project({})
    with pytest.raises(ConfigurationError, match=r"another dbt project, or an older copy of the package; .* set TWIN_PROJECT"):
        install(root, root)
    old = project({"old/dbt_project.yml": "name: warehouse_twin"}) / "old"
    with pytest.raises(ConfigurationError, match="an older copy of the package"):
        install(root, old)


def test_a_folder_that_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"it has no dbt_project\.yml; wanted the folder of a dbt project"):
        install(tmp_path, PACKAGE)
    with pytest.raises(ConfigurationError, match="no such folder"):
        install(tmp_path / "nowhere", PACKAGE)
    with pytest.raises(ConfigurationError, match="this is the package itself"):
        install(PACKAGE, PACKAGE)
