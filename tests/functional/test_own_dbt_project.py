"""Somebody's own dbt project on a release of a twin, in DuckDB and in PostgreSQL: installed by the command, and no model edited."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from own_project import BY_HAND, PACKAGE, REAL, Ended, dbt, make_project, release_shop
from postgres_server import Server
from warehouse_twin.cli.main import main as twin
from warehouse_twin.dbt_projects.facts import Described
from warehouse_twin.dbt_projects.manifest_json import read_manifest
from warehouse_twin.dbt_projects.project_file import open_project
from warehouse_twin.dbt_projects.schema_files import read_files
from warehouse_twin.warehouses import open_warehouse

Rows = list[tuple[Any, ...]]
BUILDS = {
    "real": ("build", "--vars", "kept: real"),
    "published": ("build", "--vars", "{twin: shop, kept: published}"),
    "pinned": ("build", "--select", "revenue", "--target", "twin", "--vars", "kept: pinned"),
    "empty": ("run", "--empty", "--vars", "{twin: shop, kept: empty}"),
    "mixed": ("build", "--target", "twin", "--vars", "{twin: {raw: false, files: shop@2}, kept: mixed}"),
}
"""How the project is run; what it has built of the mart is kept in a table of that name."""
REFUSED = {
    "{twin: shop@9}": "there is no release shop@9: no schema shop_twin__r9 in dev; next: name one that twin releases shop lists",
    "{twin: nobody}": "no release of nobody is published in schema 'nobody' of dev",
    "{twin: shops, twin_schemas: {shops: shop_twin}}": "got a release of shop in schema 'shop_twin' of dev, wanted one of shops",
    "{twin: shop@1}": "shop@1 has no table countries (source files.countries): looked in schema shop_twin__r1 of dev",
    "{twin: shop@latest}": "got 'shop@latest' as a twin, wanted its name",
    "{twin: [shop]}": "got '['shop']' as a twin, wanted its name, such as flights for the published release or flights@7",
    "{twin: {raw: shop}}": "no twin is named for source 'files'",
    "{twin: shop, twin_database: elsewhere}": "no release of shop is published in schema 'shop_twin' of elsewhere",
}


@dataclass(frozen=True)
class Own:
    """The project, and what SQL by hand gives in its warehouse."""

    root: Path
    query: Callable[[str], Rows]

    def mart(self, kept: str) -> Rows:
        return sorted(self.query(f"SELECT tier, orders, total, release FROM marts.{kept}"))

    def by_hand(self, schema: str, release: str) -> Rows:
        return [(*row, release) for row in sorted(self.query(BY_HAND.format(schema=schema)))]

    def countries(self) -> Rows:
        return self.query("SELECT countries FROM marts.places")


def made(root: Path, output: dict[str, object], query: Callable[[str], Rows]) -> Own:
    make_project(root, {"dev": output, "twin": output})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TWIN_PROJECT", str(PACKAGE.parent))
        assert twin(["dbt", "install", str(root)]) == 0
    return Own(root, query)


@pytest.fixture(scope="module")
def in_duckdb(tmp_path_factory: pytest.TempPathFactory) -> Own:
    folder = tmp_path_factory.mktemp("duckdb")
    path = folder / "dev.duckdb"

    def query(sql: str) -> Rows:
        with duckdb.connect(str(path)) as connection:
            return connection.execute(sql).fetchall()

    for statement in REAL:
        query(statement)
    query(f"COPY (SELECT * FROM shop.countries) TO '{folder}/real.parquet'")
    for release in (1, 2):
        release_shop(open_warehouse("dev", f"duckdb://{path}", lock_seconds=30), release, folder)
    own = made(folder / "own", {"type": "duckdb", "path": str(path), "schema": "marts", "threads": 2, "keep_open": False}, query)
    sources = own.root / "models" / "sources.yml"
    sources.write_text(sources.read_text().replace("nowhere.parquet", f"{folder}/real.parquet"))
    return own


@pytest.fixture(scope="module")
def ended(in_duckdb: Own) -> dict[str, Ended]:
    """Every run of the project in DuckDB, by its name or by what was asked for in vain."""
    bare = shutil.copytree(in_duckdb.root, in_duckdb.root.parent / "bare")
    (bare / "macros" / "twin_source.sql").unlink()
    runs = {
        "deps": ("deps",),
        "parsed with a twin": ("run", "--vars", "twin: shop"),
        "parse": ("parse",),
        **BUILDS,
        **{words: ("run", "--vars", words) for words in REFUSED},
    }
    said = dict(zip(runs, dbt(in_duckdb.root, *runs.values()), strict=True))
    return said | dict(zip(("deps again", "not overridden"), dbt(bare, ("deps",), ("run", "--vars", "twin: shop")), strict=True))


@pytest.mark.parametrize(
    ("kept", "schema", "release"), [("real", "shop", ""), ("published", "shop_twin", "shop@2"), ("pinned", "shop_twin__r1", "shop@1")]
)
def test_a_mart_is_that_built_by_hand(in_duckdb: Own, ended: dict[str, Ended], kept: str, schema: str, release: str) -> None:
    assert ended[kept].ok, ended[kept].said
    assert len(in_duckdb.mart(kept)) == (1 if kept == "real" else 2)
    assert in_duckdb.mart(kept) == in_duckdb.by_hand(schema, release)


def test_a_source_may_stay_as_it_is_declared(in_duckdb: Own, ended: dict[str, Ended]) -> None:
    assert ended["mixed"].ok, ended["mixed"].said
    assert in_duckdb.mart("mixed") == in_duckdb.by_hand("shop", "")
    assert in_duckdb.countries() == [(2,)]  # of the release, and not the 5 of the file that the source declares
    assert "warehouse_twin: raw.orders is read as it is declared" in ended["mixed"].said


def test_a_run_without_rows_has_none(in_duckdb: Own, ended: dict[str, Ended]) -> None:
    assert ended["empty"].ok, ended["empty"].said
    assert in_duckdb.mart("empty") == []


def test_the_check_says_which_release_is_read(ended: dict[str, Ended]) -> None:
    assert "warehouse_twin: " not in ended["real"].said
    assert "warehouse_twin: source files, raw reads shop@2 (schema shop_twin)" in ended["published"].said
    assert "warehouse_twin: source raw reads shop@1 (schema shop_twin__r1)" in ended["pinned"].said
    assert ended["parsed with a twin"].ok, ended["parsed with a twin"].said


@pytest.mark.parametrize("words", REFUSED)
def test_a_run_that_would_not_read_the_release_is_stopped(ended: dict[str, Ended], words: str) -> None:
    assert not ended[words].ok
    assert REFUSED[words] in " ".join(ended[words].said.split())


def test_a_project_that_does_not_override_source_is_stopped(ended: dict[str, Ended]) -> None:
    assert not ended["not overridden"].ok
    assert "the macro source is not overridden" in " ".join(ended["not overridden"].said.split())


def test_yaml_files_are_read_as_dbt_reads_them(in_duckdb: Own, ended: dict[str, Ended]) -> None:
    assert ended["parse"].ok
    project = open_project(in_duckdb.root)
    parsed, files = read_manifest(project, project.target / "manifest.json"), read_files(project)
    assert len(parsed.sources) == 3
    for one, other in ((parsed.sources, files.sources), (parsed.models, files.models)):
        assert {item.key: facts_of(item) for item in one} == {item.key: facts_of(item) for item in other}


def facts_of(item: Described) -> tuple[object, ...]:
    """What a manifest is scaffolded from, in no order."""
    wanted = ("to", "field", "values")
    tests = sorted((test.name, test.column, test.some, str([test.arguments.get(name) for name in wanted])) for test in item.tests)
    constraints = [(said["type"], said["columns"]) for said in item.constraints]
    return tests, constraints, item.meta, item.columns_meta, item.schema, item.identifier, set(item.reads), item.code.strip()


def test_in_postgres_a_mart_is_that_built_by_hand(postgres: Server, tmp_path: Path) -> None:
    database = postgres.new_database()
    postgres.run(*REAL, database=database)
    for release in (1, 2):
        release_shop(open_warehouse("dev", postgres.url(database), lock_seconds=30), release, tmp_path)
    place = {"host": "127.0.0.1", "port": postgres.port, "user": "twin", "password": postgres.password, "dbname": database}
    output = {"type": "postgres", "schema": "marts", "threads": 2, **place}
    own = made(tmp_path / "own", output, lambda sql: postgres.run(sql, database=database))
    refused = ("run", "--vars", "twin: shop@9")
    *built, stopped = dbt(own.root, ("deps",), ("parse",), *(BUILDS[name] for name in ("real", "published", "pinned")), refused)
    assert [done.said for done in built if not done.ok] == []
    assert own.mart("real") == own.by_hand("shop", "")
    assert own.mart("published") == own.by_hand("shop_twin", "shop@2")
    assert own.mart("pinned") == own.by_hand("shop_twin__r1", "shop@1")
    assert own.countries() == [(2,)]
    assert not stopped.ok
    assert "there is no release shop@9: no schema shop_twin__r9" in " ".join(stopped.said.split())
