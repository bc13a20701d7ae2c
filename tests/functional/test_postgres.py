"""The command line on PostgreSQL: a twin from there to there, and one out of it into a DuckDB file and back in."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pytest

from postgres_cases import SHOP
from postgres_server import Server
from shop_project import CHECKOUT, Project
from warehouse_twin.warehouses import Warehouse, open_warehouse
from warehouse_twin.warehouses.catalog import Table
from warehouse_twin.workspace import read_json

MANIFEST = """\
twin: {twin}
source: {{warehouse: {source}, schema: {schema}}}
target: {{warehouse: {target}, schema: {twin}}}
seed: 11
entity: customers
k: 10
holdout: 0.2
synthesizer: tree
gates:
  undecided: {{accept: true, reason: "Two hundred customers are held out: too few for the distance tests."}}
  goals:
    near_copies: {{goal: 0.3, reason: "Orders follow from their number by arithmetic: each lies beside training rows by itself."}}
tables:
  countries: {{keep: real}}
  customers: {customers}
  orders: {{}}
  things:
    columns: {{address: {{kind: categorical}}}}
    gates:
      goals:
        column_shape: {{goal: 1.0, reason: "Columns of as many values as rows, and of types that are not modelled."}}
        column_shape_each: {{goal: 1.0, reason: "Columns of as many values as rows, and of types that are not modelled."}}
        pair_trend_way: {{goal: -100.0, reason: "A thousand rows of columns that all follow from the row's number."}}
        pair_trend_min: {{goal: 1.0, reason: "A thousand rows of columns that all follow from the row's number."}}
        pair_trend: {{goal: 1.0, reason: "A thousand rows of columns that all follow from the row's number."}}
"""
QUERY = """\
SELECT c.tier, to_char(o.placed, 'YYYY') AS year, sum(o.total)::numeric(14, 2) AS total, count(*) FILTER (WHERE o.express) AS fast
FROM shop.orders o JOIN customers c ON c.id = o.customer GROUP BY 1, 2 ORDER BY total DESC
"""
COPIED = ("customers", "orders")
KINDS = {
    "day": "day IN ('infinity', '9999-12-31', '0044-03-15 BC') OR day BETWEEN '1849-12-01' AND '1853-01-01'",
    "moment": "moment = '-infinity' OR moment BETWEEN '1899-12-01' AND '1900-02-01'",
    "zoned": "extract(timezone FROM zoned) = 19800 AND extract(hour FROM zoned) = 12 AND extract(second FROM zoned) = 0",
    "lasted": "lasted BETWEEN '-10 days' AND '30 hours'",
    "months": "months BETWEEN '0' AND '3 years' AND extract(day FROM months) = 0",
    "amount": "amount BETWEEN -1000 AND 4000 AND double_price = round(amount * 2, 4)",
    "single": "single = 'NaN' OR single BETWEEN 0 AND 150",
    "twice": "twice = 'Infinity' OR twice BETWEEN -5e301 AND 1.05e303",
    'say "no" now': """"say ""no"" now" LIKE 'word _'""",
    "plain": "json_typeof(plain->'b') = 'number' AND json_array_length(plain->'a') = 1",
    "flags": "length(flags) = 8",
    "loose_flags": "length(loose_flags) = 12",
    "price": "price BETWEEN '0'::money AND '92'::money",
    "tiers": "tiers IN ('{plain,gold}', '{silver,NULL}')",
    "sums": "array_length(sums, 1) = 2",
    "counts": "counts = '{}' OR array_length(counts, 1) = 2",
    "shares": "shares[1] BETWEEN 0 AND 100",
    "address": "masklen(address) = 16",
    "spot": "spot ~= '(0,0)'",
    "name": "name LIKE 'n_%'",
    "bytes": "length(bytes) < 9",
}
"""What every value of a column that is not null must be. The k largest are drawn as one uniform run, which may end beyond the largest."""


@dataclass(frozen=True)
class PostgresProject(Project):
    """A project whose warehouses are `prod` and `dev`, databases of one server, and `lake`, a DuckDB file."""

    server: Server
    prod: str
    dev: str

    @property
    def lake(self) -> Path:
        return self.root / "lake.duckdb"

    @property
    def shore(self) -> Path:
        return self.root / "shore.duckdb"

    @property
    def environment(self) -> dict[str, str]:
        urls = {"PROD": self.server.url(self.prod), "DEV": self.server.url(self.dev)}
        urls |= {"LAKE": f"duckdb://{self.lake}", "SHORE": f"duckdb://{self.shore}"}
        return super().environment | {f"TWIN_WAREHOUSE_{name}": url for name, url in urls.items()}

    def hide_that_it_is_drawn(self) -> None:
        """`shore` is `lake`, with neither the labels of a twin nor all of its rows: no twin is learned from a twin."""
        shutil.copy(self.lake, self.shore)
        with duckdb.connect(str(self.shore)) as opened:
            changes = {"customers": "born = '1980-02-03'", "orders": "express = express IS NOT TRUE", "things": "yes = yes IS NOT TRUE"}
            for name, change in changes.items():
                opened.execute(f"COMMENT ON TABLE out__r1.{name} IS NULL")
                opened.execute(f"UPDATE out__r1.{name} SET {change} WHERE id = (SELECT min(id) FROM out__r1.{name})")

    def warehouse(self, name: str) -> Warehouse:
        return open_warehouse(name, self.environment[f"TWIN_WAREHOUSE_{name.upper()}"])

    def tables(self, name: str, schema: str) -> dict[str, Table]:
        with self.warehouse(name).snapshot(schema) as snapshot:
            return {table.name: replace(table, comment="", grants=()) for table in snapshot.tables()}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, postgres: Server) -> PostgresProject:
    """A project with three twins, each run once: within PostgreSQL, out of it, and into it."""
    made = PostgresProject(tmp_path_factory.mktemp("postgres"), postgres, postgres.new_database(), postgres.new_database())
    postgres.run(*SHOP, database=made.prod)
    (made.root / "home").mkdir()
    (made.root / "twins").mkdir()
    (made.root / "queries").mkdir()
    (made.root / "queries" / "shop.sql").write_text(QUERY)
    shutil.copytree(CHECKOUT / "expectations", made.root / "expectations")
    shutil.copytree(CHECKOUT / "dbt_project", made.root / "dbt_project")
    (made.root / "dbt_project" / "profiles.yml").unlink()
    said = "{columns: {address: {kind: categorical}}}"  # its type is lost in the DuckDB file: text that looks like an address
    for twin, source, schema, target, customers in (
        ("here", "prod", "shop", "dev", "{}"),
        ("out", "prod", "shop", "lake", "{}"),
        ("back", "shore", "out__r1", "dev", said),
    ):
        if twin == "back":
            made.hide_that_it_is_drawn()
        file = made.root / "twins" / f"{twin}.yml"
        text = MANIFEST.format(twin=twin, source=source, schema=schema, target=target, customers=customers)
        file.write_text(f"workload: {{queries: queries/shop.sql}}\n{text}" if twin == "here" else text)
        with command_lines(made.root / "ps.txt"):
            done = made.twin("run", twin, "--verbose")
        (made.root / f"said-{twin}.txt").write_text(done.stdout + done.stderr)
    return made


@contextmanager
def command_lines(file: Path) -> Iterator[None]:
    """Write down how every process was called that is there while the block lasts: what `ps` shows to everybody."""
    seen, over = set[bytes](), threading.Event()

    def look() -> None:
        while not over.wait(0.1):
            for one in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):  # it has ended
                    seen.add(one.read_bytes().replace(b"\0", b" "))

    watching = threading.Thread(target=look)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()
        with file.open("ab") as stream:
            stream.write(b"\n".join(sorted(seen)) + b"\n")


def test_within_postgres_the_ddl_is_the_sources_and_the_chain_is_whole(project: PostgresProject) -> None:
    assert project.tables("dev", "here__r1") == project.tables("prod", "shop")
    assert project.json("audit", "here@published")["ok"]


def test_postgres_queries_are_asked_in_duckdb(project: PostgresProject) -> None:
    receipt = read_json(project.workspace / "runs" / "here" / "1" / "receipts" / "gate.json")
    judged = read_json(project.workspace / receipt["output"] / "verdict.json")["judged"]
    found = {item["name"]: item["score"] for item in judged if item["score"]["columns"] == ["shop"]}
    assert sorted(found) == ["join_rows", "query_error", "query_rank"]
    assert all(score["n"] == 1000 or score["n"] == 2000 for score in found.values())
    assert found["query_error"]["value"] < 0.5


def test_rows_are_new_and_keep_what_the_database_demands(project: PostgresProject) -> None:
    warehouse = project.warehouse("dev")
    customers, orders = warehouse.read("here", "customers"), warehouse.read("here", "orders")
    assert (customers.num_rows, orders.num_rows) == (1000, 2000)
    emails = set(customers.column("E-mail").to_pylist())
    assert not emails & {f"person{number}@example.com" for number in range(1, 1001)}
    assert max(len(email) for email in emails if email) <= 60
    for row in orders.select(["quantity", "price", "total"]).to_pylist():
        assert row["total"] == row["quantity"] * row["price"]


@pytest.mark.parametrize("schema", ["here", "back"])
def test_every_type_of_the_database_comes_through_with_values_of_its_kind(project: PostgresProject, schema: str) -> None:
    """Within PostgreSQL, and by way of a DuckDB file, where what it has no type for is text."""
    kinds = KINDS if schema == "here" else {name: KINDS[name] for name in ("day", "moment", "months", "amount", "plain", "counts")}
    kinds = kinds if schema == "here" else kinds | {"amount": "amount BETWEEN -1000 AND 4000"}
    broken = [
        name
        for name, kind in kinds.items()
        if project.server.run(f"SELECT count(*) FROM {schema}.things WHERE NOT ({kind})", database=project.dev) != [(0,)]
    ]
    assert broken == []
    counted = f"SELECT count(*), count(DISTINCT lasted) FROM {schema}.things"
    [(rows, spans)] = project.server.run(counted, database=project.dev)
    assert rows == 1000
    assert spans > 500


def test_readers_of_the_source_may_read_the_twin_and_nobody_a_release(project: PostgresProject) -> None:
    acl = "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, LATERAL aclexplode(c.relacl) AS g"
    found = project.server.run(f"{acl} WHERE g.grantee = 0 AND n.nspname IN ('here', 'here__r1') ORDER BY 2", database=project.dev)
    assert found == [("here", "_release"), ("here", "customers")]


@pytest.mark.parametrize(("twin", "source", "schema", "target"), [("out", "prod", "shop", "lake"), ("back", "shore", "out__r1", "dev")])
def test_from_one_kind_to_the_other_types_and_keys_are_kept(
    project: PostgresProject, twin: str, source: str, schema: str, target: str
) -> None:
    wanted, made = project.tables(source, schema), project.tables(target, f"{twin}__r1")
    for name, table in wanted.items():
        assert [(one.name, one.nullable, one.comment) for one in made[name].columns] == [
            (one.name, one.nullable, one.comment) for one in table.columns
        ]
        assert (made[name].primary_key, made[name].foreign_keys) == (table.primary_key, table.foreign_keys)
    assert project.json("audit", f"{twin}@published")["ok"]


def test_no_password_is_written_or_told_or_on_a_command_line(project: PostgresProject) -> None:
    called = (project.root / "ps.txt").read_text(errors="replace")
    assert "warehouse_twin.cli.main run here" in called
    assert "org.apache.spark" in called
    assert "recorded publish" in (project.root / "said-here.txt").read_text()
    word = project.server.password
    found = subprocess.run(["grep", "-rlF", word, str(project.root)], capture_output=True, text=True, check=False, env={**os.environ})
    assert found.stdout == ""


@pytest.mark.parametrize(
    ("source", "schema", "wanted"),
    [
        ("dev", "here__r1", "tables.customers: its comment says that it is synthetic, of here@1"),
        ("dev", "here", "source.schema: schema here has a _release"),
        ("lake", "out__r1", "tables.orders: its comment says that it is synthetic, of out@1"),
        ("dev", "plain", "tables.orders: its rows are those of here@1, table orders"),
    ],
)
def test_no_twin_is_learned_from_a_twin(project: PostgresProject, source: str, schema: str, wanted: str) -> None:
    """By its label, by what its readers see, and, without either, by its rows."""
    if schema == "plain":
        copies = [f"CREATE TABLE plain.{name} AS TABLE here.{name}" for name in COPIED]
        project.server.run("CREATE SCHEMA plain", *copies, database=project.dev)
    file = project.root / "twins" / "chained.yml"
    tables = "".join(f"  {name}: {{primary_key: [id]}}\n" for name in COPIED)
    text = MANIFEST.partition("synthesizer")[0].format(twin="chained", source=source, schema=schema, target="dev")
    file.write_text(f"{text}tables:\n{tables}")
    try:
        told = project.twin("resolve", "chained", status=2).stderr
        if schema != "plain":  # whose rows are not read
            assert wanted in project.twin("manifest", "check", "chained", status=2).stderr
    finally:
        file.unlink()
    assert wanted in told
    assert "a twin is not learned from a twin; next: " in told
