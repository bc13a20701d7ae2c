"""Projects that cannot be built on a twin are told why, before anything is built."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tiny_projects import CLINIC, write_project
from warehouse_twin.errors import ConfigurationError
from warehouse_twin.materializing.invoking import settings_of_dbt
from warehouse_twin.materializing.redirecting import Keys
from warehouse_twin.materializing.user_projects import UserProject, digest_of_project, profile_of, read_project

VISITS = "select * from {{ source('clinic', 'visits') }}"


def read(folder: Path, tmp_path: Path) -> UserProject:
    return read_project(folder, resolved=CLINIC, variables={}, scratch=tmp_path / "scratch")


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("select * from {{ ref('nowhere') }}", "depends on a node named 'nowhere' which was not found"),
        ("select * from {{ source('clinic', 'visits') }", "unexpected '}'"),
    ],
)
def test_a_project_that_does_not_compile(model: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read(write_project(tmp_path / "hers", {"visits": model}), tmp_path)
    assert "hers: does not compile with dbt-duckdb: " in str(raised.value)
    assert said in str(raised.value)


def test_a_project_that_reads_none_of_the_tables(tmp_path: Path) -> None:
    other = "version: 2\nsources: [{name: clinic, tables: [{name: doctors}]}]\n"
    project = write_project(tmp_path / "hers", {"one": "select 1 as one"}, more={"models/sources.yml": other})
    wanted = r"reads no table of the twin: its sources are clinic\.doctors, the twin's tables patients, visits of schema clinic"
    with pytest.raises(ConfigurationError, match=wanted):
        read(project, tmp_path)


def test_names_of_schemas_decide_where_the_project_has_the_sources(tmp_path: Path) -> None:
    more = "version: 2\nsources: [{name: copy, schema: backup, tables: [{name: visits}]}]\n"
    models = {"visits": VISITS, "copied": "select * from {{ source('copy', 'visits') }}"}
    found = read(write_project(tmp_path / "hers", models, more={"models/copy.yml": more}), tmp_path)
    assert found.sources == {"clinic.patients": "patients", "clinic.visits": "visits"}
    assert found.left_out == {"copied": "copy.visits"}


def test_elsewhere_the_name_of_the_table_decides_and_files_are_not_read(tmp_path: Path) -> None:
    raw = (
        "version: 2\nsources:\n  - name: raw\n    schema: landing\n    config: {external_location: '/nowhere/{name}.parquet'}\n"
        "    tables: [{name: v, identifier: VISITS}]\n"
    )
    models = {"visits": "select * from {{ source('raw', 'v') }}"}
    found = read(write_project(tmp_path / "hers", models, more={"models/sources.yml": raw}), tmp_path)
    assert found.sources == {"raw.v": "visits"}
    (source,) = found.manifest.sources.values()
    assert (source.schema, source.identifier, source.meta, source.config.extra) == ("clinic", "visits", {}, {})


@pytest.mark.parametrize(("content", "wanted"), [(None, "no dbt_project.yml"), ("- 1", "no name"), ("a: [", "cannot be read")])
def test_no_project(content: str | None, wanted: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "dbt_project.yml").write_text(content)
    with pytest.raises(ConfigurationError, match=wanted):
        profile_of(tmp_path)


def test_a_digest_is_of_what_dbt_reads(tmp_path: Path) -> None:
    project = write_project(tmp_path / "hers", {"visits": VISITS})
    before = digest_of_project(project)
    for name in ("target/run/visits.sql", "logs/a.md", ".git/x.sql", "notes.txt"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("x")
    assert digest_of_project(project) == before
    (project / "models" / "visits.sql").write_text(VISITS + " limit 1")
    assert digest_of_project(project) != before


def test_variables_of_hers_are_seen_and_options_of_dbt_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBT_HERS", "visits")
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "elsewhere"))
    project = write_project(tmp_path / "hers", {"visits": "select * from {{ source('clinic', env_var('DBT_HERS')) }}"})
    assert [mart.name for mart in read(project, tmp_path).marts] == ["visits"]
    assert not (tmp_path / "elsewhere").exists()
    assert os.environ["DBT_TARGET_PATH"]
    assert settings_of_dbt()("DBT_TARGET_PATH")
    assert not settings_of_dbt()("DBT_HERS")


@pytest.mark.parametrize(
    ("column", "number", "key"),
    [
        ("order_no", True, True), ("order_no", False, True), ("invoice", True, True), ("invoice", False, False), ("country", False, False),
        ("store_id", True, True), ("store_id", False, False), ("KEY", True, True), ("keyboard", True, False),
    ],
)  # fmt: skip
def test_what_is_a_key(column: str, number: bool, key: bool) -> None:
    keys = Keys(always=frozenset({"order_no"}), where_numbers=frozenset({"invoice"}), never=frozenset({"country"}))
    assert keys.holds(column, number=number) is key
