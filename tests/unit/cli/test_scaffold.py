"""`twin manifest scaffold` and `twin manifest add`, by the command line."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from warehouse_twin.cli.main import main as twin

TABLES = """
CREATE SCHEMA shop;
CREATE TABLE shop.customers AS SELECT i AS id, 'c' || i || '@mail.example' AS email FROM range(60) t(i);
CREATE TABLE shop.orders AS SELECT i AS id, i % 60 AS customer_id FROM range(200) t(i);
CREATE TABLE shop."Päckchen, alle" AS SELECT i AS id, i % 200 AS order_id FROM range(100) t(i);
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project without manifests, and its source."""
    for name in ("TWIN_MLFLOW_URI", "TWIN_DVC_REMOTE", "TWIN_WORKSPACE", "TWIN_LOCK_SECONDS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TWIN_PROJECT", str(tmp_path))
    prod = tmp_path / ".twin" / "warehouses" / "prod.duckdb"
    prod.parent.mkdir(parents=True)
    with duckdb.connect(str(prod)) as connection:
        connection.execute(TABLES)
    return tmp_path


def test_a_manifest_is_written_and_sound(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert twin(["manifest", "scaffold", "prod", "shop"]) == 0
    assert "3 tables, entity customers" in capsys.readouterr().out
    assert twin(["manifest", "check", "shop"]) == 0


def test_a_manifest_that_is_there_is_not_touched(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert twin(["manifest", "scaffold", "prod", "shop"]) == 0
    file = project / "twins" / "shop.yml"
    file.write_text("mine")
    assert twin(["manifest", "scaffold", "prod", "shop"]) == 2
    assert file.read_text() == "mine"
    assert "is not overwritten" in capsys.readouterr().err
    assert twin(["manifest", "scaffold", "prod", "shop", "--twin", "other"]) == 0


def test_it_can_be_printed_alone(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert twin(["manifest", "scaffold", "prod", "shop", "--output", "-"]) == 0
    assert "\ntwin: shop\n" in capsys.readouterr().out
    assert not (project / "twins").exists()


def test_the_target_is_named_in_two_words(project: Path) -> None:
    assert twin(["manifest", "scaffold", "prod", "shop", "--twin", "x", "--target", "dev", "Shop.2"]) == 0
    assert 'target: {warehouse: dev, schema: "Shop.2", keys: source}' in (project / "twins" / "x.yml").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["prod", "shopp"], "did you mean shop?"),
        (["nowhere", "shop"], "no connection of that name"),
        (["prod", "shop", "--twin", "Not Good"], "as a twin's name"),
        (["prod", "shop", "--target", "prod", "shop"], "a twin never replaces its source"),
        (["prod", "shop", "--twin", "a", "--output", "b.yml"], "named after its twin"),
        (["prod", "shop", "--output", "no/such/place/shop.yml"], "no such folder"),
        (["prod", "main"], "has no table that a twin can have"),
    ],
)
def test_what_it_cannot_do_is_said_and_nothing_written(
    words: list[str], said: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert twin(["manifest", "scaffold", *words]) == 2
    assert said in capsys.readouterr().err
    assert not list(project.rglob("*.yml"))


def test_a_table_is_added_in_place(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = project / "twins" / "mine.yml"
    file.parent.mkdir()
    before = "twin: mine\nsource: {warehouse: prod, schema: shop}\ntarget: {warehouse: dev, schema: m}\nseed: 3\ntables:\n"
    before += "  customers: {primary_key: id} # ours\n  orders:\n    primary_key: id\n  # the end\n\n# gone\n"
    file.write_text(before)
    assert twin(["manifest", "add", "prod", "Päckchen, alle", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    after = file.read_text()
    assert facts["table"] == "Päckchen, alle"
    assert "\n".join(facts["lines"]) in after
    assert after.replace("\n".join(facts["lines"]) + "\n", "") == before
    assert "- {columns: order_id, references: orders}" in after
    assert twin(["manifest", "check", "mine"]) == 0
    assert twin(["manifest", "add", "prod", "orders"]) == 2
    assert "nothing to add" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["prod", "nothing"], "unknown table 'nothing'"),
        (["dev", "orders"], "no manifest with a source in warehouse dev"),
        (["dev", "orders", "--twin", "mine"], "its source is in warehouse prod"),
        (["prod", "orders", "--twin", "mie"], "did you mean mine?"),
    ],
)
def test_a_table_that_cannot_be_added(words: list[str], said: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = project / "twins" / "mine.yml"
    file.parent.mkdir()
    text = "twin: mine\nsource: {warehouse: prod, schema: shop}\ntarget: {warehouse: dev, schema: m}\nseed: 3\ntables: {customers: }\n"
    file.write_text(text)
    assert twin(["manifest", "add", *words]) == 2
    assert said in capsys.readouterr().err
    assert file.read_text() == text


def test_tables_in_braces_are_not_rewritten(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = project / "twins" / "mine.yml"
    file.parent.mkdir()
    text = "twin: mine\nsource: {warehouse: prod, schema: shop}\ntarget: {warehouse: dev, schema: m}\nseed: 3\ntables: {customers: }\n"
    file.write_text(text)
    assert twin(["manifest", "add", "prod", "orders"]) == 2
    assert f"{file}:5: tables stand in braces" in capsys.readouterr().err
    assert file.read_text() == text


DBT = "sources: [{name: raw, schema: shop, tables: [{name: customers}, {name: orders}]}]"


def test_a_dbt_project_says_which_tables(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = project / "own"
    (own / "models").mkdir(parents=True)
    (own / "dbt_project.yml").write_text("name: own")
    (own / "models" / "sources.yml").write_text(DBT)
    assert twin(["manifest", "scaffold", "--from-dbt", str(own)]) == 0
    assert "2 tables, entity customers" in capsys.readouterr().out
    assert twin(["manifest", "check", "shop"]) == 0
    assert twin(["manifest", "scaffold", "prod", "other", "--from-dbt", str(own)]) == 2
    assert "has no source in schema other; its sources are in shop" in capsys.readouterr().err
    (own / "models" / "more.yml").write_text("sources: [{name: other, tables: [{name: x}]}]")
    assert twin(["manifest", "scaffold", "--from-dbt", str(own), "--twin", "b"]) == 2
    assert "has sources in several schemas, other (1), shop (2); a twin copies one" in capsys.readouterr().err
    assert twin(["manifest", "scaffold", "prod", "shop", "--from-dbt", str(own), "--twin", "b", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["left_out"] == {"Päckchen, alle": "no source of the dbt project"}
    assert twin(["manifest", "scaffold", "prod"]) == 2
    assert "wanted WAREHOUSE and SCHEMA" in capsys.readouterr().err
