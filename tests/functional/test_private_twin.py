"""A twin under a promise of privacy: three tables, one debit, and releases that draw from what was measured once."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from shop_project import CHECKOUT, Project

PEOPLE = 4_000
LOOSE = {"pair_trend_way": -5.0} | dict.fromkeys(
    ("column_shape", "column_shape_each", "pair_trend", "pair_trend_min", "coverage", "time_order_parent"), 1.0
)
MANIFEST = """\
twin: shop
source: {warehouse: prod, schema: shop}
target: {warehouse: dev, schema: shop_twin}
seed: 11
entity: customers
holdout: 0.2
synthesizer: marginal
privacy:
  epsilon: 8
  delta: 1.0e-6
  rows_per_entity: {orders: 8, lines: 20}
  budget: {epsilon: 9, delta: 1.0e-5}
gates:
  undecided: {accept: true, reason: "Some eight hundred customers are held out: too few for the distance tests."}
  goals:
GOALS
tables:
  countries: {keep: real}
  customers: {columns: {email: {pii: email}}}
  orders: {columns: {placed: {domain: {from: 2023-01-01, to: 2025-01-01}}}}
  lines: {}
"""
SOURCE = """
CREATE SCHEMA shop;
CREATE TABLE shop.countries (code VARCHAR PRIMARY KEY, name VARCHAR NOT NULL);
CREATE TABLE shop.customers (
    id INTEGER PRIMARY KEY, email VARCHAR, country VARCHAR NOT NULL REFERENCES shop.countries, tier VARCHAR NOT NULL, credit DECIMAL(10, 2)
);
CREATE TABLE shop.orders (
    id BIGINT PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES shop.customers, placed TIMESTAMP NOT NULL, status VARCHAR NOT NULL
);
CREATE TABLE shop.lines (
    order_id BIGINT NOT NULL REFERENCES shop.orders, number INTEGER NOT NULL, amount DECIMAL(10, 2) NOT NULL, gift BOOLEAN,
    PRIMARY KEY (order_id, number)
);
INSERT INTO shop.countries VALUES ('DE', 'Germany'), ('FR', 'France'), ('US', 'United States');
"""


def rows() -> dict[str, pa.Table]:
    """Customers of three tiers, which go with their country, their orders and what those cost."""
    draw = np.random.default_rng(5)
    tier = draw.choice(3, PEOPLE, p=[0.6, 0.3, 0.1])
    country = np.where(draw.random(PEOPLE) < 0.6, tier, draw.integers(0, 3, PEOPLE))
    owner = np.repeat(np.arange(PEOPLE), draw.poisson(1 + 1.5 * tier))
    order = np.repeat(np.arange(len(owner)), 1 + draw.poisson(1, len(owner)))
    placed = np.datetime64("2023-01-01T00:00:00") + draw.integers(0, 700 * 86_400, len(owner)).astype("timedelta64[s]")
    return {
        "customers": pa.table(
            {
                "id": pa.array(np.arange(1, PEOPLE + 1), pa.int32()),
                "email": [f"person{number}@example.com" for number in range(PEOPLE)],
                "country": [("DE", "FR", "US")[place] for place in country],
                "tier": [("plain", "silver", "gold")[place] for place in tier],
                "credit": np.round(draw.gamma(2.0, 50.0 + 100.0 * tier), 2),
            }
        ),
        "orders": pa.table(
            {
                "id": np.arange(1, len(owner) + 1),
                "customer_id": pa.array(owner + 1, pa.int32()),
                "placed": pa.array(placed),
                "status": [("new", "paid", "sent")[place] for place in draw.choice(3, len(owner), p=[0.1, 0.2, 0.7])],
            }
        ),
        "lines": pa.table(
            {
                "order_id": order + 1,
                "number": pa.array(np.arange(len(order)) - np.searchsorted(order, order) + 1, pa.int32()),
                "amount": np.round(draw.gamma(1.5, 20.0 + 40.0 * tier[owner[order]]), 2),
                "gift": draw.random(len(order)) < 0.2,
            }
        ),
    }


@dataclass(frozen=True)
class PrivateProject(Project):
    """A project whose first release is published."""

    @property
    def ledger(self) -> list[dict[str, object]]:
        (file,) = (self.workspace / "registry" / "budget").glob("*.jsonl")
        return [json.loads(line) for line in file.read_text().splitlines()]

    def released(self, number: int, name: str) -> Path:
        return self.workspace / "registry" / "releases" / "shop" / str(number) / name


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> PrivateProject:
    return private_project(tmp_path_factory.mktemp("private"))


def private_project(folder: Path) -> PrivateProject:
    made = PrivateProject(folder)
    (made.root / "home").mkdir()
    (made.root / "twins").mkdir()
    goals = "\n".join(f'    {name}: {{goal: {goal}, reason: "Noise of privacy on so few rows."}}' for name, goal in LOOSE.items())
    made.manifest.write_text(MANIFEST.replace("GOALS", goals))
    for folder in ("expectations", "dbt_project"):
        shutil.copytree(CHECKOUT / folder, made.root / folder)
    (made.workspace / "warehouses").mkdir(parents=True)
    with duckdb.connect(str(made.workspace / "warehouses" / "prod.duckdb")) as opened:
        opened.execute(SOURCE)
        for name, table in rows().items():
            opened.register("given", table)
            opened.execute(f"INSERT INTO shop.{name} SELECT * FROM given")
    made.twin("run", "shop")
    return made


def test_keys_are_valid_and_what_belongs_together_does(project: PrivateProject) -> None:
    with duckdb.connect(str(project.workspace / "warehouses" / "dev.duckdb"), read_only=True) as opened:
        opened.execute("USE dev.shop_twin")
        counts = [opened.execute(f"SELECT count(*) FROM {name}").fetchone() for name in ("customers", "orders", "lines")]
        lost = opened.execute("SELECT count(*) FROM orders ANTI JOIN customers ON customers.id = customer_id").fetchone()
        apart = opened.execute("SELECT count(*) FROM lines ANTI JOIN orders ON orders.id = order_id").fetchone()
        twice = opened.execute("SELECT count(*) - count(DISTINCT (order_id, number)) FROM lines").fetchone()
        gold = opened.execute("SELECT avg((country = 'US')::int) FROM customers WHERE tier = 'gold'").fetchone()
        emails = {email for (email,) in opened.execute("SELECT email FROM customers").fetchall()}
    real = rows()
    wanted = [len(real[name]) for name in ("customers", "orders", "lines")]
    found = [count[0] for count in counts if count is not None]
    assert found == pytest.approx(wanted, rel=0.15)
    assert found != wanted  # counted with noise
    assert (lost, apart, twice) == ((0,), (0,), (0,))
    assert gold is not None
    assert gold[0] > 0.5  # 0.73 in the source, 0.33 by chance
    assert not emails & set(real["customers"].column("email").to_pylist())


def test_the_claim_covers_all_three_and_the_ledger_shows_one_debit(project: PrivateProject) -> None:
    record = json.loads(project.released(1, "release.json").read_text())
    claim = record["privacy"]
    assert (claim["epsilon"], claim["delta"]) == (8.0, 1e-6)
    assert (claim["covers"], claim["passed_through"]) == (["customers", "orders", "lines"], ["countries"])
    assert [line["state"] for line in project.ledger] == ["reserved", "begun", "kept"]
    told = project.json("budget", "shop")
    assert told["spent"] == pytest.approx(7.27, abs=0.01)  # epsilon 8 at delta 1e-6 is less at 1e-5
    assert (told["measurements_left"], len(told["debits"]), told["debits"][0]["state"]) == (0, 1, "kept")
    report = next((project.workspace / "internal" / "shop" / "gate").glob("*/report.html")).read_text()
    assert "differential privacy: epsilon 8, delta 1e-06" in report


def test_what_no_promise_covers_stays_inside(project: PrivateProject) -> None:
    folder = project.released(1, "data").parent
    documents = {path.name for path in folder.iterdir()} - {".gitignore", "data", "data.dvc"}
    assert documents == {"manifest.yml", "release.json", "resolved.json", "schema.json"}
    record = json.loads((folder / "release.json").read_text())
    assert (record["scores"], record["sources"], record["profiles"]) == ({}, {}, {})
    assert record["verdict"] == {"status": "inside", "passed": True}
    assert "all " in project.twin("audit", "shop@1").stdout


def test_a_refresh_spends_nothing_and_what_would_overdraw_reads_nothing(project: PrivateProject) -> None:
    before = project.ledger
    with duckdb.connect(str(project.workspace / "warehouses" / "prod.duckdb")) as opened:
        opened.execute("UPDATE shop.customers SET credit = 0 WHERE id = 1")  # another night, another source
    project.twin("run", "shop")
    assert project.ledger == before
    assert project.digests()[1] != project.digests()[2]  # drawn anew from what was measured
    project.twin("rollback", "shop")
    assert project.ledger == before
    for another in ("measure: every_release", "measure_anew: 2026-12-01"):
        project.edit("  budget:", f"  {another}\n  budget:")
        try:
            refused = project.twin("run", "shop", status=2)
            assert "shop@3: nothing was read. A measurement costs epsilon 7.2" in refused.stderr
            assert not (project.workspace / "secure" / "shop" / "snapshot" / "3").exists()
            assert project.ledger == before
        finally:
            project.edit(f"  {another}\n", "")


def test_an_altered_measurement_is_refused_and_named(project: PrivateProject) -> None:
    (stored,) = (project.workspace / "secure" / "shop" / "measurements").glob("*/marginal.json")
    text = stored.read_text()
    stored.write_text(text.replace('"deviation"', '"deviation" ', 1))
    project.edit("seed: 11", "seed: 12")
    try:
        refused = project.twin("run", "shop", status=2)
        assert f"the measurement in {stored.parent} is not the one that the ledger names" in refused.stderr
    finally:
        project.edit("seed: 12", "seed: 11")
        stored.write_text(text)
