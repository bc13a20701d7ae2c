"""A project's YAML files, as many ways as dbt reads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from warehouse_twin.dbt_projects.facts import Described
from warehouse_twin.dbt_projects.reading import read_project
from warehouse_twin.errors import ConfigurationError

Project = Callable[[dict[str, str]], Path]


def source(root: Path) -> Described:
    (found,) = read_project(root).sources
    return found


def test_a_source_without_a_schema_is_in_one_of_its_name(project: Project) -> None:
    found = source(project({"models/s.yml": "sources: [{name: raw, tables: [{name: orders}]}]"}))
    assert (found.schema, found.identifier, found.file) == ("raw", "orders", "models/s.yml")


def test_names_may_be_vars_and_variables(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAW_TABLE", "o")
    said = "sources: [{name: raw, schema: \"{{ var('raw') }}_1\", tables: [{name: orders, identifier: \"{{ env_var('RAW_TABLE') }}\"}]}]"
    vars_ = "name: own\nvars: {raw: all, own: {raw: mine}}\n"
    found = source(project({"models/s.yml": said, "dbt_project.yml": vars_}))
    assert (found.schema, found.identifier) == ("mine_1", "o")


@pytest.mark.parametrize("name", ["{{ target.schema }}", "{{ var('nobody') }}", "{{ 1 +", "{{ range(3)[9] }}"])
def test_what_only_dbt_can_render_is_said(project: Project, name: str) -> None:
    root = project({"models/s.yml": f'sources: [{{name: raw, schema: "{name}", tables: [{{name: orders}}]}}]'})
    with pytest.raises(ConfigurationError, match=r"models/s\.yml: schema of source raw: it is Jinja that only dbt can render; next: dbt"):
        read_project(root)


@pytest.mark.parametrize(
    "column",
    [
        "tests: [{relationships: {to: \"ref('x')\", field: id}}]",
        "data_tests: [{relationships: {arguments: {to: \"ref('x')\", field: id}}}]",
        "data_tests: [{name: mine, test_name: relationships, to: \"ref('x')\", field: id}]",
        "data_tests: [{relationships: {to: \"ref('x')\", field: id}, config: {severity: warn}}]",
    ],
)
def test_tests_are_written_in_many_ways(project: Project, column: str) -> None:
    found = source(project({"models/s.yml": f"sources: [{{name: raw, tables: [{{name: t, columns: [{{name: c, {column}}}]}}]}}]"}))
    (test,) = found.tests
    assert (test.name, test.column, test.some) == ("relationships", "c", False)
    assert (test.arguments["to"], test.arguments["field"]) == ("ref('x')", "id")


def test_tests_of_a_part_and_tests_that_are_off(project: Project) -> None:
    some = "{unique: {where: x}}, {not_null: {config: {where: x}}}"
    tests = f"[{some}, {{unique: {{config: {{enabled: false}}}}}}, {{a.b: {{column_name: d}}}}, 7, null]"
    found = source(project({"models/s.yml": f"sources: [{{name: raw, tables: [{{name: t, columns: [{{name: c, tests: {tests}}}]}}]}}]"}))
    assert [(test.name, test.column, test.some) for test in found.tests] == [
        ("unique", "c", True),
        ("not_null", "c", True),
        ("b", "d", False),
    ]


@pytest.mark.parametrize(
    ("table", "project_file", "there"),
    [
        ("", "", True),
        ("config: {enabled: false}", "", False),
        ('config: {enabled: "{{ var(\'on\', false) }}"}', "", False),
        ("", "sources: {+enabled: false}", False),
        ("", "sources: {own: {deep: {raw: {t: {+enabled: false}}}}}", False),
        ("", "sources: {own: {raw: {+enabled: false}}}", True),
        ("config: {enabled: true}", "sources: {own: {enabled: false}}", True),
    ],
)
def test_sources_that_are_off(project: Project, table: str, project_file: str, there: bool) -> None:
    said = f"sources: [{{name: raw, tables: [{{name: always, config: {{enabled: true}}}}, {{name: t, {table}}}]}}]"
    root = project({"models/deep/s.yml": said, "dbt_project.yml": f"name: own\n{project_file}\n"})
    assert [found.key for found in read_project(root).sources] == [("raw", "always"), *([("raw", "t")] if there else [])]


def test_meta_of_a_source_is_that_of_its_tables(project: Project) -> None:
    table = "{name: t, config: {meta: {twin: {rows: 2}}}, meta: {other: 1}}"
    said = f"sources: [{{name: raw, meta: {{twin: {{keep: real, rows: 1}}}}, tables: [{table}]}}]"
    assert source(project({"models/s.yml": said})).meta == {"keep": "real", "rows": 2}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("models: []", r"has no source that is enabled \(read from its YAML files\)"),
        ("", "has no source that is enabled"),
        ("sources: [{tables: [{name: x}]}]", r"models/s\.yml: the name of a source: got NoneType, wanted a name"),
        ("sources: [{name: raw, tables: [{name: [1]}]}]", "the name of a table of source raw: got list, wanted a name"),
        ("sources: [{name: raw, tables: [{name: x, config: {enabled: 3}}]}]", "enabled: got int, wanted true or false"),
        ("sources: [", r"s\.yml:1: not YAML"),
    ],
)
def test_projects_that_say_nothing_or_nonsense(project: Project, said: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        read_project(project({"models/s.yml": said}))


def test_a_manifest_that_dbt_did_not_write(project: Project) -> None:
    root = project({"models/s.yml": "", "out/manifest.json": '{"nodes": {}}', "dbt_project.yml": "name: own\ntarget-path: out\n"})
    with pytest.raises(ConfigurationError, match=r"out/manifest\.json: not a manifest that dbt wrote \(KeyError\); next: dbt parse"):
        read_project(root)
