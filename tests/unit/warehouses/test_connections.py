"""A warehouse's name resolves to one URL, whichever of the four places says so, and to an error when two disagree."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.settings import Settings
from warehouse_twin.warehouses.connections import url_of
from warehouse_twin.workspace import Workspace

SECRET = "hunter2"
SHIPPED = Path(__file__).parents[3] / "dbt_project" / "profiles.yml"


def project(tmp_path: Path, profiles: str = "", **connections: str) -> Settings:
    """Settings of a project whose dbt profile is `profiles`; its workspace is `tmp_path/ws`."""
    (tmp_path / "dbt_project").mkdir(exist_ok=True)
    if profiles:
        (tmp_path / "dbt_project" / "profiles.yml").write_text(profiles)
    return Settings(project=tmp_path, workspace=Workspace(tmp_path / "ws"), mlflow_uri="", dvc_remote="", connections=connections)


def profile(path: str, kind: str = "duckdb", extra: str = "") -> str:
    return f"warehouse_twin:\n  outputs:\n    prod:\n      type: {kind}\n      path: {path}\n{extra}"


def refusal(settings: Settings, environment: dict[str, str], name: str = "prod") -> str:
    with pytest.raises(ConfigurationError) as caught:
        url_of(name, settings, environment=environment)
    return str(caught.value)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("TWIN_WAREHOUSE_PROD", "duckdb:///data/prod.duckdb"),
        ("TWIN_WAREHOUSE_PROD", "duckdb:////data/./x/../prod.duckdb"),
        ("AIRFLOW_CONN_PROD", "duckdb-twin://%2Fdata%2Fprod.duckdb"),
        ("AIRFLOW_CONN_PROD", "duckdb_twin://%2Fdata%2Fprod.duckdb?__extra__=%7B%7D"),
        ("AIRFLOW_CONN_PROD", "duckdb:///data/prod.duckdb"),
        ("AIRFLOW_CONN_PROD", '{"conn_type": "duckdb_twin", "host": "/data/prod.duckdb"}'),
        ("AIRFLOW_CONN_PROD", '{"conn_type": "duckdb", "extra": {"path": "/data/prod.duckdb"}}'),
        ("AIRFLOW_CONN_PROD", json.dumps({"conn_type": "duckdb-twin", "extra": '{"path": "/data/prod.duckdb"}'})),
    ],
)
def test_every_spelling_of_the_environment_names_the_same_file(tmp_path: Path, variable: str, text: str) -> None:
    assert url_of("prod", project(tmp_path), environment={variable: text}) == "duckdb:///data/prod.duckdb"


def test_the_driver_may_give_a_connection(tmp_path: Path) -> None:
    assert url_of("prod", project(tmp_path, prod="duckdb-twin://%2Fdata%2Fp.duckdb"), environment={}) == "duckdb:///data/p.duckdb"


def test_the_process_environment_is_read_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_WAREHOUSE_MY_LAKE_2", "duckdb:///data/lake.duckdb")
    assert url_of("my-lake.2", project(tmp_path), environment=None) == "duckdb:///data/lake.duckdb"


def test_a_path_in_a_plain_url_is_read_as_it_stands_and_airflows_is_decoded(tmp_path: Path) -> None:
    plain = {"TWIN_WAREHOUSE_PROD": "duckdb:///data/a%20b#c.duckdb"}
    airflow = {"AIRFLOW_CONN_PROD": "duckdb:///data/a%20b.duckdb"}
    assert url_of("prod", project(tmp_path), environment=plain) == "duckdb:///data/a%20b#c.duckdb"
    assert url_of("prod", project(tmp_path), environment=airflow) == "duckdb:///data/a b.duckdb"


def test_the_shipped_profile_puts_both_warehouses_into_the_workspace(tmp_path: Path) -> None:
    settings = project(tmp_path, SHIPPED.read_text())
    elsewhere = {"TWIN_WORKSPACE": "/elsewhere"}  # the settings decide, not the environment they may have come from
    for name in ("prod", "dev"):
        wanted = f"duckdb://{(settings.workspace.warehouses / f'{name}.duckdb').resolve()}"
        assert url_of(name, settings, environment={}) == wanted
        assert url_of(name, settings, environment=elsewhere) == wanted


def test_a_profile_is_rendered_with_variables_and_defaults_and_only_where_needed(tmp_path: Path) -> None:
    extra = "      password: \"{{ env_var('NOT_SET') }}\"\n"
    settings = project(tmp_path, profile("\"{{ env_var('ROOT', '/data') }}/prod.duckdb\"", extra=extra))
    assert url_of("prod", settings, environment={}) == "duckdb:///data/prod.duckdb"
    assert url_of("prod", settings, environment={"ROOT": "/other"}) == "duckdb:///other/prod.duckdb"


def test_equal_answers_agree_through_links(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    environment = {
        "TWIN_WAREHOUSE_PROD": f"duckdb://{tmp_path}/link/prod.duckdb",
        "AIRFLOW_CONN_PROD": f"duckdb://{tmp_path}/real/prod.duckdb",
    }
    settings = project(tmp_path, profile(f"{tmp_path}/real/../real/prod.duckdb"))
    assert url_of("prod", settings, environment=environment) == f"duckdb://{(tmp_path / 'real').resolve()}/prod.duckdb"


def test_two_answers_are_an_error_that_names_both_origins_and_no_credentials(tmp_path: Path) -> None:
    settings = project(tmp_path, profile("/data/b.duckdb"))
    airflow = {"conn_type": "duckdb", "host": "/data/a.duckdb", "login": "me", "password": SECRET}
    text = refusal(settings, {"AIRFLOW_CONN_PROD": json.dumps(airflow)})
    assert "AIRFLOW_CONN_PROD says /data/a.duckdb" in text
    assert f"output prod of profile warehouse_twin in {tmp_path}/dbt_project/profiles.yml says /data/b.duckdb" in text
    assert SECRET not in text


def test_an_unknown_name_lists_where_it_looked_and_the_nearest_name(tmp_path: Path) -> None:
    settings = project(tmp_path, profile("/data/prod.duckdb"), lake="duckdb:///data/lake.duckdb")
    environment = {
        "TWIN_WAREHOUSE_DEV": "duckdb:///data/dev.duckdb",
        "AIRFLOW_CONN_STAGE": "duckdb:///data/stage.duckdb",
        "AIRFLOW_CONN_MAIL": f"smtp://me:{SECRET}@mail",
    }
    text = refusal(settings, environment, name="prodd")
    assert "TWIN_WAREHOUSE_PRODD" in text
    assert "AIRFLOW_CONN_PRODD" in text
    assert "profiles.yml" in text
    assert "known names: dev, lake, prod, stage; did you mean prod?" in text
    assert SECRET not in text


def test_with_nothing_known_the_next_step_is_named(tmp_path: Path) -> None:
    text = refusal(project(tmp_path), {}, name="lake")
    assert text.endswith("known names: none; next: set TWIN_WAREHOUSE_LAKE=duckdb:///absolute/path")


@pytest.mark.parametrize(
    ("variable", "text", "wanted"),
    [
        ("TWIN_WAREHOUSE_PROD", f"mysql://me:{SECRET}@db/prod", "got 'mysql'"),
        ("TWIN_WAREHOUSE_PROD", f"postgres://me:{SECRET}@db", "no database"),
        ("TWIN_WAREHOUSE_PROD", f"postgres://me:{SECRET}@db:port/prod", "the port is not a number"),
        ("TWIN_WAREHOUSE_PROD", SECRET, "got no URL"),
        ("TWIN_WAREHOUSE_PROD", f"{SECRET}:x", "got no URL"),
        ("TWIN_WAREHOUSE_PROD", "duckdb://relative/prod.duckdb", "absolute path"),
        ("TWIN_WAREHOUSE_PROD", "duckdb:///:memory:", "absolute path"),
        ("TWIN_WAREHOUSE_PROD", "duckdb:///", "absolute path"),
        ("TWIN_WAREHOUSE_PROD", f"duckdb:///data/p.duckdb?token={SECRET}", "options"),
        ("AIRFLOW_CONN_PROD", f"duckdb://me:{SECRET}@%2Fdata%2Fp.duckdb", "absolute path"),
        ("AIRFLOW_CONN_PROD", f'{{"password": "{SECRET}"', "wanted JSON"),
        ("AIRFLOW_CONN_PROD", f'{{"password": "{SECRET}"}}', "wanted JSON"),
        ("AIRFLOW_CONN_PROD", f'{{"conn_type": "duckdb", "extra": ["{SECRET}"]}}', "wanted JSON"),
        ("AIRFLOW_CONN_PROD", f'{{"conn_type": "mysql", "password": "{SECRET}"}}', "conn_type"),
        ("AIRFLOW_CONN_PROD", f'{{"conn_type": "postgres", "password": "{SECRET}"}}', "no host and no database"),
        ("AIRFLOW_CONN_PROD", f'{{"conn_type": "duckdb", "password": "{SECRET}"}}', "absolute path"),
    ],
)
def test_an_unusable_answer_is_refused_by_origin_and_never_quoted(tmp_path: Path, variable: str, text: str, wanted: str) -> None:
    message = refusal(project(tmp_path), {variable: text})
    assert message.startswith(variable)
    assert wanted in message
    assert SECRET not in message


@pytest.mark.parametrize(
    ("profiles", "wanted"),
    [
        (profile("/data/p.duckdb", kind="mysql"), "no engine for this type"),
        (profile("data/p.duckdb"), "absolute path"),
        (profile("\"{{ env_var('LOST') }}/p\""), "environment variable LOST is not set"),
        (profile('"{{ target.name }}/p"'), "cannot be rendered"),
        (profile("\"{{ env_var.__globals__['SECRET'] }}\""), "cannot be rendered"),
        (profile('"{{ range(9) }}"'), "cannot be rendered"),
        (profile('"{% if %}"'), "cannot be rendered"),
        ("warehouse_twin:\n  outputs:\n    prod: text\n", "wanted keys such as type and path, got str"),
        (f"warehouse_twin:\n  password: {SECRET}: [\n", "profiles.yml:2: not YAML"),
    ],
)
def test_a_profile_that_cannot_be_used_is_refused(tmp_path: Path, profiles: str, wanted: str) -> None:
    message = refusal(project(tmp_path, profiles), {})
    assert wanted in message
    assert SECRET not in message


@pytest.mark.parametrize("profiles", ["", "other:\n  outputs: {}\n", "- a list\n", "warehouse_twin:\n", "warehouse_twin:\n  outputs:\n"])
def test_a_profile_without_the_output_says_nothing(tmp_path: Path, profiles: str) -> None:
    assert "no connection of that name" in refusal(project(tmp_path, profiles), {})


def test_nothing_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    url_of("prod", project(tmp_path), environment={"TWIN_WAREHOUSE_PROD": "duckdb:///data/prod.duckdb"})
    assert caplog.records == []


def test_one_postgres_connection_has_one_spelling_wherever_it_is_told(tmp_path: Path) -> None:
    told = {
        "TWIN_WAREHOUSE_PROD": f"postgresql://me%40home:{SECRET}%2F@db/prod%20one?sslmode=require",
        "AIRFLOW_CONN_PROD": json.dumps(
            {"conn_type": "postgres", "host": "db", "login": "me@home", "password": f"{SECRET}/", "schema": "prod one"}
            | {"port": 5432, "extra": {"sslmode": "require", "cursor": "dictcursor"}}
        ),
    }
    fields = "user: me@home\n      pass: \"{{ env_var('PASSWORD') }}\"\n      host: db\n      port: 5432\n      dbname: prod one\n"
    settings = project(tmp_path, profile("unused", kind="postgres", extra=f"      {fields}      sslmode: require\n      schema: shop\n"))
    found = url_of("prod", settings, environment={**told, "PASSWORD": f"{SECRET}/"})
    assert found == f"postgresql://me%40home:{SECRET}%2F@db:5432/prod%20one?sslmode=require"


def test_two_passwords_for_one_database_are_two_answers_and_neither_is_told(tmp_path: Path) -> None:
    told = {"TWIN_WAREHOUSE_PROD": f"postgresql://me:{SECRET}@db/prod", "AIRFLOW_CONN_PROD": "postgres://me:other@db:5432/prod"}
    text = refusal(project(tmp_path), told)
    assert "says db:5432/prod" in text
    assert "differ in user, password or options" in text
    assert SECRET not in text
    assert "other" not in text
